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
from collections.abc import Iterator

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

    def check_directory(self, directory: Directory) -> Iterator[Finding]:
        """Report temporary files in the cache directory and beside the sources."""
        if directory.cache is not None:
            for entry in directory.cache.strangers:
                if is_interrupted_write(entry.name):
                    yield self._leftover(entry.path)
        # A look before the call: a directory can have thousands of other files.
        names = [name for name in directory.others if ".pyc." in name or ".pyo." in name]
        for name in sorted(filter(is_interrupted_write, names)):
            yield self._leftover(os.path.join(directory.path, name))

    def _leftover(self, path: str) -> Finding:
        cache = os.path.basename(path).rpartition(".")[0]
        return self.of_path(path, {"cache": cache})
