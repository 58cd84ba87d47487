"""``pycinspect diff``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from pycinspect.cli.common import Exit, report_error
from pycinspect.errors import PycInspectError
from pycinspect.values import Level

if TYPE_CHECKING:
    from pycinspect.compiling import ReadOptions
    from pycinspect.diffing import Diff, ModuleDiff, PairedModule
    from pycinspect.pyc import CodeFile

__all__ = ["command"]

_SIDES = 2


class _Side(NamedTuple):
    """What is compared.

    Args:
        path: a file or a directory.
        options: how it is read.
        compiler: who compiles sources, and how, in a few words; "" for the running one.
    """

    path: str
    options: ReadOptions
    compiler: str

    @property
    def title(self) -> str:
        return f"{self.path} ({self.compiler})" if self.compiler else self.path


@click.command("diff")
@click.argument("paths", nargs=-1, required=True, metavar="OLD [NEW]")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="PYTHON",
    help="Who compiles sources: a version (3.9) or the path of an interpreter. Once for both"
    " sides, or once for each.  [default: the running one]",
)
@click.option(
    "--optimize",
    "levels",
    type=click.IntRange(0, 2),
    multiple=True,
    metavar="N",
    help="Compile sources as python with N times -O. Once for both sides, or once for each.",
)
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default=Level.SEMANTIC.value,
    show_default=True,
    help="How much must be the same.",
)
@click.option("--raw", is_flag=True, help="Compare the instructions of what differs, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    paths: tuple[str, ...],
    *,
    pythons: tuple[str, ...],
    levels: tuple[int, ...],
    level: str,
    raw: bool,
    as_json: bool,
) -> None:
    """Show what differs between two programs, whatever Python wrote them.

    OLD and NEW are caches, sources (which are compiled and not run), or directories, whose
    modules are paired by their relative names. One of them alone is compared with itself, as
    two interpreters or two levels of optimization compile it.

    \b
    Examples:
      pycinspect diff old/app.pyc new/app.pyc
      pycinspect diff app.py --python 3.8 --python 3.13
      pycinspect diff app.py --optimize 0 --optimize 2
      pycinspect diff build/lib site-packages/app --json | jq .summary
      pycinspect diff --level exact --raw a.pyc b.pyc

    \b
    Levels:
      exact       every byte: says nothing across versions
      strict      events in their order, copies of blocks apart
      semantic    what the code does, whatever the layout
      structural  the same, whatever local variables are called

    Exit codes: 0 the same or explained, 1 different or not canonicalised, 2 could not do it.
    """  # noqa: D301 - \b is click's mark, a control character
    if not 1 <= len(paths) <= _SIDES:
        raise click.UsageError(f"two paths are compared, not {len(paths)}")
    if max(len(pythons), len(levels)) > _SIDES:
        raise click.UsageError("--python and --optimize are given once for a side")
    if len(paths) == 1 and max(len(pythons), len(levels)) < _SIDES:
        raise click.UsageError("one path alone needs two of --python or of --optimize")
    try:
        old, new = _sides(paths, pythons, levels)
        pairs = _pairs(old.path, new.path)
    except PycInspectError as error:
        report_error(error)
        sys.exit(Exit.TROUBLE)
    comparison = _Comparison(old, new, Level(level))
    diff = comparison.diff(pairs)
    if diff.modules or not comparison.has_trouble:
        _print(diff, (old.title, new.title), as_json=as_json, raw=raw)
    if comparison.has_trouble:
        sys.exit(Exit.TROUBLE)
    sys.exit(Exit.CLEAN if diff.is_same else Exit.FINDINGS)


# --- What is compared ----------------------------------------------------------------------


def _sides(
    paths: Sequence[str], pythons: Sequence[str], levels: Sequence[int]
) -> tuple[_Side, _Side]:
    """Return both sides; what is given once holds for both."""
    from pycinspect.plugins import load_registry

    dialects = load_registry().dialects

    def side(index: int) -> _Side:
        from pycinspect.compiling import ReadOptions, find_interpreter

        python = pythons[index] if pythons else None
        level = levels[index] if levels else 0
        interpreter = None if python is None else find_interpreter(python, dialects=dialects)
        words = [interpreter.dialect.name] if interpreter else []
        words += [f"-{'O' * level}"] if level else []
        options = ReadOptions(dialects, None, interpreter, level)
        return _Side(paths[index], options, " ".join(words))

    return side(0), side(-1)


def _pairs(old: str, new: str) -> list[PairedModule]:
    """Return the files of each module.

    Raises:
        PycInspectError: ``not-a-file`` where one is a directory and the other is not, or what
            ``paired_modules`` raises.
    """
    from pycinspect.diffing import PairedModule, paired_modules

    directories = [path for path in (old, new) if os.path.isdir(path)]
    if not directories:
        return [PairedModule(old, new)]
    if len(directories) < _SIDES:
        message = "a directory can be compared with a directory only"
        raise PycInspectError("not-a-file", message, path=directories[0])
    return paired_modules(old, new)


class _Comparison:
    """Compares modules, and goes on where one cannot be read."""

    def __init__(self, old: _Side, new: _Side, level: Level) -> None:
        self._old, self._new, self._level = old, new, level
        self.has_trouble = False

    def diff(self, pairs: Sequence[PairedModule]) -> Diff:
        from pycinspect.diffing import Diff

        modules = tuple(self._modules(pairs))
        return Diff(self._old.path, self._new.path, self._level, modules)

    def _modules(self, pairs: Sequence[PairedModule]) -> Iterator[ModuleDiff]:
        from pycinspect.diffing import diff_module

        for pair in pairs:
            try:
                old, new = _read(pair.old, self._old), _read(pair.new, self._new)
                yield diff_module(old, new, self._level)
            except PycInspectError as error:
                report_error(error if error.path else error.at(pair.new or pair.old or ""))
                self.has_trouble = True


def _read(path: str | None, side: _Side) -> tuple[str, CodeFile] | None:
    from pycinspect.compiling import read_subject

    return None if path is None else (path, read_subject(path, side.options).file)


# --- How it is shown -------------------------------------------------------------------------


def _print(diff: Diff, titles: tuple[str, str], *, as_json: bool, raw: bool) -> None:
    from pycinspect.report.diff import diff_lines, diff_object
    from pycinspect.report.pen import pen_for

    if as_json:
        click.echo(json.dumps(diff_object(diff)))
        return
    pen = pen_for(sys.stdout, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    for line in diff_lines(diff, titles=titles, raw=raw):
        pen.line(*line)
