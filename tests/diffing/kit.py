"""Sources as forms."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from pycinspect.canonical import Form, Place, units
from pycinspect.compiling import compile_source
from pycinspect.diffing import Diff, UnitDiff, diff
from pycinspect.pyc import CodeFile


def compiled(source: str, optimize: int = 0) -> CodeFile:
    """Return what the running interpreter makes of a source."""
    return compile_source(dedent(source).encode(), "a source", optimize=optimize)


def forms(source: str) -> Mapping[Place, Form]:
    """Return the forms of a source."""
    file = compiled(source)
    return units(file.code, file.dialect)


def differences(old: str, new: str, **options: str) -> Diff:
    """Compare two sources."""
    return diff(compiled(old), compiled(new), **options)


def statuses(diff: Diff) -> dict[str, str]:
    """Return the status of each code object that is not the same, by its (new) name."""
    return {_name(unit): unit.status.value for unit in diff.units if unit.status != "same"}


def _name(unit: UnitDiff) -> str:
    side = unit.new or unit.old
    assert side is not None
    return side.qualname
