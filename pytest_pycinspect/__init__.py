"""Assert what the compiler made of Python code, and what the importer does with its caches.

The names below are the public API of the pytest plugin. They are loaded when they are first
used: pytest imports this package at every start, also where no test needs it.

PYTEST_DONT_REWRITE: there are no assertions to explain; see ``plugin``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing typing costs start-up time
if TYPE_CHECKING:
    from pytest_pycinspect.asking import BytecodeOf, Compiled, bytecode_of
    from pytest_pycinspect.bytecode import Bytecode, Tree
    from pytest_pycinspect.calling.called import (
        AliasedCallError,
        UndecidableCallError,
        UnknownNameWarning,
    )
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
    from pytest_pycinspect.golden.goldens import BytecodeGolden
    from pytest_pycinspect.golden.snapshots import BytecodeSnapshot, snapshot
    from pytest_pycinspect.imports.startup import ImportsAtStartup, StartupImports
    from pytest_pycinspect.interpreters import Interpreter, Interpreters
    from pytest_pycinspect.relations.relation import Count, Relation
    from pytest_pycinspect.sandbox import CacheEvent, CacheFile, Pycache, PycacheAudit, Run
    from pytest_pycinspect.specialized.bytecode import SpecializedBytecode
    from pytest_pycinspect.specialized.fixture import Specialized
    from pytest_pycinspect.subjects.wrapping import AmbiguousWrapperError
    from pytest_pycinspect.view.instr import Instr
    from pytest_pycinspect.view.names import (
        ImpossibleCountWarning,
        UnknownOpcodeError,
        VacuousCheckError,
    )

__all__ = [
    "ANY",
    "AliasedCallError",
    "AmbiguousWrapperError",
    "AnyOrder",
    "Bytecode",
    "BytecodeGolden",
    "BytecodeOf",
    "BytecodeSnapshot",
    "CacheEvent",
    "CacheFile",
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
    "Run",
    "Specialized",
    "SpecializedBytecode",
    "StartupImports",
    "Tree",
    "UndecidableCallError",
    "UnknownNameWarning",
    "UnknownOpcodeError",
    "VacuousCheckError",
    "bytecode_of",
    "op",
    "pattern",
    "snapshot",
]

_MODULES = {
    "asking": ("BytecodeOf", "Compiled", "bytecode_of"),
    "bytecode": ("Bytecode", "Tree"),
    "calling.called": ("AliasedCallError", "UndecidableCallError", "UnknownNameWarning"),
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
    "golden.goldens": ("BytecodeGolden",),
    "golden.snapshots": ("BytecodeSnapshot", "snapshot"),
    "view.instr": ("Instr",),
    "interpreters": ("Interpreter", "Interpreters"),
    "view.names": ("ImpossibleCountWarning", "UnknownOpcodeError", "VacuousCheckError"),
    "relations.relation": ("Count", "Relation"),
    "specialized.bytecode": ("SpecializedBytecode",),
    "sandbox": ("CacheEvent", "CacheFile", "Pycache", "PycacheAudit", "Run"),
    "specialized.fixture": ("Specialized",),
    "imports.startup": ("ImportsAtStartup", "StartupImports"),
    "subjects.wrapping": ("AmbiguousWrapperError",),
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
