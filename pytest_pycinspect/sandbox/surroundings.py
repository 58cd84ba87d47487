"""What is set around the imports of a sandbox."""

from __future__ import annotations

import os
from dataclasses import replace

from pycinspect.pyc import PYCACHE
from pytest_pycinspect.sandbox.bench import Undo
from pytest_pycinspect.sandbox.cachework import CacheWork

__all__ = ["SurroundingsWork"]

_READ_ONLY = 0o555


class SurroundingsWork(CacheWork):
    """A sandbox whose imports can be started otherwise, and hindered."""

    def prefix(self, path: str | os.PathLike[str] = "caches") -> Undo:
        """Keep caches in a directory of their own: ``sys.pycache_prefix``, 3.8 on.

        Args:
            path: the directory, relative to the one that the project is in.
        """
        absolute = os.path.join(self._directory, os.fspath(path))
        return self._set(replace(self._settings, pycache_prefix=absolute), f"prefix {path}")

    def optimize(self, level: int) -> Undo:
        """Import at an optimization level: 1 is ``-O``, 2 is ``-OO``.

        A process cannot change its own level, so :meth:`import_` uses a child process then.
        """
        return self._set(replace(self._settings, optimize=level), f"optimize {level}")

    def no_write(self) -> Undo:
        """Let imports write no caches: ``-B``."""
        return self._set(replace(self._settings, dont_write_bytecode=True), "no_write")

    def readonly(self, path: str = PYCACHE) -> Undo:
        """Make a directory or file of the project read-only; the test is skipped for root.

        Args:
            path: relative to the project; a directory that is not there is made.
        """
        import pytest

        if not hasattr(os, "geteuid") or os.geteuid() == 0:
            pytest.skip("permissions do not bind this user (root, or Windows): chmod is void")
        target = os.path.join(self.root, path)
        if not os.path.exists(target):
            os.makedirs(target)
        mode = os.stat(target).st_mode
        os.chmod(target, mode & _READ_ONLY)
        self._say(f"readonly {path}")
        return self._undo(lambda: os.chmod(target, mode), f"{path} is as it was")

    def pycache_is_file(self) -> Undo:
        """Put a file where the project's ``__pycache__`` belongs; its caches are put aside."""
        place, aside = os.path.join(self.root, PYCACHE), os.path.join(self._directory, "aside")
        was_there = os.path.isdir(place)
        with self._doing() as touched:
            touched.extend([*self._files(), place])
            if was_there:
                os.replace(place, aside)
            with open(place, "wb"):
                pass
        self._say("pycache_is_file")

        def restore() -> None:
            with self._doing() as touched:
                os.remove(place)
                if was_there:
                    os.replace(aside, place)
                touched.extend([*self._files(), place])

        return self._undo(restore, "__pycache__ is as it was")
