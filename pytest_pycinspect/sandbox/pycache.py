"""The ``pycache`` fixture: a temporary project, what its importers do, and what is left of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pycinspect.cache import ImportOptions, Verdict, judge_module
from pycinspect.errors import PycInspectError
from pytest_pycinspect.sandbox.agreement import exception_text
from pytest_pycinspect.sandbox.children import Answer, AnyInterpreter, Python, python_name
from pytest_pycinspect.sandbox.event import CacheEvent, Run
from pytest_pycinspect.sandbox.explain import TimelineStep
from pytest_pycinspect.sandbox.inprocess import can_import_here, observe_here
from pytest_pycinspect.sandbox.inquiry import Inquiry
from pytest_pycinspect.sandbox.judging import compile_own
from pytest_pycinspect.sandbox.moments import Report
from pytest_pycinspect.sandbox.rewriting import Rewriting
from pytest_pycinspect.sandbox.settings import (
    ISOLATION,
    clean_environment,
    import_options,
    pytest_environment,
)
from pytest_pycinspect.sandbox.surroundings import SurroundingsWork

__all__ = ["Pycache"]


class _Command(NamedTuple):
    """What an interpreter is to run: the code, ``sys.argv``, and how it is called in reports."""

    code: str
    arguments: Sequence[str]
    text: str


class Pycache(SurroundingsWork):
    """A temporary project whose caches can be written, damaged and imported.

    A module is meant by its name, ``"pkg.mod"``, a package's own file by ``"pkg"``. Every
    import is judged by pycinspect at its moment, with the files and settings as they are then, and
    observed while it happens; should the two disagree, :class:`SandboxDisagreement` is raised.
    What cannot be observed is an event that says so. Nothing of the user's shell has an effect
    (``PYTHONDONTWRITEBYTECODE``, ``PYTHONPYCACHEPREFIX``, ``PYTHONOPTIMIZE`` ...).

    Args:
        directory: an empty directory; the project is its subdirectory ``project``.
        seconds: how long a child process may take.
        mode: how :meth:`compile` ties caches to sources unless it is told otherwise.
        observer: called with every event.
    """

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
        inquiry = self._inquiry(interpreter, options)
        is_here = can_import_here(options)
        report = self._report(inquiry, options, name, is_here=is_here)
        events = inquiry.events(report, only=name)
        where = "" if is_here else " (in a child process)"
        self._happened(f"import_ {name}{where}", events)
        found = _by_name(events).get(name)
        if found is None:
            if self.status(name).reason == "module-not-found":
                self._project.require(name)
            raise PycInspectError("not-reached", f"{name} was not imported: {report['raised']}")
        return found

    def _report(
        self, inquiry: Inquiry, options: ImportOptions, name: str, *, is_here: bool
    ) -> Report:
        code = f"import {name}"
        if is_here:
            return observe_here(code, self.root, self._project.modules(), options, inquiry.hear)
        interpreter = self._children.interpreter(None)
        command = _Command(code, ["-c"], code)
        answer = self._observe(inquiry, interpreter, command, self._flags(interpreter, ()), {})
        if answer.report is None:
            raise PycInspectError("not-reached", f"{name}: the child ended: {answer.stderr}")
        return answer.report

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
        command = _Command(code, ["-c"], f"run {code!r}")
        return self._run(command, python, flags, env, isolated=isolated)

    def run_module(
        self,
        name: str,
        *arguments: str,
        python: Python = None,
        flags: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        isolated: bool = True,
    ) -> Run:
        """Run a module as ``python -m`` does, in the project's directory.

        Of a package it is ``__main__`` that runs. Its event is under its full name, although it
        calls itself ``__main__``.

        Args:
            name: the module.
            arguments: what follows it in the command line.
            python: see :meth:`run`, as all that follow.
            flags: the interpreter's options.
            env: variables.
            isolated: whether installed packages are kept out.

        Returns:
            As :meth:`run`.

        Raises:
            PycInspectError: as :meth:`run`.
            SandboxDisagreement: pycinspect said otherwise.
        """
        code = f"__import__('runpy')._run_module_as_main({name!r})"  # Modules/main.c does that
        command = _Command(code, ["-m", *arguments], " ".join(["run_module", name, *arguments]))
        return self._run(command, python, flags, env, isolated=isolated)

    def _run(
        self,
        command: _Command,
        python: Python,
        flags: Sequence[str],
        env: Mapping[str, str] | None,
        *,
        isolated: bool,
    ) -> Run:
        interpreter = self._children.interpreter(python)
        given = self._flags(interpreter, flags)
        environment = dict(env or {})
        options = import_options(given, environment, interpreter.dialect, self.root)
        inquiry = self._inquiry(interpreter, options)
        started = [*(ISOLATION if isolated else ()), *given]
        answer = self._observe(inquiry, interpreter, command, started, environment)
        events = inquiry.events(answer.report)
        self._happened(command.text, events)
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
        command = _Command(code, ["-c"], f"run_pytest {' '.join(arguments)}".rstrip())
        environment = {**pytest_environment(), **(env or {})}
        flags = self._flags(interpreter, ())
        answer = self._observe(inquiry, interpreter, command, flags, environment)
        rewritten = rewriting.events(inquiry.bodies)
        events = [*inquiry.events(answer.report, others=rewritten), *rewritten.values()]
        self._happened(command.text, events)
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
        interpreter: AnyInterpreter,
        command: _Command,
        flags: Sequence[str],
        environment: Mapping[str, str],
    ) -> Answer:
        return self._children.observe(
            command.code,
            self.root,
            interpreter,
            flags,
            clean_environment(environment),
            arguments=command.arguments,
            hear=inquiry.hear,
        )

    def _inquiry(self, interpreter: AnyInterpreter, options: ImportOptions) -> Inquiry:
        python = python_name(interpreter)
        row, digests = interpreter.dialect, self._digests
        return Inquiry(self._project, row, python, options, digests=digests)

    def _happened(self, text: str, events: Sequence[CacheEvent]) -> None:
        """Note what happened, and tell the observer."""
        if not events:
            self._say(text)
        for event in events:
            self._steps.append(TimelineStep(f"{text}: {event!r}", event))
            if self._observer is not None:
                self._observer(event)


def _by_name(events: Sequence[CacheEvent]) -> dict[str, CacheEvent]:
    """Return the first event of each module; one that was observed, and is an import, comes first."""
    ordered = sorted(
        events, key=lambda event: event.not_observed or event.why.code == "not_imported"
    )
    first = {event.module: event for event in reversed(ordered)}
    return {event.module: first[event.module] for event in events}


def _run(answer: Answer, events: Sequence[CacheEvent], python: str) -> Run:
    return Run(
        events=_by_name(events),
        stdout=answer.stdout,
        stderr=answer.stderr,
        returncode=answer.returncode,
        imported=() if answer.report is None else tuple(answer.report["imported"]),
        duration=answer.duration,
        python=python,
        raised=None if answer.report is None else exception_text(answer.report["raised"]),
        history=tuple(events),
    )
