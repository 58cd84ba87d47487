"""What two compiled modules have in common, whatever they were compiled for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pycinspect.diffing.compiled import (
    CodeChange,
    compare_codes,
    cut,
    jump_text,
    listing_changes,
    numbered,
    pair_changes,
)


@given(st.text(max_size=4), st.text(max_size=4))
def test_long_texts_with_one_start_stay_different(one: str, other: str) -> None:
    start = "x" * 500
    assert (cut(start + one) == cut(start + other)) is (one == other)
    assert len(cut(start + one)) < 250
    assert cut(one) == one


@given(st.lists(st.sampled_from("ab"), max_size=6))
def test_namesakes_have_numbers(names: list[str]) -> None:
    found = numbered((name, place) for place, name in enumerate(names))
    assert list(found.values()) == list(range(len(names)))
    assert [name.partition(" ")[0] for name in found] == names


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2)),
)
def test_every_code_is_told_once(old: dict[str, int], new: dict[str, int]) -> None:
    def changes(name: str, one: int, other: int) -> list[CodeChange]:
        return list(pair_changes(name, "signature", str(one), str(other)))

    found = compare_codes(old, new, changes)
    differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    assert sorted(change.name for change in found) == sorted(differing)


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_a_listing_has_what_was_taken_and_given(old: list[str], new: list[str]) -> None:
    found = list(listing_changes("f", old, new))
    assert bool(found) is (old != new)
    for change in found:
        signs = [line[0] for line in change.detail if not line.startswith("@")]
        assert signs.count("+") - signs.count("-") == len(new) - len(old)


def test_a_listing_that_is_too_long_is_not_passed_over() -> None:
    (change,) = listing_changes("f", ["a"] * 5000, ["a"] * 5001)
    assert change == ("f", "instructions", ("more than 4000: not listed",))


def test_jumps_are_distances() -> None:
    places = {0: 0, 4: 1, 8: 2}
    assert [jump_text(target, 1, places) for target in (0, 8, 9)] == ["-1", "+1", "to offset 9"]
