"""Which statement of one side is which of the other."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from pycinspect.diffing import Op, align, aligned

ITEMS = st.text("abcdef", max_size=30)


def rebuilt(old: str, new: str) -> str:
    parts = [
        [old[i] for i in span.old] if span.op is Op.EQUAL else [new[j] for j in span.new]
        for span in aligned(old, new)
    ]
    return "".join(item for part in parts for item in part)


@given(ITEMS, ITEMS)
def test_the_spans_lead_from_one_side_to_the_other(old: str, new: str) -> None:
    spans = aligned(old, new)
    assert rebuilt(old, new) == new
    assert [i for span in spans for i in span.old] == list(range(len(old)))
    assert [j for span in spans for j in span.new] == list(range(len(new)))
    for span in spans:
        ours, theirs = [old[i] for i in span.old], [new[j] for j in span.new]
        assert (ours == theirs) is (span.op is Op.EQUAL)
        assert span.op is not Op.DELETE or not theirs
        assert span.op is not Op.INSERT or not ours


@given(st.text("abcd", max_size=4), st.text("abcd", max_size=4))
def test_the_most_is_kept_where_nothing_is_unique(old: str, new: str) -> None:
    old, new = old + old, new + new
    found = align._matching(align._Gap(range(len(old)), range(len(new))), old, new)
    assert len(list(found)) == _longest(old, new)


def _longest(old: str, new: str) -> int:
    """Return the length of the longest common subsequence, by its definition."""
    parts = {part for n in range(len(old) + 1) for part in combinations(old, n)}
    others = {part for n in range(len(new) + 1) for part in combinations(new, n)}
    return max(map(len, parts & others))


@given(st.text("abcde", max_size=40), st.text("abcde", max_size=40))
def test_it_is_the_subsequence_that_the_table_of_lengths_leads_to(old: str, new: str) -> None:
    """Of several, the one that leaves out the old item first."""
    lengths = _table(old, new)
    i, j, pairs = 0, 0, []
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    gap = align._Gap(range(len(old)), range(len(new)))
    assert list(align._matching(gap, old, new)) == pairs


def _table(old: str, new: str) -> list[list[int]]:
    """Return the length of the longest common subsequence of ``old[i:]`` and ``new[j:]``."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            longer = max(table[i + 1][j], table[i][j + 1])
            table[i][j] = table[i + 1][j + 1] + 1 if old[i] == new[j] else longer
    return table


@given(ITEMS)
def test_one_span_where_nothing_differs(items: str) -> None:
    assert [span.op for span in aligned(items, items)] == [Op.EQUAL] * bool(items)


@given(ITEMS, ITEMS)
def test_no_two_spans_of_equality_touch(old: str, new: str) -> None:
    is_equal = [span.op is Op.EQUAL for span in aligned(old, new)]
    assert all(one is not other for one, other in pairwise(is_equal))


def test_unique_items_are_anchors() -> None:
    """As patience does, and unlike the longest common subsequence."""
    equal = [span.old for span in aligned("xxxxA", "Axxxx") if span.op is Op.EQUAL]
    assert equal == [range(4, 5)]


def test_what_is_too_much_is_one_replacement(monkeypatch) -> None:
    monkeypatch.setattr(align, "_MOST_PAIRS", 3)
    spans = aligned("xabaaby", "xbabbay")
    assert [span.op for span in spans] == [Op.EQUAL, Op.REPLACE, Op.EQUAL]


def test_many_equal_items_are_quick() -> None:
    spans = aligned("a" * 100_000, "a" * 50_000)
    assert [span.op for span in spans] == [Op.EQUAL, Op.DELETE]


def test_a_pattern_that_repeats_is_quick() -> None:
    """``difflib`` takes seconds for these."""
    spans = aligned("ab" * 240, "aab" * 160)
    assert sum(len(span.old) for span in spans if span.op is Op.EQUAL) >= 320
