"""What the argument of an instruction stands for, and how ``dis`` would write it."""

from __future__ import annotations

import builtins
from ast import literal_eval
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pycinspect.dialects import Bytecode, Opcode, Operand
from pycinspect.disasm.literals import Literals, start_of
from pycinspect.pyc import Code

__all__ = ["OUT_OF_RANGE", "Reader", "Resolved", "Scope", "reader_of"]


class _OutOfRange:
    """The value of an argument that is an index beyond what it indexes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<out of range>"


OUT_OF_RANGE = _OutOfRange()


class Scope:
    """What the arguments of one code object are looked up in.

    Args:
        code: the code object.
        bytecode: how its version writes code.
        literals: writes constants; None where nobody reads them.
        reserved: names of local variables, in versions that have them in a constant.
    """

    __slots__ = ("_literals", "cells", "consts", "labels", "names", "variables")

    def __init__(
        self, code: Code, bytecode: Bytecode, literals: Literals | None, reserved: object = ()
    ) -> None:
        self.consts = code.consts
        self.names = code.names
        self.cells = code.cellvars + code.freevars
        self.variables = code.varnames or _reserved_names(reserved)
        if bytecode.one_index and self.cells:
            # A local variable that is a cell, too, has one place, its first
            # (Python/compile.c: build_cellfixedoffsets).
            local = frozenset(code.varnames)
            cells = (name for name in code.cellvars if name not in local)
            self.variables = (*code.varnames, *cells, *code.freevars)
        #: Offsets of jump targets to their numbers, where the version has labels.
        self.labels: Mapping[int, int] = {}
        self._literals = literals

    def literal(self, index: int) -> str:
        """Return a constant's repr."""
        constant = self.consts[index]
        return "" if self._literals is None else self._literals.of(constant)


def _reserved_names(constant: object) -> tuple[str, ...]:
    """Return the names in the constant of RESERVE_FAST: of 1.0 a dict, then a tuple.

    What is not a name there has an empty one.
    """
    if isinstance(constant, Mapping):
        by_number = {number: name for name, number in constant.items() if type(number) is int}
        constant = tuple(by_number.get(number, b"") for number in range(len(by_number)))
    if not isinstance(constant, tuple):
        return ()
    return tuple(
        name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else ""
        for name in constant
    )


#: The value, its text, and the offset that it is if it is a jump's.
Resolved = tuple[object, str, int | None]
#: Looks up an argument: the scope, the argument and the end of the instruction. Raises
#: IndexError for one out of range.
Reader = Callable[[Scope, int, int], Resolved]
#: Makes the reader of one opcode.
_Factory = Callable[[Opcode, Bytecode], Reader]


def reader_of(opcode: Opcode, bytecode: Bytecode) -> Reader:
    """Return what looks up the arguments of an opcode, as ``Lib/dis.py`` of its version does."""
    return _FACTORIES[opcode.operand](opcode, bytecode)


# --- Numbers ---------------------------------------------------------------------


def _raw(_: Opcode, __: Bytecode) -> Reader:
    return lambda scope, arg, end: (arg, "", None)


def _arguments(_: Opcode, __: Bytecode) -> Reader:
    def read(_: Scope, arg: int, __: int) -> Resolved:
        return arg, f"{arg & 0xFF} positional, {arg >> 8 & 0xFF} keyword pair", None

    return read


# --- Constants and names ------------------------------------------------------------


def _const(opcode: Opcode, bytecode: Bytecode) -> Reader:
    if opcode.base in bytecode.operands.unwritten:
        return lambda scope, arg, end: (scope.consts[arg], "", None)
    return lambda scope, arg, end: (scope.consts[arg], scope.literal(arg), None)


def _name(_: Opcode, __: Bytecode) -> Reader:
    def read(scope: Scope, arg: int, _: int) -> Resolved:
        name = scope.names[arg]
        return name, name, None

    return read


def _marked_name(shift: int, marks: Mapping[int, str]) -> _Factory:
    """Return the factory for a name above bits; the lowest that is set is written out."""

    def factory(_: Opcode, bytecode: Bytecode) -> Reader:
        pattern = "{1} + {0}" if bytecode.operands.marks_first else "{0} + {1}"

        def read(scope: Scope, arg: int, _: int) -> Resolved:
            name = scope.names[arg >> shift]
            for bit, mark in marks.items():
                if arg & bit and name:  # ``from . import`` has an empty one
                    return name, pattern.format(start_of(name), mark), None
            return name, name, None

        return read

    return factory


def _local(_: Opcode, __: Bytecode) -> Reader:
    def read(scope: Scope, arg: int, _: int) -> Resolved:
        name = scope.variables[arg]
        return name, name, None

    return read


def _local_pair(_: Opcode, __: Bytecode) -> Reader:
    def read(scope: Scope, arg: int, _: int) -> Resolved:
        pair = scope.variables[arg >> 4], scope.variables[arg & 0xF]
        return pair, ", ".join(map(start_of, pair)), None

    return read


def _cell(_: Opcode, __: Bytecode) -> Reader:
    def read(scope: Scope, arg: int, _: int) -> Resolved:
        name = scope.cells[arg]
        return name, name, None

    return read


# --- Jumps --------------------------------------------------------------------------------


def _jump(sign: int) -> _Factory:
    """Return the factory for jumps ahead (1) or back (-1)."""

    def factory(opcode: Opcode, bytecode: Bytecode) -> Reader:
        step = sign * bytecode.format.jump_unit
        if bytecode.operands.labels:
            word = "from" if _is_from(opcode, bytecode) else "to"

            def read_labelled(scope: Scope, arg: int, end: int) -> Resolved:
                target = end + arg * step
                return target, f"{word} L{scope.labels[target]}", target

            return read_labelled

        def read(_: Scope, arg: int, end: int) -> Resolved:
            target = end + arg * step
            return target, f"to {target}", target

        return read

    return factory


def _is_from(opcode: Opcode, bytecode: Bytecode) -> bool:
    """Return whether the target is where control came from, not where it goes."""
    return bytecode.operands.from_target and opcode.base == "END_ASYNC_FOR"


def _absolute(_: Opcode, bytecode: Bytecode) -> Reader:
    unit = bytecode.format.jump_unit
    if not bytecode.operands.absolute_jumps:
        return lambda scope, arg, end: (arg * unit, "", arg * unit)
    return lambda scope, arg, end: (arg * unit, f"to {arg * unit}", arg * unit)


# --- Lists of words -------------------------------------------------------------------------


def _compare(shift: int, bool_bit: int = 0) -> _Factory:
    def factory(_: Opcode, bytecode: Bytecode) -> Reader:
        operators = bytecode.opcodes.list_of("cmp_op")

        def read(_: Scope, arg: int, __: int) -> Resolved:
            operator = operators[arg >> shift]
            return operator, f"bool({operator})" if arg & bool_bit else operator, None

        return read

    return factory


def _word(name: str) -> _Factory:
    """Return the factory for an index into one of the table's lists; the value is the index."""

    def factory(_: Opcode, bytecode: Bytecode) -> Reader:
        words = bytecode.opcodes.list_of(name)
        return lambda scope, arg, end: (arg, words[arg], None)

    return factory


def _written_out(choices: tuple[str, str]) -> _Factory:
    """Return the factory for an argument that negates."""

    def factory(_: Opcode, bytecode: Bytecode) -> Reader:
        plain, negated = choices if bytecode.operands.words else ("", "")
        return lambda scope, arg, end: (arg, negated if arg else plain, None)

    return factory


def _function(_: Opcode, bytecode: Bytecode) -> Reader:
    words = bytecode.opcodes.words.get("function_flags", ())

    def read(_: Scope, arg: int, __: int) -> Resolved:
        return arg, ", ".join(word for bit, word in enumerate(words) if arg >> bit & 1), None

    return read


_CONVERSIONS: Sequence[tuple[object, str]] = (
    (None, ""),
    (str, "str"),
    (repr, "repr"),
    (ascii, "ascii"),
)


def _conversion(_: Opcode, __: Bytecode) -> Reader:
    return lambda scope, arg, end: (*_CONVERSIONS[arg], None)


def _format(_: Opcode, __: Bytecode) -> Reader:
    def read(_: Scope, arg: int, __: int) -> Resolved:
        conversion, word = _CONVERSIONS[arg & 3]
        has_spec = bool(arg & 4)
        words = [word] if word else []
        return (conversion, has_spec), ", ".join(words + ["with format"] * has_spec), None

    return read


def _common_constant(_: Opcode, bytecode: Bytecode) -> Reader:
    values = [_value(word) for word in bytecode.opcodes.list_of("common_constants")]
    texts = [value.__name__ if isinstance(value, type) else repr(value) for value in values]
    known = bytecode.operands.common_values
    return lambda scope, arg, end: (values[arg] if known else arg, texts[arg], None)


def _value(word: str) -> object:
    """Return the builtin or the literal that a word of a table stands for."""
    return getattr(builtins, word) if hasattr(builtins, word) else literal_eval(word)


_FACTORIES: Mapping[Operand, _Factory] = MappingProxyType(
    {
        Operand.RAW: _raw,
        Operand.EXTENDED: _raw,
        Operand.CONST: _const,
        Operand.NAME: _name,
        Operand.NAME_NULL: _marked_name(1, {1: "NULL"}),
        Operand.NAME_METHOD: _marked_name(1, {1: "NULL|self"}),
        Operand.NAME_SUPER: _marked_name(2, {1: "NULL|self"}),
        Operand.NAME_LAZY: _marked_name(2, {1: "lazy", 2: "eager"}),
        Operand.LOCAL: _local,
        Operand.LOCAL_PAIR: _local_pair,
        Operand.RESERVED_LOCAL: _local,
        Operand.CELL: _cell,
        Operand.VARIABLE: _local,
        Operand.FORWARD: _jump(1),
        Operand.BACKWARD: _jump(-1),
        Operand.ABSOLUTE: _absolute,
        Operand.COMPARE: _compare(0),
        Operand.COMPARE_4: _compare(4),
        Operand.COMPARE_5: _compare(5, bool_bit=16),
        Operand.ARGUMENTS: _arguments,
        Operand.FUNCTION: _function,
        Operand.FORMAT: _format,
        Operand.CONVERSION: _conversion,
        Operand.BINARY: _word("nb_ops"),
        Operand.INTRINSIC_1: _word("intrinsic_1_descs"),
        Operand.INTRINSIC_2: _word("intrinsic_2_descs"),
        Operand.COMMON_CONSTANT: _common_constant,
        Operand.SPECIAL_METHOD: _word("special_method_names"),
        Operand.SMALL_INT: _raw,
        Operand.IS: _written_out(("is", "is not")),
        Operand.IN: _written_out(("in", "not in")),
    }
)
