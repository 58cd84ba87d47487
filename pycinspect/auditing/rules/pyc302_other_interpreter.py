"""What it finds
=============
Caches of a Python other than the one that the tree is pinned to (by the policy, by
``pyvenv.cfg`` or by ``.python-version``); where there is no pin, caches of a Python that
is not found on this machine, while another is that the tree has caches of. In ``lib/pythonX.Y`` see PYC304.

Why it matters
==============
Nothing here uses them. They are left behind by an upgrade, or come along from another
machine, and double the size of a tree.

What to do
==========
Delete them.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Reason, Severity
from pycinspect.auditing.interpreters import is_installed
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.dialects import Dialect

__all__ = ["OtherInterpreter"]

#: Who says it so that other Pythons have no business here.
_PINS = frozenset({Reason.NAMED, Reason.PIN})


class OtherInterpreter(Rule):
    """PYC302."""

    id = "PYC302"
    name = "other-interpreter"
    title = "Cache of an interpreter that is absent, or not the pinned one"
    severity = Severity.INFO
    message = "is for {dialect}, {why}"
    looks_at_reader = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._accepted: Dialect | None = None
        self._objections: dict[str, str | None] = {}
        self._here: dict[str, bool] = {}
        #: The last directory that turned out to be a part of a library.
        self._library: Directory | None = None

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at whose importer reads it."""
        reader = cache.reader
        if reader is self._accepted or reader is None or cache.directory is self._library:
            return None
        if self.context.places.dialect_of(cache.directory) is not None:
            self._library = cache.directory
            return None
        if reader.name not in self._objections:
            self._objections[reader.name] = self._objection(reader)
        why = self._objections[reader.name]
        if why is None:
            self._accepted = reader
            return None
        pin = next((row.version for row in self._pinned()), None)
        return self.of_cache(cache, dialect=reader.name, why=why, pin=pin)

    def _objection(self, reader: Dialect) -> str | None:
        """Return what is wrong with caches of this dialect here, or None."""
        pinned, python = self._pinned(), reader.python
        if pinned:
            is_pinned = python in {row.python for row in pinned}
            return None if is_pinned else f"but the tree is pinned to Python {pinned[0].version}"
        if self._is_here(reader) or not any(map(self._is_here, self.context.audience.dialects)):
            return None  # or the tree is for another machine, as a whole
        where = "on this machine" if self.context.policy.view.root is None else "in the image"
        return f"which is not found {where}"

    def _pinned(self) -> tuple[Dialect, ...]:
        audience = self.context.audience
        return audience.dialects if audience.reason in _PINS else ()

    def _is_here(self, dialect: Dialect) -> bool:
        if dialect.name not in self._here:
            policy = self.context.policy
            is_own = policy.view.root is None and dialect is policy.dialects.running()
            is_here = is_own or is_installed(dialect, policy.view, policy.programs)
            self._here[dialect.name] = is_here
        return self._here[dialect.name]
