"""``pycinspect check``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pycinspect.cli.common import environment_of, import_options, output_width, programs_of
from pycinspect.cli.failures import Exit, attempted, debug_option
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode

if TYPE_CHECKING:
    from pycinspect.cache import ImportOptions, Verdict
    from pycinspect.dialects import Dialect, DialectTable

__all__ = ["command"]

#: Outcomes after which nothing is left to do.
_CLEAN = frozenset({"load", "no-cache"})
#: Reasons for which there is a cache, or a source, and no import comes to it.
_USELESS = frozenset({"cache-without-source", "not-a-cache-path", "shadowed"})


@click.command("check")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("-m", "modules", multiple=True, metavar="NAME", help="A module to find. Repeatable.")
@click.option(
    "--path",
    "search_path",
    multiple=True,
    metavar="DIR",
    help="Where -m looks: directories and zip files, in order.  [default: this directory]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Show the decision step by step: what is compared."
)
@import_options
@debug_option
def command(
    targets: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    search_path: tuple[str, ...],
    as_json: bool,
    verbose: bool,
    dialect: str | None,
    **given: Any,
) -> None:
    """Say what an import would do with a cache, and why.

    TARGET is a source, a cache by whatever name, an extension module, or a package's
    directory; also one in an archive, ARCHIVE!/PATH. Nothing is imported, run or written. A source that would be compiled is compiled, by that interpreter
    in a process with limits, if it is installed.

    \b
    Examples:
      pycinspect check app.py lib/__pycache__/util.cpython-311.pyc
      pycinspect check app.py --as cpython-3.9 -OO --json
      pycinspect check app.py -v
      pycinspect check -m package.module --path src --path vendor.zip
      pycinspect check 'app-1.0-py3-none-any.whl!/app/__pycache__/m.cpython-312.pyc'
      pycinspect check /srv/app/main.py --user www-data --environment-file /proc/4711/environ
      pycinspect check -m app --path /srv --root unpacked-image --user app --read-only

    Exit codes: 0 the cache is used as it is, 1 it is not, 2 could not be told, 3 an
    error of pycinspect's own; of several targets the highest.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.cache import judge_module, judge_target
    from pycinspect.compiling import Compilers, InstalledCompilers
    from pycinspect.plugins import load_registry

    if not targets and not modules:
        raise click.UsageError("name a TARGET, or a module with -m")
    dialects = load_registry().dialects
    start = _start(dialects, dialect, paths=(*targets, *search_path), **given)
    path = [start.path(entry) for entry in search_path or (os.curdir,)]
    answer = partial(_answer, as_json=as_json, verbose=verbose)
    with Compilers() as compilers:
        asked = InstalledCompilers(compilers, dialects=dialects)
        of_target = partial(judge_target, dialects=dialects, compiler=asked)
        questions: list[tuple[str, Callable[[], Verdict]]] = [
            (target, partial(of_target, start.path(target), start.row_of(target), start.options))
            for target in targets
        ]
        of_module = partial(
            judge_module, path=path, dialect=start.row() if modules else None, options=start.options
        )
        questions += [(name, partial(of_module, name, compiler=asked)) for name in modules]
        sys.exit(max(attempted(target, partial(answer, target, ask)) for target, ask in questions))


class _Start(NamedTuple):
    """How the import is started, and by whom.

    Args:
        options: how.
        named: the dialect that the user names, or None.
        of_image: the dialect of an image's Python, or None.
    """

    options: ImportOptions
    named: Dialect | None
    of_image: Dialect | None

    def row(self) -> Dialect | None:
        """Return whose importer is asked about a module; None is the running one.

        Raises:
            PycInspectError: ``no-interpreter`` for an image without any.
        """
        row = self.named or self.of_image
        root = self.options.view.root
        if row is None and root is not None:
            message = f"no Python is found in {root}: --as names the one that is meant"
            raise PycInspectError("no-interpreter", message)
        return row

    def row_of(self, target: str) -> Dialect | None:
        """Return whose importer is asked about a file; a cache says so itself."""
        return self.named if target.endswith((".pyc", ".pyo")) else self.row()

    def path(self, target: str) -> str:
        """Return a path as the importer has it."""
        view = self.options.view
        return target if view.root is None else view.absolute(target)


def _start(
    dialects: DialectTable,
    dialect: str | None,
    *,
    paths: Sequence[str],
    optimize: int,
    dont_write_bytecode: bool | None,
    check_hash_based_pycs: HashCheckMode | None,
    pycache_prefix: str | None,
    environment: bool | None,
    environment_file: str | None,
    user: str | None,
    read_only: bool | None,
    root: str | None,
) -> _Start:
    from dataclasses import replace

    from pycinspect.cache import (
        ImportOptions,
        named_view,
        options_from_environment,
        python_of_image,
        view_of,
    )

    variables = environment_of(environment=environment, file=environment_file)
    view = named_view(root, user, read_only=bool(read_only))
    for path in paths:
        view = view_of(path, view)
    named = None if dialect is None else dialects[dialect]
    of_image = None
    if view.root is not None and named is None:
        of_image = python_of_image(view, programs_of(variables), dialects)
    options = ImportOptions()
    if variables is not None:
        options = options_from_environment(named or of_image or dialects.running(), variables)
    options = replace(
        options,
        optimize=optimize or options.optimize,
        dont_write_bytecode=bool(dont_write_bytecode) or options.dont_write_bytecode,
        check_hash_based_pycs=check_hash_based_pycs or HashCheckMode.DEFAULT,
        pycache_prefix=pycache_prefix or options.pycache_prefix,
        current_directory=None if view.root is None else "/",
        view=view,
    )
    return _Start(options, named, of_image)


def _answer(target: str, ask: Callable[[], Verdict], *, as_json: bool, verbose: bool) -> Exit:
    """Print an answer, and return the exit code that it asks for."""
    from pycinspect.report.verdict import verdict_object, verdict_text

    verdict = ask()
    if as_json:
        import json

        click.echo(json.dumps(verdict_object(target, verdict)))
    else:
        width = output_width(terminal=sys.stdout.isatty())
        click.echo(verdict_text(target, verdict, width, in_steps=verbose))
    is_clean = verdict.outcome.value in _CLEAN and verdict.reason not in _USELESS
    return Exit.CLEAN if is_clean else Exit.FINDINGS
