"""``pycinspect diff``."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from pycinspect.cli.common import completing, python_versions
from pycinspect.cli.failures import Exit, attempted, debug_option
from pycinspect.errors import PycInspectError
from pycinspect.values import Level, Taken

if TYPE_CHECKING:
    from pycinspect.cache import View
    from pycinspect.compiling import Compilers, Interpreter
    from pycinspect.dialects import Dialect, DialectTable
    from pycinspect.diffing import (
        Diff,
        Explanation,
        ModuleDiff,
        NamedCode,
        PairedModule,
        Selection,
        Tree,
    )
    from pycinspect.programs import ReadOptions
    from pycinspect.report.pen import Piece

__all__ = ["command"]

_T = TypeVar("_T")

_SIDES = 2
#: Between the first and the last version of a range.
_RANGE = ".."
#: Of optimization: none, -O and -OO.
_LEVELS = 3
#: Columns from which on two listings fit side by side.
_WIDE = 140


class _Side(NamedTuple):
    """What is compared.

    Args:
        tree: a file or a directory.
        options: how it is read.
        compiler: who compiles sources, and how, in a few words; "" for the running one.
    """

    tree: Tree
    options: ReadOptions
    compiler: str

    @property
    def title(self) -> str:
        return f"{self.tree.name} ({self.compiler})" if self.compiler else self.tree.name


class _Asked(NamedTuple):
    """What each option was given; a tuple of none holds for no side, of one for all."""

    paths: tuple[str, ...]
    revisions: tuple[str, ...]
    pythons: tuple[str, ...]
    levels: tuple[int, ...]
    taken: str
    view: View

    @property
    def is_alone(self) -> bool:
        """Whether caches are compared with their own sources."""
        return len(self.paths) == 1 and not (self.revisions or self.pythons or self.levels)

    @property
    def is_range(self) -> bool:
        return len(self.pythons) == 1 and _RANGE in self.pythons[0]


class _Layout(NamedTuple):
    """How differences are shown.

    Args:
        format: text, markdown, or one JSON object for each comparison.
        stat: how much of each module differs, and no more.
        raw: instructions, too.
        bodies: what is added and removed is shown, and not only named.
        side_by_side: two columns; None: if the terminal is wide enough.
    """

    format: str
    stat: bool
    raw: bool
    bodies: bool
    side_by_side: bool | None


@click.command("diff")
@click.argument("paths", nargs=-1, required=True, metavar="OLD [NEW]")
@click.option(
    "--rev",
    "revisions",
    multiple=True,
    metavar="REV",
    help="The path as it is in a revision of its git repository. Twice for two revisions, once"
    " for that one and the file as it is now.",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="PYTHON",
    shell_complete=completing(python_versions),
    help="Who compiles sources: a version (3.9) or the path of an interpreter. Once for both"
    " sides, or once for each; more than two, or a range (3.8..3.14), are a chain: each is"
    " compared with the next.  [default: the running one]",
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
@click.option(
    "--sources",
    "taken",
    flag_value=Taken.SOURCES.value,
    help="Of directories, read the sources.  [default: what an import would run]",
)
@click.option(
    "--caches", "taken", flag_value=Taken.CACHES.value, help="Of directories, read the caches."
)
@click.option("--raw", is_flag=True, help="Compare the instructions of what differs, too.")
@click.option("--no-bodies", is_flag=True, help="Name what is added and removed, and no more.")
@click.option(
    "--side-by-side/--unified",
    default=None,
    help=f"Two columns, or one.  [default: two on a terminal of {_WIDE} columns]",
)
@click.option("--stat", is_flag=True, help="Only how much of each module differs.")
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only modules and code objects of such names: 'pkg.mod*', 'pkg.mod.Cart.*', 'Cart.*'."
    " As often as wanted.",
)
@click.option(
    "--ignore",
    metavar="KINDS",
    help="What does not count: docstrings, annotations and, at level exact, lines; with commas"
    " between them.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Markdown for a comment on a change; JSON: an object, of a chain one a line.",
)
@click.option("--json", "format_name", flag_value="json", help="Short for --format json.")
@debug_option
def command(
    paths: tuple[str, ...],
    *,
    revisions: tuple[str, ...],
    pythons: tuple[str, ...],
    levels: tuple[int, ...],
    level: str,
    taken: str | None,
    raw: bool,
    no_bodies: bool,
    side_by_side: bool | None,
    stat: bool,
    only: tuple[str, ...],
    ignore: str | None,
    format_name: str,
) -> None:
    """Show what differs between two programs, whatever Python wrote them.

    OLD and NEW are caches (or two class files of Jython, or two .mpy files), sources (which are compiled and not
    run), or directories or archives, whose modules are paired by their relative names; of each module that file is read that an import
    would run. One of them alone is compared with itself, as two interpreters or two levels of
    optimization compile it, or as it is in two revisions; a cache, or the caches of a directory,
    with their sources, compiled by the Python that wrote the caches.

    \b
    Examples:
      pycinspect diff old/app.pyc new/app.pyc
      pycinspect diff app.py --python 3.8 --python 3.13
      pycinspect diff app.py --python 3.8..3.14
      pycinspect diff app.py --optimize 0 --optimize 2
      pycinspect diff src/app --rev v1.0 --rev main
      pycinspect diff src/app/cart.py --rev HEAD
      pycinspect diff build/lib site-packages/app --json | jq .summary
      pycinspect diff site-packages/app
      pycinspect diff app-1.0-py3-none-any.whl app-1.1-py3-none-any.whl
      pycinspect diff --level exact --raw a.pyc b.pyc
      pycinspect diff old new --only 'shop.cart*' --ignore docstrings,annotations
      pycinspect diff src --rev v1.0 --rev main --stat
      pycinspect diff src --rev main --format markdown > comment.md

    \b
    Levels:
      exact       every byte of both files, named by its field, with the cause where it is known
      strict      events in their order, copies of blocks apart, constants as compiled
      semantic    what the code does, whatever the layout
      structural  the same, whatever local variables are called

    \b
    In the listing, -> L1 says where control goes if not to the next line, and [on error -> L2]
    where it goes if the line raises; t1 is a value that is computed once and used again.

    Exit codes: 0 the same or explained, 1 different or not canonicalised, 2 could not do it, 3
    an error of pycinspect's own; of several files, or a chain, the highest.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.cache import HERE, mounted
    from pycinspect.cli.diff_compiled import are_compiled, diff_compiled

    if are_compiled(paths):
        given: dict[str, object] = {
            "--rev": revisions,
            "--python": pythons,
            "--optimize": levels,
            "--only": only,
        }
        given |= {"--ignore": ignore, "--stat": stat}
        useless = [option for option, value in given.items() if value]
        if useless:
            raise click.UsageError(
                f"{' and '.join(useless)}: not for class files of Jython and .mpy files"
            )
        sys.exit(attempted(paths[0], lambda: diff_compiled(paths, format_name)))
    view, roots = mounted(paths, HERE)
    wanted = taken or Taken.IMPORTED.value
    asked = _Asked(tuple(roots), revisions, pythons, levels, wanted, view)
    _check(asked, taken)
    if stat and format_name == "json":
        raise click.UsageError("--stat is for people: JSON has a summary of its own")
    from pycinspect.compiling import Compilers
    from pycinspect.plugins import load_registry

    registry = load_registry()
    with Compilers() as compilers:
        kind = _AgainstSources if asked.is_alone else _Pair
        sides = _sides(asked, registry.dialects, compilers)
        select = _selection(only, ignore)
        options = _Options(Level(level), registry.explanations, select)
        pairs = [kind(*both, options) for both in pairwise(sides)]
        _show(pairs, _Layout(format_name, stat, raw, not no_bodies, side_by_side))
    sys.exit(max(pair.exit for pair in pairs))


def _selection(only: tuple[str, ...], ignore: str | None) -> Selection:
    """Return what is asked for.

    Raises:
        UsageError: for a kind of difference that there is not.
    """
    from pycinspect.diffing import IGNORABLE, Selection

    ignored = tuple(word.strip() for word in ignore.split(",")) if ignore is not None else ()
    unknown = [word for word in ignored if word not in IGNORABLE]
    if unknown:
        known = ", ".join(IGNORABLE)
        raise click.UsageError(f"--ignore takes {known}, and not {unknown[0]!r}")
    return Selection(only, tuple(dict.fromkeys(ignored)))


def _check(asked: _Asked, taken: str | None) -> None:
    """Refuse what makes no sense, before anything is read."""
    if taken is not None and (asked.is_alone or asked.revisions):
        raise click.UsageError("--sources and --caches are for two directories of the file system")
    counts = len(asked.revisions), len(asked.pythons), len(asked.levels)
    if not 1 <= len(asked.paths) <= _SIDES:
        raise click.UsageError(f"two paths are compared, not {len(asked.paths)}")
    if len(asked.paths) == _SIDES:
        if asked.revisions:
            raise click.UsageError("--rev takes one path, which is looked up in both revisions")
        if max(counts) > _SIDES or asked.is_range:
            raise click.UsageError("--python and --optimize are given once for a side")
    elif asked.is_alone and _has_caches(asked.paths[0], asked.view):
        return
    elif max(counts) < _SIDES and not asked.revisions and not asked.is_range:
        message = "one path alone needs two of --python, --optimize or --rev"
        raise click.UsageError(f"{message}, unless it is a cache or a directory of caches")
    if len(asked.revisions) == 1 and max(counts) > _SIDES:
        raise click.UsageError("a revision and what is there now are two sides, and no chain")
    if len({count for count in counts if count > 1}) > 1:
        raise click.UsageError("options that are given once for a side are given equally often")


def _has_caches(path: str, view: View) -> bool:
    return view.is_dir(path) or path.endswith((".pyc", ".pyo"))


# --- What is compared ----------------------------------------------------------------------


def _sides(asked: _Asked, dialects: DialectTable, compilers: Compilers) -> list[_Side]:
    """Return what is compared, one after the other; what is given once holds for all."""
    from pycinspect.programs import ReadOptions

    interpreters = _interpreters(asked, dialects)
    # A revision alone is compared with what is there now.
    is_pair = asked.is_alone or asked.revisions
    sides = max(len(asked.paths), len(asked.revisions), _SIDES if is_pair else 1)
    count = max(sides, len(interpreters), len(asked.levels))
    found = []
    for number in range(count):
        interpreter = _nth(interpreters, number)
        level = _nth(asked.levels or (0,), number)
        tree = _tree(asked, number, interpreter, level)
        options = ReadOptions(dialects, None, interpreter, level, compilers, asked.view)
        found.append(_side(tree, options))
    return found


def _nth(values: Sequence[_T], number: int) -> _T:
    """Return what holds for a side; what is given once holds for all."""
    return values[0] if len(values) == 1 else values[number]


def _side(tree: Tree, options: ReadOptions) -> _Side:
    words = [options.interpreter.dialect.name] if options.interpreter else []
    words += [f"-{'O' * options.optimize}"] if options.optimize else []
    return _Side(tree, options, " ".join(words))


def _tree(asked: _Asked, number: int, interpreter: Interpreter | None, level: int) -> Tree:
    """Return a file or directory; a revision alone is compared with what is there now."""
    from pycinspect.diffing import FileTree, RevisionTree

    path = _nth(asked.paths, number)
    if number < len(asked.revisions):
        return RevisionTree(asked.revisions[number], path)
    dialect = None if interpreter is None else interpreter.dialect
    return FileTree(path, Taken(asked.taken), dialect, level, asked.view)


def _interpreters(asked: _Asked, dialects: DialectTable) -> Sequence[Interpreter | None]:
    from pycinspect.compiling import find_interpreter, interpreters_between

    if not asked.is_range:
        return [find_interpreter(name, dialects=dialects) for name in asked.pythons] or [None]
    first, _, last = asked.pythons[0].partition(_RANGE)
    found, missing = interpreters_between(first, last, dialects=dialects)
    if missing:
        click.echo(f"pycinspect: not installed, left out: {', '.join(missing)}", err=True)
    if len(found) < _SIDES:
        message = f"{asked.pythons[0]}: fewer than two of these are installed here"
        raise PycInspectError("no-interpreter", message)
    return found


class _Options(NamedTuple):
    """How programs are compared.

    Args:
        level: how much must be the same.
        explanations: known differences between versions.
        select: takes the part that is asked for.
    """

    level: Level
    explanations: Sequence[Explanation]
    select: Selection


class _Pair:
    """One comparison, which goes on where a module cannot be read."""

    _NOTHING = "there is nothing to compare, neither a source nor a cache"

    def __init__(self, old: _Side, new: _Side, options: _Options) -> None:
        self.titles = old.title, new.title
        self._old, self._new = old, new
        self._options = options
        self._modules = self._paired()
        if not self._modules:  # what was not looked at is not the same
            both = " and ".join(dict.fromkeys((old.tree.name, new.tree.name)))
            raise PycInspectError("nothing-to-compare", f"{both}: {self._NOTHING}")
        self.exit = Exit.CLEAN

    def _paired(self) -> list[PairedModule]:
        from pycinspect.diffing import paired_modules

        return paired_modules(self._old.tree, self._new.tree)

    def diff(self) -> Diff | None:
        """Compare; return None if nothing could be."""
        from pycinspect.diffing import Diff

        modules = tuple(self._compared())
        if not modules and self.exit >= Exit.TROUBLE:
            return None
        names = self._old.tree.name, self._new.tree.name
        level, explanations, select = self._options
        diff = select(Diff(*names, level, modules, explanations, self._read_words()))
        if not diff.is_same:
            self.exit = max(self.exit, Exit.FINDINGS)
        return diff

    def _read_words(self) -> str:
        """Say which files were read where more than one side could mean several."""
        from pycinspect.diffing import words_for

        if self._modules == [(self._old.tree.name, self._new.tree.name)]:
            return ""  # two files
        return words_for(self._modules, self._old.tree, self._new.tree)

    def _compared(self) -> Iterator[ModuleDiff]:
        for pair in self._modules:
            found: list[ModuleDiff] = []
            subject = " and ".join(dict.fromkeys(path for path in pair if path is not None))
            self.exit = max(self.exit, attempted(subject, partial(self._compare, pair, found)))
            yield from (replace(module, name=self._name(pair)) for module in found)

    def _name(self, pair: PairedModule) -> str:
        """Return what an import would call a module."""
        from pycinspect.diffing import module_name

        if pair.new is not None:
            return module_name(pair.new, self._new.tree.name)
        return module_name(pair.old or "", self._old.tree.name)

    def _compare(self, pair: PairedModule, found: list[ModuleDiff]) -> None:
        from pycinspect.diffing import diff_module

        try:
            old, new = _read(pair.old, self._old), _read(pair.new, self._new)
        except PycInspectError as error:
            module = self._unread(pair, error)
            if module is None:
                raise
            found.append(module)
            return
        found.append(diff_module(old, new, self._options.level, self._options.explanations))

    def _unread(self, pair: PairedModule, error: PycInspectError) -> ModuleDiff | None:
        """Compare the bytes of two caches where that is asked for, and no more can be done."""
        from pycinspect.diffing import ModuleDiff, unreadable_changes
        from pycinspect.pyc import SubjectKind, subject_kind

        if self._options.level is not Level.EXACT or pair.old is None or pair.new is None:
            return None
        sides = ((pair.old, self._old), (pair.new, self._new))
        contents = [side.tree.content(path) for path, side in sides]
        kinds = (
            subject_kind(data, path, side.options.dialects, side.options.dialect)
            for data, (path, side) in zip(contents, sides, strict=True)
        )
        if contents[0] == contents[1] or SubjectKind.SOURCE in kinds:
            return None
        return ModuleDiff(*pair, (), unreadable_changes(contents[0], contents[1], error))


class _AgainstSources(_Pair):
    """Caches, each after its source as the Python that wrote the cache compiles it."""

    _NOTHING = "there is no cache to compare with its source"

    def __init__(self, old: _Side, new: _Side, options: _Options) -> None:
        super().__init__(old, new, options)
        self.titles = f"sources of {new.title}", f"caches of {new.title}"
        self._interpreters: dict[str, Interpreter | None] = {}

    def _paired(self) -> list[PairedModule]:
        from pycinspect.diffing import with_their_sources

        return with_their_sources(self._new.tree.name, self._new.options.view)

    def _read_words(self) -> str:
        is_tree = self._new.options.view.is_dir(self._new.tree.name)
        return super()._read_words() if is_tree else ""

    def _compare(self, pair: PairedModule, found: list[ModuleDiff]) -> None:
        from pycinspect.diffing import levels_in

        if pair.new is None or pair.old is None:
            super()._compare(pair, found)
            return
        levels = levels_in(pair.new)
        module = self._at(levels[0], pair)
        for level in levels[1:]:  # the name leaves it open
            module = module if module.is_same else self._at(level, pair)
        found.append(module if module.is_same else self._explained(module, pair))

    def _explained(self, module: ModuleDiff, pair: PairedModule) -> ModuleDiff:
        """Say which level a cache is of that is not of the one that its name says."""
        agreeing = (level for level in range(_LEVELS) if self._at(level, pair).is_same)
        level = next(agreeing, None)
        if level is None:
            return module
        return replace(module, agrees_with=f"-{'O' * level}" if level else "no -O")

    def _at(self, level: int, pair: PairedModule) -> ModuleDiff:
        """Compare a cache with its source as it is compiled at a level of optimization."""
        from pycinspect.diffing import diff_module

        new = _read(pair.new, self._new)
        assert new is not None
        compiler = self._compiler(new[1].dialect)
        options = replace(self._old.options, interpreter=compiler, optimize=level)
        old = _read(pair.old, self._old._replace(options=options))
        return diff_module(old, new, self._options.level, self._options.explanations)

    def _compiler(self, dialect: Dialect) -> Interpreter | None:
        """Return who wrote the caches; where it is not installed, who runs this, and say so."""
        from pycinspect.compiling import find_interpreter

        options = self._old.options
        if dialect.magic == options.dialects.running().magic:
            return None
        if dialect.name not in self._interpreters:
            found: Interpreter | None = None
            try:
                found = find_interpreter(dialect.name, dialects=options.dialects)
            except PycInspectError as error:
                running = options.dialects.running().name
                click.echo(f"pycinspect: {error}: {running} compiles the sources", err=True)
            self._interpreters[dialect.name] = found
        return self._interpreters[dialect.name]


def _read(path: str | None, side: _Side) -> NamedCode | None:
    from pycinspect.diffing import leveled

    if path is None:
        return None
    return path, leveled(side.tree.read(path, side.options), side.options)


# --- How it is shown -------------------------------------------------------------------------


def _show(pairs: Sequence[_Pair], layout: _Layout) -> None:
    shows = {"json": _show_json, "markdown": _show_markdown, "text": _show_text}
    shows[layout.format](pairs, layout)


def _show_json(pairs: Sequence[_Pair], layout: _Layout) -> None:
    from pycinspect.report.diff import diff_object

    for pair in pairs:
        diff = pair.diff()
        if diff is not None:
            told = diff if layout.bodies else diff.without_bodies()
            click.echo(json.dumps(diff_object(told)))


def _show_markdown(pairs: Sequence[_Pair], layout: _Layout) -> None:
    from pycinspect.report.diff import markdown_lines

    for pair in pairs:
        diff = pair.diff()
        if diff is not None:
            lines = markdown_lines(
                diff, titles=pair.titles, bodies=layout.bodies, details=not layout.stat
            )
            for line in lines:
                click.echo(line)


def _show_text(pairs: Sequence[_Pair], layout: _Layout) -> None:
    from pycinspect.report.diff import chain_lines
    from pycinspect.report.pen import pen_for

    pen = pen_for(sys.stdout, color=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    compared = [(pair.titles, pair.diff()) for pair in pairs]
    found = [(titles, diff) for titles, diff in compared if diff is not None]
    if len(pairs) > 1:
        for line in chain_lines(found):
            pen.line(*line)
    for titles, diff in found:
        if len(pairs) > 1 and diff.has_nothing_to_say:
            continue
        if len(pairs) > 1:
            pen.line()
        for line in _text_lines(diff, titles, layout):
            pen.line(*line)


def _text_lines(
    diff: Diff, titles: tuple[str, str], layout: _Layout
) -> Iterator[tuple[Piece, ...]]:
    from pycinspect.report.diff import diff_lines, stat_lines

    if layout.stat:
        return stat_lines(diff, titles=titles)
    width = _width(layout)
    return diff_lines(diff, titles=titles, raw=layout.raw, width=width, bodies=layout.bodies)


def _width(layout: _Layout) -> int | None:
    """Return the columns of the terminal, None for one listing under the other."""
    columns = shutil.get_terminal_size((_WIDE, 0)).columns
    wanted = layout.side_by_side
    if wanted is None:
        wanted = sys.stdout.isatty() and columns >= _WIDE
    return columns if wanted else None
