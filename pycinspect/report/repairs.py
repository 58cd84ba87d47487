"""What would be mended, was mended or taken back: as text and as JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.repairing import (
    FileState,
    Repair,
    RepairKind,
    RepairPlan,
    RepairResult,
    RepairStatus,
    Unmended,
)
from pycinspect.report.words import Json, counted, shown_path
from pycinspect.values import visible

__all__ = ["FIX_SCHEMA", "FixReport", "fix_lines", "fix_object", "undo_lines", "undo_object"]

#: Name and version of the object.
FIX_SCHEMA = "pycinspect.fix/1"

#: Paths of one kind that are listed where nobody asked for all.
_LISTED = 20


class _Words(NamedTuple):
    """What is said of a kind of repair: what would be done, what was done, what to how many."""

    would: str
    done: str
    one: str
    many: str
    end: str = ""


_WORDS: Mapping[RepairKind, _Words] = MappingProxyType(
    {
        RepairKind.RECOMPILE: _Words("compile", "compiled", "cache", "caches", " again"),
        RepairKind.CONVERT: _Words("convert", "converted", "header", "headers"),
        RepairKind.DELETE: _Words("delete", "deleted", "file", "files"),
        RepairKind.REMOVE_DIRECTORY: _Words(
            "remove", "removed", "empty directory", "empty directories"
        ),
        RepairKind.CHMOD: _Words("change", "changed", "mode", "modes"),
    }
)
_ACTIONS: Mapping[RepairKind, str] = MappingProxyType(
    {kind: kind.value for kind in RepairKind} | {RepairKind.REMOVE_DIRECTORY: "rmdir"}
)
_WIDTH = max(map(len, (*_ACTIONS.values(), "not done")))


class FixReport(NamedTuple):
    """What a run came to.

    Args:
        plan: what was planned.
        results: what became of it, one for each repair; None of a preview.
        journal: the folder that takes it back, None where there is none.
        complete: whether the audit looked at everything.
    """

    plan: RepairPlan
    results: Sequence[RepairResult] | None = None
    journal: str | None = None
    complete: bool = True


def fix_lines(report: FixReport, *, base: str | None = None, lists_all: bool = False) -> list[str]:
    """Return a report for a person; the first line is the answer.

    Args:
        report: what a run came to.
        base: paths below it are shown relative to it.
        lists_all: whether long lists are shown as a whole.
    """
    limit = None if lists_all else _LISTED
    lines = [_answer(report)]
    if report.plan.repairs or report.plan.unmended:
        lines.append("")
    for kind in _WORDS:
        rows = [_row(repair, base) for repair in _undone_first(report, kind)]
        lines += _cut(rows, limit)
    lines += _cut([_failure(result, base) for result in _not_done(report)], None)
    lines += _cut([_left(one, base) for one in report.plan.unmended], limit)
    if report.journal is not None:
        lines += ["", f"To take it back: pycinspect fix --undo {visible(report.journal)}"]
    return lines


def _answer(report: FixReport) -> str:
    plan, results = report.plan, report.results
    counts = Counter(repair.kind for repair in _done(report))
    parts = [_deeds(counts, is_done=results is not None)] if counts else []
    if not plan.repairs:
        parts.append("Nothing to mend")
    refused = len(_not_done(report))
    if refused:
        parts.append(f"{counted(refused, 'change was', 'changes were')} not made")
    if plan.unmended:
        left = counted(len(plan.unmended), "finding is", "findings are")
        parts.append(f"{left} left to you")
    sentence = "; ".join(parts)
    sentence = f"{sentence[0].upper()}{sentence[1:]}."
    if results is None and plan.repairs:
        sentence += " Nothing was changed: --apply does it."
    return sentence if report.complete else f"{sentence} Not everything was looked at."


def _deeds(counts: Counter[RepairKind], *, is_done: bool) -> str:
    deeds = []
    for kind, words in _WORDS.items():
        if counts[kind]:
            verb = words.done if is_done else words.would
            deeds.append(f"{verb} {counted(counts[kind], words.one, words.many)}{words.end}")
    *most, last = deeds
    sentence = f"{', '.join(most)} and {last}" if most else last
    return sentence if is_done else f"would {sentence}"


def _pairs(report: FixReport) -> Iterator[tuple[Repair, RepairResult | None]]:
    """Yield repairs with what became of them."""
    yield from zip_longest(report.plan.repairs, report.results or ())


def _done(report: FixReport) -> list[Repair]:
    """Return what was done; of a preview, what would be."""
    is_done = {None, RepairStatus.DONE}
    return [r for r, found in _pairs(report) if (found and found.status) in is_done]


def _not_done(report: FixReport) -> list[RepairResult]:
    return [found for found in report.results or () if found.status is not RepairStatus.DONE]


def _undone_first(report: FixReport, kind: RepairKind) -> list[Repair]:
    return [repair for repair in _done(report) if repair.kind is kind]


def _row(repair: Repair, base: str | None) -> str:
    facts = [", ".join(repair.rules), *_change(repair), *([repair.why] if repair.why else [])]
    return _line(_ACTIONS[repair.kind], repair.path, "; ".join(facts), base)


def _change(repair: Repair) -> Iterator[str]:
    if repair.after is not None and repair.after.mode != repair.before.mode:
        yield f"{repair.before.mode:04o} to {repair.after.mode:04o}"


def _failure(result: RepairResult, base: str | None) -> str:
    return _line("not done", result.path, result.reason, base)


def _left(one: Unmended, base: str | None) -> str:
    return _line("left", one.path, f"{one.rule}; {one.reason}", base)


def _line(word: str, path: str, facts: str, base: str | None) -> str:
    return f"{word:{_WIDTH}}  {visible(shown_path(path, base))}  ({visible(facts)})"


def _cut(rows: list[str], limit: int | None) -> list[str]:
    if limit is None or len(rows) <= limit:
        return rows
    return [*rows[:limit], f"{'':{_WIDTH}}  … and {len(rows) - limit:,} more (-v lists them)"]


def fix_object(report: FixReport, base: str | None = None) -> Json:
    """Return a report as the documentation of ``pycinspect.fix/1`` describes it."""
    return {
        "schema": FIX_SCHEMA,
        "applied": report.results is not None,
        "complete": report.complete,
        "journal": report.journal,
        "repairs": [_repair_object(*pair, base) for pair in _pairs(report)],
        "left": [
            {"rule": one.rule, "path": shown_path(one.path, base), "reason": one.reason}
            for one in report.plan.unmended
        ],
    }


def _repair_object(repair: Repair, result: RepairResult | None, base: str | None) -> Json:
    return {
        "action": repair.kind.value,
        "path": shown_path(repair.path, base),
        "rules": list(repair.rules),
        "before": _state_object(repair.before),
        "after": None if repair.after is None else _state_object(repair.after),
        "why": repair.why,
        "status": "planned" if result is None else result.status.value,
        "reason": "" if result is None else result.reason,
    }


def _state_object(state: FileState) -> Json:
    return {"digest": state.digest or None, "size": state.size, "mode": f"{state.mode:04o}"}


# --- Taking it back --------------------------------------------------------------------------


def undo_lines(results: Sequence[RepairResult], base: str | None = None) -> list[str]:
    """Return for a person what was taken back; the first line is the answer."""
    done = sum(found.status is RepairStatus.DONE for found in results)
    rest = [found for found in results if found.status is not RepairStatus.DONE]
    if not results:
        return ["Nothing to take back."]
    parts = [f"{counted(done, 'change was', 'changes were')} taken back"]
    if rest:
        parts.append(f"{len(rest):,} {'was' if len(rest) == 1 else 'were'} not")
    return [f"{'; '.join(parts)}.", *([""] if rest else []), *_failures(rest, base)]


def _failures(results: Iterable[RepairResult], base: str | None) -> list[str]:
    return [_failure(result, base) for result in results]


def undo_object(results: Iterable[RepairResult], base: str | None = None) -> Json:
    """Return the same as an object of ``pycinspect.fix/1``."""
    return {
        "schema": FIX_SCHEMA,
        "undone": [
            {
                "action": found.kind.value,
                "path": shown_path(found.path, base),
                "status": found.status.value,
                "reason": found.reason,
            }
            for found in results
        ],
    }
