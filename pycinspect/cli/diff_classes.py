"""``pycinspect diff`` of two class files of Jython."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pycinspect.cli.failures import Exit
from pycinspect.errors import PycInspectError
from pycinspect.values import visible

if TYPE_CHECKING:
    from pycinspect.diffing.classfiles import ClassChange

__all__ = ["are_classes", "diff_classes"]

_SUFFIX = "$py.class"
_SCHEMA = "pycinspect.diff-classes/1"


def are_classes(paths: Sequence[str]) -> bool:
    """Return whether a diff is one of class files of Jython, by the names of both."""
    return len(paths) == 2 and all(path.endswith(_SUFFIX) for path in paths)


def diff_classes(paths: Sequence[str], format_name: str) -> Exit:
    """Print what differs between two class files, and return the exit code.

    Args:
        paths: the old one and the new one.
        format_name: ``"text"`` or ``"json"``.

    Raises:
        PycInspectError: ``unsupported`` for another format; what ``read_foreign`` raises.
    """
    from pycinspect.diffing.classfiles import compare_classes
    from pycinspect.jvm import JythonClass
    from pycinspect.programs.foreign import read_foreign

    if format_name not in _FORMATS:
        message = f"differences of class files are not written as {format_name}"
        raise PycInspectError("unsupported", message, path=paths[0])
    sides = []
    for path in paths:
        found = read_foreign(path)
        if not isinstance(found, JythonClass):
            raise PycInspectError("not-a-class", "is not a Java class file", path=path)
        sides.append(found)
    changes = compare_classes(*sides)
    _FORMATS[format_name](paths, changes)
    return Exit.FINDINGS if changes else Exit.CLEAN


def _as_text(paths: Sequence[str], changes: Sequence[ClassChange]) -> None:
    old, new = map(visible, paths)
    if not changes:
        click.echo(f"{old} and {new}: the same code")
        return
    names = {change.name for change in changes}
    click.echo(f"{old} and {new}: {len(names)} code object{'s' * (len(names) != 1)} differ")
    for change in changes:
        click.echo(f"\n{visible(change.name)}: {change.aspect}")
        for line in change.detail:
            click.echo(f"  {visible(line)}")


def _as_json(paths: Sequence[str], changes: Sequence[ClassChange]) -> None:
    rows = [{**change._asdict(), "detail": list(change.detail)} for change in changes]
    value = {"schema": _SCHEMA, "old": paths[0], "new": paths[1], "changes": rows}
    click.echo(json.dumps(value))


_FORMATS = {"text": _as_text, "json": _as_json}
