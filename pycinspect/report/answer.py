"""The answer of an audit in one sentence: the first line of every report for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.auditing import Severity, Summary
from pycinspect.report.words import counted
from pycinspect.verifying import Rung

__all__ = ["answer"]

#: States that take nothing from a tree's health: trees that are compiled as a whole have caches
#: of modules that others hide, and where tests ran are caches of the tool that ran them.
_HARMLESS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "hidden": ("is hidden by another module", "are hidden by other modules"),
        "transformed": ("is a tool's own", "are tools' own"),
    }
)
#: What is said of caches in each other state, of one and of several; the worst first.
_SAID: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "raises": ("makes its import fail", "make their imports fail"),
        "stale": ("is stale", "are stale"),
        "orphaned": ("has no source", "have no source"),
        "sourceless": ("is imported without a source", "are imported without a source"),
        "unused": ("is never used", "are never used"),
        "unread": ("could not be read", "could not be read"),
    }
)
_DIRECTORIES = ("directory", "directories")
_SOURCES = ("source", "sources")
_NOUNS: Mapping[Severity, tuple[str, str]] = MappingProxyType(
    {
        Severity.SECURITY: ("security finding", "security findings"),
        Severity.ERROR: ("error", "errors"),
        Severity.WARNING: ("warning", "warnings"),
        Severity.INFO: ("note", "notes"),
    }
)


def answer(summary: Summary) -> str:
    """Return what an audit found, in one sentence.

    Args:
        summary: the figures, complete.

    >>> summary = Summary(files=3)
    >>> summary.states.update(fresh=2, stale=1)
    >>> answer(summary)
    '1 of 3 caches is stale.'
    """
    parts = [_of_verified(summary), _of_caches(summary), _of_findings(summary)]
    first, *others = [part for part in parts if part]
    sentence = "; ".join([first, *(part[0].lower() + part[1:] for part in others)])
    return f"{sentence}.{_of_the_rest(summary)}"


def _of_the_rest(summary: Summary) -> str:
    """Return what is said of that which was not looked at, "" where there is nothing."""
    if summary.not_looked_at:
        return f" Not looked at: {', '.join(summary.not_looked_at)}."
    return "" if summary.complete else " Not everything was looked at."


#: What is said of caches on rungs where the source does not decide what runs; the worst first.
_NOT_VERIFIED: Mapping[Rung, tuple[str, str]] = MappingProxyType(
    {
        Rung.MISMATCH: ("is not what its source says", "are not what their sources say"),
        Rung.UNVERIFIABLE: ("could not be compared", "could not be compared"),
        Rung.TRANSFORMED: ("was changed by a tool", "were changed by tools"),
    }
)


_ONE_VERIFIED = "The cache is what its source says"
_ALL_VERIFIED = "All caches are what their sources say"


def _of_verified(summary: Summary) -> str:
    """Return what comparing caches with their sources gave; "" where it was not asked."""
    total = summary.verified.total()
    if not total:
        return ""
    counts = {rung: summary.verified[rung] for rung in _NOT_VERIFIED if summary.verified[rung]}
    if not counts:
        if total == summary.files:
            return _ALL_VERIFIED if total > 1 else _ONE_VERIFIED
        verb = "was compared, and is what its source says"
        if total != 1:
            verb = "were compared, and are what their sources say"
        return f"{total:,} of {summary.files:,} caches {verb}"
    return _shares(summary.files, {_NOT_VERIFIED[rung]: n for rung, n in counts.items()})


def _of_caches(summary: Summary) -> str:
    if not summary.files:
        sources = f" for {counted(summary.sources, *_SOURCES)}" if summary.sources else ""
        return f"No caches{sources} in {counted(summary.directories, *_DIRECTORIES)}"
    counts = {state: summary.states[state] for state in _SAID if summary.states[state]}
    if not counts:
        return _of_fresh(summary)
    return _shares(summary.files, {_SAID[state]: count for state, count in counts.items()})


def _shares(files: int, counts: Mapping[tuple[str, str], int]) -> str:
    """Return ``2 of 3 caches are stale, 1 has no source``, or ``The cache is stale``."""
    if files == 1:
        return f"The cache {next(iter(counts))[0]}"
    of = f" of {files:,} caches"
    parts: list[str] = []
    for words, count in counts.items():
        parts.append(f"{count:,}{'' if parts else of} {words[count != 1]}")
    return ", ".join(parts)


def _of_fresh(summary: Summary) -> str:
    """Return what is said where nothing is wrong; a limit leaves files that nobody judged."""
    fresh, files = summary.states["fresh"], summary.files
    harmless = {state: summary.states[state] for state in _HARMLESS if summary.states[state]}
    if fresh + sum(harmless.values()) < files:
        return f"{fresh:,} of {counted(files, 'cache', 'caches')} known to be fresh"
    others = ", ".join(f"{n:,} {_HARMLESS[state][n != 1]}" for state, n in harmless.items())
    if not fresh:
        return f"No cache is imported: {others}"
    imported = " that are imported" if others else ""
    said = "The cache is fresh" if fresh == 1 else f"All {fresh:,} caches{imported} are fresh"
    return f"{said}, {others}" if others else said


def _of_findings(summary: Summary) -> str:
    counts = {level: summary.severities[level] for level in _NOUNS}
    return ", ".join(counted(count, *_NOUNS[level]) for level, count in counts.items() if count)
