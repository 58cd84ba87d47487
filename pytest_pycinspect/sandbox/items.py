"""From a test item to its sandbox, and from its sandbox to the report of its failure."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import pytest

from pytest_pycinspect.sandbox.event import CacheEvent
from pytest_pycinspect.sandbox.explain import section
from pytest_pycinspect.sandbox.pycache import Pycache

__all__ = ["sandbox_of"]

_SANDBOX = pytest.StashKey[Pycache]()
_SECTIONS = "pycinspect-sandbox-sections"
_TITLE = "pycache sandbox"
_PRESETS = frozenset({"mode", "prefix", "writable"})


def sandbox_of(item: pytest.Item, factory: pytest.TempPathFactory) -> Pycache:
    """Return the sandbox of a test, as its ``pycache`` mark presets it.

    Args:
        item: the test; what happens in its sandbox is shown when it fails, and told to the hook
            ``pytest_pycinspect_cache_event``.
        factory: where temporary directories come from.

    Raises:
        pytest.UsageError: the mark has an argument that it does not know.
    """
    presets = _presets(item)

    def tell(event: CacheEvent) -> None:
        item.ihook.pytest_pycinspect_cache_event(item=item, event=event)

    sandbox = Pycache(
        factory.mktemp("pycache"),
        seconds=float(item.config.getini("pycinspect_subprocess_timeout")),
        mode=presets.get("mode", "timestamp"),
        observer=tell,
    )
    prefix = presets.get("prefix")
    if prefix:
        sandbox.prefix(*[] if prefix is True else [prefix])
    if not presets.get("writable", True):
        sandbox.readonly(sandbox.cache_directory)
    item.stash[_SANDBOX] = sandbox
    if not item.config.pluginmanager.hasplugin(_SECTIONS):
        item.config.pluginmanager.register(_Sections(), _SECTIONS)
    return sandbox


def _presets(item: pytest.Item) -> Mapping[str, Any]:
    presets: dict[str, Any] = {}
    for mark in reversed([*item.iter_markers("pycache")]):  # the nearest one wins
        unknown = sorted(mark.kwargs.keys() - _PRESETS)
        if mark.args or unknown:
            what = f"no argument {unknown[0]!r}" if unknown else "keyword arguments only"
            message = f"{item.nodeid}: the mark pycache has {what}: mode=, prefix=, writable="
            raise pytest.UsageError(message)
        presets.update(mark.kwargs)
    return presets


class _Sections:
    """Adds what happened in the sandbox to the report of a failed test.

    As a section of the report it is shown whole, and comes through xdist.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        sandbox = item.stash.get(_SANDBOX, None)
        if report.when == "call" and report.failed and sandbox is not None and sandbox.steps:
            text = section(sandbox.root, sandbox.steps, _statement(call))
            report.sections.append((_TITLE, text))
        return report


def _statement(call: pytest.CallInfo[None]) -> str:
    """Return the source line at which a test failed; empty for what is not an assertion."""
    if call.excinfo is None or not call.excinfo.errisinstance(AssertionError):
        return ""
    return str(call.excinfo.traceback[-1].statement)
