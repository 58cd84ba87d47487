"""What the bits of ``co_flags`` are called.

``Include/code.h`` (``Include/cpython/code.h``), and ``Lib/__future__.py`` for the bits of future
statements, of every minor version; PyPy uses CPython's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from pycinspect.dialects.model import Dialect
from pycinspect.values import U32_MASK

__all__ = ["CodeFlag", "names_of_flags"]


class CodeFlag:
    """Bits that mean the same in every version that sets them.

    Plain integers: members of an ``IntFlag`` are ten times as slow to look at.
    """

    OPTIMIZED: Final = 0x01
    NEWLOCALS: Final = 0x02
    VARARGS: Final = 0x04
    VARKEYWORDS: Final = 0x08
    GENERATOR: Final = 0x20
    COROUTINE: Final = 0x80
    ITERABLE_COROUTINE: Final = 0x100
    ASYNC_GENERATOR: Final = 0x200

    #: ``*args`` and ``**kwargs``.
    STARS: Final = VARARGS | VARKEYWORDS
    #: Code that is called and runs later.
    SUSPENDED: Final = GENERATOR | COROUTINE | ASYNC_GENERATOR


_Version = tuple[int, int]
_FIRST: _Version = (1, 3)
_LAST: _Version = (99, 0)


class _Flag(NamedTuple):
    """A bit, its name, and the first and last version in which it has it."""

    bit: int
    name: str
    since: _Version = _FIRST
    until: _Version = _LAST


_FLAGS = (
    _Flag(CodeFlag.OPTIMIZED, "OPTIMIZED"),
    _Flag(CodeFlag.NEWLOCALS, "NEWLOCALS"),
    _Flag(CodeFlag.VARARGS, "VARARGS"),
    _Flag(CodeFlag.VARKEYWORDS, "VARKEYWORDS"),
    _Flag(0x10, "NESTED", (2, 1)),
    _Flag(CodeFlag.GENERATOR, "GENERATOR", (2, 2)),
    _Flag(0x40, "NOFREE", (2, 3), (3, 10)),
    _Flag(CodeFlag.COROUTINE, "COROUTINE", (3, 5)),
    _Flag(CodeFlag.ITERABLE_COROUTINE, "ITERABLE_COROUTINE", (3, 5)),
    _Flag(CodeFlag.ASYNC_GENERATOR, "ASYNC_GENERATOR", (3, 6)),
    _Flag(0x1000, "GENERATOR_ALLOWED", (2, 2), (3, 7)),
    _Flag(0x2000, "FUTURE_DIVISION", (2, 2), (3, 8)),
    _Flag(0x4000, "FUTURE_ABSOLUTE_IMPORT", (2, 5), (3, 8)),
    _Flag(0x8000, "FUTURE_WITH_STATEMENT", (2, 5), (3, 8)),
    _Flag(0x10000, "FUTURE_PRINT_FUNCTION", (2, 6), (3, 8)),
    _Flag(0x20000, "FUTURE_UNICODE_LITERALS", (2, 6), (3, 7)),
    _Flag(0x40000, "FUTURE_BARRY_AS_BDFL", (3, 1), (3, 7)),
    _Flag(0x80000, "FUTURE_GENERATOR_STOP", (3, 5), (3, 7)),
    _Flag(0x100000, "FUTURE_ANNOTATIONS", (3, 7), (3, 7)),
    # Four bits up, from a late 3.8 on (bpo-39562).
    _Flag(0x20000, "FUTURE_DIVISION", (3, 8)),
    _Flag(0x40000, "FUTURE_ABSOLUTE_IMPORT", (3, 8)),
    _Flag(0x80000, "FUTURE_WITH_STATEMENT", (3, 8)),
    _Flag(0x100000, "FUTURE_PRINT_FUNCTION", (3, 8)),
    _Flag(0x200000, "FUTURE_UNICODE_LITERALS", (3, 8)),
    _Flag(0x400000, "FUTURE_BARRY_AS_BDFL", (3, 8)),
    _Flag(0x800000, "FUTURE_GENERATOR_STOP", (3, 8)),
    _Flag(0x1000000, "FUTURE_ANNOTATIONS", (3, 8)),
    _Flag(0x2000000, "NO_MONITORING_EVENTS", (3, 13)),
    _Flag(0x4000000, "HAS_DOCSTRING", (3, 14)),
    _Flag(0x8000000, "METHOD", (3, 14)),
)


@cache
def _flag_names(python: _Version) -> Mapping[int, str]:
    """Return the bits that a version gives a meaning, with their names."""
    known = (flag for flag in _FLAGS if flag.since <= python <= flag.until)
    return MappingProxyType({flag.bit: flag.name for flag in known})


def names_of_flags(flags: int, dialect: Dialect) -> Iterator[str]:
    """Yield the name of every bit that is set; of one without a name, its number.

    >>> from pycinspect.dialects import find_dialect
    >>> list(names_of_flags(0x10043, find_dialect("cpython-2.7")))
    ['OPTIMIZED', 'NEWLOCALS', 'NOFREE', 'FUTURE_PRINT_FUNCTION']
    """
    names = _flag_names(dialect.python)
    flags &= U32_MASK  # before 2.3 they are signed
    for place in range(flags.bit_length()):
        bit = flags & 1 << place
        if bit:
            yield names.get(bit, f"{bit:#x}")
