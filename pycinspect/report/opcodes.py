"""What an operation does and how it changed, as text and as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pycinspect.dialects import Dialect, Opcode, Role, StackPicture
from pycinspect.dialects.history import Changed, Era, OpcodeChanges
from pycinspect.report.words import Json, counted, wrapped

__all__ = ["OPCODE_SCHEMA", "changes_lines", "changes_object", "opcode_lines", "opcode_object"]

#: Name and version of the objects.
OPCODE_SCHEMA = "pycinspect.opcode/1"

_WIDTH = 100
_ROLES = {
    Role.REAL: "",
    Role.INTERNAL: "only in memory",
    Role.SPECIALISED: "only in memory, in place of {base} after a warm-up (PEP 659)",
    Role.INSTRUMENTED: "only in memory, in place of {base} for sys.monitoring (PEP 669)",
    Role.PSEUDO: "only inside the compiler",
}


def opcode_lines(chosen: Era, row: Dialect, eras: Sequence[Era]) -> Iterator[str]:
    """Yield what an operation does in one version, and how it changed.

    Args:
        chosen: the era of that version.
        row: the version.
        eras: all of them, the oldest first.
    """
    opcode, picture = chosen.opcode, chosen.picture
    yield from wrapped(f"{opcode.name}: {picture.sentence}", _WIDTH, "  ", "")
    yield ""
    yield f"  stack     {picture.picture}"
    yield f"  {row.name}: {_facts(opcode)}"
    special = _specialised(opcode, row)
    if special:
        yield from wrapped(f"after a warm-up: {', '.join(special)}", _WIDTH, "    ", "  ")
    yield ""
    rows = [
        (
            _versions(era),
            str(era.opcode.number),
            _argument(era.opcode),
            str(era.opcode.caches),
            era.picture.picture,
        )
        for era in eras
    ]
    yield from _table([("versions", "number", "argument", "caches", "stack"), *rows])


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{text:{width}}" for text, width in zip(row, widths, strict=True))
        yield ("  " + "  ".join(cells)).rstrip()


def _versions(era: Era) -> str:
    first, last = era.dialects[0].version, era.dialects[-1].version
    return first if first == last else f"{first} to {last}"


def _argument(opcode: Opcode) -> str:
    return opcode.operand.value if opcode.takes_argument else "none"


def _facts(opcode: Opcode) -> str:
    role = _ROLES[opcode.role].format(base=opcode.base)
    facts = [
        f"number {opcode.number}",
        f"argument {_argument(opcode)}" if opcode.takes_argument else "no argument",
        *([counted(opcode.caches, "inline cache", "inline caches")] if opcode.caches else []),
        *([role] if role else []),
    ]
    return ", ".join(facts)


def _specialised(opcode: Opcode, row: Dialect) -> list[str]:
    if row.bytecode is None:
        return []
    every = row.bytecode.opcodes.opcodes
    return [one.name for one in every if one.role is Role.SPECIALISED and one.base == opcode.name]


def opcode_object(chosen: Era, row: Dialect, eras: Sequence[Era]) -> Json:
    """Return the same as ``pycinspect.opcode/1`` describes it."""
    return {
        "schema": OPCODE_SCHEMA,
        "name": chosen.opcode.name,
        "dialect": row.name,
        **_object(chosen.opcode, chosen.picture),
        "specialised": _specialised(chosen.opcode, row),
        "history": [
            {
                "dialects": [one.name for one in era.dialects],
                **_object(era.opcode, era.picture),
            }
            for era in eras
        ],
    }


def _object(opcode: Opcode, picture: StackPicture) -> Json:
    return {
        "number": opcode.number,
        "argument": _argument(opcode),
        "caches": opcode.caches,
        "role": opcode.role.value,
        "base": opcode.base,
        "stack": picture.picture,
        "sentence": picture.sentence,
    }


def changes_lines(old: Dialect, new: Dialect, changes: OpcodeChanges) -> Iterator[str]:
    """Yield what changed between the operations of two versions, the sums first."""
    sums = (f"{len(found)} {name}" for name, found in zip(changes._fields, changes, strict=True))
    yield f"{old.name} → {new.name}: {', '.join(sums)}"
    for name, found in (("added", changes.added), ("removed", changes.removed)):
        yield from _section(
            name,
            [(opcode.name, picture.picture, picture.sentence) for opcode, picture in found],
        )
    yield from _section("changed", [row for one in changes.changed for row in _differences(one)])
    yield from _section(
        "renumbered",
        [(one.old.name, f"{one.old.number} → {one.new.number}") for one in changes.renumbered],
    )


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from _table(rows)


def _differences(one: Changed) -> Iterator[tuple[str, str, str]]:
    """Yield the facts that differ, the name beside the first."""
    name = one.old.name
    for word, old, new in _pairs(one):
        if old != new:
            yield name, word, f"{old}  ⇒  {new}"
            name = ""


def _pairs(one: Changed) -> Iterable[tuple[str, str, str]]:
    return (
        ("argument", _argument(one.old), _argument(one.new)),
        ("caches", str(one.old.caches), str(one.new.caches)),
        ("role", one.old.role.value, one.new.role.value),
        ("stack", one.old_picture.picture, one.new_picture.picture),
    )


def changes_object(old: Dialect, new: Dialect, changes: OpcodeChanges) -> Json:
    """Return the same as ``pycinspect.opcode/1`` describes it."""
    return {
        "schema": OPCODE_SCHEMA,
        "old": old.name,
        "new": new.name,
        "added": [{"name": one.name, **_object(one, picture)} for one, picture in changes.added],
        "removed": [
            {"name": one.name, **_object(one, picture)} for one, picture in changes.removed
        ],
        "changed": [
            {
                "name": one.old.name,
                "old": _object(one.old, one.old_picture),
                "new": _object(one.new, one.new_picture),
            }
            for one in changes.changed
        ],
        "renumbered": [
            [one.old.name, one.old.number, one.new.number] for one in changes.renumbered
        ],
    }
