"""From each version's opcodes to canonical ops, a vocabulary that no version changes.

Two tables: ``vocabulary.tsv`` names the canonical ops and says what each does;
``lowering.tsv`` says for each opcode which canonical ops it is. The first row of an opcode
that fits counts. Its columns:

* ``when``: what the argument must stand for (``in``, ``INTRINSIC_PRINT``), if that matters.
* ``versions``: ``*``, ``3.12``, ``3.11-``, ``-3.10``, ``3.11-3.13``, an implementation, or both.
* ``ops``: canonical ops between semicolons, each with an operand: a word of
  :class:`OperandSource`, a number, ``None`` or a literal word. ``?1`` and ``?!1`` after it:
  only if that bit of the argument is, or is not, set. Nothing means that the opcode does
  nothing to what a program means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects.model import Dialect
from pycinspect.dialects.operations import Flow
from pycinspect.dialects.tables import lines_of
from pycinspect.dialects.versions import fits
from pycinspect.values import Implementation

__all__ = [
    "CanonicalKind",
    "Lowering",
    "LoweringRow",
    "OperandSource",
    "Raising",
    "Template",
    "canonical_kind",
    "lowering_of",
    "vocabulary",
]


class OperandSource(Enum):
    """What of an instruction becomes the operand of a canonical op; the words of the table."""

    VALUE = "value"  # what the argument stands for
    FIRST = "first"  # the first of two
    SECOND = "second"
    WORD = "word"  # the text of what it stands for: an operator, a function's name
    ARG = "arg"  # the number itself
    LOW = "low"  # its lowest eight bits
    ARG_1 = "arg+1"
    ARG_CLOSURE = "arg+closure"  # the number, and that there is a closure
    ONE_BIT = "1+bit"  # 1, or 2 if the lowest bit is set
    TWO_BIT = "2+bit"
    IDENTITY = "identity"  # is, is_not
    CONTAINMENT = "containment"  # in, not_in
    LITERAL = "literal"  # nothing: the table has the value


class CanonicalKind(NamedTuple):
    """One row of the vocabulary.

    Args:
        name: CPython's own word where it has one.
        flow: where control goes next.
        summary: what it does, in a line.
    """

    name: str
    flow: Flow
    summary: str


class Template(NamedTuple):
    """One canonical op of a row.

    Args:
        kind: its row in the vocabulary.
        source: where its operand comes from.
        literal: the operand, if the table has it.
        mask: bits of the argument that decide whether it is there, 0 for always.
        wanted: whether they must be set.
    """

    kind: CanonicalKind
    source: OperandSource
    literal: object
    mask: int
    wanted: bool


class LoweringRow(NamedTuple):
    """One row of the table: an opcode, what its argument must stand for, and the ops."""

    opcode: str
    when: str
    versions: str
    ops: tuple[Template, ...]


class Raising(Enum):
    """What a handler finds on the stack."""

    #: The exception; handlers stand in a table (3.11).
    ONE = "one"
    #: Traceback, value and type; blocks are in the code (Python 2).
    THREE = "three"
    #: The same above those of the exception that was handled before (3.0).
    SIX = "six"
    #: As THREE for ``except``; ``finally`` and ``with`` find one value (PyPy).
    PYPY = "pypy"


class Lowering(NamedTuple):
    """The rows of one dialect, by opcode.

    Args:
        rows: an opcode's rows, in the order in which they are tried.
        raising: what a handler finds on the stack.
        pushes_arguments: a function finds its arguments on the stack, in a tuple.
        folds: its compiler computes operators of constants; before 2.5 none did, and shifts
            and sums of integers were not what they are now (PEP 237).
        folds_annotations: so it does in annotations that it writes as text (bpo-39220, 3.9).
        classes_look_up: a class looks into its namespace before it reads the variable of a
            function (bpo-17853, 3.4).
        stores_backwards: of several values, the last one is stored first.
        bookkeeping: names that its compiler stores in classes and modules, beside those of the
            source.
    """

    rows: Mapping[str, tuple[LoweringRow, ...]]
    raising: Raising
    pushes_arguments: bool
    folds: bool
    folds_annotations: bool
    classes_look_up: bool
    stores_backwards: bool
    bookkeeping: frozenset[str]


@lru_cache(maxsize=128)
def lowering_of(dialect: Dialect) -> Lowering:
    """Return the lowering of a dialect."""
    rows: dict[str, tuple[LoweringRow, ...]] = {}
    for row in _table():
        if fits(row.versions, dialect):
            rows[row.opcode] = (*rows.get(row.opcode, ()), row)
    return Lowering(
        MappingProxyType(rows),
        _raising(dialect),
        _pushes_arguments(dialect),
        folds=dialect.python >= (2, 5),
        folds_annotations=dialect.python < (3, 9),
        classes_look_up=dialect.python >= (3, 4),
        stores_backwards=dialect.implementation is Implementation.PYPY,
        bookkeeping=frozenset(
            name for name, versions, _ in lines_of("bookkeeping.tsv") if fits(versions, dialect)
        ),
    )


def _raising(dialect: Dialect) -> Raising:
    if dialect.bytecode is not None and dialect.bytecode.exception_table:
        return Raising.ONE
    if dialect.implementation is Implementation.PYPY:
        return Raising.PYPY
    return Raising.SIX if dialect.python >= (3, 0) else Raising.THREE


def _pushes_arguments(dialect: Dialect) -> bool:
    """Return whether code objects do not say how many arguments they have (up to 1.2).

    Instructions unpack them (``Python/ceval.c: UNPACK_ARG``).
    """
    return dialect.code is not None and all(row.name != "argcount" for row in dialect.code.fields)


def canonical_kind(name: str) -> CanonicalKind:
    """Return a row of the vocabulary.

    Raises:
        LookupError: there is none of that name.
    """
    try:
        return vocabulary()[name]
    except KeyError:
        raise LookupError(f"vocabulary.tsv has no row for {name}") from None


@cache
def vocabulary() -> Mapping[str, CanonicalKind]:
    """Return all canonical ops by name."""
    return MappingProxyType(
        {
            name: CanonicalKind(name, Flow(flow), summary)
            for name, flow, summary in lines_of("vocabulary.tsv")
        }
    )


@cache
def _table() -> tuple[LoweringRow, ...]:
    return tuple(
        LoweringRow(opcode, when, versions, tuple(_templates(ops)))
        for opcode, when, versions, ops in lines_of("lowering.tsv")
    )


def _templates(ops: str) -> Iterator[Template]:
    for text in filter(None, map(str.strip, ops.split(";"))):
        name, *words = text.split(" ")
        mask, wanted = 0, True
        if words and words[-1].startswith("?"):
            condition = words.pop()[1:]
            wanted = not condition.startswith("!")
            mask = int(condition.lstrip("!"))
        source, literal = _operand(words[0] if words else "None")
        yield Template(canonical_kind(name), source, literal, mask, wanted)


def _operand(word: str) -> tuple[OperandSource, object]:
    if word in _SOURCES:
        return _SOURCES[word], None
    if word == "None":
        return OperandSource.LITERAL, None
    return OperandSource.LITERAL, int(word) if word.lstrip("-").isdecimal() else word


_SOURCES = {source.value: source for source in OperandSource}
