"""A digest of marshalled data that does not depend on how it was spelled by chance.

Two processes that compile one source write the same objects, and yet other bytes: which objects
are marked, and which are references to others, depends on reference counts (cpython#78274), the
order of a set on the hash seed (cpython#92132), and the path on where the tree lay. The digest is
that of the tree of objects: a reference counts as what it refers to, the members of a set are
sorted, and paths of code objects do not count. Everything else does, the choice between two type
codes for one value included.

No object is made of the data, so a hostile file costs what its bytes cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from pycinspect.dialects import Dialect, MarshalType
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.errors import PycInspectError
from pycinspect.pyc.tokens import Token, tokens

__all__ = ["marshal_digest"]

_SIZE = 16
_SETS = frozenset({MarshalType.SET, MarshalType.FROZENSET})
#: What a reference to an object that it is itself a part of counts as.
_UNFINISHED = b"unfinished"


def marshal_digest(data: bytes, dialect: Dialect, offset: int = 0) -> bytes:
    """Return the digest of an object and all its parts.

    Args:
        data: what ``unmarshal`` accepts; what follows the object counts, too.
        dialect: who wrote it.
        offset: where the object begins.

    Raises:
        PycInspectError: as ``tokens``; ``bad-marshal`` for a reference to nothing.

    >>> import marshal
    >>> from pycinspect.dialects import DIALECTS
    >>> one, two = (marshal_digest(marshal.dumps((x, x)), DIALECTS.running()) for x in ("a", "b"))
    >>> one == two
    False
    """
    return _Digester(data, dialect).digest(offset)


class _Node:
    """An object whose parts are not all known yet."""

    __slots__ = ("head", "number", "parts", "token")

    def __init__(self, token: Token, head: bytes, number: int | None) -> None:
        self.token = token
        self.head = head
        self.number = number
        self.parts: list[bytes] = []


class _Found(NamedTuple):
    """What a finished object counts as.

    Args:
        digest: in most places.
        spelling: as the path of a code object: how it is written, and not what.
    """

    digest: bytes
    spelling: bytes


class _Digester:
    def __init__(self, data: bytes, dialect: Dialect) -> None:
        self._data = data
        self._dialect = dialect
        self._open: list[_Node] = []
        #: By the numbers of ``R`` (Python 2) and ``r``: digests of what they refer to.
        self._strings: list[_Found] = []
        self._marked: list[_Found] = []
        self._root = b""

    def digest(self, offset: int) -> bytes:
        end = offset
        for token in tokens(self._data, self._dialect, offset):
            self._close(token.depth)
            if token.start > end:  # the numbers of a code object
                self._open[-1].parts.append(self._data[end : token.start])
            self._begin(token)
            end = token.end
        self._close(0)
        return blake2b(self._root + self._data[end:], digest_size=_SIZE).digest()

    def _begin(self, token: Token) -> None:
        content = self._data[token.start + 1 : token.end]
        if token.kind is MarshalType.REF:
            self._add(token, self._referred(self._marked, content))
        elif token.kind is MarshalType.STRINGREF:
            self._add(token, self._referred(self._strings, content))
        else:
            self._open.append(_Node(token, content, self._numbered(token)))

    def _numbered(self, token: Token) -> int | None:
        """Return the number by which later references call an object, None for none."""
        if self._dialect.marshal is None or not self._dialect.marshal.references:
            return None
        if not self._data[token.start] & FLAG_REF:
            return None
        self._marked.append(_Found(_UNFINISHED, _UNFINISHED))
        return len(self._marked) - 1

    def _referred(self, found: list[_Found], number: bytes) -> _Found:
        place = int.from_bytes(number, "little")
        if place >= len(found):
            raise PycInspectError("bad-marshal", f"there is no object {place:,} to refer to")
        return found[place]

    def _close(self, depth: int) -> None:
        """Finish all objects that lie at least so deep."""
        while self._open and self._open[-1].token.depth >= depth:
            node = self._open.pop()
            found = _Found(_digest_of(node), node.token.kind.name.encode())
            if node.number is not None:
                self._marked[node.number] = found
            elif node.token.kind is MarshalType.INTERNED_STRING:
                self._strings.append(found)
            self._add(node.token, found)

    def _add(self, token: Token, found: _Found) -> None:
        if not self._open:
            self._root = found.digest
            return
        parent = self._open[-1]
        is_path = token.field == "filename" and parent.token.kind is MarshalType.CODE
        parent.parts.append(found.spelling if is_path else found.digest)


def _digest_of(node: _Node) -> bytes:
    parts = sorted(node.parts) if node.token.kind in _SETS else node.parts
    found = blake2b(digest_size=_SIZE)
    for part in _framed([node.token.kind.name.encode(), node.head, *parts]):
        found.update(part)
    return found.digest()


def _framed(parts: list[bytes]) -> Iterator[bytes]:
    """Yield parts with their lengths, so that no two sequences of parts are one string."""
    for part in parts:
        yield len(part).to_bytes(8, "little")
        yield part
