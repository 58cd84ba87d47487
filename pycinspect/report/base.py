"""What every reporter of an audit is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TextIO, runtime_checkable

from pycinspect.auditing import Accepted, Finding, Policy, Rule, SettingsFile, Summary

__all__ = ["AuditReporter", "Factory", "ListsAccepted", "ReportContext"]


class ReportContext(NamedTuple):
    """What a reporter may know beside the findings.

    Args:
        rules: the classes of the rules that may have run, by id.
        version: of pycinspect.
        verbose: how often the user asked for more.
        color: whether the output is a terminal that shows colours.
        width: columns of the output.
        base: the directory where the user stands; paths below it are shown
            relative to it. None shows every path as the audit reached it.
        ran: ids of the rules that did run, in their order.
        step_summary: the file that GitHub shows as the summary of a job's step; None
            outside its workflows.
        policy: what the audit was told; who imports, and in which file system.
        settings: the files from which settings were taken, or could have been, with what
            they decide.
    """

    rules: Mapping[str, type[Rule]]
    version: str
    verbose: int = 0
    color: bool = False
    width: int = 80
    base: str | None = None
    ran: Sequence[str] = ()
    step_summary: str | None = None
    settings: tuple[SettingsFile, ...] = ()
    policy: Policy = Policy()


class AuditReporter(Protocol):
    """Writes the findings of one audit in one format.

    A reporter writes nothing before the first call, so that an audit that cannot
    begin leaves no half document, and keeps few findings: a tree may have millions.
    """

    def finding(self, finding: Finding) -> None:
        """Take one finding; they come in the order of the audit."""

    def close(self, summary: Summary) -> None:
        """Finish the report after the last finding; the stream stays open."""


@runtime_checkable
class ListsAccepted(Protocol):
    """A reporter that lists, as such, what the baseline accepts; others leave it out."""

    def accepted(self, finding: Finding, entry: Accepted) -> None:
        """Take a finding that does not count; they come before the others."""


#: Makes a reporter that writes to a stream. Formats for machines write ASCII or
#: characters that every UTF-8 stream takes; lone surrogates are never written.
Factory = Callable[[TextIO, ReportContext], AuditReporter]
