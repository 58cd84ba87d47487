"""Which cache file a recompilation would leave behind."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from pycinspect.cache.options import ImportOptions, current_umask
from pycinspect.cache.verdict import Write
from pycinspect.dialects import Dialect, Writer

__all__ = ["Hindrance", "WritePlan", "can_write", "plan_write"]

_DIRECTORY_ACCESS = os.W_OK | os.X_OK
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
    hindrance = _hindrance(cache_path, writer, umask)
    if hindrance is not None:
        return WritePlan(None, hindrance)
    mode = (source.st_mode & writer.keep | writer.add) & ~umask & 0o7777
    if not _is_superuser():
        mode &= ~stat.S_ISUID  # the system drops it when the file is written to
    has_flags = dialect.header is not None and dialect.header.has_flags
    return WritePlan(Write(cache_path, flags if has_flags else None, mode), None)


def can_write(cache_path: str, writer: Writer) -> bool:
    """Return whether this process could write a cache there."""
    return _hindrance(cache_path, writer, current_umask()) is None


def _not_written(slug: str, sentence: str) -> WritePlan:
    return WritePlan(None, Hindrance(slug, sentence))


def _hindrance(cache_path: str, writer: Writer, umask: int) -> Hindrance | None:
    if os.path.isdir(cache_path) and not os.path.islink(cache_path):
        return Hindrance("cache-is-directory", f"{cache_path} is a directory")
    parent = os.path.dirname(cache_path) or os.curdir
    existing = parent
    while not os.path.isdir(existing):
        if os.path.lexists(existing):
            return Hindrance("not-a-directory", f"{existing} is not a directory")
        if not writer.makes_directories:
            return Hindrance("no-directory", f"there is no directory {existing}")
        existing = os.path.dirname(existing) or os.curdir
    if not _may_change(existing):
        return Hindrance("dir-not-writable", f"no permission to write in {existing}")
    if existing != parent and _locks_out(umask):
        sentence = f"the umask {umask:04o} takes the permission to write in a new directory"
        return Hindrance("umask", sentence)
    return None


def _may_change(directory: str) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(directory, _DIRECTORY_ACCESS, effective_ids=effective)


def _locks_out(umask: int) -> bool:
    """Return whether this process cannot write in directories that it makes."""
    return bool(umask & _OWNER_WRITES) and not _is_superuser()


def _is_superuser() -> bool:
    """Return whether permission bits do not bind this process."""
    return not hasattr(os, "geteuid") or os.geteuid() == 0
