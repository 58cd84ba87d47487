"""How an operation, and the set of all operations, changed from version to version."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from pycinspect.dialects.model import Dialect
from pycinspect.dialects.opcodes import Opcode, Role
from pycinspect.dialects.pictures import StackPicture, described
from pycinspect.values import Implementation

__all__ = [
    "Changed",
    "Era",
    "OpcodeChanges",
    "eras_of",
    "lineage",
    "opcode_changes",
    "opcode_names",
]

#: Where an opcode is in files, or in the compiler before it writes them.
_OF_COMPILERS = (Role.REAL, Role.PSEUDO)


class Era(NamedTuple):
    """Versions in which an operation is the same.

    Args:
        dialects: their rows, the oldest first.
        opcode: its row in their tables.
        picture: what it does.
    """

    dialects: tuple[Dialect, ...]
    opcode: Opcode
    picture: StackPicture


class Changed(NamedTuple):
    """An operation of two versions."""

    old: Opcode
    new: Opcode
    old_picture: StackPicture
    new_picture: StackPicture

    @property
    def is_renumbered(self) -> bool:
        """Whether it has another number."""
        return self.old.number != self.new.number

    @property
    def differs(self) -> bool:
        """Whether anything but the number differs."""
        same = ("operand", "caches", "role")
        facts = any(getattr(self.old, name) != getattr(self.new, name) for name in same)
        return facts or self.old_picture.picture != self.new_picture.picture


class OpcodeChanges(NamedTuple):
    """What changed between the operations of two versions, each list by name.

    Args:
        added: operations that only the new one has.
        removed: operations that only the old one has.
        changed: operations whose argument, caches, role or stack picture differ.
        renumbered: operations with another number.
    """

    added: tuple[tuple[Opcode, StackPicture], ...]
    removed: tuple[tuple[Opcode, StackPicture], ...]
    changed: tuple[Changed, ...]
    renumbered: tuple[Changed, ...]


def opcode_names(dialects: Iterable[Dialect]) -> frozenset[str]:
    """Return the names of all opcodes of some versions, those in memory included."""
    return frozenset(
        opcode.name
        for row in dialects
        if row.bytecode is not None
        for opcode in row.bytecode.opcodes.opcodes
    )


def lineage(
    dialects: Iterable[Dialect], implementation: Implementation, like: Dialect | None = None
) -> list[Dialect]:
    """Return the versions of an implementation whose opcodes are known, the oldest first.

    Args:
        dialects: the rows to choose from; variants of a version are left out.
        implementation: whose.
        like: a row that is among them even if it is a variant.
    """
    rows = [one for one in dialects if one.implementation is implementation and one.bytecode]
    plain = [one for one in rows if one is like or one.name.endswith(f"-{one.version}")]
    return sorted(plain, key=lambda one: one.python)


def eras_of(name: str, dialects: Iterable[Dialect]) -> list[Era]:
    """Return how an operation changed.

    Args:
        name: the operation.
        dialects: rows of one implementation, the oldest first.

    Returns:
        The versions that have it, those together in which it is the same; empty where none has.

    >>> from pycinspect.dialects import DIALECTS
    >>> rows = [DIALECTS[f"cpython-3.{minor}"] for minor in (10, 11, 12, 13)]
    >>> [(len(era.dialects), era.opcode.number) for era in eras_of("LOAD_ATTR", rows)]
    [(1, 106), (1, 106), (1, 106), (1, 82)]
    """
    found: list[tuple[Dialect, Opcode, StackPicture] | None] = []
    for row in dialects:
        if row.bytecode is not None:
            opcode = row.bytecode.opcodes.by_name.get(name)
            found.append(opcode and (row, opcode, described(opcode.base, row)))
    eras: list[Era] = []
    for fact, group in groupby(found, lambda one: one and (one[1][:6], one[2])):
        rows = [one for one in group if one is not None]
        if fact is not None:
            eras.append(Era(tuple(row for row, _, _ in rows), rows[0][1], rows[0][2]))
    return eras


def opcode_changes(old: Dialect, new: Dialect) -> OpcodeChanges:
    """Return what changed between the operations of two versions.

    Args:
        old: a version whose opcodes are known.
        new: another one.

    What is only in memory (specialised, instrumented) is left out: no file has it, and it
    changes with every release.

    >>> from pycinspect.dialects import DIALECTS
    >>> found = opcode_changes(DIALECTS["cpython-3.12"], DIALECTS["cpython-3.13"])
    >>> [opcode.name for opcode, _ in found.added][:3]
    ['CALL_KW', 'CONVERT_VALUE', 'FORMAT_SIMPLE']
    """
    before, after = _by_name(old), _by_name(new)
    pairs = [
        Changed(before[name][0], after[name][0], before[name][1], after[name][1])
        for name in sorted(before.keys() & after.keys())
    ]
    return OpcodeChanges(
        tuple(after[name] for name in sorted(after.keys() - before.keys())),
        tuple(before[name] for name in sorted(before.keys() - after.keys())),
        tuple(pair for pair in pairs if pair.differs),
        tuple(pair for pair in pairs if pair.is_renumbered),
    )


def _by_name(row: Dialect) -> dict[str, tuple[Opcode, StackPicture]]:
    if row.bytecode is None:
        return {}
    return {
        opcode.name: (opcode, described(opcode.base, row))
        for opcode in row.bytecode.opcodes.opcodes
        if opcode.role in _OF_COMPILERS
    }
