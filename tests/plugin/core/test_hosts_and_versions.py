"""One set of expectations, for code of every Python from 3.8 to 3.15, on every host.

Facts, relations and most sequences need no guard; where compilers lay code out otherwise the
guard stands in the expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_pycinspect import Bytecode, bytecode_of, op
from tests.oracles import Oracle
from tests.plugin.core import programs, programs_310
from tests.plugin.core.kit import LAYOUT, SOURCES, TOO_OLD, programs_by, sequences, text

Expectation = tuple[str, Callable[[Bytecode], object]]

#: A function of the programs, and what is expected of it.
EXPECTATIONS: tuple[Expectation, ...] = (
    # Constants
    ("fold", lambda bc: bc.folds_to(86400)),
    ("fold", lambda bc: bc == [op.CONST(86400), op.RETURN]),
    ("fold", lambda bc: "BINARY" not in bc),
    ("recursive_constant", lambda bc: bc.folds_to((1, (2.0, -0.0), "x"))),
    ("recursive_constant", lambda bc: not bc.folds_to((True, (2.0, 0.0), "x"))),
    ("list_of_constants", lambda bc: bc.matches("CONST 1; CONST 2; CONST 3; BUILD_LIST 3; RETURN")),
    ("in_set", lambda bc: bc.contains("CONST frozenset({1, 2, 3}); CONTAINS_OP in")),
    ("f_string", lambda bc: "hello " in bc.consts and "missing" not in bc.consts),
    # Calls
    ("global_call", lambda bc: bc.matches("LOAD_GLOBAL len; LOAD_FAST x; CALL 1; RETURN")),
    ("global_call", lambda bc: bc.calls == ("len",) and bc.globals == ("len",)),
    ("method_call", lambda bc: bc.count("CALL") == 2 and bc.count("LOAD_ATTR") == 2),
    ("method_call", lambda bc: bc.contains_code("text.strip()")),
    ("keyword_call", lambda bc: "CALL_KW 2 ('key',)" in bc),
    ("keyword_call", lambda bc: bc.contains_code("f(a, key=1)")),
    ("keyword_call", lambda bc: not bc.contains_code("f(a, other=1)")),
    ("star_call", lambda bc: "CALL_FUNCTION_EX 2" in bc and "CALL" not in bc),
    ("star_call", lambda bc: bc.same_shape("def g(h, p, k): return h(*p, **k)")),
    ("prints", lambda bc: bc.calls.count("print") == 1),
    ("decorated", lambda bc: bc.contains("LOAD_FAST deco; MAKE_FUNCTION <code inner>; CALL 1")),
    # Variables and attributes
    ("attributes", lambda bc: bc.attributes == ("a", "b", "c")),
    ("attributes", lambda bc: bc.contains("LOAD_ATTR a; LOAD_ATTR b; LOAD_ATTR c")),
    ("subscript", lambda bc: bc.matches("LOAD_FAST xs; LOAD_FAST i; SUBSCR; RETURN")),
    ("slices", lambda bc: bc.count("BUILD_SLICE 2") == 2 and bc.count("BUILD_SLICE 3") == 1),
    ("unpack", lambda bc: bc.contains("UNPACK_SEQUENCE 2; STORE_FAST a; STORE_FAST b")),
    ("swap", lambda bc: "SWAP" not in bc and bc.contains_code("a, b = b, a")),
    ("store_global", lambda bc: "STORE_GLOBAL counter" in bc and "STORE_FAST" not in bc),
    ("store_global", lambda bc: bc.contains_code("counter = 1")),
    ("deletes", lambda bc: bc.contains("DELETE_SUBSCR; ...; DELETE_ATTR attribute")),
    ("augmented", lambda bc: bc.contains_code("x.count += 1") and "BINARY |=" in bc),
    ("display", lambda bc: bc.contains_code('{"a": a, "b": b}')),
    # Imports
    ("imports", lambda bc: bc.imports == ("json", "os", "os.path")),
    ("imports", lambda bc: "IMPORT_NAME json" in bc and "IMPORT_NAME re" not in bc),
    ("imports", lambda bc: bc.contains_code("from os import path as p")),
    # Closures, functions, classes
    ("closure", lambda bc: bc["inner"].freevars == ("a",)),
    ("closure", lambda bc: bc.matches("MAKE_FUNCTION <code inner>; STORE_FAST inner; LOAD_FAST inner; RETURN")),
    ("defaults", lambda bc: bc["inner"].matches("LOAD_FAST a; LOAD_FAST b; BINARY +; RETURN")),
    ("lambdas", lambda bc: bc.tree.count("UNARY -") == 1 and "UNARY -" not in bc),
    ("Shape", lambda bc: bc.docstring == "A class." and bc.tree.docstrings == ["A class."]),
    ("Shape", lambda bc: [part.name for part in bc.children][:2] == ["Shape.__init__", "Shape.area"]),
    ("Shape", lambda bc: "STORE_NAME sides" in bc and bc["area"].attributes == ("side",)),
    ("Shape.__init__", lambda bc: bc.contains("LOAD_GLOBAL super; CALL 0; LOAD_ATTR __init__; CALL 0")),
    ("star_args", lambda bc: bc.code.kwonlyargcount == 1),
    # Branches
    ("is_none", lambda bc: bc.contains("LOAD_FAST x; CONST None; IS is; JUMP_IF_FALSE -> other")),
    ("is_not", lambda bc: bc.count("IS is not") == 2),
    ("and_or", lambda bc: bc.count("JUMP_IF_TRUE_OR_POP") == 1),
    ("conditional", lambda bc: len(bc.jumps) == 1 and bc.count("RETURN") == 2),
    ("chained", lambda bc: bc.count("COMPARE <") == 2 and bc.contains_code("a < b < c")),
    ("negation", lambda bc: bc.matches("LOAD_FAST x; NOT; RETURN")),
    ("truth", lambda bc: bc.matches("LOAD_FAST x; NOT; NOT; RETURN")),
    ("asserts", lambda bc: bc.contains("LOAD_COMMON_CONSTANT AssertionError; CONST 'no x'; CALL 1; RAISE 1")),
    ("walrus", lambda bc: bc.contains_code("(n := f()) > 1")),
    # Loops
    ("for_loop", lambda bc: len(bc.loops) == 1 and "BINARY +=" in bc.loops[0]),
    ("for_loop", lambda bc: "LOAD_GLOBAL" not in bc.loops[0] and "RETURN" not in bc.loops[0]),
    ("for_loop", lambda bc: bc.at("add").matches("LOAD_FAST total; LOAD_FAST x; BINARY +=; STORE_FAST total")),
    ("for_loop", lambda bc: bc.contains_code("for x in xs:\n    total += x")),
    ("while_loop", lambda bc: len(bc.loops) == 1 and bc.contains_code("while n > 0: n -= 1")),
    (
        "while_loop",
        lambda bc: bc.matches("""
            @3.10-3.13:
                total 2x COMPARE >
            @else:
                total 1x COMPARE >
        """),
    ),
    ("comprehension", lambda bc: bc.same_shape("def f(items): return [i * 2 for i in items if i]")),
    ("comprehension", lambda bc: 2 in bc.consts and not bc.globals),
    ("comprehension", lambda bc: bc.tree.count("LIST_APPEND 2") + bc.tree.count("LIST_APPEND 3") == 1),
    ("nested", lambda bc: "MAKE_FUNCTION <code <genexpr>>" in bc and bc.calls == ("sum",)),
    # Generators and coroutines
    ("generator", lambda bc: bc.contains("YIELD; POP_TOP; JUMP -> loop")),
    ("delegating", lambda bc: bc.count("YIELD_FROM") == 1 and "YIELD" not in bc),
    ("awaits", lambda bc: bc.contains("GET_AWAITABLE; CONST None; YIELD_FROM; RETURN")),
    ("awaits", lambda bc: bc.contains_code("await f()")),
    ("async_with", lambda bc: bc.contains("LOAD_FAST lock; BEFORE_ASYNC_WITH; GET_AWAITABLE")),
    # Exceptions
    ("try_except", lambda bc: bc.handlers == ("ValueError",)),
    ("try_except", lambda bc: bc.contains("LOAD_GLOBAL ValueError; CHECK_EXC_MATCH; JUMP_IF_FALSE -> other")),
    ("try_except", lambda bc: bc.same_as("""
        def same(f):
            try: return f()
            except ValueError as error: return error
        """)),
    ("try_finally", lambda bc: bc.calls == ("f", "f.close")),
    ("with_block", lambda bc: bc.contains("BEFORE_WITH; STORE_FAST file; LOAD_FAST file; LOAD_ATTR read")),
    ("with_block", lambda bc: bc.calls == ("open", "file.read")),
    ("raises", lambda bc: "RAISE 2" in bc and bc.calls == ("ValueError",)),
    # Patterns
    ("match_sequence", lambda bc: bc.contains("MATCH_SEQUENCE; JUMP_IF_FALSE -> other")),
    ("match_class", lambda bc: "MATCH_CLASS 0" in bc and bc.globals == ("Circle",)),
    ("match_value", lambda bc: "go" in bc.consts and bc.count("COMPARE ==") == 2),
)  # fmt: skip
NEWER = frozenset({"match_sequence", "match_class", "match_value"})


def _ids() -> list[str]:
    return [f"{number}-{name}" for number, (name, _) in enumerate(EXPECTATIONS)]


def _live(name: str) -> object:
    """Return a function or class of the programs, as the host imported it."""
    found: object = programs_310 if name in NEWER else programs
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("name", "check"), EXPECTATIONS, ids=_ids())
def test_on_this_host(name: str, check: Callable[[Bytecode], object]) -> None:
    assert check(bytecode_of(_live(name)))


def _unmet(modules: Mapping[str, Bytecode]) -> Iterator[str]:
    for label, (name, check) in zip(_ids(), EXPECTATIONS, strict=True):
        module = modules.get(SOURCES[name in NEWER])
        if module is not None and not check(module[name]):
            yield label


def test_on_code_of_other_versions(oracle: Oracle, tmp_path: Path) -> None:
    """One test, because some interpreters take seconds to start."""
    if oracle.name in TOO_OLD:
        pytest.skip("the programs have newer syntax")
    found = programs_by(oracle, tmp_path)
    assert list(_unmet(found)) == []
    # And all the sequences are the same, but for those that are laid out otherwise.
    parts = {part.name: part for module in found.values() for part in module.tree}
    wanted = {name: lines for name, lines in sequences().items() if name in parts}
    differ = [name for name, lines in wanted.items() if [*map(text, parts[name])] != lines]
    assert differ == [name for name in wanted if oracle.name in LAYOUT.get(name, ())]


def test_a_function_is_found_in_what_another_interpreter_compiles() -> None:
    old = bytecode_of(programs.chained, python="3.9")
    assert old.python.startswith("3.9")
    assert old.same_as(programs.chained)
    assert "ROT_THREE" in old.raw


def test_there_are_enough_of_them() -> None:
    assert len(EXPECTATIONS) >= 40
    assert len({name for name, _ in EXPECTATIONS}) >= 24


def test_a_class_that_uses_a_variable_of_a_function_around_it() -> None:
    """Up to 3.11 it is LOAD_CLASSDEREF, which looks into the class first; later two instructions."""
    source = "def f(a):\n class K:\n  x = a\n return K\n"
    found = [
        bytecode_of(source, python=python)["f.<locals>.K"] for python in ("3.8", "3.11", "3.12")
    ]
    assert all("LOAD_DEREF a" in code for code in found)
    assert len({str([(op.opname, op.operand) for op in code]) for code in found}) == 1
