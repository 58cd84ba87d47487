"""Read, judge, audit and disassemble the bytecode caches of every Python.

The names below are the public API. They are loaded when they are first used, so
that ``import pycinspect`` costs next to nothing.

PYTEST_DONT_REWRITE: pytest would rewrite all modules of a distribution with a plugin.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing typing would cost 8 ms
if TYPE_CHECKING:
    from pycinspect.auditing import Audit, Finding, Policy, Rule, Severity, Summary
    from pycinspect.cache import (
        FinderKind,
        Found,
        ImportOptions,
        Outcome,
        Verdict,
        Write,
        cache_from_source,
        find_module,
        source_from_cache,
        source_hash,
    )
    from pycinspect.canonical import Form, Plane, Statement
    from pycinspect.compiling import judge, judge_module
    from pycinspect.dialects import DIALECTS, Dialect, DialectTable, find_dialect
    from pycinspect.diffing import (
        Change,
        Diff,
        Explanation,
        FieldChange,
        ModuleDiff,
        Op,
        Side,
        Status,
        UnitDiff,
        diff,
    )
    from pycinspect.disasm import Defect, Handler, Instruction, LineRange, Position
    from pycinspect.errors import PycInspectError
    from pycinspect.hookspecs import hookimpl
    from pycinspect.plugins import Registry, audit, load_registry
    from pycinspect.programs import Program
    from pycinspect.programs.questions import (
        canonicalize,
        exception_table,
        instructions,
        line_ranges,
        positions,
        verify,
    )
    from pycinspect.pyc import (
        Code,
        CodeFile,
        Header,
        parse_header,
        parse_pyc,
        read_header,
        read_pyc,
    )
    from pycinspect.report.dis import dis
    from pycinspect.values import HashCheckMode, Implementation, InvalidationMode, Level
    from pycinspect.verifying import Rung, Verification
    from pycinspect.verifying.verifier import verify_source

__all__ = [
    "DIALECTS",
    "Audit",
    "Change",
    "Code",
    "CodeFile",
    "Defect",
    "Dialect",
    "DialectTable",
    "Diff",
    "Explanation",
    "FieldChange",
    "FinderKind",
    "Finding",
    "Form",
    "Found",
    "Handler",
    "HashCheckMode",
    "Header",
    "Implementation",
    "ImportOptions",
    "Instruction",
    "InvalidationMode",
    "Level",
    "LineRange",
    "ModuleDiff",
    "Op",
    "Outcome",
    "Plane",
    "Policy",
    "Position",
    "Program",
    "PycInspectError",
    "Registry",
    "Rule",
    "Rung",
    "Severity",
    "Side",
    "Statement",
    "Status",
    "Summary",
    "UnitDiff",
    "Verdict",
    "Verification",
    "Write",
    "audit",
    "cache_from_source",
    "canonicalize",
    "diff",
    "dis",
    "exception_table",
    "find_dialect",
    "find_module",
    "hookimpl",
    "instructions",
    "judge",
    "judge_module",
    "line_ranges",
    "load_registry",
    "parse_header",
    "parse_pyc",
    "positions",
    "read_header",
    "read_pyc",
    "source_from_cache",
    "source_hash",
    "verify",
    "verify_source",
]

__version__ = "0.1.0"

_ROOMS = {
    "auditing": (
        "Audit",
        "Finding",
        "Policy",
        "Rule",
        "Severity",
        "Summary",
    ),
    "cache": (
        "FinderKind",
        "Found",
        "ImportOptions",
        "Outcome",
        "Verdict",
        "Write",
        "cache_from_source",
        "find_module",
        "source_from_cache",
        "source_hash",
    ),
    "canonical": (
        "Form",
        "Plane",
        "Statement",
    ),
    "compiling": (
        "judge",
        "judge_module",
    ),
    "dialects": (
        "DIALECTS",
        "Dialect",
        "DialectTable",
        "find_dialect",
    ),
    "diffing": (
        "Change",
        "Diff",
        "Explanation",
        "FieldChange",
        "ModuleDiff",
        "Op",
        "Side",
        "Status",
        "UnitDiff",
        "diff",
    ),
    "disasm": (
        "Defect",
        "Handler",
        "Instruction",
        "LineRange",
        "Position",
    ),
    "errors": ("PycInspectError",),
    "hookspecs": ("hookimpl",),
    "plugins": (
        "Registry",
        "audit",
        "load_registry",
    ),
    "programs": ("Program",),
    "programs.questions": (
        "canonicalize",
        "exception_table",
        "instructions",
        "line_ranges",
        "positions",
        "verify",
    ),
    "pyc": (
        "Code",
        "CodeFile",
        "Header",
        "parse_header",
        "parse_pyc",
        "read_header",
        "read_pyc",
    ),
    "report.dis": ("dis",),
    "values": (
        "HashCheckMode",
        "Implementation",
        "InvalidationMode",
        "Level",
    ),
    "verifying": (
        "Rung",
        "Verification",
    ),
    "verifying.verifier": ("verify_source",),
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for room, names in _ROOMS.items():
        if name in names:
            value: object = getattr(import_module(f"pycinspect.{room}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
