"""What it finds
=============
A package (an entry of the audited directory) with caches of more than one version of
Python, in a tree that is meant for one: an unpacked wheel, any tree with ``--profile wheel``
or where this rule is named. Files that lie in the audited directory itself count as one
package.

Why it matters
==============
One interpreter uses one set of them. The others are left over from an upgrade, or
from tests, and go into every archive and image that is made of the tree. Checkouts in
which several Pythons are tested, and distributions' trees for several, have them on purpose.

What to do
==========
Delete those that are not needed.
"""

import os
from collections.abc import Iterable, Iterator, Sequence

from pycinspect.auditing.cachefile import Alike
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import View
from pycinspect.dialects import Dialect

__all__ = ["SeveralPythons"]


class SeveralPythons(Rule):
    """PYC303."""

    id = "PYC303"
    name = "several-pythons"
    title = "Several Pythons in one package"
    severity = Severity.WARNING
    message = "has caches of {count} versions of Python: {pythons}"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._package = ""
        self._place: Dialect | None = None
        self._path = ""
        self._seen: Dialect | None = None
        self._versions: set[tuple[int, int]] = set()
        policy = context.policy
        self._is_asked = policy.one_python or policy.selection.names(self.id)
        self._is_asked = self._is_asked or _is_unpacked_wheel(context.root, context.policy.view)

    def check_groups(self, groups: Sequence[Alike]) -> Iterable[Finding]:
        """Note whose caches they are; where a package begins, report the one before."""
        if not self._is_asked:
            return ()
        finding = self._enter(groups[0].first.directory)
        for group in groups:
            reader = group.first.reader
            if reader is not self._seen and reader is not None:
                self._seen = reader
                self._versions.add(reader.python)
        return () if finding is None else (finding,)

    def finish(self) -> Iterator[Finding]:
        """Report the last package."""
        finding = self._report()
        if finding is not None:
            yield finding

    def _enter(self, directory: Directory) -> Finding | None:
        """Begin a package, unless the directory belongs to the one before.

        The libraries of two interpreters side by side (``/usr/lib``) are two.
        """
        place = self.context.places.dialect_of(directory)
        if directory.package == self._package and place is self._place:
            return None
        finding = self._report()
        self._package, self._place = directory.package, place
        self._path = directory.root
        if directory.package != os.curdir:
            self._path = os.path.join(directory.root, directory.package)
        self._seen = None
        self._versions = set()
        return finding

    def _report(self) -> Finding | None:
        if len(self._versions) < 2:
            return None
        versions = ["{}.{}".format(*version) for version in sorted(self._versions)]
        self._versions = set()
        return self.of_path(
            self._path,
            {"count": len(versions), "pythons": ", ".join(versions), "versions": versions},
        )


def _is_unpacked_wheel(root: str, view: View) -> bool:
    """Return whether a wheel was unpacked, and not installed.

    A wheel has one directory of metadata, with RECORD in it (binary distribution format);
    installers add INSTALLER (PEP 376), and distributions take RECORD away.
    """
    try:
        metadata = [name for name in view.listdir(root) if name.endswith(".dist-info")]
        files = view.listdir(os.path.join(root, *metadata)) if len(metadata) == 1 else []
    except OSError:  # a file, or what the walk says of it
        return False
    return {"WHEEL", "RECORD"}.issubset(files) and "INSTALLER" not in files
