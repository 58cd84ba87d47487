"""Code objects as JSON values: everything that a file says about them.

What a hostile file costs is limited, see ``report.allowance``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from pycinspect.dialects import Dialect
from pycinspect.disasm import Literals, exception_table, instructions, line_ranges, positions
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.pyc.constants import FrozenDict, Long, Slice, parts_of
from pycinspect.report.allowance import Allowance, weight
from pycinspect.report.words import Json

__all__ = ["code_objects", "scalar_object"]

#: Constants in constants that are written out; few readers of JSON take more than 1,000
#: levels, and each is two.
_DEPTH = 100
#: Larger numbers are hexadecimal: a user may have limited Python to 640 decimal digits
#: (sys.set_int_max_str_digits), and JSON must not depend on that.
_DECIMAL_BITS = 2_000
#: Texts in tables that are written whole at every use.
_SHORT = 100


def code_objects(root: Code, dialect: Dialect, wanted: Collection[str] = ()) -> list[Json]:
    """Return code objects as ``pycinspect.show/1`` describes them.

    Args:
        root: the code object of a module.
        dialect: who wrote it.
        wanted: qualified names; all code objects where there are none.

    Returns:
        One object for each of :meth:`Code.walk`, in its order.
    """
    codes = list(root.walk())
    writer = _Writer(codes, dialect)
    return [
        writer.code(index, code)
        for index, code in enumerate(codes)
        if not wanted or code.qualname in wanted
    ]


# --- Code objects ----------------------------------------------------------------------------


class _Writer:
    """Writes the code objects of one file, which share an allowance."""

    def __init__(self, codes: Sequence[Code], dialect: Dialect) -> None:
        self._dialect = dialect
        self._allowance = Allowance(codes)
        self._readers: Mapping[str, _TableReader] = {
            "instructions": partial(_instructions, self._allowance.literals(dialect)),
            **_TABLE_READERS,
        }
        self._indexes = {id(code): index for index, code in enumerate(codes)}

    def code(self, index: int, code: Code) -> Json:
        """Return a code object; without its content, if that costs too much."""
        if not self._allowance.spend_on(code):
            return {**self._written(index, _emptied(code)), "cut": True}
        return self._written(index, code)

    def _written(self, index: int, code: Code) -> Json:
        constants, is_cut = self._constants(code.consts, 0)
        entry: Json = {"index": index, **_facts(code), "consts": constants}
        problems: list[Json] = []
        for name, rows in self._readers.items():
            try:
                entry[name] = self._rows(rows(code, self._dialect))
            except PycInspectError as error:
                entry[name] = []
                problems.append(_problem(error))
        entry["problems"] = problems
        if is_cut:
            entry["cut"] = True
        return entry

    def _rows(self, rows: Iterable[Sequence[object]]) -> list[list[object]]:
        return [[self._cell(cell) for cell in row] for row in rows]

    def _cell(self, cell: object) -> object:
        """Return a cell of a table; a long text is counted, as every use of it repeats it."""
        if type(cell) is str and len(cell) > _SHORT and not self._allowance.spend(weight(cell)):
            return cell[:_SHORT] + "…"
        return cell

    # --- Constants ---

    def _constants(self, values: Sequence[object], depth: int) -> tuple[list[Json], bool]:
        """Return constants, and whether some had to be left out."""
        written: list[Json] = []
        for value in values:
            if not self._allowance.spend(weight(value)):
                return written, True
            written.append(self._constant(value, depth))
        return written, False

    def _constant(self, value: object, depth: int) -> Json:
        kind = type(value)
        if kind is Code:
            return {"type": "code", "index": self._indexes.get(id(value))}
        if kind not in _CONTAINERS:
            return scalar_object(value)
        name = _name_of(kind)
        if depth == _DEPTH:
            return {"type": name, "items": [], "cut": True}
        items, is_cut = self._constants(parts_of(value), depth + 1)
        entry: Json = {"type": name, "items": _CONTAINERS[kind](items)}
        if is_cut:
            entry["cut"] = True
        return entry


#: Fields of a code object that stand as they are.
_FIELDS = (
    *("name", "qualname", "filename", "firstlineno"),
    *("argcount", "posonlyargcount", "kwonlyargcount", "nlocals", "stacksize", "flags"),
    *("names", "varnames", "freevars", "cellvars"),
)


def _emptied(code: Code) -> Code:
    """Return a code object with nothing in it, by the same writer."""
    return Code("", "", "", 0, 0, 0, 0, 0, 0, 0, (), (), (), (), b"", (), b"", b"", code.dialect)


def _facts(code: Code) -> Json:
    return {**{name: getattr(code, name) for name in _FIELDS}, "code": code.code.hex()}


_TableReader = Callable[[Code, Dialect], Iterable[Sequence[object]]]


def _instructions(
    literals: Literals | None, code: Code, dialect: Dialect
) -> Iterator[Sequence[object]]:
    for step in instructions(code, dialect, literals=literals):
        yield (
            *(step.offset, step.start_offset, step.opcode, step.opname),
            *(step.arg, step.argrepr, step.jump_target, step.line),
        )


#: Key to what decodes the table; each can be damaged alone.
_TABLE_READERS: Mapping[str, _TableReader] = MappingProxyType(
    {
        "lines": line_ranges,
        "positions": positions,
        "exception_table": exception_table,
    }
)


def _problem(error: PycInspectError) -> Json:
    return {"slug": error.slug, "message": error.message, "offset": error.offset}


# --- Constants without parts -------------------------------------------------------------------


def _plain(value: object) -> Json:
    return {"repr": repr(value)}


def _int(value: int) -> Json:
    return {"repr": str(int(value)) if value.bit_length() <= _DECIMAL_BITS else hex(value)}


def _float(value: float) -> Json:
    return {"repr": repr(value), "hex": _bits(value)}


def _complex(value: complex) -> Json:
    return {"repr": repr(value), "hex": f"{_bits(value.real)} {_bits(value.imag)}"}


def _bits(value: float) -> str:
    """Return ``float.hex``, which has no sign for "not a number", with one."""
    sign = "-" if math.isnan(value) and math.copysign(1, value) < 0 else ""
    return sign + value.hex()


def _bytes(value: bytes) -> Json:
    return {"repr": repr(value), "hex": value.hex()}


def _text(value: str) -> Json:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: not every reader of JSON takes it
        return {"repr": ascii(value), "codepoints": list(map(ord, value))}
    return {"repr": repr(value), "value": value}


def _singleton(value: type) -> Json:
    return {"repr": value.__name__}


#: Python types to what is said of a value; for others it is their ``repr``.
_SCALARS: Mapping[type, Callable[[Any], Json]] = MappingProxyType(
    {
        int: _int,
        Long: _int,
        float: _float,
        complex: _complex,
        bytes: _bytes,
        str: _text,
        type: _singleton,
    }
)


def scalar_object(value: object) -> Json:
    """Return a constant without parts as a JSON value, as ``pycinspect.show/1`` has it."""
    kind = type(value)
    return {"type": _name_of(kind), **_SCALARS.get(kind, _plain)(value)}


def _name_of(kind: type) -> str:
    return _NAMES.get(kind, kind.__name__)


# --- Constants with parts ------------------------------------------------------------------------


def _in_order(items: list[Json]) -> list[Any]:
    return items


def _sorted(items: list[Json]) -> list[Any]:
    return sorted(items, key=json.dumps)


def _paired(items: list[Json]) -> list[Any]:
    return [list(pair) for pair in zip(items[::2], items[1::2], strict=False)]


#: Types of containers to how their parts are arranged.
_CONTAINERS: Mapping[type, Callable[[list[Json]], list[Any]]] = MappingProxyType(
    {
        tuple: _in_order,
        list: _in_order,
        Slice: _in_order,
        set: _sorted,
        frozenset: _sorted,
        dict: _paired,
        FrozenDict: _paired,
    }
)

#: Types whose name is not Python's.
_NAMES: Mapping[type, str] = MappingProxyType(
    {Long: "long", Slice: "slice", FrozenDict: "frozendict", type: "StopIteration"}
)
