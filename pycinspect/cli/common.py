"""What the sub-commands share: options and their values."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import click

from pycinspect.values import HashCheckMode

__all__ = [
    "CommaList",
    "EnumChoice",
    "as_option",
    "import_options",
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


def as_option(function: _Command) -> _Command:
    """Add ``--as``."""
    return click.option(
        "--as",
        "dialect",
        metavar="DIALECT",
        help="Whose importer is asked: cpython-3.9, pypy-3.9 … By default a cache's own,"
        " for a source that of the running interpreter.",
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
