"""What a reader sees of an expectation that is not met, as files in ``goldens/``.

The code is made by hand, so that the texts are the same on every Python.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from pytest_pycinspect.expect import explain, listing, match, pattern
from pytest_pycinspect.expect.explanation import (
    Failure,
    Style,
    explain_absent,
    explain_present,
)
from pytest_pycinspect.expect.verdict import WIDTH
from tests.plugin.expect.goldens import check_golden
from tests.plugin.expect.kit import Code, code, instr
from tests.plugin.expect.patterns import PATTERNS

SOURCE = (
    "def render(x, total):",
    "    total += price(x)",
    "    total += price(x=x, qty=2)",
    "    return [total for y in total]",
)
_GENERATOR = code(
    instr("LOAD_FAST", ".0", line=4),
    instr("FOR_ITER", target=5, line=4),
    instr("LOAD_GLOBAL", "price", line=4, columns=(12, 17)),
    instr("LIST_APPEND", 2, line=4),
    instr("JUMP", target=1, line=4),
    instr("RETURN_VALUE", line=4),
    name="render.<locals>.<listcomp>",
    source=SOURCE,
    line=4,
)
RENDER = code(
    instr("LOAD_FAST", "total", line=2, columns=(4, 9)),
    instr("LOAD_GLOBAL", "price", line=2, columns=(13, 18)),
    instr("LOAD_FAST", "x", line=2, columns=(19, 20)),
    instr("CALL", 1, line=2, columns=(13, 21), raw=("PRECALL", "CALL")),
    instr("BINARY_OP", "+=", line=2, columns=(4, 21)),
    instr("STORE_FAST", "total", line=2, columns=(4, 9)),
    instr("LOAD_FAST", "total", line=3, columns=(4, 9)),
    instr("LOAD_GLOBAL", "price", line=3, columns=(13, 18)),
    instr("LOAD_FAST", "x", line=3, columns=(21, 22)),
    instr("LOAD_CONST", 2, line=3, columns=(28, 29)),
    instr("CALL_KW", (2, ("x", "qty")), line=3, columns=(13, 30), raw=("KW_NAMES", "CALL")),
    instr("BINARY_OP", "+=", line=3, columns=(4, 30)),
    instr("STORE_FAST", "total", line=3, columns=(4, 9)),
    instr("LOAD_CODE", "<listcomp>", line=4),
    instr("RETURN_VALUE", line=4),
    name="render",
    source=SOURCE,
    children=(_GENERATOR,),
    notes=("the live code: the source has changed",),
)
_FIRST = "LOAD_FAST total\nLOAD_GLOBAL price\nLOAD_FAST x\n"

_NOT_MET = {
    "operand": _FIRST + "CALL 2\n...",
    "opcode": _FIRST.replace("x", "x\nCALL 1\n...\nLOAD_CONST 2\nCALL 2\nBINARY_OP +=\n..."),
    "goes_on": _FIRST,
    "ends": "...\nRETURN_VALUE\nPOP_TOP",
    "nowhere": "LOAD_FAST total\n...\nCALL_FUNCTION_EX\n...",
    "not": "LOAD_FAST total\nnot STORE_FAST\n...\nCALL_KW\n...",
    "never": "never LOAD_GLOBAL price\n...\nRETURN_VALUE",
    "total": "total 3x BINARY_OP +=\n...",
    "repeat": "3x LOAD_FAST\n...",
    "group": "LOAD_FAST total\nany:\n    LOAD_FAST x\n    LOAD_GLOBAL price\n    CALL 2\n...",
    "variable": "LOAD_FAST $v\n...\nBINARY_OP +=\nSTORE_FAST $v\nLOAD_FAST $v\nLOAD_FAST $v\n...",
    "label": "loop:\n_\nloop:\n...",
    "anchor": "_\n^\n...",
    "guards": "@>=3.13:\n    LOAD_FAST other\n@else:\n    LOAD_FAST total\n@pypy NOP\n...",
    "nested": "...\nRETURN_VALUE\n[<listcomp>]\n    LOAD_FAST .0\n    again:\n    FOR_ITER -> _\n"
    "    LOAD_GLOBAL cost\n    ...\n    JUMP -> again\n    _",
    "nested_missing": "def inner:\n    RETURN_VALUE",
    "wide": "LOAD_FAST total\nLOAD_GLOBAL '" + "very_" * 30 + "long'\n...",
}


def shown(failure: Failure) -> str:
    """Return a failure as one text, after checking what all of them must be."""
    assert 2 <= len(failure.summary) <= 7
    assert all(len(line) <= WIDTH for line in failure.summary)
    assert sum(len(line) + 1 for line in failure.summary) <= 640
    assert failure.section.isprintable() or "\n" in failure.section
    title = f" {failure.section_title} "
    return "\n".join([*failure.summary, title.center(WIDTH, "-"), failure.section])


@pytest.mark.parametrize("name", _NOT_MET)
def test_not_met(name: str) -> None:
    found = match(pattern(_NOT_MET[name]), RENDER, anchored=True)
    assert not found.met
    check_golden(name, f"{found!r}\n\n{shown(explain(found, '== expected'))}")


def test_not_contained() -> None:
    found = match(pattern("LOAD_GLOBAL price; CALL"), RENDER, anchored=False)
    check_golden("not_contained", shown(explain(found)))


def test_met_and_should_not_be() -> None:
    found = match(pattern("LOAD_GLOBAL $f; LOAD_FAST; CALL 1"), RENDER, anchored=False)
    check_golden("met", f"{found!r}\n\n{shown(explain(found))}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("in", "LOAD_GLOBAL cost"),
        ("in_only_nested", "LIST_APPEND 2"),
        ("in_lines", "LOAD_FAST x; CALL 2"),
    ],
)
def test_not_in(name: str, expected: str) -> None:
    check_golden(name, shown(explain_absent(expected, RENDER)))


def test_in_and_should_not_be() -> None:
    check_golden("not_in", shown(explain_present("LOAD_GLOBAL price", RENDER)))
    check_golden("not_in_once", shown(explain_present("CALL 1", RENDER)))
    check_golden("not_in_lines", shown(explain_present("LOAD_FAST x; CALL 1", RENDER)))


def test_in_a_tree() -> None:
    """The headings say whether nested code was asked about."""
    check_golden("tree_in", shown(explain_absent("LOAD_GLOBAL cost", RENDER, whole=True)))
    check_golden("tree_not_in", shown(explain_present("LOAD_GLOBAL price", RENDER, whole=True)))
    nested = explain_present("LIST_APPEND 2", RENDER, whole=True)
    assert nested.summary[0] == "LIST_APPEND 2 is in render with its nested code"
    assert "  render.<locals>.<listcomp> @" in nested.section
    assert "Not asked about" not in nested.section
    assert "<listcomp>" in " ".join(nested.summary)


@pytest.mark.parametrize("view", ["raw", "both"])
def test_listings_of_the_interpreters_own_instructions(view: str) -> None:
    found = match(pattern(_NOT_MET["operand"]), RENDER, anchored=True)
    check_golden(f"view_{view}", explain(found, style=Style(view)).section)


def test_long_listings_show_what_is_around() -> None:
    many = [instr("LOAD_FAST", "x", line=n) for n in range(80)]
    long = code(*many, instr("POP_TOP", line=80), *many)
    found = match(pattern("80x LOAD_FAST; CALL; ..."), long, anchored=True)
    check_golden("long", explain(found, style=Style(context=3)).section)
    assert explain(found).section.count("LOAD_FAST   ") == 2 * 160


def test_colours() -> None:
    def paint(text: str, **markup: bool) -> str:
        return f"<{'+'.join(markup)}>{text}</>"

    found = match(pattern(_NOT_MET["guards"]), RENDER, anchored=True)
    check_golden("colours", explain(found, style=Style("both", 0, paint)).section)


def test_nothing_in_a_text_does_something_to_a_terminal() -> None:
    odd = code(
        instr("LOAD_CONST", "\x1b[31m\n" * 3),
        instr("LOAD_GLOBAL", "a\x1bb"),
        name="f\x1b\n",
        source=("x = '\x1b'",),
    )
    failure = explain(match(pattern("LOAD_CONST 'a\x1b'; _"), odd, anchored=True))
    assert all(line.isprintable() for line in failure.summary)
    assert all(line.isprintable() for line in failure.section.split("\n"))
    assert failure.section_title.isprintable()


# --- What is pasted ------------------------------------------------------------------------


@pytest.mark.parametrize("some", [RENDER, _GENERATOR], ids=["render", "generator"])
def test_what_is_pasted_is_met(some: Code) -> None:
    assert match(pattern("\n".join(listing(some))), some, anchored=True).met


@settings(max_examples=50, deadline=None)
@given(PATTERNS)
def test_every_failure_can_be_told(expectation: object) -> None:
    """Whatever was expected, and in whichever way it is not met."""
    try:
        found = match(pattern(expectation), RENDER, anchored=True)
    except (ValueError, AssertionError):  # no such variable; no such opcode
        return
    assert repr(found).isprintable()
    shown(explain(found))


def test_words_of_the_code_are_not_taken_for_ours() -> None:
    said = code(instr("LOAD_CONST", "(nearest @9: NOP"), instr("RETURN_VALUE"), name="said")
    failure = explain(match(pattern("LOAD_CONST 1\nRETURN_VALUE"), said, anchored=True))
    assert not any("; nearest" in line for line in failure.summary)
