"""``pycinspect opcode``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from pycinspect.cli.common import completing, python_versions
from pycinspect.cli.failures import debug_option
from pycinspect.errors import PycInspectError

if TYPE_CHECKING:
    from pycinspect.dialects import Dialect

__all__ = ["command"]


@click.command("opcode")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--python",
    metavar="PYTHON",
    shell_complete=completing(python_versions),
    help="Whose operation it is: 3.12, pypy-3.9 …  [default: the newest CPython that has it]",
)
@click.option(
    "--changes",
    nargs=2,
    metavar="OLD NEW",
    help="List what changed between the operations of two versions.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an operation, a line each.")
@debug_option
def command(
    names: tuple[str, ...],
    *,
    python: str | None,
    changes: tuple[str, str] | None,
    as_json: bool,
) -> None:
    """Say what an operation does, what it does to the stack, and how it changed.

    \b
    Examples:
      pycinspect opcode LOAD_ATTR
      pycinspect opcode CALL_FUNCTION --python 2.7
      pycinspect opcode --changes 3.12 3.13

    Exit codes: 0 it was said, 2 there is no such operation or version, 3 an error of
    pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    if bool(names) == bool(changes):
        raise click.UsageError("give either names of operations or --changes OLD NEW")
    if changes and python:
        raise click.UsageError("--changes does not go with --python")
    if changes:
        _say_changes(*map(_row, changes), as_json=as_json)
        return
    row = None if python is None else _row(python)
    for index, name in enumerate(names):
        if index and not as_json:
            click.echo()
        _say(name.upper(), row, as_json=as_json)


def _row(name: str) -> Dialect:
    """Return a version whose opcodes are known."""
    from pycinspect.dialects import DIALECTS

    row = DIALECTS.resolve(name)
    if row.bytecode is None:
        raise PycInspectError("unsupported", f"the opcodes of {row.name} are not known")
    return row


def _versions(like: Dialect | None) -> list[Dialect]:
    """Return the versions of an implementation, the oldest first; CPython's by default."""
    from pycinspect.dialects import DIALECTS
    from pycinspect.dialects.history import lineage
    from pycinspect.values import Implementation

    implementation = Implementation.CPYTHON if like is None else like.implementation
    return lineage(DIALECTS, implementation, like)


def _say(name: str, row: Dialect | None, *, as_json: bool) -> None:
    from pycinspect.dialects.history import eras_of
    from pycinspect.report.opcodes import opcode_lines, opcode_object

    eras = eras_of(name, _versions(row))
    having = [era for era in eras if row is None or row in era.dialects]
    if not having:
        raise _unknown(name, row)
    chosen = having[-1]
    version = row or chosen.dialects[-1]
    if as_json:
        click.echo(json.dumps(opcode_object(chosen, version, eras)))
        return
    for line in opcode_lines(chosen, version, eras):
        click.echo(line)


def _unknown(name: str, row: Dialect | None) -> PycInspectError:
    from difflib import get_close_matches

    from pycinspect.dialects.history import opcode_names

    near = get_close_matches(name, opcode_names([row] if row else _versions(None)))
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    whose = "no CPython" if row is None else f"{row.name} does not"
    verb = "has" if row is None else "have"
    return PycInspectError("no-such-opcode", f"{whose} {verb} an operation {name!r}{hint}")


def _say_changes(old: Dialect, new: Dialect, *, as_json: bool) -> None:
    from pycinspect.dialects.history import opcode_changes
    from pycinspect.report.opcodes import changes_lines, changes_object

    found = opcode_changes(old, new)
    if as_json:
        click.echo(json.dumps(changes_object(old, new, found)))
        return
    for line in changes_lines(old, new, found):
        click.echo(line)
