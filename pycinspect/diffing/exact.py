"""Two caches, byte for byte: which fields differ, from what to what, and why if that is known.

Comparing meanings leaves out what no program sees; who asks why ``cmp`` tells two builds apart
wants just that. Whatever the bytes differ in is named here: at least the first that does.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, zip_longest
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import Dialect, MarshalType
from pycinspect.dialects.codeflags import names_of_flags
from pycinspect.dialects.layouts import FLAG_REF
from pycinspect.diffing.align import aligned
from pycinspect.diffing.changes import FieldChange, Op, Side
from pycinspect.diffing.programs import Stored
from pycinspect.disasm import exception_table, line_ranges, positions
from pycinspect.disasm.literals import shortened
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, Header
from pycinspect.pyc.code import strict_numbers
from pycinspect.pyc.tokens import tokens

__all__ = ["code_changes", "file_changes", "names_of_differences", "unreadable_changes"]

#: Items of a list that are shown, and characters of each.
_MOST_ITEMS, _MOST_CHARACTERS = 8, 200
#: Bytes that are shown of what nobody can read.
_MOST_BYTES = 16
_CUT = "…"

Cause = str | None


# --- Fields of a code object -----------------------------------------------------------------


def code_changes(old: Side, new: Side) -> tuple[FieldChange, ...]:
    """Return the fields of a code object that differ, but for the instructions themselves.

    Args:
        old: the code object before.
        new: and after. Code objects inside them are not compared.
    """
    found = (describe(old, new) for describe in _FIELDS)
    return tuple(change for change in found if change is not None)


_Field = Callable[[Side, Side], FieldChange | None]


def _change(name: str, old: str, new: str, cause: Cause = None) -> FieldChange:
    return FieldChange(name, old, new, cause)


def _plain(name: str, title: str, old: Side, new: Side) -> FieldChange | None:
    """Compare a number or a name."""
    ours, theirs = getattr(old.code, name), getattr(new.code, name)
    if ours == theirs:
        return None
    return _change(title, shortened(ours), shortened(theirs))


def _filename(old: Side, new: Side) -> FieldChange | None:
    change = _plain("filename", "file name", old, new)
    if change is None:
        return None
    names = {os.path.basename(side.code.filename.replace("\\", "/")) for side in (old, new)}
    is_moved = len(names) == 1
    return change._replace(cause="compiled under another path" if is_moved else None)


def _flags(old: Side, new: Side) -> FieldChange | None:
    if old.code.flags == new.code.flags:
        return None
    shown = (
        f"{side.code.flags:#x} ({' '.join(names_of_flags(side.code.flags, side.dialect))})"
        for side in (old, new)
    )
    return _change("flags", *shown)


def _names(name: str, title: str, old: Side, new: Side) -> FieldChange | None:
    """Compare a tuple of names."""
    ours, theirs = getattr(old.code, name), getattr(new.code, name)
    return None if ours == theirs else _listed(title, ours, theirs)


def _constants(old: Side, new: Side) -> FieldChange | None:
    ours, theirs = (_without_code(side.code) for side in (old, new))
    before, after = strict_numbers(ours, theirs)
    return None if before == after else _listed("constants", ours, theirs, (before, after))


def _without_code(code: Code) -> list[object]:
    """Return the constants; code objects among them are compared by themselves."""
    return [_CODE if isinstance(value, Code) else value for value in code.consts]


class _CodeObject:
    """Stands for a code object among constants."""

    def __repr__(self) -> str:
        return "<code object>"


_CODE = _CodeObject()


def _listed(
    title: str,
    ours: Sequence[object],
    theirs: Sequence[object],
    keys: tuple[Sequence[int], Sequence[int]] | None = None,
) -> FieldChange:
    """Return what two lists do not share, with its places."""
    spans = aligned(*(keys or (ours, theirs)))
    apart = [span for span in spans if span.op is not Op.EQUAL]
    old = _items(ours, [i for span in apart for i in span.old])
    new = _items(theirs, [j for span in apart for j in span.new])
    return _change(title, old, new)


def _items(values: Sequence[object], places: Sequence[int]) -> str:
    shown = [f"[{i}] {_cut(_shown(values[i]))}" for i in places[:_MOST_ITEMS]]
    more = len(places) - len(shown)
    return ", ".join(shown + ([f"{more:,} more"] if more else [])) or "nothing"


def _shown(value: object) -> str:
    return str(value) if isinstance(value, _Row | _CodeObject) else shortened(value)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + _CUT


# --- Tables ----------------------------------------------------------------------------------


class _Row(NamedTuple):
    """What a table says of some instructions, in words."""

    words: str

    def __str__(self) -> str:
        return self.words


def _table(
    name: str, title: str, readers: Sequence[_Reader], old: Side, new: Side
) -> FieldChange | None:
    """Compare a table: what it says, in more and more detail, and last its bytes."""
    ours, theirs = getattr(old.code, name), getattr(new.code, name)
    if ours == theirs:
        return None
    for read in readers:
        before, after = _read(read, old), _read(read, new)
        if before is not None and after is not None and before != after:
            cause = _columns_cause(before, after)
            return _listed(title, before, after)._replace(cause=cause)
    return _bytes_change(title, ours, theirs)


_Reader = Callable[[Code, Dialect], list[_Row]]


def _read(read: _Reader, side: Side) -> list[_Row] | None:
    try:
        return read(side.code, side.dialect)
    except PycInspectError:  # its bytes are shown
        return None


def _lines(code: Code, dialect: Dialect) -> list[_Row]:
    """Return the lines from the first one of the code object on, which is a field of its own."""
    rows = line_ranges(code, dialect)
    return [_Row(f"{row.start}..{row.end}: line {row.line}") for row in rows]


_NO_COLUMNS = "no columns"


def _columns(code: Code, dialect: Dialect) -> list[_Row]:
    found, offset = [], 0
    for position, same in groupby(positions(code, dialect)):
        end = offset + _UNIT * sum(1 for _ in same)
        line, end_line, column, end_column = position
        place = _NO_COLUMNS if column is None else f"{line}:{column} to {end_line}:{end_column}"
        found.append(_Row(f"{offset}..{end}: {place}"))
        offset = end
    return found


#: Bytes of a code unit, since 3.6.
_UNIT = 2


def _columns_cause(old: Sequence[_Row], new: Sequence[_Row]) -> Cause:
    if not old or not new:  # a table that is not there has not even lines
        return None
    without = [all(row.words.endswith(_NO_COLUMNS) for row in rows) for rows in (old, new)]
    return "-X no_debug_ranges leaves columns out" if without[0] != without[1] else None


def _handlers(code: Code, dialect: Dialect) -> list[_Row]:
    return [
        _Row(f"{row.start}..{row.end} -> {row.target}, depth {row.depth}{', lasti' * row.lasti}")
        for row in exception_table(code, dialect)
    ]


def _bytes_change(title: str, old: bytes, new: bytes) -> FieldChange:
    """Return where two runs of bytes begin to differ, and how long they are."""
    place = next(i for i, pair in enumerate(zip_longest(old, new)) if pair[0] != pair[1])
    return _change(title, _hex(old, place), _hex(new, place))


def _hex(data: bytes, place: int) -> str:
    size = f"{len(data):,} byte{'s' * (len(data) != 1)}"
    if place >= len(data):
        return f"{size}, which end there" if data else "nothing"
    rest = _CUT if place + _MOST_BYTES < len(data) else ""
    return f"{size}, at {place}: {data[place : place + _MOST_BYTES].hex(' ')}{rest}"


def _instructions(old: Side, new: Side) -> FieldChange | None:
    """Compare the bytes of the instructions, which say more than their listing."""
    if old.code.code == new.code.code:
        return None
    return _bytes_change("instructions", old.code.code, new.code.code)


_FIELDS: Sequence[_Field] = (
    partial(_plain, "name", "name"),
    partial(_plain, "qualname", "qualified name"),
    _filename,
    partial(_plain, "firstlineno", "first line"),
    partial(_plain, "argcount", "arguments"),
    partial(_plain, "posonlyargcount", "positional-only arguments"),
    partial(_plain, "kwonlyargcount", "keyword-only arguments"),
    partial(_plain, "nlocals", "local variables"),
    partial(_plain, "stacksize", "stack size"),
    _flags,
    _instructions,
    _constants,
    partial(_names, "names", "names"),
    partial(_names, "varnames", "variables"),
    partial(_names, "cellvars", "cell variables"),
    partial(_names, "freevars", "free variables"),
    partial(_table, "linetable", "line table", (_lines, _columns)),
    partial(_table, "exceptiontable", "exception table", (_handlers,)),
)


# --- Files -----------------------------------------------------------------------------------


def file_changes(old: Stored, new: Stored) -> tuple[FieldChange, ...]:
    """Return what two files differ in besides the fields of their code objects.

    Args:
        old: the file before.
        new: and after.

    Returns:
        Fields of the header, how marshal spelled equal objects, and what follows the code;
        where the bytes differ in nothing that this, or :func:`code_changes` of any code
        object, can name, where they begin to differ.
    """
    if old.content == new.content:
        return ()
    found = [*_header(old, new), *_trailing(old, new), *_spelling(old, new)]
    if not found and not _differ_in_code(old, new):
        found.append(_bytes_change("bytes", old.content, new.content))
    return tuple(found)


def unreadable_changes(old: bytes, new: bytes, why: PycInspectError) -> tuple[FieldChange, ...]:
    """Return where two files begin to differ of which one, at least, cannot be read.

    Args:
        old: the file before.
        new: and after; not the same.
        why: what reading raised.
    """
    return (_bytes_change("bytes", old, new)._replace(cause=f"not read any further: {why}"),)


def names_of_differences(old: Stored, new: Stored) -> list[str]:
    """Return the names of all that two files differ in, each once."""
    changes = file_changes(old, new)
    return [*dict.fromkeys([*(row.field for row in changes), *_code_fields(old, new)])]


def _differ_in_code(old: Stored, new: Stored) -> bool:
    return next(_code_fields(old, new), None) is not None


def _code_fields(old: Stored, new: Stored) -> Iterator[str]:
    """Yield the fields in which code objects differ, those in one place compared."""
    for ours, theirs in zip_longest(old.code.walk(), new.code.walk()):
        if ours is None or theirs is None:
            yield "code objects"
        elif ours is not theirs:
            sides = Side(ours, old.dialect), Side(theirs, new.dialect)
            yield from (change.field for change in code_changes(*sides))


# --- Header ------------------------------------------------------------------------------------


def _header(old: Stored, new: Stored) -> Iterator[FieldChange]:
    ours, theirs = (_fields_of(stored.file.header) for stored in (old, new))
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name) != theirs.get(name):
            old_value, new_value = (fields.get(name, "absent") for fields in (ours, theirs))
            cause = _HEADER_CAUSES.get(name) if name in ours and name in theirs else None
            yield _change(f"header: {name}", old_value, new_value, cause)


def _fields_of(header: Header) -> Mapping[str, str]:
    return {
        column.name.replace("_", " "): _number(column.name, number, header)
        for column, number in header.fields
    }


def _number(name: str, number: int, header: Header) -> str:
    if name == "magic":
        return f"{header.magic_word} ({header.dialect.name})"
    if name == "flags":
        return f"{number} ({header.mode.value})"
    return str(number)


#: Where the name of the field says it all, there is no cause to add.
_HEADER_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "magic": "written by another Python",
        "flags": "compiled with another invalidation mode",
        "mtime": "the source had another time: a new checkout, a copy, or SOURCE_DATE_EPOCH",
        "source hash": "the source had other bytes",
        "source size": "the source had other bytes",
    }
)


def _trailing(old: Stored, new: Stored) -> Iterator[FieldChange]:
    ours, theirs = (
        stored.content[len(stored.content) - stored.file.trailing :] for stored in (old, new)
    )
    if ours != theirs:
        yield _bytes_change("bytes after the code", ours, theirs)


# --- How marshal spelled it ----------------------------------------------------------------------


@dataclass(slots=True)
class _Spelling:
    """How the parts of one field of one code object are spelled.

    Args:
        start: offset of the first.
        letters: type codes.
        marks: whether each object is marked to be referred to.
        references: whether each is a reference to another.
        written: the bytes of each but for the type code; of references, those of what they
            refer to.
        has_sets: whether there are sets among them.
    """

    start: int
    letters: list[str] = field(default_factory=list)
    marks: list[bool] = field(default_factory=list)
    references: list[bool] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)
    has_sets: bool = False


_SETS = frozenset({MarshalType.SET, MarshalType.FROZENSET})


def _spelling(old: Stored, new: Stored) -> Iterator[FieldChange]:
    """Compare how equal values are spelled; of values that differ, that says nothing."""
    if old.dialect.marshal is not new.dialect.marshal:
        return
    seen: dict[tuple[str, Cause], list[tuple[str, str]]] = defaultdict(list)
    for name, ours, theirs in _equal_fields(old, new):
        for kind, before, after, cause in _respelled(ours, theirs):
            places = f"{name}, offset {ours.start}: {before}", f"offset {theirs.start}: {after}"
            seen[kind, cause].append(places)
    for (kind, cause), found in seen.items():
        before, after = found[0]
        more = f", and {len(found) - 1:,} more places" if len(found) > 1 else ""
        yield _change(f"marshal: {kind}", before + more, after, cause)


#: Type codes of strings that were interned and not, up to 3.3 and since (marshal.c: w_object).
_INTERNED = ("ts", "tu", "aA", "zZ")
_OF_PROCESS = "the process that wrote it had these strings interned, or not"
_OF_FORMAT = "written in another version of the format"
_OF_REFERENCES = (
    "which objects are marked and shared depends on the process that wrote them (cpython#78274)"
)
_OF_HASHES = "the order of a set depends on the hash seed (PYTHONHASHSEED; cpython#92132)"


def _of_letters(old: Sequence[str], new: Sequence[str]) -> Cause:
    pairs = [{*pair} for pair in zip(old, new, strict=True)]
    is_interning = all(pair in map(set, _INTERNED) for pair in pairs)
    return _OF_PROCESS if is_interning else _OF_FORMAT


def _equal_fields(old: Stored, new: Stored) -> Iterator[tuple[str, _Spelling, _Spelling]]:
    """Yield the fields of code objects in one place that have equal values."""
    pairs = list(zip(old.code.walk(), new.code.walk(), strict=False))
    ours, theirs = _by_place(old), _by_place(new)
    for place in sorted(ours.keys() & theirs.keys()):
        number, name = place
        if number >= len(pairs):
            continue
        if number < 0:  # the outermost code object itself
            yield pairs[0][0].qualname, ours[place], theirs[place]
            continue
        one, other = pairs[number]
        if _is_equal(name, Side(one, old.dialect), Side(other, new.dialect)):
            yield f"{one.qualname}, {name}", ours[place], theirs[place]


#: The fields that 3.11 has for all kinds of variables, and what they are here.
_VARIABLES = ("varnames", "cellvars", "freevars")
_SPLIT: Mapping[str, Sequence[str]] = MappingProxyType(
    {"localsplusnames": _VARIABLES, "localspluskinds": _VARIABLES}
)


def _is_equal(name: str, old: Side, new: Side) -> bool:
    if name == "consts":
        return _constants(old, new) is None
    parts = _SPLIT.get(name, (name,))
    return all(getattr(old.code, part) == getattr(new.code, part) for part in parts)


def _by_place(stored: Stored) -> Mapping[tuple[int, str], _Spelling]:
    """Return how the fields of each code object are spelled, by its number and their name."""
    data, dialect = stored.content, stored.dialect
    can_refer = dialect.marshal is not None and dialect.marshal.references
    found: dict[tuple[int, str], _Spelling] = {}
    referred: dict[MarshalType, list[bytes]] = {MarshalType.REF: [], MarshalType.STRINGREF: []}
    for token in tokens(data, dialect, stored.start):
        first, written = data[token.start], data[token.start + 1 : token.end]
        is_marked = can_refer and bool(first & FLAG_REF)
        if is_marked:
            referred[MarshalType.REF].append(written)
        if token.kind is MarshalType.INTERNED_STRING:
            referred[MarshalType.STRINGREF].append(written)
        if token.kind in referred:
            written = referred[token.kind][int.from_bytes(written, "little")]
        spelling = found.setdefault((token.owner, token.field), _Spelling(token.start))
        spelling.letters.append(chr(first & ~FLAG_REF if can_refer else first))
        spelling.marks.append(is_marked)
        spelling.references.append(token.kind in referred)
        spelling.written.append(written)
        spelling.has_sets = spelling.has_sets or token.kind in _SETS
    return found


class _Respelling(NamedTuple):
    """What differs between two spellings of equal values, both of them in words, and why."""

    kind: str
    old: str
    new: str
    cause: Cause


def _respelled(old: _Spelling, new: _Spelling) -> Iterator[_Respelling]:
    if old.marks != new.marks or old.references != new.references:
        yield _Respelling("references", _marks(old), _marks(new), _OF_REFERENCES)
    elif old.letters != new.letters:
        apart = _places_apart(old.letters, new.letters)
        ours, theirs = ([spelling.letters[i] for i in apart] for spelling in (old, new))
        cause = _of_letters(ours, theirs)
        yield _Respelling("type codes", _spaced(ours), _spaced(theirs), cause)
    before, after = old.written, new.written
    if before != after and old.has_sets and sorted(before) == sorted(after):
        place = _places_apart(before, after)[0]
        old_member, new_member = shortened(before[place]), shortened(after[place])
        yield _Respelling("order of a set", old_member, new_member, _OF_HASHES)
    elif before != after and old.letters == new.letters:
        change = _bytes_change("", b"".join(before), b"".join(after))
        yield _Respelling("spelling", change.old, change.new, None)


def _spaced(letters: Sequence[str]) -> str:
    return " ".join(letters[:_MOST_ITEMS])


def _marks(spelling: _Spelling) -> str:
    return f"{sum(spelling.marks)} marked, {sum(spelling.references)} references"


def _places_apart(old: Sequence[object], new: Sequence[object]) -> list[int]:
    return [i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one != other]
