"""What each operation does, in a sentence and as a picture of the stack.

The rows are the file ``pictures.tsv``: an operation, the versions for which the row holds (since
the first, before the second; nothing is no bound), the picture and the sentence. A picture such as
``callable, self, args[a] → result`` has the top on the right; ``args[a]`` are as many values as the
argument says, and what follows ``;`` is the picture of a jump.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects.model import Dialect
from pycinspect.dialects.opcodes import Effect
from pycinspect.dialects.tables import lines_of
from pycinspect.values import Implementation

__all__ = ["StackPicture", "described", "picture_of"]

_ARROW, _JUMP = "→", ";"
#: A value that stands for several, and how many.
_SEVERAL = re.compile(r"(\w+)\[([^\[\]]+)\]")
_Version = tuple[int, ...]

#: How many values an argument stands for; everything else there is a number.
_COUNTS: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        "a": lambda a: a,
        "2*a": lambda a: 2 * a,
        "a&1": lambda a: a & 1,
        "a==3": lambda a: int(a == 3),
        "(a&4)/4": lambda a: a >> 2 & 1,
        "a&255": lambda a: a & 0xFF,
        "a>>8": lambda a: a >> 8,
        "bits": lambda a: (a & 0xF).bit_count(),
        "pairs": lambda a: (a & 0xFF) + 2 * (a >> 8 & 0xFF),
        "annotations": lambda a: a >> 16 & 0x7FFF,
    }
)


class StackPicture(NamedTuple):
    """A row of the table.

    Args:
        name: of the operation.
        since: the first version for which it holds, ``()`` for no bound.
        before: the first one for which it no longer does, ``()`` for no bound.
        picture: the stack before and after.
        sentence: what the operation does.
    """

    name: str
    since: _Version
    before: _Version
    picture: str
    sentence: str

    def holds_for(self, python: _Version) -> bool:
        """Return whether the row is that of a version of Python."""
        return self.since <= python and (not self.before or python < self.before)

    @property
    def effect(self) -> Effect:
        """How many values the picture leaves on the stack, less those it takes.

        >>> picture_of("BUILD_TUPLE", (3, 13)).effect.stay(3)
        -2
        """
        sides = [_sides(self.picture, jump=jump) for jump in (False, True)]
        return Effect(*(partial(_change, taken, given) for taken, given in sides))

    def values(self, argument: int, *, jump: bool = False) -> tuple[list[str], list[str]]:
        """Return what the picture takes and what it leaves, by names, the top last.

        Args:
            argument: of the instruction, 0 where it has none.
            jump: the instruction jumps.

        >>> picture_of("BUILD_SLICE", (3, 13)).values(3)
        (['start', 'stop', 'step'], ['slice'])
        """
        taken, given = _sides(self.picture, jump=jump)
        return _expanded(taken, argument), _expanded(given, argument)


class _Value(NamedTuple):
    """A value of a picture, or several of one name."""

    name: str
    how_many: Callable[[int], int]


def _change(taken: list[_Value], given: list[_Value], argument: int) -> int:
    return sum(one.how_many(argument) for one in given) - sum(
        one.how_many(argument) for one in taken
    )


def _expanded(values: list[_Value], argument: int) -> list[str]:
    return [one.name for one in values for _ in range(one.how_many(argument))]


def _sides(picture: str, *, jump: bool) -> tuple[list[_Value], list[_Value]]:
    stays, _, jumps = picture.partition(_JUMP)
    taken, given = (jumps if jump and jumps else stays).split(_ARROW)
    return _values(taken), _values(given)


def _values(part: str) -> list[_Value]:
    return [_value(text.strip()) for text in part.split(", ") if text.strip()]


def _value(text: str) -> _Value:
    several = _SEVERAL.fullmatch(text)
    if several is not None and several[2] in _COUNTS:
        return _Value(several[1], _COUNTS[several[2]])
    if several is not None and several[2].isdecimal():
        number = int(several[2])
        return _Value(several[1], lambda _: number)
    return _Value(text, lambda _: 1)


def picture_of(name: str, python: _Version) -> StackPicture:
    """Return what an operation does in a version of Python.

    Args:
        name: the operation, as that version's ``dis`` calls it.
        python: major and minor version.

    Raises:
        LookupError: no row, or more than one, is that of the operation in the version.

    The pictures are compared with the stack effects that the compilers count with
    (``Python/compile.c: stack_effect``, ``Include/internal/pycore_opcode_metadata.h``).

    >>> picture_of("LOAD_ATTR", (3, 11)).picture
    'object → object.name'
    >>> picture_of("BINARY_ADD", (3, 9)).sentence
    'Replaces two values by the result of +.'
    """
    found = [row for row in _rows().get(name, ()) if row.holds_for(python)]
    if len(found) != 1:
        version = ".".join(map(str, python))
        raise LookupError(f"pictures.tsv has {len(found)} rows for {name} of {version}")
    return found[0]


def described(name: str, dialect: Dialect) -> StackPicture:
    """Return what an operation does in a dialect, without a picture where that may be another.

    PyPy leaves fewer values for its handlers than CPython, and its builds of one version differ:
    the pictures are CPython's.

    Args:
        name: the operation.
        dialect: whose it is.

    Raises:
        LookupError: as :func:`picture_of`.
    """
    found = picture_of(name, dialect.python)
    if dialect.implementation is Implementation.CPYTHON:
        return found
    return found._replace(picture=f"(not described for {dialect.name})")


@cache
def _rows() -> MappingProxyType[str, tuple[StackPicture, ...]]:
    rows: dict[str, tuple[StackPicture, ...]] = {}
    for name, since, before, picture, sentence in lines_of("pictures.tsv"):
        row = StackPicture(name, _version(since), _version(before), picture, sentence)
        rows[name] = (*rows.get(name, ()), row)
    return MappingProxyType(rows)


def _version(text: str) -> _Version:
    return tuple(map(int, text.split("."))) if text else ()
