"""What is done to the sources of a sandbox."""

from __future__ import annotations

import os

from pycinspect.errors import PycInspectError
from pytest_pycinspect.sandbox.bench import Bench
from pytest_pycinspect.sandbox.project import Time, later
from pytest_pycinspect.sandbox.snapshot import stamp_of

__all__ = ["SourceWork"]


class SourceWork(Bench):
    """A sandbox whose sources can be written, changed and moved."""

    def write(
        self,
        name: str,
        source: str | bytes,
        *,
        mtime: Time | None = None,
        pad_to: int | None = None,
    ) -> str:
        """Write a module; packages above it are made.

        Args:
            name: of the module, or ``"pkg.__init__"``.
            source: its text.
            mtime: its time: seconds since the epoch, ``"same"``, ``"+1s"``, ``"-2h"`` ... from
                what it was. None is now; where the file is there already, at least a second
                later than before, because importers compare whole seconds.
            pad_to: its size in bytes; empty lines make up for what is missing.

        Returns:
            The path of the file.

        Raises:
            PycInspectError: ``bad-time``, or ``too-long`` for a source longer than ``pad_to``.
        """
        return self._put("write", name, source, mtime, pad_to)

    def edit(
        self,
        name: str,
        source: str | bytes,
        *,
        keep_mtime: bool = False,
        keep_size: bool = False,
    ) -> str:
        """Write other text into a module.

        Args:
            name: the module.
            source: its new text.
            keep_mtime: the file's time stays; otherwise it is at least a second later.
            keep_size: the file's size stays, with empty lines at its end.

        Raises:
            PycInspectError: ``not-found``, or ``too-long`` for a source that does not fit.
        """
        path = self._project.require(name)
        size = os.stat(path).st_size if keep_size else None
        return self._put("edit", name, source, "same" if keep_mtime else None, size)

    def _put(
        self, deed: str, name: str, source: str | bytes, mtime: Time | None, size: int | None
    ) -> str:
        data = source.encode("utf-8") if isinstance(source, str) else source
        if size is not None:
            data = _padded(data, size)
        path = self._project.path(name)
        before = stamp_of(path)
        with self._doing() as touched:
            touched.extend(self._project.write(name, data))
            self._set_time(path, mtime, None if before is None else before.mtime_ns)
        time = "" if mtime is None else f", mtime {mtime}"
        self._say(f"{deed} {name} ({len(data)} bytes{time})")
        return path

    def touch(self, name: str, mtime: Time | None = None) -> None:
        """Set a file's time; see :meth:`write`."""
        path = self._project.require(name)
        with self._doing() as touched:
            touched.append(path)
            self._set_time(path, mtime, os.stat(path).st_mtime_ns)
        self._say(f"touch {name}{'' if mtime is None else f' {mtime}'}")

    def delete(self, name: str) -> None:
        """Delete a module's source, a package's directory, or a file by its path."""
        with self._doing() as touched:
            touched.extend(self._project.delete(name))
        self._say(f"delete {self._shown(name)}")

    def move(self, old: str, new: str) -> None:
        """Move a source, a package's directory, or a file by its path; caches stay behind."""
        with self._doing() as touched:
            touched.extend(self._project.move(old, new))
        self._say(f"move {self._shown(old)} to {self._shown(new)}")

    def pack(self, archive: str, *names: str) -> str:
        """Move modules into a zip file, as importers find them there.

        Args:
            archive: its path from the project; what is there is replaced. ``run(…, env={"PYTHONPATH": archive})``
                imports from it.
            names: the modules, each with the cache beside it if there is one (see
                ``compile(…, legacy=True)``); ``"m.py"`` or ``"m.pyc"`` is that file alone.

        Returns:
            The path of the archive.

        Raises:
            PycInspectError: ``not-found``.
        """
        with self._doing() as touched:
            touched.extend(self._project.pack(archive, names))
        self._say(f"pack {', '.join(names)} into {self._shown(archive)}")
        return os.path.join(self.root, archive)

    def _set_time(self, path: str, mtime: Time | None, before_ns: int | None) -> None:
        if mtime is None and before_ns is not None:
            mtime_ns = later(before_ns)
            os.utime(path, ns=(mtime_ns, mtime_ns))
        elif mtime is not None:
            now_ns = os.stat(path).st_mtime_ns
            self._project.set_mtime(path, mtime, now_ns if before_ns is None else before_ns)


def _padded(data: bytes, size: int) -> bytes:
    if len(data) > size:
        raise PycInspectError("too-long", f"the source has {len(data)} bytes, more than {size}")
    return data + b"\n" * (size - len(data))
