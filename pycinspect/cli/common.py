"""What the sub-commands share: options and their values."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar

import click

from pycinspect.values import HashCheckMode

__all__ = [
    "CommaList",
    "EnumChoice",
    "as_option",
    "completing",
    "completing_list",
    "dialect_names",
    "flattened",
    "import_options",
    "output_width",
    "python_versions",
    "rule_ids",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


class EnumChoice(click.Choice[str]):
    """One of an enumeration's values; the command gets the member."""

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__([member.value for member in members])
        self._members = members

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the member; click calls this with text, or with a member again."""
        return self._members(super().convert(str(value), param, ctx))


class CommaList(click.ParamType[Any]):
    """A list separated by commas; the command gets a tuple."""

    name = "list"

    def __init__(self, item: Callable[[str], object] = str) -> None:
        self._item = item

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the items, each converted."""
        if isinstance(value, tuple):
            return value
        parts = (part.strip() for part in str(value).split(","))
        try:
            return tuple(self._item(part) for part in parts if part)
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers", param, ctx)


def flattened(
    ctx: click.Context,  # noqa: ARG001 - click's signature
    param: click.Parameter,  # noqa: ARG001 - likewise
    lists: tuple[tuple[Any, ...], ...],
) -> tuple[Any, ...] | None:
    """Return what a list that may be given several times has in all; None where it was not."""
    return tuple(item for items in lists for item in items) or None


def output_width(*, terminal: bool) -> int:
    """Return at how many columns lines of text are broken: those of COLUMNS, or of the terminal.

    Args:
        terminal: whether there is one; what goes elsewhere is not broken.
    """
    from pycinspect.report import NOT_WRAPPED

    is_told = os.environ.get("COLUMNS", "").isdecimal()
    return shutil.get_terminal_size().columns if terminal or is_told else NOT_WRAPPED


_Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def completing(names: Callable[[], Iterable[str]]) -> _Completion:
    """Return what completes a value in a shell; the names are asked for only then."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def completing_list(names: Callable[[], Iterable[str]]) -> _Completion:
    """Return what completes the last item of a list that is separated by commas."""
    complete_item = completing(names)

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        before, comma, item = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in complete_item(ctx, param, item)]

    return complete


def rule_ids() -> Iterable[str]:
    """Return the ids of the audit's rules."""
    from pycinspect.plugins import load_registry

    return load_registry().rules


def dialect_names() -> Iterable[str]:
    """Return the names of all dialects."""
    from pycinspect.plugins import load_registry

    return (row.name for row in load_registry().dialects)


def python_versions() -> Iterable[str]:
    """Return the versions that ``--python`` may be asked for."""
    from pycinspect.dialects import DIALECTS
    from pycinspect.values import Implementation

    rows = (row for row in DIALECTS if row.implementation is Implementation.CPYTHON)
    return dict.fromkeys(row.version for row in rows if row.bytecode is not None)


def as_option(function: _Command) -> _Command:
    """Add ``--as``."""
    return click.option(
        "--as",
        "dialect",
        metavar="DIALECT",
        shell_complete=completing(dialect_names),
        help="Whose importer is asked: cpython-3.9, pypy-3.9 … By default a cache's own; of a"
        " source, check asks the running interpreter's, and audit those that its tree is for.",
    )(function)


def import_options(function: _Command) -> _Command:
    """Add the options that say how the import is started."""
    options = (
        as_option,
        click.option(
            "-O", "optimize", count=True, help="Optimization level, as python -O and -OO."
        ),
        click.option(
            "--check-hash-based-pycs",
            type=EnumChoice(HashCheckMode),
            help="As the interpreter's option.",
        ),
        click.option(
            "--pycache-prefix", metavar="DIR", help="As the interpreter's -X pycache_prefix."
        ),
        click.option(
            "-B",
            "dont_write_bytecode",
            is_flag=True,
            default=None,
            help="As the interpreter's -B: bytecode is not written.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
