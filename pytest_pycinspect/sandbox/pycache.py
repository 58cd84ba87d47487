"""The ``pycache`` fixture: a temporary project, what its importers do, and what is left of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self

from pycinspect.cache import ImportOptions, Verdict, judge_module
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE
from pycinspect.values import InvalidationMode, visible
from pytest_pycinspect.sandbox.children import (
    Answer,
    Children,
    Interpreter,
    Python,
    python_name,
)
from pytest_pycinspect.sandbox.event import CacheEvent, Run
from pytest_pycinspect.sandbox.explain import Step
from pytest_pycinspect.sandbox.inprocess import can_import_here, observe_here
from pytest_pycinspect.sandbox.inquiry import Inquiry, compile_own, exception_text
from pytest_pycinspect.sandbox.project import Project, Time, later
from pytest_pycinspect.sandbox.pycs import compile_pyc, corrupted, magic_bytes, pyc_path
from pytest_pycinspect.sandbox.rewriting import Rewriting
from pytest_pycinspect.sandbox.settings import (
    ISOLATION,
    Settings,
    clean_environment,
    import_options,
    pytest_environment,
)
from pytest_pycinspect.sandbox.snapshot import (
    Changes,
    Snapshot,
    Stamp,
    changes_between,
    look_at,
    stamp_of,
    take_snapshot,
)

__all__ = ["Pycache"]

Mode = Literal["timestamp", "checked-hash", "unchecked-hash"]

_READ_ONLY = 0o555


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


class Pycache:
    """A temporary project whose caches can be written, damaged and imported.

    A module is meant by its name, ``"pkg.mod"``, a package's own file by ``"pkg"``. Every
    import is judged by pycinspect before and observed while it happens; should the two
    disagree, :class:`SandboxDisagreement` is raised. Nothing of the user's shell has an effect
    (``PYTHONDONTWRITEBYTECODE``, ``PYTHONPYCACHEPREFIX``, ``PYTHONOPTIMIZE`` ...).

    Args:
        directory: an empty directory; the project is its subdirectory ``project``.
        seconds: how long a child process may take.
        mode: how :meth:`compile` ties caches to sources unless it is told otherwise.
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
        self._baseline: dict[str, Stamp] = {}
        self._steps: list[Step] = []
        self._digests: dict[tuple[Dialect, bytes], str] = {}
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
    def steps(self) -> tuple[Step, ...]:
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

    # --- Files -----------------------------------------------------------------------

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

    def _set_time(self, path: str, mtime: Time | None, before_ns: int | None) -> None:
        if mtime is None and before_ns is not None:
            mtime_ns = later(before_ns)
            os.utime(path, ns=(mtime_ns, mtime_ns))
        elif mtime is not None:
            now_ns = os.stat(path).st_mtime_ns
            self._project.set_mtime(path, mtime, now_ns if before_ns is None else before_ns)

    # --- Caches ----------------------------------------------------------------------

    def pyc(self, name: str, *, python: Python = None, optimize: int | None = None) -> str:
        """Return where the cache of a module is looked for.

        Args:
            name: the module.
            python: by whom; see :meth:`run`.
            optimize: at which level; None is the sandbox's.
        """
        interpreter = self._children.interpreter(python)
        options = self._options(interpreter, optimize=optimize)
        return pyc_path(self._project.path(name), interpreter.dialect, options)

    def compile(
        self,
        name: str,
        mode: Mode | None = None,
        *,
        optimize: int | None = None,
        python: Python = None,
        legacy: bool = False,
    ) -> str:
        """Write a module's cache as ``py_compile`` does.

        Args:
            name: the module.
            mode: how it is tied to the source; None is the sandbox's, ``"timestamp"`` unless
                the mark says otherwise.
            optimize: the level; None is the sandbox's.
            python: who compiles; see :meth:`run`.
            legacy: the cache comes beside the source, where it is found without it.

        Returns:
            The path of the cache.

        Raises:
            PycInspectError: ``not-found``, ``does-not-compile``, ``no-source-hash`` for a
                hash-based cache of a Python that has none.
        """
        source = self._project.require(name)
        interpreter = self._children.interpreter(python)
        level = self._settings.optimize if optimize is None else optimize
        cache = f"{source}c" if legacy else self.pyc(name, python=python, optimize=level)
        chosen = self._mode if mode is None else InvalidationMode(mode)
        with self._doing() as touched:
            compile_pyc(source, cache, chosen, level, interpreter, children=self._children)
            touched.append(cache)
        self._say(f"compile {name} ({chosen}, level {level}, Python {python_name(interpreter)})")
        return cache

    def corrupt(
        self,
        name: str,
        *,
        magic: bytes | int | str | None = None,
        flags: int | None = None,
        mtime: int | None = None,
        size: int | None = None,
        hash: bytes | None = None,  # noqa: A002 - the field's name
        truncate: int | None = None,
        payload: bytes | None = None,
        python: Python = None,
    ) -> str:
        """Change fields of a cache.

        Args:
            name: the module whose cache is meant, or the path of a cache.
            magic: four bytes, a magic word, or whose: ``"3.12"``, ``"pypy-3.9"``.
            flags: of PEP 552.
            mtime: the source's time in seconds.
            size: the source's size in bytes.
            hash: the source's hash, eight bytes.
            truncate: how many bytes of the file are left.
            payload: what follows the header.
            python: whose cache; see :meth:`run`.

        Returns:
            The path of the cache.

        Raises:
            PycInspectError: ``not-found`` where there is no cache, ``no-such-field`` for one
                that caches of this Python do not have, ``bad-field``, ``unknown-dialect``.
        """
        dialect = self._children.interpreter(python).dialect
        is_path = name.endswith((".pyc", ".pyo"))
        path = self._project.require(name if is_path else self.pyc(name, python=python))
        values = {"flags": flags, "mtime": mtime, "source_size": size, "source_hash": hash}
        fields = {"magic": magic_bytes(magic), **values}
        with self._doing() as touched, open(path, "r+b") as stream:
            data = corrupted(stream.read(), dialect, fields, truncate=truncate, payload=payload)
            stream.seek(0)
            stream.write(data)
            stream.truncate()
            touched.append(path)
        given = {"magic": magic, **values, "truncate": truncate, "payload": payload}
        changed = ", ".join(f"{key}={value!r}" for key, value in given.items() if value is not None)
        self._say(f"corrupt {self._shown(name)} ({changed})")
        return path

    # --- Environment -----------------------------------------------------------------

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

    # --- Imports ---------------------------------------------------------------------

    def import_(self, name: str) -> CacheEvent:
        """Import a module anew, in this process, which is afterwards as it was before.

        What the import raises is in the event. Where this process cannot import as the
        sandbox is set (it runs at another level, or under a profiler), a child process does.

        Args:
            name: the module.

        Raises:
            PycInspectError: ``not-found`` where the project has neither the module nor a cache
                of it, ``not-reached`` where a package above it could not be imported.
            SandboxDisagreement: pycinspect said otherwise.
        """
        interpreter = self._children.interpreter(None)
        options = self._options(interpreter)
        inquiry = self._inquiry(interpreter, options, [name])
        if inquiry.verdict(name).reason == "module-not-found":
            self._project.require(name)
        code = f"import {name}"
        is_here = can_import_here(options)
        if is_here:
            report = observe_here(inquiry.request(code), options)
        else:
            answer = self._observe(inquiry, interpreter, code, self._flags(interpreter, ()), {})
            if answer.report is None:
                raise PycInspectError("not-reached", f"{name}: the child ended: {answer.stderr}")
            report = answer.report
        events = inquiry.events(report, only=name)
        where = "" if is_here else " (in a child process)"
        self._happened(f"import_ {name}{where}", events)
        if name not in events:
            raise PycInspectError("not-reached", f"{name} was not imported: {report['raised']}")
        return events[name]

    def run(
        self,
        code: str,
        *,
        python: Python = None,
        flags: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        isolated: bool = True,
    ) -> Run:
        """Run code in a child process, in the project's directory.

        Args:
            code: Python's text, as for ``python -c``.
            python: who runs it: None for the running interpreter, a version (``"3.9"``,
                ``"pypy3.9"``), the path of an executable, or an ``interpreter`` of that fixture.
            flags: the interpreter's options besides those that the sandbox's settings stand for.
            env: variables besides the shell's, from which all of Python's own are taken out.
            isolated: whether installed packages are kept out (``-S -s``).

        Returns:
            The events of the project's modules, and what the code printed.

        Raises:
            PycInspectError: ``no-interpreter``, ``bad-flag``, ``child-timeout``.
            SandboxDisagreement: pycinspect said otherwise.
        """
        interpreter = self._children.interpreter(python)
        given = self._flags(interpreter, flags)
        environment = dict(env or {})
        options = import_options(given, environment, interpreter.dialect, self.root)
        inquiry = self._inquiry(interpreter, options)
        isolation = ISOLATION if isolated else ()
        answer = self._observe(inquiry, interpreter, code, [*isolation, *given], environment)
        events = {} if answer.report is None else inquiry.events(answer.report)
        self._happened(f"run {code!r}", events)
        return _run(answer, events, python_name(interpreter))

    def run_pytest(self, *arguments: str, env: Mapping[str, str] | None = None) -> Run:
        """Run pytest in the project's directory, in a child process of the running interpreter.

        Test modules and ``conftest.py`` are loaded by pytest's own importer: their events are
        about its caches, ``*-pytest-*.pyc``. Only pytest's own plugins are loaded.

        Args:
            arguments: pytest's.
            env: variables besides the shell's; see :meth:`run`.

        Returns:
            As :meth:`run`.

        Raises:
            PycInspectError: ``child-timeout``.
            SandboxDisagreement: pycinspect said otherwise.
        """
        interpreter = self._children.interpreter(None)
        options, python = self._options(interpreter), python_name(interpreter)
        inquiry = self._inquiry(interpreter, options)
        rewriting = Rewriting(self._project, interpreter.dialect, python, options)
        given = ["--rootdir", self.root, *arguments]
        code = f"import sys, pytest; sys.exit(pytest.main({given!r}))"
        environment = {**pytest_environment(), **(env or {})}
        flags = self._flags(interpreter, ())
        answer = self._observe(inquiry, interpreter, code, flags, environment)
        events = {}
        if answer.report is not None:
            rewritten = rewriting.events(answer.report)
            events = inquiry.events(answer.report, others=rewritten)
            events |= {event.module: event for event in rewritten.values()}
        self._happened(f"run_pytest {' '.join(arguments)}".rstrip(), events)
        return replace(_run(answer, events, python), raised=None)  # it exits anyhow

    def status(self, name: str, *, python: Python = None) -> Verdict:
        """Return what pycinspect says would happen at an import, without one.

        Args:
            name: the module.
            python: who would import; see :meth:`run`.
        """
        interpreter = self._children.interpreter(python)
        options = self._options(interpreter)
        return judge_module(name, [self.root], interpreter.dialect, options, compiler=compile_own)

    def _observe(
        self,
        inquiry: Inquiry,
        interpreter: Interpreter,
        code: str,
        flags: Sequence[str],
        environment: Mapping[str, str],
    ) -> Answer:
        variables = clean_environment(environment)
        return self._children.observe(inquiry.request(code), interpreter, flags, variables)

    def _inquiry(
        self, interpreter: Interpreter, options: ImportOptions, names: Sequence[str] = ()
    ) -> Inquiry:
        python = python_name(interpreter)
        row, digests = interpreter.dialect, self._digests
        return Inquiry(self._project, row, python, options, names, digests=digests)

    def _flags(self, interpreter: Interpreter, flags: Sequence[str]) -> list[str]:
        return [*self._settings.flags(interpreter.dialect), *flags]

    def _options(self, interpreter: Interpreter, *, optimize: int | None = None) -> ImportOptions:
        flags = self._flags(interpreter, ())
        options = import_options(flags, {}, interpreter.dialect, self.root)
        return options if optimize is None else replace(options, optimize=optimize)

    def _happened(self, text: str, events: Mapping[str, CacheEvent]) -> None:
        """Note what happened, and tell the observer."""
        if not events:
            self._say(text)
        for event in events.values():
            self._steps.append(Step(f"{text}: {event!r}", event))
            if self._observer is not None:
                self._observer(event)

    # --- Changes ---------------------------------------------------------------------

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
        self._steps.append(Step(text))

    def _shown(self, name: str) -> str:
        return self._project.relative(name) if os.path.isabs(name) else name


def _run(answer: Answer, events: Mapping[str, CacheEvent], python: str) -> Run:
    return Run(
        events=events,
        stdout=answer.stdout,
        stderr=answer.stderr,
        returncode=answer.returncode,
        imported=() if answer.report is None else tuple(answer.report["imported"]),
        duration=answer.duration,
        python=python,
        raised=None if answer.report is None else exception_text(answer.report["raised"]),
    )


def _padded(data: bytes, size: int) -> bytes:
    if len(data) > size:
        raise PycInspectError("too-long", f"the source has {len(data)} bytes, more than {size}")
    return data + b"\n" * (size - len(data))
