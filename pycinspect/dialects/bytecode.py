"""How instructions, line numbers and literals are written: columns of a dialect's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from pycinspect.dialects.opcodes import OpcodeTable

__all__ = [
    "CPYTHON",
    "PYPY",
    "Bytecode",
    "InstructionFormat",
    "LineTable",
    "LiteralStyle",
    "OperandStyle",
]


@dataclass(frozen=True, slots=True)
class InstructionFormat:
    """How instructions are laid out in the code.

    Args:
        wordcode: each has two bytes (3.6); otherwise one, or three with an argument.
        extended_bits: by so many bits EXTENDED_ARG moves its argument up.
        jump_unit: bytes that a jump's argument counts.
    """

    wordcode: bool
    extended_bits: int
    jump_unit: int = 1


class LineTable(Enum):
    """Where line numbers are found."""

    #: In the code, as operands of SET_LINENO.
    SET_LINENO = "set-lineno"
    #: Pairs of steps, in bytes and lines, both unsigned (``Objects/lnotab_notes.txt``).
    LNOTAB = "lnotab"
    #: Lines can step back (3.6).
    SIGNED_LNOTAB = "signed-lnotab"
    #: What follows the code is left out (``dis.findlinestarts``, 3.8).
    SIGNED_LNOTAB_CUT = "signed-lnotab-cut"
    #: Ranges of bytes and their line (PEP 626).
    LINETABLE = "linetable"
    #: Ranges of code units with lines and columns (PEP 657).
    LOCATIONS = "locations"
    #: The same, but ``co_lines`` does not join ranges of one line (3.11).
    LOCATIONS_APART = "locations-apart"
    #: Each code unit's line and columns, one after the other (PyPy 3.10).
    POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class OperandStyle:
    """How a version's ``dis`` writes arguments.

    Args:
        absolute_jumps: it says where absolute jumps go (3.10).
        labels: it numbers the targets of jumps (3.13).
        from_target: END_ASYNC_FOR, which points back, is written ``from`` (3.14).
        marks_first: ``NULL + name``, not ``name + NULL``.
        words: it writes out IS_OP, CONTAINS_OP and LOAD_SPECIAL (3.14).
        common_values: the value of LOAD_COMMON_CONSTANT is known, not just its text (3.15).
        unwritten: operations whose constant it does not show.
        starts_without_line: instructions without a line start one of their own (3.13).
    """

    absolute_jumps: bool = False
    labels: bool = False
    from_target: bool = False
    marks_first: bool = False
    words: bool = False
    common_values: bool = False
    unwritten: frozenset[str] = frozenset()
    starts_without_line: bool = False


@dataclass(frozen=True, slots=True)
class LiteralStyle:
    """How a version's ``repr`` writes constants.

    Args:
        bytes_prefix: before byte strings.
        text_prefix: before text.
        ascii_text: text has only ASCII characters, others are escaped.
        short_floats: a float has as many digits as tell it from others (2.7, 3.1).
        starred_infinity: an infinite imaginary part is written ``inf*j`` (2.6, 3.0).
        upper_escapes: hexadecimal digits in text are capital letters (up to 2.0).
        surrogate_pairs: a character beyond U+FFFF is written as two (up to 2.1).
        octal_escapes: control characters have three octal digits, and no letters (1.x).
        braces: sets are written ``{1}``, otherwise ``set([1])``.
    """

    bytes_prefix: str = "b"
    text_prefix: str = ""
    ascii_text: bool = False
    short_floats: bool = True
    starred_infinity: bool = False
    upper_escapes: bool = False
    surrogate_pairs: bool = False
    octal_escapes: bool = False
    braces: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Bytecode:
    """Everything that reading the code of a code object needs.

    Args:
        format: how instructions are laid out.
        opcodes: their numbers.
        lines: where line numbers are found.
        operands: how ``dis`` writes arguments.
        literals: how ``repr`` writes constants.
        one_index: local, cell and free variables are counted together (3.11).
        sent_at_entry: generators start with a value on the stack (3.10; since 3.13
            RETURN_GENERATOR pushes it; ``compile.c: stackdepth``).
        exception_table: handlers stand in a table of their own (3.11), not in the code.
        one_depth: paths that meet have one number of values on the stack (3.11: there are no blocks
            that an exception or a jump would take down).
        keeps_dead_code: its compiler leaves instructions at the end that nothing leads to (up to
            3.9; then ``compile.c: eliminate_empty_basic_blocks`` and its like).
        keeps_constants: its compiler leaves constants that nothing needs any more, of a folded
            expression for example (up to 3.11; then ``flowgraph.c: remove_unused_consts``).
    """

    format: InstructionFormat
    opcodes: OpcodeTable
    lines: LineTable
    operands: OperandStyle
    literals: LiteralStyle
    one_index: bool = False
    sent_at_entry: bool = False
    exception_table: bool = False
    one_depth: bool = False
    keeps_dead_code: bool = False
    keeps_constants: bool = False


def _numbered(era: Bytecode, table: str) -> Bytecode:
    """Return an era's bytecode with the numbers of one of its versions."""
    return replace(era, opcodes=OpcodeTable.shipped(table))


# --- Eras, the oldest first ------------------------------------------------------

_ONE_OR_THREE = InstructionFormat(wordcode=False, extended_bits=16)
_WORDCODE = InstructionFormat(wordcode=True, extended_bits=8)
_WORD_JUMPS = replace(_WORDCODE, jump_unit=2)

_REPR_1 = LiteralStyle(
    bytes_prefix="",
    text_prefix="u",
    ascii_text=True,
    short_floats=False,
    upper_escapes=True,
    surrogate_pairs=True,
    octal_escapes=True,
    braces=False,
)
_REPR_21 = replace(_REPR_1, octal_escapes=False, upper_escapes=False)
_REPR_22 = replace(_REPR_21, surrogate_pairs=False)
_REPR_26 = replace(_REPR_22, starred_infinity=True)
_REPR_27 = replace(_REPR_22, short_floats=True)
_REPR_30 = LiteralStyle(short_floats=False, starred_infinity=True)
_REPR_3 = LiteralStyle()

_SILENT = OperandStyle()
_ALL_JUMPS = OperandStyle(absolute_jumps=True)
_LABELS = replace(_ALL_JUMPS, labels=True, starts_without_line=True)
_WORDS = replace(_LABELS, from_target=True, words=True)

_E10 = Bytecode(
    _ONE_OR_THREE,
    OpcodeTable.shipped("cpython-1.0"),
    LineTable.SET_LINENO,
    _SILENT,
    _REPR_1,
    keeps_dead_code=True,
    keeps_constants=True,
)
_E15 = replace(_E10, lines=LineTable.LNOTAB)
_E21 = replace(_E15, literals=_REPR_21)
_E22 = replace(_E15, literals=_REPR_22)
_E26 = replace(_E15, literals=_REPR_26)
_E27 = replace(_E15, literals=_REPR_27)
_E30 = replace(_E15, literals=_REPR_30)
_E31 = replace(_E15, literals=_REPR_3)
_E36_NARROW = replace(_E31, lines=LineTable.SIGNED_LNOTAB)
_E36 = replace(_E36_NARROW, format=_WORDCODE)
_E38 = replace(_E36, lines=LineTable.SIGNED_LNOTAB_CUT)
_E310 = replace(
    _E38,
    format=_WORD_JUMPS,
    lines=LineTable.LINETABLE,
    operands=_ALL_JUMPS,
    sent_at_entry=True,
    keeps_dead_code=False,
)
_E311 = replace(
    _E310,
    lines=LineTable.LOCATIONS_APART,
    operands=replace(_ALL_JUMPS, marks_first=True, unwritten=frozenset({"KW_NAMES"})),
    one_index=True,
    exception_table=True,
    one_depth=True,
)
_E312 = replace(
    _E311,
    lines=LineTable.LOCATIONS,
    operands=replace(_ALL_JUMPS, marks_first=True),
    keeps_constants=False,
)
_E313 = replace(_E312, operands=_LABELS, sent_at_entry=False)
_E314 = replace(_E313, operands=_WORDS)
_E315 = replace(_E313, operands=replace(_WORDS, common_values=True))

#: Table of numbers to its era; a table serves one version, or a few pre-releases.
_ERAS = (
    (_E10, "1.0 1.1 1.2 1.3 1.4b1 1.4"),
    (_E15, "1.5a1 1.5 1.6 2.0"),
    (_E21, "2.1"),
    (_E22, "2.2 2.3 2.4 2.5"),
    (_E26, "2.6"),
    (_E27, "2.7a1 2.7"),
    (_E30, "3.0a1 3.0a3 3.0a4 3.0b1 3.0"),
    (_E31, "3.1 3.2a1 3.2a2 3.2 3.3a1 3.3 3.4 3.5a1 3.5b1 3.5b2 3.5"),
    (_E36_NARROW, "3.6a1"),
    (_E36, "3.6a2 3.6b1 3.6 3.7a1 3.7"),
    (_E38, "3.8a1 3.8 3.9"),
    (_E310, "3.10"),
    (_E311, "3.11"),
    (_E312, "3.12"),
    (_E313, "3.13"),
    (_E314, "3.14"),
    (_E315, "3.15"),
)
#: CPython's, by version, the pre-releases' included.
CPYTHON: Mapping[str, Bytecode] = MappingProxyType(
    {
        version: _numbered(era, f"cpython-{version}")
        for era, versions in _ERAS
        for version in versions.split()
    }
)

# PyPy keeps the forms of the version whose library it has, but for jumps and lines from 3.10 on.
_P36_UNSIGNED = replace(_E36, lines=LineTable.LNOTAB)
_P310 = replace(_E38, format=_WORD_JUMPS, lines=LineTable.POSITIONS, operands=_ALL_JUMPS)
_P311_TABLE = replace(_P310, exception_table=True)

_PYPY_ERAS = (
    (_E27, "2.7 2.7-before-7.0 2.7-v2.0-beta"),
    (_E31, "3.3 3.5"),
    (_P36_UNSIGNED, "3.6-magic-160"),
    (_E36, "3.6 3.7-magic-224 3.7"),
    (_E38, "3.8 3.9"),
    (_P310, "3.10 3.11-magic-400 3.11"),
    (_P311_TABLE, "3.11-magic-432"),
)
#: PyPy's, by version, and magic number where that changed within a version.
PYPY: Mapping[str, Bytecode] = MappingProxyType(
    {
        version: _numbered(era, f"pypy-{version}")
        for era, versions in _PYPY_ERAS
        for version in versions.split()
    }
)
