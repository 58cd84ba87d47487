"""Read, judge and audit the bytecode caches of every Python.

The names below are the public API. They are loaded when they are first used, so
that ``import pycinspect`` costs next to nothing.
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
        judge,
        judge_module,
        source_from_cache,
        source_hash,
    )
    from pycinspect.dialects import DIALECTS, Dialect, find_dialect
    from pycinspect.diffing import Diff, diff
    from pycinspect.errors import PycInspectError
    from pycinspect.hookspecs import hookimpl
    from pycinspect.plugins import audit
    from pycinspect.pyc import Header, parse_header, read_header
    from pycinspect.values import HashCheckMode, Implementation, InvalidationMode

__all__ = [
    "DIALECTS",
    "Dialect",
    "Diff",
    "Finding",
    "Found",
    "HashCheckMode",
    "Header",
    "Implementation",
    "ImportOptions",
    "InvalidationMode",
    "Outcome",
    "Policy",
    "PycInspectError",
    "Rule",
    "Severity",
    "Verdict",
    "audit",
    "cache_from_source",
    "diff",
    "find_dialect",
    "find_module",
    "hookimpl",
    "judge",
    "judge_module",
    "parse_header",
    "read_header",
    "source_from_cache",
    "source_hash",
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
        "judge",
        "judge_module",
        "source_from_cache",
        "source_hash",
    ),
    "dialects": ("DIALECTS", "Dialect", "find_dialect"),
    "diffing": ("Diff", "diff"),
    "errors": ("PycInspectError",),
    "hookspecs": ("hookimpl",),
    "plugins": ("audit",),
    "pyc": ("Header", "parse_header", "read_header"),
    "values": ("HashCheckMode", "Implementation", "InvalidationMode"),
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
