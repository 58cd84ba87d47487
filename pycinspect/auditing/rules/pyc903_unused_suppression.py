"""What it finds
=============
A suppression that suppresses nothing: a path pattern, or an entry of the baseline,
that no finding came to in a complete audit.

Why it matters
==============
What it hid has been mended, or its pattern has a mistake. Left in place it will hide
something else one day.

What to do
==========
Remove it; write the baseline anew.
"""

from pycinspect.auditing.findings import Severity
from pycinspect.auditing.rule import Rule

__all__ = ["UnusedSuppression"]


class UnusedSuppression(Rule):
    """PYC903; the engine makes its findings."""

    id = "PYC903"
    name = "unused-suppression"
    title = "Unused suppression"
    severity = Severity.WARNING
    message = "unused suppression: {suppression}"
    about_run = True
