"""The positions that CPython's test_compile asserts, said with the plugin.

Each row is one of its ``assertOpcodeSourcePositionIs``, about a source of our own. The broken subject
is the source with other text in one place, which moves what is asserted and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pytest

from pytest_pycinspect import Bytecode, Compiled
from tests.plugin.ports.kit import FAILS, Case, NotSaid, parameters

__all__ = ["CASES", "NOT_SAID"]


@dataclass(frozen=True, slots=True)
class Source:
    """A source, and where its instructions are.

    Args:
        text: the source.
        old: text in it.
        new: what stands there in the broken one; it moves every place of ``places``.
        places: lines of expectations.
    """

    text: str
    old: str
    new: str
    places: tuple[str, ...]


def _comprehension(opening: str, item: str, closing: str, kind: str = "") -> str:
    head = f"{opening}{item}\n    {kind}for n\n    in rows if (n > 1\n"
    return f"{head}               and n < 90){closing}\n"


def _match(pattern: str) -> str:
    return f"match subject:\n    case {pattern}:\n        pass\n"


def _attribute(before: str, after: str) -> str:
    return f"{before}(\n  left\n    .\n      right\n  ){after}\n"


_PAIR = "(n,\n    3*n)"
_CALLED = "abc = None\n\ndef f():\n    {}\n"
_ASYNC = "async def f():\n{}"


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


SOURCES: Mapping[str, tuple[Source, ...]] = {
    "test_compiles_to_extended_op_arg": (
        Source(
            "y = y\n" * 4_000 + "while y != 0:\n  y -= 10\nwhile y != 0:\n  y +=  10\n",
            "  y",
            "   y",
            ("BINARY_OP -= @4002:2-9", "BINARY_OP += @4004:2-10"),
        ),
    ),
    "test_multiline_expression": (
        Source("call(\n    8, 9\n)\n", "\n)", "\n )", ("CALL 2 @1:0-3:1",)),
    ),
    "test_multiline_boolean_expression": (
        Source(
            "if (one or\n    (two and not three) or\n    not (\n        four > 5)):\n    x = 6\n",
            "    ",
            "     ",
            (
                "@>=3.12 POP_JUMP_IF_FALSE @2:5-8",
                "@>=3.12 POP_JUMP_IF_FALSE @2:17-22",
                "COMPARE_OP > @4:8-16",
                "POP_JUMP_IF_TRUE @4:8-16",
            ),
        ),
        Source(
            "if (one or\n    two):\n    x = 6\n", "(", "( ", ("@>=3.12 POP_JUMP_IF_TRUE @1:4-7",)
        ),
    ),
    "test_multiline_assert": (
        Source(
            "assert (one > 1 and\n        two == 2), 'a reason'\n",
            ", ",
            ",  ",
            (
                "@>=3.12 raw LOAD_ASSERTION_ERROR @1:0-2:29",
                "LOAD_CONST 'a reason' @2:19-29",
                "@>=3.12 CALL 1 @1:0-2:29",
            ),
        ),
        Source(
            "assert (one > 1 and\n        two == 2), 'a reason'\n",
            "two",
            "three",
            ("@>=3.13 RAISE_VARARGS 1 @1:8-2:16",),
        ),
    ),
    "test_multiline_generator_expression": (
        Source(
            _comprehension("(", _PAIR, ")"),
            "3*n",
            "33*n",
            ("@>=3.12 YIELD_VALUE @1:1-2:8", "@>=3.12 JUMP @1:1-2:8"),
        ),
    ),
    "test_multiline_async_generator_expression": (
        Source(
            _comprehension("(", _PAIR, ")", "async "),
            "3*n",
            "33*n",
            ("@>=3.12 YIELD_VALUE @1:1-2:8",),
        ),
    ),
    "test_multiline_list_comprehension": (
        Source(
            _comprehension("[", _PAIR, "]"),
            "3*n",
            "33*n",
            ("@>=3.12 LIST_APPEND @1:1-2:8", "@>=3.12 JUMP @1:1-2:8"),
        ),
    ),
    "test_multiline_async_list_comprehension": (
        Source(
            _ASYNC.format(_indented(_comprehension("[", _PAIR, "]", "async "))),
            "3*n",
            "33*n",
            ("@>=3.12 LIST_APPEND @2:5-3:12", "@>=3.12 JUMP @2:5-3:12"),
        ),
    ),
    "test_multiline_set_comprehension": (
        Source(
            _comprehension("{", _PAIR, "}"),
            "3*n",
            "33*n",
            ("@>=3.12 SET_ADD @1:1-2:8", "@>=3.12 JUMP @1:1-2:8"),
        ),
    ),
    "test_multiline_async_set_comprehension": (
        Source(
            _ASYNC.format(_indented(_comprehension("{", _PAIR, "}", "async "))),
            "3*n",
            "33*n",
            ("@>=3.12 SET_ADD @2:5-3:12", "@>=3.12 JUMP @2:5-3:12"),
        ),
    ),
    "test_multiline_dict_comprehension": (
        Source(
            _comprehension("{", "n:\n    3*n", "}"),
            "3*n",
            "33*n",
            ("@>=3.12 MAP_ADD @1:1-2:7", "@>=3.12 JUMP @1:1-2:7"),
        ),
    ),
    "test_multiline_async_dict_comprehension": (
        Source(
            _ASYNC.format(_indented(_comprehension("{", "n:\n    3*n", "}", "async "))),
            "3*n",
            "33*n",
            ("@>=3.12 MAP_ADD @2:5-3:11", "@>=3.12 JUMP @2:5-3:11"),
        ),
    ),
    "test_matchcase_sequence": (
        Source(
            _match("one, two"),
            "two",
            "three",
            (
                "MATCH_SEQUENCE @2:9-17",
                "UNPACK_SEQUENCE 2 @2:9-17",
                "@>=3.12 STORE_NAME one @2:9-17",
                "@>=3.12 STORE_NAME two @2:9-17",
            ),
        ),
    ),
    "test_matchcase_sequence_wildcard": (
        Source(
            _match("one, *two, three"),
            "case o",
            "case  o",
            (
                "MATCH_SEQUENCE @2:9-25",
                "UNPACK_EX @2:9-25",
                "@>=3.12 STORE_NAME one @2:9-25",
                "@>=3.12 STORE_NAME two @2:9-25",
                "@>=3.12 STORE_NAME three @2:9-25",
            ),
        ),
    ),
    "test_matchcase_mapping": (
        Source(
            _match("{'k': one, 'l': two}"),
            "'k':",
            "'k' :",
            (
                "MATCH_MAPPING @2:9-29",
                "MATCH_KEYS @2:9-29",
                "@>=3.12 STORE_NAME one @2:9-29",
                "@>=3.12 STORE_NAME two @2:9-29",
            ),
        ),
    ),
    "test_matchcase_mapping_wildcard": (
        Source(
            _match("{'k': one, **rest}"),
            "'k':",
            "'k' :",
            (
                "MATCH_MAPPING @2:9-27",
                "MATCH_KEYS @2:9-27",
                "@>=3.12 STORE_NAME one @2:9-27",
                "@>=3.12 STORE_NAME rest @2:9-27",
            ),
        ),
    ),
    "test_matchcase_class": (
        Source(
            _match("Point(one, two)"),
            "Point",
            "Points",
            (
                "MATCH_CLASS @2:9-24",
                "UNPACK_SEQUENCE 2 @2:9-24",
                "@>=3.12 STORE_NAME one @2:9-24",
                "@>=3.12 STORE_NAME two @2:9-24",
            ),
        ),
    ),
    "test_matchcase_or": (
        Source(
            _match("Point(7) | Point(8)"),
            "Point",
            "Points",
            ("MATCH_CLASS @2:9-17", "MATCH_CLASS @2:20-28"),
        ),
    ),
    "test_very_long_line_end_offset": (
        Source(f"call('{'b' * 900}')\n", "b')", "bb')", ("CALL 1 @1:0-908",)),
    ),
    "test_complex_single_line_expression": (
        Source(
            "one + two % (three * x['key'] - 45)\n",
            "'key']",
            "'keys']",
            (
                "BINARY_SUBSCR @1:21-29",
                "BINARY_OP * @1:13-29",
                "BINARY_OP - @1:13-34",
                "BINARY_OP % @1:6-35",
                "BINARY_OP + @1:0-35",
            ),
        ),
    ),
    "test_push_null_load_global_positions": tuple(
        Source(
            _CALLED.format(called),
            "    ",
            "     ",
            (f"LOAD_GLOBAL {name} @4:{column}-{column + 3}",),
        )
        for called, name, column in (
            ("abc.a()", "abc", 4),
            ("dix[...]()", "dix", 4),
            ("art()()", "art", 4),
            ("(ast or x)()", "ast", 5),
            ("(dix + x)()", "dix", 5),
        )
    ),
    "test_attribute_augassign": (
        Source(
            _attribute("", " += 5"),
            "      right",
            "       right",
            ("LOAD_ATTR right @4:6-11", "STORE_ATTR right @4:6-11"),
        ),
    ),
    "test_attribute_del": (
        Source(_attribute("del ", ""), "  right", "right", ("DELETE_ATTR right @4:6-11",)),
    ),
    "test_attribute_load": (
        Source(_attribute("", ""), "  right", "right", ("LOAD_ATTR right @4:6-11",)),
    ),
    "test_attribute_store": (
        Source(_attribute("", " = 5"), "  right", "right", ("STORE_ATTR right @4:6-11",)),
    ),
    "test_method_call": (
        Source(
            _attribute("", "()"),
            "  right",
            "right",
            ("LOAD_ATTR right @4:6-11", "CALL 0 @4:6-5:5"),
        ),
    ),
    "test_load_super_attr": (
        Source(
            "class C:\n  def m(self):\n    super().m()\n",
            "    s",
            "     s",
            ("LOAD_GLOBAL super @3:4-9",),
        ),
    ),
    "test_lambda_return_position": tuple(
        Source(f"f = lambda: {body}\n", ": ", ":  ", (f"{made} @1:12-{12 + len(body)}",))
        for body, made in (
            ("name", "@>=3.13 RETURN_VALUE"),
            ("47", "@>=3.13 LOAD_CONST 47"),
            ("5 + 6", "@>=3.13 LOAD_CONST 11"),
            ("one + two", "@>=3.13 RETURN_VALUE"),
        )
    ),
    "test_return_in_with_positions": (
        Source(
            "def f():\n    with manager:\n        1\n        2\n        return GIVEN\n",
            " manager",
            "  manager",
            ("@>=3.13 LOAD_CONST None @2:9-16", "@>=3.13 RETURN_VALUE @2:9-16"),
        ),
    ),
}


def _is_there(place: str, code: Bytecode) -> bool:
    return place in code.tree


def _since(place: str) -> str:
    """Return the first Python of a line's guard: positions were corrected in each version."""
    return place.removeprefix("@>=").partition(" ")[0] if place.startswith("@") else "3.11"


def _cases() -> Iterator[Case]:
    for test, sources in SOURCES.items():
        for source in sources:
            broken = source.text.replace(source.old, source.new)
            for place in source.places:
                yield Case(
                    f"test_compile.{test}",
                    source.text,
                    broken,
                    partial(_is_there, place),
                    _since(place),
                )


CASES = tuple(_cases())

NOT_SAID = (
    NotSaid(
        "test_compile.check_positions_against_ast",
        "every position is one of some node of the source's ast: a question about all instructions at once",
    ),
    NotSaid(
        "test_compile.test_weird_attribute_position_regressions",
        "every instruction has a position, none ends before it begins: about all of them at once",
    ),
)


@parameters(CASES)
def test_the_check_is_true_of_the_subject(case: Case, compiled: Compiled) -> None:
    assert case.check(compiled(case.subject))


@parameters(CASES)
def test_the_check_fails_on_the_broken_subject(case: Case, compiled: Compiled) -> None:
    assert case.broken != case.subject
    with pytest.raises(FAILS):
        assert case.check(compiled(case.broken))
