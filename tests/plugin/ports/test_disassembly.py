"""CPython's test_dis, said with the plugin: what a disassembly shows."""

from __future__ import annotations

from functools import partial

import pytest

from pytest_pycinspect import Bytecode, Compiled
from tests.plugin.ports.kit import Case, NotSaid, code_of, parameters

__all__ = ["CASES", "NOT_SAID"]


def _matches(expectation: str, code: Bytecode) -> object:
    return code.matches(expectation)


def _listed(test: str, subject: str, broken: str, expectation: str, since: str = "3.11") -> Case:
    return Case(f"test_dis.{test}", subject, broken, partial(_matches, expectation), since)


_METHODS = "class C:\n    {}\n    def method({}, x):\n        {}.x = x == 3\n"
_NESTED = """\
def f(scale):
    def inner(values):
        def innermost(x):
            return x * scale
        return innermost
    return inner
"""

LISTED = (
    _listed(
        "test_dis",
        "def f(a):\n    print(a)\n    return 7\n",
        "def f(a):\n    print(a)\n    return 8\n",
        "LOAD_GLOBAL print; LOAD_FAST a; CALL 1; POP_TOP; LOAD_CONST 7; RETURN_VALUE",
    ),
    _listed(
        "test_bug_708901",
        "def f():\n    for i in range(3,\n                   9):\n        pass\n",
        "def f():\n    for i in range(3):\n        pass\n",
        "LOAD_GLOBAL range; LOAD_CONST 3 @2; LOAD_CONST 9 @3; CALL 2 @2; GET_ITER; ...",
    ),
    _listed(
        "test_bug_1333982",
        "def f(x=()):\n    assert x, (1)\n    return 2\n",
        "def f(x=()):\n    assert x\n    return 2\n",
        "...\nLOAD_COMMON_CONSTANT AssertionError; LOAD_CONST 1; CALL 1; RAISE_VARARGS 1\n...",
    ),
    _listed(
        "test_kw_names",
        "def f(c):\n    return g(7, 8, c=c)\n",
        "def f(c):\n    return g(7, 8, d=c)\n",
        "LOAD_GLOBAL g; LOAD_CONST 7; LOAD_CONST 8; LOAD_FAST c; CALL_KW 3 ('c',); RETURN_VALUE",
    ),
    _listed("test_intrinsic_1", "from m import *\n", "from m import x\n", "...; IMPORT_STAR; ..."),
    _listed("test_intrinsic_1", "+a\n", "-a\n", "LOAD_NAME a; UNARY_OP +; ..."),
    _listed(
        "test_disassemble_str",
        "x: int = 4\n",
        "x = 4\n",
        "...; LOAD_CONST 4; ...; STORE_SUBSCR; ...",
    ),
    _listed(
        "test_disassemble_fstring",
        "def f(a, b):\n    return f'{a} and {b!r:4}'\n",
        "def f(a, b):\n    return f'{a} and {b:4}'\n",
        "...\nCONVERT_VALUE _\nLOAD_CONST '4'\nFORMAT_WITH_SPEC\nBUILD_STRING 3\nRETURN_VALUE",
    ),
    _listed(
        "test_disassemble_with",
        "def f(c):\n    with c:\n        g()\n    h()\n",
        "def f(c):\n    with c:\n        h()\n    g()\n",
        "LOAD_FAST c; BEFORE_WITH; POP_TOP; LOAD_GLOBAL g; ...; LOAD_GLOBAL h; ...",
    ),
    _listed(
        "test_disassemble_asyncwith",
        "async def f(c):\n    async with c:\n        g()\n",
        "async def f(c):\n    with c:\n        g()\n",
        "...; LOAD_FAST c; BEFORE_ASYNC_WITH; ...; LOAD_GLOBAL g; ...",
    ),
    _listed(
        "test_disassemble_try_finally",
        "def f(a, b):\n    try:\n        return a\n    finally:\n        b()\n",
        "def f(a, b):\n    b()\n    return a\n",
        "LOAD_FAST a; LOAD_FAST b; CALL 0; ...; RETURN_VALUE; ...; LOAD_FAST b; ...; RERAISE _; ...",
    ),
    _listed(
        "test_disassemble_generator",
        "def f(n):\n    for i in n:\n        yield i\n",
        "def f(n):\n    for i in n:\n        i()\n",
        "...; again: FOR_ITER -> _; STORE_FAST i; LOAD_FAST i; YIELD_VALUE; ...; JUMP -> again; ...",
    ),
    _listed(
        "test_disassemble_coroutine",
        "async def f(x):\n    return await x\n",
        "async def f(x):\n    return x\n",
        "...; LOAD_FAST x; GET_AWAITABLE; ...",
    ),
    _listed(
        "test_disassemble_async_generator",
        "async def f(x):\n    async for i in x:\n        yield i\n",
        "async def f(x):\n    async for i in x:\n        i()\n",
        "...; LOAD_FAST x; GET_AITER; ...; GET_ANEXT; ...; YIELD_VALUE; ...",
    ),
    *(
        _listed(
            f"test_disassemble_{kind}_method",
            _METHODS.format(decorator, first, first),
            _METHODS.format(decorator, first, first).replace("== 3", "!= 3"),
            f"...\n[C.method]\n    LOAD_FAST x; LOAD_CONST 3; COMPARE_OP ==\n    LOAD_FAST {first}; STORE_ATTR x\n    ...",
        )
        for kind, decorator, first in (
            ("instance", "# nothing", "self"),
            ("class", "@classmethod", "cls"),
            ("static", "@staticmethod", "it"),
        )
    ),
    _listed(
        "test_disassemble_recursive",
        _NESTED,
        _NESTED.replace("x * scale", "scale * x"),
        "...\n[inner.<locals>.innermost]\n    LOAD_FAST x; LOAD_DEREF scale; BINARY_OP *; RETURN_VALUE",
    ),
    _listed(
        "test_jumpy",
        "def f(a):\n    while a:\n        a = g(a)\n    return a\n",
        "def f(a):\n    if a:\n        a = g(a)\n    return a\n",
        "...; POP_JUMP_IF_FALSE -> out; body: LOAD_GLOBAL g; ...; POP_JUMP_IF_TRUE -> body; ...",
    ),
    _listed(
        "test_argval_argrepr",
        "def f(a, b):\n    a += b\n    return a @ b\n",
        "def f(a, b):\n    a -= b\n    return a @ b\n",
        "LOAD_FAST a; LOAD_FAST b; BINARY_OP +=; STORE_FAST a; ...; BINARY_OP @; RETURN_VALUE",
    ),
)

ASKED = (
    Case(
        "test_dis.test_big_linenos",
        "def f():\n" + "    \n" * 70_000 + "    return spam\n",
        "def f():\n" + "    \n" * 70_000 + "    return span\n",
        lambda code: "LOAD_GLOBAL spam" in code.at(70_002),
    ),
    Case(
        "test_dis.test_super_instructions",
        "def f(x, y):\n    return x * y\n",
        "def f(x, y):\n    return x.a * y\n",
        lambda code: "LOAD_FAST_LOAD_FAST" in code.raw,
        since="3.13",
    ),
    Case(
        "test_dis.test_code_info",
        _NESTED,
        _NESTED.replace("x * scale", "x * inner"),
        lambda code: code["inner"]["innermost"].freevars == ["scale"],
    ),
    Case(
        "test_dis.test_outer",
        _NESTED,
        _NESTED.replace("(scale)", "(factor)"),
        lambda code: code["inner"].freevars == ["scale"],
    ),
    Case(
        "test_dis.test_doubly_nested",
        _NESTED,
        _NESTED.replace("return innermost", "return values"),
        lambda code: code["inner"].endswith("LOAD_FAST innermost; RETURN_VALUE"),
    ),
    Case(
        "test_dis.test__find_imports",
        "import a.b\nfrom ..c import d\n",
        "import a.b\nfrom .c import d\n",
        lambda code: code.imports == ["a.b", "..c", "..c.d"],
    ),
    Case(
        "test_dis.test__find_store_names",
        "x = 1\ny = 2\nx = 3\n",
        "x = 1\ny = 2\nz = 3\n",
        lambda code: {instr.operand for instr in code.find("STORE_NAME")} == {"x", "y"},
    ),
    Case(
        "test_dis.test_findlinestarts",
        "def f(a):\n\n    b = a\n\n    return b\n",
        "def f(a):\n\n    b = a\n    return b\n",
        lambda code: code.lines == (3, 5),
    ),
    Case(
        "test_dis.test_findlabels",
        "def f(a, b):\n    return a if b else g(a)\n",
        "def f(a, b):\n    return a if b else a\n",
        lambda code: [code[target].opname for _, target in code.jumps] == ["LOAD_GLOBAL"],
    ),
    Case(
        "test_dis.test_assert_not_in_with_arg_not_in_bytecode",
        "a = 5\n",
        "a = 6\n",
        lambda code: "LOAD_CONST 6" not in code,
    ),
    Case(
        "test_dis.test_extended_arg_quick",
        "".join(f"x{number}\n" for number in range(300)),
        "".join(f"x{number}\n" for number in range(200)),
        lambda code: code.count("LOAD_NAME") == 300,
    ),
)

CASES = (*LISTED, *ASKED)

NOT_SAID = (
    NotSaid("test_dis.test_show_caches", "how cache entries are printed: no view has them"),
    NotSaid("test_dis.test_bug_42562, test_bug_45757", "bytes that no compiler made"),
    NotSaid("test_dis.test_dis_traceback", "where an exception was raised: not in the code"),
    NotSaid("test_dis.test_pretty_flags_no_flags", "the flags of a code object have no word"),
)


@parameters(CASES)
def test_the_check_is_true_of_the_subject(case: Case, compiled: Compiled) -> None:
    assert case.check(code_of(case.subject, compiled))


@parameters(CASES)
def test_the_check_fails_on_the_broken_subject(case: Case, compiled: Compiled) -> None:
    code = code_of(case.broken, compiled)
    with pytest.raises(AssertionError):
        assert case.check(code)
