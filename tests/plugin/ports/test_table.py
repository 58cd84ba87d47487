"""The README's table of ports: its numbers of cases are those of the tables."""

from __future__ import annotations

import re
from pathlib import Path

from tests.plugin.ports.__main__ import PORTS

PAGE = Path(__file__).parents[3] / "pytest_pycinspect" / "README.md"


def test_the_page_has_the_numbers_of_the_tables() -> None:
    text = PAGE.read_text("utf-8")
    for port in PORTS:
        assert f"| {port.title} | {len(port.ported)} |" in text
    total = re.search(r"^(\d+) cases of CPython's", text, re.MULTILINE)
    assert total is not None
    assert int(total[1]) == sum(len(port.ported) for port in PORTS)
