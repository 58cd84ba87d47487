"""What Jython reads of a class file before Java does: ASM's reader, its damage included.

``org.python.core.AnnotationReader`` hands the file to ``org.objectweb.asm.ClassReader`` and keeps three
annotations. That reader checks little: it does not look at the magic number, jumps over attributes
by their lengths, and where the file ends too soon an index is out of bounds. An end in the pool is an
``IOException`` of Jython's (the source is compiled); everything behind it reaches the import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["AnnotationReading", "read_annotations"]

_API_VERSION = "Lorg/python/compiler/APIVersion;"
_MTIME = "Lorg/python/compiler/MTime;"
_FILENAME = "Lorg/python/compiler/Filename;"
_VISIBLE = ("RuntimeVisibleAnnotations", "RuntimeInvisibleAnnotations")

#: Bytes of a pool entry, its tag included, and how many entries it counts as (ClassReader).
_SIZES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        3: (5, 1),
        4: (5, 1),
        5: (9, 2),
        6: (9, 2),
        7: (3, 1),
        8: (3, 1),
        9: (5, 1),
        10: (5, 1),
        11: (5, 1),
        12: (5, 1),
        15: (4, 1),
        16: (3, 1),
        17: (5, 1),
        18: (5, 1),
        19: (3, 1),
        20: (3, 1),
    }
)
_UTF8 = 1
_POOL = 10


class AnnotationReading(NamedTuple):
    """What Jython knows of a class file when it decides whether to load it.

    Args:
        api_version: the compiler's version; -1 where nothing says so.
        mtime: milliseconds since 1970; -1 where nothing says so.
        filename: the source's path as the compiler was given it; None where nothing says so.
        failure: what Java raises instead: ``"IOException"``, after which a source that is there is
            compiled, or another name, which reaches the import; None where all was read.
    """

    api_version: int = -1
    mtime: int = -1
    filename: str | None = None
    failure: str | None = None


class _JavaError(Exception):
    """What ASM's reader raises, by its name in Java. Never leaves this module."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def read_annotations(data: bytes, newest_major: int | None = None) -> AnnotationReading:
    """Read API version, MTime and Filename as Jython 2.7.3 does.

    Args:
        data: a file that lies in a class file's place, whatever it is.
        newest_major: the newest major version that the reader takes; None takes all.

    Returns:
        What was read, or what Java raises; nothing is raised here.

    The rule is ``AnnotationReader`` of Jython and ``ClassReader`` of ASM 9.

    >>> read_annotations(b"").failure, read_annotations(bytes(200)).failure
    ('IOException', 'ArrayIndexOutOfBoundsException')
    """
    try:
        reader = _Asm(data, newest_major)
    except _JavaError as error:
        is_end = error.name == "ArrayIndexOutOfBoundsException"
        return AnnotationReading(failure="IOException" if is_end else error.name)
    try:
        return reader.accept()
    except _JavaError as error:
        return AnnotationReading(failure=error.name)


class _Asm:
    """``ClassReader``, as far as a visitor that skips fields and methods makes it go."""

    def __init__(self, data: bytes, newest_major: int | None) -> None:
        self._data = data
        major = self._signed16(6)
        if newest_major is not None and major > newest_major:
            raise _JavaError("IllegalArgumentException")
        self._offsets, self._header = self._pool()

    # --- Numbers, as Java's arrays give them -----------------------------------------

    def _byte(self, offset: int) -> int:
        if not 0 <= offset < len(self._data):
            raise _JavaError("ArrayIndexOutOfBoundsException")
        return self._data[offset]

    def _number(self, offset: int, size: int) -> int:
        self._byte(offset)
        self._byte(offset + size - 1)
        return int.from_bytes(self._data[offset : offset + size])

    def _u2(self, offset: int) -> int:
        return self._number(offset, 2)

    def _signed16(self, offset: int) -> int:
        return _signed(self._u2(offset), 16)

    def _s4(self, offset: int) -> int:
        return _signed(self._number(offset, 4), 32)

    # --- The pool ---------------------------------------------------------------------

    def _pool(self) -> tuple[list[int], int]:
        count = self._u2(8)
        offsets = [0] * count
        index, offset = 1, _POOL
        while index < count:
            offsets[index] = offset + 1
            tag = self._byte(offset)
            if tag == _UTF8:
                size, places = 3 + self._u2(offset + 1), 1
            elif tag in _SIZES:
                size, places = _SIZES[tag]
            else:
                raise _JavaError("IllegalArgumentException")
            index += places
            offset += size
        return offsets, offset

    def _entry(self, index: int) -> int:
        if not 0 <= index < len(self._offsets):
            raise _JavaError("ArrayIndexOutOfBoundsException")
        return self._offsets[index]

    def _utf8(self, offset: int) -> str | None:
        """Return the text that the two bytes at an offset name: ``readUTF8``."""
        index = self._u2(offset)
        return None if index == 0 else self._text(index)

    def _text(self, index: int) -> str:
        start = self._entry(index)
        size = self._u2(start)
        if size:
            self._byte(start + 2 + size - 1)
        raw = self._data[start + 2 : start + 2 + size]
        return raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "replace")

    def _class(self, offset: int) -> str | None:
        """Return the name of the class that the two bytes at an offset name: ``readStringish``."""
        return self._utf8(self._entry(self._u2(offset)))

    # --- The rest: accept() -----------------------------------------------------------

    def accept(self) -> AnnotationReading:
        offset = self._header
        self._class(offset + 2)
        self._class(offset + 4)
        interfaces = self._u2(offset + 6)
        offset += 8
        for _ in range(interfaces):
            self._class(offset)
            offset += 2
        members = offset
        attributes = self._after_members(self._after_members(offset))
        found = list(self._attributes(attributes))
        values: dict[str, object] = {}
        for name in _VISIBLE:
            for place in [start for called, start in found if called == name][-1:]:
                values.update(self._annotations(place))
        self._visit_members(members)
        return _reading(values)

    def _after_members(self, offset: int) -> int:
        """Jump over the fields, or the methods: ``getFirstAttributeOffset``."""
        count = self._u2(offset)
        offset += 2
        for _ in range(count):
            attributes = self._u2(offset + 6)
            offset += 8
            for _ in range(attributes):
                offset += 6 + self._s4(offset + 2)
        return offset

    def _attributes(self, offset: int) -> Iterable[tuple[str | None, int]]:
        count = self._u2(offset)
        offset += 2
        for _ in range(count):
            name = self._utf8(offset)
            size = self._s4(offset + 2)
            yield name, offset + 6
            offset += 6 + size

    def _visit_members(self, offset: int) -> None:
        """Read names and attributes of all fields and methods, which nobody looks at."""
        for _ in range(2):
            count = self._u2(offset)
            offset += 2
            for _ in range(count):
                self._utf8(offset + 2)
                self._utf8(offset + 4)
                attributes = self._u2(offset + 6)
                offset += 8
                for _ in range(attributes):
                    self._utf8(offset)
                    offset += 6 + self._s4(offset + 2)

    def _annotations(self, offset: int) -> Iterable[tuple[str, object]]:
        count = self._u2(offset)
        offset += 2
        for _ in range(count):
            kind = self._utf8(offset)
            pairs = self._u2(offset + 2)
            offset += 4
            for _ in range(pairs):
                self._utf8(offset)
                value, offset = self._element(offset + 2, depth=0)
                if kind is not None:
                    yield kind, value

    def _element(self, offset: int, depth: int) -> tuple[object, int]:
        """Return a value and the place behind it: ``readElementValue``."""
        if depth > _DEEPEST:
            raise _JavaError("StackOverflowError")
        tag = chr(self._byte(offset))
        offset += 1
        if tag in "BCDFIJSZs":
            return self._constant(tag, offset), offset + 2
        if tag == "e":
            return None, offset + 4
        if tag == "c":
            return None, offset + 2
        if tag == "@":
            return None, self._nested(offset + 2, depth)
        if tag == "[":
            return None, self._array(offset, depth)
        raise _JavaError("IllegalArgumentException")

    def _constant(self, tag: str, offset: int) -> object:
        if tag == "s":
            return self._utf8(offset)
        start = self._entry(self._u2(offset))
        if tag in "JD":
            return _signed(self._number(start, 8), 64)
        return self._s4(start)

    def _nested(self, offset: int, depth: int) -> int:
        pairs = self._u2(offset)
        offset += 2
        for _ in range(pairs):
            _, offset = self._element(offset + 2, depth + 1)
        return offset

    def _array(self, offset: int, depth: int) -> int:
        count = self._u2(offset)
        offset += 2
        for _ in range(count):
            _, offset = self._element(offset, depth + 1)
        return offset


#: Nesting of annotations that no compiler makes; Java's own stack ends some thousands further on.
_DEEPEST = 100


def _signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number


def _reading(values: Mapping[str, object]) -> AnnotationReading:
    version, mtime = values.get(_API_VERSION, -1), values.get(_MTIME, -1)
    filename = values.get(_FILENAME)
    return AnnotationReading(
        api_version=version if isinstance(version, int) else -1,
        mtime=mtime if isinstance(mtime, int) else -1,
        filename=filename if isinstance(filename, str) else None,
    )
