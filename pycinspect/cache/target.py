"""From a file that a user names to the question that the importer answers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from pycinspect.cache.assemblies import judge_assembly
from pycinspect.cache.compilable import SourceCompiler
from pycinspect.cache.finder import package_of, search_order
from pycinspect.cache.judge import Case, judge, judge_module
from pycinspect.cache.location import cache_from_source, source_from_cache
from pycinspect.cache.mpymodules import judge_mpy
from pycinspect.cache.naming import level_of, module_objection, split_dotted
from pycinspect.cache.options import ImportOptions
from pycinspect.cache.stray import described_stray
from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.cache.view import View
from pycinspect.cache.zipped import ZipTarget, judge_in_zip, zip_target
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import (
    PYCACHE,
    CacheName,
    NameEnd,
    SubjectKind,
    parse_cache_name,
    parse_name_end,
    subject_kind_of,
    system_errors_named,
)

__all__ = ["judge_target"]

_INIT = "__init__"
_BYTECODE = (".pyc", ".pyo")
_CLASS = "$py.class"
_NOWHERE = "not-a-cache-path"
_PLAIN, _PYO = NameEnd("", "", "pyc"), NameEnd("", "", "pyo")


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
        target: a source, a cache, an extension module, or the directory of a package. A
            cache is told by its content where its name does not say that it is one.
        dialect: whose importer is asked. None means for a cache the one whose tag
            is in its name, else the one whose magic number it has, and for
            everything else the running interpreter's.
        options: how the import is started; a cache's own optimization level
            counts where the options name none.
        dialects: the rows to look in.
        compiler: as ``judge`` takes it.

    Raises:
        PycInspectError: as ``judge_module``; as ``subject_kind_of`` for a file that is
            nothing of these.
    """
    options = options or ImportOptions()
    with system_errors_named(target):
        zipped = zip_target(target, options.view)
        if zipped is not None:
            return _judge_zipped(zipped, dialect, options, dialects)
        if target.endswith((*_BYTECODE, _CLASS)):
            verdict = _judge_bytecode(target, dialect, options, dialects, compiler)
        else:
            verdict = _judge_by_kind(target, dialect, options, dialects, compiler)
        if verdict.reason != _NOWHERE:
            return verdict
        return replace(verdict, remark=described_stray(target, verdict.dialect, options, dialects))


def _judge_zipped(
    zipped: ZipTarget, dialect: Dialect | None, options: ImportOptions, dialects: DialectTable
) -> Verdict:
    """Judge a file that Python imports from the zip file that it lies in."""
    row = dialect
    if row is None and zipped.path.endswith(_BYTECODE):
        row = _dialect_of(zipped.path, _cache_name(zipped.path), dialects, options.view)
    row = row or dialects.running()
    judgement, verdict = judge_in_zip(zipped, row, options)
    if verdict is not None and judgement.reason != "shadowed":
        return verdict
    found = Found(FinderKind.NONE, ignored=(zipped.path,)) if verdict is None else verdict.found
    return Verdict(row, found, None, judgement.outcome, judgement.reason, actual=judgement.actual)


def _judge_by_kind(
    target: str,
    dialect: Dialect | None,
    options: ImportOptions,
    dialects: DialectTable,
    compiler: SourceCompiler | None,
) -> Verdict:
    """Judge what is not bytecode by its name."""
    case = Case(dialect or dialects.running(), options, compiler)
    view = options.view
    if view.is_dir(target):
        return _judge_name(target, target.rstrip("/" + os.sep), case)
    if target.endswith(options.platform.source_suffixes) or not view.exists(target):
        return _about(target, _judge_source(target, case), view)
    rows = (case.row, *dialects) if dialect is None else (dialect,)
    extension = _extension_module(target, rows, options)
    if extension is not None:
        row, name = extension
        return _about(target, _judge_name(target, name, Case(row, options, compiler)), view)
    assembly = judge_assembly(target, dialects, view)
    if assembly is not None:
        return assembly
    compiled = judge_mpy(target, dialect, dialects, view)
    if compiled is not None:
        return compiled
    if subject_kind_of(target, dialects, view.open) is SubjectKind.SOURCE:
        return _about(target, _judge_source(target, case), view)
    row = dialect or _dialect_of(target, None, dialects, view)
    suffix = os.path.splitext(target)[1]
    why = f"{row.name} does not look for {suffix}" if suffix else "its name has no suffix"
    return _nobody_looks(target, row, why)


def _extension_module(
    target: str, rows: Iterable[Dialect], options: ImportOptions
) -> tuple[Dialect, str] | None:
    """Return whose extension module a file is by its name, and that name without suffix.

    The longest suffix counts: many Pythons look for ``.so``, one for the one with its tag.
    """
    found: tuple[Dialect, str] | None = None
    for row in rows:
        for suffix in options.platform.extension_suffixes(row.extensions):
            name = target.removesuffix(suffix)
            if name != target and (found is None or len(name) < len(found[1])):
                found = row, name
    return found


def _judge_bytecode(
    target: str,
    dialect: Dialect | None,
    options: ImportOptions,
    dialects: DialectTable,
    compiler: SourceCompiler | None,
) -> Verdict:
    name = _cache_name(target)
    if dialect is None and target.endswith(_CLASS):
        dialect = _row_of_classes(dialects)
    row = dialect or _dialect_of(target, name, dialects, options.view)
    level = level_of(_PYO if target.endswith(".pyo") else NameEnd(*name[1:]) if name else _PLAIN)
    if level and not options.optimize:
        options = replace(options, optimize=level)
    return _judge_cache(target, Case(row, options, compiler))


def _row_of_classes(dialects: DialectTable) -> Dialect | None:
    """Return whose cache a class file of that name is, whatever is in it."""
    return next((row for row in dialects if row.classes is not None), None)


def _judge_source(source: str, case: Case) -> Verdict:
    name, suffix = os.path.splitext(source)
    is_module = suffix in (*case.options.platform.source_suffixes, *_BYTECODE)
    return _judge_name(source, name if is_module else source, case)


def _judge_name(source: str, name: str, case: Case) -> Verdict:
    """Ask for the module that a file or a package defines, from its own directory."""
    directory, stem = os.path.split(name)
    if stem == _INIT:
        directory, stem = os.path.split(directory or case.options.view.absolute(directory))
    row, options, compiler = case
    if module_objection(stem) is not None:
        # Only a loader that is given its path comes to it.
        return judge(source, row, options, compiler=compiler)
    package = package_of(directory, search_order(row, options))
    return judge_module(stem, [directory], row, options, package=package, compiler=compiler)


def _about(target: str, verdict: Verdict, view: View) -> Verdict:
    """Return a verdict on a module as one on a file of it: another may be found first."""
    winner = verdict.found.path
    if winner is None or any(_is_same(target, path) for path in (winner, verdict.cache_path)):
        return verdict
    if not view.lexists(target) and verdict.found.kind is FinderKind.NAMESPACE:
        return verdict
    return Verdict(
        verdict.dialect, verdict.found, None, Outcome.NO_CACHE, "shadowed", actual=winner
    )


def _is_same(path: str, other: str | None) -> bool:
    return other is not None and os.path.abspath(path) == os.path.abspath(other)


def _judge_cache(target: str, case: Case) -> Verdict:
    row, options, _ = case
    source = _source_of(target, row, options)
    if source is None:
        return _judge_other(target, case)
    expected = cache_from_source(
        source,
        row,
        optimization=options.optimize or "",
        pycache_prefix=options.pycache_prefix,
        current_directory=options.current_directory,
        platform=options.platform,
    )
    if not _is_same(expected, target):
        return _nobody_looks(target, row, _why_elsewhere(target, expected))
    verdict = _judge_source(source, case)
    is_beside = row.cache_path is not None and not row.cache_path.directory
    if is_beside or verdict.found.path is None or options.view.is_file(source):
        return _about(target, verdict, options.view)
    return Verdict(row, verdict.found, target, Outcome.NO_CACHE, "cache-without-source")


def _source_of(target: str, row: Dialect, options: ImportOptions) -> str | None:
    """Return the source that a cache's path belongs to; None where it is not a cache's."""
    prefix, platform = options.pycache_prefix, options.platform
    try:
        return source_from_cache(target, row, pycache_prefix=prefix, platform=platform)
    except PycInspectError:
        stem, end = split_dotted(os.path.basename(target))
    any_name = os.path.join(os.path.dirname(target), f"x.{end}")
    try:
        place = source_from_cache(any_name, row, pycache_prefix=prefix, platform=platform)
    except PycInspectError:
        return None
    source = os.path.join(os.path.dirname(place), f"{stem}.py")
    return source if options.view.is_file(source) else None


def _why_elsewhere(target: str, expected: str) -> str:
    """Return why an importer looks for a cache at another path."""
    if os.path.basename(target) == os.path.basename(expected):
        return f"it looks for {expected}"
    return f"it looks for {os.path.basename(expected)}"


def _judge_other(target: str, case: Case) -> Verdict:
    """Judge bytecode outside the cache directory: it stands in a source's place."""
    directory = os.path.basename(os.path.dirname(os.path.abspath(target)))
    row, options, _ = case
    stem, suffix = os.path.splitext(os.path.basename(target))
    if directory == PYCACHE:
        return _nobody_looks(target, row, f"it is none that is kept in {PYCACHE}")
    objection = module_objection(stem if suffix else "")
    if objection is None and not search_order(row, options).looks_for(suffix):
        objection = f"{row.name} does not look for {suffix}"
    if objection is not None:
        return _nobody_looks(target, row, objection)
    return _about(target, _judge_source(target, case), options.view)


def _nobody_looks(target: str, row: Dialect, why: str) -> Verdict:
    found = Found(FinderKind.NONE, ignored=(target,))
    return Verdict(row, found, None, Outcome.NO_CACHE, _NOWHERE, actual=why)


def _cache_name(target: str) -> CacheName | None:
    filename = os.path.basename(target)
    try:
        return parse_cache_name(filename)
    except ValueError:
        stem, end = split_dotted(filename)
    try:
        return CacheName(stem, *parse_name_end(end))
    except ValueError:  # beside its source, or a stray
        return None


def _dialect_of(target: str, name: CacheName | None, dialects: DialectTable, view: View) -> Dialect:
    """Return whose importer looks for a cache: the tag decides, then the magic."""
    try:
        magic = view.read_start(target).data[:4]
    except (OSError, ValueError, PycInspectError):
        magic = b""  # the verdict will say what is wrong with the file
    tag = name.tag if name is not None else None
    writer = dialects.find(magic, tag)
    readers = dialects.tagged(tag) if tag is not None else ()
    if readers:
        return writer if writer in readers and writer is not None else readers[0]
    return writer or dialects.running()
