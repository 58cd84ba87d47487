"""What a level of optimization alone makes different is explained, and nothing else is."""

from __future__ import annotations

import os
import py_compile
from pathlib import Path

import pytest

from pycinspect.compiling import Compilers
from pycinspect.diffing import (
    EXPLANATIONS,
    Diff,
    Leveled,
    ModuleDiff,
    Status,
    diff,
    diff_module,
)
from pycinspect.diffing.explanations import Stripped
from pycinspect.values import Level
from tests.differential.levels import examine, examine_mutants, mutated, programs
from tests.differential.noise import sources

from .kit import compiled


def at(source: str, optimize: int) -> Leveled:
    """Return a source, compiled at a level by the running interpreter."""

    def again(level: int) -> Leveled:
        return at(source, level)

    return Leveled(compiled(source, optimize), optimize, again)


def difference(
    old: str, new: str, levels: tuple[int, int] = (0, 2), level: Level = Level.SEMANTIC
) -> ModuleDiff:
    """Compare two sources, compiled at two levels."""
    return diff_module(("old", at(old, levels[0])), ("new", at(new, levels[1])), level)


def as_caches(old: str, new: str, levels: tuple[int, int] = (0, 2)) -> ModuleDiff:
    """Compare what is compiled at two levels, without the sources."""
    sides = (at(text, level) for text, level in zip((old, new), levels, strict=True))
    ours, theirs = (side._replace(recompiled=None) for side in sides)
    return diff_module(("old", ours), ("new", theirs), Level.SEMANTIC)


def slugs(found: ModuleDiff) -> dict[str, tuple[str, ...]]:
    """Return what explains each code object that differs, by its name."""
    assert found.is_same, [unit for unit in found.units if unit.status is not Status.SAME]
    units = (unit for unit in found.units if unit.status is Status.EXPLAINED)
    return {(unit.new or unit.old).qualname: unit.explanations for unit in units}  # type: ignore[union-attr]


# --- What is explained -----------------------------------------------------------------------------

DOCSTRING, ASSERT, DEBUG = Stripped

CASES = {
    "a docstring of a function": ("def f():\n 'Say.'\n return 1", {"f": (DOCSTRING,)}),
    "of a class": ("class C:\n 'Say.'\n x = 1", {"C": (DOCSTRING,)}),
    "of a module": ("'Say.'\nx = 1", {"<module>": (DOCSTRING,)}),
    "an assertion": ("def f(a):\n assert a\n return a", {"f": (ASSERT,)}),
    "with a message": ("def f(a):\n assert a.b(), (a, 1)\n return a", {"f": (ASSERT,)}),
    "of several conditions": (
        "def f(a, b):\n if a:\n  assert a.b and (b or\n   not a.c), b\n return 1",
        {"f": (ASSERT,)},
    ),
    "between assignments": ("def f(a):\n x = a\n assert a\n y = x\n return y", {"f": (ASSERT,)}),
    "that binds a variable": ("def f(a):\n assert (b := a())\n return a", {"f": (ASSERT,)}),
    "at the end of a loop": ("def f(a):\n for x in a:\n  assert x\n return 1", {"f": (ASSERT,)}),
    "in a handler": (
        "def f(a):\n try:\n  a()\n except E as e:\n  assert e\n finally:\n  assert a",
        {"f": (ASSERT,)},
    ),
    "several on a line": ("def f(a):\n assert a; assert a.b, 1; assert a.c", {"f": (ASSERT,)}),
    "that makes functions": (
        "def f(a):\n assert all(x for x in a), lambda: 1\n return [lambda: x for x in a]",
        {"f": (ASSERT,), "f.<locals>.<genexpr>": (ASSERT,), "f.<locals>.<lambda>": (ASSERT,)},
    ),
    "both": ("def f(a):\n 'Say.'\n assert a", {"f": (DOCSTRING, ASSERT)}),
}
#: Of what leaves no trace in the bytecode, only the source can be asked.
WITH_SOURCE = {
    "a block": ("def f(a):\n if __debug__:\n  a()\n return a", {"f": (DEBUG,)}),
    "two blocks": (
        "if __debug__: x = 1\nelse: x = lambda: 2",
        {"<module>": (DEBUG,), "<lambda>": (DEBUG,)},
    ),
    "a value": ("def f(): return __debug__", {"f": (DEBUG,)}),
    "an assertion that fails": ("def f(a):\n assert False\n return a()", {"f": (ASSERT,)}),
    "with a docstring": ("def f(a):\n 'Say.'\n if __debug__: a()", {"f": (DOCSTRING, DEBUG)}),
}


@pytest.mark.parametrize("case", [*CASES, *WITH_SOURCE])
def test_what_a_level_leaves_out_is_explained(case: str) -> None:
    source, wanted = {**CASES, **WITH_SOURCE}[case]
    assert slugs(difference(source, source)) == wanted
    assert slugs(difference(source, source, (2, 0))) == wanted


@pytest.mark.parametrize("case", CASES)
def test_caches_do_not_need_their_sources(case: str) -> None:
    source, wanted = CASES[case]
    assert slugs(as_caches(source, source)) == wanted
    assert slugs(as_caches(source, source, (2, 0))) == wanted


@pytest.mark.parametrize("case", WITH_SOURCE)
def test_what_leaves_no_trace_shows_without_the_source(case: str) -> None:
    source, _ = WITH_SOURCE[case]
    assert not as_caches(source, source).is_same


def test_only_what_the_level_leaves_out_is_explained() -> None:
    source = "def f(a):\n 'Say.'\n assert a"
    assert slugs(difference(source, source, (0, 1))) == {"f": (ASSERT,)}
    assert slugs(difference(source, source, (1, 2))) == {"f": (DOCSTRING,)}


def test_every_row_has_a_case() -> None:
    wanted = [
        slugs for _, cases in (*CASES.values(), *WITH_SOURCE.values()) for slugs in cases.values()
    ]
    assert {slug for found in wanted for slug in found} == set(Stripped)
    assert set(Stripped) <= {row.slug for row in EXPLANATIONS}


# --- What must show ----------------------------------------------------------------------------------

SHOWN = {
    "a docstring that changed": ("def f():\n 'Say.'", "def f():\n 'Said.'", (0, 1)),
    "a docstring at one level": ("def f():\n 'Say.'", "def f(): pass", (0, 1)),
    "an assertion that is gone at one level": ("def f(a):\n assert a", "def f(a): pass", (0, 0)),
    "a docstring that is gone at one level": ("def f():\n 'Say.'", "def f(): pass", (1, 1)),
    "what stands after it": (
        "def f(a):\n assert a\n return 1",
        "def f(a):\n assert a\n return 2",
        (0, 1),
    ),
    "what an assertion did": ("def f(a):\n assert a.b()\n", "def f(a):\n a.b()\n", (0, 1)),
    "a raise of the same": (
        "def f(a):\n if not a:\n  raise AssertionError\n return a",
        "def f(a):\n return a",
        (0, 1),
    ),
    "a function beside": ("def f(a):\n assert a\n", "def f(a):\n assert a\ndef g(): pass", (0, 2)),
    "a function that is gone": (
        "def f(a):\n assert a\ndef g(): pass",
        "def f(a):\n assert a",
        (0, 2),
    ),
    "another lambda": (
        "def f(a):\n assert (lambda: a)()\n return lambda: 1",
        "def f(a):\n assert (lambda: a)()\n return lambda: 2",
        (0, 1),
    ),
}


@pytest.mark.parametrize("case", SHOWN)
@pytest.mark.parametrize("compare", [difference, as_caches])
def test_what_no_level_leaves_out_shows(compare: object, case: str) -> None:
    old, new, levels = SHOWN[case]
    assert callable(compare)
    assert not compare(old, new, levels).is_same
    assert not compare(new, old, levels[::-1]).is_same


def test_what_only_an_optimized_program_has_shows() -> None:
    """The programs agree where ``__debug__`` is true, and not where it is false."""
    old = "def f():\n if __debug__: return 1\n return 2"
    assert difference(old, old, (0, 1)).is_same
    assert not difference(old, old.replace("return 2", "return 3"), (0, 1)).is_same


def test_at_level_exact_nothing_is_explained() -> None:
    assert not difference("def f(a): assert a", "def f(a): assert a", level=Level.EXACT).is_same


def test_a_level_that_nobody_knows_explains_nothing() -> None:
    source = "def f(a): assert a"
    assert not diff(compiled(source), compiled(source, 1)).is_same


def test_the_name_of_a_cache_says_its_level(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("def f(a):\n 'Say.'\n assert a\n return a\n")
    caches = [py_compile.compile(os.fspath(source), optimize=level) for level in (0, 2)]
    source.unlink()
    found: Diff = diff(*map(str, caches))
    assert found.is_same
    assert {row.slug for row in found.explained} == {DOCSTRING, ASSERT}
    os.rename(caches[1], tmp_path / "n.pyc")  # -O writes such names, too
    assert not diff(str(caches[0]), tmp_path / "n.pyc").is_same


# --- A sample ----------------------------------------------------------------------------------------


def test_a_standard_library() -> None:
    """``python -m tests.differential.levels`` takes more of it, of every Python."""
    texts = sources(Path(os.__file__).parent, "all", 3, seed=22)
    with Compilers() as compilers:
        plain = examine(programs(texts, compilers, None))
        changed = examine_mutants(mutated(texts, 4, 22, compilers, None))
    assert (plain.wrong, changed.wrong) == ([], [])
    assert plain.counts["explained"]
    assert changed.counts["shown"]
