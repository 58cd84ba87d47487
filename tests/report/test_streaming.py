"""However many findings come, a reporter keeps none."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator

import pytest

from pycinspect.auditing import Finding, Summary
from pycinspect.report.formats import REPORTERS
from tests.report.kit import BASE, context, hostile_findings, report, stale

MANY = 30_000
#: Tracing is slow; what one finding of the last ones leaves behind, all leave.
TRACED = 10_000
BOUND = 384 * 1024
#: Formats of which somebody reads all: they count what they do not show.
SHORT = ("github", "markdown", "text")


class _Sink(io.StringIO):
    """Takes everything, keeps the number of characters and lines."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = 0
        self.lines = 0

    def write(self, text: str) -> int:
        self.characters += len(text)
        self.lines += text.count("\n")
        return len(text)


def _many(number: int) -> Iterator[Finding]:
    return (stale(f"{BASE}/package/{index}.pyc", found=index) for index in range(number))


def _peak(name: str, number: int, verbose: int = 0) -> tuple[int, _Sink]:
    """Return by how much memory grew while the last findings came, and at the end."""
    out = _Sink()
    reporter = REPORTERS[name](out, context(verbose=verbose))
    summary = Summary(files=number)
    findings = _many(number)
    for item in itertools.islice(findings, number - TRACED):
        reporter.finding(item)
    tracemalloc.start()
    try:
        for item in findings:
            reporter.finding(item)
        reporter.close(summary)
        return tracemalloc.get_traced_memory()[1], out
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name",
    ["json", *(pytest.param(n, marks=pytest.mark.slow) for n in sorted(REPORTERS) if n != "json")],
)
def test_memory_is_flat(name: str) -> None:
    peak, out = _peak(name, MANY)

    assert peak < BOUND
    if name not in SHORT:
        assert out.lines >= MANY


def test_memory_is_flat_where_every_path_is_shown() -> None:
    peak, out = _peak("text", MANY, verbose=2)

    assert peak < BOUND
    assert out.lines >= MANY


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_nothing_is_written_before_the_first_call(name: str) -> None:
    out = io.StringIO()

    REPORTERS[name](out, context())

    assert out.getvalue() == ""


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_output_can_be_encoded(name: str) -> None:
    text = report(name, hostile_findings(), verbose=2)

    text.encode("utf-8")
    assert text.endswith("\n")


@pytest.mark.parametrize("name", sorted(REPORTERS))
def test_the_stream_stays_open(name: str) -> None:
    out = io.StringIO()
    reporter = REPORTERS[name](out, context())

    reporter.close(Summary())

    assert not out.closed


def test_the_test_sees_what_is_kept() -> None:
    tracemalloc.start()
    try:
        kept = list(_many(TRACED))
        assert tracemalloc.get_traced_memory()[0] > 8 * BOUND
        del kept
    finally:
        tracemalloc.stop()
