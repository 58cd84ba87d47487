"""``pycinspect show``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import click

from pycinspect.cli.common import completing, dialect_names, python_versions
from pycinspect.cli.failures import Exit, attempted, debug_option
from pycinspect.errors import PycInspectError
from pycinspect.values import ARCHIVE_MARK

if TYPE_CHECKING:
    from pycinspect.compiling import Compilers
    from pycinspect.dialects import DialectTable
    from pycinspect.programs import ReadOptions, Subject
    from pycinspect.pyc import ByteRange, Header

__all__ = ["command"]

_STDIN = "-"
#: What code objects from standard input say that they come from.
_STDIN_NAME = "<stdin>"

#: Options to those that would do nothing beside them.
_USELESS = {
    "--header": ("--bytes", "--canonical", "--code", "--raw", "--python", "-O", "--as"),
    "--bytes": ("--canonical", "--code", "--raw", "--python", "-O"),
    "--canonical": ("--json", "--raw"),
    "--json": ("--raw",),
}


class _Way(NamedTuple):
    """How files are shown.

    Args:
        show: shows one, or raises PycInspectError.
        tell: writes into an output for machines why one cannot be shown.
    """

    show: Callable[[str], None]
    tell: Callable[[str, PycInspectError], None] | None = None


@click.command("show")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--header", is_flag=True, help="Only the header, decoded, with offsets.")
@click.option("--bytes", "dump", is_flag=True, help="The file byte by byte: what stands where.")
@click.option(
    "--code",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only the code object with this qualified name. Repeatable.",
)
@click.option("--raw", is_flag=True, help="Offsets, EXTENDED_ARG and inline caches, too.")
@click.option(
    "--canonical",
    is_flag=True,
    help="What the code means, whatever Python wrote it: the form that diff compares.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, a line each.")
@click.option(
    "--python",
    metavar="PYTHON",
    shell_complete=completing(python_versions),
    help="Who compiles sources: a version (3.9) or the path of an interpreter."
    "  [default: the running one]",
)
@click.option("-O", "optimize", count=True, help="Compile sources as python -O and -OO.")
@click.option(
    "--as",
    "dialect",
    metavar="DIALECT",
    shell_complete=completing(dialect_names),
    help="Whose bytecode it is, whatever its magic number says: cpython-3.9 …",
)
@debug_option
def command(
    files: tuple[str, ...],
    *,
    header: bool,
    dump: bool,
    names: tuple[str, ...],
    raw: bool,
    canonical: bool,
    as_json: bool,
    python: str | None,
    optimize: int,
    dialect: str | None,
) -> None:
    """Show what cache files say: their code, instruction by instruction.

    FILE is a cache, by whatever name; a class file of Jython, an assembly of IronPython or a
    .mpy file of MicroPython; a source, which is compiled and not run; a file in an archive, ARCHIVE!/PATH; or - for standard
    input.

    \b
    Examples:
      pycinspect show __pycache__/app.cpython-312.pyc
      pycinspect show app.py --python 3.9 -O --code 'Cart.total'
      pycinspect show --raw --code '<module>' app.pyc
      pycinspect show --canonical app.pyc
      pycinspect show --json *.pyc | jq '.codes[].qualname'
      pycinspect show --bytes app.pyc
      pycinspect show --header __pycache__/app.cpython-312.pyc
      pycinspect show 'app-1.0-py3-none-any.whl!/app/__pycache__/m.cpython-312.pyc'

    Exit codes: 0 all were shown, 2 at least one was not, 3 an error of pycinspect's own.
    """  # noqa: D301 - \b is click's mark, a control character
    from pycinspect.cli.show_foreign import ForeignWay, or_foreign
    from pycinspect.plugins import load_registry

    given = {
        "--header": header,
        "--bytes": dump,
        "--canonical": canonical,
        "--json": as_json,
        "--code": names,
        "--raw": raw,
        "--python": python,
        "-O": optimize,
        "--as": dialect,
    }
    _refuse_ignored([option for option, value in given.items() if value])
    dialects = load_registry().dialects
    of_foreign = ForeignWay(dialects, names, header, canonical, as_json)
    if header:
        way = (_headers_as_json if as_json else _headers_as_text)(dialects)
        way = way._replace(show=or_foreign(way.show, of_foreign))
        sys.exit(max(_shown(path, way) for path in files))
    from pycinspect.compiling import Compilers

    with Compilers() as compilers:
        options = _read_options(dialects, dialect, python, optimize, compilers)
        if dump:
            way = (_bytes_as_json if as_json else _bytes_as_text)(options)
        else:
            way = _way_of_code(options, names, raw=raw, canonical=canonical, as_json=as_json)
            way = way._replace(show=or_foreign(way.show, of_foreign))
        sys.exit(max(_shown(path, way) for path in files))


def _refuse_ignored(given: list[str]) -> None:
    """Refuse an option that another one would make useless."""
    for option, with_which in _USELESS.items():
        useless = [other for other in given if other in with_which]
        if option in given and useless:
            raise click.UsageError(f"{option} does not go with {' and '.join(useless)}")


def _shown(path: str, way: _Way) -> Exit:
    tell = None if way.tell is None else partial(way.tell, path)
    return attempted(path, partial(way.show, path), tell)


# --- Headers ---------------------------------------------------------------------


def _headers_as_text(dialects: DialectTable) -> _Way:
    from pycinspect.report.header import header_text

    def show(path: str) -> None:
        click.echo(header_text(path, _header(path, dialects)))

    return _Way(show)


def _headers_as_json(dialects: DialectTable) -> _Way:
    from pycinspect.report.header import header_object

    def show(path: str) -> None:
        _print(header_object(path, _header(path, dialects), None))

    return _Way(show, lambda path, error: _print(header_object(path, None, error)))


def _header(path: str, dialects: DialectTable) -> Header:
    from pycinspect.pyc import errors_named, parse_header, read_header, tag_of

    if path == _STDIN:
        return parse_header(_standard_input(), dialects=dialects)
    if ARCHIVE_MARK not in path:
        return read_header(path, dialects=dialects)
    from pycinspect.cache import HERE, view_of

    with errors_named(path):
        start = view_of(path, HERE).read_start(path).data
        return parse_header(start, tag=tag_of(path), dialects=dialects)


def _print(value: object) -> None:
    import json

    click.echo(json.dumps(value))


# --- Bytes -----------------------------------------------------------------------


def _bytes_as_text(options: ReadOptions) -> _Way:
    from pycinspect.report.dis import title_of
    from pycinspect.report.dump import dump_lines

    def show(path: str) -> None:
        subject, ranges = _ranges(path, options)
        header = subject.file.header if subject.has_header else None
        title = title_of(subject._replace(name=path))
        for line in dump_lines(title, subject.content, ranges, header):
            click.echo(line)

    return _Way(show)


def _bytes_as_json(options: ReadOptions) -> _Way:
    from pycinspect.report.dump import dump_object

    def show(path: str) -> None:
        subject, ranges = _ranges(path, options)
        _print(dump_object(path, subject.dialect, subject.content, ranges))

    return _Way(show, lambda path, error: _print(dump_object(path, None, b"", None, error)))


def _ranges(path: str, options: ReadOptions) -> tuple[Subject, list[ByteRange]]:
    """Read a cache, and return what each of its bytes is."""
    from pycinspect.pyc import byte_ranges

    subject = _subject(path, options, ())
    if subject.kind.name == "SOURCE":
        raise PycInspectError("not-a-pyc", "it is a source: --bytes is for caches", path=path)
    header = subject.file.header if subject.has_header else None
    return subject, byte_ranges(
        subject.content, header, subject.file.header.dialect, dialects=options.dialects
    )


# --- Code ------------------------------------------------------------------------


def _way_of_code(
    options: ReadOptions, names: tuple[str, ...], *, raw: bool, canonical: bool, as_json: bool
) -> _Way:
    if as_json:
        return _as_json(options, names)
    return _as_text(options, names, raw=raw, canonical=canonical)


def _as_text(options: ReadOptions, names: tuple[str, ...], *, raw: bool, canonical: bool) -> _Way:
    import shutil

    from pycinspect.report.dis import title_of
    from pycinspect.report.listing import ListingOptions, listing
    from pycinspect.report.pen import pen_for

    terminal = sys.stdout.isatty()
    pen = pen_for(sys.stdout, color=terminal and "NO_COLOR" not in os.environ)
    width = shutil.get_terminal_size().columns if terminal else None
    wanted = ListingOptions(names, raw=raw, width=width)
    shown = count()

    def show(path: str) -> None:
        subject = _subject(path, options, names)
        if next(shown):
            pen.line()
        title = title_of(subject._replace(name=path))
        if canonical:
            from pycinspect.report.canonical import canonical_lines

            lines = canonical_lines(title, subject.file, names)
        else:
            lines = listing(title, subject.file, subject.source, wanted)
        for line in lines:
            pen.line(*line)

    return _Way(show)


def _as_json(options: ReadOptions, names: tuple[str, ...]) -> _Way:
    from pycinspect.report.code import code_objects
    from pycinspect.report.header import show_object

    def show(path: str) -> None:
        subject = _subject(path, options, names)
        codes = code_objects(subject.file.code, subject.file.dialect, names)
        _print(show_object(path, subject.file.header, codes, has_header=subject.has_header))

    def tell(path: str, error: PycInspectError) -> None:
        _print(show_object(path, _header_if_any(path, options), None, error))

    return _Way(show, tell)


def _header_if_any(path: str, options: ReadOptions) -> Header | None:
    """Return the header of a file whose payload could not be read."""
    if path == _STDIN or options.dialect is not None:
        return None
    try:
        return _header(path, options.dialects)
    except PycInspectError:  # what could not be read is already being reported
        return None


def _read_options(
    dialects: DialectTable,
    dialect: str | None,
    python: str | None,
    optimize: int,
    compilers: Compilers,
) -> ReadOptions:
    from pycinspect.compiling import find_interpreter
    from pycinspect.programs import ReadOptions

    row = None if dialect is None else dialects[dialect]
    interpreter = None if python is None else find_interpreter(python, dialects=dialects)
    return ReadOptions(dialects, row, interpreter, optimize, compilers)


def _subject(path: str, options: ReadOptions, names: tuple[str, ...]) -> Subject:
    """Read a file, in which there must be code objects with these names."""
    from pycinspect.programs import parse_subject, read_subject

    if path == _STDIN:
        subject = parse_subject(_standard_input(), _STDIN_NAME, options)
    else:
        subject = read_subject(path, options)
    if subject.kind.name != "SOURCE" and (options.interpreter or options.optimize):
        message = f"it is {subject.kind.value}: --python and -O are for sources"
        raise PycInspectError("not-a-source", message, path=path)
    for name in names:
        subject.file.code.find(name)
    return subject


def _standard_input() -> bytes:
    from pycinspect.programs import read_stream

    if sys.stdin is None:
        raise PycInspectError("unreadable", "it is closed", path=_STDIN_NAME)
    return read_stream(sys.stdin.buffer, _STDIN_NAME)
