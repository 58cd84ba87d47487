"""The name of a cache, split as ``importlib.util.source_from_cache`` splits it."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.pyc import CacheName, parse_cache_name


@pytest.mark.parametrize(
    ("filename", "parts"),
    [
        ("mod.cpython-312.pyc", CacheName("mod", "cpython-312", "", "pyc")),
        ("mod.cpython-312.opt-2.pyc", CacheName("mod", "cpython-312", "2", "pyc")),
        ("mod.cpython-32.pyo", CacheName("mod", "cpython-32", "", "pyo")),
        ("m.anything.xyz", CacheName("m", "anything", "", "xyz")),
        ("..", CacheName("", "", "", "")),
        ("a.t.opt-äß9.", CacheName("a", "t", "äß9", "")),
    ],
)
def test_parts(filename: str, parts: CacheName) -> None:
    assert parse_cache_name(filename) == parts


@pytest.mark.parametrize(
    "filename",
    ["", "mod", "mod.pyc", "a.b.c.d.pyc", "a.t.opt-.pyc", "a.t.opt-1-2.pyc", "a.t.2.pyc"],
)
def test_refused(filename: str) -> None:
    with pytest.raises(ValueError, match=r"dots|optimization"):
        parse_cache_name(filename)


@given(st.text("ab.-opt12é \n", max_size=14))
def test_agrees_with_the_running_importlib(filename: str) -> None:
    try:
        source = importlib.util.source_from_cache(f"d/__pycache__/{filename}")
    except ValueError:
        with pytest.raises(ValueError, match=r"dots|optimization"):
            parse_cache_name(filename)
    else:
        assert source == f"d/{parse_cache_name(filename).stem}.py"
