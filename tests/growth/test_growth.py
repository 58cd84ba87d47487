"""Twice the input is about twice the work, for each reader and each family."""

from __future__ import annotations

import pytest

from tests.growth.cases_canonical import COUNTED, counted
from tests.growth.kit import Family, Reader, assert_near_linear, groups, work

CASES = [(reader, family) for group in groups() for reader, family in group.cases()]


@pytest.mark.slow  # each line is traced: minutes in all
@pytest.mark.parametrize(
    ("reader", "family"), CASES, ids=[f"{reader.name}-{family.name}" for reader, family in CASES]
)
def test_twice_the_input_is_twice_the_work(reader: Reader, family: Family) -> None:
    assert_near_linear(family.make, reader.run, family.size)


@pytest.mark.slow
@pytest.mark.parametrize("family", COUNTED, ids=[family.name for family in COUNTED])
def test_what_grows_faster_is_refused_by_count(family: Family) -> None:
    """It is refused after so many steps, whatever its size: the rest is reading it."""
    for size in (family.size, 2 * family.size):
        problem = counted(family.make(size)).problem
        assert problem == "not-canonical: there are too many steps"
    assert_near_linear(family.make, counted, family.size)


# --- The meter itself ------------------------------------------------------------------------


def _scanned(items: list[int]) -> int:
    return sum(1 for _ in items)


def _pairs(items: list[int]) -> int:
    return sum(1 for _ in items for _ in items)


def _copied(items: list[int]) -> None:
    """Copy the items once for each of them: no line of Python shows it."""
    list(map(items.__getitem__, [slice(None)] * len(items)))


def _copied_line_by_line(items: list[int]) -> None:
    for _ in items:
        items[:]


def test_the_meter_sees_loops_and_copies() -> None:
    def make(n: int) -> list[int]:
        return list(range(n))

    assert_near_linear(make, _scanned, 100)
    for quadratic in (_pairs, _copied, _copied_line_by_line):
        with pytest.raises(AssertionError, match="times the work"):
            assert_near_linear(make, quadratic, 100)


def test_the_meter_counts_the_same_each_time() -> None:
    work(lambda: _pairs([1]))  # the first time, something is looked up and kept
    assert work(lambda: _pairs([1] * 50)) == work(lambda: _pairs([1] * 50))
