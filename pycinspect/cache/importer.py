"""Would the importer use this cache? One procedure, driven by the dialect's row.

A row lists the header checks in its importer's order; the first that fails is
the reason. What follows from a reason is a table, too: most make the importer
fall back to the source, the ones in :data:`_RAISING` reach the ``import``
statement, and a cache without source has nothing to fall back to.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.cache.compilable import Refusal
from pycinspect.cache.sourcehash import source_hash
from pycinspect.cache.verdict import Comparison, Outcome, reason_text
from pycinspect.dialects import Dialect, Importer, MtimeRounding, MtimeWord
from pycinspect.pyc.header import CHECK_SOURCE, HASH_BASED
from pycinspect.values import U32_MASK, HashCheckMode

__all__ = [
    "CacheBytes",
    "Judgement",
    "Subject",
    "decide",
    "decide_sourceless",
    "expected_header",
    "header_maker",
    "judge_cache",
    "judge_sourceless",
    "mtime_overflows",
    "refused",
    "source_mtime",
    "unreadable_source",
    "why_never",
]

_U32 = struct.Struct("<I")
_SIGN_BIT = 0x8000_0000
_FLAGS_OFFSET = 4
_NANOSECONDS = 10**9


class CacheBytes(NamedTuple):
    """What was read of a cache: its first bytes, and its length in bytes."""

    start: bytes
    length: int


class Subject(NamedTuple):
    """One cache before one importer.

    Args:
        dialect: whose importer judges.
        cache: what was read of the cache.
        source: ``os.stat`` of the source; None for a cache without source.
        read_source: returns the source's bytes; called only for hashes.
        hash_checks: option ``--check-hash-based-pycs``.
    """

    dialect: Dialect
    cache: CacheBytes
    source: os.stat_result | None
    read_source: Callable[[], bytes]
    hash_checks: HashCheckMode


class Judgement(NamedTuple):
    """What the importer does with a cache.

    Args:
        outcome: LOAD, RECOMPILE or RAISE.
        reason: a key of ``verdict.REASONS``.
        expected: the value that the importer wants, as text.
        actual: the value that the cache has, as text.
        exception: what the import raises, None where it does not.
        flags: the header flags of the cache that a recompilation writes.
    """

    outcome: Outcome
    reason: str
    expected: str = ""
    actual: str = ""
    exception: str | None = None
    flags: int = 0

    @property
    def why(self) -> str:
        """The reason as a sentence without a full stop."""
        return reason_text(self.reason, self.expected, self.actual)


# --- The source's time -------------------------------------------------------


def source_mtime(status: os.stat_result, rounding: MtimeRounding) -> int:
    """Return a source's time in whole seconds, as a dialect rounds it.

    ``int(st.st_mtime)`` goes through a double: 0.9999999 s after a whole second
    counts as the next one, and half a second before 1970 as 0.
    """
    if rounding is MtimeRounding.FLOOR:
        return status.st_mtime_ns // _NANOSECONDS
    return int(status.st_mtime)


def mtime_overflows(importer: Importer, mtime: int) -> bool:
    """Return whether the import fails before it looks at the cache.

    Python/import.c: load_source_module, "modification time overflows".
    """
    return importer.mtime_word is MtimeWord.OVERFLOW_RAISES and mtime >> 32 != 0


def _word_for(rule: MtimeWord, mtime: int) -> int | None:
    """Return the header word that matches a source's time; None if none does."""
    word = mtime & U32_MASK
    if rule is MtimeWord.MASKED:
        return word
    if rule is MtimeWord.UNMASKED:
        return word if word == mtime else None
    if rule is MtimeWord.SIGNED:
        return word if -_SIGN_BIT <= mtime < _SIGN_BIT else None
    # SIGN_EXTENDED and OVERFLOW_RAISES: a word from 2**31 on is read as negative.
    return word if word < _SIGN_BIT else None


#: Why a time can match no header.
_NEVER: Mapping[MtimeWord, str] = MappingProxyType(
    {
        MtimeWord.UNMASKED: "a header has 32 bits for it and the importer compares all of it",
        MtimeWord.SIGNED: "a header's word is read as a signed number of 32 bits",
        MtimeWord.SIGN_EXTENDED: "a header's word is read as a signed number of 32 bits",
        MtimeWord.OVERFLOW_RAISES: "a header's word is read as a signed number of 32 bits",
    }
)


def why_never(dialect: Dialect) -> str:
    """Return why a source's time can be one that none of a dialect's headers matches."""
    assert dialect.importer is not None
    return _NEVER.get(dialect.importer.mtime_word, "")


def expected_header(dialect: Dialect, status: os.stat_result) -> bytes | None:
    """Return the one timestamp header with which a dialect uses a cache.

    Args:
        dialect: whose importer would read the cache.
        status: ``os.stat`` of the source.

    Returns:
        The header; None where no timestamp cache of this source is ever used,
        or where the dialect's caches are not pyc files.
    """
    return header_maker(dialect)(status)


def header_maker(dialect: Dialect) -> Callable[[os.stat_result], bytes | None]:
    """Return :func:`expected_header` for one dialect, whose row is then looked up once."""
    layout, importer, magic = dialect.header, dialect.importer, dialect.magic
    if layout is None or importer is None:
        return lambda _: None
    rounding, rule = importer.mtime_rounding, importer.mtime_word
    is_truncated = rounding is MtimeRounding.TRUNCATED_DOUBLE
    if layout.has_flags and is_truncated and rule is MtimeWord.MASKED:
        return _masked_header_maker(magic)

    def make(status: os.stat_result) -> bytes | None:
        word = _word_for(rule, source_mtime(status, rounding))
        if word is None:
            return None
        return layout.pack_timestamp(magic, word, status.st_size & U32_MASK)

    return make


def _masked_header_maker(magic: bytes) -> Callable[[os.stat_result], bytes]:
    """Return the same for the columns that most caches' rows have.

    All in one call: three times as fast, and an audit makes a header for every file.
    """
    pack = partial(struct.Struct("<4sIII").pack, magic, 0)

    def make(status: os.stat_result) -> bytes:
        return pack(int(status.st_mtime) & U32_MASK, status.st_size & U32_MASK)

    return make


# --- The checks --------------------------------------------------------------


def _field(subject: Subject, name: str) -> int:
    """Return a 32-bit field of a header that is known to be long enough."""
    layout = subject.dialect.header
    assert layout is not None
    offset = next(field.offset for field in layout.timestamp if field.name == name)
    number: int = _U32.unpack_from(subject.cache.start, offset)[0]
    return number


def _flags(subject: Subject) -> int:
    layout = subject.dialect.header
    if layout is None or not layout.has_flags:
        return 0
    return _field(subject, "flags")


def _magic(subject: Subject) -> Comparison:
    found, wanted = subject.cache.start[:4], subject.dialect.magic
    reason = "" if found == wanted else "bad-magic"
    return Comparison(reason, wanted.hex(" "), found.hex(" ") or "absent", "magic")


def _length(subject: Subject) -> Comparison:
    layout = subject.dialect.header
    assert layout is not None
    found = len(subject.cache.start)
    reason = "" if found >= layout.size else "short-header"
    return Comparison(reason, str(layout.size), str(min(found, layout.size)), "length")


def _reserved_flags(subject: Subject) -> Comparison:
    flags = _flags(subject)
    reason = "reserved-flags" if flags & ~(HASH_BASED | CHECK_SOURCE) else ""
    return Comparison(reason, "0 to 3", f"{flags:#x}", "flags")


def _source_hash(subject: Subject) -> Comparison | None:
    if not _hashes(subject):
        return None
    found = subject.cache.start[8:16]
    expected = source_hash(subject.read_source(), subject.dialect)
    reason = "" if found == expected else "source-hash-differs"
    return Comparison(reason, expected.hex(), found.hex(), "source-hash")


def _mtime(subject: Subject) -> Comparison | None:
    if _flags(subject) & HASH_BASED:
        return None
    importer = subject.dialect.importer
    assert importer is not None
    assert subject.source is not None
    mtime = source_mtime(subject.source, importer.mtime_rounding)
    expected = _word_for(importer.mtime_word, mtime)
    found = _field(subject, "mtime")
    if found == expected:  # the word, where the time needs more bits
        return Comparison("", str(expected), str(found), "mtime")
    reason = "mtime-never-matches" if expected is None else "mtime-differs"
    return Comparison(reason, str(mtime), str(found), "mtime")


def _source_size(subject: Subject) -> Comparison | None:
    if _flags(subject) & HASH_BASED:
        return None
    assert subject.source is not None
    expected = subject.source.st_size & U32_MASK
    found = _field(subject, "source_size")
    reason = "" if found == expected else "source-size-differs"
    return Comparison(reason, str(expected), str(found), "source-size")


def _payload(subject: Subject) -> Comparison:
    """Find what of the payload is certain without decoding it: that it is there."""
    layout = subject.dialect.header
    assert layout is not None
    found = subject.cache.length
    reason = "" if found > layout.size else "empty-payload"
    return Comparison(reason, str(layout.size), str(found), "payload")


#: The names are those in the rows (``Importer.checks``).
#: A check that does not apply compares nothing.
_CHECKS: Mapping[str, Callable[[Subject], Comparison | None]] = MappingProxyType(
    {
        "magic": _magic,
        "length": _length,
        "flags": _reserved_flags,
        "source-hash": _source_hash,
        "mtime": _mtime,
        "source-size": _source_size,
        "payload": _payload,
    }
)

#: Reasons that reach the import statement although there is a source.
_RAISING = MappingProxyType({"empty-payload": "EOFError"})

#: Reasons after which a hash-based cache is replaced by one of its own kind;
#: after all others its flags were not yet looked at (SourceLoader.get_code).
_KEEPS_FLAGS = frozenset({"source-hash-differs"})


def _hashes(subject: Subject) -> bool:
    """Return whether the source's hash has to be computed."""
    flags = _flags(subject)
    if not flags & HASH_BASED or subject.hash_checks is HashCheckMode.NEVER:
        return False
    return bool(flags & CHECK_SOURCE) or subject.hash_checks is HashCheckMode.ALWAYS


# --- The judgement -----------------------------------------------------------


class Decision(NamedTuple):
    """What an importer decides, and by what.

    Args:
        judgement: what it does.
        compared: what it compared, in its order; a difference is the last.
    """

    judgement: Judgement
    compared: tuple[Comparison, ...]


def decide(subject: Subject) -> Decision:
    """Decide what an importer does with a cache whose source is there.

    Raises:
        PycInspectError: ``hash-unavailable``, see ``cache.sourcehash``.

    The rule is ``SourceLoader.get_code`` (3.3 on) and
    ``Python/import.c: check_compiled_module`` (before).
    """
    importer = subject.dialect.importer
    assert importer is not None
    return _decided(subject, importer.checks, _with_source)


def decide_sourceless(subject: Subject) -> Decision:
    """Decide what an importer does with a cache that stands in the source's place.

    The rule is ``SourcelessFileLoader.get_code`` (3.3 on) and
    ``Python/import.c: load_compiled_module`` (before): every failure is raised.
    """
    importer = subject.dialect.importer
    assert importer is not None
    return _decided(subject, importer.sourceless_checks, _sourceless)


def judge_cache(subject: Subject) -> Judgement:
    """Return what :func:`decide` does, without the way to it."""
    return decide(subject).judgement


def judge_sourceless(subject: Subject) -> Judgement:
    """Return what :func:`decide_sourceless` does, without the way to it."""
    return decide_sourceless(subject).judgement


def _decided(
    subject: Subject,
    checks: tuple[str, ...],
    judge: Callable[[Subject, Comparison | None], Judgement],
) -> Decision:
    """Compare, in an importer's order, up to the first difference, and judge by it."""
    compared: list[Comparison] = []
    for name in checks:
        try:
            comparison = _CHECKS[name](subject)
        except OSError as error:  # the source cannot be read, but its hash is wanted
            return Decision(unreadable_source(error), tuple(compared))
        if comparison is not None:
            compared.append(comparison)
            if comparison.reason:
                return Decision(judge(subject, comparison), tuple(compared))
    return Decision(judge(subject, None), tuple(compared))


def _with_source(subject: Subject, mismatch: Comparison | None) -> Judgement:
    if mismatch is None:
        return _load(subject)
    exception = _RAISING.get(mismatch.reason)
    outcome = Outcome.RECOMPILE if exception is None else Outcome.RAISE
    flags = _flags(subject) if mismatch.reason in _KEEPS_FLAGS else 0
    return Judgement(outcome, *mismatch[:3], exception, flags)


def _sourceless(subject: Subject, mismatch: Comparison | None) -> Judgement:
    importer = subject.dialect.importer
    assert importer is not None
    if mismatch is None:
        return Judgement(Outcome.LOAD, "sourceless")
    exception = importer.sourceless_errors[mismatch.reason]
    return Judgement(Outcome.RAISE, *mismatch[:3], exception)


def refused(refusal: Refusal) -> Judgement:
    """Return the judgement where the source has to be compiled and cannot be."""
    where = f"line {refusal.line}: " if refusal.line else ""
    said = where + (refusal.message or refusal.exception)
    return Judgement(Outcome.RAISE, "source-does-not-compile", "", said, refusal.exception)


def unreadable_source(error: OSError) -> Judgement:
    """Return the judgement where the source has to be read and cannot be."""
    reason = error.strerror or type(error).__name__
    return Judgement(Outcome.RAISE, "source-unreadable", "", reason, type(error).__name__)


def _load(subject: Subject) -> Judgement:
    flags = _flags(subject)
    if not flags & HASH_BASED:
        return Judgement(Outcome.LOAD, "header-matches", "", str(_field(subject, "mtime")))
    if _hashes(subject):
        found = subject.cache.start[8:16].hex()
        return Judgement(Outcome.LOAD, "source-hash-matches", found, found)
    checked = bool(flags & CHECK_SOURCE)
    return Judgement(Outcome.LOAD, "hash-not-checked" if checked else "unchecked-hash")
