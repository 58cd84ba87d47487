"""What it finds
=============
An assembly, ``x.dll``, that IronPython's ``clr.CompileModules`` made: told by what IronPython's
loader demands of its metadata, not by its name.

Why it matters
==============
It is a compiled module and no cache: nothing compares it with a source. Once it is loaded, with
``clr.AddReference`` or from IronPython's ``DLLs``, it wins over every source: code that was changed or
deleted lives on in it.

What to do
==========
Nothing, if it is shipped on purpose; otherwise delete it, or compile it again.
"""

from collections.abc import Iterable, Iterator

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Verdict, judge_assembly

__all__ = ["CompiledModule"]

_SUFFIX = ".dll"


class CompiledModule(Rule):
    """PYC309."""

    id = "PYC309"
    name = "compiled-module"
    title = "Compiled module of IronPython"
    severity = Severity.INFO
    is_statistic = True
    message = "is a compiled module of {dialect}, which wins over every source once it is loaded"

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Look into the assemblies beside sources and caches."""
        for path, verdict in self._assemblies(directory):
            data = {"dialect": verdict.dialect.name}
            yield self.of_path(path, data)._replace(dialect=verdict.dialect.name)

    def _assemblies(self, directory: Directory) -> Iterator[tuple[str, Verdict]]:
        policy = self.context.policy
        for name in sorted(directory.others):
            if name.lower().endswith(_SUFFIX):
                path = f"{directory.source_path}{name}"
                verdict = judge_assembly(path, policy.dialects, policy.view)
                if verdict is not None:
                    yield path, verdict
