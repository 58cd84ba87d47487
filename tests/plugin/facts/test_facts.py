"""Class patterns, and the facts of trees; calls and imports are in test_versions.py."""

from __future__ import annotations

import pytest

from pytest_pycinspect import Bytecode, VacuousCheckError, bytecode_of
from pytest_pycinspect.view.facts import Facts
from pytest_pycinspect.view.plain import Plain


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


# --- What the instructions say alone ----------------------------------------------------------


def _plain(source: str) -> Plain:
    code = bytecode_of(source).children[0]
    return Plain(code.code, code.dialect)


def test_what_is_plain_to_see() -> None:
    plain = _plain(
        "def f(a):\n for x in a:\n  try: b.c(x, d.e())\n  except E as e: raise K(e) from e\n"
    )
    assert plain.globals == {"b", "d", "E", "K"}
    assert plain.attributes == {"c", "e"}
    assert plain.calls == {"b.c", "d.e", "K"}
    assert plain.imports == ()
    assert plain.handlers is None  # there are some: the graph knows which


@pytest.mark.parametrize(
    "source",
    ["(f if x else g)()", "(f or g)(1)", "a((f if x else g)())", "x and (f if x else g)(h(x))"],
)
def test_what_is_called_on_paths_that_meet_is_not(source: str) -> None:
    plain = _plain(f"def f0():\n return {source}\n")
    assert plain.calls is None
    assert plain.globals is not None
    assert {"f", "g"} <= {*plain.globals}


@pytest.mark.parametrize(
    "source",
    [
        "class C:\n x = 1\n y = print(x)\n",
        "def f(a):\n match a:\n  case C(x=1): return a\n",
        "async def f(a): return await a\n",
        "def f(a):\n import b.c\n return b.c.d\n",
    ],
)
def test_of_other_code_the_graph_is_asked(source: str) -> None:
    code = bytecode_of(source).children[0]
    plain = Plain(code.code, code.dialect)
    assert None in (plain.globals, plain.imports)
    known = Facts.of(code.code, code.dialect).globals
    assert code.globals == known
    assert all(name in code.globals for name in known)
    assert "zq" not in code.globals


def test_of_texts_that_are_not_dotted_names_the_graph_is_asked() -> None:
    code = bytecode_of("def f(a): return a()().b(), 'x'.join(a)\n").children[0]
    assert "a()" in code.calls
    assert "a()().b" in code.calls
    assert "'x'.join" in code.calls
    assert "a" in code.calls
