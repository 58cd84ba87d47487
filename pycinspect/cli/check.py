"""``pycinspect check``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from pycinspect.cli.common import import_options, output_width
from pycinspect.cli.failures import Exit, attempted, debug_option
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
@click.option(
    "--environment",
    is_flag=True,
    help="Take -O, -B and the prefix from this shell's PYTHON… variables, as the interpreter"
    " would.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@import_options
@debug_option
def command(
    targets: tuple[str, ...],
    *,
    modules: tuple[str, ...],
    search_path: tuple[str, ...],
    environment: bool,
    as_json: bool,
    dialect: str | None,
    optimize: int,
    check_hash_based_pycs: HashCheckMode | None,
    pycache_prefix: str | None,
    dont_write_bytecode: bool | None,
) -> None:
    """Say what an import would do with a cache, and why.

    TARGET is a source, a cache by whatever name, an extension module, or a package's
    directory. Nothing is imported, run or written. A source that would be compiled is compiled, by that interpreter
    in a process with limits, if it is installed.

    \b
    Examples:
      pycinspect check app.py lib/__pycache__/util.cpython-311.pyc
      pycinspect check app.py --as cpython-3.9 -OO --json
      pycinspect check -m package.module --path src --path vendor.zip

    Exit codes: 0 the cache is used as it is, 1 it is not, 2 could not be told, 3 an
    error of pycinspect's own; of several targets the highest.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.cache import judge_module, judge_target
    from pycinspect.compiling import Compilers, InstalledCompilers
    from pycinspect.plugins import load_registry

    if not targets and not modules:
        raise click.UsageError("name a TARGET, or a module with -m")
    dialects = load_registry().dialects
    row = None if dialect is None else dialects[dialect]
    options = _options(
        dialects,
        row,
        environment=environment,
        optimize=optimize,
        dont_write_bytecode=bool(dont_write_bytecode),
        check_hash_based_pycs=check_hash_based_pycs or HashCheckMode.DEFAULT,
        pycache_prefix=pycache_prefix,
    )
    path = search_path or (os.curdir,)
    answer = partial(_answer, as_json=as_json)
    with Compilers() as compilers:
        asked = InstalledCompilers(compilers, dialects=dialects)
        of_target = partial(judge_target, dialects=dialects, compiler=asked)
        questions: list[tuple[str, Callable[[], Verdict]]] = [
            (target, partial(of_target, target, row, options)) for target in targets
        ]
        questions += [
            (name, partial(judge_module, name, path, row, options, compiler=asked))
            for name in modules
        ]
        sys.exit(max(attempted(target, partial(answer, target, ask)) for target, ask in questions))


def _options(
    dialects: DialectTable,
    row: Dialect | None,
    *,
    environment: bool,
    optimize: int,
    dont_write_bytecode: bool,
    check_hash_based_pycs: HashCheckMode,
    pycache_prefix: str | None,
) -> ImportOptions:
    from dataclasses import replace

    from pycinspect.cache import ImportOptions, options_from_environment

    options = ImportOptions()
    if environment:
        options = options_from_environment(row or dialects.running(), os.environ)
    return replace(
        options,
        optimize=optimize or options.optimize,
        dont_write_bytecode=dont_write_bytecode or options.dont_write_bytecode,
        check_hash_based_pycs=check_hash_based_pycs,
        pycache_prefix=pycache_prefix or options.pycache_prefix,
    )


def _answer(target: str, ask: Callable[[], Verdict], *, as_json: bool) -> Exit:
    """Print an answer, and return the exit code that it asks for."""
    from pycinspect.report import verdict_object, verdict_text

    verdict = ask()
    if as_json:
        click.echo(json.dumps(verdict_object(target, verdict)))
    else:
        width = output_width(terminal=sys.stdout.isatty())
        click.echo(verdict_text(target, verdict, width))
    is_clean = verdict.outcome.value in _CLEAN and verdict.reason not in _USELESS
    return Exit.CLEAN if is_clean else Exit.FINDINGS
