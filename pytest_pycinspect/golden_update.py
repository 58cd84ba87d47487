"""Writing ``*.bytecode`` files, at the end of a session, and only when it was asked for.

Workers of pytest-xdist send what is to be written to their controller, which writes it: each
file is read again, changed and replaced as a whole by one process.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.writing import replacing
from pytest_pycinspect.golden_file import Content, GoldenFile, read_golden, shown

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from pytest_pycinspect.golden import Goldens

__all__ = ["Edit", "Kind", "start_updating"]

_OPTION = "--pycinspect-update"


class Kind(Enum):
    """What may be written."""

    #: What is not recorded yet.
    CREATE = "create"
    #: What is recorded and no longer so.
    FIX = "fix"
    #: What is so, and would be written in other words.
    RESPELL = "respell"
    #: Sections that no test uses are removed.
    TRIM = "trim"


_DONE: Mapping[Kind, str] = {
    Kind.CREATE: "created",
    Kind.FIX: "fixed",
    Kind.RESPELL: "respelled",
    Kind.TRIM: "trimmed",
}


class Edit(NamedTuple):
    """What a section says from now on; nothing that cannot be sent by a worker.

    Args:
        path: of the file.
        title: of the section.
        order: of new sections.
        kind: value of a :class:`Kind`.
        conditions: of the variant.
        instructions: its content.
        consts: likewise.
        handlers: likewise.
        python: who says it.
        view: of a new section.
        over: conditions of the variant that counted so far.
    """

    path: str
    title: str
    order: int
    kind: str
    conditions: tuple[str, ...]
    instructions: tuple[str, ...]
    consts: str | None
    handlers: str | None
    python: str
    view: str
    over: tuple[str, ...]

    @property
    def content(self) -> Content:
        """What the variant says."""
        return Content(self.instructions, self.consts, self.handlers)


def start_updating(config: pytest.Config, wanted: str) -> None:
    """Write goldens at the end of a session.

    Args:
        config: of the session.
        wanted: words of :class:`Kind`, with commas.

    Raises:
        pytest.UsageError: there is no such word; or the environment variable CI is set, and
            the option is not in the command line itself: a build server would accept
            whatever it is to check.
    """
    from pytest_pycinspect.golden import Goldens

    kinds = _kinds(wanted)
    given = any(str(part).startswith(_OPTION) for part in config.invocation_params.args)
    if os.environ.get("CI") and not given and not hasattr(config, "workerinput"):
        message = (
            f"{_OPTION} is refused: CI is set, and it comes from addopts or PYTEST_ADDOPTS;"
            " give it in the command line itself"
        )
        raise pytest.UsageError(message)
    goldens = Goldens.begin(config, kinds)
    config.pluginmanager.register(_Updates(goldens, config), "pycinspect-update")


def _kinds(wanted: str) -> frozenset[Kind]:
    try:
        return frozenset(Kind(word.strip()) for word in wanted.split(","))
    except ValueError:
        known = ", ".join(kind.value for kind in Kind)
        message = f"{_OPTION}={wanted}: use some of {known}; paths stand before the option"
        raise pytest.UsageError(message) from None


# --- What the session knows ----------------------------------------------------------------


@dataclass
class _Seen:
    """What processes saw of the session's tests.

    Args:
        edits: what is to be written.
        used: paths and titles of sections that were compared.
        obsolete: likewise, of those whose code is gone.
        owners: path of a golden file to the titles that its tests have, with their node ids.
        partial: paths of golden files of whose tests some were not selected.
    """

    edits: list[Edit] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    obsolete: set[tuple[str, str]] = field(default_factory=set)
    owners: dict[str, dict[str, str]] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)

    def sendable(self) -> list[Any]:
        """Return it as what execnet can send."""
        pairs = ([*self.used], [*self.obsolete])
        return [[tuple(edit) for edit in self.edits], *pairs, self.owners, [*self.partial]]

    def add(self, sent: list[Any]) -> None:
        """Add what a worker saw."""
        edits, used, obsolete, owners, partial = sent
        self.edits += [Edit(*edit) for edit in edits]
        self.used.update(map(tuple, used))
        self.obsolete.update(map(tuple, obsolete))
        self.owners.update(owners)
        self.partial.update(partial)


class _Updates:
    """The hooks of a session that updates.

    Args:
        goldens: of this process.
        config: of the session.
    """

    def __init__(self, goldens: Goldens, config: pytest.Config) -> None:
        self._goldens = goldens
        self._config = config
        self._seen = _Seen()
        self._passed: set[str] = set()
        self._incomplete = config.option.collectonly
        self._done: Counter[Kind] = Counter()
        self._lost: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected may have tests that nobody knows."""
        self._incomplete |= report.failed

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Remember files of whose tests some do not run."""
        from pytest_pycinspect.golden import place_of

        self._seen.partial.update(place_of(item).path for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember which test has which section."""
        from pytest_pycinspect.golden import place_of

        is_named = _is_named_in_part(self._config)
        for item in session.items:
            place = place_of(item)
            if isinstance(item, pytest.Function):
                self._seen.owners.setdefault(place.path, {})[place.title] = item.nodeid
            if is_named(item.path):
                self._seen.partial.add(place.path)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the tests that came to their ends."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker of pytest-xdist saw."""
        sent = getattr(node, "workeroutput", {}).get("pycinspect_goldens")
        if sent is None:  # it crashed, and nobody knows what its tests used
            self._incomplete = True
        else:
            self._seen.add(sent)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write, or tell the controller what it is to write."""
        seen, goldens = self._seen, self._goldens
        seen.edits += goldens.edits.values()
        seen.used |= goldens.used
        seen.obsolete |= goldens.obsolete
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["pycinspect_goldens"] = seen.sendable()
            return
        for path in sorted({edit.path for edit in seen.edits} | self._trimmed_paths()):
            try:
                self._write(path, [edit for edit in seen.edits if edit.path == path])
            except (OSError, PycInspectError) as error:
                reason = error.message if isinstance(error, PycInspectError) else error
                self._lost.append(f"{shown(path)} was not written: {reason}")
        if self._lost:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _trimmed_paths(self) -> set[str]:
        """Return the files of which all tests were selected, if unused sections are to go."""
        seen = self._seen
        if Kind.TRIM not in self._goldens.update or self._incomplete:
            return set()
        paths = {*seen.owners, *(path for path, _ in seen.obsolete)} - seen.partial
        return {path for path in paths if os.path.exists(path)}

    def _unused(self, file: GoldenFile, path: str) -> list[str]:
        """Return the titles of sections that no test uses any more.

        A section whose test did not come to its end is in use.
        """
        seen = self._seen
        owners = seen.owners.get(path)
        unused = [title for title in file.sections if (path, title) in seen.obsolete]
        if owners is not None:
            left = {title for title, node in owners.items() if node not in self._passed}
            unused += [
                title
                for title, section in file.sections.items()
                if section.source is None
                and (path, title) not in seen.used
                and not any(title == one or title.startswith(f"{one}/") for one in left)
            ]
        return unused

    def _write(self, path: str, edits: Sequence[Edit]) -> None:
        before = read_golden(path)
        trim = self._unused(before, path) if path in self._trimmed_paths() else []
        chosen = _agreed(edits)
        lost = {edit.title for edit in edits} - {edit.title for edit in chosen}
        self._lost += sorted(
            f"[{title}] of {before.path} has two values; it was not written" for title in lost
        )
        after = _edited(before, chosen).without(trim)
        if after.lines != before.lines:
            _replace(path, after)
        self._done.update(Kind(edit.kind) for edit in chosen)
        self._done[Kind.TRIM] += len(trim)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say what was written."""
        counts = [(self._done[kind], word) for kind, word in _DONE.items() if self._done[kind]]
        if counts:
            (first, word), *others = counts
            words = [f"{first} golden{'s' * (first != 1)} {word}"]
            words += [f"{number} {word}" for number, word in others]
            terminalreporter.write_line(f"pycinspect: {', '.join(words)}")
        for place in self._lost:
            terminalreporter.write_line(f"pycinspect: {place}")


def _is_named_in_part(config: pytest.Config) -> Callable[[Path], bool]:
    """Return a test whether the command line names single tests of a file."""
    parts = [str(arg).partition("::") for arg in config.args]
    files = [Path(config.invocation_params.dir, file) for file, colons, _ in parts if colons]
    if not all(file.exists() for file in files):
        return lambda _: True  # a module's name (--pyargs) may be any file's
    named = {file.resolve() for file in files}
    return lambda path: path.resolve() in named


# --- Writing -------------------------------------------------------------------------------


def _agreed(edits: Iterable[Edit]) -> list[Edit]:
    """Return edits in the order of their tests, without those that contradict each other."""
    found: dict[tuple[str, tuple[str, ...]], set[Edit]] = {}
    for edit in edits:
        found.setdefault((edit.title, edit.conditions), set()).add(edit)
    agreed = [min(group) for group in found.values() if len({e.content for e in group}) == 1]
    return sorted(agreed, key=lambda edit: (edit.order, edit.title))


def _edited(file: GoldenFile, edits: Iterable[Edit]) -> GoldenFile:
    for edit in edits:
        file = file.with_content(
            edit.title,
            edit.conditions,
            edit.content,
            python=edit.python,
            view=edit.view,
            over=edit.over,
        )
    return file


def _replace(path: str, file: GoldenFile) -> None:
    """Write a file as a whole: a reader sees the old one, or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with replacing(path, newline="") as stream:
        stream.write(file.text)
