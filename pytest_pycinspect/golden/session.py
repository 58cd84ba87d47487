"""What a session knows of goldens at its end: what is to be written, and what nothing tests.

Workers of pytest-xdist tell their controller what they saw; it writes each file once, and says
what is unused.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect.golden.file import read_golden, shown
from pytest_pycinspect.golden.goldens import Goldens
from pytest_pycinspect.golden.places import SUFFIX, is_of
from pytest_pycinspect.golden.review import reviewed, write_patch
from pytest_pycinspect.golden.seen import Seen
from pytest_pycinspect.golden.update import Edit, Planned, UpdateKind, planned

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

__all__ = ["begin", "start_reviewing", "start_updating"]

_OPTION, _REVIEW = "--pycinspect-update", "--pycinspect-review"
_OPTIONS = (_OPTION, _REVIEW)
_REVIEW_FILE = "review-file"
_ACCEPTED = f"{UpdateKind.CREATE.value},{UpdateKind.FIX.value}"
_PLUGIN = "pycinspect-goldens"
_OUTPUT = "pycinspect_goldens"
_DONE: Mapping[UpdateKind, str] = {
    UpdateKind.CREATE: "created",
    UpdateKind.FIX: "fixed",
    UpdateKind.RESPELL: "respelled",
    UpdateKind.TRIM: "trimmed",
}


def start_updating(config: pytest.Config, wanted: str) -> None:
    """Write goldens at the end of a session.

    Args:
        config: of the session.
        wanted: words of :class:`UpdateKind`, with commas.

    Raises:
        pytest.UsageError: there is no such word; or the environment variable CI is set, and
            the option is not in the command line itself: a build server would accept
            whatever it is to check.
    """
    kinds = _kinds(wanted)
    given = any(str(part).startswith(_OPTIONS) for part in config.invocation_params.args)
    if os.environ.get("CI") and not given and not hasattr(config, "workerinput"):
        message = (
            f"{_OPTION} is refused: CI is set, and it comes from addopts or PYTEST_ADDOPTS;"
            " give it in the command line itself"
        )
        raise pytest.UsageError(message)
    begin(config, kinds).writes_patch = _REVIEW_FILE in map(str.strip, wanted.split(","))


def start_reviewing(config: pytest.Config) -> None:
    """Ask about goldens at the end of a session, and write those that are accepted.

    Raises:
        pytest.UsageError: there is no terminal to ask on; as :func:`start_updating`.
    """
    with _uncaptured(config):
        has_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not has_terminal and not hasattr(config, "workerinput"):
        message = f"{_REVIEW} asks on a terminal; {_OPTION}={_REVIEW_FILE} writes a patch"
        raise pytest.UsageError(message)
    start_updating(config, config.option.pycinspect_update or _ACCEPTED)
    begin(config).asks = True


@contextmanager
def _uncaptured(config: pytest.Config) -> Iterator[None]:
    """Give the process its terminal back, its input included, as ``pytest --pdb`` does."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        yield
        return
    capture.suspend(in_=True)
    try:
        yield
    finally:
        capture.resume()


def _kinds(wanted: str) -> frozenset[UpdateKind]:
    words = {word.strip() for word in wanted.split(",")} - {_REVIEW_FILE}
    try:
        return frozenset(map(UpdateKind, words or _ACCEPTED.split(",")))
    except ValueError:
        known = ", ".join([*(kind.value for kind in UpdateKind), _REVIEW_FILE])
        raise pytest.UsageError(f"{_OPTION}={wanted}: use some of {known}") from None


def begin(config: pytest.Config, update: frozenset[UpdateKind] = frozenset()) -> _Session:
    """Return what knows the goldens of a session, which begins with them here if it has not."""
    known = config.pluginmanager.get_plugin(_PLUGIN)
    if isinstance(known, _Session):
        return known
    session = _Session(Goldens.begin(config, update), config)
    config.pluginmanager.register(session, _PLUGIN)
    return session


# --- The session ---------------------------------------------------------------------------


class _Unused(NamedTuple):
    """What nothing tests in a file.

    Args:
        titles: of its sections.
        whole: it is the file of no test.
    """

    titles: list[str]
    whole: bool

    @property
    def number(self) -> int:
        """How many goldens that is; an empty file is one."""
        return max(len(self.titles), int(self.whole))


_NONE = _Unused([], whole=False)


class _Session:
    """The hooks of a session that has goldens.

    Args:
        goldens: of this process.
        config: of the session.

    Attributes:
        writes_patch: what would be written goes to a patch.
        asks: somebody is asked what may be written.
    """

    writes_patch = asks = False

    def __init__(self, goldens: Goldens, config: pytest.Config) -> None:
        self.goldens = goldens
        self._config = config
        self._seen = Seen()
        self._passed: set[str] = set()
        self._done: Counter[UpdateKind] = Counter()
        self._lost: list[str] = []
        self._plans: list[Planned] = []
        self._unused: dict[str, _Unused] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the tests that came to their ends."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    def take(self, output: Mapping[str, list[Any]] | None) -> None:
        """Take what a worker of pytest-xdist saw; of one that crashed nobody knows."""
        if output is None:
            self._seen.is_known = self._seen.is_full = False
        else:
            self._seen.add(output[_OUTPUT])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write, or tell the controller what it is to write."""
        if not _has_workers(self._config):
            self._seen.look(self.goldens, session, self._passed)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = self._seen.sendable()
            return
        self._finish()
        if self._lost:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish(self) -> None:
        edits = self._asked(self._seen.edits) if self.asks else self._seen.edits
        known = {*self._known()}
        for path in sorted({edit.path for edit in edits} | known):
            try:
                unused = self._unused_of(path) if path in known else _NONE
                self._finish_file(path, [edit for edit in edits if edit.path == path], unused)
            except (OSError, PycInspectError) as error:
                reason = error.message if isinstance(error, PycInspectError) else error
                what = "written" if edits or self.goldens.update else "looked through"
                self._lost.append(f"{shown(path)} was not {what}: {reason}")
        if self._plans:
            count = sum(len(plan.edits) for plan in self._plans)
            name = shown(os.fspath(write_patch(self._config.rootpath, self._plans)))
            self._lost.append(f"{_goldens(count)} to review in {name}; git apply accepts them")

    def _asked(self, edits: Sequence[Edit]) -> list[Edit]:
        """Return the edits that are accepted; those that are not fail the session."""
        width = shutil.get_terminal_size().columns
        with _uncaptured(self._config):
            accepted = reviewed(edits, input, print, width)
        if len(accepted) < len(edits):
            self._lost.append(f"{_goldens(len(edits) - len(accepted))} not accepted")
        return accepted

    def _finish_file(self, path: str, edits: list[Edit], unused: _Unused) -> None:
        trimmed = unused if UpdateKind.TRIM in self.goldens.update else _NONE
        if unused.number and not trimmed.number:
            self._unused[path] = unused
        self._done[UpdateKind.TRIM] += trimmed.number
        if trimmed.whole and not self.writes_patch:
            os.remove(path)
        elif edits or trimmed.titles:
            self._carry_out(planned(path, edits, trimmed.titles))

    def _carry_out(self, plan: Planned) -> None:
        self._lost += [
            f"[{title}] of {shown(plan.path)} has two values; it was not written"
            for title in plan.lost
        ]
        if self.writes_patch:
            self._plans += [plan] if plan.after != plan.before else []
        else:
            plan.write()
            self._done.update(UpdateKind(edit.kind) for edit in plan.edits)

    def _known(self) -> Iterator[str]:
        """Yield the files of which it is known what is unused, and is to be trimmed or said."""
        seen = self._seen
        if seen.is_known and (UpdateKind.TRIM in self.goldens.update or seen.is_full):
            known = {*seen.titles, *(path for path, _ in seen.obsolete)}
            known |= seen.collected if seen.is_full else set()
            yield from (path for path in known - seen.partial if os.path.exists(path))

    def _unused_of(self, path: str) -> _Unused:
        """Return what no test uses; a section whose test did not come to its end is in use."""
        seen, file = self._seen, read_golden(path)
        compared = [title for title, section in file.sections.items() if section.source is None]
        gone = [title for title in file.sections if (path, title) in seen.obsolete]
        if path in seen.titles:
            left = seen.titles[path] - seen.passed.get(path, set())
            free = [title for title in compared if not is_of(title, left)]
            return _Unused(
                gone + [title for title in free if (path, title) not in seen.used], whole=False
            )
        if path not in seen.collected or _may_have_tests(path, self._config):
            return _Unused(gone, whole=False)
        return _Unused(gone + compared, whole=len(compared) == len(file.sections))

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say what was written, and what is unused."""
        counts = [(self._done[kind], word) for kind, word in _DONE.items() if self._done[kind]]
        if counts:
            (first, word), *others = counts
            words = [f"{_goldens(first)} {word}"]
            words += [f"{number} {word}" for number, word in others]
            terminalreporter.write_line(f"pycinspect: {', '.join(words)}")
        for place in self._lost:
            terminalreporter.write_line(f"pycinspect: {place}")
        if self._unused:
            count = sum(unused.number for unused in self._unused.values())
            line = f"pycinspect: goldens: {count} unused ({_OPTION}=trim removes them)"
            terminalreporter.write_line(line, yellow=True)
        for path, unused in self._unused.items():
            for line in self._described(path, unused):
                terminalreporter.write_line(f"    {line}")

    def _described(self, path: str, unused: _Unused) -> Iterator[str]:
        if unused.whole:
            listed = "".join(f" [{title}]" for title in unused.titles)
            yield f"{shown(path)}, the file of no test{':' * bool(listed)}{listed}"
        for title in [] if unused.whole else unused.titles:
            now = self._seen.moved.get((path, title))
            yield f"[{title}] of {shown(path)}" + (f"; [{now}] has the same code" if now else "")


def _goldens(count: int) -> str:
    return f"{count} golden{'s' * (count != 1)}"


def _has_workers(config: pytest.Config) -> bool:
    """Return whether this process is a controller of pytest-xdist: its workers run the tests."""
    return config.pluginmanager.hasplugin("dsession")


def _may_have_tests(path: str, config: pytest.Config) -> bool:
    """Return whether a golden file may be that of tests: of a module that has none today.

    A module can be left out where it is skipped as a whole, or ``collect_ignore`` names it.
    """
    directory = Path(path).parent
    folder = Path(config.getini("pycinspect_golden_dir"))
    if folder.is_absolute() or os.pardir in folder.parts:
        return True
    for part in reversed(folder.parts):
        if directory.name != part:
            return False
        directory = directory.parent
    stem = Path(path).stem
    return any(one.stem == stem and one.suffix != SUFFIX for one in directory.iterdir())
