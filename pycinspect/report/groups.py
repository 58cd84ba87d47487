"""Findings of one rule as one thing: how many there are, and the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pycinspect.auditing import Finding, Rule, Severity

__all__ = ["Group", "Groups"]


@dataclass(slots=True)
class Group:
    """The findings of one rule with one severity.

    Args:
        rule: the rule's id.
        severity: of all of them.
        title: what is found, in a few words; "" for a rule that is not known.
        about_tree: a finding is about a whole tree, and explains others.
        count: how many there are.
        examples: the first of them.
    """

    rule: str
    severity: Severity
    title: str
    about_tree: bool
    count: int = 0
    examples: list[Finding] = field(default_factory=list)

    @property
    def order(self) -> tuple[bool, int, int, str]:
        """The cause of a whole tree first; then the worst; then the most frequent."""
        is_cause = self.about_tree and self.severity is not Severity.INFO
        return not is_cause, -self.severity.rank, -self.count, self.rule


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
            title, about_tree = ("", False) if rule is None else (rule.title, rule.about_tree)
            group = self._groups[key] = Group(*key, title, about_tree)
        group.count += 1
        if len(group.examples) < examples:
            group.examples.append(finding)
        return group

    def ordered(self) -> list[Group]:
        """Return the groups, what a person should read first in front."""
        return sorted(self._groups.values(), key=lambda group: group.order)
