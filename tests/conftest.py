"""What all tests share: the oracles, and what a report says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.oracles import WANTED, Oracle, find_oracle, find_oracles

#: Where nobody waits, properties are tried with as many examples as hypothesis would.
settings.register_profile("usual", max_examples=30)
if os.environ.get("CI") != "true":
    settings.load_profile("usual")

#: Here, because pytest knows it in no conftest.py that it finds later (tests/plugin).
pytest_plugins = ["pytester"]


@pytest.fixture(scope="session", autouse=True)
def _no_results_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep results of commands, and of what they start, out of the user's directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYCINSPECT_CACHE_DIR", os.fspath(tmp_path_factory.mktemp("results")))
        yield


def pytest_report_header() -> str:
    found = find_oracles()
    missing = ", ".join(name for name in WANTED if name not in found) or "none"
    return f"oracles: {len(found)} of {len(WANTED)} interpreters found; missing: {missing}"


@pytest.hookimpl(tryfirst=True)  # before what is slow is deselected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts Pyodide: that takes 4 s of processor time in each of many tests."""
    for item in items:
        if "pyodide" in item.name:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # so that it ends last: after pytest's own last line
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Say how many comparisons with real interpreters there were none to compare with."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = [report for report in reporter.stats.get("skipped", ()) if _lacks_oracle(report)]
    missing = ", ".join(name for name in WANTED if name not in find_oracles()) or "none"
    reporter.write_line(f"{len(skipped)} oracle tests skipped; interpreters missing: {missing}")


def _lacks_oracle(report: pytest.TestReport) -> bool:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return "is not installed" in reason and any(name in reason for name in WANTED)


@pytest.fixture(params=WANTED)
def oracle(request: pytest.FixtureRequest) -> Oracle:
    """Every interpreter in turn; one that is not installed is skipped, in CI it fails."""
    name: str = request.param
    found = find_oracle(name)
    if found is None:
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain(f"oracle {name} is not installed; see .ci/oracles")
    assert found is not None
    return found
