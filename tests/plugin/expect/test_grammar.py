"""Any text is an expectation or says why not; any expectation is a text."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_pycinspect import ANY, AnyOrder, Never, Not, Repeat, op, pattern
from pytest_pycinspect.expect import (
    Arguments,
    CodeName,
    Literal,
    Name,
    Op,
    Pattern,
    PatternError,
    Regex,
    Target,
    Word,
)
from pytest_pycinspect.expect.constants import spelled, typed_key
from tests.plugin.expect.goldens import check_golden
from tests.plugin.expect.patterns import CONSTANTS, PATTERNS

# --- Properties ----------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(PATTERNS)
def test_the_text_of_an_expectation_parses_to_it(expectation: Pattern) -> None:
    assert pattern(str(expectation)) == expectation


_TEXTS = (
    "LOAD_FAST x|...|_|not|never|any:|2x|1..3x|+|total|$v|$v:/a/|/a/|<=|in (1, 2)|-> loop|loop:"
    "|def g:|lambda:|class K:|[f.g]|@>=3.12|@opt2:|@else:|raw|spec|;|#|^|$|'a|(1, |frozenset({1})"
    "|\n|\n    |\n  |\t|\\|-1|1e9|0x|<code g>|é|\x00|\u2028"
)
_PIECES = st.sampled_from(_TEXTS.split("|"))


@settings(max_examples=150, deadline=None)
@given(st.text() | st.lists(_PIECES, max_size=12).map(" ".join) | st.lists(_PIECES).map("".join))
@example("(" * 5000)
@example("LOAD_CONST " + "(" * 5000)
@example("\n".join(" " * n + "def g:" for n in range(200)))
@example("LOAD_CONST " + "9" * 10_000)
@example("CALL /" + "(" * 500 + "/")
@example("LOAD_CONST complex(1" + "0" * 400 + ", 0)")
@example("LOAD_CONST -'a'")
@example("LOAD_CONST frozenset({frozenset({1}), (), None})")
def test_any_text_parses_or_says_what_is_wrong(text: str) -> None:
    with suppress(PatternError):
        found = pattern(text)
        assert pattern(str(found)) == found


@settings(max_examples=80, deadline=None)
@given(CONSTANTS)
def test_a_constant_that_is_spelled_is_read_as_the_same(value: object) -> None:
    text = spelled(value)
    if text is not None:
        (found,) = pattern(f"LOAD_CONST {text}").items
        assert isinstance(found, Op)
        assert isinstance(found.operand, Literal)
        assert typed_key(found.operand.value) == typed_key(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), (0j, -0j), ("a", b"a"), ((1,), (True,)), ((), frozenset())],
)
def test_constants_of_other_types_or_signs_are_others(one: object, other: object) -> None:
    assert Literal(one) != Literal(other)
    assert Literal((one, (one,))) != Literal((one, (other,)))
    assert Literal(one) == Literal(one)


# --- Text and objects ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("LOAD_FAST", [op.LOAD_FAST]),
        ("LOAD_FAST x", [op.LOAD_FAST(Name("x"))]),
        ("LOAD_FAST 'x'", [op.LOAD_FAST("x")]),
        ("LOAD_FAST .0", [op.LOAD_FAST(Name(".0"))]),
        ("LOAD_CONST .5", [op.LOAD_CONST(0.5)]),
        ("LOAD_CONST (1+2j)", [op.LOAD_CONST(1 + 2j)]),
        ("LOAD_CONST ...", [op.LOAD_CONST(...)]),
        ("CALL 2; ...; _", [op.CALL(2), ..., ANY]),
        ("CALL_KW 2 ('key',)", [op.CALL_KW(2, ("key",))]),
        ("CALL_KW _ ('key',)", [op.CALL_KW(Arguments(None, ("key",)))]),
        ("BINARY_OP /; BINARY_OP //", [op.BINARY_OP(Word("/")), op.BINARY_OP(Word("//"))]),
        ("CONTAINS_OP not   in", [op.CONTAINS_OP(Word("not in"))]),
        ("LOAD_NAME /a\\/b/", [op.LOAD_NAME(Regex("a/b"))]),
        ("LOAD_CONST <code <lambda>>", [op.LOAD_CONST(CodeName("<lambda>"))]),
        ("JUMP -> loop", [op.JUMP(Target("loop"))]),
        ("not CALL; never POP_TOP", [Not(op.CALL), Never(op.POP_TOP)]),
        ("2x _; + CALL", [Repeat(ANY, 2, 2), Repeat(op.CALL, 1, None)]),
        ("any: CALL; _", [AnyOrder((op.CALL, ANY))]),
        ("any:\n  CALL; _\n  ...\n  CALL", [AnyOrder(((op.CALL, ANY), op.CALL), gaps=True)]),
    ],
)
def test_text_and_objects_are_one_language(text: str, items: list[object]) -> None:
    assert pattern(text) == pattern(items) == pattern(*items)


def test_texts_among_objects_are_lines() -> None:
    assert pattern("LOAD_FAST x", ..., op.RETURN_VALUE) == pattern("LOAD_FAST x; ...; RETURN_VALUE")


def test_indentation_and_empty_lines_around_it_do_not_count() -> None:
    assert pattern("\n\n    CALL\n\n    # nothing\n    POP_TOP\n  ") == pattern("CALL; POP_TOP")


@pytest.mark.parametrize("value", [5, None, object(), [], "", "# nothing", [5], {1: 2}])
def test_what_is_no_expectation_is_refused(value: object) -> None:
    with pytest.raises(PatternError):
        pattern(value)


def test_a_mistake_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="expected"):
        pattern("LOAD_FAST )")


# --- What mistakes look like ---------------------------------------------------------------

_MISTAKES = """\
load_fast x
return
LOAD_FAST )
LOAD_FAST x y
LOAD_CONST 'a
LOAD_CONST (1,
LOAD_CONST '\\d'
LOAD_CONST 0123
CALL_KW 2 (1,)
CALL /(/
CALL / x/
CALL <= 'a'
CALL in (
JUMP ->
STORE_FAST $
STORE_FAST $v:x
2x
2xCALL
3..1x CALL
total CALL
not _
not ...
any: not CALL
any: ...
any: CALL; CALL; CALL; CALL; CALL; CALL; CALL; CALL; CALL
def g:
lambda: LOAD_FAST x; )
@>=3.12
@py312 CALL
@>=3.12 else:
@else: CALL
raw
raw loop:
[a b] CALL
$v
"""


def test_mistakes_as_they_are_shown() -> None:
    shown = [_mistake(line) for line in _MISTAKES.splitlines()]
    shown.append(_mistake("CALL\n    POP_TOP"))
    shown.append(_mistake("    CALL\n  POP_TOP"))
    shown.append(_mistake("any:\nCALL"))
    shown.append(_mistake("@opt2:\n    CALL\n  POP_TOP\n"))
    shown.append(_mistake("LOAD_CONST '" + "long " * 40 + "' )"))
    check_golden("mistakes", "\n\n".join(shown))


def _mistake(text: str) -> str:
    with pytest.raises(PatternError) as caught:
        pattern(text)
    return str(caught.value)
