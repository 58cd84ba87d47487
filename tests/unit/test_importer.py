"""The verdict on one cache: the checks, their order, and what follows from them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.cache import (
    REASONS,
    CacheBytes,
    Judgement,
    Outcome,
    Subject,
    expected_header,
    judge_cache,
    judge_sourceless,
    mtime_overflows,
    source_hash,
    source_mtime,
)
from pycinspect.dialects import DIALECTS, Dialect, MtimeRounding
from pycinspect.values import HashCheckMode
from tests.unit.headers import PYC_ROWS, checked, timestamp, unchecked
from tests.unit.stats import stat_of

#: The functions that the importer itself calls.
importlib_external: Any = import_module("importlib._bootstrap_external")

SECOND = 10**9
SOURCE = b"answer = 42\n"
MTIME = 1_700_000_000
STATUS = stat_of(MTIME * SECOND, len(SOURCE))
RUNNING = DIALECTS.running()
PEP_552_ROWS = [row for row in PYC_ROWS if row.source_hash is not None]
DEFAULT, ALWAYS, NEVER = HashCheckMode.DEFAULT, HashCheckMode.ALWAYS, HashCheckMode.NEVER

check_modes = st.sampled_from(HashCheckMode)
mtimes_ns = st.integers(-(2**33), 2**34).map(lambda s: s * SECOND) | st.integers(
    -3 * SECOND, 2**32 * SECOND
)
sizes = st.integers(0, 2**33)


def _unwanted() -> bytes:
    raise AssertionError("the source was read although nothing asks for its hash")


def _subject(
    row: Dialect,
    cache: bytes,
    *,
    checks: HashCheckMode = DEFAULT,
    source: bytes | None = SOURCE,
) -> Subject:
    """Return a cache before an importer; without ``source`` it must not be read."""
    read = _unwanted if source is None else lambda: source
    return Subject(row, CacheBytes(cache[:16], len(cache)), STATUS, read, checks)


def _judge(row: Dialect, cache: bytes, **options: Any) -> Judgement:
    return judge_cache(_subject(row, cache, **options))


# --- The header that is loaded -----------------------------------------------------


@given(row=st.sampled_from(PYC_ROWS), mtime_ns=mtimes_ns, size=sizes)
def test_expected_header_is_loaded(row: Dialect, mtime_ns: int, size: int) -> None:
    status = stat_of(mtime_ns, size)
    header = expected_header(row, status)
    if header is None:
        return
    subject = Subject(row, CacheBytes(header, len(header) + 1), status, _unwanted, DEFAULT)
    judgement = judge_cache(subject)
    assert (judgement.outcome, judgement.reason) == (Outcome.LOAD, "header-matches")


@pytest.mark.parametrize("row", PYC_ROWS, ids=lambda row: row.name)
def test_every_byte_of_the_header_counts(row: Dialect) -> None:
    """One changed byte anywhere, to any value, and the cache is no longer used.

    Two flags words are the exceptions that PEP 552 and the code make: 1 is an
    unchecked hash-based cache, and 2, a check without a hash, means nothing.
    """
    header = expected_header(row, STATUS)
    assert header is not None
    exceptions = {}
    for offset, old in enumerate(header):
        for new in set(range(256)) - {old}:
            changed = header[:offset] + bytes([new]) + header[offset + 1 :]
            judgement = _judge(row, changed + b"payload")
            if judgement.outcome is not Outcome.RECOMPILE:
                exceptions[offset, new] = judgement.reason
    has_flags = row.source_hash is not None
    assert exceptions == ({(4, 1): "unchecked-hash", (4, 2): "header-matches"} if has_flags else {})


@pytest.mark.parametrize("row", PYC_ROWS, ids=lambda row: row.name)
def test_expected_header_has_the_layout(row: Dialect) -> None:
    assert expected_header(row, STATUS) == timestamp(row, MTIME, len(SOURCE))


@pytest.mark.parametrize("name", ["jython-2.7", "ironpython-3.4"])
def test_no_header_is_expected_where_the_cache_is_no_pyc(name: str) -> None:
    assert expected_header(DIALECTS[name], STATUS) is None


# --- The order of the checks ---------------------------------------------------------

#: A header that fails every check from some place on; the first failure is the reason.
WRONG_TIME_AND_SIZE = struct.pack("<II", MTIME + 1, len(SOURCE) + 1)
RIGHT_TIME_WRONG_SIZE = struct.pack("<II", MTIME, len(SOURCE) + 1)
RIGHT = struct.pack("<II", MTIME, len(SOURCE))


@pytest.mark.parametrize(
    ("name", "rest", "reason"),
    [
        ("cpython-3.12", bytes([4, 0, 0, 0]) + WRONG_TIME_AND_SIZE, "reserved-flags"),
        ("cpython-3.12", bytes([4, 0, 0]), "short-header"),
        ("cpython-3.12", bytes(4) + WRONG_TIME_AND_SIZE, "mtime-differs"),
        ("cpython-3.12", bytes(4) + RIGHT_TIME_WRONG_SIZE, "source-size-differs"),
        ("cpython-3.12", bytes(4) + RIGHT, "empty-payload"),
        ("cpython-3.12", bytes([2, 0, 0, 0]) + RIGHT, "empty-payload"),
        ("cpython-3.12", bytes([3, 0, 0, 0]) + RIGHT, "source-hash-differs"),
        ("cpython-3.12", bytes([1, 0, 0, 0]) + RIGHT, "empty-payload"),
        ("cpython-3.6", WRONG_TIME_AND_SIZE[:7], "short-header"),
        ("cpython-3.6", WRONG_TIME_AND_SIZE, "mtime-differs"),
        ("cpython-3.6", RIGHT_TIME_WRONG_SIZE, "source-size-differs"),
        ("cpython-3.6", RIGHT, "empty-payload"),
        ("cpython-2.7", WRONG_TIME_AND_SIZE[:3], "short-header"),
        ("cpython-2.7", WRONG_TIME_AND_SIZE[:4], "mtime-differs"),
        ("cpython-2.7", RIGHT[:4], "empty-payload"),
    ],
)
def test_first_failed_check_is_the_reason(name: str, rest: bytes, reason: str) -> None:
    row = DIALECTS[name]
    assert _judge(row, row.magic + rest).reason == reason
    assert _judge(row, b"\0" + row.magic[1:] + rest).reason == "bad-magic"


@pytest.mark.parametrize("row", PYC_ROWS, ids=lambda row: row.name)
def test_every_prefix_of_a_good_cache(row: Dialect) -> None:
    header = timestamp(row, MTIME, len(SOURCE))
    for length in range(len(header) + 1):
        judgement = _judge(row, header[:length])
        reasons = {True: "bad-magic", False: "short-header"}
        if length == len(header):
            assert (judgement.outcome, judgement.exception) == (Outcome.RAISE, "EOFError")
        else:
            assert judgement.reason == reasons[length < 4]
            assert judgement.outcome is Outcome.RECOMPILE


@given(row=st.sampled_from(PYC_ROWS), cache=st.binary(max_size=24), checks=check_modes)
def test_any_bytes_get_a_verdict_that_has_words(
    row: Dialect, cache: bytes, checks: HashCheckMode
) -> None:
    for start in (b"", row.magic):
        subject = _subject(row, start + cache, checks=checks)
        for judgement in (judge_cache(subject), judge_sourceless(subject)):
            sentence = REASONS[judgement.reason].format(
                expected=judgement.expected, found=judgement.actual
            )
            assert len(sentence.splitlines()) == 1
            assert (judgement.exception is not None) == (judgement.outcome is Outcome.RAISE)


# --- Against the running interpreter's own functions -----------------------------------


def _importlib_takes(cache: bytes, checks: HashCheckMode) -> bool:
    """Return whether ``SourceLoader.get_code`` would come to the payload."""
    try:
        flags = importlib_external._classify_pyc(cache, "mod", {})
        if flags & 1:
            if checks is not NEVER and (flags & 2 or checks is ALWAYS):
                expected = importlib_external._imp.source_hash(
                    importlib_external._RAW_MAGIC_NUMBER, SOURCE
                )
                importlib_external._validate_hash_pyc(cache, expected, "mod", {})
        else:
            importlib_external._validate_timestamp_pyc(cache, MTIME, len(SOURCE), "mod", {})
    except (ImportError, EOFError):
        return False
    return True


@pytest.mark.skipif(
    not hasattr(importlib_external, "_RAW_MAGIC_NUMBER"), reason="the functions moved in 3.14"
)
@given(
    magic=st.sampled_from([RUNNING.magic, RUNNING.magic[:2] + b"\n\0", b"\0\0\r\n"]),
    flags=st.integers(0, 5) | st.integers(0, 2**32 - 1),
    words=st.sampled_from(
        [
            RIGHT,
            RIGHT_TIME_WRONG_SIZE,
            WRONG_TIME_AND_SIZE,
            source_hash(SOURCE, RUNNING),
            source_hash(b"", RUNNING),
        ]
    )
    | st.binary(min_size=8, max_size=8),
    length=st.integers(0, 20),
    checks=check_modes,
)
def test_agrees_with_the_running_importlib(
    magic: bytes, flags: int, words: bytes, length: int, checks: HashCheckMode
) -> None:
    cache = (magic + struct.pack("<I", flags) + words + b"more")[:length]
    judgement = _judge(RUNNING, cache, checks=checks)
    takes = judgement.outcome is Outcome.LOAD or judgement.reason == "empty-payload"
    assert takes == _importlib_takes(cache, checks)


# --- Hash-based caches -------------------------------------------------------------------

WRONG_HASH = bytes(8)


@pytest.mark.parametrize("row", PEP_552_ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize(
    ("make", "right", "mode", "expected"),
    [
        (checked, True, DEFAULT, (Outcome.LOAD, "source-hash-matches", 0)),
        (checked, True, ALWAYS, (Outcome.LOAD, "source-hash-matches", 0)),
        (checked, True, NEVER, (Outcome.LOAD, "hash-not-checked", 0)),
        (checked, False, DEFAULT, (Outcome.RECOMPILE, "source-hash-differs", 3)),
        (checked, False, ALWAYS, (Outcome.RECOMPILE, "source-hash-differs", 3)),
        (checked, False, NEVER, (Outcome.LOAD, "hash-not-checked", 0)),
        (unchecked, True, DEFAULT, (Outcome.LOAD, "unchecked-hash", 0)),
        (unchecked, True, ALWAYS, (Outcome.LOAD, "source-hash-matches", 0)),
        (unchecked, True, NEVER, (Outcome.LOAD, "unchecked-hash", 0)),
        (unchecked, False, DEFAULT, (Outcome.LOAD, "unchecked-hash", 0)),
        (unchecked, False, ALWAYS, (Outcome.RECOMPILE, "source-hash-differs", 1)),
        (unchecked, False, NEVER, (Outcome.LOAD, "unchecked-hash", 0)),
    ],
)
def test_hash_based_cache(
    row: Dialect,
    make: Callable[[Dialect, bytes], bytes],
    right: bool,
    mode: HashCheckMode,
    expected: tuple[Outcome, str, int],
) -> None:
    """The last of three is what the recompiled cache has as its flags."""
    cache = make(row, source_hash(SOURCE, row) if right else WRONG_HASH) + b"payload"
    judgement = _judge(row, cache, checks=mode)
    assert (judgement.outcome, judgement.reason, judgement.flags) == expected


@pytest.mark.parametrize(
    ("cache", "checks"),
    [
        (timestamp(RUNNING, MTIME, len(SOURCE)), ALWAYS),
        (unchecked(RUNNING, WRONG_HASH), DEFAULT),
        (unchecked(RUNNING, WRONG_HASH), NEVER),
        (checked(RUNNING, WRONG_HASH), NEVER),
    ],
)
def test_source_is_read_only_for_its_hash(cache: bytes, checks: HashCheckMode) -> None:
    assert _judge(RUNNING, cache + b"payload", checks=checks, source=None).outcome is Outcome.LOAD


def test_source_that_cannot_be_read_for_its_hash() -> None:
    def refuse() -> bytes:
        raise PermissionError(13, "Permission denied")

    cache = CacheBytes(checked(RUNNING, WRONG_HASH), 100)
    judgement = judge_cache(Subject(RUNNING, cache, STATUS, refuse, DEFAULT))
    assert judgement.outcome is Outcome.RAISE
    assert judgement.reason == "source-unreadable"
    assert judgement.exception == "PermissionError"


# --- Without a source ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cache", "reason", "exception"),
    [
        ("cpython-3.12", "good", "sourceless", None),
        ("cpython-3.12", "", "bad-magic", "ImportError"),
        ("cpython-3.12", "magic", "short-header", "EOFError"),
        ("cpython-3.12", "flags", "reserved-flags", "ImportError"),
        ("cpython-3.12", "header", "empty-payload", "EOFError"),
        ("cpython-3.6", "good", "sourceless", None),
        ("cpython-3.6", "magic", "short-header", "EOFError"),
        ("cpython-2.7", "good", "sourceless", None),
        ("cpython-2.7", "", "bad-magic", "ImportError"),
        ("cpython-2.7", "header", "empty-payload", "EOFError"),
    ],
)
def test_sourceless_cache(name: str, cache: str, reason: str, exception: str | None) -> None:
    row = DIALECTS[name]
    header = timestamp(row, 1, 1)
    data = {
        "": b"",
        "magic": row.magic,
        "flags": row.magic + b"\x04" + bytes(20),
        "header": header,
        "good": header + b"payload",
    }[cache]
    judgement = judge_sourceless(_subject(row, data, source=None, checks=ALWAYS))
    assert (judgement.reason, judgement.exception) == (reason, exception)


# --- The source's time ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mtime_ns", "truncated", "floor"),
    [
        (MTIME * SECOND, MTIME, MTIME),
        (MTIME * SECOND + 500_000_000, MTIME, MTIME),
        (MTIME * SECOND + 999_999_880, MTIME, MTIME),
        (MTIME * SECOND + 999_999_890, MTIME + 1, MTIME),  # the double rounds up
        (-500_000_000, 0, -1),
        (-1_500_000_000, -1, -2),
        (0, 0, 0),
    ],
)
def test_rounding(mtime_ns: int, truncated: int, floor: int) -> None:
    status = stat_of(mtime_ns, 0)
    assert source_mtime(status, MtimeRounding.TRUNCATED_DOUBLE) == truncated
    assert source_mtime(status, MtimeRounding.FLOOR) == floor


Y2038, Y2106 = 2**31, 2**32


@pytest.mark.parametrize(
    ("name", "mtime", "word"),
    [
        ("cpython-3.12", Y2106 + 5, 5),
        ("cpython-3.12", -5, Y2106 - 5),
        ("cpython-3.12", Y2038, Y2038),
        ("cpython-3.6", Y2038, Y2038),
        ("cpython-3.6", Y2106, None),
        ("cpython-3.6", -5, None),
        ("cpython-2.7", Y2038 - 1, Y2038 - 1),
        ("cpython-2.7", Y2038, None),
        ("cpython-2.7", -5, None),
        ("cpython-2.7", Y2106 + 5, 5),
        ("pypy-2.7", -5, Y2106 - 5),
        ("pypy-2.7", Y2038, None),
        ("pypy-2.7", Y2106 + 5, None),
    ],
)
def test_word_that_matches_a_time(name: str, mtime: int, word: int | None) -> None:
    header = expected_header(DIALECTS[name], stat_of(mtime * SECOND, 0))
    layout = DIALECTS[name].header
    assert layout is not None
    offset = 8 if layout.has_flags else 4
    found = None if header is None else int.from_bytes(header[offset : offset + 4], "little")
    assert found == word


@pytest.mark.parametrize(
    ("name", "mtime", "overflows"),
    [
        ("cpython-2.6", Y2106, True),
        ("cpython-2.6", -1, True),
        ("cpython-2.6", Y2106 - 1, False),
        ("cpython-3.1", Y2106, True),
        ("cpython-2.7", Y2106, False),
        ("cpython-3.12", Y2106, False),
    ],
)
def test_times_that_make_the_import_fail(name: str, mtime: int, overflows: bool) -> None:
    importer = DIALECTS[name].importer
    assert importer is not None
    assert mtime_overflows(importer, mtime) is overflows


def test_time_that_no_header_can_record() -> None:
    row = DIALECTS["cpython-3.6"]
    status = stat_of(-5 * SECOND, 0)
    cache = timestamp(row, Y2106 - 5, 0) + b"payload"
    judgement = judge_cache(Subject(row, CacheBytes(cache, len(cache)), status, bytes, DEFAULT))
    assert judgement.reason == "mtime-never-matches"
    assert judgement.outcome is Outcome.RECOMPILE
