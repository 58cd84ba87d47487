"""A Java class file as a whole (Java Virtual Machine Specification, chapter 4)."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.jvm.bytes_at import BytesAt
from pycinspect.jvm.pool import Pool, read_pool

__all__ = ["CLASS_MAGIC", "Attribute", "ClassFile", "Member", "parse_class", "read_attributes"]

CLASS_MAGIC = b"\xca\xfe\xba\xbe"


class Attribute(NamedTuple):
    """An attribute: its name and the place of its content in the file."""

    name: str
    offset: int
    size: int


class Member(NamedTuple):
    """A field or a method."""

    access: int
    name: str
    descriptor: str
    attributes: tuple[Attribute, ...]


class ClassFile(NamedTuple):
    """A class file, read whole.

    Args:
        data: the file.
        version: the major and the minor version of the format.
        pool: its constants.
        access: flags of the class.
        name: the class, with slashes.
        base: its superclass, None for ``java/lang/Object`` alone.
        interfaces: what it implements.
        fields: its fields, in their order.
        methods: its methods, in their order.
        attributes: those of the class.
    """

    data: bytes
    version: tuple[int, int]
    pool: Pool
    access: int
    name: str
    base: str | None
    interfaces: tuple[str, ...]
    fields: tuple[Member, ...]
    methods: tuple[Member, ...]
    attributes: tuple[Attribute, ...]

    def attribute(self, name: str, of: tuple[Attribute, ...] | None = None) -> BytesAt | None:
        """Return a reader of an attribute's content, None where there is none.

        Args:
            name: the attribute.
            of: whose attributes; None is the class's.
        """
        for attribute in self.attributes if of is None else of:
            if attribute.name == name:
                end = attribute.offset + attribute.size
                return BytesAt(self.data, attribute.offset, end)
        return None


def parse_class(data: bytes) -> ClassFile:
    """Read a Java class file.

    Args:
        data: the file.

    Raises:
        PycInspectError: ``not-a-class``, ``truncated``, ``trailing-bytes``, ``bad-pool-tag``,
            ``bad-pool-index``, ``bad-text``, each with the offset.

    The format is that of the Java Virtual Machine Specification, 4.1.
    """
    if not data.startswith(CLASS_MAGIC):
        message = "is not a Java class file: it does not begin with CA FE BA BE"
        raise PycInspectError("not-a-class", message, offset=0)
    reader = BytesAt(data, len(CLASS_MAGIC))
    minor, major = reader.unsigned(2), reader.unsigned(2)
    pool = read_pool(reader)
    access, name, base = reader.unsigned(2), pool.text(reader.unsigned(2)), reader.unsigned(2)
    interfaces = tuple(pool.text(reader.unsigned(2)) for _ in range(reader.unsigned(2)))
    found = ClassFile(
        data=data,
        version=(major, minor),
        pool=pool,
        access=access,
        name=name,
        base=pool.text(base) if base else None,
        interfaces=interfaces,
        fields=_members(reader, pool),
        methods=_members(reader, pool),
        attributes=read_attributes(reader, pool),
    )
    if reader.at != len(data):
        message = f"{len(data) - reader.at} bytes follow the class, which no Java takes"
        raise PycInspectError("trailing-bytes", message, offset=reader.at)
    return found


def _members(reader: BytesAt, pool: Pool) -> tuple[Member, ...]:
    return tuple(_member(reader, pool) for _ in range(reader.unsigned(2)))


def _member(reader: BytesAt, pool: Pool) -> Member:
    access = reader.unsigned(2)
    name, descriptor = pool.text(reader.unsigned(2)), pool.text(reader.unsigned(2))
    return Member(access, name, descriptor, read_attributes(reader, pool))


def read_attributes(reader: BytesAt, pool: Pool) -> tuple[Attribute, ...]:
    """Read a list of attributes, its count included, and go on behind it."""
    return tuple(_attribute(reader, pool) for _ in range(reader.unsigned(2)))


def _attribute(reader: BytesAt, pool: Pool) -> Attribute:
    name = pool.text(reader.unsigned(2))
    size = reader.unsigned(4)
    offset = reader.at
    reader.take(size)
    return Attribute(name, offset, size)
