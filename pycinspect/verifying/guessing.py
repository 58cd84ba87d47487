"""Under which path a cache was compiled, guessed from its bytes without reading them as objects.

The path stands at the end of each code object, behind all that is in it. A string that ends with
the name of the source is nearly always it; where it is not, the source is compiled under a wrong
path, and its bytes are not those of the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pycinspect.dialects.layouts import FLAG_REF

__all__ = ["guessed_path"]

#: Type codes of strings with a length of one byte, and of four.
_SHORT, _LONG = frozenset(b"zZ"), frozenset(b"uaAts")
#: Places that are looked at, and bytes of a path.
_PLACES, _LONGEST = 4, 1024


def guessed_path(data: bytes, start: int, name: str) -> str | None:
    r"""Return the first string of marshalled data that ends with a name, None for none.

    Args:
        data: what ``marshal`` wrote.
        start: where that begins.
        name: of the source, without directories.

    >>> guessed_path(b"...\xda\x07/a/m.py...", 0, "m.py")
    '/a/m.py'
    """
    end = name.encode("utf-8", "surrogatepass")
    for place in islice(_places(data, start, end), _PLACES):
        for size in range(len(end), min(_LONGEST, place - start)):
            if _is_string(data, place - size, size):
                return _decoded(data[place - size : place])
    return None


def _decoded(path: bytes) -> str:
    """Return a path as ``unmarshal`` does, of Python 3 and of Python 2."""
    try:
        return path.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return path.decode("utf-8", "surrogateescape")


def _places(data: bytes, start: int, end: bytes) -> Iterator[int]:
    """Yield the offsets after a name."""
    place = data.find(end, start)
    while place >= 0:
        yield place + len(end)
        place = data.find(end, place + 1)


def _is_string(data: bytes, start: int, size: int) -> bool:
    """Return whether a string of so many bytes begins at an offset, by what stands before it."""
    if size < 1 << 8 and data[start - 1] == size and data[start - 2] & ~FLAG_REF in _SHORT:
        return True
    is_long = data[start - 4 : start] == size.to_bytes(4, "little")
    return is_long and data[start - 5] & ~FLAG_REF in _LONG
