"""The opcodes of every version: captured tables of numbers, and what an operand means.

Tables are files in ``numbers/``, one a numbering, made under the interpreter itself by
``tests/capture_opcodes.py`` or, for versions that no longer run, transcribed from
``Lib/opcode.py`` and ``Include/opcode.h`` of the release. None is derived from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cached_property, partial
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects.operations import Flow, Operation, operation
from pycinspect.shipped import shipped_text

__all__ = ["Effect", "Opcode", "OpcodeTable", "Operand", "Role"]


class Operand(Enum):
    """What an instruction's argument is; the words are those of the tables."""

    NONE = "none"  # there is no argument, whatever the byte says
    RAW = "raw"  # a number that stands for itself
    EXTENDED = "extended"  # the high bits of the next argument
    CONST = "const"  # an index into the constants
    NAME = "name"  # an index into the names
    NAME_NULL = "name+null"  # the same above a bit that says whether NULL is pushed (3.11)
    NAME_METHOD = "name+method"  # above a bit that says whether it is called (3.12)
    NAME_SUPER = "name+super"  # above that bit and one for a super() with arguments (3.12)
    NAME_LAZY = "name+lazy"  # above two bits of PEP 810 (3.15)
    LOCAL = "local"  # an index into the local variables
    LOCAL_PAIR = "local+local"  # two of them, four bits each (3.13)
    RESERVED_LOCAL = "reserved"  # an index into the constant of RESERVE_FAST (up to 1.2)
    CELL = "cell"  # an index into the cell, then the free variables
    VARIABLE = "variable"  # an index into all variables, local, cell and free (3.11)
    FORWARD = "forward"  # a distance ahead
    BACKWARD = "backward"  # a distance back (3.11)
    ABSOLUTE = "absolute"  # a place
    COMPARE = "compare"  # a comparison
    COMPARE_4 = "compare>>4"  # the same above four bits for the specialiser (3.12)
    COMPARE_5 = "compare>>5"  # above another that asks for a bool (3.13)
    ARGUMENTS = "arguments"  # counts of positional and keyword arguments, a byte each
    FUNCTION = "function"  # a set of what a function has: defaults, annotations …
    FORMAT = "format"  # an f-string's conversion, and whether there is a format (3.6)
    CONVERSION = "conversion"  # an f-string's conversion (3.13)
    BINARY = "binary"  # a binary operator (3.11)
    INTRINSIC_1 = "intrinsic-1"  # a function of the interpreter with one argument (3.12)
    INTRINSIC_2 = "intrinsic-2"  # with two
    COMMON_CONSTANT = "common-constant"  # a value that the interpreter keeps at hand (3.14)
    SPECIAL_METHOD = "special-method"  # a method such as ``__enter__`` (3.14)
    SMALL_INT = "small-int"  # a number that is the value (3.14)
    IS = "is"  # whether it is negated
    IN = "in"  # whether it is negated

    @property
    def noun(self) -> str:
        """What an index counts, for messages."""
        return _NOUNS.get(self, "choice")


_NOUNS = {
    Operand.CONST: "constant",
    **dict.fromkeys(
        (Operand.NAME, Operand.NAME_NULL, Operand.NAME_METHOD, Operand.NAME_SUPER), "name"
    ),
    Operand.NAME_LAZY: "name",
    **dict.fromkeys((Operand.LOCAL, Operand.LOCAL_PAIR, Operand.RESERVED_LOCAL), "variable"),
    **dict.fromkeys((Operand.CELL, Operand.VARIABLE), "variable"),
}


class Role(Enum):
    """Where an opcode occurs."""

    REAL = "real"  # in files
    INTERNAL = "internal"  # only where the interpreter put it
    SPECIALISED = "specialised"  # in memory, in place of its base (PEP 659)
    INSTRUMENTED = "instrumented"  # in memory, in place of its base (PEP 669)
    PSEUDO = "pseudo"  # only inside the compiler


class Effect(NamedTuple):
    """How many values an instruction leaves on the stack, less those it takes."""

    stay: Callable[[int], int]
    jump: Callable[[int], int]


def _pairs(argument: int) -> int:
    """Return how many values so many positional and keyword arguments are."""
    return (argument & 0xFF) + 2 * (argument >> 8 & 0xFF)


def _annotations(argument: int) -> int:
    return argument >> 16 & 0x7FFF


def _bits(argument: int) -> int:
    return (argument & 0xF).bit_count()


#: The spellings of the tables. Everything else there is a number.
_EFFECTS: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        "a": lambda a: a,
        "a-1": lambda a: a - 1,
        "-a": lambda a: -a,
        "1-a": lambda a: 1 - a,
        "-1-a": lambda a: -1 - a,
        "-2-a": lambda a: -2 - a,
        "1-2*a": lambda a: 1 - 2 * a,
        "a&1": lambda a: a & 1,
        "1+(a&1)": lambda a: 1 + (a & 1),
        "-2+(a&1)": lambda a: -2 + (a & 1),
        "-1-(a&1)": lambda a: -1 - (a & 1),
        "-2-(a&1)": lambda a: -2 - (a & 1),
        "-1-(a==3)": lambda a: -1 - (a == 3),
        "-(a&4)/4": lambda a: -(a >> 2 & 1),
        "1-(a&255)": lambda a: 1 - (a & 0xFF),
        "(a&255)+(a>>8)": lambda a: (a & 0xFF) + (a >> 8),
        "-pairs": lambda a: -_pairs(a),
        "-1-pairs": lambda a: -1 - _pairs(a),
        "-2-pairs": lambda a: -2 - _pairs(a),
        "-pairs-annotations": lambda a: -_pairs(a) - _annotations(a),
        "-1-pairs-annotations": lambda a: -1 - _pairs(a) - _annotations(a),
        "-2-pairs-annotations": lambda a: -2 - _pairs(a) - _annotations(a),
        "-bits": lambda a: -_bits(a),
        "-1-bits": lambda a: -1 - _bits(a),
    }
)


def _effect(spelling: str) -> Effect | None:
    """Read ``-1``, ``1-a`` or ``stay|jump``; nothing means that nobody knows.

    Raises:
        ValueError: for a spelling that is not a number and not in the list.
    """
    if not spelling:
        return None
    stay, _, jump = spelling.partition("|")
    return Effect(_stack_change(stay), _stack_change(jump or stay))


def _stack_change(spelling: str) -> Callable[[int], int]:
    if spelling in _EFFECTS:
        return _EFFECTS[spelling]
    try:
        number = int(spelling)
    except ValueError:
        raise ValueError(f"{spelling!r} is no effect on the stack") from None
    return lambda _: number


class Opcode(NamedTuple):
    """One row of a table.

    Args:
        number: the byte.
        name: as the version's own ``dis`` calls it.
        operand: what its argument is.
        caches: code units of inline cache after it (PEP 659).
        role: where it occurs.
        base: what it stands in for, if it is specialised or instrumented; else its name.
        effect: on the value stack, None where nobody knows.
        flow: where control goes next.
    """

    number: int
    name: str
    operand: Operand
    caches: int
    role: Role
    base: str
    effect: Effect | None
    flow: Flow

    def __repr__(self) -> str:
        return f"<Opcode {self.number} {self.name}>"

    @property
    def takes_argument(self) -> bool:
        """Whether what follows the byte is an argument."""
        return self.operand is not Operand.NONE


class OpcodeTable:
    """One numbering of the opcodes; the file is read when it is first asked.

    Args:
        name: how messages call it.
        text: returns the table: comments, a line of column names, one line an opcode,
            and lists of words after ``@``; columns are separated by tabs.
        operations: rows for operations that the catalogue does not have: a plugin's.
    """

    def __init__(
        self, name: str, text: Callable[[], str], operations: Iterable[Operation] = ()
    ) -> None:
        self.name = name
        self._text = text
        self._operations = {row.name: row for row in operations}

    def __repr__(self) -> str:
        return f"<OpcodeTable {self.name}>"

    @classmethod
    def shipped(cls, name: str) -> OpcodeTable:
        """Return a table that comes with pycinspect, such as ``"cpython-3.13"``."""
        return cls(name, partial(shipped_text, __package__, "numbers", f"{name}.tsv"))

    @cached_property
    def _lines(self) -> tuple[list[str], ...]:
        lines = self._text().splitlines()
        return tuple(line.split("\t") for line in lines if line and not line.startswith("#"))

    @cached_property
    def opcodes(self) -> tuple[Opcode, ...]:
        """Every row, the pseudo opcodes included.

        Raises:
            ValueError: a word that is not an operand, role or effect.
            LookupError: an operation that the catalogue does not know.
        """
        return tuple(self._row(cells) for cells in self._lines[1:] if not cells[0].startswith("@"))

    @cached_property
    def by_number(self) -> tuple[Opcode, ...]:
        """The row of each byte; where there is none, one called ``<200>`` as in ``dis``."""
        known = {row.number: row for row in self.opcodes}
        return tuple(known.get(number) or self._unknown(number) for number in range(256))

    @cached_property
    def by_name(self) -> Mapping[str, Opcode]:
        """The rows by their names."""
        return MappingProxyType({row.name: row for row in self.opcodes})

    @cached_property
    def words(self) -> Mapping[str, tuple[str, ...]]:
        """Lists of words that arguments are indexes into, such as ``cmp_op``."""
        lists = (cells for cells in self._lines if cells[0].startswith("@"))
        return MappingProxyType({cells[0][1:]: tuple(cells[1:]) for cells in lists})

    def list_of(self, name: str) -> tuple[str, ...]:
        """Return a list that an operand needs.

        Raises:
            LookupError: the table has none of that name.
        """
        try:
            return self.words[name]
        except KeyError:
            raise LookupError(f"{self.name}: there is no list @{name}") from None

    @cached_property
    def flags(self) -> Mapping[int, str]:
        """The bits of ``co_flags`` and their names."""
        pairs = (word.split(":") for word in self.words.get("flags", ()) if word)
        return MappingProxyType({int(bit): name for bit, name in pairs})

    def _row(self, cells: Iterable[str]) -> Opcode:
        try:
            return _opcode(cells, self._operation)
        except (LookupError, ValueError) as error:
            # Not a PycInspectError: it is the table that is wrong, not a file.
            message = f"{self.name}: {' '.join(cells)}: {error}"
            raise type(error)(message) from error

    def _operation(self, name: str) -> Operation:
        return self._operations.get(name) or operation(name)

    def _unknown(self, number: int) -> Opcode:
        threshold = int(self.list_of("have_argument")[0])
        operand = Operand.NONE if number < threshold else Operand.RAW
        name = f"<{number}>"
        return Opcode(number, name, operand, 0, Role.REAL, name, None, Flow.UNKNOWN)


def _opcode(cells: Iterable[str], find: Callable[[str], Operation]) -> Opcode:
    number, name, operand, caches, role, base, effect = cells
    return Opcode(
        int(number),
        name,
        Operand(operand),
        int(caches),
        Role(role),
        base or name,
        _effect(effect),
        find(base or name).flow,
    )
