"""Findings of one rule as one thing: how many there are, and the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pycinspect.auditing import Finding, Rule, Severity

__all__ = ["Group", "Groups", "is_cause"]


def is_cause(finding: Finding, rule: type[Rule] | None) -> bool:
    """Return whether a finding explains those of a whole tree, and needs an action."""
    return rule is not None and rule.about_tree and finding.severity is not Severity.INFO


@dataclass(slots=True)
class Group:
    """The findings of one rule with one severity.

    Args:
        rule: the rule's id.
        severity: of all of them.
        title: what is found, in a few words; "" for a rule that is not known.
        is_cause: it explains the findings of a whole tree.
        count: how many there are.
        examples: the first of them.
    """

    rule: str
    severity: Severity
    title: str
    is_cause: bool
    count: int = 0
    examples: list[Finding] = field(default_factory=list)

    @property
    def order(self) -> tuple[bool, int, int, str]:
        """The cause of a whole tree first; then the worst; then the most frequent."""
        return not self.is_cause, -self.severity.rank, -self.count, self.rule


class Groups:
    """Groups of findings as they come; only examples are kept.

    Args:
        rules: the classes of the rules, by id.
    """

    def __init__(self, rules: Mapping[str, type[Rule]]) -> None:
        self._rules = rules
        self._groups: dict[tuple[str, Severity], Group] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, finding: Finding, examples: int) -> Group:
        """Count a finding, keep it if fewer examples than so many are kept, return its group."""
        key = finding.rule, finding.severity
        group = self._groups.get(key)
        if group is None:
            rule = self._rules.get(finding.rule)
            title = "" if rule is None else rule.title
            group = self._groups[key] = Group(*key, title, is_cause(finding, rule))
        group.count += 1
        if len(group.examples) < examples:
            group.examples.append(finding)
        return group

    def ordered(self) -> list[Group]:
        """Return the groups, what a person should read first in front."""
        return sorted(self._groups.values(), key=lambda group: group.order)
