"""Assert what the compiler made of Python code, and what the importer does with its caches.

The names below are the public API of the pytest plugin. They are loaded when they are first
used: pytest imports this package at every start, also where no test needs it.

PYTEST_DONT_REWRITE: there are no assertions to explain; see ``plugin``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing typing costs start-up time
if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode, bytecode_of
    from pytest_pycinspect.called import (
        AliasedCallError,
        UndecidableCallError,
        UnknownNameWarning,
    )
    from pytest_pycinspect.expect import (
        ANY,
        AnyOrder,
        Never,
        Not,
        PatternError,
        Repeat,
        op,
        pattern,
    )
    from pytest_pycinspect.instr import Instr
    from pytest_pycinspect.names import (
        ImpossibleCountWarning,
        UnknownOpcodeError,
        VacuousCheckError,
    )
    from pytest_pycinspect.sandbox import CacheEvent, Pycache
    from pytest_pycinspect.wrapping import AmbiguousWrapperError

__all__ = [
    "ANY",
    "AliasedCallError",
    "AmbiguousWrapperError",
    "AnyOrder",
    "Bytecode",
    "CacheEvent",
    "ImpossibleCountWarning",
    "Instr",
    "Never",
    "Not",
    "PatternError",
    "Pycache",
    "Repeat",
    "UndecidableCallError",
    "UnknownNameWarning",
    "UnknownOpcodeError",
    "VacuousCheckError",
    "bytecode_of",
    "op",
    "pattern",
]

_MODULES = {
    "bytecode": ("Bytecode", "bytecode_of"),
    "called": ("AliasedCallError", "UndecidableCallError", "UnknownNameWarning"),
    "expect": ("ANY", "AnyOrder", "Never", "Not", "PatternError", "Repeat", "op", "pattern"),
    "instr": ("Instr",),
    "names": ("ImpossibleCountWarning", "UnknownOpcodeError", "VacuousCheckError"),
    "sandbox": ("CacheEvent", "Pycache"),
    "wrapping": ("AmbiguousWrapperError",),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(import_module(f"pytest_pycinspect.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
