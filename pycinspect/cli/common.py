"""What the sub-commands share: options and their values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import click

from pycinspect.values import HashCheckMode

__all__ = [
    "CommaList",
    "EnumChoice",
    "as_option",
    "baseline_options",
    "budget_options",
    "completing",
    "completing_list",
    "dialect_names",
    "environment_of",
    "flattened",
    "ids_option",
    "import_options",
    "output_width",
    "programs_of",
    "python_versions",
    "report_options",
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
    import shutil

    from pycinspect.report.words import NOT_WRAPPED

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


def _formats() -> Iterable[str]:
    from pycinspect.plugins import load_registry

    return load_registry().reporters


def report_options(function: _Command) -> _Command:
    """Add the options that say how an audit's findings are shown, and where."""
    options = (
        click.option(
            "--format",
            "format_name",
            default="text",
            show_default=True,
            metavar="FORMAT",
            shell_complete=completing(_formats),
            help="text, markdown, json, jsonl, sarif, github, gitlab or junit.",
        ),
        click.option("--json", "format_name", flag_value="json", help="Short for --format json."),
        click.option("-v", "--verbose", count=True, help="More of each finding's paths; -vv all."),
        click.option(
            "--output",
            type=click.Path(dir_okay=False),
            metavar="FILE",
            help="Write the report to FILE, which stays as it is if there can be none.",
        ),
    )
    return _with_options(function, options)


def baseline_options(function: _Command) -> _Command:
    """Add the options that name files in which findings are accepted."""
    options = (
        click.option(
            "--baseline", metavar="FILE", help="Files that FILE accepts, by content, do not count."
        ),
        click.option(
            "--write-baseline",
            metavar="FILE",
            help="Accept what is found from --fail-on on: write it to FILE and exit 0.",
        ),
    )
    return _with_options(function, options)


def _results(
    ctx: click.Context,  # noqa: ARG001 - click's signature
    param: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> Callable[[], str] | None:
    """Return what tells where it is kept what decoded bytes say; None if it is not."""
    from pycinspect.results import results_directory

    return results_directory if value is None else None


def budget_options(function: _Command) -> _Command:
    """Add the options that say how much an audit does, in how many processes, and what it may know."""
    options = (
        click.option("--max-files", type=click.IntRange(0), help="Stop after so many caches."),
        click.option("--max-seconds", type=click.FloatRange(0), help="Stop after so many seconds."),
        click.option(
            "--jobs",
            type=click.IntRange(1),
            metavar="N",
            help="Read payloads, and compare, in N processes.  [default: the cores there are]",
        ),
        click.option(
            "--no-cache",
            "results",
            flag_value="",
            default=None,
            callback=_results,
            help="Decode everything: what was found out about the same bytes before is not used,"
            " nor is it kept.",
        ),
    )
    return _with_options(function, options)


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
    return _with_options(function, (*options, *_VIEW_OPTIONS))


#: Who imports, and where: what is judged need not be what this process may do here.
_VIEW_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--environment",
        is_flag=True,
        default=None,
        help="Take -O, -B and the prefix from this shell's PYTHON… variables, as the interpreter"
        " would.",
    ),
    click.option(
        "--environment-file",
        metavar="FILE",
        help="Take them from FILE instead: lines NAME=VALUE, /proc/PID/environ, or what docker"
        " inspect prints.",
    ),
    click.option(
        "--user",
        metavar="USER[:GROUP]",
        help="Judge permissions as this user's, a name or a number. By default yours count.",
    ),
    click.option(
        "--read-only",
        is_flag=True,
        default=None,
        help="Judge as if nothing could be written.",
    ),
    click.option(
        "--root",
        type=click.Path(exists=True, file_okay=False),
        metavar="DIR",
        help="DIR is an image's root directory: all paths, links and users are those in it.",
    ),
)


def environment_of(*, environment: bool | None, file: str | None) -> Mapping[str, str] | None:
    """Return the variables that ``--environment`` or ``--environment-file`` names, if any.

    Raises:
        PycInspectError: as ``cache.read_environment``.
    """
    from pycinspect.cache import read_environment

    if environment and file is not None:
        raise click.UsageError("--environment and --environment-file cannot both be given")
    if file is not None:
        return read_environment(file)
    return os.environ if environment else None


def programs_of(environment: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the directories in which programs of an image are."""
    from pycinspect.cache import IMAGE_PATH

    path = (environment or {}).get("PATH", "")
    return *(place for place in path.split(":") if place.startswith("/")), *IMAGE_PATH


def _with_options(function: _Command, options: tuple[Callable[[Any], Any], ...]) -> _Command:
    for option in reversed(options):
        function = option(function)
    return function


def ids_option(name: str, help_text: str) -> Callable[[_Command], _Command]:
    """Return an option that takes ids of rules, separated by commas, again and again."""
    return click.option(
        name,
        type=CommaList(),
        multiple=True,
        callback=flattened,
        metavar="IDS",
        shell_complete=completing_list(rule_ids),
        help=help_text,
    )
