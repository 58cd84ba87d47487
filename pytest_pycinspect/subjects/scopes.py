"""What is known of the variables of a function: which objects they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CellType, CodeType, FunctionType

from pycinspect.pyc import Code

__all__ = ["Namespace", "Scope", "namespace_of"]


@dataclass(frozen=True, eq=False)
class Namespace:
    """Objects in memory, by the names that code has for them.

    Args:
        globals: of its module.
        closure: variables of functions around it.
        defaults: of its parameters.
    """

    globals: Mapping[str, object]
    closure: Mapping[str, object] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Scope:
    """Code of which more is known than what it says.

    Args:
        root: a function, whose variables these are, or a module.
        namespace: the objects; None for what is not in memory.
    """

    root: Code
    namespace: Namespace | None = None


def namespace_of(function: FunctionType) -> Namespace:
    """Return the objects that a function's variables are now."""
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    known = {name: cell.cell_contents for name, cell in cells if not _is_empty(cell)}
    return Namespace(function.__globals__, known, _defaults(function, code))


def _is_empty(cell: CellType) -> bool:
    """Return whether a variable has no value yet."""
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False


def _defaults(function: FunctionType, code: CodeType) -> dict[str, object]:
    values = function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount][code.co_argcount - len(values) :]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}
