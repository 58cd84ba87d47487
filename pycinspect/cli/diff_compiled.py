"""``pycinspect diff`` of two class files of Jython, or two modules of MicroPython."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pycinspect.cli.failures import Exit
from pycinspect.errors import PycInspectError
from pycinspect.values import visible

if TYPE_CHECKING:
    from pycinspect.diffing.compiled import CodeChange

__all__ = ["are_compiled", "diff_compiled"]

_SUFFIXES = ("$py.class", ".mpy")
_SCHEMA = "pycinspect.diff-compiled/1"


def are_compiled(paths: Sequence[str]) -> bool:
    """Return whether a diff is one of class files, or of ``.mpy`` files, by the names of both."""
    return len(paths) == 2 and any(
        all(path.endswith(suffix) for path in paths) for suffix in _SUFFIXES
    )


def diff_compiled(paths: Sequence[str], format_name: str) -> Exit:
    """Print what differs between two class files or modules, and return the exit code.

    Args:
        paths: the old one and the new one.
        format_name: ``"text"`` or ``"json"``.

    Raises:
        PycInspectError: ``unsupported`` for another format; what ``read_foreign`` raises.
    """
    if format_name not in _FORMATS:
        message = f"differences of these files are not written as {format_name}"
        raise PycInspectError("unsupported", message, path=paths[0])
    old, new = paths
    changes = _compared(old, new)
    _FORMATS[format_name](paths, changes)
    return Exit.FINDINGS if changes else Exit.CLEAN


def _compared(old: str, new: str) -> list[CodeChange]:
    from pycinspect.jvm import JythonClass
    from pycinspect.micropython import MpyFile
    from pycinspect.programs.foreign import read_foreign

    before, after = read_foreign(old), read_foreign(new)
    if isinstance(before, MpyFile) and isinstance(after, MpyFile):
        from pycinspect.diffing.mpyfiles import compare_mpy

        return compare_mpy(before, after)
    if isinstance(before, JythonClass) and isinstance(after, JythonClass):
        from pycinspect.diffing.classfiles import compare_classes

        return compare_classes(before, after)
    wrong = new if isinstance(before, MpyFile | JythonClass) else old
    message = "is not a compiled module of the other's kind"
    raise PycInspectError("not-compiled", message, path=wrong)


def _as_text(paths: Sequence[str], changes: Sequence[CodeChange]) -> None:
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


def _as_json(paths: Sequence[str], changes: Sequence[CodeChange]) -> None:
    rows = [{**change._asdict(), "detail": list(change.detail)} for change in changes]
    value = {"schema": _SCHEMA, "old": paths[0], "new": paths[1], "changes": rows}
    click.echo(json.dumps(value))


_FORMATS = {"text": _as_text, "json": _as_json}
