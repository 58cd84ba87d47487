"""What becomes of what is raised while a place is looked at: a finding, and a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from pycinspect.auditing.findings import Finding, Severity, Summary
from pycinspect.auditing.rule import Rule
from pycinspect.errors import PycInspectError, described

__all__ = ["FAULT", "INCOMPLETE", "Failures", "own_findings", "reason_of"]

#: Rules that tell of the run itself.
INCOMPLETE = "PYC901"
FAULT = "PYC902"


class Failures:
    """Makes findings of exceptions, and counts them.

    A file system that refuses, or changes under the audit, is nobody's fault: that is PYC901,
    as any other reason for which not everything was looked at. Everything else is a bug, PYC902,
    which nobody can deselect.

    Args:
        summary: where they are counted.
        rules: those that are selected.
    """

    def __init__(self, summary: Summary, rules: Sequence[type[Rule]]) -> None:
        self._summary = summary
        self._rules = rules
        #: Is given each exception that is a bug.
        self.show: Callable[[Exception], None] = lambda _: None

    def of_rule(self, rule: str, path: str, error: Exception) -> list[Finding]:
        """Return the finding, if it is selected, that a rule failed at a path."""
        return self._of({"rule": rule}, path, error)

    def of_step(self, step: str, path: str, error: Exception) -> list[Finding]:
        """Return the finding, if it is selected, that a step before the rules failed."""
        return self._of({"step": step}, path, error)

    def _of(self, what: Mapping[str, str], path: str, error: Exception) -> list[Finding]:
        if isinstance(error, OSError | PycInspectError):
            self._summary.unread += 1
            return list(own_findings(self._rules, INCOMPLETE, path, {"reason": reason_of(error)}))
        self._summary.faults += 1
        self.show(error)
        (failed,) = what
        message = f"{{{failed}}} failed: {{error}}"
        data = {**what, "error": described(error)}
        return [Finding(FAULT, Severity.ERROR, path, message, data)]


def own_findings(
    rules: Sequence[type[Rule]], rule_id: str, path: str, data: dict[str, object]
) -> Iterator[Finding]:
    """Yield a finding of one of the rules, if it is there."""
    for rule in rules:
        if rule.id == rule_id:
            yield Finding(rule.id, rule.severity, path, rule.message, data)


def reason_of(error: OSError | PycInspectError) -> str:
    """Return why something could not be looked at, in a few words."""
    if isinstance(error, PycInspectError):
        return error.message
    return error.strerror or described(error)
