"""What an audit that fails closed has to look at, and what of that it did not."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from pycinspect.auditing.findings import Summary

__all__ = ["ASPECTS", "not_looked_at"]

#: What there is to look at, to the rules that do: those that are not there at all do not count.
ASPECTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "headers": frozenset({"PYC001", "PYC002", "PYC003", "PYC301"}),
        "payloads": frozenset({"PYC004", "PYC005", "PYC006", "PYC007", "PYC008"}),
        "the structure of code": frozenset({"PYC505"}),
        "whether code is what its source says": frozenset({"PYC306", "PYC501", "PYC503"}),
        "what installers recorded": frozenset({"PYC509"}),
        "permissions": frozenset({"PYC601", "PYC602", "PYC603"}),
    }
)
_PERMISSIONS = "permissions"


def not_looked_at(known: Collection[str], ran: Collection[str], summary: Summary) -> list[str]:
    """Return, in words, what an audit did not look at.

    Args:
        known: ids of all rules that there are.
        ran: ids of those that ran.
        summary: the figures, complete.

    >>> not_looked_at({"PYC505"}, {"PYC505"}, Summary(undecodable=2))
    ['the code of 2 caches']
    """
    missing = list(_aspects(frozenset(known), frozenset(ran)))
    unread = summary.not_decoded + summary.undecodable
    if unread:
        missing.append(f"the code of {unread:,} {'cache' if unread == 1 else 'caches'}")
    return missing


def _aspects(known: frozenset[str], ran: frozenset[str]) -> Iterator[str]:
    for aspect, rules in ASPECTS.items():
        can_look = aspect != _PERMISSIONS or os.name == "posix"
        if rules & known and not (can_look and rules & known <= ran):
            yield aspect
