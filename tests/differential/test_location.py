"""Where caches live: ``importlib.util``'s two functions, path by path."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.cache import LINUX, cache_from_source, source_from_cache
from pycinspect.errors import PycInspectError
from tests.oracles import Oracle

CHILD = Path(__file__).with_name("paths_child.py")


class Question(NamedTuple):
    function: str
    path: str
    optimization: int | str = ""
    prefix: str | None = None


DIRECTORIES = [
    "",
    "/",
    "//",
    "a/",
    "a//",
    "/a/b/",
    "./",
    "./a/",
    "././a/",
    "../",
    "a/../",
    "/a/./b/",
    "a b/",
    "new\nline/",
    "d\u00e9j\u00e0/\U0001f40d/",
    "a.b/",
    "c:/",
    "c:\\d/",
    "__pycache__/",
    "a/__pycache__/",
    "/p/a/",
    "/p/__pycache__/",
    "/pq/",
]
FILENAMES = [
    "mod.py",
    "mod",
    "b.c.py",
    ".py",
    ".hidden",
    ".",
    "..",
    "...",
    "mod.",
    "mod..py",
    "",
    "a b.py",
    "new\nline.py",
    "caf\u00e9.py",
    "\udcff.py",
    "mod.pyw",
    "mod.tar.gz",
    "a\\b.py",
]
CACHE_NAMES = [
    "mod.cpython-312.pyc",
    "mod.cpython-312.opt-1.pyc",
    "mod.cpython-312.opt-.pyc",
    "mod.cpython-312.opt-a-b.pyc",
    "mod.cpython-312.nonsense.pyc",
    "m.anything.xyz",
    "b.c.cpython-312.pyc",
    "b.c.cpython-312.opt-1.pyc",
    "..",
    "...",
    ".tag.pyc",
    "mod.pyc",
    "",
]
OPTIMIZATIONS: list[int | str] = ["", 0, 1, 2, 10, "abc", "-", "1-", " ", "\u00e9", "\u00b2", "1.2"]
PREFIXES = [None, "", "/p", "/p/", "/p//", "p", "p/", "./p", "/", "//", "../p"]

EXHAUSTIVE = [
    *(
        Question("cache_from_source", directory + filename, prefix=prefix)
        for directory, filename, prefix in product(DIRECTORIES, FILENAMES, PREFIXES)
    ),
    *(
        Question("cache_from_source", path, optimization, prefix)
        for path, optimization, prefix in product(
            ["mod.py", "/a/b.c.py", "foo"], OPTIMIZATIONS, [None, "/p"]
        )
    ),
    *(
        Question("source_from_cache", directory + filename, prefix=prefix)
        for directory, filename, prefix in product(
            DIRECTORIES, [*CACHE_NAMES, *FILENAMES], PREFIXES
        )
    ),
]

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
    predicted = [_predict(oracle.dialect, question, directory) for directory, question in asked]
    answers: Any = oracle.run(CHILD, batches)
    differences = [
        (case, prediction, observed)
        for case, prediction, observed in zip(asked, predicted, chain(*answers), strict=True)
        if prediction != observed and not _crashes(case[1], observed)
    ]
    return differences[:5]  # pytest takes minutes to compare thousands


def _predict(dialect: str, question: Question, directory: str) -> dict[str, str]:
    try:
        if question.function == "cache_from_source":
            path = cache_from_source(
                question.path,
                dialect,
                optimization=question.optimization,
                pycache_prefix=question.prefix,
                current_directory=directory,
                platform=LINUX,
            )
        else:
            path = source_from_cache(
                question.path, dialect, pycache_prefix=question.prefix, platform=LINUX
            )
    except PycInspectError:
        return {"error": "ValueError"}
    return {"path": path}


def _crashes(question: Question, observed: dict[str, str]) -> bool:
    """Return whether the oracle has no answer: gh-82916, mended in 3.13.1.

    Under a prefix importlib looked at the second letter of the source's
    directory, which ``/`` and, from there, an empty directory do not have.
    """
    return observed.get("error") == "IndexError" and question.prefix is not None
