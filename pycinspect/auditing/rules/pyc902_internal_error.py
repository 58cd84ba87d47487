"""What it finds
=============
An error of pycinspect's own, or of a plugin: a rule that raised an exception instead of giving
an answer, or a file at whose reading something unforeseen was raised.

Why it matters
==============
That is a bug. What would have been found at this place is unknown: the audit went on with the
next one, but it is not complete, and a tree with such a finding is not clean. The exit code is
3, whatever else was found, also with ``--exit-zero``; the finding cannot be ignored, suppressed or
accepted in a baseline.

What to do
==========
Report it to whoever wrote the rule, or to us, with the file if you may (``--debug`` shows the
traceback). Until then leave a rule that fails out (``--ignore``, with the id of that rule).
"""

from pycinspect.auditing.findings import Severity
from pycinspect.auditing.rule import Rule

__all__ = ["InternalError"]


class InternalError(Rule):
    """PYC902; the engine makes its findings, whether it is selected or not."""

    id = "PYC902"
    name = "internal-error"
    title = "Internal error"
    severity = Severity.ERROR
    message = "{rule} failed: {error}"
    about_run = True
