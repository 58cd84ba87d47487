"""The constant pool of a class file (Java Virtual Machine Specification, 4.4)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.jvm.bytes_at import BytesAt

__all__ = ["Constant", "Pool", "read_pool"]


class Constant(NamedTuple):
    """One entry of the pool.

    Args:
        kind: the specification's word: ``"Utf8"``, ``"Methodref"`` …
        value: a text or a number; of the others the numbers of the entries that they refer to.
        offset: where its tag is, in bytes from the start of the file.
    """

    kind: str
    value: str | int | float | tuple[int, ...]
    offset: int


def _text(reader: BytesAt) -> str:
    """Read modified UTF-8: NUL is C0 80, characters above U+FFFF are two surrogates (4.4.7).

    Pairs of surrogates are joined, lone ones stay.
    """
    raw = reader.take(reader.unsigned(2))
    try:
        text = raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        offset = reader.at - len(raw) + error.start
        raise PycInspectError("bad-text", "is not modified UTF-8", offset=offset) from None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _number(form: str) -> Callable[[BytesAt], int | float]:
    size = struct.calcsize(form)

    def read(reader: BytesAt) -> int | float:
        (number,) = struct.unpack(form, reader.take(size))
        return number  # type: ignore[no-any-return] # struct says nothing of what it returns

    return read


def _references(*sizes: int) -> Callable[[BytesAt], tuple[int, ...]]:
    return lambda reader: tuple(reader.unsigned(size) for size in sizes)


class _Row(NamedTuple):
    """How entries with a tag are read."""

    kind: str
    read: Callable[[BytesAt], str | int | float | tuple[int, ...]]


_TAGS: Mapping[int, _Row] = MappingProxyType(
    {
        1: _Row("Utf8", _text),
        3: _Row("Integer", _number(">i")),
        4: _Row("Float", _number(">f")),
        5: _Row("Long", _number(">q")),
        6: _Row("Double", _number(">d")),
        7: _Row("Class", _references(2)),
        8: _Row("String", _references(2)),
        9: _Row("Fieldref", _references(2, 2)),
        10: _Row("Methodref", _references(2, 2)),
        11: _Row("InterfaceMethodref", _references(2, 2)),
        12: _Row("NameAndType", _references(2, 2)),
        15: _Row("MethodHandle", _references(1, 2)),
        16: _Row("MethodType", _references(2)),
        17: _Row("Dynamic", _references(2, 2)),
        18: _Row("InvokeDynamic", _references(2, 2)),
        19: _Row("Module", _references(2)),
        20: _Row("Package", _references(2)),
    }
)
#: These count as two entries; "in retrospect, a poor choice" (4.4.5).
_WIDE = frozenset({"Long", "Double"})


class Pool(NamedTuple):
    """The constants of a class, by their numbers.

    Args:
        entries: entry 0 and the second places of long and double are None.
        offset: where the pool begins.
    """

    entries: tuple[Constant | None, ...]
    offset: int

    def constant(self, index: int, *kinds: str) -> Constant:
        """Return an entry, which must be of one of these kinds, if any are named.

        Raises:
            PycInspectError: ``bad-pool-index``.
        """
        entry = self.entries[index] if 0 <= index < len(self.entries) else None
        if entry is None or (kinds and entry.kind not in kinds):
            found = "nothing" if entry is None else f"a {entry.kind}"
            wanted = " or ".join(kinds) or "a constant"
            message = f"constant {index} is {found}, not {wanted}"
            offset = self.offset if entry is None else entry.offset
            raise PycInspectError("bad-pool-index", message, offset=offset)
        return entry

    def text(self, index: int) -> str:
        """Return the text of an entry ``Utf8``, or of one that names it (Class, String …)."""
        entry = self.constant(index)
        if entry.kind != "Utf8":
            (name,) = self._references(entry, 1)
            entry = self.constant(name, "Utf8")
        assert isinstance(entry.value, str)
        return entry.value

    def member(self, index: int) -> tuple[str, str, str]:
        """Return the class, the name and the descriptor of a field or a method."""
        entry = self.constant(index, "Fieldref", "Methodref", "InterfaceMethodref")
        owner, name_and_type = self._references(entry, 2)
        return (self.text(owner), *self.name_and_type(name_and_type))

    def name_and_type(self, index: int) -> tuple[str, str]:
        """Return the name and the descriptor that an entry ``NameAndType`` has."""
        name, descriptor = self._references(self.constant(index, "NameAndType"), 2)
        return self.text(name), self.text(descriptor)

    def _references(self, entry: Constant, count: int) -> tuple[int, ...]:
        if not isinstance(entry.value, tuple) or len(entry.value) != count:
            message = f"a {entry.kind} names {count} others nowhere"
            raise PycInspectError("bad-pool-index", message, offset=entry.offset)
        return entry.value


def read_pool(reader: BytesAt) -> Pool:
    """Read a constant pool, its count included.

    Raises:
        PycInspectError: ``bad-pool-tag``, ``bad-text``, ``truncated``.
    """
    start = reader.at
    count = reader.unsigned(2)
    entries: list[Constant | None] = [None]
    while len(entries) < count:
        offset = reader.at
        tag = reader.unsigned(1)
        row = _TAGS.get(tag)
        if row is None:
            message = f"constant {len(entries)} has the tag {tag}, which there is not"
            raise PycInspectError("bad-pool-tag", message, offset=offset)
        entries.append(Constant(row.kind, row.read(reader), offset))
        if row.kind in _WIDE:
            entries.append(None)
    return Pool(tuple(entries), start)
