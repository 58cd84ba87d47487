"""CPython's test_peepholer, said with the plugin: what compilers simplify."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_pycinspect import Bytecode, Compiled
from tests.plugin.ports.kit import Case, NotSaid, code_of, parameters

__all__ = ["CASES", "NOT_SAID"]

Check = Callable[[Bytecode], object]


def has(*expectations: str) -> Check:
    return lambda code: all(expectation in code for expectation in expectations)


def lacks(*expectations: str) -> Check:
    return lambda code: not any(expectation in code for expectation in expectations)


def both(first: Check, second: Check) -> Check:
    return lambda code: first(code) and second(code)


def counts(**numbers: int) -> Check:
    return lambda code: {name: code.tree.count(name) for name in numbers} == numbers


def constant(value: str, without: str) -> Check:
    """Return the check that a constant was made, and nothing that makes it at run time."""
    return both(has(f"LOAD_CONST {value}"), lacks(without))


_RESULT = "def f():\n    return {}\n"
_IN = "def f(a):\n    return a {}\n"


def _folded(test: str, made: str, broken: str, value: str, without: str) -> Case:
    name = f"test_peepholer.{test}"
    return Case(name, _RESULT.format(made), _RESULT.format(broken), constant(value, without))


def _member(test: str, made: str, broken: str, value: str, without: str) -> Case:
    name = f"test_peepholer.{test}"
    return Case(name, _IN.format(made), _IN.format(broken), constant(value, without))


_BINARY, _TUPLE = "test_folding_of_binops_on_constants", "test_folding_of_tuples_of_constants"
_UNARY, _LIST = "test_folding_of_unaryops_on_constants", "test_folding_of_lists_of_constants"
_SET, _MORE = "test_folding_of_sets_of_constants", "test_constant_folding"
_TEXT = "test_binary_subscr_on_unicode"

FOLDED = (
    _folded(_BINARY, "4 + 5 + 6", "4 + n + 6", "15", "BINARY_OP"),
    _folded(_BINARY, "'ab' * 3", "'ab' * n", "'ababab'", "BINARY_OP"),
    _folded(_BINARY, "'left' + 'right'", "'left' + right", "'leftright'", "BINARY_OP"),
    _folded(_BINARY, "2 ** 5", "2 ** n", "32", "BINARY_OP"),
    _folded(_BINARY, "6 * 7", "6 * n", "42", "BINARY_OP"),
    _folded(_BINARY, "17 // 5", "17 // n", "3", "BINARY_OP"),
    _folded(_BINARY, "17 % 5", "17 % n", "2", "BINARY_OP"),
    _folded(_BINARY, "17 - 5", "17 - n", "12", "BINARY_OP"),
    _folded(_BINARY, "5 << 3", "5 << n", "40", "BINARY_OP"),
    _folded(_BINARY, "40 >> 3", "40 >> n", "5", "BINARY_OP"),
    _folded(_BINARY, "12 & 6", "12 & n", "4", "BINARY_OP"),
    _folded(_BINARY, "12 ^ 6", "12 ^ n", "10", "BINARY_OP"),
    _folded(_BINARY, "12 | 6", "12 | n", "14", "BINARY_OP"),
    _folded(_BINARY, "(7, 8, 9)[2]", "(7, 8, n)[2]", "9", "BINARY_SUBSCR"),
    _folded(_TEXT, "'word'[1]", "'word'[n]", "'o'", "BINARY_SUBSCR"),
    _folded(_TEXT, "'a\\U0001f40d'[1]", "'a\\U0001f40d'[n]", "'\U0001f40d'", "BINARY_SUBSCR"),
    _folded(_UNARY, "-2.5", "-n", "-2.5", "UNARY_OP"),
    _folded(_UNARY, "-(3.0 - 3.0)", "3.0 - 3.0", "-0.0", "UNARY_OP"),
    _folded(_UNARY, "-0", "-0.0", "0", "UNARY_OP"),
    _folded(_UNARY, "~-8", "~n", "7", "UNARY_OP"),
    _folded(_UNARY, "+6", "+n", "6", "UNARY_OP"),
    _folded(_TUPLE, "4, 5, 6", "4, 5, n", "(4, 5, 6)", "BUILD_TUPLE"),
    _folded(_TUPLE, "('x', 'y')", "('x', n)", "('x', 'y')", "BUILD_TUPLE"),
    _folded(_TUPLE, "(None, 2, None)", "(n, 2, None)", "(None, 2, None)", "BUILD_TUPLE"),
    _folded(_TUPLE, "((8, 9), 7)", "((8, n), 7)", "((8, 9), 7)", "BUILD_TUPLE"),
    _folded(_MORE, "4 * -2", "4 * -n", "-8", "UNARY_OP"),
    _folded(_MORE, "3 * (5 * 2)", "3 * (n * 2)", "30", "BINARY_OP"),
    _folded(_MORE, "(2, -7, 1)", "(2, -n, 1)", "(2, -7, 1)", "BUILD_TUPLE"),
    _folded(_MORE, "(2, -7) * 2", "(2, -7) * n", "(2, -7, 2, -7)", "BINARY_OP"),
    _member(_LIST, "in [4, 5, 6]", "in [4, 5, n]", "(4, 5, 6)", "BUILD_LIST"),
    _member(
        _LIST, "not in ['x', 'y', 'z']", "not in ['x', n, 'z']", "('x', 'y', 'z')", "BUILD_LIST"
    ),
    _member(_LIST, "in [(8, 9), 7]", "in [(8, n), 7]", "((8, 9), 7)", "BUILD_LIST"),
    _member(_SET, "in {4, 5, 6}", "in {4, 5, n}", "frozenset({4, 5, 6})", "BUILD_SET"),
    _member(_SET, "not in {'x', 'y'}", "not in {'x', n}", "frozenset({'x', 'y'})", "BUILD_SET"),
    _member(_SET, "in {4, 5, 5, 4}", "in {4, 5, 5, 6}", "frozenset({4, 5})", "BUILD_SET"),
    _member(_SET, "in {None, 4, None}", "in {None, n}", "frozenset({4, None})", "BUILD_SET"),
)

OTHERS = (
    Case(
        "test_peepholer.test_unot",
        "def f(x):\n    if not x == 3:\n        g()\n",
        "def f(x):\n    if x == 3:\n        g()\n",
        both(has("POP_JUMP_IF_TRUE"), lacks("UNARY_NOT", "POP_JUMP_IF_FALSE")),
    ),
    *(
        Case(
            "test_peepholer.test_elim_inversion_of_is_or_in",
            f"def f(a, b):\n    return not (a {operator} b)\n",
            f"def f(a, b):\n    return not bool(a {operator} b)\n",
            both(has(f"{op} {inverse}"), lacks("UNARY_NOT")),
        )
        for operator, op, inverse in (
            ("is", "IS_OP", "is not"),
            ("is not", "IS_OP", "is"),
            ("in", "CONTAINS_OP", "not in"),
            ("not in", "CONTAINS_OP", "in"),
        )
    ),
    *(
        Case(
            "test_peepholer.test_global_as_constant",
            f"def f():\n    x = {value}\n    return x\n",
            f"def f():\n    x = {value.lower()}\n    return x\n",
            both(has(f"LOAD_CONST {value}"), lacks("LOAD_GLOBAL")),
        )
        for value in ("None", "True", "False")
    ),
    Case(
        "test_peepholer.test_while_one",
        "def f():\n    while 1:\n        pass\n",
        "def f():\n    while n:\n        pass\n",
        both(has("JUMP"), lacks("POP_JUMP_IF_FALSE", "LOAD_GLOBAL")),
    ),
    *(
        Case(
            "test_peepholer.test_pack_unpack",
            f"def f(a, b, c):\n    {names} = {names}\n",
            f"def f(a, b, c):\n    {names} = g({names})\n",
            lacks("BUILD_TUPLE", "UNPACK_SEQUENCE"),
        )
        for names in ("a,", "a, b", "a, b, c")
    ),
    Case(
        f"test_peepholer.{_TUPLE}",
        f"a = {tuple(range(3_000))}",
        f"a = {(*range(2_999), -0.5)}".replace("-0.5", "n"),
        both(lacks("BUILD_TUPLE", "LIST_EXTEND"), counts(LOAD_CONST=2)),
    ),
    Case(
        f"test_peepholer.{_BINARY}",
        "def f():\n    return 3 + 'c'\n",
        "def f():\n    return 3 + 4\n",
        has("LOAD_CONST 3; LOAD_CONST 'c'; BINARY_OP +"),
    ),
    *(
        Case(
            f"test_peepholer.{_BINARY}",
            f"def f():\n    return {large}\n",
            f"def f():\n    return {small}\n",
            has(f"BINARY_OP {operator}"),
        )
        for large, small, operator in (
            ("'y' * 20_000", "'y' * 20", "*"),
            ("1 << 2_000", "1 << 20", "<<"),
            ("3 ** 2_000", "3 ** 20", "**"),
        )
    ),
    Case(
        f"test_peepholer.{_TEXT}",
        "def f():\n    return 'word'[9]\n",
        "def f():\n    return 'word'[3]\n",
        has("LOAD_CONST 'word'; LOAD_CONST 9; BINARY_SUBSCR"),
    ),
    *(
        Case(
            f"test_peepholer.{_UNARY}",
            f"def f():\n    return {operator}'word'\n",
            f"def f():\n    return {operator}5\n",
            has(f"LOAD_CONST 'word'; UNARY_OP {operator}"),
        )
        for operator in "-~"
    ),
    Case(
        "test_peepholer.test_elim_extra_return",
        "def f(x):\n    return x\n",
        "def f(x):\n    if x:\n        return x\n",
        both(counts(RETURN_VALUE=1), lacks("LOAD_CONST None")),
    ),
    Case(
        "test_peepholer.test_elim_jump_to_return",
        "def f(test, one, other):\n    return (one if test\n            else other)\n",
        "def f(test, one, other):\n    x = (one if test\n         else other)\n    return x.a.b.c.d.e\n",
        both(lacks("JUMP"), counts(RETURN_VALUE=2)),
    ),
    *(
        Case(
            "test_peepholer.test_elim_jump_to_uncond_jump3",
            f"def f(a, b, c):\n    return ((a {first} b)\n            {second} c)\n",
            f"def f(a, b, c):\n    return ((a {other} b)\n            {second} c)\n",
            counts(**jumps),
        )
        for first, second, other, jumps in (
            ("and", "and", "or", {"JUMP_IF_FALSE_OR_POP": 2}),
            ("or", "or", "and", {"JUMP_IF_TRUE_OR_POP": 2}),
            ("and", "or", "or", {"POP_JUMP_IF_FALSE": 1, "JUMP_IF_TRUE_OR_POP": 1}),
            ("or", "and", "and", {"POP_JUMP_IF_TRUE": 1, "JUMP_IF_FALSE_OR_POP": 1}),
        )
    ),
    Case(
        "test_peepholer.test_elim_jump_after_return1",
        "def f(a, b):\n    if a: return 4\n    while 1:\n        if b: return 5\n        return 6\n    return 7\n",
        "def f(a, b):\n    if a: return 4\n    while 1:\n        if b: return 5\n        g()\n    return 7\n",
        both(lacks("JUMP"), lambda code: code.count("RETURN_VALUE") == 3),
    ),
    Case(
        "test_peepholer.test_make_function_doesnt_bail",
        "def f():\n    def g() -> 2 + 3:\n        pass\n    return g\n",
        "def f():\n    def g() -> 2 + n:\n        pass\n    return g\n",
        lacks("BINARY_OP"),
    ),
    Case(
        "test_peepholer.test_in_literal_list",
        "def f(x):\n    return x in [a, b]\n",
        "def f(x):\n    return x in [a, *b]\n",
        counts(BUILD_LIST=0, BUILD_TUPLE=1),
    ),
    Case(
        "test_peepholer.test_iterate_literal_list",
        "def f():\n    for x in [a, b]:\n        pass\n",
        "def f():\n    for x in list((a, b)) + [a]:\n        pass\n",
        counts(BUILD_LIST=0),
    ),
    Case(
        "test_peepholer.test_condition_with_binop_with_bools",
        "def f():\n    if True or False:\n        return 1\n    return 0\n",
        "def f():\n    if True and False:\n        return 1\n    return 0\n",
        lambda code: code.folds_to(1),
    ),
    Case(
        "test_peepholer.test_if_with_if_expression",
        "def f(x):\n    if (True if x else False):\n        return 8\n    return 9\n",
        "def f(x):\n    if g(True if x else False):\n        return 8\n    return 9\n",
        lacks("LOAD_CONST True", "LOAD_CONST False"),
    ),
    Case(
        "test_peepholer.test_trailing_nops",
        "def f(x):\n    while 1:\n        return 3\n    while 1:\n        return 5\n    return 6\n",
        "def f(x):\n    while x:\n        return 3\n    while 1:\n        return 5\n    return 6\n",
        lambda code: code.folds_to(3),
    ),
    *(
        Case(
            "test_peepholer.test_assignment_idiom_in_comprehensions",
            f"def f():\n    return {made.format('[g(x)]')}\n",
            f"def f():\n    return {made.format('g(x)')}\n",
            counts(FOR_ITER=1),
        )
        for made in (
            "[y for x in a for y in {}]",
            "{{y for x in a for y in {}}}",
            "{{y: y for x in a for y in {}}}",
            "(y for x in a for y in {})",
        )
    ),
    Case(
        "test_peepholer.test_format_combinations",
        "def f(x):\n    return '<%s>' % (x,)\n",
        "def f(x):\n    return '<%s>' % x\n",
        both(has("BUILD_STRING 3"), lacks("BINARY_OP %")),
    ),
    Case(
        "test_peepholer.test_format_misc",
        "def f(x):\n    return '%d' % (x,)\n",
        "def f(x):\n    return '%s' % (x,)\n",
        has("LOAD_CONST '%d'", "BINARY_OP %"),
    ),
    Case(
        "test_peepholer.test_static_swaps_unpack_two",
        "def f(a, b):\n    a, b = b, a\n    b, a = b, a\n",
        "def f(a, b):\n    a.x, b.x = b, a\n",
        lacks("SWAP"),
    ),
    Case(
        "test_peepholer.test_static_swaps_unpack_three",
        "def f(a, b, c):\n    a, b, c = c, a, b\n    c, b, a = a, b, c\n",
        "def f(a, b, c):\n    a[0], b[0], c[0] = c, a, b\n",
        lacks("SWAP"),
    ),
    Case(
        "test_peepholer.test_static_swaps_match_sequence",
        "def f(x):\n    match x:\n        case *_, b, c:\n            pass\n",
        "def f(x):\n    match x:\n        case b, c:\n            pass\n",
        has("SWAP"),
    ),
    Case(
        "test_peepholer.test_bug_11510",
        "def f():\n    x, y = {1, 1}\n    return x, y\n",
        "def f():\n    x, y = 1, 1\n    return x, y\n",
        has("BUILD_SET 2; UNPACK_SEQUENCE 2"),
    ),
    *(
        Case(
            f"test_peepholer.test_bpo_45773_pop_jump_if_{decided}",
            f"while {test}:\n    x\nz\n",
            f"while {other}:\n    x\nz\n",
            lacks("LOAD_NAME spam"),
        )
        for decided, test, other in (
            ("true", "True or spam", "b or spam"),
            ("false", "False and spam", "b and spam"),
        )
    ),
)

_UNBOUND = "test_peepholer.test_load_fast_"
KNOWN = (
    *(
        Case(
            _UNBOUND + "known_because_parameter",
            f"def f({parameter}):\n    g(x)\n",
            f"def f({parameter}):\n    del x\n    g(x)\n",
            lambda code: "LOAD_FAST_CHECK" not in code.raw,
            since="3.12",
        )
        for parameter in ("x", "*, x", "*x", "**x", "x=0")
    ),
    Case(
        _UNBOUND + "unknown_simple",
        "def f():\n    if g():\n        x = 1\n    print(x)\n",
        "def f():\n    if g():\n        x = 1\n    else:\n        x = 2\n    print(x)\n",
        lambda code: "LOAD_FAST_CHECK" in code.raw and "LOAD_FAST" not in code.raw,
        since="3.12",
    ),
    Case(
        _UNBOUND + "unknown_because_del",
        "def f():\n    x = 1\n    del x\n    print(x)\n",
        "def f():\n    x = 1\n    print(x)\n    del x\n",
        lambda code: "LOAD_FAST_CHECK" in code.raw and "LOAD_FAST" not in code.raw,
        since="3.12",
    ),
    Case(
        _UNBOUND + "known_because_already_loaded",
        "def f():\n    if g():\n        x = 1\n    print(x)\n    print(x)\n",
        "def f():\n    if g():\n        x = 1\n    print(x)\n    del x\n    print(x)\n",
        lambda code: code.raw.count("LOAD_FAST_CHECK") == code.raw.count("LOAD_FAST") == 1,
        since="3.12",
    ),
    Case(
        _UNBOUND + "unknown_after_error",
        "def f():\n    try:\n        r = 1 / n\n    except E:\n        pass\n    return r\n",
        "def f():\n    r = 1 / n\n    return r\n",
        lambda code: "LOAD_FAST_CHECK" in code.raw,
        since="3.12",
    ),
)

CASES = (*FOLDED, *OTHERS, *KNOWN)

NOT_SAID = (
    NotSaid(
        "test_peepholer.DirectCfgOptimizerTests",
        "instructions are given to the optimizer itself, by a test-only module: there is no source",
    ),
    NotSaid(
        "test_peepholer.test_setting_lineno_*",
        "what a debugger that sets f_lineno does to running code: a behaviour, not the code",
    ),
)


@parameters(CASES)
def test_the_check_is_true_of_the_subject(case: Case, compiled: Compiled) -> None:
    assert case.check(code_of(case.subject, compiled))


@parameters(CASES)
def test_the_check_fails_on_the_broken_subject(case: Case, compiled: Compiled) -> None:
    with pytest.raises(AssertionError):
        assert case.check(code_of(case.broken, compiled))
