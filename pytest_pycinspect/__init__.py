"""Assert what the compiler made of Python code, and what the importer does with its caches.

The names below are the public API of the pytest plugin. They are loaded when they are first
used: pytest imports this package at every start, also where no test needs it.

PYTEST_DONT_REWRITE: there are no assertions to explain; see ``plugin``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing typing costs start-up time
if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode, BytecodeOf, Compiled, Tree, bytecode_of
    from pytest_pycinspect.expect import (
        ANY,
        AnyOrder,
        Match,
        Never,
        Not,
        PatternError,
        Repeat,
        op,
        pattern,
    )
    from pytest_pycinspect.golden import BytecodeGolden
    from pytest_pycinspect.instr import Instr
    from pytest_pycinspect.interpreters import Interpreter, Interpreters
    from pytest_pycinspect.names import (
        ImpossibleCountWarning,
        UnknownOpcodeError,
        VacuousCheckError,
    )
    from pytest_pycinspect.relation import Count, Relation
    from pytest_pycinspect.respecialized import SpecializedBytecode
    from pytest_pycinspect.sandbox import CacheEvent, Pycache, PycacheAudit
    from pytest_pycinspect.specialized import Specialized
    from pytest_pycinspect.startup_imports import ImportsAtStartup, StartupImports

__all__ = [
    "ANY",
    "AnyOrder",
    "Bytecode",
    "BytecodeGolden",
    "BytecodeOf",
    "CacheEvent",
    "Compiled",
    "Count",
    "ImportsAtStartup",
    "ImpossibleCountWarning",
    "Instr",
    "Interpreter",
    "Interpreters",
    "Match",
    "Never",
    "Not",
    "PatternError",
    "Pycache",
    "PycacheAudit",
    "Relation",
    "Repeat",
    "Specialized",
    "SpecializedBytecode",
    "StartupImports",
    "Tree",
    "UnknownOpcodeError",
    "VacuousCheckError",
    "bytecode_of",
    "op",
    "pattern",
]

_MODULES = {
    "bytecode": ("Bytecode", "BytecodeOf", "Compiled", "Tree", "bytecode_of"),
    "expect": (
        "ANY",
        "AnyOrder",
        "Match",
        "Never",
        "Not",
        "PatternError",
        "Repeat",
        "op",
        "pattern",
    ),
    "golden": ("BytecodeGolden",),
    "instr": ("Instr",),
    "interpreters": ("Interpreter", "Interpreters"),
    "names": ("ImpossibleCountWarning", "UnknownOpcodeError", "VacuousCheckError"),
    "relation": ("Count", "Relation"),
    "respecialized": ("SpecializedBytecode",),
    "sandbox": ("CacheEvent", "Pycache", "PycacheAudit"),
    "specialized": ("Specialized",),
    "startup_imports": ("ImportsAtStartup", "StartupImports"),
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
