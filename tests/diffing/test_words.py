"""No difference is shown as a line that went and the very same one that came, without a reason."""

from __future__ import annotations

import os
import random
import warnings
from pathlib import Path

import pytest

from pycinspect.compiling import Compilers
from pycinspect.dialects import find_dialect
from pycinspect.diffing import Op, diff
from pycinspect.errors import PycInspectError
from pycinspect.pyc import read_marshalled
from pycinspect.report.diff import diff_lines
from tests.canonical.programs import program
from tests.differential.listings import TITLES, listings, unreasoned
from tests.differential.mutants import mutants_of
from tests.differential.noise import oracle_of, payloads
from tests.oracles import find_oracles

from .kit import differences


def examine(pairs: list[tuple[str, str]], level: str, *, raw: bool = False) -> list[str]:
    """Return all such lines of some pairs of sources, each with the sources."""
    found = []
    with Compilers(trusted=True) as compilers, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for old, new in pairs:
            try:
                sides = [compilers.compile(text.encode(), "m.py") for text in (old, new)]
            except PycInspectError:
                continue
            for lines in listings(diff(*sides, level), raw=raw):
                found += [f"{line}\n{old}\n{new}" for line in unreasoned(lines)]
    return found


def changed_programs(count: int, seed: int) -> list[tuple[str, str]]:
    texts = {str(number): program(seed + number) for number in range(count)}
    return [(mutant.original, mutant.text) for mutant in mutants_of(texts, count, seed)]


def changed_library(count: int, seed: int) -> list[tuple[str, str]]:
    folder = Path(os.__file__).parent
    names = ("dataclasses.py", "contextlib.py", "functools.py", "ast.py")
    texts = {name: (folder / name).read_text("utf-8") for name in names}
    return [(mutant.original, mutant.text) for mutant in mutants_of(texts, count, seed)]


@pytest.mark.parametrize("level", ["semantic", "strict", "structural", "exact"])
def test_changed_programs_say_what_differs(level: str) -> None:
    assert examine(changed_programs(60, 2026), level, raw=level == "semantic") == []


def test_a_changed_library_says_what_differs() -> None:
    assert examine(changed_library(60, 7), "semantic") == []


def test_programs_that_have_nothing_in_common_say_what_differs() -> None:
    rng = random.Random(11)
    seeds = [(rng.randrange(10**6), rng.randrange(10**6)) for _ in range(40)]
    assert examine([(program(one), program(other)) for one, other in seeds], "semantic") == []


# --- The words -----------------------------------------------------------------------------------


WORDS = {
    "a global variable": (
        "def f():\n global x\n x = 1",
        "def f():\n x = 1",
        "x is a global variable before, a local variable after",
    ),
    "another function of one name": (
        "def f(a):\n a([1 for x in a])\n return any(x for x in a)",
        "def f(a):\n a(1 for x in a)\n return any(x for x in a)",
        "of the functions of that name, it is number 1 before, number 2 after",
    ),
    "a variable that may not be bound": (
        "def f(a):\n b = 1\n a()\n return b",
        "def f(a):\n if a: b = 1\n a()\n return b",
        "only after: b may not be bound here",
    ),
    "what a name stands for": (
        "def f(a):\n with a(1):\n  a.b()",
        "def f(a):\n with a(2):\n  a.b()",
        "1 before, 2 after",
    ),
    "another handler": (
        "def f(a):\n try:\n  a.b()\n except E:\n  a.d()\n else:\n  a.c()",
        "def f(a):\n try:\n  a.b()\n  a.c()\n except E:\n  a.d()",
        "what follows it, or handles its errors, is another statement",
    ),
}


@pytest.mark.parametrize("case", WORDS)
def test_the_reason_is_said_in_words(case: str) -> None:
    old, new, words = WORDS[case]
    found = differences(old, new)
    reasons = {change.reason for unit in found.units for change in unit.changes}
    lines = [line for lines in listings(found) for line in lines]
    assert words in reasons
    assert f"({words})" in lines


def test_another_handler_of_a_part_is_said() -> None:
    """Up to 3.7 the target of ``async for`` is guarded as the wait for the next item is."""
    if not {"cpython-3.7", "cpython-3.8"} <= find_oracles().keys():
        pytest.skip("3.7 or 3.8 is not installed")
    source = "async def f(a):\n    async for x, y in a: pass"
    files = [
        read_marshalled(payload, find_dialect(oracle_of(version).dialect))
        for version in ("3.7", "3.8")
        for payload in payloads(version, [source], None)
        if payload is not None
    ]
    (unit,) = (unit for unit in diff(*files, explanations=()).units if unit.changes)
    (reason,) = (change.reason for change in unit.changes if change.op is not Op.EQUAL)
    assert reason == "what follows it, or handles its errors, is another statement"


def test_a_notebook_has_the_reason() -> None:
    old, new, words = WORDS["a global variable"]
    assert f"({words})" in differences(old, new)._repr_html_()


def test_two_columns_have_the_reason_below() -> None:
    old, new, words = WORDS["a global variable"]
    lines = diff_lines(differences(old, new), titles=TITLES, width=160)
    texts = ["".join(text for text, _ in line) for line in lines]
    (place,) = (i for i, text in enumerate(texts) if f"({words})" in text)
    assert texts[place - 1].count("x = 1") == 2


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("def f(a, b): pass", "def f(a, /, *, b): pass", "(a, b)", "(a, /, *, b)"),
        ("def f(*a): pass", "def f(**a): pass", "(*a)", "(**a)"),
        ("def f(a): return a", "def f(a): yield a", "(a)", "(a), generator"),
        ("def f(a): return a", "async def f(a): return a", "(a)", "(a), coroutine"),
    ],
)
def test_a_signature_says_what_differs(old: str, new: str, gone: str, come: str) -> None:
    lines = [line for lines in listings(differences(old, new)) for line in lines]
    assert f"- signature: {gone}" in lines
    assert f"+ signature: {come}" in lines


def test_what_a_function_shares_is_part_of_its_signature() -> None:
    old = "def f(a):\n def g(): return a\n return g"
    lines = listings(differences(old, old.replace("return a", "return b")))
    assert "- signature: (), uses a" in [line for part in lines for line in part]


def test_lines_of_a_docstring_that_moved_say_so() -> None:
    old = "def f():\n '''One.\n Two.\n Three.\n '''"
    found = differences(old, old.replace("One", "Three").replace("Three.\n '", "One.\n '"))
    lines = [line for part in listings(found) for line in part]
    assert not [line for part in listings(found) for line in unreasoned(part)]
    assert [line for line in lines if line.endswith("  (moved)")]
