"""Which cache file a recompilation would leave behind."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from pycinspect.cache.options import ImportOptions, current_umask
from pycinspect.cache.verdict import Write
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, Writer

__all__ = ["Hindrance", "WritePlan", "plan_write", "why_not_written"]

#: Permission bits that the owner of a directory needs to make files in it.
_OWNER_WRITES = 0o300


class Hindrance(NamedTuple):
    """Why no cache is written: a slug, and a sentence without a full stop."""

    slug: str
    sentence: str


class WritePlan(NamedTuple):
    """The file that would be written, or why none would be."""

    write: Write | None
    hindrance: Hindrance | None


def plan_write(
    dialect: Dialect,
    cache_path: str,
    source: os.stat_result,
    flags: int,
    options: ImportOptions,
) -> WritePlan:
    """Predict what a dialect's importer writes after it has compiled a source.

    Args:
        dialect: whose importer writes.
        cache_path: where.
        source: ``os.stat`` of the source, whose permissions are taken over.
        flags: the header flags of a hash-based cache, 0 for a timestamp one.
        options: how the import is started.

    The rule is ``SourceFileLoader._cache_bytecode`` and ``set_data`` (3.3 on),
    ``Python/import.c: write_compiled_module`` before; every error is ignored there.
    """
    writer = dialect.writer
    if writer.never:
        return _not_written("never-writes", f"{dialect.name} never writes bytecode")
    if options.dont_write_bytecode:
        return _not_written("write-disabled", "writing bytecode is switched off (-B)")
    umask = current_umask() if options.umask is None else options.umask
    hindrance = _hindrance(cache_path, writer, umask, options.view)
    if hindrance is not None:
        return WritePlan(None, hindrance)
    mode = (source.st_mode & writer.keep | writer.add) & ~umask & 0o7777
    if not options.view.is_superuser:
        mode &= ~stat.S_ISUID  # the system drops it when the file is written to
    has_flags = dialect.header is not None and dialect.header.has_flags
    return WritePlan(Write(cache_path, flags if has_flags else None, mode), None)


def why_not_written(cache_path: str, writer: Writer, view: View) -> Hindrance | None:
    """Return why no cache can be written there, None where one can."""
    return _hindrance(cache_path, writer, current_umask(), view)


def _not_written(slug: str, sentence: str) -> WritePlan:
    return WritePlan(None, Hindrance(slug, sentence))


def _hindrance(cache_path: str, writer: Writer, umask: int, view: View) -> Hindrance | None:
    if view.is_dir(cache_path) and not view.is_link(cache_path):
        return Hindrance("cache-is-directory", f"{cache_path} is a directory")
    parent = os.path.dirname(cache_path) or os.curdir
    existing = parent
    while not view.is_dir(existing):
        if view.lexists(existing):
            return Hindrance("not-a-directory", f"{existing} is not a directory")
        if not writer.makes_directories:
            return Hindrance("no-directory", f"there is no directory {existing}")
        existing = os.path.dirname(existing) or os.curdir
    if view.is_read_only(existing):
        return Hindrance("read-only", f"the file system of {existing} is read-only")
    if writer.in_place and view.exists(cache_path):
        if view.may_write(cache_path):
            return None
        return Hindrance("cache-not-writable", f"no permission to write to {cache_path}")
    if not view.may_change(existing):
        return Hindrance("dir-not-writable", f"no permission to write in {existing}")
    if existing == parent and not view.may_replace(cache_path):
        sentence = f"the sticky bit of {existing} lets only the owner replace it"
        return Hindrance("sticky", sentence)
    if existing != parent and umask & _OWNER_WRITES and not view.is_superuser:
        sentence = f"the umask {umask:04o} takes the permission to write in a new directory"
        return Hindrance("umask", sentence)
    return None
