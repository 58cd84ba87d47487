"""What it finds
=============
Where a file of digests is given (``--digests known.sha256``, as ``sha256sum`` writes it): caches
that have another digest, caches that are not in it, and caches in it that are not in the tree.

Why it matters
==============
Somebody vouches for those files and for no others. A cache that was changed, or added, since then
runs as any other does. Times and sizes are not looked at; nothing has to be compiled for this, and
it holds for caches without a source, too.

What to do
==========
Find out who wrote the file. If it was you, write the digests again:
``find . -name '*.pyc' -print0 | xargs -0 sha256sum > known.sha256``, and keep them where those who
can write the tree cannot.
"""

from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.rules.pyc901_incomplete import not_looked_at
from pycinspect.auditing.walk import lies_in
from pycinspect.cache import PAYLOAD_LIMIT
from pycinspect.errors import PycInspectError

__all__ = ["OtherDigest"]

_UNLISTED = "is not in {digests}"
_MISSING = "is in {digests}, and not here"
_CACHES = (".pyc", ".pyo")


class OtherDigest(Rule):
    """PYC512."""

    id = "PYC512"
    name = "other-digest"
    title = "Not the file that somebody vouches for"
    severity = Severity.SECURITY
    message = "has another digest than {digests} says"

    @classmethod
    def is_asked(cls, policy: Policy) -> bool:
        """Return whether there are digests to compare with."""
        return policy.digests is not None

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._met: set[str] = set()

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Compare the whole file, header included."""
        digests, view = self.context.policy.digests, self.context.policy.view
        assert digests is not None
        place = view.absolute(cache.path)
        self._met.add(place)
        digest = digests.of(place)
        if digest is None:
            return self.of_cache(cache, digests=digests.path)._replace(template=_UNLISTED)
        try:
            content = view.read_all(cache.path, PAYLOAD_LIMIT)
        except (OSError, PycInspectError) as error:
            return not_looked_at(self.context, cache, "its digest was not compared", error)
        return None if digests.fits(digest, content) else self.of_cache(cache, digests=digests.path)

    def finish(self) -> Iterator[Finding]:
        """Report caches of the tree that are listed and were not met."""
        policy, root = self.context.policy, self.context.root
        assert policy.digests is not None
        for path in sorted(policy.digests.by_path):
            is_here = path.endswith(_CACHES) and lies_in(path, policy.view.absolute(root))
            if is_here and path not in self._met and not policy.view.exists(path):
                finding = self.of_path(path, {"digests": policy.digests.path})
                yield finding._replace(severity=Severity.WARNING, template=_MISSING)
