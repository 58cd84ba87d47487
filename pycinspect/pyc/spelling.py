"""How marshalled data was spelled by chance: marks that nothing refers to, and orders of sets.

Two runs of one compiler write the same objects, and which of them are marked to be referred to
depends on reference counts (cpython#78274); the order of a set depends on the hash seed, up to 3.10
(cpython#82084). No object is made of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pycinspect.dialects import Dialect, MarshalType
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.pyc.tokens import Token, tokens

__all__ = ["Spelling", "spelling"]

_SETS = frozenset({MarshalType.SET, MarshalType.FROZENSET})
#: Type codes of strings that are interned: their writer marks all of them, referred to or not.
_INTERNED = frozenset(b"tAZ")


@dataclass(frozen=True, slots=True)
class Spelling:
    """What of the spelling another run might have done otherwise.

    Args:
        marked: objects that are marked to be referred to, interned strings not among them.
        unneeded: those of them to which nothing refers.
        repeated: interned strings that are spelled out again, and not referred to.
        sets: sets with at least two members.
        unordered: the offsets of those whose members stand in another order than that of how
            they are spelled.
    """

    marked: int
    unneeded: int
    repeated: int
    sets: int
    unordered: tuple[int, ...]


def spelling(data: bytes, dialect: Dialect, offset: int = 0) -> Spelling:
    r"""Look through an object and all its parts.

    Args:
        data: what ``unmarshal`` accepts.
        dialect: who wrote it.
        offset: where the object begins.

    Raises:
        PycInspectError: as ``tokens``.

    >>> import marshal
    >>> from pycinspect.dialects import find_dialect
    >>> spelling(b"\xa9\2\xe9\1\0\0\0r\1\0\0\0", find_dialect("cpython-3.12"))
    Spelling(marked=2, unneeded=1, repeated=0, sets=0, unordered=())
    """
    reader = _Reader(data, dialect)
    for token in tokens(data, dialect, offset):
        reader.take(token)
    return reader.found()


class _Set:
    """A set, and the offsets of its members so far."""

    __slots__ = ("depth", "members", "start")

    def __init__(self, token: Token) -> None:
        self.start = token.start
        self.depth = token.depth
        self.members: list[Token] = []


class _Reader:
    def __init__(self, data: bytes, dialect: Dialect) -> None:
        self._data = data
        self._has_marks = dialect.marshal is not None and dialect.marshal.references
        #: By the number of a mark: its object.
        self._marks: list[Token] = []
        self._referred: set[int] = set()
        self._strings: set[bytes] = set()
        self._repeated = 0
        self._open: list[_Set] = []
        self._sets = 0
        self._unordered: list[int] = []

    def take(self, token: Token) -> None:
        """Note one object."""
        self._close(token.depth)
        if self._open and token.depth == self._open[-1].depth + 1:
            self._open[-1].members.append(token)
        if token.kind in _SETS:
            self._open.append(_Set(token))
        if token.kind is MarshalType.REF:
            self._referred.add(self._number(token))
            return
        letter = self._data[token.start]
        if self._has_marks and letter & FLAG_REF:
            self._marks.append(token)
            letter &= ~FLAG_REF
        if letter in _INTERNED:
            text = self._data[token.start + 1 : token.end]
            self._repeated += text in self._strings
            self._strings.add(text)

    def found(self) -> Spelling:
        """Return the sums, at the end."""
        self._close(0)
        marks = [(number, mark) for number, mark in enumerate(self._marks) if self._counts(mark)]
        return Spelling(
            len(marks),
            sum(number not in self._referred for number, _ in marks),
            self._repeated,
            self._sets,
            tuple(self._unordered),
        )

    def _counts(self, mark: Token) -> bool:
        return self._data[mark.start] & ~FLAG_REF not in _INTERNED

    def _number(self, reference: Token) -> int:
        return int.from_bytes(self._data[reference.start + 1 : reference.end], "little")

    def _close(self, depth: int) -> None:
        """Judge the sets that end before an object that lies so deep."""
        while self._open and self._open[-1].depth >= depth:
            ended = self._open.pop()
            if len(ended.members) > 1:
                self._sets += 1
                if not self._is_ordered(ended.members):
                    self._unordered.append(ended.start)

    def _is_ordered(self, members: Sequence[Token]) -> bool:
        """Return whether members may stand in the order of their own spelling.

        So ``Python/marshal.c: w_complex_object`` sorts them since 3.11, each as it is spelled
        alone. Whether it is marked there depends on who else holds it: both are tried.
        """
        last = b""
        for member in members:
            allowed = sorted(key for key in self._keys(member) if key >= last)
            if not allowed:
                return False
            last = allowed[0]
        return True

    def _keys(self, member: Token) -> tuple[bytes, ...]:
        """Return how a member may be spelled alone; of what has parts, only how that begins."""
        if member.kind is MarshalType.REF:
            number = self._number(member)
            if number >= len(self._marks):
                return ()
            member = self._marks[number]
        letter = self._data[member.start] & (~FLAG_REF & 0xFF if self._has_marks else 0xFF)
        rest = self._data[member.start + 1 : member.end]
        plain, marked = bytes([letter]) + rest, bytes([letter | FLAG_REF]) + rest
        if not self._has_marks or member.kind in _SINGLETONS:
            return (plain,)
        return (marked,) if letter in _INTERNED else (plain, marked)


#: What is never marked (``Python/marshal.c: w_object``).
_SINGLETONS = frozenset(
    {
        MarshalType.NONE,
        MarshalType.FALSE,
        MarshalType.TRUE,
        MarshalType.STOPITER,
        MarshalType.ELLIPSIS,
    }
)
