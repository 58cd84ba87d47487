"""Did what was seen agree with what pycinspect said? If so, it is an event.

What ran and which files changed is seen from outside the importer. It must be what was said, else
the sandbox is not to be trusted, and says so: unless somebody else may have changed the files in
between, when it was not observed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pycinspect.cache import Outcome, Verdict
from pycinspect.dialects import Dialect
from pycinspect.pyc import Code, unmarshal
from pycinspect.values import InvalidationMode
from pytest_pycinspect.sandbox.digest import code_digest
from pytest_pycinspect.sandbox.event import CacheEvent, SandboxDisagreement, Why, Written
from pytest_pycinspect.sandbox.judging import Expected
from pytest_pycinspect.sandbox.reasons import outcome_of, why_of
from pytest_pycinspect.sandbox.record import After, Import
from pytest_pycinspect.sandbox.snapshot import Stamp

__all__ = ["Agreement", "Observed", "exception_text"]

#: What reading a source raises, which says nothing of what is in it.
_UNREADABLE = frozenset({"FileNotFoundError", "PermissionError", "IsADirectoryError", "IOError"})
#: What compiling raises for what is in a source.
_OF_SOURCE = frozenset({"SyntaxError", "IndentationError", "TabError"})
#: What is raised for want of room, or of descriptors, says nothing of the source, either.
_NO_ANSWER = frozenset({"RecursionError", "MemoryError", "OSError"})
#: Without these an importer tries to write the caches of what it has compiled.
_NEVER_TRIED = frozenset({None, "write-disabled", "never-writes", "in-zip"})
#: See ``moments.Loaded``.
_DISTURBED = "?"
#: Functions of a loader in which the system can refuse something.
_READS, _WRITES = "get_data", "_write_atomic"
#: What the loader of an extension module does is not seen.
_NOT_SEEN = "extension-module"


class Observed(NamedTuple):
    """A module after the import; code objects are known by their digests.

    Args:
        got: the code that the loader got, None where it raised.
        compiled: what the source compiles to, None where it does not, or is not known.
        source_failed: the exception that compiling the source raises, None where it does not.
        is_known: what the source compiles to was asked, and answered.
        raised: type and text of what the import raised, None where it did not or nobody knows.
        changed: what became of the cache.
        has_failed: the system refused to write it, for what is not seen from outside (a full disk).
    """

    got: str | None
    compiled: str | None
    source_failed: str | None
    is_known: bool
    raised: tuple[str, str] | None
    changed: Written
    has_failed: bool


def exception_text(raised: tuple[str, str] | None) -> str | None:
    """Return an exception as the last line of a traceback has it, None for none."""
    if raised is None:
        return None
    kind, text = raised
    return f"{kind}: {text}" if text else kind


@dataclass(frozen=True, slots=True)
class Agreement:
    """Makes events of imports, if what was seen of them is what pycinspect said.

    Args:
        dialect: who imported.
        python: the same for a person.
        digests: marshalled code to its digest, what is known already.
    """

    dialect: Dialect
    python: str
    digests: dict[tuple[Dialect, bytes], str] = field(default_factory=dict)

    def digest(self, data: bytes, offset: int = 0) -> str:
        """Return the digest of marshalled code."""
        key = (self.dialect, data[offset:])
        if key not in self.digests:
            value, _ = unmarshal(data, self.dialect, offset=offset)
            assert isinstance(value, Code), "marshalled by the witness, or judged to be one"
            self.digests[key] = code_digest(value)
        return self.digests[key]

    def event(
        self,
        one: Import,
        expected: Expected,
        raised: tuple[str, str] | None,
        *,
        is_settled: bool,
    ) -> CacheEvent:
        """Return what happened at an import.

        Args:
            one: what was seen of it.
            expected: what pycinspect said.
            raised: type and text of what the import raised, None where it did not or nobody knows.
            is_settled: the files were not changed while the program ran, before this import.

        Raises:
            SandboxDisagreement: pycinspect said otherwise, and nobody else can have changed that.
        """
        observed = self._observed(one, expected, raised)
        verdict = expected.scene.verdict
        if verdict.outcome is Outcome.LOAD and expected.source_path and not observed.is_known:
            why = Why("not_compiled", "what its source compiles to could not be asked")
            return self.unobserved(one.name, why, verdict.cache_path)
        differences = [*self._differences(expected, observed, one.after)]
        if differences:
            may_be_ours = is_settled and not one.environment.company
            found = _interference(one, expected)
            if found is None and may_be_ours:
                self._disagree(one.name, verdict, differences)
            why = found or _changed_meanwhile(differences)
            return self.unobserved(one.name, why, verdict.cache_path)
        return self._event(one, expected, observed)

    def unobserved(
        self, name: str, why: Why, pyc: str | None = None, written: Written = "unknown"
    ) -> CacheEvent:
        """Return the event that says why nothing can be said."""
        return CacheEvent(name, "not_observed", why, written, pyc, None, None, self.python, None)

    def _observed(
        self, one: Import, expected: Expected, raised: tuple[str, str] | None
    ) -> Observed:
        compiled = None if _says_nothing(one) else one.compiled
        after = None if one.after is None else one.after.cache
        is_file = expected.scene.verdict.cache_path is not None
        return Observed(
            got=None if one.code is None else self.digest(one.code),
            compiled=self.digest(compiled) if isinstance(compiled, bytes) else None,
            source_failed=compiled if isinstance(compiled, str) else None,
            is_known=compiled is not None,
            raised=raised,
            changed=_changed(expected.cache.stamp, after) if is_file and one.after else False,
            has_failed=_WRITES in one.refused,
        )

    # --- Agreement -------------------------------------------------------------------

    def _disagree(self, name: str, verdict: Verdict, differences: list[str]) -> None:
        message = (
            f"{name}: pycinspect says: {verdict.message} The import, by Python {self.python}:"
            f" {'; '.join(differences)}. Please report it, unless another process has changed the"
            " files meanwhile."
        )
        raise SandboxDisagreement("sandbox-disagreement", message)

    def _differences(
        self, expected: Expected, observed: Observed, after: After | None
    ) -> Iterator[str]:
        verdict = expected.scene.verdict
        if verdict.reason == _NOT_SEEN:
            return
        yield from self._other_code(verdict, expected, observed)
        yield from _other_exception(verdict, observed)
        yield from _other_write(verdict, observed)
        if after is not None and observed.changed:
            yield from _other_facts(verdict, after)

    def _other_code(
        self, verdict: Verdict, expected: Expected, observed: Observed
    ) -> Iterator[str]:
        wanted = None
        if verdict.outcome is Outcome.LOAD:
            layout = self.dialect.header
            assert layout is not None
            wanted = self.digest(expected.cache.content, layout.size)
        elif verdict.outcome is Outcome.RECOMPILE or verdict.reason == "no-cache-tag":
            if not observed.is_known:
                return
            wanted = observed.compiled
        if observed.got != wanted:
            yield f"it got {_code(observed.got)}, not {_code(wanted)}"

    def _event(self, one: Import, expected: Expected, observed: Observed) -> CacheEvent:
        verdict, options = expected.scene.verdict, expected.scene.options
        differs = observed.got != observed.compiled and observed.source_failed not in _UNREADABLE
        outcome = outcome_of(expected.reason, verdict, source_differs=differs)
        return CacheEvent(
            module=one.name,
            outcome=outcome,
            why=why_of(verdict, outcome, options, expected.other_level),
            written=_written(verdict, observed),
            pyc=verdict.cache_path,
            code_ran=observed.got if one.has_run else None,
            raised=_raised(verdict, observed),
            python=self.python,
            scene=expected.scene,
            cache=None if one.after is None else one.after.facts,
        )


def _says_nothing(one: Import) -> bool:
    """Return whether what compiling raised was not about the source."""
    compiled = one.compiled
    if not isinstance(compiled, str) or compiled in _OF_SOURCE | _UNREADABLE:
        return False
    return compiled in _NO_ANSWER or one.environment.company  # an audit hook may raise anything


def _interference(one: Import, expected: Expected) -> Why | None:
    """Return what got in between an importer and its files, None for nothing that was seen."""
    if _DISTURBED in one.refused:
        return Why("interrupted", "code of the program's own ran in the midst of it")
    if one.refused.count(_READS) > (expected.cache.stamp is None):
        return Why("refused", "the system did not let it read a file that can be read")
    return None


def _changed_meanwhile(differences: Sequence[str]) -> Why:
    sentence = f"something else changed it while it was imported: {'; '.join(differences)}"
    return Why("changed_meanwhile", sentence)


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
    if observed.got is None and observed.raised is not None and wanted is None:
        wanted = observed.source_failed
    if wanted != raised and observed.raised is not None and observed.got is None:
        yield f"it raised {raised}, not {wanted or 'nothing'}"


def _other_write(verdict: Verdict, observed: Observed) -> Iterator[str]:
    is_due = verdict.writes is not None and observed.source_failed is None
    if is_due and observed.has_failed and not observed.changed:
        return
    if is_due != bool(observed.changed):
        yield f"the cache was {observed.changed or 'not written'}"


def _other_facts(verdict: Verdict, after: After) -> Iterator[str]:
    """Yield what a written cache has otherwise than it was said."""
    if verdict.writes is None or after.facts is None:
        return
    if os.name == "posix" and after.facts.mode != verdict.writes.mode:
        yield f"its mode is {after.facts.mode:#o}, not {verdict.writes.mode:#o}"
    if after.facts.invalidation != _TIED[verdict.writes.flags]:
        yield f"its flags say {after.facts.invalidation}"


#: Flags that are written to how the cache is tied; none are in headers up to 3.6.
_TIED = {
    None: InvalidationMode.TIMESTAMP,
    0b00: InvalidationMode.TIMESTAMP,
    0b01: InvalidationMode.UNCHECKED_HASH,
    0b11: InvalidationMode.CHECKED_HASH,
}


def _written(verdict: Verdict, observed: Observed) -> Written:
    is_hindered = verdict.hindrance not in _NEVER_TRIED and observed.source_failed is None
    is_hindered = is_hindered or observed.has_failed
    return "failed" if is_hindered and not observed.changed else observed.changed


def _raised(verdict: Verdict, observed: Observed) -> str | None:
    if observed.raised is not None:
        return exception_text(observed.raised)
    if verdict.exception is not None or observed.got is not None:
        return verdict.exception
    return observed.source_failed
