"""The rules of one tree, sorted by what they look at, and asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple, Self

from pycinspect.auditing.cachefile import Alike, CacheFile
from pycinspect.auditing.deep import is_deep
from pycinspect.auditing.examine import Examined
from pycinspect.auditing.failures import Failures
from pycinspect.auditing.findings import Finding
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.dialects import Dialect

__all__ = ["RuleSet"]

#: Kinds of caches beside the importer's reasons; no reason is spelled like this.
_ORDINARY = "(ordinary)"
#: Ordinary, and for the same reader as another one in the directory.
_ANOTHER = "(another)"

_Check = Callable[[CacheFile], Finding | None]


class _DirectoryRules(NamedTuple):
    """The rules that look at a directory of one kind.

    Args:
        always: those that look at each.
        with_missing: with them, those that look at one in which caches are missing.
    """

    always: list[Rule]
    with_missing: list[Rule]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Self:
        """Sort rules."""
        with_missing = list(rules)
        return cls([rule for rule in with_missing if not rule.needs_missing], with_missing)


class RuleSet:
    """The rules of one tree, sorted by what they look at.

    Args:
        context: what they may know of the tree.
        rules: those that run.
        failures: takes what is unforeseen: a rule that fails does not stop the others.
    """

    def __init__(self, context: Context, rules: Iterable[type[Rule]], failures: Failures) -> None:
        self._root = context.root
        self._packages = context.packages
        self._missing = context.missing
        self._failures = failures
        self._at_start: list[Finding] = []
        self._rules = list(self._made(rules, context))
        self._of_cache = [
            rule for rule in self._rules if type(rule).check_cache is not Rule.check_cache
        ]
        self._of_reader = {rule.id for rule in self._of_cache if rule.looks_at_reader}
        self._of_groups = [
            rule for rule in self._rules if type(rule).check_groups is not Rule.check_groups
        ]
        self._of_payload = [rule for rule in self._rules if is_deep(type(rule))]
        of_directory = [
            rule for rule in self._rules if type(rule).check_directory is not Rule.check_directory
        ]
        self._of_directory = _DirectoryRules.of(of_directory)
        self._of_uncached = _DirectoryRules.of(r for r in of_directory if not r.needs_caches)
        self._of_ordinary = _DirectoryRules.of(
            rule for rule in of_directory if not rule.skips_ordinary_directories
        )
        self._yields_to = {rule.id: rule.yields_to for rule in self._rules if rule.yields_to}
        self._checks: dict[str, list[_Check]] = {}

    def _made(self, rules: Iterable[type[Rule]], context: Context) -> Iterator[Rule]:
        is_archive = context.policy.view.archive_of(context.root) is not None
        for rule in rules:
            if rule.needs_archive and not is_archive:
                continue
            try:
                yield rule(context)
            except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding
                self._at_start += self._failures.of_rule(rule.id, self._root, error)

    def findings(self, directories: list[Directory], examined: list[Examined]) -> list[Finding]:
        """Return what the rules find at some directories, in their order."""
        found = [self._at_directory(directory) for directory in directories]
        for findings, (_, groups) in zip(found, examined, strict=True):
            findings.extend(self._at_groups(groups))
        for findings, (caches, _) in zip(found, examined, strict=True):
            findings.extend(self._at_caches(caches))
        return list(chain.from_iterable(found))

    def note_failures(self, examined: list[Examined]) -> None:
        """Remember which packages cannot be imported."""
        for caches, _ in examined:
            self._packages.note(caches)

    def one_each(self, findings: list[Finding]) -> list[Finding]:
        """Leave out what another finding tells already (:attr:`Rule.yields_to`)."""
        present = {finding.rule for finding in findings}
        yielding = {rule: ids & present for rule, ids in self._yields_to.items() if rule in present}
        yielding = {rule: ids for rule, ids in yielding.items() if ids}
        if not yielding:
            return findings
        others = frozenset[str]().union(*yielding.values())
        told = {(finding.rule, finding.path) for finding in findings if finding.rule in others}
        return [finding for finding in findings if not _is_told(finding, yielding, told)]

    def _at_groups(self, groups: list[Alike]) -> list[Finding]:
        """Return what the rules find when they add up a directory's cache files."""
        findings: list[Finding] = []
        for rule in self._of_groups if groups else ():
            try:
                findings += rule.check_groups(groups)
            except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding
                findings += self._failures.of_rule(rule.id, groups[0].first.path, error)
        return findings

    def _at_caches(self, caches: list[CacheFile]) -> list[Finding]:
        """Return what the rules find at the cache files of a directory."""
        findings: list[Finding] = []
        settled: Dialect | None = None  # rules that look at the reader only find nothing
        for cache in caches:
            kind = cache.judgement.reason
            if cache.is_ordinary:
                kind = _ANOTHER if cache.reader is settled else _ORDINARY
            checks = self._checks.get(kind)
            if checks is None:
                checks = self._checks_for(cache, kind)
            before = len(findings)
            for check in checks:
                try:
                    finding = check(cache)
                except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding
                    findings += self._failures.of_rule(_rule_of(check), cache.path, error)
                    continue
                if finding is not None:
                    findings.append(finding)
            if kind is _ORDINARY and self._of_reader.isdisjoint(f.rule for f in findings[before:]):
                settled = cache.reader
        return findings

    def _checks_for(self, cache: CacheFile, kind: str) -> list[_Check]:
        """Choose, once for each kind of cache, the rules that want to see it."""
        reason = cache.judgement.reason
        checks: list[_Check] = [
            rule.check_cache
            for rule in self._of_cache
            if (not rule.reasons or reason in rule.reasons)
            and not (rule.skips_ordinary and cache.is_ordinary)
            and not (rule.looks_at_reader and kind is _ANOTHER)
        ]
        self._checks[kind] = checks
        return checks

    def _at_directory(self, directory: Directory) -> list[Finding]:
        """Return what the rules find at one directory."""
        findings: list[Finding] = []
        of_kind = self._of_directory
        if directory.cache is None:
            of_kind = self._of_uncached
        elif directory.is_ordinary:
            of_kind = self._of_ordinary
        rules, with_missing = of_kind
        try:
            if len(with_missing) > len(rules) and self._missing.of(directory):
                rules = with_missing
        except Exception as error:  # noqa: BLE001 - a bug is a finding
            findings += self._failures.of_step("looking for caches", directory.path, error)
        for rule in rules:
            try:
                findings += rule.check_directory(directory)
            except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding
                findings += self._failures.of_rule(rule.id, directory.path, error)
        return findings

    def at_payload(self, cache: CacheFile, payload: Payload) -> list[Finding]:
        """Return what the rules find after the header of a cache file."""
        findings: list[Finding] = []
        for rule in self._of_payload:
            try:
                finding = rule.check_payload(cache, payload)
            except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding
                findings += self._failures.of_rule(rule.id, cache.path, error)
                continue
            if finding is not None:
                findings.append(finding)
        return findings

    def finish(self) -> list[Finding]:
        """Return what the rules find in the tree as a whole."""
        findings = self._at_start
        for rule in self._rules:
            try:
                findings += rule.finish()
            except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding
                findings += self._failures.of_rule(rule.id, self._root, error)
        return findings


def _is_told(
    finding: Finding, yielding: Mapping[str, frozenset[str]], told: set[tuple[str, str]]
) -> bool:
    ids = yielding.get(finding.rule)
    if ids is None:
        return False
    home = finding.path if finding.source is None else finding.source
    return any(
        (rule, path) in told for rule in ids for path in (finding.path, os.path.dirname(home))
    )


def _rule_of(check: _Check) -> str:
    rule: Rule = getattr(check, "__self__")  # noqa: B009 - a bound method, says _checks_for
    return rule.id
