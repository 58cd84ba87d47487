"""Which selectors fit a rule's id, and which of them decides.

A selector is an id (``PYC101``), the beginning of one (``PYC1``, ``ACME``), or ``ALL``, which
fits every rule, of whatever plugin.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ALL", "is_named", "strength"]

ALL = "ALL"


def strength(selectors: Iterable[str], rule: str) -> int:
    """Return how closely the best of some selectors fits a rule's id, 0 where none does.

    >>> strength(["ALL"], "PYC101") < strength(["PYC"], "PYC101") < strength(["PYC1"], "PYC101")
    True
    >>> strength(["ACME"], "PYC101")
    0
    """
    return max((_strength(selector, rule) for selector in selectors), default=0)


def _strength(selector: str, rule: str) -> int:
    if selector == ALL:
        return 1
    return len(selector) + 1 if selector and rule.startswith(selector) else 0


def is_named(selectors: Iterable[str], rule: str) -> bool:
    """Return whether a selector names the rule or its family, not all rules of a vendor.

    >>> is_named(["PYC1"], "PYC101"), is_named(["PYC", "ALL"], "PYC101")
    (True, False)
    """
    families = [one for one in selectors if any(map(str.isdecimal, one))]
    return strength(families, rule) > 0
