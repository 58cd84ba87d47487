"""The table of kinds, and the code that names them, know the same words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pycinspect.canonical
from pycinspect.canonical.kinds import KINDS, Trait, kind_named, kinds_with
from pycinspect.canonical.values import Values

ROOM = Path(pycinspect.canonical.__path__[0])
MODULES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(ROOM.rglob("*.py"))}
#: Constants are made of types: ``Values.constant`` takes their names.
BY_TYPE = {"dict", "frozendict"}


def _made() -> Iterator[tuple[str, str]]:
    """Yield the kinds that are made by name."""
    for path, module in MODULES.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("make"):
                kind = node.args[0]
                if isinstance(kind, ast.Constant):
                    yield path.name, kind.value


def _asked() -> Iterator[tuple[str, str]]:
    """Yield the kinds that values are compared with."""
    for path, module in MODULES.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Compare) and ast.unparse(node.left).endswith(".first.kind"):
                for constant in ast.walk(node.comparators[0]):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        yield path.name, constant.value


def test_each_kind_that_code_names_is_in_the_table() -> None:
    named = [*_made(), *_asked()]
    assert len({kind for _, kind in named}) > 60
    assert [pair for pair in named if pair[1] not in KINDS] == []


def test_each_kind_of_the_table_is_named_by_code() -> None:
    words = {
        node.value
        for module in MODULES.values()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert KINDS.keys() - words - BY_TYPE == set()


def test_unknown_kinds_fail() -> None:
    with pytest.raises(KeyError):
        Values().make("no such kind")
    with pytest.raises(KeyError):
        kind_named("no such kind")


@pytest.mark.parametrize("trait", Trait)
def test_each_trait_is_some_kinds(trait: Trait) -> None:
    assert kinds_with(trait)


def test_what_is_new_is_put_together_late() -> None:
    assert kinds_with(Trait.NEW) <= kinds_with(Trait.LAZY)
    assert kinds_with(Trait.DISPLAY) <= kinds_with(Trait.OPEN) & kinds_with(Trait.NEW)
    assert kinds_with(Trait.SAFE) <= kinds_with(Trait.TRUTH)
