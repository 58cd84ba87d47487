"""From canonical ops to the sequences that people write in expectations: two tables.

``linear_ops.tsv`` says what the operand of each op is, how the op may be spelt for short, and
which operands it has: all words, the least and the largest number (``2..3``, ``1..``), or
``dotted`` for names that may have dots in them; ``dropped`` is an op that no sequence has. ``linear_rules.tsv`` rewrites ops that follow each
other and that only some versions have into what the others have. The first rule that fits
counts, and they are tried until none does. Its columns:

* ``pattern``: ops between semicolons. An operand is a literal, ``$name`` for one that is
  kept (two of different names differ), or absent for any.
* ``becomes``: what takes their place; nothing drops them. A jump keeps its target.
* ``versions``: as in ``lowering.tsv``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects.model import Dialect
from pycinspect.dialects.tables import lines_of
from pycinspect.dialects.versions import fits

__all__ = [
    "LinearKind",
    "LinearOperand",
    "LinearRule",
    "LinearTerm",
    "as_written",
    "linear_ops",
    "linear_rules",
]


class LinearOperand(StrEnum):
    """What the operand of an op in a sequence is; the words of the table."""

    NONE = "none"
    NAME = "name"
    CONST = "const"
    CODE = "code"
    NUMBER = "number"
    NAMES = "names"  # a count, and the names of the last so many
    WORD = "word"
    TARGET = "target"  # it has a target, and no operand
    DROPPED = "dropped"  # the op is in no sequence


class LinearKind(NamedTuple):
    """One row of the ops.

    Args:
        name: of the op.
        operand: what its operand is.
        short: how it may be spelt for short.
        words: all that a word or name can be, as sequences write it; empty for any.
        is_dotted: a name may have dots in it.
        least: the least number that it can be.
        most: the largest one; None for no limit.
    """

    name: str
    operand: LinearOperand
    short: tuple[str, ...]
    words: tuple[str, ...]
    is_dotted: bool
    least: int = 0
    most: int | None = None


class LinearTerm(NamedTuple):
    """One op of a pattern or of what takes its place.

    Args:
        name: the op.
        variable: what the operand is called, None if it is a literal or may be any.
        literal: the operand, if there is one.
        is_any: there is neither.
    """

    name: str
    variable: str | None
    literal: object
    is_any: bool


class LinearRule(NamedTuple):
    """One row of the rules."""

    pattern: tuple[LinearTerm, ...]
    becomes: tuple[LinearTerm, ...]
    versions: str


@cache
def linear_ops() -> Mapping[str, LinearKind]:
    """Return every op that a sequence can have, and those that it never has, by name."""
    rows = (_kind(*line) for line in lines_of("linear_ops.tsv"))
    return MappingProxyType({row.name: row for row in rows})


_DOTTED = "dotted"
_WORDED = frozenset({LinearOperand.WORD, LinearOperand.NAME})


def _kind(name: str, operand: str, short: str, values: str) -> LinearKind:
    kind = LinearOperand(operand)
    has_words = kind in _WORDED and values != _DOTTED
    words = tuple(map(as_written, values.split())) if has_words else ()
    row = LinearKind(name, kind, tuple(short.split()), words, is_dotted=values == _DOTTED)
    least, dots, most = values.partition("..")
    return row._replace(least=int(least), most=int(most) if most else None) if dots else row


def as_written(word: str) -> str:
    """Return an operator as sequences write it; tables have no spaces in them."""
    return _WRITTEN.get(word, word)


_WRITTEN: Mapping[str, str] = MappingProxyType({"is_not": "is not", "not_in": "not in"})


@lru_cache(maxsize=128)
def linear_rules(dialect: Dialect) -> Mapping[str, Sequence[LinearRule]]:
    """Return a dialect's rules, by the first op of their patterns."""
    found: dict[str, tuple[LinearRule, ...]] = {}
    for rule in _rules():
        if fits(rule.versions, dialect):
            first = rule.pattern[0].name
            found[first] = (*found.get(first, ()), rule)
    return MappingProxyType(found)


@cache
def _rules() -> tuple[LinearRule, ...]:
    return tuple(
        LinearRule(tuple(_terms(pattern)), tuple(_terms(becomes)), versions)
        for pattern, becomes, versions in lines_of("linear_rules.tsv")
    )


def _terms(text: str) -> Iterator[LinearTerm]:
    for part in filter(None, map(str.strip, text.split(";"))):
        name, _, operand = part.partition(" ")
        if not operand:
            yield LinearTerm(name, None, None, is_any=True)
        elif operand.startswith("$"):
            yield LinearTerm(name, operand, None, is_any=False)
        else:
            yield LinearTerm(name, None, _literal(operand), is_any=False)


def _literal(text: str) -> object:
    """Read a number, a constant, or a word that stands for itself."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
