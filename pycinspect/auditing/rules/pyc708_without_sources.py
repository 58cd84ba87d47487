"""What it finds
=============
A tree, or an archive, of which no module has a source: all that can be imported is bytecode.

Why it matters
==============
What it does can be read nowhere, nothing can be compared with a source, and only one version of Python
imports it. Some programs are distributed like this on purpose; an archive that pretends to be
a source distribution, or a dependency, has no reason to be.

What to do
==========
Ask for the sources, or, if it is meant to be so, ignore this rule and PYC202 for its path.
"""

from collections.abc import Iterator, Sequence

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Outcome

__all__ = ["WithoutSources"]

#: Modules from which on it is no chance.
_FEWEST = 3


class WithoutSources(Rule):
    """PYC708."""

    id = "PYC708"
    name = "without-sources"
    title = "A distribution without sources"
    severity = Severity.INFO
    message = "all of its {modules} modules are bytecode without source"
    about_tree = True
    skips_ordinary_directories = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sources = 0

    def check_directory(self, directory: Directory) -> Sequence[Finding]:
        """Count sources, but for those with fresh caches."""
        self._sources += len(directory.sources)
        return ()

    def finish(self) -> Iterator[Finding]:
        """Report the tree."""
        counts = self.context.counts
        modules = counts.get(("sourceless", Outcome.LOAD), 0)
        loaded = sum(count for (_, outcome), count in counts.items() if outcome is Outcome.LOAD)
        if modules >= _FEWEST and modules == loaded and not self._sources:
            yield self.of_path(self.context.root, {"modules": modules})
