"""What it finds
=============
A source that can be imported, has no cache, and will never have one: it does not compile in
the Python that the tree, or the library that it lies in, is for.

Why it matters
==============
Its import raises. Templates, examples of bad syntax and code for another Python are often
shipped on purpose, and nobody imports them; anything else is a bug.

What to do
==========
Nothing, if nobody imports it. ``python -m compileall -x PATTERN`` leaves such sources out.
Sources are compiled, and not run, only of small trees and with ``--deep``, and only by an
interpreter that is installed.
"""

from collections.abc import Iterable, Iterator

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory

__all__ = ["NotCompilable"]


class NotCompilable(Rule):
    """PYC206."""

    id = "PYC206"
    name = "not-compilable"
    title = "Source that does not compile"
    severity = Severity.INFO
    is_statistic = True
    message = "does not compile in {dialect}: {exception}: {error}"
    needs_missing = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._sources = context.sources

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Ask of the sources without a cache whether they compile."""
        return self._refused(directory)

    def _refused(self, directory: Directory) -> Iterator[Finding]:
        stems: set[str] = set()
        for stem, _, dialect in self.context.missing.of(directory):
            if stem in stems:
                continue
            stems.add(stem)
            path = directory.sources[stem].path
            refusal = self._sources.refusal(directory.path, path, dialect)
            if refusal is not None:
                data = {
                    "dialect": dialect.name,
                    "exception": refusal.exception,
                    "error": refusal.message,
                    "line": refusal.line,
                }
                yield self.of_path(path, data)._replace(dialect=dialect.name)
