"""What it finds
=============
A cache, or a ``__pycache__``, that is a symbolic link. Links from one optimization
level of a cache to another are not reported: some distributions link those that are equal.

Why it matters
==============
The importer follows links when it reads. When it writes, it replaces a linked cache by a
file (``_write_atomic`` renames over it), but writes through a linked directory. What
is loaded is then decided where the link leads to, and whoever may write there decides
it; a link out of the tree also breaks when the tree is moved.

What to do
==========
Replace the link by a file, or delete it if it leads nowhere. What a linked cache
directory leads to is read and judged, as the importer does.
"""

import os
from collections.abc import Iterable

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import View
from pycinspect.pyc import parse_cache_name

__all__ = ["Symlink"]

_DANGLING = "is a symbolic link to {target}, which is not there"


class Symlink(Rule):
    """PYC603."""

    id = "PYC603"
    name = "symlink"
    title = "Symbolic link"
    severity = Severity.WARNING
    yields_to = frozenset({"PYC207", "PYC605"})
    message = "is a symbolic link to {target}"
    needs_caches = True
    skips_ordinary = True
    skips_ordinary_directories = True

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a linked cache; runs for every cache."""
        if not cache.is_link or _leads_to_another_level(cache.path, self.context.policy.view):
            return None
        data = self._facts(cache.path)
        finding = self.of_cache(cache, **data)
        return finding._replace(template=_DANGLING) if data["dangling"] else finding

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Report a linked cache directory."""
        cache = directory.cache
        if cache is None or not cache.is_link:
            return ()
        data = self._facts(cache.path)
        finding = self.of_path(cache.path, data)
        return [finding._replace(template=_DANGLING) if data["dangling"] else finding]

    def _facts(self, path: str) -> dict[str, object]:
        view = self.context.policy.view
        try:
            target = view.readlink(path)
        except OSError as error:  # it has gone since the listing
            target = error.strerror or type(error).__name__
        root = os.path.join(view.real(self.context.root), "")
        outside = not view.real(path).startswith(root)
        return {"target": target, "outside": outside, "dangling": not view.exists(path)}


def _leads_to_another_level(path: str, view: View) -> bool:
    """Return whether a link leads, at once, to the cache of the same source for another level."""
    try:
        target = view.readlink(path)
        own, other = parse_cache_name(os.path.basename(path)), parse_cache_name(target)
    except (OSError, ValueError):  # it has gone since the listing, or leads elsewhere
        return False
    neighbour = os.path.join(os.path.dirname(path), target)
    is_same = own._replace(optimization="") == other._replace(optimization="")
    return is_same and view.is_file(neighbour) and not view.is_link(neighbour)
