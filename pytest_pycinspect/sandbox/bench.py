"""The workbench of a sandbox: its files, its settings, and what was done so far."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self

from pycinspect.cache import ImportOptions
from pycinspect.dialects import Dialect
from pycinspect.pyc import PYCACHE
from pycinspect.values import InvalidationMode, visible
from pytest_pycinspect.sandbox.children import AnyInterpreter, Children
from pytest_pycinspect.sandbox.event import CacheEvent
from pytest_pycinspect.sandbox.explain import TimelineStep
from pytest_pycinspect.sandbox.project import Project
from pytest_pycinspect.sandbox.settings import Settings, import_options
from pytest_pycinspect.sandbox.snapshot import (
    Changes,
    Snapshot,
    Stamp,
    changes_between,
    look_at,
    take_snapshot,
)

__all__ = ["Bench", "Mode", "Undo"]

Mode = Literal["timestamp", "checked-hash", "unchecked-hash"]


class Undo(AbstractContextManager["Undo"]):
    """What a setting returns: it holds until the test ends, or until the ``with`` block does."""

    def __init__(self, undo: Callable[[], object]) -> None:
        self._stack = ExitStack()
        self._stack.callback(undo)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.undo()

    def undo(self) -> None:
        """Put back what was before; only the first call does."""
        self._stack.close()


class Bench:
    """A temporary project, and what was done to it.

    Args:
        directory: an empty directory; the project is its subdirectory ``project``.
        seconds: how long a child process may take.
        mode: how caches are tied to sources unless it is told otherwise.
        observer: called with every event.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        seconds: float = 10.0,
        mode: Mode = "timestamp",
        observer: Callable[[CacheEvent], object] | None = None,
    ) -> None:
        self._directory = os.path.realpath(directory)
        self._project = Project(os.path.join(self._directory, "project"))
        self._children = Children(seconds, os.path.join(self._directory, "messages"))
        for place in (self._project.root, self._children.place):
            os.makedirs(place, exist_ok=True)
        self._mode = InvalidationMode(mode)
        self._observer = observer
        self._settings = Settings()
        self._digests: dict[tuple[Dialect, bytes], str] = {}
        self._baseline: dict[str, Stamp] = {}
        self._steps: list[TimelineStep] = []
        self._undone_at_end = ExitStack()

    def __repr__(self) -> str:
        return f"<Pycache {visible(self.root)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._undone_at_end.close()

    @property
    def root(self) -> str:
        """The project's directory, an absolute path; the first entry of ``sys.path``."""
        return self._project.root

    @property
    def steps(self) -> tuple[TimelineStep, ...]:
        """What happened so far, for reports."""
        return tuple(self._steps)

    @property
    def events(self) -> tuple[CacheEvent, ...]:
        """All events so far, in order."""
        return tuple(step.event for step in self._steps if step.event is not None)

    @property
    def cache_directory(self) -> str:
        """Where the caches of modules at the project's top are."""
        prefix = self._settings.pycache_prefix
        if prefix is None:
            return os.path.join(self.root, PYCACHE)
        return os.path.join(prefix, os.path.splitdrive(self.root)[1].lstrip(os.sep))

    def snapshot(self) -> Snapshot:
        """Return the files as they are; :meth:`changes` counts from here."""
        self._baseline = take_snapshot(self._files())
        return dict(self._baseline)

    def changes(self, since: Snapshot | None = None) -> Changes:
        """Return what imports, runs and the test itself did to the files.

        Args:
            since: an earlier :meth:`snapshot`; None is the last one, or the beginning. What
                the sandbox's own methods did is not counted then.
        """
        before = self._baseline if since is None else since
        return changes_between(before, take_snapshot(self._files()), self.root)

    def _files(self) -> Iterator[str]:
        """Yield the files of the project, and those below the prefix."""
        yield from self._project.files()
        if self._settings.pycache_prefix is not None:
            yield from Project(self._settings.pycache_prefix).files()

    @contextmanager
    def _doing(self) -> Iterator[list[str]]:
        """Take what happens to files inside, which are listed, for the sandbox's own deed."""
        touched: list[str] = []
        yield touched
        for path in touched:
            stamp = look_at(path).stamp
            if stamp is None or os.path.isdir(path):
                self._baseline.pop(path, None)
            else:
                self._baseline[path] = stamp

    def _say(self, text: str) -> None:
        self._steps.append(TimelineStep(text))

    def _shown(self, name: str) -> str:
        return self._project.relative(name) if os.path.isabs(name) else name

    def _flags(self, interpreter: AnyInterpreter, flags: Sequence[str]) -> list[str]:
        return [*self._settings.flags(interpreter.dialect), *flags]

    def _options(
        self, interpreter: AnyInterpreter, *, optimize: int | None = None
    ) -> ImportOptions:
        flags = self._flags(interpreter, ())
        options = import_options(flags, {}, interpreter.dialect, self.root)
        return options if optimize is None else replace(options, optimize=optimize)

    def _set(self, settings: Settings, text: str) -> Undo:
        before, self._settings = self._settings, settings
        self._say(text)

        def restore() -> None:
            self._settings = before

        return self._undo(restore, f"no longer {text}")

    def _undo(self, undo: Callable[[], object], text: str) -> Undo:
        def put_back() -> None:
            undo()
            self._say(text)

        setting = Undo(put_back)
        self._undone_at_end.callback(setting.undo)
        return setting
