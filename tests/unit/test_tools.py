"""Every tool of the tests can be started: most of them no test imports."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
#: Modules that are run as ``python -m``; what runs inside an oracle is tested there.
TOOLS = sorted(
    ".".join(path.relative_to(TESTS.parent).with_suffix("").parts)
    for path in TESTS.rglob("*.py")
    if not path.stem.endswith("_child") and 'if __name__ == "__main__":' in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", TOOLS)
def test_it_can_be_imported(name: str) -> None:
    assert import_module(name)


def test_there_are_some() -> None:
    assert {"tests.same_answers", "tests.mutation", "tests.verifying.__main__"} <= {*TOOLS}
