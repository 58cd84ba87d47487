"""Where the cache of a source lives, and which source a cache belongs to.

The paths are computed from the text alone, with every odd corner of
``importlib._bootstrap_external``: nothing is normalised, nothing is looked up.
"""

from __future__ import annotations

import os

from pycinspect.cache.platform import Platform, running_platform
from pycinspect.dialects import DIALECTS, CachePath, Dialect, OptimizationName
from pycinspect.errors import PycInspectError
from pycinspect.pyc import parse_cache_name
from pycinspect.values import StrPath

__all__ = ["cache_from_source", "source_from_cache"]


def cache_from_source(
    path: StrPath,
    dialect: Dialect | str | None = None,
    *,
    optimization: int | str = "",
    pycache_prefix: str | None = None,
    current_directory: str | None = None,
    platform: Platform | None = None,
) -> str:
    """Return where a dialect keeps the cache of the source ``path``.

    Args:
        path: the source, which need not exist.
        dialect: a row or its name; None is the running interpreter's.
        optimization: ``""`` for the plain name, else what follows
            ``opt-``: ``0`` gives ``opt-0``, as importlib does.
        pycache_prefix: ``sys.pycache_prefix``; ignored by dialects before 3.8.
        current_directory: where relative paths start under a prefix; None is
            this process's.
        platform: whose separators and drives count; None is the running one.

    Raises:
        PycInspectError: ``no-cache`` for a dialect that keeps no caches,
            ``bad-optimization`` for a level that is not letters and digits.

    The rule is ``importlib.util.cache_from_source`` (PEP 3147, PEP 488), before
    3.2 ``Python/import.c: make_compiled_pathname``.

    >>> cache_from_source("pkg/mod.py", "cpython-3.12", optimization=1)
    'pkg/__pycache__/mod.cpython-312.opt-1.pyc'
    >>> cache_from_source("pkg/mod.py", "cpython-2.7", optimization=1)
    'pkg/mod.pyo'
    """
    row = DIALECTS.resolve(dialect)
    rule = _rule(row)
    system = platform or running_platform()
    source = os.fsdecode(path)
    if not rule.directory:
        return _beside(source, rule, optimization)
    head, tail = system.split(source)
    filename = _filename(tail, row, rule, str(optimization))
    if pycache_prefix is None or not rule.prefix:
        return system.join(head, rule.directory, filename)
    head = _absolute(head, current_directory or os.getcwd(), rule, system)
    if head[1:2] == ":" and head[0] not in system.separators:
        head = head[2:]  # a drive
    return system.join(pycache_prefix, head.lstrip(system.separators), filename)


def source_from_cache(
    path: StrPath,
    dialect: Dialect | str | None = None,
    *,
    pycache_prefix: str | None = None,
    platform: Platform | None = None,
) -> str:
    """Return the source that a dialect connects with the cache ``path``.

    Args:
        path: the cache, which need not exist.
        dialect: a row or its name; None is the running interpreter's.
        pycache_prefix: ``sys.pycache_prefix``; ignored by dialects before 3.8.
        platform: whose separators count; None is the running one.

    Raises:
        PycInspectError: ``not-a-cache-path`` where the path is not as PEP 3147 and
            PEP 488 say, ``no-cache`` for a dialect that keeps no caches.

    The rule is ``importlib.util.source_from_cache``: neither the tag nor the
    extension is looked at.

    >>> source_from_cache("pkg/__pycache__/mod.cpython-312.opt-1.pyc", "cpython-3.12")
    'pkg/mod.py'
    """
    row = DIALECTS.resolve(dialect)
    rule = _rule(row)
    system = platform or running_platform()
    cache = os.fsdecode(path)
    if not rule.directory:
        return _source_beside(cache, rule)
    head, filename = system.split(cache)
    stripped = (pycache_prefix or "").rstrip(system.separators) if rule.prefix else ""
    if (
        pycache_prefix is not None
        and rule.prefix
        and head.startswith(stripped + system.separators[0])
    ):
        head = head[len(stripped) :]
    else:
        head, directory = system.split(head)
        if directory != rule.directory:
            raise PycInspectError(
                "not-a-cache-path",
                f"{rule.directory} is not the last directory of {cache!r}",
                path=cache,
            )
    if rule.optimization is OptimizationName.PYO and filename.count(".") != 2:
        raise PycInspectError("not-a-cache-path", f"expected 2 dots in {filename!r}", path=cache)
    try:
        stem = parse_cache_name(filename).stem
    except ValueError as error:
        raise PycInspectError("not-a-cache-path", str(error), path=cache) from None
    return system.join(head, stem + ".py")


def _rule(row: Dialect) -> CachePath:
    if row.cache_path is None:
        raise PycInspectError("no-cache", f"{row.name} keeps no cache files")
    return row.cache_path


def _beside(source: str, rule: CachePath, optimization: int | str) -> str:
    """Return the path up to 3.1: one letter more, or Jython's class file."""
    optimized = rule.optimization is OptimizationName.PYO and str(optimization) not in ("", "0")
    if rule.ending.startswith("."):
        return source + ("o" if optimized else "c")
    return source.removesuffix(".py") + rule.ending


def _source_beside(cache: str, rule: CachePath) -> str:
    endings = (rule.ending, ".pyo") if rule.optimization is OptimizationName.PYO else (rule.ending,)
    for ending in endings:
        if cache.endswith(ending):
            return cache.removesuffix(ending) + ".py"
    raise PycInspectError("not-a-cache-path", f"does not end in {' or '.join(endings)}", path=cache)


def _filename(tail: str, row: Dialect, rule: CachePath, optimization: str) -> str:
    """Return the name in the cache directory: ``stem.tag[.opt-N].pyc``."""
    tag = row.cache_tag or ""
    if rule.stem_ends_at_last_dot:
        base, dot, rest = tail.rpartition(".")
        stem = base or rest
    else:
        stem, dot, _ = tail.partition(".")
    name = f"{stem}{dot}{tag}"
    if rule.optimization is OptimizationName.PYO:
        return name + (".pyc" if optimization in ("", "0") else ".pyo")
    if not optimization:
        return f"{name}.pyc"
    if not optimization.isalnum():
        raise PycInspectError("bad-optimization", f"{optimization!r} is not alphanumeric")
    return f"{name}.opt-{optimization}.pyc"


def _absolute(head: str, current_directory: str, rule: CachePath, system: Platform) -> str:
    """Make a directory absolute as ``_path_abspath`` does: as text, ``..`` stays."""
    if system.is_absolute(head):
        return head
    if rule.drops_dot:
        for separator in system.separators:
            head = head.removeprefix(f".{separator}")
    return system.join(current_directory, head)
