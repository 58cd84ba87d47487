"""New content for caches: compiled again, or under another header.

Compiling happens in another process with limits, and runs nothing of the source. What is made
waits in a file without a name until it is needed: a tree can have more of it than memory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Self

from pycinspect.cache import SOURCE_LIMIT, expected_header, source_hash, why_never
from pycinspect.compiling import CompileLimits, Compilers, InstalledCompilers
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, open_regular, parse_header, read_code, tag_of
from pycinspect.repairing.damage import Damage
from pycinspect.repairing.repair import FileState, Portion, SourceState
from pycinspect.values import InvalidationMode

if TYPE_CHECKING:
    from pycinspect.verifying.verifier import Verifier

__all__ = ["Made", "Maker"]

#: Of one source: a tree has many.
_LIMITS = CompileLimits(seconds=20.0, memory=1024 * 1024 * 1024)

#: The flags of PEP 552.
_FLAGS: Mapping[InvalidationMode, int] = MappingProxyType(
    {
        InvalidationMode.TIMESTAMP: 0,
        InvalidationMode.UNCHECKED_HASH: 0b01,
        InvalidationMode.CHECKED_HASH: 0b11,
    }
)


class Made(NamedTuple):
    """New content of a cache.

    Args:
        content: header and payload.
        source: of what it was made.
    """

    content: bytes
    source: SourceState


class _Source(NamedTuple):
    state: SourceState
    status: os.stat_result
    content: bytes


class Maker:
    """Makes new content; a context manager, which ends the processes.

    Args:
        mode: the invalidation mode that is wanted; None keeps a cache's own, where its header
            tells one, as the importer does.
        dialects: the rows to look in.
    """

    def __init__(
        self, mode: InvalidationMode | None = None, *, dialects: DialectTable = DIALECTS
    ) -> None:
        self._mode = mode
        self._dialects = dialects
        self._compilers = Compilers(_LIMITS)
        self._installed = InstalledCompilers(self._compilers, dialects=dialects)
        self._verifier: Verifier | None = None
        self._spool = TemporaryFile()  # noqa: SIM115 - __exit__ closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._compilers.close()
        if self._verifier is not None:
            self._verifier.close()
        self._spool.close()

    def recompiled(self, damage: Damage) -> Made:
        """Compile the source of a cache as the importer that looks for the cache would.

        Raises:
            PycInspectError: ``no-source``, ``no-level`` for the cache of a tool, ``exposes`` where
                others could read in it what they may not read in its source, ``no-interpreter``, ``does-not-compile``, ``never-fresh``, ``changed`` for a
                source that somebody is writing, or what reading and compiling raise.
        """
        row, source = self._row(damage), _read_source(damage)
        if damage.level is None:
            raise PycInspectError("no-level", "only the tool that wrote it can make it again")
        if _exposes(damage.seen.state, source.status):
            message = "some who can read it cannot read its source: its mode is left to you (chmod)"
            raise PycInspectError("exposes", message)
        header = _header(row, source, self._flags(damage, row))
        interpreter = self._installed.interpreter(row)
        payload = self._compilers.marshalled(
            source.content,
            os.path.abspath(source.state.path),
            interpreter=interpreter,
            optimize=damage.level,
        )
        return Made(header + payload, source.state)

    def converted(self, damage: Damage) -> Made:
        """Give a cache the header of the wanted mode, if its code is what its source says.

        Raises:
            PycInspectError: ``no-mode`` where none is wanted; ``not-verified``; or as
                :meth:`recompiled`.
        """
        if self._mode is None:
            raise PycInspectError("no-mode", "--invalidation-mode says which one is wanted")
        from pycinspect.diffing import Stored  # which takes long to import, as what compares does

        row, source = self._row(damage), _read_source(damage)
        content = damage.seen.content
        found = parse_header(content, tag=tag_of(damage.path), dialects=self._dialects)
        file = read_code(content, found, dialects=self._dialects)
        stored = Stored(file, content, found.size)
        verified = self._started().verify(stored, damage.path, source.content, source.state.path)
        if not verified.is_verified:
            raise PycInspectError("not-verified", f"its code is not verified: {verified.why}")
        header = _header(row, source, _FLAGS[self._mode])
        return Made(header + content[found.size :], source.state)

    def _started(self) -> Verifier:
        from pycinspect.verifying.verifier import Verifier

        if self._verifier is None:
            self._verifier = Verifier(_LIMITS, dialects=self._dialects)
        return self._verifier

    # --- Keeping it ------------------------------------------------------------------------

    def keep(self, content: bytes) -> Portion:
        """Keep content until the process ends.

        Raises:
            PycInspectError: ``unwritable``.
        """
        try:
            offset = self._spool.seek(0, os.SEEK_END)
            self._spool.write(content)
        except OSError as error:
            message = f"a temporary file for new caches: {error.strerror or error}"
            raise PycInspectError("unwritable", message) from error
        return Portion(offset, len(content))

    def kept(self, span: Portion) -> bytes:
        """Return content that was kept."""
        self._spool.seek(span.offset)
        return self._spool.read(span.length)

    # --- Parts -----------------------------------------------------------------------------

    def _row(self, damage: Damage) -> Dialect:
        if damage.dialect is None:
            raise PycInspectError("no-interpreter", "no Python that is known looks for it")
        return self._dialects[damage.dialect]

    def _flags(self, damage: Damage, row: Dialect) -> int:
        """Return the flags of the new header.

        As ``SourceLoader.get_code``: the cache's own where the importer has understood its
        header, else those of a timestamp cache.
        """
        if row.source_hash is None:
            return 0
        if self._mode is not None:
            return _FLAGS[self._mode]
        try:
            header = parse_header(damage.start, tag=tag_of(damage.path), dialects=self._dialects)
        except PycInspectError:  # damaged: that is why it is compiled again
            return 0
        return _FLAGS[header.mode] if damage.start.startswith(row.magic) else 0


def _read_source(damage: Damage) -> _Source:
    if damage.source is None:
        raise PycInspectError("no-source", "its source is not there")
    path = damage.source
    with errors_named(path), open_regular(path) as stream:
        # Of the file that is read: what the path leads to may be exchanged meanwhile.
        status = os.fstat(stream.fileno())
        content = stream.read(min(status.st_size, SOURCE_LIMIT) + 1)
        after = os.fstat(stream.fileno())
    if status.st_size > SOURCE_LIMIT:
        raise PycInspectError("too-large", f"its source has more than {SOURCE_LIMIT} bytes")
    state = SourceState(path, status.st_mtime_ns, status.st_size)
    if state != SourceState(path, after.st_mtime_ns, len(content)):
        raise PycInspectError("changed", "its source is being written")
    return _Source(state, status, content)


def _exposes(cache: FileState | None, source: os.stat_result) -> bool:
    """Return whether somebody may read a cache and not its source; root may read everything."""
    if cache is None or source.st_mode & stat.S_IROTH:
        return False
    if cache.uid not in {0, source.st_uid} or cache.mode & stat.S_IROTH:
        return True
    group = stat.S_IRGRP if source.st_gid != cache.gid else stat.S_IRGRP & ~source.st_mode
    return bool(cache.mode & (group | stat.S_IRUSR & ~source.st_mode))


def _header(row: Dialect, source: _Source, flags: int) -> bytes:
    if flags:
        return row.magic + flags.to_bytes(4, "little") + source_hash(source.content, row)
    header = expected_header(row, source.status)
    if header is None:
        message = f"no header matches the time of its source, since {why_never(row)}"
        raise PycInspectError("never-fresh", message)
    return header
