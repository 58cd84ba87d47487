"""The variables of code objects, held against the compiler's own symbol tables."""

from __future__ import annotations

import symtable
import sys
import sysconfig
from pathlib import Path

import pytest

from pycinspect.dialects import DIALECTS
from pycinspect.disasm import code_of, instructions
from pycinspect.disasm.scopes import Scopes, scopes_of
from pycinspect.pyc import Code

LIBRARY = Path(sysconfig.get_path("stdlib"))
RUNNING = DIALECTS.running()


def scopes(code: Code) -> Scopes:
    return scopes_of(code, instructions(code, RUNNING), RUNNING)


def test_every_scope() -> None:
    source = (
        "def outer(a, *rest, key=1, **more):\n"
        "    plain = len(rest)\n"
        "    shared = plain\n"
        "    def inner():\n"
        "        global changed\n"
        "        changed = shared\n"
        "        return a\n"
        "    return inner\n"
    )
    module = code_of(compile(source, "m.py", "exec"))
    outer, inner = module.find("outer"), module.find("outer.<locals>.inner")
    assert scopes(module) == ((), (), (), (), (), ("outer",))
    assert scopes(outer) == (
        ("a", "key", "rest", "more"),
        ("plain", "inner"),
        ("a", "shared"),
        (),
        ("len",),
        (),
    )
    assert scopes(inner) == ((), (), (), ("a", "shared"), ("changed",), ())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are of 3.12")
def test_what_a_class_s_type_parameters_look_up() -> None:
    source = "class C:\n    def f[T: X](self): pass\n    type A = Y\n"
    module = code_of(compile(source, "m.py", "exec"))
    names = {name for code in module.walk() for name in scopes(code).names}
    assert {"X", "Y"} <= names


def _functions(table: symtable.SymbolTable) -> list[symtable.Function]:
    found = [table] if isinstance(table, symtable.Function) else []
    return [*found, *(inner for child in table.get_children() for inner in _functions(child))]


@pytest.mark.parametrize("name", ["argparse", "textwrap", "functools", "tarfile", "dataclasses"])
def test_functions_have_the_variables_that_the_compiler_gives_them(name: str) -> None:
    """Of one name and line: comprehensions have tables of their own that 3.12 inlines."""
    path = LIBRARY / f"{name}.py"
    source = path.read_text("utf-8")
    tables = _functions(symtable.symtable(source, path.name, "exec"))
    by_place: dict[tuple[str, int], list[symtable.Function]] = {}
    for table in tables:
        by_place.setdefault((table.get_name(), table.get_lineno()), []).append(table)
    compared = 0
    for code in code_of(compile(source, path.name, "exec")).walk():
        same = by_place.get((code.name, code.firstlineno), [])
        if len(same) != 1 or any(child.get_name() in _INLINED for child in same[0].get_children()):
            continue
        (table,) = same
        found = scopes(code)
        assert sorted(found.arguments) == sorted(table.get_parameters())
        assert sorted(found.frees) == sorted(table.get_frees())
        assert {*found.globals} <= {*table.get_globals(), "__debug__"}
        bound = {*found.arguments, *found.locals, *found.cells}
        assert {*table.get_locals()} - {*found.frees} <= bound
        compared += 1
    assert compared > 5


_INLINED = {"listcomp", "setcomp", "dictcomp", "genexpr", "lambda"}
