"""The strings of a ``.mpy`` file, each way that a version of the format stores them."""

from __future__ import annotations

import ast
from functools import cache

from pycinspect.micropython.reading import MpyReader
from pycinspect.shipped import shipped_text

__all__ = ["fixed_strings", "read_plain_string", "read_table_string", "read_window_string"]

_NUL = b"\0"
#: No file needs a longer window: MicroPython's own has 32 places.
_MOST_IN_WINDOW = 1024


@cache
def fixed_strings() -> tuple[str, ...]:
    """Return the strings that every MicroPython has, by their number; that of 0 is none.

    ``static_qstr_list`` of ``py/makeqstrdata.py``, the same since the first release that used it.
    """
    lines = shipped_text("pycinspect.micropython", "strings.tsv").splitlines()[2:]
    return ("", *(ast.literal_eval(line.split("\t")[1]) for line in lines))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _fixed(reader: MpyReader, number: int, place: int) -> str:
    known = fixed_strings()
    if not 0 < number < len(known):
        reader.fail("bad-string", f"there is no fixed string {number}", place)
    return known[number]


def read_table_string(reader: MpyReader) -> str:
    """Read a string of version 6: the number of a fixed one, or its bytes and a NUL.

    Raises:
        PycInspectError: ``bad-string``, ``truncated``.
    """
    place = reader.place
    size = reader.uint()
    if size & 1:
        return _fixed(reader, size >> 1, place)
    found = reader.take(size >> 1)
    if reader.take(1) != _NUL:
        reader.fail("bad-string", "no NUL follows a string", reader.place - 1)
    return _text(found)


def read_plain_string(reader: MpyReader) -> str:
    """Read a string of versions 2 and 3: its length and its bytes."""
    return _text(reader.take(reader.uint()))


def read_window_string(reader: MpyReader, window: list[str], places: int) -> str:
    """Read a string of versions 4 and 5 and move it to the front of the window.

    Args:
        reader: stands at the string.
        window: the last strings, the newest first; it is changed.
        places: how many the file says that there are.

    Raises:
        PycInspectError: ``bad-string``, ``truncated``.
    """
    place = reader.place
    size = reader.uint()
    if size == 0:
        return _fixed(reader, reader.byte(), place)
    if size & 1:
        if size >> 1 >= len(window):
            reader.fail("bad-string", f"the window has no string {size >> 1}", place)
        found = window.pop(size >> 1)
    else:
        found = _text(reader.take(size >> 1))
    window.insert(0, found)
    del window[min(places, _MOST_IN_WINDOW) :]
    return found
