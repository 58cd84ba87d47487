"""What it finds
=============
A file such as ``mod.cpython-312.pyc.139872034862080``: a cache and a number.

Why it matters
==============
The importer writes a cache under such a name and renames it when it is complete
(``_write_atomic``). A process that was killed in between leaves it behind, for ever:
nothing reads it, nothing removes it. Many of them tell of programs that are killed
while they start, or of a full disk.

What to do
==========
Delete it, unless a program is starting at this moment.
"""

import os
from collections.abc import Iterable

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.names import is_interrupted_write
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory

__all__ = ["InterruptedWrite"]


class InterruptedWrite(Rule):
    """PYC211."""

    id = "PYC211"
    name = "interrupted-write"
    title = "Leftover of an interrupted write"
    severity = Severity.WARNING
    message = "left behind by an interrupted write of {cache}"

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report temporary files in the cache directory and beside the sources."""
        strangers = () if directory.cache is None else directory.cache.strangers
        # A look before the call: a directory can have thousands of other files.
        names = [name for name in directory.others if ".py" in name and is_interrupted_write(name)]
        if not strangers and not names:
            return ()
        paths = [entry.path for entry in strangers if is_interrupted_write(entry.name)]
        paths += [os.path.join(directory.path, name) for name in sorted(names)]
        return [self._leftover(path) for path in paths]

    def _leftover(self, path: str) -> Finding:
        cache = os.path.basename(path).rpartition(".")[0]
        return self.of_path(path, {"cache": cache})
