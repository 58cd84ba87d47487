"""What it finds
=============
Bytecode in a source's place: ``x.pyc`` (or an old ``x.pyo``) in the directory of the
sources, and no package, extension module or source ``x`` that is found before it.

Why it matters
==============
It is imported without any source (``SourcelessFileLoader``), and nothing is
compared: code that was deleted or renamed lives on, tests pass against it, and what
it does can be read nowhere. If its header is bad the import fails, since there is
nothing to fall back to. Python 2 left such files everywhere; Python 3 writes none. Files in a
package that fails to import are not reported: that it fails is.

What to do
==========
Delete it, unless it was distributed without source on purpose; then ignore this rule
for its path.
"""

import os

from pycinspect.auditing.archives import archive_place
from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import Outcome
from pycinspect.pyc import FAILURES

__all__ = ["Sourceless"]

_FAILS = (
    "there is no {source_name} beside it: {reader} takes it instead, and the import fails, for"
    " {why}"
)
_UNREADABLE = "{source_name} beside it cannot be opened: {reader} takes this file instead"


class Sourceless(Rule):
    """PYC202."""

    id = "PYC202"
    name = "sourceless"
    title = "Bytecode that is imported without source"
    severity = Severity.ERROR
    message = "there is no {source_name} beside it: {reader} imports it without source"
    reasons = frozenset(
        {
            "bad-magic",
            "cache-not-regular",
            "cache-unreadable",
            "empty-payload",
            "reserved-flags",
            "short-header",
            "sourceless",
            "zip-nothing-usable",
            *(f"payload-{slug}" for slug in FAILURES),
        }
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        place = archive_place(context)
        #: Modules of programs are without source on purpose, which PYC708 tells.
        self._is_bundle = place is not None and place.archive.layout.is_bundle

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report bytecode that stands in a source's place."""
        if not cache.is_module or cache.reader is None or self.context.packages.hold(cache):
            return None
        if self._is_bundle and cache.judgement.outcome is Outcome.LOAD:
            return None
        finding = self.of_cache(
            cache,
            source_name=os.path.basename(cache.source),
            reader=cache.reader.name,
            outcome=cache.judgement.outcome.value,
        )
        if cache.source_status is not None:  # only C passes over a source
            return finding._replace(template=_UNREADABLE)
        if cache.judgement.outcome is Outcome.LOAD:
            return finding
        data = {**finding.data, "why": cache.judgement.why}
        return finding._replace(template=_FAILS, data=data)
