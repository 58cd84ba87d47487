"""How each version of MicroPython's ``.mpy`` files is written.

``py/persistentcode.c`` of the releases: version 2 in 1.9 to 1.9.2, 3 to 1.10, 4 in 1.11, 5 in 1.12 to
1.18, 6 since 1.19. Versions 0 and 1 were written by 1.8 alone; how, nobody has looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

__all__ = ["MPY_FORMATS", "MpyFormat", "StringPlace"]


class StringPlace(Enum):
    """Where the strings that code refers to are stored."""

    #: Behind the code, in the order of its operands.
    AFTER_CODE = "after-code"
    #: In the place of the operand; one of the last strings by its place among them.
    WINDOW = "window"
    #: In a table at the start of the file, together with one of objects.
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class MpyFormat:
    """A version of the format: its number and what sets it apart.

    Args:
        version: the second byte of the file.
        strings: where strings are stored.
        packed_prelude: the prelude's numbers share bytes, else each has its own.
        short_jumps: offsets have one byte or two, most significant last; else always two.
        cache_bytes: a flag of the header says whether a byte follows each look-up of a name.
    """

    version: int
    strings: StringPlace
    packed_prelude: bool
    short_jumps: bool
    cache_bytes: bool


_ROWS = (
    MpyFormat(2, StringPlace.AFTER_CODE, packed_prelude=False, short_jumps=False, cache_bytes=True),
    MpyFormat(3, StringPlace.AFTER_CODE, packed_prelude=False, short_jumps=False, cache_bytes=True),
    MpyFormat(4, StringPlace.WINDOW, packed_prelude=False, short_jumps=False, cache_bytes=True),
    MpyFormat(5, StringPlace.WINDOW, packed_prelude=True, short_jumps=False, cache_bytes=True),
    MpyFormat(6, StringPlace.TABLE, packed_prelude=True, short_jumps=True, cache_bytes=False),
)

#: The formats by version.
MPY_FORMATS: Mapping[int, MpyFormat] = MappingProxyType({row.version: row for row in _ROWS})
