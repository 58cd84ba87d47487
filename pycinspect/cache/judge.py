"""The whole question: what happens if this module is imported now?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pycinspect.cache.classes import judge_class, milliseconds
from pycinspect.cache.compilable import SourceCompiler, compilable
from pycinspect.cache.finder import find_part
from pycinspect.cache.importer import (
    CacheBytes,
    Judgement,
    Subject,
    decide,
    decide_sourceless,
    mtime_overflows,
    refused,
    source_mtime,
    unreadable_source,
    why_never,
)
from pycinspect.cache.location import cache_from_source
from pycinspect.cache.options import ImportOptions
from pycinspect.cache.payload import judge_payload
from pycinspect.cache.sourcehash import NOT_COMPARED, hash_differs
from pycinspect.cache.verdict import Comparison, FinderKind, Found, Outcome, Verdict
from pycinspect.cache.view import View
from pycinspect.cache.writer import plan_write
from pycinspect.cache.zipimporter import judge_zip, lies_in_zip
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import file_kind, system_errors_named
from pycinspect.values import StrPath

__all__ = ["SOURCE_LIMIT", "Case", "judge", "judge_module"]

#: Largest source, in bytes, that is read to be hashed or compiled.
SOURCE_LIMIT = 64 * 1024 * 1024

_WITHOUT_CACHE = {
    FinderKind.EXTENSION: "extension-module",
    FinderKind.NAMESPACE: "namespace-package",
    FinderKind.EMPTY_PACKAGE: "empty-package",
}


class Case(NamedTuple):
    """Who imports, how it is started, and who is asked whether sources compile."""

    row: Dialect
    options: ImportOptions
    compiler: SourceCompiler | None


def judge(
    source: StrPath,
    dialect: Dialect | str | None = None,
    options: ImportOptions | None = None,
    *,
    compiler: SourceCompiler | None = None,
) -> Verdict:
    """Decide what happens when the file ``source`` is imported.

    Args:
        source: a source, or a ``.pyc`` that stands in a source's place. What
            else lies beside it does not count; see :func:`judge_module`.
        dialect: a row or its name; None is the running interpreter's.
        options: how the import is started.
        compiler: who is asked whether a source compiles that would be compiled; None
            where nobody is, and the verdict leaves open what only a compiler knows.

    Returns:
        The verdict; nothing is imported, run or written.

    Raises:
        PycInspectError: ``unknown-dialect``, ``hash-unavailable``, ``too-large``,
            or ``unsupported`` where the dialect's caches are not read;
            ``not-found`` or ``unreadable`` where the file system refuses.

    The rules are in ``cache.importer``.
    """
    path = os.fsdecode(source)
    is_bytecode = path.endswith((".pyc", ".pyo", "$py.class"))
    kind = FinderKind.SOURCELESS if is_bytecode else FinderKind.SOURCE
    case = Case(DIALECTS.resolve(dialect), options or ImportOptions(), compiler)
    if not case.options.view.is_file(path):
        kind = FinderKind.NONE
    found = Found(kind, path if kind is not FinderKind.NONE else None)
    with system_errors_named(path):
        return _judge_found(found, path, case)


def judge_module(
    name: str,
    path: Sequence[StrPath] | None = None,
    dialect: Dialect | str | None = None,
    options: ImportOptions | None = None,
    *,
    package: str = "",
    compiler: SourceCompiler | None = None,
) -> Verdict:
    """Find a module as the importer would, and decide what happens to it.

    Args:
        name: the full name of the module.
        path: directories and zip files, in their order; None is ``sys.path``.
        dialect: a row or its name; None is the running interpreter's.
        options: how the import is started.
        package: the full name of the package whose ``__path__`` the path is.
        compiler: as :func:`judge` takes it.

    Raises:
        PycInspectError: as :func:`judge`, and ``bad-zip``.
    """
    row = DIALECTS.resolve(dialect)
    options = options or ImportOptions()
    places = [os.fsdecode(entry) for entry in (sys.path if path is None else path)]
    wanted = os.path.join(places[0] if places else "", *name.split(".")) + ".py"
    case = Case(row, options, compiler)
    *parents, part = name.split(".")
    for parent in parents:
        found = find_part(parent, places, row, options, package=package)
        above = _judged(found, wanted, case)
        if above.outcome is Outcome.RAISE:
            return replace(above, reason="package-fails", actual=_told(parent, above))
        places = [*above.found.search_path]
        package = f"{package}.{parent}" if package else parent
    found = find_part(part, places, row, options, package=package)
    return _judged(found, wanted, case)


def _judged(found: Found, wanted: str, case: Case) -> Verdict:
    with system_errors_named(found.path or wanted):
        return _judge_found(found, wanted, case)


def _told(package: str, above: Verdict) -> str:
    return f"{package} ({above.why})"


def _judge_found(found: Found, wanted: str, case: Case) -> Verdict:
    """Choose the procedure by what was found; ``wanted`` is the file looked for."""
    row, options, compiler = case
    if found.resident is not None:
        return Verdict(row, found, None, Outcome.NO_CACHE, found.resident)
    if found.kind is FinderKind.NONE or found.path is None:
        return _not_found(found, wanted, row, options)
    if found.kind in _WITHOUT_CACHE:
        return Verdict(row, found, None, Outcome.NO_CACHE, _WITHOUT_CACHE[found.kind])
    if lies_in_zip(found, row, options.view):
        return judge_zip(found, row, options, compiler)
    if found.is_bytecode:
        return _judge_sourceless(found, found.path, row, options)
    if found.kind is FinderKind.PACKAGE and not found.path.endswith(
        options.platform.source_suffixes
    ):
        return Verdict(row, found, None, Outcome.NO_CACHE, "extension-module")
    return _judge_source(found, found.path, case)


def _not_found(found: Found, wanted: str, row: Dialect, options: ImportOptions) -> Verdict:
    cache = _cache_path(wanted, row, options)
    orphan = (
        cache is not None
        and row.cache_path is not None
        and bool(row.cache_path.directory)
        and options.view.lexists(cache)
    )
    reason = "cache-without-source" if orphan else "module-not-found"
    return Verdict(
        row,
        found,
        cache if orphan else None,
        Outcome.NOT_FOUND,
        reason,
        exception=row.finder.missing,
    )


def _cache_path(source: str, row: Dialect, options: ImportOptions) -> str | None:
    """Return where the importer looks for the cache; None where it does not."""
    if row.cache_path is None or (row.cache_path.directory and row.cache_tag is None):
        return None
    return cache_from_source(
        source,
        row,
        optimization=options.optimize or "",
        pycache_prefix=options.pycache_prefix,
        current_directory=options.current_directory,
        platform=options.platform,
    )


# --- Bytecode in the source's place ------------------------------------------


def _judge_sourceless(found: Found, path: str, row: Dialect, options: ImportOptions) -> Verdict:
    if row.classes is not None:
        judgement = _judge_class_file(path, None, row, options)
        return _verdict(found, path, judgement, row, options.view)
    _require_pyc(row)
    cache = _read_cache(path, options.view)
    if isinstance(cache, CacheBytes):
        subject = Subject(row, cache, None, lambda: b"", options.check_hash_based_pycs)
        judgement, compared = decide_sourceless(subject)
        return replace(_verdict(found, path, judgement, row, options.view), compared=compared)
    # only C opens a directory; it reads nothing from it, thus no magic number
    assert row.importer is not None
    exception = cache.exception or row.importer.sourceless_errors["bad-magic"]
    judgement = cache._replace(outcome=Outcome.RAISE, exception=exception)
    return _verdict(found, path, judgement, row, options.view)


# --- A source and its cache --------------------------------------------------


def _judge_source(found: Found, path: str, case: Case) -> Verdict:
    row, options, _ = case
    cache_path = _cache_path(path, row, options)
    if cache_path is None:
        reason = "no-cache-tag" if row.cache_path is not None else "dialect-without-cache"
        return Verdict(row, found, None, Outcome.NO_CACHE, reason, actual=row.name)
    if row.classes is None:
        _require_pyc(row)
    try:
        status = options.view.stat(path)
    except OSError as error:  # it was there a moment ago
        return _verdict(found, cache_path, unreadable_source(error), row, options.view)
    judgement, compared = _judge_with_source(path, cache_path, status, row, options)
    if judgement.outcome is not Outcome.RECOMPILE:
        verdict = _verdict(found, cache_path, judgement, row, options.view)
        runs_old_code = _runs_old_code(verdict, path, options.view)
        return replace(verdict, runs_old_code=runs_old_code, compared=compared)
    judgement, doubt = _compiled(judgement, path, case)
    verdict = _verdict(found, cache_path, judgement, row, options.view)
    verdict = replace(verdict, doubt=doubt, compared=compared)
    if judgement.outcome is not Outcome.RECOMPILE:
        return verdict
    plan = plan_write(row, cache_path, status, judgement.flags, options)
    if plan.hindrance is None:
        return replace(verdict, writes=plan.write)
    slug, sentence = plan.hindrance
    return replace(verdict, not_written=sentence, hindrance=slug)


def _judge_with_source(
    path: str, cache_path: str, status: os.stat_result, row: Dialect, options: ImportOptions
) -> tuple[Judgement, tuple[Comparison, ...]]:
    """Return what becomes of a cache, and what of its header was compared."""
    if row.classes is not None:
        return _judge_class_file(cache_path, status, row, options), ()
    importer = row.importer
    assert importer is not None
    mtime = source_mtime(status, importer.mtime_rounding)
    if mtime_overflows(importer, mtime):
        return Judgement(Outcome.RAISE, "mtime-overflow", "", str(mtime), "OverflowError"), ()
    cache = _read_cache(cache_path, options.view)
    if isinstance(cache, Judgement):
        return cache, ()
    return decide(
        Subject(
            row,
            cache,
            status,
            lambda: options.view.read_all(path, SOURCE_LIMIT),
            options.check_hash_based_pycs,
        )
    )


def _judge_class_file(
    path: str, source: os.stat_result | None, row: Dialect, options: ImportOptions
) -> Judgement:
    """Judge a Java class file, which is read whole: its annotations may stand at its end."""
    assert row.classes is not None
    try:
        status = options.view.stat(path)
        data = options.view.read_all(path, SOURCE_LIMIT)
    except (OSError, PycInspectError):
        cache = _read_cache(path, options.view)
        if isinstance(cache, Judgement):
            return cache
        raise
    source_time = None if source is None else milliseconds(source)
    return judge_class(data, row.classes, milliseconds(status), source_time)


def _read_cache(path: str, view: View) -> CacheBytes | Judgement:
    """Read the start of a cache, or say why the importer cannot."""
    try:
        return _start_or_kind(path, view)
    except FileNotFoundError:
        return Judgement(Outcome.RECOMPILE, "cache-absent")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Judgement(Outcome.RECOMPILE, "cache-unreadable", "", reason, type(error).__name__)


def _start_or_kind(path: str, view: View) -> CacheBytes | Judgement:
    try:
        data, status = view.read_start(path)
    except PycInspectError:
        kind = file_kind(view.stat(path).st_mode)
        return Judgement(Outcome.RECOMPILE, "cache-not-regular", "", kind)
    return CacheBytes(data, status.st_size)


def _compiled(judgement: Judgement, path: str, case: Case) -> tuple[Judgement, str | None]:
    """Read the source and ask whether it compiles; return why that is not known, too."""
    row, options, compiler = case
    try:
        source = options.view.read_all(path, SOURCE_LIMIT)
    except OSError as error:
        return unreadable_source(error), None
    except PycInspectError as error:
        if error.slug != "not-a-file":
            raise
        # Only C opens what is not a file; Parser/tokenizer.c: E_IO becomes SyntaxError.
        message = error.message
        return Judgement(Outcome.RAISE, "source-unreadable", "", message, "SyntaxError"), None
    found = compilable(source, path, row, options.optimize, compiler)
    return (refused(found.refusal) if found.refusal else judgement), found.doubt


def _runs_old_code(verdict: Verdict, source: str, view: View) -> bool:
    """Compare the hashes in the importer's place, where it does not."""
    if verdict.outcome is not Outcome.LOAD or verdict.reason not in NOT_COMPARED:
        return False
    assert verdict.cache_path is not None
    try:
        start = view.read_start(verdict.cache_path).data
        return hash_differs(start, view.read_all(source, SOURCE_LIMIT), verdict.dialect)
    except (OSError, PycInspectError):  # a source that cannot be hashed is no reason to fail
        return False


def _require_pyc(row: Dialect) -> None:
    if row.importer is None:
        raise PycInspectError("unsupported", f"caches of {row.name} are not read yet: {row.note}")


def _verdict(
    found: Found, cache_path: str, judgement: Judgement, row: Dialect, view: View
) -> Verdict:
    """Return the verdict of a judgement; what would be loaded is decoded first."""
    was_read = False
    if judgement.outcome is Outcome.LOAD and row.classes is not None:
        was_read = True  # whole, but for what Java's verifier says of its instructions
    elif judgement.outcome is Outcome.LOAD:
        judgement, was_read = judge_payload(judgement, cache_path, row, view)
    raised = judgement.outcome is Outcome.RAISE
    ignored = tuple(path for path in found.ignored if path != cache_path)  # up to 3.1 beside it
    is_never = judgement.reason == "mtime-never-matches"
    return Verdict(
        row,
        replace(found, ignored=ignored),
        cache_path,
        judgement.outcome,
        judgement.reason,
        judgement.expected,
        judgement.actual,
        judgement.exception if raised else None,
        payload_read=was_read,
        remark=why_never(row) if is_never else "",
    )
