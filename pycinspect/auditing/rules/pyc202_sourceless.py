"""What it finds
=============
Bytecode in a source's place: ``x.pyc`` (or an old ``x.pyo``) in the directory of the
sources, without ``x.py`` or an extension module ``x`` beside it.

Why it matters
==============
It is imported without any source (``SourcelessFileLoader``), and nothing is
compared: code that was deleted or renamed lives on, tests pass against it, and what
it does can be read nowhere. If its header is bad the import fails, since there is
nothing to fall back to. Python 2 left such files everywhere; Python 3 writes none.

What to do
==========
Delete it, unless it was distributed without source on purpose; then ignore this rule
for its path.
"""

import os

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import CacheFile, Rule
from pycinspect.cache import Outcome

__all__ = ["Sourceless"]

_FAILS = "there is no {source_name} beside it: {reader} takes it instead, and the import fails"


class Sourceless(Rule):
    """PYC202."""

    id = "PYC202"
    name = "sourceless"
    title = "Bytecode that is imported without source"
    severity = Severity.ERROR
    message = "there is no {source_name} beside it: {reader} imports it without source"
    reasons = frozenset(
        {"bad-magic", "empty-payload", "reserved-flags", "short-header", "sourceless"}
    )

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report bytecode that stands in a source's place."""
        if cache.ending is not None or cache.reader is None or cache.source_status is not None:
            return None
        if cache.path.endswith(".pyo") and cache.reader.finder.optimized_bytecode != ".pyo":
            return None  # no finder of this Python looks for it
        finding = self.of_cache(
            cache,
            source_name=os.path.basename(cache.source),
            reader=cache.reader.name,
            outcome=cache.judgement.outcome.value,
        )
        if cache.judgement.outcome is Outcome.LOAD:
            return finding
        return finding._replace(template=_FAILS)
