"""The mark ``bytecode``: where a test of bytecode holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from pycinspect.dialects import DIALECTS
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.expect.guards import Host, condition
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["obey", "require"]

#: Keywords, and the conditions that they are.
_CONDITIONS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "min_python": lambda version: f">={version}",
        "max_python": lambda version: f"<={version}",
        "implementation": lambda name: str(name).lower(),
        "optimize": lambda level: f"opt{level}",
    }
)


def obey(item: pytest.Item) -> None:
    """Skip a test where its marks say that it does not hold."""
    for mark in item.iter_markers("bytecode"):
        unknown = sorted(mark.kwargs.keys() - _CONDITIONS.keys() - {"requires"})
        if mark.args or unknown:
            what = ", ".join(unknown) or "positional arguments"
            raise pytest.UsageError(f"{item.nodeid}: the mark bytecode does not know {what}")
        unmet = list(_unmet(mark.kwargs))
        if unmet:
            reason = f"bytecode: this Python is not {' and '.join(unmet)}"
            raise pytest.skip.Exception(reason, _use_item_location=True)


def _unmet(keywords: Mapping[str, object]) -> Iterator[str]:
    """Yield the conditions that the running interpreter does not meet."""
    dialect = DIALECTS.running()
    host = Host(str(dialect.implementation), dialect.python, sys.flags.optimize)
    for name, spell in _CONDITIONS.items():
        if name in keywords:
            text = spell(keywords[name])
            if not condition(text).holds(host):
                yield text


def require(item: pytest.Item) -> None:
    """Fail unless a test's function, or one inside it, has the opcodes that its marks require."""
    __tracebackhide__ = True
    marks = item.iter_markers("bytecode")
    opnames = [name for mark in marks for name in mark.kwargs.get("requires", ())]
    if not opnames or not isinstance(item, pytest.Function):
        return
    tree = BytecodeOf.for_item(item)(item.function).tree
    missing = [name for name in opnames if not any(_has(part, name) for part in tree)]
    if missing:
        pytest.fail(
            f"{item.name} has no {', '.join(missing)}, which its mark requires", pytrace=False
        )


def _has(code: Bytecode, opname: str) -> bool:
    """Return whether code has an opcode: a canonical one, else one of the interpreter's."""
    try:
        return opname in code
    except VacuousCheckError:
        return opname in code.raw
