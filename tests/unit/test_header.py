"""``parse_header``: right about every layout, and never surprised by bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER, Header, parse_header
from pycinspect.values import InvalidationMode
from tests.unit.headers import PYC_ROWS, all_magics, checked, timestamp, unchecked

PEP_552_ROWS = [row for row in PYC_ROWS if row.source_hash is not None]
SLUGS = {
    "empty-file",
    "short-header",
    "unknown-magic",
    "bad-crlf",
    "not-a-pyc",
    "reserved-flags",
}

words = st.integers(0, 0xFFFF_FFFF)
hashes = st.binary(min_size=8, max_size=8)
#: Bytes that start with a magic number more often than chance would have it.
starts = st.builds(bytes.__add__, st.sampled_from(all_magics()), st.binary(max_size=20))
tags = st.none() | st.sampled_from(sorted({tag for row in DIALECTS for tag in row.cache_tags}))

CPYTHON_312 = DIALECTS["cpython-3.12"]


def _decode(data: bytes, tag: str | None = None) -> Header | PycInspectError:
    try:
        return parse_header(data, tag=tag)
    except PycInspectError as error:
        return error


# --- Any bytes at all ------------------------------------------------------------


@given(data=st.binary(max_size=40) | starts, tag=tags)
def test_any_bytes_are_decoded_or_refused_by_name(data: bytes, tag: str | None) -> None:
    decoded = _decode(data, tag)
    if isinstance(decoded, PycInspectError):
        assert decoded.slug in SLUGS
        assert decoded.offset is not None
        assert 0 <= decoded.offset <= len(data)
        assert len(str(decoded).splitlines()) == 1
    else:
        assert decoded.dialect.magics()[data[:4]] == decoded.magic_word
        assert decoded.size <= len(data)


@given(data=starts, rest=st.binary(max_size=20))
def test_what_follows_the_longest_header_does_not_count(data: bytes, rest: bytes) -> None:
    padded = data.ljust(LONGEST_HEADER, b"\0")[:LONGEST_HEADER]
    assert str(_decode(padded + rest)) == str(_decode(padded))


# --- Every layout, there and back --------------------------------------------------


@given(row=st.sampled_from(PYC_ROWS), mtime=words, size=words)
def test_timestamp_header_round_trip(row: Dialect, mtime: int, size: int) -> None:
    data = timestamp(row, mtime, size)

    header = parse_header(data, tag=row.cache_tag)

    assert row.header is not None
    assert header.dialect is row
    assert header.magic_word == row.magic_word
    assert header.mode is InvalidationMode.TIMESTAMP
    assert header.mtime == mtime
    assert header.source_size == (None if row.header.size == 8 else size)
    assert header.source_hash is None
    assert header.flags == (0 if row.header.size == 16 else None)
    assert header.size == len(data)


@given(row=st.sampled_from(PEP_552_ROWS), source_hash=hashes)
def test_hash_based_header_round_trip(row: Dialect, source_hash: bytes) -> None:
    for make, mode in (
        (unchecked, InvalidationMode.UNCHECKED_HASH),
        (checked, InvalidationMode.CHECKED_HASH),
    ):
        header = parse_header(make(row, source_hash), tag=row.cache_tag)
        assert header.dialect is row
        assert header.mode is mode
        assert header.source_hash == source_hash
        assert header.mtime is None
        assert header.source_size is None
        assert header.size == 16


@pytest.mark.parametrize("row", PYC_ROWS, ids=lambda row: row.name)
def test_fields_cover_the_header_without_gaps(row: Dialect) -> None:
    assert row.header is not None
    for fields in filter(None, (row.header.timestamp, row.header.hashed)):
        end = 0
        for field in fields:
            assert field.offset == end
            end += field.size
        assert end == row.header.size


@pytest.mark.parametrize("row", PYC_ROWS, ids=lambda row: row.name)
def test_magic_of_a_prerelease_is_reported_as_such(row: Dialect) -> None:
    for magic, word in row.magics().items():
        header = parse_header(timestamp(row, 1, 2, magic=magic), tag=row.cache_tag)
        assert header.dialect is row
        assert header.magic_word == word
        expected = row.development or word != row.magic_word
        assert row.is_prerelease(header.magic_word) == expected


# --- What is wrong, and where ------------------------------------------------------


@pytest.mark.parametrize("row", PYC_ROWS, ids=lambda row: row.name)
def test_every_prefix_of_a_header_is_short(row: Dialect) -> None:
    data = timestamp(row, 1, 2)
    for length in range(1, len(data)):
        with pytest.raises(PycInspectError) as caught:
            parse_header(data[:length], tag=row.cache_tag)
        assert (caught.value.slug, caught.value.offset) == ("short-header", length)


def test_empty_file() -> None:
    with pytest.raises(PycInspectError) as caught:
        parse_header(b"")
    assert (caught.value.slug, caught.value.offset) == ("empty-file", 0)


@given(flags=words.filter(lambda flags: flags > 3), row=st.sampled_from(PEP_552_ROWS))
def test_unknown_flags_are_refused_at_their_offset(flags: int, row: Dialect) -> None:
    with pytest.raises(PycInspectError) as caught:
        parse_header(timestamp(row, 1, 2, flags=flags), tag=row.cache_tag)
    assert (caught.value.slug, caught.value.offset) == ("reserved-flags", 4)
    assert f"{flags:#x}" in caught.value.message


def test_bit_1_alone_is_a_timestamp_cache() -> None:
    header = parse_header(timestamp(CPYTHON_312, 7, 9, flags=0b10))
    assert (header.mode, header.mtime, header.source_size) == (InvalidationMode.TIMESTAMP, 7, 9)
    assert header.flags == 0b10


@pytest.mark.parametrize(
    ("start", "slug", "offset", "says"),
    [
        ("cb 0d 0a 00", "bad-crlf", 2, "3531 of cpython-3.12 is followed by 0a 00"),
        ("cb 0d 0d 0d", "bad-crlf", 2, "copied as text"),
        ("03 f3 0a 00", "bad-crlf", 2, "62211 of cpython-2.7"),
        ("ff ff 0d 0a", "unknown-magic", 0, "magic number 65535"),
        ("7f 45 4c 46", "unknown-magic", 0, "bytes 7f 45 4c 46"),
        ("50 4b 03 04", "unknown-magic", 0, "magic number 19280"),
        ("ca fe ba be", "not-a-pyc", 0, "jython-2.7"),
        ("4d 5a 90 00", "unknown-magic", 0, "magic number 23117"),  # every program of DOS
    ],
)
def test_start_that_is_no_magic_number(start: str, slug: str, offset: int, says: str) -> None:
    with pytest.raises(PycInspectError) as caught:
        parse_header(bytes.fromhex(start) + bytes(12))
    assert (caught.value.slug, caught.value.offset) == (slug, offset)
    assert says in caught.value.message


def test_magic_is_looked_at_before_the_length() -> None:
    """As ``_classify_pyc`` does: four wrong bytes are not a short header."""
    with pytest.raises(PycInspectError) as caught:
        parse_header(struct.pack("<I", 0xFFFF))
    assert caught.value.slug == "unknown-magic"
