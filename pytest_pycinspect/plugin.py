"""The hooks of pytest, each a few lines; what they need is imported when it is needed."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_pycinspect.fixtures import *  # noqa: F403 - fixtures are found by name here

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_OPTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    (
        "--pycinspect-update",
        {
            "nargs": "?",
            "const": "create,fix",
            "metavar": "WHAT",
            "help": "Write *.bytecode files: create, fix, respell, trim (comma separated; create,fix).",
        },
    ),
    (
        "--pycinspect-view",
        {"choices": ["ops", "raw", "both"], "help": "What listings of failures show (ops)."},
    ),
    (
        "--pycinspect-dump",
        {
            "choices": ["fail", "always", "never"],
            "default": "fail",
            "help": "When the annotated listing is shown (fail).",
        },
    ),
    (
        "--pycinspect-dump-context",
        {
            "type": int,
            "default": 5,
            "metavar": "N",
            "help": "Instructions around the mismatch in long listings (5); 0 shows all.",
        },
    ),
    (
        "--pycinspect-python",
        {
            "action": "append",
            "default": [],
            "metavar": "PATH",
            "help": "One more interpreter; may be given several times.",
        },
    ),
    (
        "--pycinspect-require-interpreters",
        {"action": "store_true", "help": "Fail where an interpreter is missing, do not skip."},
    ),
    (
        "--pycinspect-cache-report",
        {
            "nargs": "?",
            "const": "",
            "metavar": "fail-on=KINDS",
            "help": "Report what the session did to the project's caches; fail-on=stale,orphan.",
        },
    ),
)

_INI: tuple[tuple[str, str, str, object], ...] = (
    ("pycinspect_view", "What listings of failures show: ops, raw or both.", "string", "ops"),
    ("pycinspect_strict_names", "Refuse opcode names that cannot occur.", "bool", True),
    ("pycinspect_golden_dir", "Where *.bytecode files are, relative to the test.", "string", ""),
    ("pycinspect_pythons", "More interpreters, a path or version a line.", "linelist", []),
    ("pycinspect_supported", "Python versions that guards may be about.", "string", "3.9-3.15"),
    ("pycinspect_cache_fail_on", "Kinds of caches that fail the session.", "args", []),
    ("pycinspect_subprocess_timeout", "Seconds a child process may take.", "string", "10"),
)

_MARKS = (
    "bytecode(min_python=, max_python=, implementation=, optimize=, requires=[op]): where a"
    " test of bytecode holds; it is skipped elsewhere, and fails without the opcodes required",
    "pycache(mode=, prefix=, writable=): how the sandbox of the pycache fixture begins",
    "interpreters(version, ...): run the test once for each Python that is found",
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options and settings."""
    group = parser.getgroup("pycinspect", "bytecode and caches (pycinspect)")
    for name, keywords in _OPTIONS:
        group.addoption(name, **keywords)
    for name, text, kind, default in _INI:
        parser.addini(name, text, type=kind, default=default)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks of ``newhooks``."""
    from pytest_pycinspect import newhooks

    pluginmanager.add_hookspecs(newhooks)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marks; begin the cache report if it is asked for."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    is_wanted = config.getoption("pycinspect_cache_report") is not None
    if is_wanted or config.getini("pycinspect_cache_fail_on"):
        from pytest_pycinspect.sandbox.session import register

        register(config)
