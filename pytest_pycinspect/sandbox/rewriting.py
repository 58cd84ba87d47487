"""The caches of pytest's own importer: of modules whose assertions are rewritten.

They are called ``test_m.cpython-313-pytest-9.2.0.pyc`` and lie beside the ordinary ones
(``_pytest/assertion/rewrite.py: AssertionRewritingHook.exec_module``). pytest takes one whose
header says so, as Python does, if it has the flags that this pytest writes; whatever else is wrong
with it, it is made anew: nothing is raised.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pycinspect.cache import FinderKind, Found, ImportOptions, Outcome, Verdict
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import LONGEST_HEADER, Code, unmarshal
from pytest_pycinspect.sandbox.audit import Caches
from pytest_pycinspect.sandbox.digest import code_digest
from pytest_pycinspect.sandbox.event import CacheEvent, SandboxDisagreement, Scene, Written
from pytest_pycinspect.sandbox.project import Project
from pytest_pycinspect.sandbox.reasons import outcome_of, why_of
from pytest_pycinspect.sandbox.record import Ran
from pytest_pycinspect.sandbox.snapshot import Look, look_at

__all__ = ["Rewriting"]

_MARK = "-pytest-"
#: What a rewritten module imports under this name, ``rewrite_asserts`` puts first.
_REWRITTEN = "@pytest_ar"
_FLAGS = slice(4, 8)


class Rewriting:
    """One run of pytest in the project, seen from before and after.

    Args:
        project: its files.
        dialect: who runs pytest.
        python: the same for a person.
        options: how it is started.
    """

    def __init__(
        self, project: Project, dialect: Dialect, python: str, options: ImportOptions
    ) -> None:
        self._project = project
        self._dialect = dialect
        self._python = python
        self._options = options
        self._caches = Caches(project.root, (), options.pycache_prefix)
        self._before = {path: (look_at(path), self._verdict(path)) for path in self._paths()}

    def _paths(self) -> Iterator[str]:
        yield from (path for path in self._caches.paths() if _MARK in os.path.basename(path))

    def _verdict(self, path: str) -> Verdict | None:
        """Return what pytest does with a cache; one whose code is damaged is made anew."""
        verdict = self._caches.verdict(path)
        if verdict is None or self._dialect.header is None or verdict.outcome is Outcome.NOT_FOUND:
            return verdict
        if verdict.outcome is Outcome.LOAD:
            try:
                self._code(look_at(path).content, self._dialect.header.size)
            except PycInspectError as error:
                reason, text = f"payload-{error.slug}", str(error)
                return replace(verdict, outcome=Outcome.RECOMPILE, reason=reason, actual=text)
        return replace(verdict, outcome=_SWALLOWED.get(verdict.outcome, verdict.outcome))

    def _code(self, data: bytes, offset: int = 0) -> Code:
        value, _ = unmarshal(data, self._dialect, offset=offset)
        if not isinstance(value, Code):
            raise PycInspectError("not-code", type(value).__name__)
        return value

    def events(self, bodies: Iterable[Ran]) -> dict[str, CacheEvent]:
        """Return what happened to the modules that pytest rewrote, by their sources' paths.

        Args:
            bodies: code that ran without Python's own importers.

        Raises:
            SandboxDisagreement: pycinspect said otherwise.
        """
        caches = {self._caches.source_of(path): path for path in [*self._before, *self._paths()]}
        events = {}
        for body in bodies:
            source, code = body.file, self._code(body.code)
            if source not in events and (source in caches or _REWRITTEN in code.names):
                events[source] = self._event(source, caches.get(source), code_digest(code))
        return events

    def _event(self, source: str, cache: str | None, ran: str) -> CacheEvent:
        absent = Verdict(
            self._dialect,
            Found(FinderKind.SOURCE, source),
            cache,
            Outcome.RECOMPILE,
            "cache-absent",
        )
        before, verdict = self._before.get(cache or "", (Look(None, b""), absent))
        after = Look(None, b"") if cache is None else look_at(cache)
        verdict = _with_flags(verdict or absent, before.content, after.content)
        written = _written(before, after)
        self._compare(verdict, written, before, ran)
        if self._options.dont_write_bytecode and not written:
            sentence = "writing bytecode is switched off (-B)"
            verdict = replace(verdict, hindrance="write-disabled", not_written=sentence)
        outcome = outcome_of(verdict.reason, verdict, source_differs=False)
        return CacheEvent(
            module=self._project.module_of(source),
            outcome=outcome,
            why=why_of(verdict, outcome, self._options, None),
            written=written,
            pyc=cache,
            code_ran=ran,
            raised=None,
            python=self._python,
            scene=Scene(verdict, self._options, before.content[:LONGEST_HEADER], os.stat(source)),
        )

    def _compare(self, verdict: Verdict, written: Written, before: Look, ran: str) -> None:
        """Raise SandboxDisagreement unless a cache that is fresh, and no other, was taken."""
        if verdict.outcome is not Outcome.LOAD:
            return
        layout = self._dialect.header
        assert layout is not None
        cached = code_digest(self._code(before.content, layout.size))
        if written or ran != cached:
            message = (
                f"pytest, by Python {self._python}, ran the code {ran[:12]} and left the cache"
                f" {written or 'as it was'}; pycinspect says: {verdict.message}"
            )
            raise SandboxDisagreement("sandbox-disagreement", message)


#: What Python raises pytest swallows.
_SWALLOWED: Mapping[Outcome, Outcome] = {Outcome.RAISE: Outcome.RECOMPILE}


def _with_flags(verdict: Verdict, before: bytes, after: bytes) -> Verdict:
    """Return the verdict where pytest refuses flags that it does not write itself."""
    ours, theirs = after[_FLAGS], before[_FLAGS]
    if verdict.outcome is not Outcome.LOAD or ours == theirs:
        return verdict
    expected, actual = (f"{int.from_bytes(flags, 'little'):#x}" for flags in (ours, theirs))
    return replace(
        verdict,
        outcome=Outcome.RECOMPILE,
        reason="reserved-flags",
        expected=expected,
        actual=actual,
    )


def _written(before: Look, after: Look) -> Written:
    if before.stamp == after.stamp:
        return False
    return "created" if before.stamp is None else "rewritten"
