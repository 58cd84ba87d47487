"""What an importer compared, step by step, is what it decided by."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from pycinspect.cache import CacheBytes, Outcome, Subject
from pycinspect.cache.importer import Decision, decide, decide_sourceless, expected_header
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.values import HashCheckMode
from tests.unit.stats import stat_of

ROWS = [row for row in DIALECTS if row.importer is not None and row.header is not None]
SOURCE = b"value = 1\n"


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """Caches whose headers are right but for a byte or two, or their length."""
    row: Dialect = draw(st.sampled_from(ROWS))
    assert row.header is not None
    mtime = draw(st.sampled_from([-5, 0, 1, 1_700_000_000, 2**31, 2**32 + 5]))
    status = stat_of(mtime * 10**9, draw(st.sampled_from([len(SOURCE), 0, 2**32 + 3])))
    header = bytearray(expected_header(row, status) or row.magic + bytes(row.header.size - 4))
    if row.header.has_flags:
        header[4] = draw(st.sampled_from([0, 0, 1, 2, 3, 4]))
    for _ in range(draw(st.integers(0, 2))):
        header[draw(st.integers(0, len(header) - 1))] ^= draw(st.sampled_from([0, 1, 0x80]))
    start = bytes(header[: draw(st.sampled_from([len(header), len(header), 0, 3, 7]))])
    length = len(start) + draw(st.sampled_from([0, 1, 100]))
    has_source = draw(st.booleans())
    mode = draw(st.sampled_from(list(HashCheckMode)))
    source: os.stat_result | None = status if has_source else None
    return Subject(row, CacheBytes(start, length), source, lambda: SOURCE, mode)


def decided(subject: Subject) -> Decision:
    return decide_sourceless(subject) if subject.source is None else decide(subject)


@given(subjects())
def test_the_last_comparison_is_the_reason(subject: Subject) -> None:
    judgement, found = decided(subject)
    assert [one.reason for one in found[:-1] if one.reason] == []
    assert len({one.check for one in found}) == len(found)
    last = found[-1]
    if judgement.outcome is Outcome.LOAD:
        assert last.reason == ""
    else:
        assert (last.reason, last.expected, last.actual) == (
            judgement.reason,
            judgement.expected,
            judgement.actual,
        )


@given(subjects())
def test_what_is_compared_is_what_the_file_says(subject: Subject) -> None:
    layout = subject.dialect.header
    assert layout is not None
    places = {field.name.replace("_", "-"): field.offset for field in layout.timestamp}
    for one in decided(subject).compared:
        if one.check in ("mtime", "source-size"):
            start = places[one.check]
            assert int(one.actual) == int.from_bytes(
                subject.cache.start[start : start + 4], "little"
            )
        if one.check == "magic":
            assert one.actual == (subject.cache.start[:4].hex(" ") or "absent")
        if one.reason == "" and one.check in ("magic", "mtime", "source-size", "source-hash"):
            assert one.expected == one.actual


def test_the_source_decides_between_the_two_orders() -> None:
    row = DIALECTS["cpython-3.12"]
    header = row.magic + bytes(12)
    with_source = Subject(
        row, CacheBytes(header, 17), stat_of(0, 0), lambda: b"", HashCheckMode.DEFAULT
    )
    assert "mtime" in [one.check for one in decided(with_source).compared]
    without = [one.check for one in decided(with_source._replace(source=None)).compared]
    assert "mtime" not in without
