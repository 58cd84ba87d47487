"""Bytes and numbers at a place in a ``.mpy`` file, with one exception type where the file ends."""

from __future__ import annotations

from typing import NoReturn

from pycinspect.errors import PycInspectError

__all__ = ["MpyReader"]

_MORE, _SEVEN = 0x80, 0x7F
#: Bytes that a number may have: ten hold 64 bits.
_LONGEST_NUMBER = 10


class MpyReader:
    """A file and a place in it.

    Args:
        data: the file, or a part of it.
        at: bytes from the start of ``data``.
        base: where ``data`` lies in the file, for the offsets of errors.
    """

    __slots__ = ("at", "base", "data")

    def __init__(self, data: bytes, at: int = 0, base: int = 0) -> None:
        self.data = data
        self.at = at
        self.base = base

    @property
    def place(self) -> int:
        """Bytes from the start of the file."""
        return self.base + self.at

    def fail(self, slug: str, message: str, offset: int | None = None) -> NoReturn:
        """Raise PycInspectError with a place in the file, that of the next byte by default."""
        raise PycInspectError(slug, message, offset=self.place if offset is None else offset)

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes.

        Raises:
            PycInspectError: ``truncated`` where there are fewer.
        """
        start, stop = self.at, self.at + size
        if stop > len(self.data):
            left = len(self.data) - start
            self.fail("truncated", f"{size} bytes are wanted and {left} are left")
        self.at = stop
        return self.data[start:stop]

    def byte(self) -> int:
        """Return the next byte.

        Raises:
            PycInspectError: ``truncated``.
        """
        return self.take(1)[0]

    def uint(self) -> int:
        """Return the next number: seven bits a byte, the most significant first.

        Raises:
            PycInspectError: ``truncated``; ``bad-number`` for one of more than ten bytes.
        """
        return self._more(0)

    def sint(self) -> int:
        """Return the next number with a sign, which is bit 6 of the first byte."""
        is_negative = self.byte() & 0x40
        self.at -= 1
        return self._more(-1 if is_negative else 0)

    def _more(self, value: int) -> int:
        start = self.place
        for _ in range(_LONGEST_NUMBER):
            byte = self.byte()
            value = value << 7 | byte & _SEVEN
            if not byte & _MORE:
                return value
        return self.fail("bad-number", f"a number has more than {_LONGEST_NUMBER} bytes", start)

    def part(self, size: int) -> MpyReader:
        """Return a reader of the next ``size`` bytes alone, and go on behind them."""
        base = self.place
        return MpyReader(self.take(size), base=base)
