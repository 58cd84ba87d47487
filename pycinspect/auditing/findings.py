"""What an audit says: findings, and the figures of the whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import Any, NamedTuple

from pycinspect.values import byte_count, cell, moment, shown

__all__ = ["Assumed", "Finding", "Reason", "Severity", "Summary"]


class Severity(StrEnum):
    """How bad a finding is; :attr:`rank` puts them in order."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    SECURITY = "security"

    @property
    def rank(self) -> int:
        """0 for INFO, up to 3 for SECURITY."""
        return list(Severity).index(self)


class _Filler(Formatter):
    """``str.format`` with conversions of our own."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Return a value as a template wants it shown."""
        if conversion == "t":
            return moment(int(value))
        if conversion == "b":
            return byte_count(int(value))
        return super().convert_field(value, conversion)


_FILLER = _Filler()


class Finding(NamedTuple):
    """One thing that is not as it should be.

    Args:
        rule: the rule's id, ``"PYC101"``.
        severity: how bad it is.
        path: the file or directory, as reached from the path that was given.
        template: the message; ``data`` fills it. ``{name!t}`` shows seconds since the epoch as
            a time, ``{name!b}`` a number of bytes as a size, each beside the number itself.
        data: the values behind the message, for machines.
        source: the source that a cache belongs to, None where there is none.
        dialect: the name of the dialect whose importer reads the cache, or None.
    """

    rule: str
    severity: Severity
    path: str
    template: str
    data: Mapping[str, object]
    source: str | None = None
    dialect: str | None = None

    def __repr__(self) -> str:
        return shown(self)

    @property
    def message(self) -> str:
        """The finding as one sentence without a full stop.

        A plugin's template whose fields are not in its data is shown as it is.
        """
        try:
            return _FILLER.vformat(self.template, (), self.data)
        except Exception:  # noqa: BLE001 - a plugin's values format themselves
            return self.template


class Reason(StrEnum):
    """Why a tree is taken for one of some Pythons."""

    #: ``--as``, or ``as`` in the settings.
    NAMED = "named"
    #: It lies in ``lib/pythonX.Y``.
    LIBRARY = "library"
    #: ``pyvenv.cfg``, ``.python-version``, or ``requires-python`` in ``pyproject.toml``.
    PIN = "pin"
    #: It is the one that the image starts (``--root``).
    IMAGE = "image"
    #: They are those of its caches.
    CACHES = "caches"
    #: All caches lie in libraries, each of which is for its own Python.
    LIBRARIES = "libraries"
    #: There are no caches, and nothing else says it.
    NOTHING = "nothing"


class Assumed(NamedTuple):
    """For which Pythons a tree was judged.

    Args:
        path: the tree.
        pythons: names of dialects; empty where nothing says for whom it is, or only
            of the libraries in it.
        reason: why.
        detail: the file that says so, "" for none.
    """

    path: str
    pythons: tuple[str, ...]
    reason: Reason
    detail: str = ""


@dataclass(slots=True)
class Summary:
    """The figures of one run; complete when its last finding was taken.

    Args:
        files: caches that were looked at.
        directories: directories that were read, cache directories not counted.
        sources: sources that lie in them.
        size: bytes of all caches.
        reclaimable: bytes of the caches that no importer uses as they are.
        seconds: how long the run took.
        states: caches by what the importer does with them, in the audit's words.
        tags: caches by the name of the dialect whose importer looks for them.
        findings: how many there are of each rule and severity.
        statistics: what rules found that only count, by rule; none of it is in ``findings``.
        decoded: caches whose payload was read, for the rules that look at payloads.
        not_decoded: caches whose payload was not, because it was not asked for.
        undecodable: caches whose payload cannot be read: nobody knows its format, the header
            is damaged, or the file cannot be opened.
        verified: caches by the rung on which they stand, where it was asked for.
        compiled: sources without a cache of which it was asked whether they compile.
        suppressed: findings that do not count.
        limit: which limit ended the audit early, None where none did.
        unread: directories that could not be read, and places that went away, or changed into
            something else, while they were looked at.
        not_looked_at: what an audit that fails closed has left out, in words; of one that was to
            compare caches with their sources, that it compared none.
        faults: errors of pycinspect's own, or of a plugin (PYC902).
        assumed: for which Pythons each tree was judged.
        notes: sentences on what was, and was not, looked at, without a full stop.
    """

    files: int = 0
    directories: int = 0
    sources: int = 0
    size: int = 0
    reclaimable: int = 0
    seconds: float = 0.0
    states: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    findings: Counter[tuple[str, Severity]] = field(default_factory=Counter)
    statistics: Counter[str] = field(default_factory=Counter)
    decoded: int = 0
    not_decoded: int = 0
    undecodable: int = 0
    verified: Counter[str] = field(default_factory=Counter)
    compiled: int = 0
    suppressed: int = 0
    limit: str | None = None
    unread: int = 0
    not_looked_at: list[str] = field(default_factory=list)
    faults: int = 0
    assumed: list[Assumed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Summary of {cell(self.files)} caches: {cell(self.states)}>"

    @property
    def complete(self) -> bool:
        """Whether everything was looked at."""
        is_whole = not (self.unread or self.faults or self.not_looked_at)
        return is_whole and self.limit is None

    def add(self, finding: Finding) -> None:
        """Count a finding."""
        self.findings[finding.rule, finding.severity] += 1

    @property
    def rules(self) -> Counter[str]:
        """How many findings each rule has."""
        counts: Counter[str] = Counter()
        for (rule, _), count in self.findings.items():
            counts[rule] += count
        return counts

    @property
    def severities(self) -> Counter[Severity]:
        """How many findings there are of each severity."""
        counts: Counter[Severity] = Counter()
        for (_, severity), count in self.findings.items():
            counts[severity] += count
        return counts

    def worst(self) -> Severity | None:
        """Return the severity of the worst finding, None without findings."""
        return max(self.severities, key=lambda severity: severity.rank, default=None)

    @property
    def files_per_second(self) -> float:
        """How fast caches were looked at."""
        return self.files / self.seconds if self.seconds else 0.0
