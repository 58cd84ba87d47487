"""What it finds
=============
A rule that raised an exception instead of giving an answer.

Why it matters
==============
That is a bug, in pycinspect or in the plugin that the rule comes from. What the rule would
have found at this place is unknown; all other rules went on.

What to do
==========
Report it to whoever wrote the rule, with the file if you may; until then leave the
rule out (``--ignore``).
"""

from pycinspect.auditing.findings import Severity
from pycinspect.auditing.rule import Rule

__all__ = ["RuleFailed"]


class RuleFailed(Rule):
    """PYC902; the engine makes its findings."""

    id = "PYC902"
    name = "rule-failed"
    title = "A rule failed"
    severity = Severity.ERROR
    message = "{rule} failed: {error}"
