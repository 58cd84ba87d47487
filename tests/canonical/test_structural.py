"""The level ``structural`` does not know what local variables are called."""

from __future__ import annotations

import ast
import importlib
import inspect
import random
import symtable
from collections.abc import Iterator

import pytest

from pycinspect.canonical import Level, Plane
from tests.canonical.kit import digests, form_of

MODULES = ("argparse", "configparser", "csv", "difflib", "heapq", "inspect", "shutil", "textwrap")


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._names.get(node.arg, node.arg)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.name = self._names.get(node.name or "", node.name)
        self.generic_visit(node)
        return node


def functions(module: str) -> Iterator[str]:
    """Yield sources of functions that have no other scope inside, and import nothing."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            continue
        text = ast.unparse(node)
        tables = symtable.symtable(text, "x", "exec").get_children()
        has_imports = any(isinstance(part, ast.Import | ast.ImportFrom) for part in ast.walk(node))
        if len(tables) == 1 and not tables[0].get_children() and not has_imports:
            yield text


def renamed(text: str, seed: int) -> str:
    """Return a function with other names of its own variables, in another alphabetic order."""
    (table,) = symtable.symtable(text, "x", "exec").get_children()
    local = [symbol.get_name() for symbol in table.get_symbols() if symbol.is_local()]
    numbers = random.Random(seed).sample(range(1000), len(local))
    names = {name: f"v{number}" for name, number in zip(local, numbers, strict=True)}
    return ast.unparse(_Renaming(names).visit(ast.parse(text)))


@pytest.mark.parametrize("module", MODULES)
def test_names_of_variables_do_not_count(module: str) -> None:
    count = 0
    for seed, text in enumerate(functions(module)):
        one = form_of(text, Level.STRUCTURAL)
        other = form_of(renamed(text, seed), Level.STRUCTURAL)
        assert one.problem is None
        assert one.planes[Plane.INSTRUCTIONS] == other.planes[Plane.INSTRUCTIONS], text
        assert one.planes[Plane.SIGNATURE] == other.planes[Plane.SIGNATURE], text
        count += 1
    assert count >= 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(a, b): return a - b", "def f(a, b): return b - a"),
        (
            "def f(a):\n    x, y = a(), a.b()\n    return x",
            "def f(a):\n    x, y = a(), a.b()\n    return y",
        ),
        (
            "def f(a, b):\n    x, y = a, b\n    return x",
            "def f(a, b):\n    y, x = a, b\n    return x",
        ),
        ("def f(a): return [x for x in a]", "def f(a): return [a for x in a]"),
        ("def f(a, b): return lambda: a", "def f(a, b): return lambda: b"),
        (
            "def f(a, b):\n    def g(): nonlocal a; b = 1\n    return g",
            "def f(a, b):\n    def g(): nonlocal a; a = 1\n    return g",
        ),
        (
            "def f(a, b): return lambda: (a, b), lambda: (a, b)",
            "def f(a, b): return lambda: (a, b), lambda: (b, a)",
        ),
        (
            "def f():\n    x, y = lambda: 1, lambda: 2\n    return x",
            "def f():\n    x, y = lambda: 1, lambda: 2\n    return y",
        ),
    ],
)
def test_which_variable_it_is_does_count(one: str, other: str) -> None:
    assert digests(one, Level.STRUCTURAL) != digests(other, Level.STRUCTURAL)


def test_names_of_shared_variables_do_not_count() -> None:
    one = "def f(a, b):\n    def g(): nonlocal a; a += b\n    return g, lambda: (b, a)"
    other = "def f(z, y):\n    def g(): nonlocal z; z += y\n    return g, lambda: (y, z)"
    assert digests(one, Level.STRUCTURAL) == digests(other, Level.STRUCTURAL)
    assert digests(one) != digests(other)
