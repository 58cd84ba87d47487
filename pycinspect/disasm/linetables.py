"""Can a line table be read? Asked of its form alone, without reading a line.

So a table may be refused that can be read, and none is passed that cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pycinspect.dialects import LineTable

__all__ = ["LINE_TABLES"]

#: A number of a location table, and entries of each kind (``Objects/locations.md``).
_NUMBER = rb"[\x40-\x7f]{0,5}+[\0-\x3f]"
_LOCATIONS = re.compile(
    rb"(?:[\x80-\xcf][\0-\x7f]|[\xd0-\xe7][\0-\x7f]{2}|[\xe8-\xef]%b|[\xf0-\xf7](?:%b){4}|[\xf8-\xff])*+"
    % (_NUMBER, _NUMBER)
)


def _are_locations(table: bytes) -> bool:
    return _LOCATIONS.fullmatch(table) is not None


#: An entry a code unit: its line, and if there is one, columns and the last line (PyPy 3.10).
_POSITIONS = re.compile(
    rb"(?:\0|%b(?:\0|[^\0].{2}))*+" % rb"[\x80-\xff]{0,4}+[\x01-\x7f]", re.DOTALL
)


def _are_positions(table: bytes) -> bool:
    return _POSITIONS.fullmatch(table) is not None


def _are_pairs(table: bytes) -> bool:
    return len(table) % 2 == 0


def _are_steps(_: bytes) -> bool:
    return True  # an lnotab has no errors


#: By the kind of a table.
LINE_TABLES: Mapping[LineTable, Callable[[bytes], bool]] = MappingProxyType(
    {
        LineTable.SET_LINENO: _are_steps,
        LineTable.LNOTAB: _are_steps,
        LineTable.SIGNED_LNOTAB: _are_steps,
        LineTable.SIGNED_LNOTAB_CUT: _are_steps,
        LineTable.LINETABLE: _are_pairs,
        LineTable.LOCATIONS: _are_locations,
        LineTable.LOCATIONS_APART: _are_locations,
        LineTable.POSITIONS: _are_positions,
    }
)
