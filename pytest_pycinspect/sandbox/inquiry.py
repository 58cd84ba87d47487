"""Ask pycinspect, let the import happen, and compare.

Before the import every module of the project is judged. The import is then observed by
``child.observe`` from outside the importer: which code objects ran, and which files changed. Both
must tell the same, else the sandbox is not to be trusted, and says so.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple, TypedDict

from pycinspect.cache import ImportOptions, Outcome, Refusal, Verdict, judge_module
from pycinspect.compiling import Compilers
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER, Code, unmarshal
from pytest_pycinspect.sandbox.digest import code_digest
from pytest_pycinspect.sandbox.event import CacheEvent, SandboxDisagreement, Scene, Written
from pytest_pycinspect.sandbox.project import Project
from pytest_pycinspect.sandbox.reasons import cache_reason, level_elsewhere, outcome_of, why_of
from pytest_pycinspect.sandbox.snapshot import Look, Stamp, look_at

__all__ = ["Inquiry", "Report", "Request", "compile_own", "exception_text"]

_NO_CACHE = Look(None, b"")
#: What ``child._compiled`` says of a source that cannot be read.
_UNREADABLE = frozenset({"FileNotFoundError", "PermissionError", "IsADirectoryError", "IOError"})
#: Reasons for which no file of the project is imported.
_NOT_OURS = frozenset({"module-not-found", "built-in-module", "frozen-module"})
#: Without these an importer tries to write the caches of what it has compiled.
_NEVER_TRIED = frozenset({None, "write-disabled", "never-writes"})
#: What the loader of an extension module does is not seen.
_NOT_SEEN = "extension-module"


class Request(TypedDict):
    """What ``child.observe`` is asked; see there."""

    code: str
    root: str
    sources: dict[str, str | None]


class Report(TypedDict):
    """What it answers; see there."""

    imported: list[str]
    asked: list[str]
    bodies: list[str]
    ran: list[tuple[str, str, bytes]]
    compiled: dict[str, bytes | str]
    raised: tuple[str, str] | None


def compile_own(source: bytes, path: str, dialect: Dialect, optimize: int, /) -> Refusal | None:
    """Answer as a ``cache.SourceCompiler``, in this process.

    The modules of a sandbox are the test's own program, which is imported anyway; so they
    are not compiled in a process with limits, which takes longer than the import.
    """
    if dialect.magic != DIALECTS.running().magic:
        raise PycInspectError("no-interpreter", f"{dialect.name} is asked by the import itself")
    with Compilers(trusted=True) as compilers:
        return compilers.refusal(source, path, optimize=optimize)


class Expected(NamedTuple):
    """A module before the import.

    Args:
        scene: pycinspect's verdict, and what it is about.
        reason: what is wrong with the cache.
        other_level: see ``reasons.level_elsewhere``.
        cache: as it was.
    """

    scene: Scene
    reason: str
    other_level: int | None
    cache: Look


class Observed(NamedTuple):
    """A module after the import; code objects are known by their digests.

    Args:
        ran: the code that ran, None where none did.
        compiled: what the source compiles to now, None where it does not, or is not there.
        source_failed: the exception that compiling the source raises, None where it does not.
        raised: type and text of what the import raised, None where it did not or nobody knows.
        changed: what became of the cache.
    """

    ran: str | None
    compiled: str | None
    source_failed: str | None
    raised: tuple[str, str] | None
    changed: Written


class Inquiry:
    """One import, or one run of code that imports.

    Args:
        project: the files.
        dialect: who imports.
        python: the same for a person.
        options: how it is started.
        names: modules that are asked for although no file may have their name.
        digests: marshalled code to its digest, what is known already; decoding it takes
            longer than to import it.
    """

    def __init__(
        self,
        project: Project,
        dialect: Dialect,
        python: str,
        options: ImportOptions,
        names: Iterable[str] = (),
        *,
        digests: dict[tuple[Dialect, bytes], str] | None = None,
    ) -> None:
        self._project = project
        self._dialect = dialect
        self._python = python
        self._options = options
        self._digests = {} if digests is None else digests
        modules = dict.fromkeys([*names, *project.modules(), *self._mirrored()])
        self._expected = {name: self._expect(name) for name in modules}

    def _mirrored(self) -> Iterator[str]:
        """Yield the names of the modules that have caches below the prefix."""
        prefix = self._options.pycache_prefix
        if prefix is not None:
            place = os.path.splitdrive(self._project.root)[1].lstrip(os.sep)
            yield from Project(os.path.join(prefix, place)).modules()

    def _expect(self, name: str) -> Expected:
        options = self._options
        verdict = judge_module(
            name, [self._project.root], self._dialect, options, compiler=compile_own
        )
        cache = _NO_CACHE if verdict.cache_path is None else look_at(verdict.cache_path)
        return Expected(
            Scene(verdict, options, cache.content[:LONGEST_HEADER], _status(_source(verdict))),
            cache_reason(verdict, options),
            level_elsewhere(verdict, options),
            cache,
        )

    def verdict(self, name: str) -> Verdict:
        """Return pycinspect's verdict of a module that was asked for by name."""
        return self._expected[name].scene.verdict

    def request(self, code: str) -> Request:
        """Return what ``child.observe`` is asked."""
        sources = {name: _source(self.verdict(name)) for name in self._expected}
        return Request(code=code, root=self._project.root, sources=sources)

    def events(
        self, report: Report, *, only: str | None = None, others: Container[str] = ()
    ) -> dict[str, CacheEvent]:
        """Return what happened to the project's modules, in the order of the imports.

        Args:
            report: the answer to the request.
            only: the module that the code imports and does nothing else, so that what was
                raised is what that import raised.
            others: sources that another importer than Python's own has loaded.
            others: sources that another importer than Python's own has loaded.

        Raises:
            SandboxDisagreement: pycinspect said otherwise.
        """
        # Of a module that ran twice, the first time.
        ran = {name: code for name, _, code in reversed(report["ran"])}
        events = {}
        for name in dict.fromkeys([*report["asked"], *ran]):
            expected = self._expected.get(name)
            if expected is None or expected.reason in _NOT_OURS:
                continue
            if expected.scene.verdict.found.path in others:
                continue
            raised = report["raised"] if name == only else None
            observed = self._observed(expected, name, report, ran.get(name), raised)
            was_imported = name in ran or name in report["imported"] or name == only
            if was_imported or expected.scene.verdict.exception or observed.source_failed:
                self._compare(name, expected, observed)
                events[name] = self._event(name, expected, observed)
            # else only its spec was asked for, or an import of it failed elsewhere
        return events

    def _observed(
        self,
        expected: Expected,
        name: str,
        report: Report,
        ran: bytes | None,
        raised: tuple[str, str] | None,
    ) -> Observed:
        compiled = report["compiled"].get(name)
        path = expected.scene.verdict.cache_path
        return Observed(
            ran=None if ran is None else self._digest(ran),
            compiled=self._digest(compiled) if isinstance(compiled, bytes) else None,
            source_failed=compiled if isinstance(compiled, str) else None,
            raised=raised,
            changed=False if path is None else _changed(expected.cache.stamp, look_at(path).stamp),
        )

    def _digest(self, data: bytes, offset: int = 0) -> str:
        key = (self._dialect, data[offset:])
        if key not in self._digests:
            value, _ = unmarshal(data, self._dialect, offset=offset)
            assert isinstance(value, Code), "marshalled by child.py, or judged to be one"
            self._digests[key] = code_digest(value)
        return self._digests[key]

    # --- Agreement -------------------------------------------------------------------

    def _compare(self, name: str, expected: Expected, observed: Observed) -> None:
        """Raise SandboxDisagreement unless pycinspect said what was then seen."""
        verdict = expected.scene.verdict
        if verdict.reason == _NOT_SEEN:
            return
        differences = [
            *self._other_code(verdict, expected, observed),
            *_other_exception(verdict, observed),
            *_other_write(verdict, observed),
        ]
        if differences:
            message = (
                f"{name}: pycinspect says: {verdict.message} The import, by Python"
                f" {self._python}: {'; '.join(differences)}. Did the code change the project"
                " while it was running? If not, please report it."
            )
            raise SandboxDisagreement("sandbox-disagreement", message)

    def _other_code(
        self, verdict: Verdict, expected: Expected, observed: Observed
    ) -> Iterator[str]:
        wanted = None
        if verdict.outcome is Outcome.LOAD:
            layout = self._dialect.header
            assert layout is not None
            wanted = self._digest(expected.cache.content, layout.size)
        elif verdict.outcome is Outcome.RECOMPILE or verdict.reason == "no-cache-tag":
            wanted = observed.compiled
        if observed.ran != wanted:
            yield f"it ran {_code(observed.ran)}, not {_code(wanted)}"

    def _event(self, name: str, expected: Expected, observed: Observed) -> CacheEvent:
        verdict = expected.scene.verdict
        differs = observed.ran != observed.compiled and observed.source_failed not in _UNREADABLE
        outcome = outcome_of(expected.reason, verdict, source_differs=differs)
        return CacheEvent(
            module=name,
            outcome=outcome,
            why=why_of(verdict, outcome, self._options, expected.other_level),
            written=_written(verdict, observed),
            pyc=verdict.cache_path,
            code_ran=observed.ran,
            raised=_raised(verdict, observed),
            python=self._python,
            scene=expected.scene,
        )


def _source(verdict: Verdict) -> str | None:
    path = verdict.found.path
    return None if verdict.found.is_bytecode or path is None or os.path.isdir(path) else path


def _status(source: str | None) -> os.stat_result | None:
    try:
        return None if source is None else os.stat(source)
    except OSError:  # it was there a moment ago
        return None


def _changed(before: Stamp | None, after: Stamp | None) -> Written:
    if before == after or after is None:
        return False
    return "created" if before is None else "rewritten"


def _code(digest: str | None) -> str:
    return "no code" if digest is None else f"the code {digest[:12]}"


def _other_exception(verdict: Verdict, observed: Observed) -> Iterator[str]:
    """Yield where the import raised something else; what a body raises is its own affair."""
    raised = None if observed.raised is None else observed.raised[0]
    wanted = verdict.exception
    if observed.ran is None and observed.raised is not None and wanted is None:
        wanted = observed.source_failed
    if wanted != raised and observed.raised is not None and observed.ran is None:
        yield f"it raised {raised}, not {wanted or 'nothing'}"


def _other_write(verdict: Verdict, observed: Observed) -> Iterator[str]:
    is_due = verdict.writes is not None and observed.source_failed is None
    if is_due != bool(observed.changed):
        yield f"the cache was {observed.changed or 'not written'}"


def _written(verdict: Verdict, observed: Observed) -> Written:
    is_hindered = verdict.hindrance not in _NEVER_TRIED and observed.source_failed is None
    return "failed" if is_hindered and not observed.changed else observed.changed


def exception_text(raised: tuple[str, str] | None) -> str | None:
    """Return an exception as the last line of a traceback has it, None for none."""
    if raised is None:
        return None
    kind, text = raised
    return f"{kind}: {text}" if text else kind


def _raised(verdict: Verdict, observed: Observed) -> str | None:
    if observed.raised is not None:
        return exception_text(observed.raised)
    if verdict.exception is not None or observed.ran is not None:
        return verdict.exception
    return observed.source_failed
