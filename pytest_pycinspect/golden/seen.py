"""What a process saw of a session's goldens, and of which of its tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_pycinspect.golden.goldens import Goldens
from pytest_pycinspect.golden.places import place_of
from pytest_pycinspect.golden.update import Edit
from pytest_pycinspect.session import COLLECTED

__all__ = ["Seen"]

_FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


@dataclass
class Seen:
    """What processes saw of the session's tests.

    Args:
        edits: what is to be written.
        used: paths and titles of sections that were compared.
        obsolete: likewise, of those whose code is gone.
        moved: likewise, of those that are no test's, and the title of the test that has the same.
        collected: paths of the golden files that pytest found.
        titles: path of a golden file to the titles of the tests that were to run.
        passed: likewise, of those that came to their ends.
        partial: paths of golden files of whose tests some were not to run.
        is_known: all tests are known: they were collected, and no process crashed.
        is_full: all tests below some directories were to run.
    """

    edits: list[Edit] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    obsolete: set[tuple[str, str]] = field(default_factory=set)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    collected: set[str] = field(default_factory=set)
    titles: dict[str, set[str]] = field(default_factory=dict)
    passed: dict[str, set[str]] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)
    is_known: bool = True
    is_full: bool = True

    def sendable(self) -> list[Any]:
        """Return it as what execnet can send."""
        return [
            [tuple(edit) for edit in self.edits],
            [*self.used],
            [*self.obsolete],
            [*self.moved.items()],
            [*self.collected],
            [(path, [*titles]) for path, titles in self.titles.items()],
            [(path, [*titles]) for path, titles in self.passed.items()],
            [*self.partial],
            self.is_known,
            self.is_full,
        ]

    def add(self, sent: list[Any]) -> None:
        """Add what a worker saw."""
        edits, used, obsolete, moved, collected, titles, passed, partial, *flags = sent
        self.edits += [Edit(*edit) for edit in edits]
        self.used.update(map(tuple, used))
        self.obsolete.update(map(tuple, obsolete))
        self.moved.update({tuple(key): title for key, title in moved})
        self.collected.update(collected)
        for known, more in ((self.titles, titles), (self.passed, passed)):
            for path, names in more:
                known.setdefault(path, set()).update(names)
        self.partial.update(partial)
        self._flag(*flags)

    def _flag(self, is_known: bool, is_full: bool) -> None:  # noqa: FBT001 - as they are sent
        self.is_known &= is_known
        self.is_full &= is_known and is_full

    def look(self, goldens: Goldens, session: pytest.Session, passed: set[str]) -> None:
        """Add what this process saw.

        Args:
            goldens: of this process.
            session: with its tests.
            passed: identifiers of the tests that came to their ends.
        """
        self.edits += [e for e in goldens.edits.values() if (e.path, e.title) not in goldens.twice]
        self.used |= goldens.used
        self.obsolete |= goldens.obsolete
        self.moved |= goldens.moved
        self.collected |= goldens.collected
        scope = TestsThatRun.of(session)
        self._flag(scope.is_known, scope.is_full)
        for item in scope.collected:
            place = place_of(item)
            if item not in scope.selected or scope.is_named(item):
                self.partial.add(place.path)
            elif isinstance(item, pytest.Function):
                self.titles.setdefault(place.path, set()).add(place.title)
                if item.nodeid in passed:
                    self.passed.setdefault(place.path, set()).add(place.title)


class TestsThatRun(NamedTuple):
    """Which tests run of those that there are.

    Args:
        collected: all tests that were found.
        selected: those that are to run.
        parts: files of which the command line names single tests; None for any file.
        is_known: there are no others, as far as anybody can say.
        is_full: all below some directories run.
    """

    collected: list[pytest.Item]
    selected: frozenset[pytest.Item]
    parts: frozenset[Path] | None
    is_known: bool
    is_full: bool

    @classmethod
    def of(cls, session: pytest.Session) -> TestsThatRun:
        """Return that of a session."""
        config = session.config
        collected, failed = config.stash.get(COLLECTED, ([], 1))
        selected = frozenset(session.items)
        is_known = not failed and not config.option.collectonly
        is_full = (
            len(selected) == len(collected)
            and not _is_filtered(config)
            and all(path.is_dir() for path in _absolute(config, config.args))
            and session.exitstatus in _FINISHED
        )
        return cls(collected, selected, _parts(config), is_known, is_full)

    def is_named(self, item: pytest.Item) -> bool:
        """Return whether the command line may name but some tests of the file of this one."""
        return self.parts is None or item.path.resolve() in self.parts


def _is_filtered(config: pytest.Config) -> bool:
    """Return whether tests are left out without a word: ``--last-failed`` collects no others."""
    return bool(config.getoption("lf", default=False))


def _absolute(config: pytest.Config, args: Iterable[str]) -> Iterator[Path]:
    return (Path(config.invocation_params.dir, arg) for arg in args)


def _parts(config: pytest.Config) -> frozenset[Path] | None:
    """Return the files of which single tests are named, None where it may be any file."""
    named = [file for file, colons, _ in (arg.partition("::") for arg in config.args) if colons]
    files = [*_absolute(config, named)]
    if _is_filtered(config) or not all(file.exists() for file in files):
        return None  # a module's name (--pyargs) may be any file's
    return frozenset(file.resolve() for file in files)
