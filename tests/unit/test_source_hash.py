"""The source hash of PEP 552, by vectors that each interpreter printed."""

from __future__ import annotations

import sys

import pytest

from pycinspect.cache import source_hash
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError


@pytest.mark.parametrize(
    ("name", "source", "digest"),
    [
        ("cpython-3.7", b"hello", "39ae048169105238"),
        ("cpython-3.8", b"hello", "608550514225d8bf"),
        ("cpython-3.9", b"hello", "b70feb3c359861fa"),
        ("cpython-3.10", b"hello", "3c80f1191ea979cb"),
        ("cpython-3.11", b"hello", "7c360be58bb7a2aa"),
        ("cpython-3.12", b"hello", "9bca4702dbaedbed"),
        ("cpython-3.12", b"", "baf18eedc9387a25"),
        ("cpython-3.13", b"hello", "aa4d9968b297cf0d"),
        ("cpython-3.14", b"hello", "84e397fdb7fb6d47"),
        ("cpython-3.14", b"", "61f5b7cb653a6aa4"),
        ("cpython-3.15", b"hello", "11bc1c344c4a5fb5"),
        ("pypy-3.9", b"hello", "bdc57747ec060087"),
    ],
)
def test_vector(name: str, source: bytes, digest: str) -> None:
    assert source_hash(source, DIALECTS[name]).hex() == digest


@pytest.mark.parametrize("name", ["cpython-2.7", "cpython-3.6", "cpython-3.7a3", "jython-2.7"])
def test_dialect_before_pep_552(name: str) -> None:
    with pytest.raises(PycInspectError, match=f"{name} has no hash-based caches"):
        source_hash(b"", DIALECTS[name])


def test_without_siphash24(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "siphash24", None)
    with pytest.raises(PycInspectError, match="needs the package siphash24") as caught:
        source_hash(b"", DIALECTS["cpython-3.12"])
    assert caught.value.slug == "hash-unavailable"
