"""What became of each module of the project: the events of one run."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pycinspect.cache import ImportOptions, Outcome
from pycinspect.dialects import Dialect
from pycinspect.pyc import PYCACHE
from pytest_pycinspect.sandbox.agreement import Agreement
from pytest_pycinspect.sandbox.audit import Caches
from pytest_pycinspect.sandbox.event import CacheEvent, Why, Written
from pytest_pycinspect.sandbox.judging import Expected, Judge
from pytest_pycinspect.sandbox.moments import Moment, Report
from pytest_pycinspect.sandbox.project import Project
from pytest_pycinspect.sandbox.record import Import, Ran, Record
from pytest_pycinspect.sandbox.snapshot import Stamp, take_snapshot

__all__ = ["Inquiry"]

_CACHES = (".pyc", ".pyo")
#: In the names of caches that are pytest's own; ``rewriting`` tells of them.
_OF_PYTEST = "-pytest-"


class _Ending(NamedTuple):
    """How a run ended.

    Args:
        imported: the modules that were new then; None where the process ended without a word.
        raised: what ended the code.
        only: the module that the code imports and does nothing else, so that what was raised is
            what that import raised.
    """

    imported: frozenset[str] | None
    raised: tuple[str, str] | None
    only: str | None

    def has(self, name: str) -> bool:
        return self.imported is not None and name in self.imported


class Inquiry:
    """One import, or one run of code that imports.

    Args:
        project: the files.
        dialect: who imports.
        python: the same for a person.
        options: how it is started.
        digests: marshalled code to its digest, what is known already; decoding it takes
            longer than to import it.
    """

    def __init__(
        self,
        project: Project,
        dialect: Dialect,
        python: str,
        options: ImportOptions,
        *,
        digests: dict[tuple[Dialect, bytes], str] | None = None,
    ) -> None:
        self._project = project
        self._prefix = options.pycache_prefix
        self._agreement = Agreement(dialect, python, {} if digests is None else digests)
        self._record = Record(Judge(project, dialect, options))
        self._start = self._files()

    def _files(self) -> Mapping[str, Stamp]:
        """Return the stamps of the files of the project, and of its caches below the prefix."""
        paths = [*self._project.files()]
        if self._prefix is not None:
            place = os.path.splitdrive(self._project.root)[1].lstrip(os.sep)
            paths += Project(os.path.join(self._prefix, place)).files()
        return take_snapshot(paths, digest=False)

    def hear(self, moment: Moment) -> str | None:
        """Take what a witness tells; see ``record.Record.hear``."""
        return self._record.hear(moment)

    @property
    def bodies(self) -> list[Ran]:
        """Code of the project's files that ran without Python's own importers."""
        return [one for one in self._record.seen if isinstance(one, Ran) and one.code]

    def events(
        self, report: Report | None, *, only: str | None = None, others: Container[str] = ()
    ) -> list[CacheEvent]:
        """Return what happened to the project's modules, in the order of the imports.

        Args:
            report: what was told at the end; None where the process ended without a word.
            only: the module that the code imports and does nothing else, so that what was
                raised is what that import raised.
            others: sources that another importer than Python's own has loaded.

        Raises:
            SandboxDisagreement: pycinspect said otherwise.
        """
        imported = None if report is None else frozenset(report["imported"])
        ending = _Ending(imported, None if report is None else report["raised"], only)
        events = [*self._seen(ending, others)]
        events += self._of_forks()
        events += self._unseen(ending, {event.module for event in events})
        return [*_with_writes(events, [*self._unexplained()])]

    def _seen(self, ending: _Ending, others: Container[str]) -> Iterator[CacheEvent]:
        for one in self._record.seen:
            if isinstance(one, Ran):
                if one.file not in others:
                    yield self._of_body(one)
            elif one.token is not None:
                yield self._of_load(one, ending)
            elif one.path is None or one.path not in others:
                yield from self._of_search(one, ending)

    def _of_load(self, one: Import, ending: _Ending) -> CacheEvent:
        expected = one.expected
        if isinstance(expected, Why):
            return self._agreement.unobserved(one.name, expected)
        if one.after is None:
            why = Why("interrupted", "it was not seen how its loader ended")
            return self._agreement.unobserved(one.name, why, expected.scene.verdict.cache_path)
        raised = ending.raised if one.name == ending.only else None
        return self._agreement.event(one, expected, raised, is_settled=self._is_settled(expected))

    def _is_settled(self, expected: Expected) -> bool:
        """Return whether the files of a module were, at its import, as they were at the start."""
        verdict = expected.scene.verdict
        cache = expected.cache.stamp
        stamps = {
            verdict.cache_path: cache and cache._replace(digest=b""),
            expected.source_path: expected.source,
        }
        paths = {path: stamp for path, stamp in stamps.items() if path is not None}
        return expected.is_in_zip or all(
            self._start.get(path) == stamp for path, stamp in paths.items()
        )

    def _of_search(self, one: Import, ending: _Ending) -> Iterator[CacheEvent]:
        """Yield the event of a module that was looked for, where no loader was seen."""
        expected = one.expected
        is_there = ending.has(one.name) or one.name == ending.only
        if isinstance(expected, Why):
            if is_there and not self._was_loaded(one.name):
                yield self._agreement.unobserved(one.name, expected)
        elif expected.scene.verdict.outcome is Outcome.NOT_FOUND and self._is_foreign(one, ending):
            why = Why("other_finder", "the program has finders of its own, which may have found it")
            yield self._agreement.unobserved(one.name, why)
        elif is_there or one.has_run or _fails(one, expected):
            raised = ending.raised if one.name == ending.only else None
            is_settled = self._is_settled(expected)
            yield self._agreement.event(one, expected, raised, is_settled=is_settled)
        # else only its spec was asked for, or an import of it failed elsewhere

    def _was_loaded(self, name: str) -> bool:
        """Return whether another import of a module was seen to the end."""
        return any(one.token is not None for one in self._record.imports if one.name == name)

    def _is_foreign(self, one: Import, ending: _Ending) -> bool:
        """Return whether a finder of the program's own may have found what Python's do not find."""
        if self._was_loaded(one.name) or not one.environment.foreign:
            return False
        return ending.imported is None or ending.has(one.name)

    def _of_body(self, one: Ran) -> CacheEvent:
        runs = one.runs
        if runs.loader is not None and runs.file is not None:
            sentence = f"it was loaded by {runs.loader}, which was not seen to do that"
            return self._agreement.unobserved(runs.name, Why("other_loader", sentence))
        sentence = "its code ran without an importer, which would look for a cache"
        return CacheEvent(
            module=runs.name,
            outcome="bypassed",
            why=Why("not_imported", sentence),
            written=False,
            pyc=None,
            code_ran=self._agreement.digest(one.code) if one.code else None,
            raised=None,
            python=self._agreement.python,
            scene=None,
        )

    # --- What nobody saw ---------------------------------------------------------------

    def _of_forks(self) -> Iterator[CacheEvent]:
        for name in self._modules_among(self._record.forked):
            why = Why("forked", "a process that was forked from this one looked for it")
            yield self._agreement.unobserved(name, why)

    def _unseen(self, ending: _Ending, told: set[str]) -> Iterator[CacheEvent]:
        """Yield modules that are there at the end, although nobody looked for them."""
        names = (ending.imported or frozenset()) - told - self._record.elsewhere
        for name in self._modules_among(sorted(names)):
            why = Why("unseen", "it is there at the end, and nobody was seen to import it")
            yield self._agreement.unobserved(name, why)

    def _modules_among(self, names: Sequence[str]) -> Iterator[str]:
        modules = frozenset(self._project.modules()) if names else frozenset()
        return (name for name in dict.fromkeys(names) if name in modules)

    def _unexplained(self) -> Iterator[CacheEvent]:
        """Yield caches that were written, by whomever, and not by an import that was seen."""
        changed = {
            path: stamp
            for path, stamp in self._files().items()
            if self._start.get(path) != stamp and _is_of_importer(os.path.basename(path))
        }
        known = self._known() if changed else {}
        for path, stamp in changed.items():
            before = known.get(os.path.realpath(path))
            if before != stamp:
                yield self._written_by_nobody(path, "created" if before is None else "rewritten")

    def _known(self) -> Mapping[str, Stamp]:
        """Return how caches were, without links on the way, when an import was last seen to end."""
        known = {os.path.realpath(path): stamp for path, stamp in self._start.items()}
        for one in self._record.seen:
            if isinstance(one, Import) and isinstance(one.expected, Expected) and one.after:
                path, stamp = one.expected.scene.verdict.cache_path, one.after.cache
                if path and stamp:
                    known[os.path.realpath(path)] = stamp._replace(digest=b"")
        return known

    def _written_by_nobody(self, path: str, written: Written) -> CacheEvent:
        caches = Caches(self._project.root, (), self._prefix)
        is_beside = os.path.basename(os.path.dirname(path)) != PYCACHE
        source = path if is_beside and self._project.has(path) else caches.source_of(path)
        name = self._project.module_of(source or path)
        why = Why("no_witness", f"its cache was {written}, not by an import that was seen")
        return self._agreement.unobserved(name, why, path, written)


def _is_of_importer(name: str) -> bool:
    return name.endswith(_CACHES) and _OF_PYTEST not in name


def _with_writes(events: Sequence[CacheEvent], writes: list[CacheEvent]) -> Iterator[CacheEvent]:
    """Yield events; to those that were not observed belongs what was found to be written."""
    for event in events:
        is_open = event.not_observed and event.written == "unknown"
        own = next((one for one in writes if is_open and one.module == event.module), None)
        if own is not None:
            writes.remove(own)
        yield event if own is None else replace(event, written=own.written, pyc=own.pyc)
    yield from writes


def _fails(one: Import, expected: Expected) -> bool:
    """Return whether an import fails before a body runs."""
    return expected.scene.verdict.exception is not None or isinstance(one.compiled, str)
