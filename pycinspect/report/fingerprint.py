"""What a finding is recognised by in the next run."""

from __future__ import annotations

import hashlib
import json
import os

from pycinspect.auditing import Finding

__all__ = ["fingerprint"]

_HEX_DIGITS = frozenset("0123456789abcdefx ")


def fingerprint(finding: Finding, shown: str) -> str:
    """Return a hash of what stays the same from run to run, and from machine to machine.

    Args:
        finding: the finding. Numbers, hashes and absolute paths in its data do not count.
        shown: its path as the report shows it.
    """
    words = {
        key: value
        for key, value in finding.data.items()
        if isinstance(value, str) and not os.path.isabs(value) and not _HEX_DIGITS.issuperset(value)
    }
    stable = [finding.rule, shown.replace(os.sep, "/"), sorted(words.items())]
    return hashlib.sha256(json.dumps(stable).encode("ascii")).hexdigest()
