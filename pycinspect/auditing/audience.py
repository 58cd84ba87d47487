"""For which Pythons is a tree, and who says so?

Somebody does, or the library that it lies in, or a pin, or the image around it; else the caches
that are in it.
Never the Python that runs us: a tree of 3.9 is one of 3.9 whoever looks at it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain

from pycinspect.auditing.findings import Assumed, Reason
from pycinspect.auditing.place import Places, dialect_of_place, pinned_python
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.walk import Directory
from pycinspect.cache import (
    module_objection,
    python_of_image,
    reader_objection,
    split_dotted,
)
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import parse_name_end

__all__ = ["Audience"]

#: Caches whose names tell enough of a tree before its first directory is judged.
_ENOUGH_CACHES = 256
#: A hostile tree must not fill the memory with names: after so many, what was seen counts.
_MOST_NAMES = 65_536


class Audience:
    """The Pythons that a tree is for; they may become more while it is read.

    Args:
        root: the tree.
        policy: what the audit was told.
        places: which interpreter's library a directory lies in.
    """

    def __init__(self, root: str, policy: Policy, places: Places) -> None:
        self._root = root
        self._table = policy.dialects
        self._places = places
        self._view = policy.view
        self._detail = ""
        self._names: set[str] = set()
        self._of_places: dict[str, tuple[Dialect, ...]] = {}
        self.reason = Reason.NOTHING
        self.dialects: tuple[Dialect, ...] = ()
        of_place = dialect_of_place(root, policy.dialects)
        if policy.dialect is not None:
            self._tell(policy.dialect, Reason.NAMED)
        elif of_place is not None:
            self._tell(of_place, Reason.LIBRARY)
        else:
            self._ask_pin()
            self._ask_image(policy)
        #: Nobody says it, so that each cache may tell more.
        self.is_open = self.reason is Reason.NOTHING

    @property
    def first(self) -> Dialect:
        """One of them; where nothing says for whom the tree is, the Python that runs us."""
        return self.dialects[0] if self.dialects else self._table.running()

    @property
    def assumed(self) -> Assumed:
        """What a report says of it."""
        names = tuple(row.name for row in self.dialects)
        return Assumed(self._root, names, self.reason, self._detail)

    def of(self, directory: Directory) -> tuple[Dialect, ...]:
        """Return the Pythons that a directory is for: its library's, if nothing is said."""
        if self.reason is Reason.NAMED:
            return self.dialects
        of_place = self._places.dialect_of(directory)
        if of_place is None:
            return self.dialects
        return self._of_places.setdefault(of_place.name, (of_place,))

    def reader(self, directory: Directory, writer: Dialect | None) -> Dialect:
        """Return whose importer takes a file that stands in a source's place.

        Args:
            directory: where it lies: somebody says, or its library, for whom it is; a pin says
                nothing of strangers' files.
            writer: whose magic number it has, None for nobody's.
        """
        if self.reason is not Reason.NAMED:
            told = self._places.dialect_of(directory) or writer
            if told is not None:
                return told
        return self.first

    def survey(self, directories: Iterable[Directory]) -> Iterator[Directory]:
        """Return the same directories, after a look at the names in the first of them."""
        rest = iter(directories)
        if not self.is_open:
            return rest
        ahead: list[Directory] = []
        caches = names = 0
        for directory in rest:
            ahead.append(directory)
            caches += self._look(directory)
            names += len(directory.sources) + len(directory.others) + len(directory.bytecode)
            if caches >= _ENOUGH_CACHES or caches + names >= _MOST_NAMES:
                break
        return chain(ahead, rest)

    def add(self, reader: Dialect, directory: Directory) -> None:
        """Take a cache into account, unless it is told for whom the tree is."""
        if not self.is_open:
            return
        name = reader.cache_tag or reader.name  # of two rows with one tag the first counts
        if name in self._names:
            return
        if self._places.dialect_of(directory) is None:
            self._names.add(name)
            self._tell(reader, Reason.CACHES)
        elif self.reason is Reason.NOTHING:
            self.reason = Reason.LIBRARIES

    # --- Who says so ------------------------------------------------------------------

    def _tell(self, dialect: Dialect, reason: Reason, detail: str = "") -> None:
        self.dialects = (*self.dialects, dialect)
        self.reason, self._detail = reason, detail

    def _ask_pin(self) -> None:
        pin = pinned_python(self._root, self._view)
        if pin is None:
            return
        row = next((row for row in self._table if row.name == pin.dialect), None)
        if row is not None:
            self._tell(row, Reason.PIN, pin.path)

    def _ask_image(self, policy: Policy) -> None:
        place = self._view.archive_of(self._root)
        is_image = self._view.root is not None or (place and place.archive.layout.is_image)
        if not is_image or self.reason is not Reason.NOTHING:
            return
        top = "" if place is None else place.mount
        programs = [f"{top}{path}" for path in policy.programs]
        row = python_of_image(self._view, programs, self._table)
        if row is not None:
            self._tell(row, Reason.IMAGE)

    def _look(self, directory: Directory) -> int:
        """Add whose caches lie in a directory, by their names; return how many there are."""
        entries = () if directory.cache is None else directory.cache.entries
        for end in dict.fromkeys(entry.name.partition(".")[2] for entry in entries):
            reader = self._reader(end)
            if reader is not None:
                self.add(reader, directory)
        for entry in directory.bytecode[:_ENOUGH_CACHES]:
            if module_objection(os.path.splitext(entry.name)[0]) is not None:
                continue
            writer = self._writer(entry.path)
            if writer is not None:
                self.add(writer, directory)
        return len(entries) + len(directory.bytecode)

    def _reader(self, end: str) -> Dialect | None:
        """Return who looks for a cache whose name ends so."""
        try:
            ending = parse_name_end(split_dotted(f"any.{end}")[1])
        except ValueError:  # PYC207
            return None
        rows = self._table.tagged(ending.tag)
        return next((row for row in rows if reader_objection(ending, row) is None), None)

    def _writer(self, path: str) -> Dialect | None:
        """Return who wrote a file that stands beside the sources."""
        try:
            writer = self._table.find(self._view.read_start(path).data[:4], None)
        except (OSError, PycInspectError):  # it is looked at again, and told of then
            return None
        return None if writer is None or writer.unchecked else writer
