"""Class patterns, and the facts of trees; calls and imports are in test_versions.py."""

from __future__ import annotations

import pytest

from pytest_pycinspect import Bytecode, VacuousCheckError, bytecode_of


def test_names_of_class_patterns_are_attributes() -> None:
    code = bytecode_of(
        "def f(a):\n    match a:\n        case C(x=1, y=D.z): return a\n        case E(): pass\n"
    ).children[0]
    assert set(code.attributes) == {"x", "y", "z"}
    assert ("x", "y") not in code.consts
    assert () not in code.consts


def test_constants_of_imports_are_not_the_programs() -> None:
    code = bytecode_of("def f(a):\n    from b import c\n    return c\n").children[0]
    assert code.consts == ()


def test_annotations_of_variables_are_no_facts() -> None:
    for python in ("3.8", "3.13"):
        code = bytecode_of("class C:\n    x: int\n    y: str = f(1)\n", python=python)["C"]
        assert {"f", "y"} <= set(code.names)
        assert not {"int", "str", "x"} & set(code.names)
        assert "x" not in code.consts


def test_what_super_needs_is_not_named() -> None:
    """3.12 loads the class and the first argument itself."""
    for python in ("3.11", "3.12"):
        source = "class C:\n    def f(self, x):\n        super().f(x)\n"
        code = bytecode_of(source, python=python)["C.f"]
        assert sorted(code.names) == ["f", "super", "x"]
        assert code.calls == ("super", "super().f")


# --- Trees ---------------------------------------------------------------------------------------

NESTED = """
import os
def f(a):
    def g():
        import b.c
        return [h(a.x) for _ in 'k']
    class C:
        z = lambda: open(1)
        def m(self):
            try: os.path()
            except KeyError: return (k(y.w) for y in self)
    return g
"""


def test_own_code_and_the_tree() -> None:
    code = bytecode_of(NESTED)["f"]
    assert code.calls == ()
    assert sorted(code.tree.calls) == ["h", "k", "open", "os.path"]
    assert code.globals == ()
    assert set(code.tree.globals) == {"h", "open", "os", "KeyError", "k"}
    assert code.imports == ()
    assert code.tree.imports == ("b.c",)
    assert set(code.tree.attributes) == {"x", "path", "w"}
    assert "k" in code.tree.consts
    assert True not in code.tree.consts
    assert 1 in code.tree.consts
    assert code.tree.handlers == ("KeyError",)
    assert code.freevars == ()
    assert code.tree.freevars == ("a",)
    assert {"g", "C", "z", "self", "path"} <= set(code.tree.names)
    assert "LOAD_GLOBAL open" in code.tree
    assert "LOAD_GLOBAL open" not in code


def test_a_call_in_a_comprehension_is_once_in_the_tree() -> None:
    """Up to 3.11 it is in a code object of its own, and in the facts of the function."""
    for python in ("3.11", "3.12"):
        code = bytecode_of(
            "def f(y):\n    return [g(x) for x in y], sum(h(x) for x in y)\n", python=python
        )
        assert sorted(code.tree.calls) == ["g", "h", "sum"]


def test_facts_of_the_tree_are_those_of_its_parts() -> None:
    tree = bytecode_of(NESTED).tree
    parts: list[Bytecode] = [part for part in tree if part.name.rpartition(".")[2] != "<listcomp>"]
    assert sorted(tree.calls) == sorted(call for part in parts for call in part.calls)
    assert set(tree.names) == {name for part in parts for name in part.names}


def test_an_opcode_that_cannot_occur_is_refused_in_a_tree_too() -> None:
    with pytest.raises(VacuousCheckError):
        assert "BINARY_ADD" not in bytecode_of(NESTED).tree
