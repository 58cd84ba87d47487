"""The hooks of pytest, each a few lines; what they need is imported when it is needed."""

from __future__ import annotations

import sys
from copy import copy
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_pycinspect.fixtures import *  # noqa: F403 - fixtures are found by name here
from pytest_pycinspect.session import COLLECTED, ITEM, SUPPORTED

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Generator, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import ModuleType

    from xdist.workermanage import WorkerController  # type: ignore[import-untyped] # has no types

    from pytest_pycinspect.expect import Failure
    from pytest_pycinspect.sandbox import CacheEvent

_OPTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    (
        "--pycinspect-update",
        {
            "nargs": "?",
            "const": "create,fix",
            "metavar": "WHAT",
            "help": "Write *.bytecode files and snapshots: create, fix, respell, trim; review-file"
            " writes a patch of them (comma separated; create,fix).",
        },
    ),
    (
        "--pycinspect-review",
        {"action": "store_true", "help": "Ask at the end of the run which goldens to write."},
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

_IniKind = Literal["string", "bool", "args", "linelist"]
_INI: tuple[tuple[str, str, _IniKind, object], ...] = (
    ("pycinspect_view", "What listings of failures show: ops, raw or both.", "string", "ops"),
    ("pycinspect_strict_names", "Refuse opcode names that cannot occur.", "bool", True),
    ("pycinspect_golden_dir", "Where *.bytecode files are, relative to the test.", "string", ""),
    ("pycinspect_pythons", "More interpreters, a path or version a line.", "linelist", []),
    ("pycinspect_supported", "Python versions that guards may be about.", "string", SUPPORTED),
    ("pycinspect_cache_fail_on", "Kinds of caches that fail the session.", "args", []),
    ("pycinspect_subprocess_timeout", "Seconds a child process may take.", "string", "10"),
)

_MARKS = (
    (
        "bytecode(min_python=, max_python=, implementation=, optimize=, requires=[op]): where a"
        " test of bytecode holds; it is skipped elsewhere, and fails without the opcodes required"
    ),
    "pycache(mode=, prefix=, writable=): how the sandbox of the pycache fixture begins",
    "interpreters(version, ...): run the test once for each Python that is found",
)


class NewHooks:
    """What plugins and ``conftest.py`` may add to pytest-pycinspect."""

    @staticmethod
    @pytest.hookspec(firstresult=True)
    def pytest_pycinspect_normalize_operand(value: object) -> object:
        """Return what takes the place of a constant in comparisons and goldens, or None.

        For constants that differ from machine to machine, such as absolute paths.
        """

    @staticmethod
    @pytest.hookspec
    def pytest_pycinspect_mismatch(item: pytest.Item, failure: Failure) -> None:
        """An expectation of ``item`` was not met."""

    @staticmethod
    @pytest.hookspec
    def pytest_pycinspect_cache_event(item: pytest.Item, event: CacheEvent) -> None:
        """A module was imported in the ``pycache`` sandbox of ``item``."""


class _AsItIs:
    """Finds our modules before pytest's import hook, which would rewrite all of them.

    pytest rewrites the assertions of every module of a distribution that has a plugin
    (``_pytest.config.Config._mark_plugins_for_rewrite``). Ours have none to explain, and
    importing the library would take from 1.5 to 5 times as long.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in ("pycinspect", "pytest_pycinspect"):
            return PathFinder.find_spec(name, path, target)
        return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings."""
    group = parser.getgroup("pycinspect", "bytecode and caches (pycinspect)")
    for name, keywords in _OPTIONS:
        group.addoption(name, **keywords)
    for name, text, kind, default in _INI:
        parser.addini(name, text, type=kind, default=default)


#: What an option means that stands alone: its value has to be in the same word, for what
#: follows is a path as often as not.
_ALONE = {name: f"{name}={words['const']}" for name, words in _OPTIONS if "const" in words}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    """Leave to pytest what follows an option whose value can be left out."""
    end = args.index("--") if "--" in args else len(args)
    if _ALONE.keys() & set(args[:end]):
        args[:end] = [_ALONE.get(arg, arg) for arg in args[:end]]
        # It was parsed before, for the paths whose conftest.py is loaded now.
        known = parser.parse_known_args(args, namespace=copy(early_config.option))
        early_config.known_args_namespace = known
    if _reports_caches(early_config, early_config.known_args_namespace):
        from pytest_pycinspect.sandbox.session import watch

        watch(early_config)  # what conftest.py does, too


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks of ``NewHooks``."""
    sys.meta_path.insert(0, _AsItIs)
    pluginmanager.add_hookspecs(NewHooks)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marks; get ready to write goldens, to report caches, if that is asked for."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    wanted = config.option.pycinspect_update
    if config.option.pycinspect_review:
        from pytest_pycinspect.golden.session import start_reviewing

        start_reviewing(config)
    elif wanted is not None:
        from pytest_pycinspect.golden.session import start_updating

        start_updating(config, wanted)
    if _reports_caches(config, config.option):
        from pytest_pycinspect.sandbox.session import register

        register(config)


def _reports_caches(config: pytest.Config, options: Namespace) -> bool:
    wanted = options.pycinspect_cache_report is not None
    return wanted or bool(config.getini("pycinspect_cache_fail_on"))


def pytest_unconfigure() -> None:
    """Leave the import system as it was."""
    if _AsItIs in sys.meta_path:  # pytester puts back what it was before a run
        sys.meta_path.remove(_AsItIs)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked ``interpreters`` once for each."""
    mark = metafunc.definition.get_closest_marker("interpreters")
    if mark is not None:
        from pytest_pycinspect.interpreters import parametrize_interpreters

        parametrize_interpreters(metafunc, mark)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect ``*.bytecode`` files."""
    if file_path.suffix != ".bytecode":
        return None
    from pytest_pycinspect.golden.items import BytecodeFile
    from pytest_pycinspect.golden.session import begin

    begin(parent.config)
    collected: pytest.Collector = BytecodeFile.from_parent(parent, path=file_path)
    return collected


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Remember all tests: what none of them has is known only where all run."""
    session.config.stash[COLLECTED] = [*items], session.testsfailed


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: WorkerController) -> None:
    """Take what a worker of pytest-xdist knows of goldens."""
    output = getattr(node, "workeroutput", None)  # none of one that crashed
    if output is None or "pycinspect_goldens" in output:
        from pytest_pycinspect.golden.session import begin

        begin(node.config).take(output)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what its mark says does not hold here."""
    if item.get_closest_marker("bytecode"):
        from pytest_pycinspect.marks import obey

        obey(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fail where the test has not the opcodes that its mark requires."""
    if item.get_closest_marker("bytecode"):
        from pytest_pycinspect.marks import require

        require(item)


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Explain comparisons with bytecode."""
    module = sys.modules.get("pytest_pycinspect.bytecode")
    counts = sys.modules.get("pytest_pycinspect.relations.relation")
    kinds = () if module is None else (module.Bytecode, module.Tree)
    kinds += () if counts is None else (counts.Count,)
    if not isinstance(right, kinds) and not isinstance(left, kinds):
        return None
    from pytest_pycinspect.reporting.report import compared

    return compared(config, op, left, right)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what there is to say about bytecode to the report, and leave out our own frames."""
    is_told, is_ours = True, isinstance(item, pytest.Function) and "pycinspect" in sys.modules
    if call.excinfo is not None and is_ours and not _shows_all(item.config):
        from pytest_pycinspect.reporting.tracebacks import shorten

        is_told = shorten(call.excinfo)
    report = yield
    if not is_told and report.failed:
        assert call.excinfo is not None
        report.longrepr = call.excinfo.exconly()
    if "pytest_pycinspect.noted" in sys.modules:
        from pytest_pycinspect.reporting.report import attach

        attach(item, call, report)
    return report


def _shows_all(config: pytest.Config) -> bool:
    return bool(config.getoption("fulltrace", default=False))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember the test that runs."""
    token = ITEM.set(item)
    try:
        return (yield)
    finally:
        ITEM.reset(token)
