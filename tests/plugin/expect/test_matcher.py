"""The matcher finds what there is to find, and in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect import (
    Match,
    PatternError,
    explain,
    matcher,
    model,
    pattern,
    search,
)
from pytest_pycinspect.expect import match as compare
from pytest_pycinspect.expect.steps import Many, One
from pytest_pycinspect.view.instr import Instr
from pytest_pycinspect.view.names import VacuousCheckError
from tests.plugin.expect import reference
from tests.plugin.expect.kit import Code, code, instr

# --- Against the reference -----------------------------------------------------------------

_INSTRS = st.one_of(
    st.sampled_from([instr("LOAD_FAST", "x"), instr("LOAD_FAST", "y"), instr("POP_TOP")]),
    st.integers(0, 5).map(lambda target: instr("JUMP", target=target)),
)
_OPERANDS = st.sampled_from(
    [model.ANY, model.Name("x"), model.Name("y"), model.Capture("v"), model.Capture("w")]
)
_OPS = st.one_of(
    st.builds(model.Op, st.just("LOAD_FAST"), _OPERANDS),
    st.just(model.Op("POP_TOP")),
    st.sampled_from([None, "here", "there"]).map(lambda name: model.Op("JUMP", model.Target(name))),
)
_SINGLES = _OPS | st.just(model.ANY)
_RANGES = st.sampled_from([(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (1, None), (0, None)])
_ITEMS = st.one_of(
    _SINGLES,
    _SINGLES,
    st.just(...),
    st.just(...),
    _OPS.map(model.Not),
    _OPS.map(model.Never),
    st.builds(lambda op, pair: model.Repeat(op, *pair), _SINGLES, _RANGES),
    st.builds(lambda op, pair: model.Total(op, *pair), _OPS, _RANGES),
    st.builds(
        model.AnyOrder,
        st.lists(st.lists(_SINGLES, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3).map(
            tuple
        ),
        st.booleans(),
    ),
    st.sampled_from(["here", "there"]).map(model.Label),
    st.sampled_from(list(model.Anchor)),
)


@contextmanager
def _patience(some: int) -> Iterator[None]:
    """Let what takes longer than ``some`` be searched for as if it took long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "_PATIENCE", some)
        patch.setattr(matcher, "_PATIENCE_EACH", 0)
        yield


_LISTS = (st.lists(_ITEMS, min_size=1, max_size=6), st.lists(_INSTRS, max_size=8), st.booleans())


@settings(max_examples=300, deadline=None)
@given(*_LISTS, st.sampled_from([0, 10, 1_000]))
def test_as_the_reference_says(
    items: list[model.Item], instrs: list[Instr], anchored: bool, patience: int
) -> None:
    try:
        with _patience(patience):
            found = compare(model.Pattern(tuple(items)), code(*instrs), anchored=anchored)
    except PatternError:  # a variable that stands for nothing
        return
    except VacuousCheckError:  # what is refused is true of any code
        way = reference.first_way(items, instrs, anchored=anchored)
        assert not instrs or way is not None
        return
    way = reference.first_way(items, instrs, anchored=anchored)
    assert found.met == (way is not None)
    start, end = found.span
    assert 0 <= start <= end <= len(instrs)
    if way is not None:
        variables, places = way
        assert _lines(found) == places
        named = {key[1] if isinstance(key, tuple) else key: v for key, v in variables.items()}
        assert dict(found.captures) == named


def _lines(found: Match) -> dict[int, tuple[int, int]]:
    """Return what stands for each line that is about instructions."""
    lines = {}
    for place in found.places:
        step = found.program.steps[place.step]
        if isinstance(step, One | Many):
            lines[step.line] = (place.start, place.end)
        elif place.member is not None:
            lines[step.line + 1 + place.member] = (place.start, place.end)
    return lines


@settings(max_examples=200, deadline=None)
@given(*_LISTS)
def test_what_is_said_does_not_depend_on_how_long_it_takes(
    items: list[model.Item], instrs: list[Instr], anchored: bool
) -> None:
    said = []
    for patience in (0, 100_000):
        try:
            with _patience(patience):
                found = compare(model.Pattern(tuple(items)), code(*instrs), anchored=anchored)
        except (PatternError, VacuousCheckError):  # a variable that stands for nothing
            return
        said.append((explain(found), found.places, found.captures))
    assert said[0] == said[1]


# --- Which way is taken --------------------------------------------------------------------

_SOME = code(
    instr("LOAD_FAST", "x"),
    instr("LOAD_FAST", "y"),
    instr("POP_TOP"),
    instr("LOAD_FAST", "x"),
    instr("POP_TOP"),
    instr("POP_TOP"),
    instr("JUMP", target=1),
)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("LOAD_FAST", (0, 1)),
        ("POP_TOP", (2, 3)),
        ("2x POP_TOP", (4, 6)),
        ("+ LOAD_FAST", (0, 2)),
        ("LOAD_FAST; ...; POP_TOP", (0, 3)),
        ("LOAD_FAST x; POP_TOP", (3, 5)),
        ("LOAD_FAST $v; ...; LOAD_FAST $v", (0, 4)),
        ("any: POP_TOP; LOAD_FAST y", (1, 3)),
    ],
)
def test_the_first_place_and_the_shortest_gap_count(text: str, span: tuple[int, int]) -> None:
    assert compare(pattern(text), _SOME, anchored=False).span == span


def test_captures_and_labels_are_told() -> None:
    found = compare(pattern("LOAD_FAST $v; back: ; ...; JUMP -> back"), _SOME, anchored=True)
    assert found.met
    assert found.captures == {"v": "x", "back": 1}


@pytest.mark.parametrize(
    ("text", "places"),
    [("LOAD_FAST x", [0, 3]), ("POP_TOP", [2, 4, 5]), ("CALL", []), ("LOAD_FAST; POP_TOP", [1])],
)
def test_search(text: str, places: list[int]) -> None:
    assert search(text, _SOME) == places  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["not LOAD_FAST $v; ...; LOAD_FAST $v", "never LOAD_FAST $v", "never JUMP -> nowhere"],
)
def test_what_must_not_be_there_is_known_first(text: str) -> None:
    with pytest.raises(PatternError, match="no line before it says"):
        compare(pattern(text), _SOME, anchored=True)


# --- Guards --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guard", "python", "level", "active"),
    [
        (">=3.12", "cpython-3.12", 0, True),
        (">=3.12", "cpython-3.11", 0, False),
        ("<3.12", "cpython-3.11", 0, True),
        ("3.12", "cpython-3.12", 0, True),
        ("!3.13", "cpython-3.13", 0, False),
        ("3.9-3.11", "cpython-3.10", 0, True),
        ("!3.9-3.11", "cpython-3.10", 0, False),
        ("opt2", "cpython-3.12", 2, True),
        ("!opt2", "cpython-3.12", None, True),
        ("pypy", "pypy-3.9", 0, True),
        ("!pypy", "pypy-3.9", 0, False),
    ],
)
def test_guards(guard: str, python: str, level: int | None, active: bool) -> None:
    from pycinspect import find_dialect

    some = Code((instr("POP_TOP"),), dialect=find_dialect(python), optimize=level)
    text = f"@{guard}:\n    POP_TOP\n@else:\n    POP_TOP; POP_TOP"
    assert compare(pattern(text), some, anchored=True).met is active


@pytest.mark.parametrize(
    "text",
    [
        "@<3.9 POP_TOP",
        "@>=3.9:\n  POP_TOP\n@else:\n  POP_TOP",
        "@>=3.12 @<3.11 POP_TOP",
        "@>=3.12:\n    POP_TOP\n    @3.9-3.11:\n        POP_TOP\n        POP_TOP",
        "@2.7 POP_TOP",
    ],
)
def test_a_guard_that_is_active_nowhere_is_a_mistake(text: str) -> None:
    with pytest.raises(PatternError, match="none of the versions"):
        compare(pattern(text), _SOME, anchored=True)


def test_the_version_of_the_code_is_supported_in_any_case() -> None:
    from pycinspect import find_dialect

    old = Code((instr("POP_TOP"),), dialect=find_dialect("cpython-3.8"))
    assert compare(pattern("@3.8 POP_TOP"), old, anchored=True).met


# --- Bounds --------------------------------------------------------------------------------


def test_many_gaps_over_long_code_end() -> None:
    long = code(*[instr("LOAD_FAST", "x")] * 1_500)
    text = "\n".join(["LOAD_FAST x", "..."] * 30 + ["POP_TOP"])
    assert not compare(pattern(text), long, anchored=True).met


_AGAIN = "LOAD_FAST $a; LOAD_FAST $b; LOAD_FAST $c"
#: Variables stand for any three of many names, and none of these comes again.
_HARD = f"...; {_AGAIN.replace(';', '; ...;')}; ...; POP_TOP; {_AGAIN}"
_NAMES = code(
    *[instr("LOAD_FAST", f"x{n}") for n in range(400)],
    instr("POP_TOP"),
    *[instr("LOAD_FAST", f"y{n}") for n in range(3)],
)


def test_what_takes_too_long_is_said_so() -> None:
    with pytest.raises(PycInspectError, match="gave up after 700,000 places"):
        compare(pattern(_HARD), _NAMES, anchored=True)


def test_a_constant_that_is_larger_than_memory_is_compared_as_far_as_it_takes() -> None:
    """Its parts are shared, as a damaged or hostile cache can have it."""
    bomb: object = ()
    for _ in range(60):
        bomb = (bomb, bomb)
    hostile = code(instr("LOAD_CONST", bomb), instr("LOAD_CONST", frozenset({(1, 2)})))
    assert compare(pattern("_; LOAD_CONST frozenset({(1, 2)})"), hostile, anchored=True).met
    found = compare(pattern("LOAD_CONST ((((), ()), 1), 2); _"), hostile, anchored=True)
    assert not found.met
    assert len(explain(found).section) < 5_000
    with pytest.raises(PycInspectError, match="too large to be compared"):
        compare(pattern("LOAD_CONST $v; LOAD_CONST $v"), hostile, anchored=True)


def test_a_long_expectation_needs_no_deep_stack() -> None:
    many = [instr("LOAD_FAST", "x")] * 3_000
    assert compare(pattern(["LOAD_FAST x", ...] * 3_000), code(*many), anchored=True).met


@pytest.mark.parametrize("text", ["_; ^", "here: ; _; here: ", "...; here: ; _; ...; here: ; $"])
def test_a_line_that_is_not_met_at_the_end_of_the_code_is_explained(text: str) -> None:
    found = compare(pattern(text), code(instr("POP_TOP")), anchored=True)
    assert not found.met
    assert "instruction 1" in "\n".join(explain(found).summary)
