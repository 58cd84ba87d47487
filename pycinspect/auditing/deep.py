"""When the payloads of a tree's caches are read, for the rules that look at them.

Reading them takes twenty times as long as reading headers. So, where nothing is said, they
are read only if they are few: what was walked is held back until the tree ends, and when it
turns out that there is too much of it, it goes on to the rules as it is.

What a payload says comes first: a cache that an import cannot load is not fresh, and no
rule shall be told that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from pycinspect.auditing.ahead import Ahead
from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.examine import Examined
from pycinspect.auditing.failures import Failures
from pycinspect.auditing.findings import Finding, Summary
from pycinspect.auditing.known import Known
from pycinspect.auditing.payload import Payload, read_payload
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Outcome, judge_failure
from pycinspect.errors import PycInspectError

__all__ = ["Batch", "Budget", "Decoder", "When", "is_deep", "when_to_decode"]


@dataclass(slots=True)
class Budget:
    """What may still be read of trees of which nothing is said.

    Args:
        size: bytes.
        files: a hostile tree has small ones, and holding them back takes memory.
        names: likewise of everything that lies in the directories.
    """

    size: int = 4 * 1024 * 1024
    files: int = 4096
    names: int = 65536


class Batch(NamedTuple):
    """Some directories with their caches, ready for the rules.

    Args:
        directories: one after the other.
        examined: the caches of each.
        is_deep: their payloads shall be read first.
    """

    directories: list[Directory]
    examined: list[Examined]
    is_deep: bool


class When(Enum):
    """When the payloads of a tree are decoded."""

    NEVER = "not at all"
    AT_ONCE = "each after its directory was looked at"
    IF_FEW = "at the end of the tree, if there are not too many"


def is_deep(rule: type[Rule]) -> bool:
    """Return whether a rule looks at payloads."""
    return rule.check_payload is not Rule.check_payload


def when_to_decode(root: str, policy: Policy, rules: Iterable[type[Rule]]) -> When:
    """Decide for one tree, or file.

    Args:
        root: the tree.
        policy: what is asked for.
        rules: those that run and look at payloads.
    """
    if policy.verify:
        return When.AT_ONCE
    if policy.deep is not None:
        return When.AT_ONCE if policy.deep else When.NEVER
    is_named = any(policy.selection.names(rule.id) for rule in rules)
    return When.AT_ONCE if is_named or not policy.view.is_dir(root) else When.IF_FEW


class Decoder:
    """Reads the payloads of one tree.

    Args:
        when: now, later or never; None where no rule looks at payloads.
        policy: knows the dialects.
        summary: its figures of payloads are counted here.
        budget: of what is read later; shared by all trees of a run.
        check: asks the rules.
        failures: takes what is unforeseen.
        ahead: has some payloads that other processes have read.
        known: has some that were read before.
    """

    def __init__(
        self,
        when: When | None,
        policy: Policy,
        summary: Summary,
        budget: Budget,
        check: Callable[[CacheFile, Payload], list[Finding]],
        *,
        failures: Failures,
        ahead: Ahead,
        known: Known,
    ) -> None:
        self._ahead = ahead
        self._known = known
        self._when = when
        self._dialects = policy.dialects
        self._view = policy.view
        self._summary = summary
        self._budget = budget
        self._check = check
        self._failures = failures
        self._last: tuple[Directory, Directory] | None = None
        self._held: list[Batch] | None = [] if when is When.IF_FEW else None

    @property
    def is_wanted(self) -> bool:
        """Whether a rule looks at payloads."""
        return self._when is not None

    @property
    def at_once(self) -> bool:
        """Whether payloads are read directory by directory."""
        return self._when is When.AT_ONCE

    def take(self, directories: list[Directory], examined: list[Examined]) -> Iterator[Batch]:
        """Yield what is ready for the rules: at once, or nothing as long as it is little."""
        if self.is_wanted:
            self._summary.not_decoded += sum(len(caches) for caches, _ in examined)
        batch = Batch(directories, examined, self._when is When.AT_ONCE)
        if self._held is None:
            yield batch
            return
        self._held.append(batch)
        self._charge(batch)
        budget = self._budget
        if min(budget.size, budget.files, budget.names) < 0:
            held, self._held = self._held, None
            yield from held

    def finish(self) -> Iterator[Batch]:
        """Yield what was held back."""
        held, self._held = self._held or [], None
        for batch in held:
            yield batch._replace(is_deep=True)

    def _charge(self, batch: Batch) -> None:
        budget = self._budget
        for directory, (caches, groups) in zip(batch.directories, batch.examined, strict=True):
            budget.size -= sum(group.size for group in groups)
            budget.files -= len(caches)
            budget.names -= len(directory.sources) + len(directory.others)
            budget.names -= len(directory.subdirectories)

    def decode(self, cache: CacheFile) -> list[Finding]:
        """Read one payload, correct the judgement of its cache, and ask the rules."""
        summary = self._summary
        summary.not_decoded -= 1
        try:
            payload = None if cache.writer is None else self._payload(cache)
        except Exception as error:  # noqa: BLE001 - a bug is a finding
            summary.undecodable += 1
            return self._failures.of_step("reading the payload", cache.path, error)
        if payload is None or payload.header.dialect.unchecked:
            summary.undecodable += 1
            return []
        summary.decoded += 1
        if cache.judgement.outcome is Outcome.LOAD and payload.error is not None:
            assert cache.reader is not None
            raised = judge_failure(payload.error, cache.reader)
            if raised is not None:
                cache.judgement, cache.is_ordinary = raised, False
        found = self._check(self._alone(cache), payload)
        self._known.note(payload)
        return found

    def _payload(self, cache: CacheFile) -> Payload | None:
        payload = self._ahead.take(cache.path)
        if payload is not None and payload.header.dialect is cache.writer:
            return self._if_unchanged(cache, payload)
        try:
            payload = read_payload(cache.path, self._dialects, self._view, self._known.decoded)
        except PycInspectError:  # other rules say what is wrong with the header, or the file
            return None
        return self._if_unchanged(cache, payload)

    def _alone(self, cache: CacheFile) -> CacheFile:
        """Return a cache without its directory's listing: only where it lies counts."""
        if self._last is None or self._last[0] is not cache.directory:
            self._last = cache.directory, _bare(cache.directory)
        return replace(cache, directory=self._last[1])

    def _if_unchanged(self, cache: CacheFile, payload: Payload) -> Payload | None:
        # The judgement is about this header: another file may have come since.
        start = payload.data[: len(cache.start)] if payload.data else cache.start
        return payload if start == cache.start else None


def _bare(directory: Directory) -> Directory:
    """Return a directory without its listing."""
    return replace(
        directory,
        sources={},
        bytecode=(),
        others=frozenset(),
        subdirectories=frozenset(),
        extensions=(),
        cache=None,
        bypassed=None,
        names=frozenset(),
    )
