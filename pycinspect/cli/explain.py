"""``pycinspect explain``."""

from __future__ import annotations

import sys
from functools import partial

import click

from pycinspect.cli.common import completing, python_versions
from pycinspect.cli.failures import attempted, debug_option

__all__ = ["command"]


@click.command("explain")
@click.argument("file", metavar="FILE")
@click.option(
    "--code",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only the code object with this qualified name. Repeatable.",
)
@click.option(
    "--python",
    metavar="PYTHON",
    shell_complete=completing(python_versions),
    help="Who compiles a source: a version (3.9) or the path of an interpreter."
    "  [default: the running one]",
)
@debug_option
def command(file: str, *, names: tuple[str, ...], python: str | None) -> None:
    """Show the way of a program: its source, what the importer does, its variables and instructions.

    FILE is a cache, or a source, which is compiled and not run. Of each instruction it is said what
    it does, and what is on the stack before and after it. The stack is shown in symbols,
    the top on the right; "?" is a value that differs between the paths that meet.

    \b
    Examples:
      pycinspect explain hello.py
      pycinspect explain app.py --code Cart.total --python 3.9
      pycinspect explain __pycache__/app.cpython-312.pyc

    Exit codes: 0 it was explained, 2 it could not be read, 3 an error of pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    sys.exit(attempted(file, partial(_explain, file, names, python)))


def _explain(path: str, names: tuple[str, ...], python: str | None) -> None:
    from pycinspect.cache import judge_target
    from pycinspect.compiling import Compilers, InstalledCompilers, find_interpreter
    from pycinspect.errors import PycInspectError
    from pycinspect.plugins import load_registry
    from pycinspect.programs import ReadOptions, read_subject
    from pycinspect.report.dis import title_of
    from pycinspect.report.explained import explained_lines, stage_lines

    dialects = load_registry().dialects
    interpreter = None if python is None else find_interpreter(python, dialects=dialects)
    with Compilers() as compilers:
        subject = read_subject(path, ReadOptions(dialects, None, interpreter, 0, compilers))
        asked = None if interpreter is None else interpreter.dialect
        compiler = InstalledCompilers(compilers, dialects=dialects)
        verdict = judge_target(path, asked, dialects=dialects, compiler=compiler)
    if interpreter is not None and subject.kind.name != "SOURCE":
        message = f"it is {subject.kind.value}: --python is for sources"
        raise PycInspectError("not-a-source", message, path=path)
    for name in names:
        subject.code.find(name)
    click.echo(title_of(subject))
    if not names:
        for line in stage_lines(subject.source, len(subject.content), verdict):
            click.echo(line)
    for line in explained_lines(subject.file, subject.source, names):
        click.echo(line)
