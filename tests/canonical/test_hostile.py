from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest

from pycinspect.canonical import Level, canonicalize
from pycinspect.canonical.assignments import in_parallel
from pycinspect.canonical.folding import NOT_FOLDED, fold_binary
from pycinspect.canonical.graph import NOWHERE, Node
from pycinspect.canonical.minimise import merged
from pycinspect.canonical.values import Values
from pycinspect.dialects import find_dialect
from pycinspect.diffing import compare
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from tests.canonical.kit import RUNNING, form_of, module_of

SOURCE = """
def f(a, b):
    try:
        with a as x: return [y for y in x if y]
    except E as e: print(f"{e}")
    finally: b()
    for i, j in a: b[i] = {**j, 1: 2}
"""
VERSIONS = ["cpython-2.7", *(f"cpython-3.{minor}" for minor in range(6, 16)), "pypy-3.9"]


def damaged(seed: int) -> Code:
    rng = random.Random(seed)
    code = next(c for c in module_of(SOURCE).consts if isinstance(c, Code))
    data = bytearray(code.code)
    for _ in range(rng.choice([1, 3, 20])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return replace(code, code=bytes(data))


@pytest.mark.parametrize("name", VERSIONS)
def test_any_bytes_give_a_form_or_a_reason(name):
    dialect = find_dialect(name)
    for seed in range(60):
        form = canonicalize(damaged(seed), dialect)
        assert (form.digest is None) is (form.problem is not None)
        assert isinstance(form.statements, tuple)


def assembled(*steps: tuple[str, int], size: int = 10) -> Code:
    numbers = RUNNING.bytecode.opcodes.by_name
    opcodes = RUNNING.bytecode.opcodes.by_number
    data = b"".join(
        bytes([numbers[name].number, arg]) + bytes(2 * opcodes[numbers[name].number].caches)
        for name, arg in steps
    )
    return replace(module_of("x = 1"), code=data, exceptiontable=b"", stacksize=size)


def test_an_expression_that_doubles_itself_is_refused():
    doubling = [("COPY", 1), ("BUILD_TUPLE", 2)] * 100
    form = canonicalize(assembled(("LOAD_CONST", 0), *doubling, ("RETURN_VALUE", 0)), RUNNING)
    assert form.problem == "not-canonical: an expression is too large"


def test_an_endless_loop_of_pushes_is_refused():
    endless = assembled(("LOAD_CONST", 0), ("JUMP_BACKWARD", 2 + _cache_units()), size=2**30)
    problem = canonicalize(endless, RUNNING).problem
    assert problem is not None


def test_an_empty_loop_goes_on_forever():
    form = canonicalize(assembled(("NOP", 0), ("JUMP_BACKWARD", 2 + _cache_units())), RUNNING)
    assert [s.text for s in form.statements] == ["loop forever"] or form.problem


def _cache_units() -> int:
    return RUNNING.bytecode.opcodes.by_name["JUMP_BACKWARD"].caches


def test_unknown_opcodes_are_an_error():
    with pytest.raises(PycInspectError, match="not known"):
        canonicalize(module_of("x = 1"), find_dialect("graalpy-23.1"))


@pytest.mark.parametrize("text", ["x" * 10**6, b"x" * 10**6, (1,) * 10**6])
@pytest.mark.parametrize("count", [4_000, -4_000, 10**30])
def test_repeated_constants_are_not_made(text, count):
    assert fold_binary("*", text, count) is NOT_FOLDED
    assert fold_binary("*", count, text) is NOT_FOLDED


def test_short_constants_are_repeated():
    assert fold_binary("*", "ab", 3) == fold_binary("*", 3, "ab") == "ababab"
    assert fold_binary("*", 7, 6) == 42


# --- Large graphs ------------------------------------------------------------------------------


def test_many_equal_statements_are_minimised():
    form = form_of("def f(a):\n" + "    a()\n" * 1_000)
    assert form.problem is None
    assert len(form.graph) == 1_001  # each call, and the return


def test_a_chain_of_equal_events_is_as_long_as_it_was():
    chain = [Node(("ev",), (i + 1,), NOWHERE, 0, None) for i in range(5_000)]
    end = Node(("return",), (), NOWHERE, 0, None)
    assert len(merged([*chain, end])) == 5_001
    assert len(merged([*chain, end._replace(payload=("ev",), successors=(0,))])) == 1


def test_ways_into_assignments_are_bounded():
    """A jump goes to each of many stores that follow each other: a run begins at each."""
    values, count = Values(), 500
    stores = [
        Node(("store", values.make("local", f"x{i}"), values.none), (i + 1,), NOWHERE, 0, None)
        for i in range(count)
    ]
    end = Node(("return", values.none), (), NOWHERE, 0, None)
    jumps = [Node(("branch", values.none), (i, count), NOWHERE, 0, None) for i in range(count)]
    with pytest.raises(PycInspectError, match="too many ways"):
        in_parallel([*stores, end, *jumps], values, set())


def test_many_variables_that_may_be_unbound():
    names = [f"x{i}" for i in range(300)]
    stores = "".join(f"        {name} = a()\n" for name in names)
    loads = "".join(f"        {name}\n" for name in names)
    source = f"try:\n{stores}    except E: pass\n    try:\n{loads}    except F: pass\n"
    form = form_of(f"def f(a):\n    {source}")
    assert form.problem is None
    assert sum(node.payload[0] == "load" for node in form.graph) == len(names)


def test_what_statements_cost_is_limited():
    """Each store in it has all expressions before it inside its own."""
    step = [("COPY", 1), ("STORE_NAME", 0), ("LOAD_CONST", 0), ("IS_OP", 0)]
    nested = step * 1_200
    code = replace(assembled(("LOAD_CONST", 0), *nested, ("RETURN_VALUE", 0)), names=("x",))
    statements = canonicalize(code, RUNNING, Level.STRICT).statements
    assert len(statements) == 1_201
    assert statements[3].text == "x = ((1 is 1) is 1) is 1"
    assert statements[-2].text == "x = …"


# --- Constants of any kind wherever a compiler puts one ------------------------------------------

#: What stands in a constant's place; no string of decimal digits is made of the first.
ODD = (1 << 20_000, (1 << 20_000,), b"\xff", (("a",),))
#: Constants have a part to play in each of these lines.
_PARTS = """
'''A docstring.'''
from ..a.b import c as d
import e.f
class C(B, metaclass=M):
    '''Another.'''
    x: int = 1
    def m(self, a=2, *, b=3) -> "R": return a.b(c=d, *e, **f)
def f(a):
    '''A third.'''
    match a:
        case {"k": 4, **r}: return f"{a!r:>{r}} {a:.2f}"
        case C(x=5) | [6, *_]: del a[7:8]
    return {9, 10}, {"k": a}, a in (11, 12), [*a, *(13, 14)], -15 ** a, "%s" % (a,)
"""


def test_any_constant_can_stand_for_any_other() -> None:
    """The name of a class, the level of an import, the names of keyword arguments and so on."""
    for code in module_of(_PARTS).walk():
        old = {level: canonicalize(code, RUNNING, level) for level in Level}
        for place, odd in product(range(len(code.consts)), ODD):
            consts = (*code.consts[:place], odd, *code.consts[place + 1 :])
            for level in Level:
                form = canonicalize(replace(code, consts=consts), RUNNING, level)
                assert compare(old[level], form)
                assert form._repr_html_()
