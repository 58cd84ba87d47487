"""Finding a row: by name, by magic number, by cache tag."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from pycinspect.dialects.model import Dialect
from pycinspect.errors import PycInspectError

__all__ = ["DialectTable", "FindMore"]

#: Told a magic number and the row that has it, if there is one, returns a row for it.
FindMore = Callable[[bytes, Dialect | None], Dialect | None]

_MAGIC_SIZE = 4
#: A version, perhaps after the name of an implementation: ``3.12``, ``pypy3.9``.
_VERSION = re.compile(r"(?:([a-z]+)-?)?(\d+\.\d+\S*)")
#: A tree of damaged files has as many magic numbers as files.
_REMEMBERED = 256


class DialectTable:
    """An immutable set of rows with the indexes that lookups need.

    Args:
        rows: the rows; those without caches are found by name alone. Where two claim one
            magic number, the first has it unless the file's name has the cache tag of a later one.
        find_more: asked about magic numbers without a row, and about rows without opcode
            numbers, when a file has one.

    Raises:
        ValueError: two rows have one name, or claim one magic number without
            saying that the tag tells them apart.
    """

    def __init__(self, rows: Iterable[Dialect], find_more: FindMore | None = None) -> None:
        self._rows = tuple(rows)
        self._find_more = lru_cache(_REMEMBERED)(find_more or _find_nothing)
        by_name: dict[str, Dialect] = {}
        by_magic: dict[bytes, list[Dialect]] = {}
        by_tag: dict[str, list[Dialect]] = {}
        never_told: set[bytes] = set()
        for row in self._rows:
            if row.name in by_name:
                raise ValueError(f"two dialects are called {row.name}")
            by_name[row.name] = row
            for tag in row.cache_tags:
                by_tag.setdefault(tag, []).append(row)
            if row.cache_path is None:
                never_told.update(row.magics())
                continue
            for magic in row.magics():
                owners = by_magic.setdefault(magic, [])
                if owners and not row.told_by_tag and row.header is not None:
                    raise ValueError(f"{row.name} and {owners[0].name} claim {magic!r}")
                owners.append(row)
        self._by_name: Mapping[str, Dialect] = MappingProxyType(by_name)
        self._by_magic = MappingProxyType({k: tuple(v) for k, v in by_magic.items()})
        #: What many other files begin with, too: their content decides.
        self._never_told = frozenset(never_told)
        # A development version comes after the release that has its tag.
        self._by_tag = MappingProxyType(
            {tag: tuple(sorted(rows, key=_is_development)) for tag, rows in by_tag.items()}
        )

    def __repr__(self) -> str:
        return f"<DialectTable of {len(self)} dialects>"

    def __iter__(self) -> Iterator[Dialect]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row: object) -> bool:
        """Return whether a row is one of these, not another one of the same name."""
        return isinstance(row, Dialect) and self._by_name.get(row.name) is row

    def __getitem__(self, name: str) -> Dialect:
        """Return the row called ``name``; ``3.12`` and ``pypy3.9`` are names, too.

        Raises:
            PycInspectError: ``unknown-dialect``; the message lists near names.
        """
        row = self._by_name.get(name) or self._by_name.get(_full_name(name))
        if row is None:
            raise self._unknown(name)
        return row

    def resolve(self, dialect: Dialect | str | None = None) -> Dialect:
        """Return the row that a caller means.

        Args:
            dialect: a row, its name, or None for the running interpreter's.

        Raises:
            PycInspectError: ``unknown-dialect``.
        """
        if isinstance(dialect, Dialect):
            return dialect
        return self.running() if dialect is None else self[dialect]

    def find(self, magic: bytes, tag: str | None = None) -> Dialect | None:
        """Return who writes files that start with ``magic``, or None.

        Args:
            magic: the first four bytes of a file.
            tag: the cache tag in the file's name; it decides where two
                implementations share a magic number.
        """
        owners = self._by_magic.get(magic, ())
        for row in owners:
            if tag is not None and tag in row.cache_tags:
                return row
        for row in owners:
            if not row.told_by_tag:
                return row
        if owners or len(magic) != _MAGIC_SIZE or magic in self._never_told:
            return None
        return self._find_more(magic, None)

    def at(self, row: Dialect, magic_word: int) -> Dialect:
        """Return a row as it holds for files of one magic word.

        As :meth:`Dialect.at`; where that has no opcode numbers, somebody else's may do.
        """
        exact = row.at(magic_word)
        if exact.bytecode is not None:
            return exact
        magic = magic_word.to_bytes(2, "little") + row.magic_tail
        return self._find_more(magic, row) or exact

    def tagged(self, tag: str) -> tuple[Dialect, ...]:
        """Return the rows whose importer looks for caches with ``tag``."""
        return self._by_tag.get(tag, ())

    def neighbours(self, dialect: Dialect) -> list[Dialect]:
        """Return the rows of a dialect's major version: those of its implementation, then others.

        The nearest minor version comes first among both.
        """
        major, minor = dialect.python

        def distance(row: Dialect) -> tuple[bool, int]:
            return row.implementation is not dialect.implementation, abs(row.python[1] - minor)

        return sorted((row for row in self if row.python[0] == major), key=distance)

    def running(self) -> Dialect:
        """Return the row of the interpreter that runs this code.

        Raises:
            PycInspectError: ``unknown-dialect`` for one without a row.
        """
        from importlib.util import MAGIC_NUMBER

        row = self.find(MAGIC_NUMBER, sys.implementation.cache_tag)
        if row is None:
            raise PycInspectError(
                "unknown-dialect",
                f"the running {sys.implementation.name} {sys.version.split()[0]} has no dialect;"
                " name one with --as",
            )
        return row

    def _unknown(self, name: str) -> PycInspectError:
        from difflib import get_close_matches

        near = get_close_matches(name, self._by_name, n=3, cutoff=0.3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return PycInspectError("unknown-dialect", f"no dialect is called {name!r}{hint}")


def _full_name(name: str) -> str:
    """Return the name of a row for what people call a Python; CPython where they do not say."""
    match = _VERSION.fullmatch(name)
    return name if match is None else f"{match[1] or 'cpython'}-{match[2]}"


def _find_nothing(_magic: bytes, _known: Dialect | None) -> None:
    """Find no row: there is nobody to ask."""


def _is_development(row: Dialect) -> bool:
    return row.development
