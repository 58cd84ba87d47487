"""What a finding is recognised by in the next run."""

from __future__ import annotations

import hashlib
import json
import os

from pycinspect.auditing import Finding, Policy
from pycinspect.auditing.digest import masked_digest

__all__ = ["fingerprint"]

_HEX_DIGITS = frozenset("0123456789abcdefx ")
#: Data that says something about the run.
_NOT_ITS_OWN = frozenset({"accepted_until"})


def fingerprint(finding: Finding, shown: str, policy: Policy) -> str:
    """Return a hash of what stays the same from run to run, and from machine to machine.

    Args:
        finding: the finding. Numbers, hashes and absolute paths in its data do not count; the
            content of its file does, but for times and the paths in code objects.
        shown: its path as the report shows it.
        policy: knows the file system.
    """
    words = {
        key: value
        for key, value in finding.data.items()
        if isinstance(value, str)
        and key not in _NOT_ITS_OWN
        and not os.path.isabs(value)
        and not _HEX_DIGITS.issuperset(value)
    }
    content = masked_digest(finding.path, policy.view)
    stable = [finding.rule, shown.replace(os.sep, "/"), content, sorted(words.items())]
    return hashlib.sha256(json.dumps(stable).encode("ascii")).hexdigest()
