"""What it finds
=============
A compiled module that is no cache. Of IronPython: an assembly, ``x.dll``, that ``clr.CompileModules``
made, told by what IronPython's loader demands of its metadata, not by its name. Of MicroPython: a
file ``x.mpy`` that mpy-cross made.

Why it matters
==============
Nothing compares it with a source. Once IronPython has loaded an assembly, with ``clr.AddReference`` or
from its ``DLLs``, it wins over every source: code that was changed or deleted lives on in it.
MicroPython takes ``x.mpy`` only where there is no ``x.py`` and no directory ``x``: beside one of them, it
is dead weight.

What to do
==========
Nothing, if it is shipped on purpose; otherwise delete it, or compile it again.
"""

from collections.abc import Iterable

from pycinspect.auditing.compiled import compiled_modules
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Outcome

__all__ = ["CompiledModule"]


class CompiledModule(Rule):
    """PYC309."""

    id = "PYC309"
    name = "compiled-module"
    title = "Compiled module, not a cache"
    severity = Severity.INFO
    is_statistic = True
    message = "is a compiled module of {dialect}: {why}"

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Look into the files that may be compiled modules."""
        for path, verdict in compiled_modules(directory, self.context.policy):
            if verdict.outcome is not Outcome.RAISE:
                data = {"dialect": verdict.dialect.name, "why": verdict.why}
                yield self.of_path(path, data)._replace(dialect=verdict.dialect.name)
