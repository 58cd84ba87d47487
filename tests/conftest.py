"""What all tests share: the oracles."""

from __future__ import annotations

import os

import pytest

from tests.oracles import WANTED, Oracle, find_oracle, find_oracles

#: Here, because pytest knows it in no conftest.py that it finds later (tests/plugin).
pytest_plugins = ["pytester"]


def pytest_report_header() -> str:
    found = find_oracles()
    missing = ", ".join(name for name in WANTED if name not in found) or "none"
    return f"oracles: {len(found)} of {len(WANTED)} interpreters found; missing: {missing}"


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
