"""What it finds
=============
Caches of a Python other than the one that the tree is pinned to (by the policy, by
``pyvenv.cfg`` or by ``.python-version``); where there is no pin, caches of a Python that
is not found on this machine. In ``lib/pythonX.Y`` see PYC304.

Why it matters
==============
Nothing here uses them. They are left behind by an upgrade, or come along from another
machine, and double the size of a tree.

What to do
==========
Delete them.
"""

from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.interpreters import is_installed
from pycinspect.auditing.place import pinned_python
from pycinspect.auditing.rule import CacheFile, Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.dialects import Dialect

__all__ = ["OtherInterpreter"]


class OtherInterpreter(Rule):
    """PYC302."""

    id = "PYC302"
    name = "other-interpreter"
    title = "Cache of an interpreter that is absent, or not the pinned one"
    severity = Severity.INFO
    message = "is for {dialect}, {why}"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._accepted: Dialect | None = None
        self._objections: dict[str, str | None] = {}
        self._directory: Directory | None = None
        self._has_place = False
        self._pin: tuple[int, int] | None = None
        self._pin_is_known = False

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at whose importer reads it; runs for every cache."""
        reader = cache.reader
        if reader is self._accepted or reader is None:
            return None
        if self._is_in_library(cache.directory):
            return None
        if reader.name not in self._objections:
            self._objections[reader.name] = self._objection(reader)
        why = self._objections[reader.name]
        if why is None:
            self._accepted = reader
            return None
        pin = None if self._pin is None else "{}.{}".format(*self._pin)
        return self.of_cache(cache, dialect=reader.name, why=why, pin=pin)

    def _is_in_library(self, directory: Directory) -> bool:
        if directory is not self._directory:
            self._directory = directory
            self._has_place = self.context.places.dialect_of(directory) is not None
        return self._has_place

    def _objection(self, reader: Dialect) -> str | None:
        """Return what is wrong with caches of this dialect here, or None."""
        pin = self._pinned()
        python = reader.python
        if pin is not None:
            return None if python == pin else "but the tree is pinned to Python {}.{}".format(*pin)
        view = self.context.policy.view
        running = self.context.policy.dialects.running()
        own = running.python
        is_own = python == own and reader.implementation is running.implementation
        if is_own and view.root is None:
            return None
        where = "on this machine" if view.root is None else "in the image"
        return (
            None
            if is_installed(reader, view, self.context.policy.programs)
            else f"which is not found {where}"
        )

    def _pinned(self) -> tuple[int, int] | None:
        if not self._pin_is_known:
            self._pin_is_known = True
            dialect = self.context.policy.dialect
            self._pin = (
                pinned_python(self.context.root, self.context.policy.view)
                if dialect is None
                else dialect.python
            )
        return self._pin
