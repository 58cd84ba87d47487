"""What it finds
=============
Caches of one source, for one Python and level, at the same place in two of the trees that are
audited, that have other bytes after the header, and why: another path, how marshal spelled it,
another release of the compiler, or other code. Looked for with ``--profile repro``, or where the
rule is named: ``pycinspect audit ONE OTHER --select PYC407``.

Why it matters
==============
Two builds of one source are to be the same byte for byte, and two machines to run the same.
Another path, marks and the order of sets change nothing of what runs (these are told as ``info``);
other code from one source was compiled by something else, or changed afterwards.

What to do
==========
``pycinspect diff --level exact`` of the two shows every field. Compile under one path
(``compileall -s -p``), with one release of Python and one ``PYTHONHASHSEED``.
"""

from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.copies import Copy
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload, read_payload
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.rules.pyc901_incomplete import Incomplete
from pycinspect.cache import SOURCE_LIMIT, Outcome
from pycinspect.verifying import Rung

__all__ = ["CopiesDiffer"]

#: Causes that are told.
_MOST = 5


class CopiesDiffer(Rule):
    """PYC407."""

    id = "PYC407"
    name = "copies-differ"
    title = "One source, and other bytes in another tree"
    severity = Severity.WARNING
    message = "differs from {other}, a cache of the same source: {why}"
    only_on_request = True

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Compare with the first cache of the same source; both are fresh."""
        if not payload.has_code or cache.judgement.outcome is not Outcome.LOAD:
            return None
        if cache.is_module or cache.source_status is None:
            return None
        policy = self.context.policy
        source = policy.view.read_all(cache.source, SOURCE_LIMIT)
        other = self.context.copies.other(cache, payload, source)
        if other is None:
            return None
        why, is_harmless = self._why(other, payload)
        finding = self.of_cache(cache, other=other.path, why=why)
        return finding._replace(severity=Severity.INFO) if is_harmless else finding

    def _why(self, other: Copy, payload: Payload) -> tuple[str, bool]:
        """Return in what two caches differ, and whether they run the same."""
        from pycinspect.verifying.comparing import copies_compared

        policy = self.context.policy
        before = read_payload(other.path, policy.dialects, policy.view)
        if before.code is None:  # it was there, and read, a moment ago
            return "it cannot be read any more", False
        found = copies_compared(before.stored, payload.stored)
        causes = [one.change.cause or one.change.field for one in found.differences]
        causes = list(dict.fromkeys(causes))
        return "; ".join(causes[:_MOST]), found.rung is not Rung.MISMATCH

    def finish(self) -> Iterator[Finding]:
        """Say, as PYC901, that not all could be remembered."""
        forgotten = self.context.copies.forgotten
        if forgotten and self.context.policy.selection.takes(Incomplete.id):
            reason = f"{forgotten:,} caches were not compared with copies: there are too many"
            yield Incomplete(self.context).of_path(self.context.root, {"reason": reason})
