"""From a file that a user names to the question that the importer answers."""

from __future__ import annotations

import os
from dataclasses import replace

from pycinspect.cache.compilable import SourceCompiler
from pycinspect.cache.judge import Case, judge, judge_module
from pycinspect.cache.location import cache_from_source, source_from_cache
from pycinspect.cache.options import ImportOptions
from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE, CacheName, parse_cache_name, read_start, system_errors_named

__all__ = ["judge_target"]

_INIT = "__init__"


def judge_target(
    target: str,
    dialect: Dialect | None = None,
    options: ImportOptions | None = None,
    *,
    dialects: DialectTable = DIALECTS,
    compiler: SourceCompiler | None = None,
) -> Verdict:
    """Decide what happens at the import of the module that a file belongs to.

    Args:
        target: a source, a cache in ``__pycache__`` or beside the source, or the
            directory of a package.
        dialect: whose importer is asked. None means for a cache the one whose tag
            is in its name, else the one whose magic number it has, and for
            everything else the running interpreter's.
        options: how the import is started; a cache's own optimization level
            counts where the options name none.
        dialects: the rows to look in.
        compiler: as ``judge`` takes it.

    Raises:
        PycInspectError: as ``judge_module``.
    """
    with system_errors_named(target):
        return _judged(target, dialect, options or ImportOptions(), dialects, compiler)


def _judged(
    target: str,
    dialect: Dialect | None,
    options: ImportOptions,
    dialects: DialectTable,
    compiler: SourceCompiler | None,
) -> Verdict:
    if not target.endswith((".pyc", ".pyo")):
        row = dialect or dialects.running()
        case = Case(row, options, compiler)
        if os.path.isdir(target):
            return _judge_name(target, target.rstrip("/" + os.sep), case)
        return _judge_source(target, case)
    name = _cache_name(target)
    row = dialect or _dialect_of(target, name, dialects)
    level = name.optimization if name is not None else ""
    if target.endswith(".pyo"):
        level = level or "1"
    if level.isdigit() and not options.optimize:
        options = replace(options, optimize=int(level))
    return _judge_cache(target, Case(row, options, compiler))


def _judge_source(source: str, case: Case) -> Verdict:
    return _judge_name(source, source.removesuffix(".py"), case)


def _judge_name(source: str, name: str, case: Case) -> Verdict:
    """Ask for the module that a file or a package defines, from its own directory."""
    directory, stem = os.path.split(name)
    if stem == _INIT:
        directory, stem = os.path.split(directory or os.path.abspath(directory))
    row, options, compiler = case
    if not stem or "." in stem:
        return judge(source, row, options, compiler=compiler)  # no import statement can name it
    package = _package_of(directory)
    return judge_module(stem, [directory], row, options, package=package, compiler=compiler)


def _package_of(directory: str) -> str:
    """Return the full name of the package that a directory is, "" if it is none."""
    names: list[str] = []
    place = os.path.abspath(directory)
    while os.path.isfile(os.path.join(place, f"{_INIT}.py")):
        place, name = os.path.split(place)
        names.insert(0, name)
    return ".".join(names)


def _judge_cache(target: str, case: Case) -> Verdict:
    row, options, _ = case
    try:
        source = source_from_cache(
            target, row, pycache_prefix=options.pycache_prefix, platform=options.platform
        )
    except PycInspectError:
        return _judge_other(target, case)
    expected = cache_from_source(
        source,
        row,
        optimization=options.optimize or "",
        pycache_prefix=options.pycache_prefix,
        current_directory=options.current_directory,
        platform=options.platform,
    )
    if os.path.normpath(expected) != os.path.normpath(target):
        return _nobody_looks(target, row)
    return _judge_source(source, case)


def _judge_other(target: str, case: Case) -> Verdict:
    """Judge bytecode outside the cache directory: it stands in a source's place."""
    directory = os.path.basename(os.path.dirname(os.path.abspath(target)))
    if directory == PYCACHE or (target.endswith(".pyo") and case.options.optimize == 0):
        return _nobody_looks(target, case.row)
    return _judge_source(os.path.splitext(target)[0] + ".py", case)


def _nobody_looks(target: str, row: Dialect) -> Verdict:
    found = Found(FinderKind.NONE, ignored=(target,))
    return Verdict(row, found, None, Outcome.NO_CACHE, "not-a-cache-path")


def _cache_name(target: str) -> CacheName | None:
    try:
        return parse_cache_name(os.path.basename(target))
    except ValueError:  # beside its source, or a stray
        return None


def _dialect_of(target: str, name: CacheName | None, dialects: DialectTable) -> Dialect:
    """Return whose importer looks for a cache: the tag decides, then the magic."""
    try:
        magic = read_start(target).data[:4]
    except (OSError, ValueError, PycInspectError):
        magic = b""  # the verdict will say what is wrong with the file
    tag = name.tag if name is not None else None
    writer = dialects.find(magic, tag)
    readers = dialects.tagged(tag) if tag is not None else ()
    if readers:
        return writer if writer in readers and writer is not None else readers[0]
    return writer or dialects.running()
