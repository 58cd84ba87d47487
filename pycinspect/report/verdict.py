"""A cache verdict as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pycinspect.cache import Comparison, FinderKind, Verdict, Write
from pycinspect.dialects import DIALECTS
from pycinspect.report.words import NOT_WRAPPED, Json, joined, wrapped
from pycinspect.values import byte_count, utc, visible

__all__ = ["CHECK_SCHEMA", "decision_lines", "verdict_object", "verdict_text"]

#: Name and version of the object.
CHECK_SCHEMA = "pycinspect.check/1"

_COLUMNS = ("cache says", "importer wants")


def verdict_object(target: str, verdict: Verdict) -> Json:
    """Return a verdict as the documentation of ``pycinspect.check/1`` describes it."""
    return {
        "schema": CHECK_SCHEMA,
        "target": target,
        "dialect": verdict.dialect.name,
        "finder": {"kind": verdict.found.kind.value, "path": verdict.found.path},
        "cache_path": verdict.cache_path,
        "verdict": verdict.outcome.value,
        "reason": verdict.reason,
        "exception": verdict.exception,
        "hindrance": verdict.hindrance,
        "writes": None if verdict.writes is None else _write_object(verdict.writes),
        "message": verdict.message,
        "compiles": verdict.compiles,
    }


def _write_object(write: Write) -> Json:
    return {"path": write.path, "flags": write.flags, "mode": f"{write.mode:04o}"}


def verdict_text(
    target: str, verdict: Verdict, width: int = NOT_WRAPPED, *, in_steps: bool = False
) -> str:
    """Return a verdict for a person: a headline, sentences, and what differs.

    Args:
        target: what was asked about, as the user named it.
        verdict: the answer.
        width: columns of the output; by default no line is broken.
        in_steps: the decision as it is taken, too.
    """
    lines = [f"{visible(target)}: {verdict.outcome.value} ({verdict.reason})"]
    lines += wrapped(visible(verdict.message), width, "  ")
    lines += (f"  {line}" for line in _comparison(verdict))
    if in_steps:
        lines += ["", *(f"  {line}" for line in decision_lines(verdict))]
    return joined(lines)


# --- What the cache says, and what the importer wants --------------------------


def _time(value: str, _: Verdict) -> tuple[str, ...]:
    return value, utc(int(value))


def _bytes(value: str, _: Verdict) -> tuple[str, ...]:
    return (byte_count(int(value)),)


def _as_is(value: str, _: Verdict) -> tuple[str, ...]:
    return (value,)


def _magic(value: str, verdict: Verdict) -> tuple[str, ...]:
    """Return the bytes, and whose they are."""
    if value == verdict.dialect.magic.hex(" "):
        return value, verdict.dialect.name
    try:
        owner = DIALECTS.find(bytes.fromhex(value))
    except ValueError:  # "absent"
        return (value,)
    return value, "unknown" if owner is None else owner.name


#: Checks of importers: what they compare, and how each value is shown, in one or more lines.
_CHECKS: Mapping[str, tuple[str, Callable[[str, Verdict], tuple[str, ...]]]] = MappingProxyType(
    {
        "magic": ("magic number", _magic),
        "length": ("header", _bytes),
        "flags": ("flags", _as_is),
        "mtime": ("source's time", _time),
        "source-size": ("source's size", _bytes),
        "source-hash": ("source's hash", _as_is),
        "payload": ("size", _bytes),
    }
)
#: Reasons that are a difference between two values, and the check that finds it.
_COMPARED: Mapping[str, str] = MappingProxyType(
    {
        "bad-magic": "magic",
        "short-header": "length",
        "reserved-flags": "flags",
        "mtime-differs": "mtime",
        "mtime-never-matches": "mtime",
        "source-size-differs": "source-size",
        "source-hash-differs": "source-hash",
    }
)


def _comparison(verdict: Verdict) -> Iterator[str]:
    """Return the two values side by side, in aligned columns."""
    if verdict.reason not in _COMPARED or verdict.actual == verdict.expected:
        return  # two that are equal explain nothing: it is the reading of them that differs
    label, shown = _CHECKS[_COMPARED[verdict.reason]]
    says, wants = shown(verdict.actual, verdict), shown(verdict.expected, verdict)
    rows = [("", *_COLUMNS)]
    for index in range(max(len(says), len(wants))):
        left, right = ("".join(column[index : index + 1]) for column in (says, wants))
        rows.append((label if index == 0 else "", left, right))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for first, second, third in rows:
        yield f"{first:{widths[0]}}  {second:{widths[1]}}  {third}"


# --- Step by step ---------------------------------------------------------------------------

#: What an importer wants that is not one value, but the least, or the most, of it.
_BOUNDS: Mapping[str, str] = MappingProxyType({"length": "at least ", "payload": "more than "})
_WIDTH = max(len(label) for label, _ in _CHECKS.values())


def decision_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the importer's decision as it is taken: what it finds, compares and does.

    Args:
        verdict: the answer, whose comparisons are those that decided it.
    """
    found = verdict.found
    place = "nothing" if found.path is None else visible(found.path)
    yield f"{'finder':{_WIDTH}}  {found.kind.value}: {place}"
    if verdict.cache_path is not None and verdict.cache_path != found.path:
        yield f"{'cache':{_WIDTH}}  {visible(verdict.cache_path)}"
    yield from (_step(comparison, verdict) for comparison in verdict.compared)
    yield f"{'so':{_WIDTH}}  {verdict.outcome.value}: {visible(verdict.why)}"
    if found.kind is FinderKind.SOURCE:
        yield f"{'as a script':{_WIDTH}}  run by its path it is not imported: no cache is read or written"


def _step(comparison: Comparison, verdict: Verdict) -> str:
    label, shown = _CHECKS[comparison.check]
    values = (comparison.actual, comparison.expected)
    says, wants = (" = ".join(shown(value, verdict)) for value in values)
    answer = "no" if comparison.reason else "yes"
    return f"{label:{_WIDTH}}  {says}, wanted {_BOUNDS.get(comparison.check, '')}{wants}: {answer}"
