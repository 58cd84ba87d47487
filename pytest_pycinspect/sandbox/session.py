"""``--pycinspect-cache-report``: what a test session did to the project's caches."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.assertion.rewrite import PYC_TAIL, AssertionRewritingHook, get_cache_dir

from pytest_pycinspect.sandbox.audit import Caches, PycacheAudit, State

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped] # has no types

__all__ = ["register", "watch"]

_FAIL_ON = "fail-on="
_OUTPUT = "pycinspect_imported_caches"
#: What ``fail-on`` may name, to the property of the audit.
_KINDS: Mapping[str, str] = {
    "created": "created",
    "rewritten": "rewritten",
    "removed": "removed",
    "stale": "stale",
    "orphan": "orphaned",
}
_LISTED: tuple[State, ...] = ("stale", "orphan")


def watch(config: pytest.Config) -> PycacheAudit:
    """Begin to watch the caches of the project, if that has not begun yet."""
    if _AUDIT not in config.stash:
        config.stash[_AUDIT] = PycacheAudit(Caches.of_config(config))
    return config.stash[_AUDIT]


_AUDIT = pytest.StashKey[PycacheAudit]()


def register(config: pytest.Config) -> None:
    """Report what becomes of the caches of the project; the controller of xdist does for all.

    Raises:
        pytest.UsageError: ``fail-on`` names what is not a kind.
    """
    fail_on = _fail_on(config)
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_Worker(config), "pycinspect-cache-report")
        return
    report = _Report(config, fail_on)
    config.pluginmanager.register(report, "pycinspect-cache-report")
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Collector(report), "pycinspect-cache-report-xdist")


def _fail_on(config: pytest.Config) -> tuple[str, ...]:
    option = config.getoption("pycinspect_cache_report") or ""
    if option and not option.startswith(_FAIL_ON):
        message = f"--pycinspect-cache-report takes {_FAIL_ON}KINDS, not {option!r}"
        raise pytest.UsageError(message)
    texts = [option.removeprefix(_FAIL_ON), *config.getini("pycinspect_cache_fail_on")]
    kinds = dict.fromkeys(kind for text in texts for kind in text.split(",") if kind)
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        message = f"no kind of caches is called {unknown[0]!r}: {', '.join(_KINDS)}"
        raise pytest.UsageError(message)
    return tuple(kinds)


def _imported_caches() -> list[str]:
    """Return the caches of the modules that this process has imported: Python's and pytest's."""
    specs = [getattr(module, "__spec__", None) for module in [*sys.modules.values()]]
    found = {_cache_of(spec) for spec in specs if isinstance(spec, ModuleSpec)}
    return sorted(path for path in found if path is not None)


def _cache_of(spec: ModuleSpec) -> str | None:
    """Return the cache that a loader looks at, None for one that has none."""
    if isinstance(spec.loader, SourceFileLoader):
        return spec.cached
    if isinstance(spec.loader, AssertionRewritingHook) and spec.origin is not None:
        source = Path(spec.origin)
        # As exec_module does: it does not say which cache it took.
        return os.fspath(get_cache_dir(source) / f"{source.name[:-3]}{PYC_TAIL}")
    return None


class _Worker:
    """In a worker of xdist: tells the controller what it has imported."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_sessionfinish(self) -> None:
        output: dict[str, object] = self._config.workeroutput  # type: ignore[attr-defined] # xdist
        output[_OUTPUT] = _imported_caches()


class _Collector:
    """In the controller of xdist: takes what the workers tell."""

    def __init__(self, report: _Report) -> None:
        self._report = report

    def pytest_testnodedown(self, node: WorkerController) -> None:
        output = getattr(node, "workeroutput", None) or {}  # none of a worker that crashed
        self._report.imported.update(output.get(_OUTPUT, ()))


class _Report:
    """Watches, reports, and fails the session where it is to."""

    def __init__(self, config: pytest.Config, fail_on: tuple[str, ...]) -> None:
        self.imported: set[str] = set()
        self._fail_on = fail_on
        self._audit = watch(config)
        self._found: dict[str, list[str]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.imported.update(_imported_caches())
        self._found = {kind: getattr(self._audit, name) for kind, name in _KINDS.items()}
        if session.exitstatus == pytest.ExitCode.OK and self._failures():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _failures(self) -> list[str]:
        return [kind for kind in self._fail_on if self._found.get(kind)]

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        read = self._audit.fresh(self.imported)
        terminalreporter.section("pycinspect: caches")
        counts = {"read": len(read), **{kind: len(found) for kind, found in self._found.items()}}
        terminalreporter.line(", ".join(f"{kind} {count}" for kind, count in counts.items()))
        for kind in dict.fromkeys([*_LISTED, *self._failures()]):
            for path in self._found.get(kind, ()):
                terminalreporter.line(f"{kind:<9} {path}")
        before = {kind: self._audit.already(kind) for kind in _LISTED}
        if any(before.values()):
            words = ", ".join(f"{kind} {count}" for kind, count in before.items() if count)
            terminalreporter.line(f"before the session, not counted: {words}")
        for kind in self._failures():
            terminalreporter.line(f"failed: the session left caches {kind} (fail-on)", red=True)
