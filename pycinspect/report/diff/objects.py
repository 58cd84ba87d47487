"""Comparisons as JSON: ``pycinspect.diff/1``, a summary and all that differs."""

from __future__ import annotations

from typing import Any

from pycinspect.canonical import Level
from pycinspect.canonical.text import short
from pycinspect.diffing import Change, Diff, FieldChange, ModuleDiff, Side, UnitDiff
from pycinspect.report.diff.words import LONGEST, differing_files

__all__ = ["DIFF_SCHEMA", "diff_object"]

DIFF_SCHEMA = "pycinspect.diff/1"

Json = dict[str, Any]


def diff_object(diff: Diff) -> Json:
    """Return a comparison as what ``json.dumps`` takes."""
    return {
        "schema": DIFF_SCHEMA,
        "level": diff.level.value,
        "old": _encodable(diff.old),
        "new": _encodable(diff.new),
        "summary": {status.value: count for status, count in diff.summary.items()},
        **({"files": differing_files(diff)} if diff.level is Level.EXACT else {}),
        **({"only": list(map(_encodable, diff.only))} if diff.only else {}),
        **({"ignored": list(diff.ignored)} if diff.ignored else {}),
        "modules": [_module_object(module) for module in diff.modules],
    }


def _module_object(module: ModuleDiff) -> Json:
    old, new = (None if path is None else _encodable(path) for path in (module.old, module.new))
    units = [_unit_object(unit) for unit in module.units]
    files = {"files": [_field_object(change) for change in module.files]} if module.files else {}
    differing = {"differing": list(module.differing)} if module.differing else {}
    agrees = {"agrees_with": module.agrees_with} if module.agrees_with else {}
    name = {"name": _encodable(module.name)} if module.name else {}
    return {"old": old, "new": new, **name, "units": units, **files, **differing, **agrees}


def _field_object(change: FieldChange) -> Json:
    texts = {"field": change.field, "old": change.old, "new": change.new, "cause": change.cause}
    return {name: None if text is None else _encodable(text) for name, text in texts.items()}


def _unit_object(unit: UnitDiff) -> Json:
    problem = {} if unit.problem is None else {"problem": _encodable(unit.problem)}
    fields = {"fields": [_field_object(change) for change in unit.fields]} if unit.fields else {}
    return {
        "old": _name(unit.old),
        "new": _name(unit.new),
        "status": unit.status.value,
        "planes": [plane.value for plane in unit.planes],
        "explanations": list(unit.explanations),
        "changes": [_change_object(change) for change in unit.changes],
        **fields,
        **problem,
    }


def _change_object(change: Change) -> Json:
    reason = {"reason": _encodable(change.reason)} if change.reason else {}
    return {
        "op": change.op.value,
        "old": [_encodable(text) for text in change.old],
        "new": [_encodable(text) for text in change.new],
        "old_lines": list(change.old_lines),
        "new_lines": list(change.new_lines),
        **reason,
    }


def _encodable(text: str) -> str:
    """Return a string without lone surrogates, which not every reader of JSON takes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _name(unit: Side | None) -> str | None:
    """Return a qualified name; thousands of code objects can share a long one."""
    return None if unit is None else _encodable(short(unit.qualname, LONGEST))
