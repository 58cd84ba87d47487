"""What an audit could not look at, and for which Pythons it judged, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.auditing import Reason, Summary
from pycinspect.report.words import counted, shown_path

__all__ = ["assumptions", "shortfalls"]


def shortfalls(summary: Summary) -> str:
    """Return why not everything was looked at, "" where it was."""
    reasons = []
    if summary.limit is not None:
        reasons.append("a limit ended the audit early")
    reasons += [f"{missing} not looked at" for missing in summary.not_looked_at]
    if summary.faults:
        errors = counted(summary.faults, "internal error", "internal errors")
        reasons.append(f"{errors} (PYC902)")
    if summary.unread:
        reasons.append(f"{counted(summary.unread, 'place', 'places')} could not be looked at")
    return ", ".join(reasons)


#: What is said of a tree's Pythons by the reason.
_ASSUMED: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NAMED: "{pythons} (told by --as or the settings)",
        Reason.LIBRARY: "{pythons} (told by the path)",
        Reason.PIN: "{pythons} (told by {detail})",
        Reason.IMAGE: "{pythons} (told by the image's programs)",
        Reason.CACHES: "{pythons} (told by the caches)",
        Reason.LIBRARIES: "the Python of each library (told by the paths)",
        Reason.NOTHING: "no Python: nothing tells for which the sources are; --as does",
    }
)


def assumptions(summary: Summary, base: str | None) -> list[str]:
    """Return for which Pythons trees were judged, and why, each answer once.

    Args:
        summary: the figures, complete.
        base: the directory to which paths are relative.
    """
    told: dict[str, list[str]] = {}
    for assumed in summary.assumed:
        pythons = ", ".join(assumed.pythons)
        detail = shown_path(assumed.detail, base)
        text = _ASSUMED[assumed.reason].format(pythons=pythons, detail=detail)
        told.setdefault(text, []).append(shown_path(assumed.path, base))
    if len(told) == 1:
        return list(told)
    return [f"{text}: {', '.join(paths)}" for text, paths in told.items()]
