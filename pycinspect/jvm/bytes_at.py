"""Big-endian numbers at a place in a file, with one exception type where the file ends."""

from __future__ import annotations

from pycinspect.errors import PycInspectError

__all__ = ["BytesAt"]


class BytesAt:
    """A file and a place in it.

    Args:
        data: the file.
        at: bytes from its start.
        end: where what may be read ends; None is the file's end.
    """

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes.

        Raises:
            PycInspectError: ``truncated`` where there are fewer.
        """
        start, stop = self.at, self.at + size
        if stop > self.end:
            left = self.end - start
            message = f"{size} bytes are wanted and {left} are left"
            raise PycInspectError("truncated", message, offset=start)
        self.at = stop
        return self.data[start:stop]

    def unsigned(self, size: int) -> int:
        """Return the next ``size`` bytes as a number without sign."""
        return int.from_bytes(self.take(size))

    def signed(self, size: int) -> int:
        """Return the next ``size`` bytes as a number in two's complement."""
        return int.from_bytes(self.take(size), signed=True)

    def part(self, size: int) -> BytesAt:
        """Return a reader of the next ``size`` bytes alone, and go on behind them."""
        start = self.at
        self.take(size)
        return BytesAt(self.data, start, self.at)
