"""When the payloads of a tree's caches are read, for the rules that look at them.

Reading them takes twenty times as long as reading headers. So, where nothing is said, they
are read only if they are few: caches are remembered while the tree is walked, and when it
turns out that they are too many, all are forgotten.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from pycinspect.auditing.examine import Examined
from pycinspect.auditing.failures import Failures
from pycinspect.auditing.findings import Finding, Summary
from pycinspect.auditing.payload import Payload, read_payload
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rule import CacheFile, Rule
from pycinspect.errors import PycInspectError

__all__ = ["Budget", "Decoder", "When", "is_deep", "when_to_decode"]


@dataclass(slots=True)
class Budget:
    """What may still be read of trees of which nothing is said.

    Args:
        size: bytes.
        files: a hostile tree has small ones, and remembering them takes memory.
    """

    size: int = 4 * 1024 * 1024
    files: int = 4096


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
    if policy.deep is not None:
        return When.AT_ONCE if policy.deep else When.NEVER
    is_named = any(policy.selection.names(rule.id) for rule in rules)
    return When.AT_ONCE if is_named or not os.path.isdir(root) else When.IF_FEW


class Decoder:
    """Reads the payloads of one tree.

    Args:
        when: now, later or never; None where no rule looks at payloads.
        policy: knows the dialects.
        summary: its figures of payloads are counted here.
        budget: of what is read later; shared by all trees of a run.
        check: asks the rules.
        failures: takes what is unforeseen.
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
    ) -> None:
        self._when = when
        self._dialects = policy.dialects
        self._summary = summary
        self._budget = budget
        self._check = check
        self._failures = failures
        self._later: list[CacheFile] | None = [] if when is When.IF_FEW else None

    @property
    def is_wanted(self) -> bool:
        """Whether a rule looks at payloads."""
        return self._when is not None

    @property
    def at_once(self) -> bool:
        """Whether payloads are read directory by directory."""
        return self._when is When.AT_ONCE

    def take(self, examined: Iterable[Examined]) -> Iterator[list[Finding]]:
        """Yield what is found in the caches of some directories, file by file, or wait."""
        for caches, groups in examined:
            self._summary.not_decoded += len(caches)
            if self._later is not None:
                self._remember(caches, sum(group.size for group in groups))
            elif self._when is When.AT_ONCE:
                yield from map(self._decode, _alone(caches))

    def finish(self) -> Iterator[list[Finding]]:
        """Yield what is found in the caches that were remembered."""
        later, self._later = self._later or [], None
        yield from map(self._decode, later)

    def _remember(self, caches: list[CacheFile], size: int) -> None:
        self._budget.size -= size
        self._budget.files -= len(caches)
        if self._budget.size < 0 or self._budget.files < 0:
            self._later = None
        elif self._later is not None:
            self._later += _alone(caches)

    def _decode(self, cache: CacheFile) -> list[Finding]:
        summary = self._summary
        summary.not_decoded -= 1
        try:
            payload = None if cache.writer is None else self._payload(cache)
        except Exception as error:  # noqa: BLE001 - a bug is a finding
            summary.undecodable += 1
            return self._failures.of_step("reading the payload", cache.path, error)
        if payload is None:
            summary.undecodable += 1
            return []
        summary.decoded += 1
        return self._check(cache, payload)

    def _payload(self, cache: CacheFile) -> Payload | None:
        try:
            payload = read_payload(cache.path, self._dialects)
        except PycInspectError:  # other rules say what is wrong with the header, or the file
            return None
        # The judgement is about this header: another file may have come since.
        start = payload.data[: len(cache.start)] if payload.data else cache.start
        return payload if start == cache.start else None


def _alone(caches: list[CacheFile]) -> Iterator[CacheFile]:
    """Yield a directory's caches without its listing, which may be as large as it likes."""
    if not caches:
        return
    directory = caches[0].directory
    bare = replace(directory, sources={}, bytecode=(), others=frozenset(), cache=None)
    for cache in caches:
        yield replace(cache, directory=bare)
