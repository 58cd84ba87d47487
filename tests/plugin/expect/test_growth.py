"""How the work grows with the code and with the expectation, or that it is given up.

Work is counted in lines of our own code that are run, so that nothing is left out; what one line
does with a set of places, or with a list, is one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import pytest_pycinspect
from pycinspect.errors import PycInspectError
from pytest_pycinspect.bytecode import Tree
from pytest_pycinspect.expect import Match, effort, explain, match, matcher, model, pattern, search
from pytest_pycinspect.expect.explanation import explain_absent, explain_present
from pytest_pycinspect.golden.file import _merged
from pytest_pycinspect.view.instr import Instr
from tests.plugin.expect.kit import Code, code, instr

_OURS = pytest_pycinspect.__path__[0]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let short code be long already: tracing takes its time."""
    monkeypatch.setattr(matcher, "_PATIENCE", 1_000)


def _work(run: Callable[[], object]) -> int:
    """Return how many of our lines are run."""
    count = 0

    def inside(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return inside

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        return inside if frame.f_code.co_filename.startswith(_OURS) else None

    known = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(known)
    return count


# --- Code ----------------------------------------------------------------------------------


def _same(n: int) -> list[Instr]:
    return [instr("LOAD_FAST", "x")] * n


def _named(n: int) -> list[Instr]:
    return [instr("LOAD_FAST", f"x{i}") for i in range(n)]


def _mixed(n: int) -> list[Instr]:
    return [*_same(1), instr("LOAD_FAST", "y"), instr("POP_TOP")] * (n // 3)


def _jumps(n: int) -> list[Instr]:
    return [instr("JUMP", target=i * 7 % n) for i in range(n)]


def _any(members: int, gap: str) -> str:
    return _any_of("/x|{}/", members, gap)


def _any_of(operand: str, members: int, gap: str = "...") -> str:
    lines = "".join(f"\n    LOAD_FAST {operand.format(i)}" for i in range(members))
    return f"any:{lines}\n    {gap}"


def _compared(text: str, instrs: list[Instr], *, anchored: bool = True) -> Match:
    """Compare, and explain what is wrong."""
    found = match(pattern(text), code(*instrs), anchored=anchored)
    explain(found)
    return found


# --- By the code ---------------------------------------------------------------------------

_NOPE = "LOAD_GLOBAL nope"
_BY_CODE = {
    "two runs": (f"0..x _; 0..x _; {_NOPE}", _same),
    "four runs": (f"{'0..x _; ' * 4}{_NOPE}", _same),
    "short runs": (f"{'0..3x _; ' * 9}{_NOPE}", _same),
    "bounded runs": (f"...; {'1..99x LOAD_FAST x; ' * 9}{_NOPE}", _same),
    "runs alone": (f"...; {'2x LOAD_FAST x; ...; ' * 5}{_NOPE}", _mixed),
    "gaps": ("LOAD_FAST; ...; " * 9 + _NOPE, _same),
    "gaps and runs": ("...; 0..x LOAD_FAST; " * 9 + _NOPE, _mixed),
    "a gap with much forbidden": (
        "not LOAD_FAST z; not LOAD_FAST a; not POP_JUMP_IF_TRUE; ...; POP_TOP; POP_TOP",
        _mixed,
    ),
    "unordered": (f"{_any(7, '...')}\n{_NOPE}", _same),
    "unordered, met": (f"{_any(7, '...')}\n...", _same),
    "unordered after a gap": (f"...\n{_any(5, '...')}\n{_NOPE}", _mixed),
    "a long line after a gap": (f"...; {'LOAD_FAST; ' * 40}POP_TOP", _same),
    "never": (f"never {_NOPE}; never LOAD_FAST z; total 3..x LOAD_FAST; ...; {_NOPE}", _same),
    "one of many": (f"...; LOAD_FAST in ({', '.join(f'y{i}' for i in range(90))})", _same),
    "a variable": ("...; LOAD_FAST $v; LOAD_FAST $v", _named),
    "a variable in runs": ("+ LOAD_FAST $v; + LOAD_FAST $v; POP_TOP", _same),
    "a label": ("...; here: ; JUMP -> here; ...", _jumps),
}


@pytest.mark.parametrize("anchored", [True, False])
@pytest.mark.parametrize(("text", "instrs"), _BY_CODE.values(), ids=_BY_CODE)
def test_twice_the_code_is_twice_the_work(
    text: str, instrs: Callable[[int], list[Instr]], anchored: bool
) -> None:
    small, large = (
        _work(lambda n=n: _compared(text, instrs(n), anchored=anchored)) for n in (300, 600)
    )
    assert large < 2.6 * small


# --- By the expectation --------------------------------------------------------------------

_BY_LINES: dict[str, tuple[Callable[[int], str], Callable[[int], list[Instr]]]] = {
    "runs": (lambda n: f"{'0..x _; ' * n}{_NOPE}", _same),
    "runs that meet": (lambda n: "+ _\n" * n, _same),
    "gaps": (lambda n: f"{'LOAD_FAST; ...; ' * n}{_NOPE}", _same),
    "a straight line": (lambda n: f"...; {'LOAD_FAST; ' * n}POP_TOP", _same),
    "variables": (lambda n: "; ".join(f"LOAD_FAST $v{i}" for i in range(n)), _named),
    "labels": (lambda n: "; ".join(f"at{i}: ; JUMP -> _" for i in range(n)), _jumps),
    "lines that are not reached": (lambda n: "POP_TOP\n" + "LOAD_FAST\n" * n, _same),
    "unordered groups": (lambda n: f"{_any(3, '...')}\n" * (n // 10) + _NOPE, _same),
    "never": (lambda n: "".join(f"never STORE_FAST x{i}; " for i in range(n)) + _NOPE, _same),
}


@pytest.mark.parametrize(("text", "instrs"), _BY_LINES.values(), ids=_BY_LINES)
def test_twice_the_lines_are_twice_the_work(
    text: Callable[[int], str], instrs: Callable[[int], list[Instr]]
) -> None:
    small, large = (
        _work(lambda n=n: _compared(text(n), instrs(700), anchored=True)) for n in (150, 300)
    )
    assert large < 2.6 * small


def _nested(n: int) -> Code:
    inner = [
        code(*_same(1), name=name)
        for i in range(n)
        for name in (f"f.<locals>.g{i}", "f.<locals>.<lambda>")
    ]
    return code(*_same(3), name="f", children=tuple(inner))


@pytest.mark.parametrize(
    "section",
    ["[<locals>.g{0}]\n    LOAD_FAST", "def g{0}: LOAD_FAST", "lambda: LOAD_FAST"],
)
def test_nested_code_is_found_by_its_name(section: str) -> None:
    def work(n: int) -> int:
        text = "\n".join(section.format(i) for i in range(n))
        expected, some = pattern(text), _nested(n)
        return _work(lambda: match(expected, some, anchored=False).met)

    assert work(100) < 2.6 * work(50)


def test_places_where_something_is_are_listed_at_once() -> None:
    some = {n: code(*_jumps(n)) for n in (150, 300)}
    small, large = (
        _work(lambda one=one: explain_present("JUMP -> _", one)) for one in some.values()
    )
    assert large < 2.6 * small


@pytest.mark.parametrize("texts", [["POP_TOP"], ["A", "B", "A", "A", "B", "B"]])
def test_a_golden_is_changed_at_once(texts: list[str]) -> None:
    """``difflib`` takes minutes for long files whose lines repeat."""
    old = [*texts, "NOP", *texts[::-1]] * 1_000
    new = [*texts[::-1], "NOP", *texts] * 1_000
    assert _merged(old, new) == new


# --- What the issue timed ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"0..x _; 0..x _; {_NOPE}",
        f"0..x _; 0..x _; 0..x _; 0..x _; {_NOPE}",
        f"{_any(7, '...')}\n{_NOPE}",
        f"{'0..x _; ' * 100}{_NOPE}",
        f"{'...; LOAD_FAST; ' * 100}{_NOPE}",
    ],
)
@pytest.mark.parametrize("anchored", [True, False])
def test_six_thousand_instructions_are_looked_at_about_ten_times(text: str, anchored: bool) -> None:
    """It took from nine seconds to more than anybody waited for."""
    instrs = _same(6_000)
    assert _work(lambda: _compared(text, instrs, anchored=anchored)) < 2_000_000


# --- What is given up ----------------------------------------------------------------------

_HARD: dict[str, tuple[str, Callable[[int], list[Instr]]]] = {
    "variables": (f"...; {'LOAD_FAST $a; ...; LOAD_FAST $b; ...; ' * 2}{_NOPE}", _named),
    "never a variable": ("LOAD_FAST $a; ...; LOAD_FAST $b; ...; never LOAD_FAST $b", _named),
    "not a variable": ("...; LOAD_FAST $a; not LOAD_FAST $a; ...; " * 3 + _NOPE, _named),
    "labels": ("...; here: ; ...; there: ; JUMP -> here; JUMP -> there", _jumps),
    "many variables": (
        "".join(f"...; LOAD_FAST $v{i}; " for i in range(400)) + "LOAD_FAST $v0",
        _named,
    ),
    "repeats before variables": (
        "0..x _; LOAD_FAST $a; 0..x _; LOAD_FAST $b; 0..x _; LOAD_FAST $b; LOAD_FAST $a",
        _named,
    ),
    "unordered variables": (
        f"...\n{_any_of('$v{}', 7)}\nLOAD_FAST $v0\nLOAD_FAST $v0",
        _named,
    ),
    "unordered pairs of variables": (
        f"...\n{_any_of('$v{0}; LOAD_FAST $w{0}', 4)}\nLOAD_FAST $v0\nLOAD_FAST $v0",
        _named,
    ),
    "labels and variables": (
        "...; l: ; JUMP -> m; ...; m: ; JUMP -> l; ...; JUMP -> k; k: ; JUMP -> k",
        _jumps,
    ),
    "much that must not be there": (
        "".join(f"never LOAD_FAST y{i}; " for i in range(600)) + "...",
        _named,
    ),
    "much that must not be in a gap": (
        "".join(f"not LOAD_FAST y{i}; " for i in range(600)) + f"...; {_NOPE}",
        _named,
    ),
}


@contextmanager
def _budget(places: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effort, "_BUDGET", places)
        yield


@pytest.mark.parametrize("anchored", [True, False])
@pytest.mark.parametrize(("text", "instrs"), _HARD.values(), ids=_HARD)
def test_what_is_given_up_is_given_up_soon(
    text: str, instrs: Callable[[int], list[Instr]], anchored: bool
) -> None:
    """The work is so much for a place, however large code and expectation are."""

    def give_up(n: int) -> None:
        with _budget(5_000), pytest.raises(PycInspectError, match="gave up") as error:
            _compared(text, instrs(n), anchored=anchored)
        assert error.value.slug == "pattern-too-costly"

    for n in (300, 1_200):
        lines = text.count(";")
        assert _work(lambda n=n: give_up(n)) < 22 * (5_000 + 1_000 + 4 * (n + lines))


_UNKNOWN = pattern(f"...; {'LOAD_FAST $a; ...; LOAD_FAST $b; ...; ' * 2}POP_TOP")
_LONG = code(*_named(500), instr("POP_TOP"))


@pytest.mark.parametrize(
    "check",
    [
        lambda: not match(_UNKNOWN, _LONG, anchored=True),
        lambda: not match(_UNKNOWN, _LONG, anchored=False),
        lambda: not search(_UNKNOWN, _LONG),
        lambda: explain_absent(_UNKNOWN, _LONG),
    ],
)
def test_what_is_not_known_is_no_answer(check: Callable[[], object]) -> None:
    """A check that something is not there must not pass because nobody looked."""
    with _budget(5_000), pytest.raises(PycInspectError, match="gave up"):
        check()


def test_all_code_of_one_tree_has_one_limit() -> None:
    """Each of many functions could take nearly as long as all may."""
    seen: list[object] = []

    class _Part:
        def __init__(self, *children: _Part) -> None:
            self.children = children

        def has(self, expectation: object, one: object) -> bool:
            seen.append(one)
            return False

        def sure(self, answer: bool, why: str) -> bool:
            return answer

    assert "NOP" not in Tree(_Part(_Part(), _Part()))  # type: ignore[arg-type]
    assert len(seen) == 3
    assert len(set(map(id, seen))) == 1


def test_lines_about_nested_code_have_one_limit() -> None:
    parts = tuple(code(*_named(100), name=f"f.<locals>.g{i}") for i in range(40))
    lines = f"...; {'LOAD_FAST $a; ...; LOAD_FAST $b; ' * 2}"
    text = "\n".join(f"def g{i}: {lines}" for i in range(40))
    with _budget(150_000):
        assert not match(pattern(f"def g0: {lines}"), code(children=parts), anchored=True).met
        with pytest.raises(PycInspectError, match="gave up"):
            match(pattern(text), code(children=parts), anchored=True)


def test_nested_code_that_is_not_looked_at_to_the_end_is_told() -> None:
    inner = code(*_named(500), instr("POP_TOP"), name="f.<locals>.g")
    outer = code(*_same(2), children=(inner,))
    with _budget(5_000):
        told = explain_absent(_UNKNOWN, outer).summary
        assert any("nested code is not looked at to the end" in line for line in told)
        present = explain_present("LOAD_FAST", outer)
        assert "not looked at" not in present.section


# --- What nobody writes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "met"),
    [
        (model.Repeat(model.ANY, 0, 10**30), True),
        (model.Repeat(model.ANY, 10**30, None), False),
        (model.Repeat(model.op.LOAD_FAST, 10**9, 10**9), False),
        (model.Repeat(model.op.LOAD_FAST, 0, 10**9), True),
        (model.Total(model.op.LOAD_FAST, 10**30, 10**31), False),
    ],
)
@pytest.mark.parametrize("number", [1, 50])
def test_huge_numbers(item: model.Item, met: bool, number: int) -> None:
    some = code(*_same(3_000))
    found = match(model.Pattern((..., *[item] * number, ...)), some, anchored=True)
    assert found.met is met
    explain(found)


def test_hundreds_of_steps_of_every_kind() -> None:
    some = code(*_mixed(1_500))
    for text in ("0..x LOAD_FAST; ...; ", f"{_any(2, '...')}\n", "+ _; ...; not POP_TOP; ...; "):
        found = match(pattern(text * 300 + _NOPE), some, anchored=False)
        assert not found.met
        explain(found)
