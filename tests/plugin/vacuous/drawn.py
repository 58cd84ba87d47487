"""Expectations: all ops with all kinds of operands, facts, calls, parts of a source.

Each comes with sources of functions in which it is, as far as any Python function can have it.
"""

from __future__ import annotations

import ast
import random
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pycinspect.dialects import DIALECTS, LinearKind, LinearOperand, linear_ops
from pytest_pycinspect import Bytecode
from tests.plugin.vacuous.corpus import MODERN, RARE

__all__ = ["Drawn", "drawn"]


class Drawn(NamedTuple):
    """Something that can be said of a function.

    Args:
        text: what is said.
        ask: whether it is so.
        witnesses: sources of functions of which it is true.
    """

    text: str
    ask: Callable[[Bytecode], object]
    witnesses: tuple[str, ...] = ()


#: Texts that are names somewhere, and some that are names nowhere.
ODD = ("os.path", "a b", "", "1x", "class", "None", "x()", "'x'", "..", "os.", "(A, B)", "-> x")
#: Objects that somebody may ask for.
OBJECTS: tuple[object, ...] = (
    *(
        0,
        3,
        -1,
        1.5,
        -0.0,
        True,
        None,
        ...,
        "x",
        "",
        b"x",
        2j,
        (1, 2),
        (1, (2, "x")),
        frozenset({1}),
    ),
    *([1], {}, {1}, (1, [2]), object(), range(3), slice(1), len, random, OSError, NotImplemented),
)
#: Operands as they are written.
OPERANDS = (
    *(
        "None",
        "True",
        "1.5",
        "-1",
        "0",
        "1",
        "2",
        "3",
        "4",
        "7",
        "(1, 2)",
        "('key',)",
        "'x'",
        "b'x'",
    ),
    *(
        "2 ('key',)",
        "0 ('key',)",
        "is",
        "in",
        "not",
        "not in",
        "add",
        "+",
        "+=",
        "<",
        "-> _",
        "/zq/",
    ),
    *(
        "<code g>",
        "< 0",
        "< 2",
        "> 3",
        "== 1.5",
        "!= 1",
        "in (1, 2)",
        "in (x, y)",
        "AssertionError",
    ),
)
SNIPPETS = (
    *(
        "pass",
        "...",
        "1",
        "x is None",
        "global x",
        "if 0: x()",
        "assert True",
        "x: int",
        "x; y",
        "''",
    ),
    *(
        "while True: pass",
        "while True: break",
        "for x in y: pass",
        "return",
        "return x",
        "raise",
        "[]",
    ),
    *(
        "def g(): pass",
        "lambda: 1",
        "x if y else z",
        "try: pass\nfinally: pass",
        "if x: pass",
        "del x",
    ),
    *("x = x", "import os", "with x: pass", "not x", "x and y", "x, y = y, x", "x.y += 1", "{**x}"),
    *("match x:\n case _: pass", "try: x\nexcept E: pass", "if [x]: y", "class K: pass", "x[y:z]"),
)


def drawn(rng: random.Random, names: Sequence[str]) -> Iterator[Drawn]:
    """Yield expectations, each kind in turn, without end.

    Args:
        rng: draws.
        names: of variables, attributes and modules of some functions.
    """
    kinds = (_of_ops, _of_facts, _of_calls, _of_snippets, _of_constants, _of_raw, _of_loops)
    while True:
        for kind in kinds:
            yield kind(rng, names)


# --- Instructions ------------------------------------------------------------------------------

#: What only the code of a prompt has, and functions have not (``compile(…, "single")``).
_OF_PROMPTS = frozenset({"PRINT_EXPR"})
_OPS = [
    row
    for row in linear_ops().values()
    if row.operand is not LinearOperand.DROPPED and row.name not in _OF_PROMPTS
]
_NAMED: Mapping[str, str] = {
    "LOAD_FAST": "def f({0}): return {0}",
    "STORE_FAST": "def f(): {0} = g()",
    "DELETE_FAST": "def f({0}): del {0}",
    "LOAD_FAST_AND_CLEAR": "def f(a): return [{0} for {0} in a]",
    "LOAD_GLOBAL": "def f(): return {0}",
    "STORE_GLOBAL": "def f():\n global {0}\n {0} = g()",
    "DELETE_GLOBAL": "def f():\n global {0}\n del {0}",
    "LOAD_DEREF": "def f({0}):\n def g(): return {0}\n return g",
    "STORE_DEREF": "def f():\n {0} = g()\n return lambda: {0}",
    "DELETE_DEREF": "def f({0}):\n del {0}\n return lambda: {0}",
    "LOAD_ATTR": "def f(a): return a.{0}",
    "STORE_ATTR": "def f(a): a.{0} = a",
    "DELETE_ATTR": "def f(a): del a.{0}",
    "LOAD_NAME": "def f():\n class K: {0}()",
    "STORE_NAME": "def f():\n class K: {0} = 1",
    "DELETE_NAME": "def f():\n class K: del {0}",
    "IMPORT_NAME": "def f(): import {0}",
    "IMPORT_FROM": "def f(): from m import {0}",
    "MAKE_FUNCTION": "def f():\n def {0}(): pass",
    "LOAD_CONST": "def f(): return {0}",
}


def _items(number: int) -> str:
    return "".join("a, " for _ in range(number))


def _displayed(number: int) -> str:
    """Return a function that puts an iterator below some values."""
    return f"def f(a): return {'(a, ' * (number - 2)}[b for b in a]{')' * (number - 2)}"


def _added_to_a_dict(number: int) -> str:
    """Return what is added to a dictionary below some values; long displays are filled, too."""
    return f"a: a {'for a in a ' * (number - 1)}" if number > 1 else "a: a, " * 20


def _keywords(number: int) -> str:
    """Return parameters whose defaults are computed."""
    return ", ".join(f"k{place}=a()" for place in range(max(number, 1)))


def _mapped(number: int) -> str:
    """Return a function whose pattern copies a dictionary from below some keys."""
    keys = "".join(f"{key}: _, " for key in range(number - 1))
    return f"def f(a):\n match a:\n  case {{{keys}**b}}: return b"


_NUMBERED: Mapping[str, Callable[[int], str]] = {
    "CALL": lambda n: f"def f(a): a({_items(n)})",
    "CALL_KW": lambda n: f"def f(a): a({_items(n - 1)}key=1)",
    "BUILD_LIST": lambda n: f"def f(a): return [{_items(n)}]",
    "BUILD_TUPLE": lambda n: f"def f(a): return ({_items(n)})",
    "BUILD_SET": lambda n: f"def f(a): return {{{_items(n)}}}",
    "BUILD_MAP": lambda n: f"def f(a): return {{{'a: a, ' * n}}}",
    "BUILD_STRING": lambda n: f"def f(a): return f'{'{a}' * n}'",
    "MATCH_CLASS": lambda n: f"def f(a):\n match a:\n  case C({'_, ' * n}): pass",
    "UNPACK_SEQUENCE": lambda n: f"def f(a): [{_items(n)}] = a",
    "UNPACK_EX": lambda n: f"def f(a): [{_items(n)}*a] = a",
    "LIST_APPEND": lambda n: f"def f(a): return [a {'for a in a ' * (n - 1)}]",
    "SET_ADD": lambda n: f"def f(a): return {{a {'for a in a ' * (n - 1)}}}",
    "MAP_ADD": lambda n: f"def f(a): return {{{_added_to_a_dict(n)}}}",
    "BUILD_CONST_KEY_MAP": lambda n: f"def f(a):\n def g(*, {_keywords(n)}): pass",
    "BUILD_SLICE": lambda n: f"def f(a): return a[a:a{':a' * (n - 2)}]",
    "RAISE_VARARGS": lambda n: f"def f(a): raise{' a' * (n > 0)}{' from a' * (n > 1)}",
    "CALL_FUNCTION_EX": lambda n: f"def f(a): a(*a{', **a' * (n - 1)})",
    "SWAP": _displayed,
    "COPY": _mapped,
    "DICT_UPDATE": lambda n: "def f(a): return {**a}",
    "LIST_EXTEND": lambda n: "def f(a): return [*a]",
    "SET_UPDATE": lambda n: "def f(a): return {*a}",
}


def _of_ops(rng: random.Random, names: Sequence[str]) -> Drawn:
    row = rng.choice(_OPS)
    if row.name in _ONE_HERE:
        return Drawn(row.name, lambda code: row.name in code.tree, tuple(_witnesses(row, "")))
    if row.operand is LinearOperand.NAME and rng.random() < _OFTEN:
        operand = rng.choice([*names, *ODD])
    else:
        operand = rng.choice(["", *OPERANDS, rng.choice(names), repr(rng.choice(names))])
    text = f"{row.name} {operand}".strip()
    return Drawn(text, lambda code: text in code.tree, tuple(_witnesses(row, operand)))


_OFTEN = 0.7
#: Their number is 1 but in comprehensions that unpack (PEP 798), which no host compiles yet.
_ONE_HERE = frozenset({"DICT_UPDATE", "LIST_EXTEND", "SET_UPDATE"})


def _witnesses(row: LinearKind, operand: str) -> Iterator[str]:
    name = operand.removeprefix("<code ").removesuffix(">")
    if name.startswith("in ("):
        name = name.removeprefix("in (").partition(",")[0]
    for value in (name, name.strip("'/")):
        if row.name in _NAMED:
            yield _NAMED[row.name].format(value)
    number = next((int(part) for part in operand.split() if part.isdigit()), 0)
    for near in (number, number + 1, max(number - 1, 0)):
        if row.name in _NUMBERED:
            yield _NUMBERED[row.name](near)


#: Every code object begins with it since 3.11; that it is there is true but for parts of one.
_NOT_DRAWN = frozenset({"RESUME"}) | _OF_PROMPTS


def _of_raw(rng: random.Random, _: Sequence[str]) -> Drawn:
    dialects = [row for row in DIALECTS if row.bytecode is not None]
    bytecode = rng.choice(dialects).bytecode
    assert bytecode is not None
    text = rng.choice([one.name for one in bytecode.opcodes.opcodes if one.name not in _NOT_DRAWN])
    sources = [_NAMED[text].format("x")] if text in _NAMED else []
    return Drawn(
        f"{text}, raw",
        lambda code: any(text in part.raw for part in code.tree),
        (*sources, *_IN_LOOPS),
    )


# --- Facts -------------------------------------------------------------------------------------

_FACTS: Mapping[str, str] = {
    "globals": "def f(): return {0}",
    "names": "def f(): return {0}",
    "attributes": "def f(a): return a.{0}",
    "freevars": "def f({0}): return lambda: {0}",
    "handlers": "def f():\n try: g()\n except {0}: pass",
    "imports": "def f(): import {0}",
}


def _of_facts(rng: random.Random, names: Sequence[str]) -> Drawn:
    fact = rng.choice([*_FACTS])
    wanted: object = rng.choice([rng.choice(names), rng.choice(ODD), rng.choice(OBJECTS)])
    module, _, name = str(wanted).rpartition(".")
    sources = (
        _FACTS[fact].format(wanted),
        f"def f(): import {wanted}",
        f"def f(): from {wanted} import x",
        f"def f(): from {module or '.'} import {name or 'x'}",
        f"def f(): from .{module} import {name}",
    )
    return Drawn(f"{wanted!r} in .{fact}", lambda code: wanted in getattr(code.tree, fact), sources)


def _of_calls(rng: random.Random, names: Sequence[str]) -> Drawn:
    wanted: object = rng.choice([rng.choice(names), rng.choice(ODD), rng.choice(OBJECTS)])
    name = getattr(wanted, "__name__", wanted)
    return Drawn(
        f"{wanted!r} in .calls", lambda code: wanted in code.tree.calls, (f"def f(): {name}()",)
    )


def _of_constants(rng: random.Random, names: Sequence[str]) -> Drawn:
    wanted: object = rng.choice([*OBJECTS, rng.choice(names)])
    text = "..." if wanted is ... else repr(wanted)
    shown = str(set(wanted)) if isinstance(wanted, frozenset) else text
    sources = (f"def f(): return {text}", f"def f(x): return x in {shown}")
    if rng.random() < _OFTEN:
        return Drawn(f"{wanted!r} in .consts", lambda code: wanted in code.tree.consts, sources)
    return Drawn(f"folds_to {wanted!r}", lambda code: code.folds_to(wanted), sources)


def _of_loops(rng: random.Random, _: Sequence[str]) -> Drawn:
    number = rng.randrange(4)
    op = rng.choice([row.name for row in _OPS if row.name not in _NEVER_IN_LOOPS])
    loops = " for x in y: x()\n" * number
    if rng.random() < _OFTEN:
        sources = [*map(_looped, (*RARE, *MODERN)), *_IN_LOOPS]
        return Drawn(f"{op} in .loops", lambda code: _is_in_a_loop(op, code), tuple(sources))
    source = f"def f(y):\n pass\n{loops}"
    return Drawn(f"{number} loops", lambda code: len(code.loops) == number, (source,))


#: What is in loops of classes, and tests of which no loop of a function is made.
_IN_LOOPS = (
    "def f(a):\n class K:\n  for x in a: y = 1; del y; x()",
    "def f(a):\n class K:\n  for x in a:\n   class L: y: x = a",
    "def f(a):\n class K:\n  for x in x: y = a",
    "def f(a):\n while a(): a = (a and a() or a.b) and (a or a())",
    "for x in y: from m import *",
    "def f(a):\n for x in a: y = {'a': x(), 'b': a()}\n return lambda: y",
)
#: What is in no loop, as is said of ``.loops``: what leaves it is not, nor is what makes type
#: parameters, which have code of their own, nor the namespace that a class gives back at its end.
_NEVER_IN_LOOPS = frozenset({"RETURN_VALUE", "CALL_INTRINSIC_1", "CALL_INTRINSIC_2", "LOAD_LOCALS"})


def _is_in_a_loop(op: str, code: Bytecode) -> bool:
    answers = [op in loop for part in code.tree for loop in part.loops]
    return any(answers)


def _looped(source: str) -> str:
    """Return a function with its body in a loop that goes on whatever is raised."""
    head, _, body = source.partition(":")
    lines = textwrap.indent(textwrap.dedent(body.lstrip("\n")), "   ")
    return f"{head}:\n while a:\n  try:\n{lines}\n  except E: pass\n"


# --- Parts of a source -------------------------------------------------------------------------


def _of_snippets(rng: random.Random, names: Sequence[str]) -> Drawn:
    name = rng.choice(names)
    snippet = rng.choice([*SNIPPETS, f"x.{name}", f"{name}(x)", f"{name} = x", f"x({name!r})"])
    body = snippet.replace("\n", "\n ")
    sources = [f"def f(x, y, z):\n {body}\n"]
    if _is_expression(snippet):
        sources.append(f"def f(x, y, z):\n return ({body})\n")
    return Drawn(
        f"contains_code {snippet!r}", lambda code: code.contains_code(snippet), tuple(sources)
    )


def _is_expression(snippet: str) -> bool:
    try:
        ast.parse(snippet, mode="eval")
    except SyntaxError:
        return False
    return True
