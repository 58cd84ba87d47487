"""What a failed test of a cache shows: the header beside the source, and what came before."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.cache import ImportOptions
from pycinspect.cache.importer import source_mtime
from pycinspect.dialects import DIALECTS, HeaderField, HeaderLayout
from pycinspect.pyc.header import HASH_BASED
from pycinspect.values import U32_MASK, HashCheckMode
from pytest_pycinspect.sandbox.cachefile import CacheFile
from pytest_pycinspect.sandbox.event import OUTCOMES, CacheEvent, Scene

__all__ = ["TimelineStep", "asked_for", "section"]

_FLAGS_OFFSET = 4
#: Reason of a verdict to the header's field that it is about.
_FIELD_OF = MappingProxyType(
    {
        "bad-magic": "magic",
        "reserved-flags": "flags",
        "mtime-differs": "mtime",
        "mtime-never-matches": "mtime",
        "source-size-differs": "source_size",
        "source-hash-differs": "source_hash",
    }
)
#: Variables of the shell that change what an import does with caches, or where it writes them.
_VARIABLES = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONOPTIMIZE",
    "PYTHONPYCACHEPREFIX",
    "SOURCE_DATE_EPOCH",
)
_LISTED_EVENTS = 5
_ASKED = re.compile(rf"\.({'|'.join(OUTCOMES)})\b|\.(?:outcome|written)\s*==\s*['\"](\w+)['\"]")


class TimelineStep(NamedTuple):
    """One line of the timeline, with the event where it was an import."""

    text: str
    event: CacheEvent | None = None


class _Cell(NamedTuple):
    """A column of the comparison: a field in the header, and what the source has."""

    name: str
    header: str
    source: str
    differs: bool


def asked_for(statement: str) -> str | None:
    """Return the outcome that an assertion asks for, None where it does not say.

    >>> asked_for("assert event.hit"), asked_for('assert event.outcome == "stale_hit"')
    ('hit', 'stale_hit')
    """
    found = _ASKED.search(statement)
    return None if found is None else found[1] or found[2]


def section(root: str, steps: Sequence[TimelineStep], statement: str) -> str:
    """Return the text of the report's section.

    Args:
        root: the project, in whose terms paths are shown.
        steps: what happened in the sandbox.
        statement: the source of the assertion that failed.
    """
    last = {step.event.module: step.event for step in steps if step.event is not None}
    events = [*last.values()][-_LISTED_EVENTS:]
    lines = [line for event in events for line in (*_event_lines(event, root, statement), "")]
    lines += ["timeline", *(f"  {number}. {step.text}" for number, step in enumerate(steps, 1))]
    return "\n".join(lines)


def _event_lines(event: CacheEvent, root: str, statement: str) -> Iterator[str]:
    expected = asked_for(statement)
    yield f"{event.module}, imported by Python {event.python}"
    if expected is not None and expected not in {event.outcome, event.written}:
        yield f"  expected  {expected}"
    yield f"  outcome   {event.outcome}: {OUTCOMES[event.outcome]}"
    yield f"  why       {_shown(str(event.why), root)}"
    yield f"  written   {event.written or 'no'}"
    if event.raised is not None:
        yield f"  raised    {_shown(event.raised, root)}"
    if event.pyc is not None:
        yield f"  pyc       {_shown(event.pyc, root)}"
    yield f"  code ran  {event.code_ran[:12] if event.code_ran else 'none'}"
    if event.cache is not None:
        yield f"  cache     {_facts(event.cache)}"
    if event.scene is not None:
        yield from (f"  {line}".rstrip() for line in _comparison(event.scene))
        yield f"  started   {_started(event.scene.options, root)}"
    ignored = [f"{name}={os.environ[name]}" for name in _VARIABLES if os.environ.get(name)]
    if ignored:
        yield f"  shell     {' '.join(ignored)} (without effect in the sandbox)"


def _facts(cache: CacheFile) -> str:
    tied = cache.invalidation or "damaged header"
    return f"{tied}, level {cache.optimize}, mode {cache.mode:#o}"


def _shown(text: str, root: str) -> str:
    """Shorten paths that begin in the project, or beside it."""
    above = os.path.dirname(root)
    for place, short in ((root, ""), (above, f"..{os.sep}")):
        pattern = rf"(?<![^\s=]){re.escape(place + os.sep)}"
        text = re.sub(pattern, short.replace("\\", r"\\"), text)
    return text


def _started(options: ImportOptions, root: str) -> str:
    parts = [f"level {options.optimize}"]
    if options.dont_write_bytecode:
        parts.append("-B")
    if options.pycache_prefix is not None:
        parts.append(f"pycache_prefix={_shown(options.pycache_prefix, root)}")
    if options.check_hash_based_pycs is not HashCheckMode.DEFAULT:
        parts.append(f"--check-hash-based-pycs {options.check_hash_based_pycs}")
    return ", ".join(parts)


# --- The header beside the source --------------------------------------------------------


def _comparison(scene: Scene) -> list[str]:
    """Return the header's fields over the source's, and a caret under the one that differs."""
    cells = [*_cells(scene)]
    if not cells:
        return []
    widths = [max(map(len, cell[:3])) for cell in cells]
    rows = {
        "": [cell.name for cell in cells],
        "header": [cell.header for cell in cells],
        "source": [cell.source for cell in cells],
        " ": ["^" * len(cell.header) if cell.differs else "" for cell in cells],
    }
    return [
        f"{label:<10}{'  '.join(map(str.ljust, texts, widths))}"
        for label, texts in rows.items()
        if any(texts)
    ]


def _cells(scene: Scene) -> Iterator[_Cell]:
    layout = scene.verdict.dialect.header
    if layout is None or not scene.header:
        return
    differing = _FIELD_OF.get(scene.verdict.reason)
    sources = _source_words(scene)
    for column in _columns(layout, scene.header):
        data = scene.header[column.offset : column.offset + column.size]
        if len(data) == column.size:
            source = sources.get(column.name, "")
            yield _Cell(column.name, _word(column, data), source, column.name == differing)


def _columns(layout: HeaderLayout, header: bytes) -> Iterable[HeaderField]:
    is_hashed = layout.has_flags and header[_FLAGS_OFFSET : _FLAGS_OFFSET + 1] > b""
    if is_hashed and header[_FLAGS_OFFSET] & HASH_BASED:
        return layout.hashed
    return layout.timestamp


def _word(column: HeaderField, data: bytes) -> str:
    if column.name == "magic":
        owner = DIALECTS.find(data)
        return data.hex(" ") if owner is None else owner.name
    number = int.from_bytes(data, "little")
    return {"flags": f"{number:#x}", "source_hash": data.hex()}.get(column.name, str(number))


def _source_words(scene: Scene) -> Mapping[str, str]:
    """Return what a header of the source as it is would have."""
    verdict, status = scene.verdict, scene.source
    words = {"magic": verdict.dialect.name}
    if status is not None and verdict.dialect.importer is not None:
        mtime = source_mtime(status, verdict.dialect.importer.mtime_rounding)
        words |= {"mtime": str(mtime), "source_size": str(status.st_size & U32_MASK)}
    if verdict.reason in {"source-hash-differs", "source-hash-matches"}:
        words["source_hash"] = verdict.expected
    return words
