"""What it finds
=============
A suppression that suppresses nothing: a path pattern, or an entry of the baseline, that no
finding came to in a complete audit of the place that it names, with a rule that it names. An entry
whose file has other content by now is one of them.

Why it matters
==============
What it hid has been mended, or its pattern has a mistake. Left in place it will hide
something else one day.

What to do
==========
Remove it; write the baseline anew. No audit fails because of it.
"""

from pycinspect.auditing.findings import Severity
from pycinspect.auditing.rule import Rule

__all__ = ["UnusedSuppression"]


class UnusedSuppression(Rule):
    """PYC903; the engine makes its findings."""

    id = "PYC903"
    name = "unused-suppression"
    title = "Unused suppression"
    severity = Severity.INFO
    never_fails = True
    message = "unused suppression: {suppression}"
    about_run = True
