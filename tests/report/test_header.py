"""Headers as text and as objects."""

from __future__ import annotations

import json

import pytest

from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.pyc import parse_header
from pycinspect.report.header import header_object, header_text
from tests.report.kit import HOSTILE


def _text(data: str) -> str:
    return header_text("a.pyc", parse_header(bytes.fromhex(data)))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            "cb0d0d0a 00000000 d2029649 2a000000",
            (
                "a.pyc: cpython-3.12, timestamp\n"
                "  offset  bytes        field        meaning\n"
                "       0  cb 0d 0d 0a  magic        3531 = cpython-3.12\n"
                "       4  00 00 00 00  flags        0 = timestamp\n"
                "       8  d2 02 96 49  mtime        1234567890 = 2009-02-13 23:31:30 UTC\n"
                "      12  2a 00 00 00  source_size  42 bytes"
            ),
        ),
        (
            "420d0d0a 01000000 0123456789abcdef",
            (
                "a.pyc: cpython-3.7, unchecked-hash\n"
                "  offset  bytes                    field        meaning\n"
                "       0  42 0d 0d 0a              magic        3394 = cpython-3.7\n"
                "       4  01 00 00 00              flags        1 = unchecked-hash\n"
                "       8  01 23 45 67 89 ab cd ef  source_hash  "
                "siphash-2-4 of the source: 0123456789abcdef\n"
                "  note: Stackless writes the same files under the same names"
            ),
        ),
        (
            "ac0d0d0a 00000000 00000000 01000000",
            (
                "a.pyc: cpython-3.12, timestamp\n"
                "  offset  bytes        field        meaning\n"
                "       0  ac 0d 0d 0a  magic        3500 = pre-release of cpython-3.12"
                " (the release has 3531)\n"
                "       4  00 00 00 00  flags        0 = timestamp\n"
                "       8  00 00 00 00  mtime        0 = 1970-01-01 00:00:00 UTC\n"
                "      12  01 00 00 00  source_size  1 byte"
            ),
        ),
        (
            "03f30d0a ffffffff",
            (
                "a.pyc: cpython-2.7, timestamp\n"
                "  offset  bytes        field  meaning\n"
                "       0  03 f3 0d 0a  magic  62211 = cpython-2.7\n"
                "       4  ff ff ff ff  mtime  4294967295 = 2106-02-07 06:28:15 UTC\n"
                "  note: Stackless writes the same files under the same names"
            ),
        ),
    ],
    ids=["timestamp", "hash", "prerelease", "old"],
)
def test_text(data: str, text: str) -> None:
    assert _text(data) == text


@pytest.mark.parametrize(
    "row", [row for row in DIALECTS if row.header is not None], ids=lambda row: str(row.name)
)
def test_every_dialect_has_both_forms(row: object) -> None:
    from pycinspect.dialects import Dialect

    assert isinstance(row, Dialect)
    assert row.header is not None
    header = parse_header(row.header.pack_timestamp(row.magic, 0, 0), tag=row.cache_tag)

    assert header_text("a.pyc", header).count("\n") >= len(header.fields) + 1
    found = header_object("a.pyc", header, None)
    assert json.loads(json.dumps(found)) == found
    assert found["dialect"] == row.name


def test_object() -> None:
    header = parse_header(bytes.fromhex("cb0d0d0a 03000000 0123456789abcdef"))

    assert header_object("a.pyc", header, None) == {
        "schema": "pycinspect.show/1",
        "path": "a.pyc",
        "dialect": "cpython-3.12",
        "implementation": "cpython",
        "python": "3.12",
        "cache_tag": "cpython-312",
        "magic": 3531,
        "header": {
            "size": 16,
            "flags": 3,
            "mode": "checked-hash",
            "mtime": None,
            "source_size": None,
            "source_hash": "0123456789abcdef",
        },
        "error": None,
    }


def test_object_of_an_old_header() -> None:
    header = parse_header(bytes.fromhex("03f30d0a ffffffff"))

    found = header_object("a.pyc", header, None)

    assert found["cache_tag"] is None
    assert found["header"] == {
        "size": 8,
        "flags": None,
        "mode": "timestamp",
        "mtime": 2**32 - 1,
        "source_size": None,
        "source_hash": None,
    }


def test_object_of_an_error() -> None:
    error = PycInspectError("short-header", "3 bytes", path="a.pyc", offset=3)

    assert header_object("a.pyc", None, error) == {
        "schema": "pycinspect.show/1",
        "path": "a.pyc",
        "dialect": None,
        "implementation": None,
        "python": None,
        "cache_tag": None,
        "magic": None,
        "header": None,
        "error": {"slug": "short-header", "message": "3 bytes", "offset": 3},
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name: str) -> None:
    header = parse_header(bytes.fromhex("03f30d0a ffffffff"))

    assert all(line.isprintable() for line in header_text(name, header).split("\n"))
    assert json.loads(json.dumps(header_object(name, header, None)))["path"] == name
