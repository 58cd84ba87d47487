"""Where caches live: ``importlib.util``'s two functions, path by path."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.differential.location import (
    CHILD,
    EXHAUSTIVE,
    OPTIMIZATIONS,
    PREFIXES,
    Question,
    crashes,
    predict,
)
from tests.oracles import Oracle

texts = st.lists(
    st.sampled_from([*"/.aB_-: \n", "..", "./", "//", "__pycache__/", ".cpython-312", ".opt-1"])
    | st.characters(),
    max_size=8,
).map("".join)
questions = st.builds(
    Question,
    st.sampled_from(["cache_from_source", "source_from_cache"]),
    texts,
    st.sampled_from(OPTIMIZATIONS),
    st.none() | st.sampled_from(PREFIXES) | texts,
)


def test_paths(oracle: Oracle) -> None:
    """One child answers every combination of odd parts, in two places, and any text."""
    if oracle.name == "cpython-2.7":
        pytest.skip("its caches have no path of their own")
    batches = [("/", EXHAUSTIVE), ("/tmp", EXHAUSTIVE), ("/tmp", _made_up(500))]
    assert _differences(oracle, batches) == []


def _made_up(count: int) -> list[Question]:
    """Return different questions made by hypothesis: one child answers them all."""
    batch: set[Question] = set()

    @settings(max_examples=count, deadline=None, database=None)
    @given(questions)
    def collect(question: Question) -> None:
        batch.add(question)

    collect()
    return sorted(batch, key=repr)


# --- Asking both ----------------------------------------------------------------


def _differences(oracle: Oracle, batches: Sequence[tuple[str, Sequence[Question]]]) -> list[Any]:
    """Return up to five questions that pycinspect answers otherwise, with both answers.

    Args:
        oracle: who is asked, too.
        batches: the current directory and questions, some times.
    """
    asked = [(directory, question) for directory, batch in batches for question in batch]
    predicted = [predict(oracle.dialect, question, directory) for directory, question in asked]
    answers: Any = oracle.run(CHILD, batches)
    differences = [
        (case, prediction, observed)
        for case, prediction, observed in zip(asked, predicted, chain(*answers), strict=True)
        if prediction != observed and not crashes(case[1], observed)
    ]
    return differences[:5]  # pytest takes minutes to compare thousands
