"""What it finds
=============
A file ``x.mpy`` of MicroPython, without an ``x.py`` beside it, that cannot be loaded: it is no such file,
is of a version that no MicroPython with a dialect takes, is damaged, or cannot be read.

Why it matters
==============
There is no source to fall back on. MicroPython checks the first four bytes alone, and raises ValueError
if they are wrong. What is wrong behind them it runs into: an import of a file that was cut off hangs.

What to do
==========
Compile the source again with the mpy-cross of the MicroPython that is to load it, or copy the file again.
"""

from collections.abc import Iterable

from pycinspect.auditing.compiled import compiled_modules
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Outcome

__all__ = ["ModuleFails"]


class ModuleFails(Rule):
    """PYC011."""

    id = "PYC011"
    name = "module-fails"
    title = "Compiled module with which the import fails"
    severity = Severity.ERROR
    message = "the import by {dialect} fails: {why}"

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Look into the files that may be compiled modules."""
        for path, verdict in compiled_modules(directory, self.context.policy):
            if verdict.outcome is Outcome.RAISE:
                data = {"dialect": verdict.dialect.name, "why": verdict.why}
                yield self.of_path(path, data)._replace(dialect=verdict.dialect.name)
