"""What people write by hand today, before and after; each fails where the property is broken."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from textwrap import dedent
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest

from pytest_pycinspect import VacuousCheckError, bytecode_of, op, pattern

# --- Before: the helpers that are copied from place to place -------------------------------


def opnames(f: FunctionType) -> list[str]:
    return [instruction.opname for instruction in dis.get_instructions(f)]


def argvals(f: FunctionType) -> list[tuple[str, object]]:
    return [(instruction.opname, instruction.argval) for instruction in dis.get_instructions(f)]


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def jumps_to_jumps(f: FunctionType) -> list[int]:
    listed = {instruction.offset: instruction for instruction in dis.get_instructions(f)}
    targets = [i.argval for i in listed.values() if i.opcode in (*dis.hasjrel, *dis.hasjabs)]
    return [target for target in targets if listed[target].opname.startswith("JUMP_FORWARD")]


class Idiom(NamedTuple):
    """One idiom.

    Args:
        name: what is tested.
        where: who tests it so.
        source: of a module with a function ``f`` that is as it should be.
        broken: the same where it is not.
        before: the test by hand, an expression of the function.
        after: the test with the plugin, an expression of ``f``'s bytecode, ``bc``.
        optimize: how often ``-O`` is given; None for as it is.
    """

    name: str
    where: str
    source: str
    broken: str
    before: str
    after: str
    optimize: int | None = None


IDIOMS = (
    Idiom(
        "an instruction with an operand is there",
        "python/cpython: Lib/test/support/bytecode_helper.py, assertInBytecode",
        "def f(x): return len(x)",
        "def f(x, len): return len(x)",
        '("LOAD_GLOBAL", "len") in argvals(f)',
        '"LOAD_GLOBAL len" in bc',
    ),
    Idiom(
        "an instruction with an operand is not there",
        "python/cpython: Lib/test/support/bytecode_helper.py, assertNotInBytecode",
        "def f(x): return x",
        "def f(x): return time",
        '("LOAD_GLOBAL", "time") not in argvals(f)',
        '"LOAD_GLOBAL time" not in bc',
    ),
    Idiom(
        "a sequence with labels",
        "python/cpython: Lib/test/test_compiler_codegen.py",
        "def f(xs):\n    for x in xs: g(x)",
        "def f(xs):\n    for x in xs: return g(x)",
        '"FOR_ITER" in opnames(f) and "JUMP_BACKWARD" in opnames(f)',
        'bc.matches("LOAD_FAST xs; GET_ITER; loop:; FOR_ITER; STORE_FAST x; ...; JUMP -> loop; ...")',
    ),
    Idiom(
        "nested code",
        "python/cpython: Lib/test/test_compiler_codegen.py",
        "def f():\n    def g(x): return x + 42\n    return g",
        "def f():\n    def g(x): return 42 + x\n    return g",
        '[i.argval for i in dis.get_instructions([*nested(f.__code__)][1])][1:3] == ["x", 42]',
        'bc.matches("def g: LOAD_FAST x; LOAD_CONST 42; BINARY_OP +; RETURN_VALUE")',
    ),
    Idiom(
        "a constant is folded",
        "python/cpython: Lib/test/test_peepholer.py",
        "def f(): return 3 * 3",
        "def f(three=3): return three * 3",
        '9 in f.__code__.co_consts and "BINARY_OP" not in opnames(f)',
        "bc.folds_to(9)",
    ),
    Idiom(
        "a constant that is too large is not folded",
        "python/cpython: Lib/test/test_peepholer.py",
        "def f(): return 'x' * 10000",
        f"def f(): return {'x' * 10_000!r}",
        '"x" * 10_000 not in f.__code__.co_consts',
        '"x" * 10_000 not in bc.consts',
    ),
    Idiom(
        "no jump leads to a jump",
        "python/cpython: Lib/test/test_peepholer.py, check_jump_targets",
        "def f(x):\n    while x:\n        if x: g()\n        else: h()",
        "",
        "not jumps_to_jumps(f)",
        'all(bc[target].opname != "JUMP" for _, target in bc.jumps)',
    ),
    Idiom(
        "how often, nested code included",
        "python/cpython: Lib/test/test_peepholer.py, count_instr_recursively",
        "def f(x, y):\n    def g(): return x < y\n    return x < y, g",
        "def f(x, y):\n    def g(): return x\n    return x < y, g",
        'sum(i.opname == "COMPARE_OP" for c in nested(f.__code__) for i in dis.get_instructions(c)) == 2',
        'bc.tree.count("COMPARE") == 2',
    ),
    Idiom(
        "the whole listing",
        "python/cpython: Lib/test/test_dis.py",
        "def f(x): return x + 1",
        "def f(x): return 1 + x",
        'argvals(f)[1:3] == [("LOAD_FAST", "x"), ("LOAD_CONST", 1)]',
        'bc == "LOAD_FAST x; LOAD_CONST 1; BINARY_OP +; RETURN_VALUE"',
    ),
    Idiom(
        "a method is loaded, whatever the opcode is called",
        "pytorch/pytorch: test/dynamo/test_bytecode_utils.py",
        "def f(x): return x.append(1)",
        "def f(x): return x.extend(1)",
        '("LOAD_ATTR" if sys.version_info >= (3, 12) else "LOAD_METHOD", "append") in argvals(f)',
        '"LOAD_ATTR append" in bc',
    ),
    Idiom(
        "local variables, whatever pairs the compiler makes of them",
        "pytorch/pytorch: test/dynamo/test_bytecode_utils.py, 'wrap b in g()'",
        "def f(a, b): return a, b",
        "def f(a, b): return b, a",
        '[name for i in dis.get_instructions(f) for name in (i.argval if "_FAST_" in i.opname'
        ' else [i.argval]) if "FAST" in i.opname] == ["a", "b"]',
        "bc == [op.LOAD_FAST('a'), op.LOAD_FAST('b'), op.BUILD_TUPLE(2), op.RETURN_VALUE]",
    ),
    Idiom(
        "the interpreter's own instructions",
        "pytorch/pytorch: test/dynamo/test_bytecode_utils.py; tests of an analyser of UDFs",
        f"def f(): return [{', '.join(f'a{n}' for n in range(300))}]",
        "def f(): return [a1]",
        '"EXTENDED_ARG" in opnames(f)',
        '"EXTENDED_ARG" in bc.raw',
    ),
    Idiom(
        "how often",
        "tests of MindSpore's pi_jit",
        "def f(x): x[0] = 1",
        "def f(x): x[0] = x[1] = 1",
        'opnames(f).count("STORE_SUBSCR") == 1',
        'bc.count("STORE_SUBSCR") == 1',
    ),
    Idiom(
        "output to paste",
        "MatthieuDartiailh/bytecode: tests/__init__.py",
        "def f(x):\n    try: return x[0]\n    except KeyError: return None",
        "def f(x):\n    try: return x[0]\n    except LookupError: return None",
        '("LOAD_GLOBAL", "KeyError") in argvals(f)',
        "bc == GOOD.explain()",
    ),
    Idiom(
        "what a closure holds",
        "tests of many applications",
        "def f(snapshot): return lambda: snapshot",
        "def f(snapshot, other): return lambda: (snapshot, other)",
        'next(c for c in f.__code__.co_consts if hasattr(c, "co_code")).co_freevars == ("snapshot",)',
        'bc["<lambda>"].freevars == ("snapshot",)',
    ),
    Idiom(
        "no docstring",
        "astropy#17478, py-pdf/pypdf#901, cpython#115285",
        "def f(): 'Says.'",
        "def f(): return 'Says.'",
        "f.__doc__ is None",
        'bc.tree.docstrings == [] and "Says." not in bc.consts',
        optimize=2,
    ),
    Idiom(
        "no assertion",
        "cpython#136593",
        "def f(x):\n    assert x\n    return x",
        "def f(x):\n    if not x: raise AssertionError\n    return x",
        '"RAISE_VARARGS" not in opnames(f)',
        '"RAISE_VARARGS" not in bc',
        optimize=1,
    ),
    Idiom(
        "an import stays lazy",
        "cpython PR 132614 (ensure_lazy_imports), lionagi PR 2104",
        "def f():\n    import re\n    return re",
        "import re\ndef f():\n    return re",
        '("IMPORT_NAME", "re") in argvals(f)',
        'module.imports == () and bc.imports == ("re",)',
    ),
    Idiom(
        "no look-up of a global variable in a loop",
        "tests of hot loops",
        "def f(xs):\n    g = len\n    for x in xs: g(x)",
        "def f(xs):\n    for x in xs: len(x)",
        '"LOAD_GLOBAL" not in opnames(f)[opnames(f).index("FOR_ITER") :]',
        '"LOAD_GLOBAL" not in bc.loops[0]',
    ),
)


def holds(idiom: Idiom, source: str) -> bool:
    """Return whether the test with the plugin passes for a source."""
    module = bytecode_of(dedent(source) + "\n", optimize=idiom.optimize)
    good = bytecode_of(dedent(idiom.source) + "\n", optimize=idiom.optimize)["f"]
    names = {"bc": module["f"], "module": module, "op": op, "pattern": pattern, "GOOD": good}
    return bool(eval(idiom.after, names))


#: Where the test by hand does not see what is broken.
BLIND = {"no docstring"}


def by_hand(idiom: Idiom, source: str) -> bool:
    """Return whether the test by hand passes for a source."""
    code = compile(source, "<string>", "exec", optimize=idiom.optimize or -1)
    namespace: dict[str, object] = {}
    exec(code, namespace)
    helpers: dict[str, Callable[..., object]] = {
        "opnames": opnames,
        "argvals": argvals,
        "nested": nested,
        "jumps_to_jumps": jumps_to_jumps,
    }
    return bool(eval(idiom.before, {**helpers, "f": namespace["f"], "sys": sys, "dis": dis}))


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_by_hand(idiom: Idiom) -> None:
    assert by_hand(idiom, idiom.source)


@pytest.mark.parametrize("idiom", [i for i in IDIOMS if i.broken], ids=lambda idiom: idiom.name)
def test_by_hand_the_broken_variant_fails_mostly(idiom: Idiom) -> None:
    assert by_hand(idiom, idiom.broken) is (idiom.name in BLIND)


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_in_one_line(idiom: Idiom) -> None:
    assert "\n" not in idiom.after
    assert holds(idiom, idiom.source)


@pytest.mark.parametrize("idiom", [i for i in IDIOMS if i.broken], ids=lambda idiom: idiom.name)
def test_the_broken_variant_fails(idiom: Idiom) -> None:
    assert not holds(idiom, idiom.broken)


def test_a_jump_to_a_jump_is_seen() -> None:
    """No compiler makes one, so it is put there."""
    from tests.plugin.expect.kit import code, instr

    bc = code(instr("JUMP", target=1), instr("JUMP", target=2), instr("RETURN_VALUE"))
    jumps = tuple((i, j.target) for i, j in enumerate(bc) if j.target is not None)
    assert not all(bc[target].opname != "JUMP" for _, target in jumps)


@pytest.mark.parametrize("opname", ["LOAD_METHOD", "BINARY_ADD", "CALL_FUNCTION", "DUP_TOP"])
def test_a_name_that_has_gone_is_no_evidence(opname: str) -> None:
    """Lists of names say that it is not there; nobody notices that it never can be."""

    def f(x: list[int]) -> None:
        x.append(1 + len(x))

    assert opname not in opnames(f) or sys.version_info < (3, 12)  # type: ignore[arg-type]
    with pytest.raises(VacuousCheckError, match="has one answer whatever the code does"):
        assert opname not in bytecode_of(f)


def test_numbers_are_not_there_to_rely_on() -> None:
    """``assert dis.opmap["NOP"] == 9`` broke on 3.13 (pyutils/line_profiler#284)."""

    def f() -> int:
        return 3

    number = dis.opmap["RETURN_VALUE"]
    assert number not in [part for instr in bytecode_of(f) for part in instr[:4]]
