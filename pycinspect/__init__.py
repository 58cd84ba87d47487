"""Read, judge, audit and disassemble the bytecode caches of every Python.

The names below are the public API. They are loaded when they are first used, so
that ``import pycinspect`` costs next to nothing.

PYTEST_DONT_REWRITE: pytest would rewrite all modules of a distribution with a plugin.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing typing would cost 8 ms
if TYPE_CHECKING:
    from pycinspect.auditing import Finding, Policy, Rule, Severity
    from pycinspect.cache import (
        Found,
        ImportOptions,
        Outcome,
        Verdict,
        cache_from_source,
        find_module,
        source_from_cache,
        source_hash,
    )
    from pycinspect.canonical import Form, Plane, Statement
    from pycinspect.compiling import judge, judge_module
    from pycinspect.dialects import DIALECTS, Dialect, find_dialect
    from pycinspect.diffing import Diff, Explanation, canonicalize, diff
    from pycinspect.disasm import (
        Defect,
        Handler,
        Instruction,
        LineRange,
        Position,
        exception_table,
        instructions,
        line_ranges,
        positions,
        verify,
    )
    from pycinspect.errors import PycInspectError
    from pycinspect.hookspecs import hookimpl
    from pycinspect.plugins import audit
    from pycinspect.pyc import Code, CodeFile, Header, parse_header, read_header, read_pyc
    from pycinspect.values import HashCheckMode, Implementation, InvalidationMode, Level

__all__ = [
    "DIALECTS",
    "Code",
    "CodeFile",
    "Defect",
    "Dialect",
    "Diff",
    "Explanation",
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
    "Outcome",
    "Plane",
    "Policy",
    "Position",
    "PycInspectError",
    "Rule",
    "Severity",
    "Statement",
    "Verdict",
    "audit",
    "cache_from_source",
    "canonicalize",
    "diff",
    "exception_table",
    "find_dialect",
    "find_module",
    "hookimpl",
    "instructions",
    "judge",
    "judge_module",
    "line_ranges",
    "parse_header",
    "positions",
    "read_header",
    "read_pyc",
    "source_from_cache",
    "source_hash",
    "verify",
]

__version__ = "0.1.0"

_ROOMS = {
    "auditing": ("Finding", "Policy", "Rule", "Severity"),
    "cache": (
        "Found",
        "ImportOptions",
        "Outcome",
        "Verdict",
        "cache_from_source",
        "find_module",
        "source_from_cache",
        "source_hash",
    ),
    "canonical": ("Form", "Plane", "Statement"),
    "compiling": ("judge", "judge_module"),
    "dialects": ("DIALECTS", "Dialect", "find_dialect"),
    "diffing": ("Diff", "Explanation", "canonicalize", "diff"),
    "disasm": (
        "Defect",
        "Handler",
        "Instruction",
        "LineRange",
        "Position",
        "exception_table",
        "instructions",
        "line_ranges",
        "positions",
        "verify",
    ),
    "errors": ("PycInspectError",),
    "hookspecs": ("hookimpl",),
    "plugins": ("audit",),
    "pyc": ("Code", "CodeFile", "Header", "parse_header", "read_header", "read_pyc"),
    "values": ("HashCheckMode", "Implementation", "InvalidationMode", "Level"),
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
