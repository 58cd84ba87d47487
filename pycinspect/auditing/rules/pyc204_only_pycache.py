"""What it finds
=============
A directory in which nothing is left but ``__pycache__``.

Why it matters
==============
The import system takes any directory for a namespace package (PEP 420). A
package that was removed, but whose caches were not, still imports: as an empty
package that hides the mistake until an attribute is missing.

What to do
==========
Delete the directory.
"""

from collections.abc import Iterable

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory

__all__ = ["OnlyPycache"]


class OnlyPycache(Rule):
    """PYC204."""

    id = "PYC204"
    name = "only-pycache"
    title = "Directory kept alive by __pycache__ alone"
    severity = Severity.WARNING
    message = "holds nothing but {cache}: it imports as an empty namespace package"
    needs_caches = True
    skips_ordinary_directories = True

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report a directory whose only entry is its cache directory."""
        cache = directory.cache
        rest = directory.sources or directory.bytecode or directory.others
        if rest or directory.has_subdirectories or cache is None:
            return ()
        if directory.is_mirror or directory.path == directory.root:
            return ()
        return [self.of_path(directory.path, {"cache": cache.path})]
