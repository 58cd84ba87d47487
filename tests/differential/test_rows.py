"""Every interpreter agrees with its row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pycinspect.cache import Platform, running_platform, source_hash
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.pyc import Header, parse_header
from pycinspect.values import InvalidationMode
from tests.oracles import Oracle

CHILD = Path(__file__).with_name("identity_child.py")
SOURCE = "answer = 42\n"
PYODIDE = Platform("linux", "wasm32-emscripten")
MTIME = 1_700_000_000
#: Byte strings to hash, as a pattern and how often it is repeated.
HASHED = [
    (b"", 1),
    (b"hello", 1),
    (b"a", 7),
    (b"a", 8),
    (b"a", 9),
    (b"x = 1\r\n", 3),
    (b"x = 1\n", 3),
    (b"\xef\xbb\xbf\x00\xff", 1),
    (b"pass\n", 200_000),  # a megabyte
]


def _identity(oracle: Oracle, *arguments: str) -> Any:
    request = {
        "source": SOURCE,
        "mtime": MTIME,
        "hashed": [(pattern.hex(), count) for pattern, count in HASHED],
    }
    return oracle.run(CHILD, request, arguments=arguments)


def test_interpreter_agrees_with_its_row(oracle: Oracle) -> None:
    """One child answers everything: some take seconds to start."""
    row = DIALECTS[oracle.dialect]
    identity = _identity(oracle)
    _check_names(oracle, row, identity)
    _check_source_hashes(row, identity["hashes"])
    _check_timestamp_header(row, identity["caches"])
    _check_hash_based_headers(row, identity["caches"])


def test_suffix_of_bytecode_under_optimization(oracle: Oracle) -> None:
    if oracle.kind != "native":
        pytest.skip("takes seconds, and tells what 3.13 does")
    suffixes = _identity(oracle, "-O")["suffixes"]
    assert suffixes["bytecode"] == [DIALECTS[oracle.dialect].finder.optimized_bytecode]


def _check_names(oracle: Oracle, row: Dialect, identity: Any) -> None:
    platform = PYODIDE if oracle.kind == "pyodide" else running_platform()
    assert identity["magic"] == row.magic.hex()
    assert identity["tag"] == row.cache_tag
    assert identity["suffixes"] == {
        "extension": list(platform.extension_suffixes(row.extensions)),
        "source": list(platform.source_suffixes),
        "bytecode": [".pyc"],
    }


def _check_source_hashes(row: Dialect, hashes: list[str | None]) -> None:
    assert hashes == [
        None if row.source_hash is None else source_hash(pattern * count, row).hex()
        for pattern, count in HASHED
    ]


def _header(row: Dialect, compiled: Any) -> Header:
    header = parse_header(bytes.fromhex(compiled["data"]))
    assert header.dialect is row
    assert compiled["starts"] == [header.size]
    return header


def _check_timestamp_header(row: Dialect, caches: Any) -> None:
    header = _header(row, caches["timestamp"])
    assert header.mode is InvalidationMode.TIMESTAMP
    assert header.mtime == MTIME
    assert header.source_size in {len(SOURCE), None}


def _check_hash_based_headers(row: Dialect, caches: Any) -> None:
    modes = {mode for mode in InvalidationMode if mode is not InvalidationMode.TIMESTAMP}
    if row.source_hash is None:
        modes = set()
    assert caches.keys() - {"timestamp"} == modes
    for mode in modes:
        header = _header(row, caches[mode])
        assert header.mode is mode
        assert header.source_hash == source_hash(SOURCE.encode(), row)
