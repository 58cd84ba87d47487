"""The lines of a source that are shown beside its code."""

from __future__ import annotations

import pytest

from pycinspect.cache.sourcetext import source_lines


@pytest.mark.parametrize("name", [b"punycode", b"Punycode", b"idna"])
def test_codecs_that_take_quadratic_time_are_not_used(name: bytes) -> None:
    source = b"# coding: " + name + b"\nx = 'a-b'\n"
    assert source_lines("a.py", source).lines[1] == "x = 'a-b'"


def test_a_declared_encoding_is_used() -> None:
    assert source_lines("a.py", b"# coding: cp1252\n\x80\n").lines[1] == "\u20ac"
