"""What the canonical form of one code object may cost, counted in steps and not in seconds."""

from __future__ import annotations

from pycinspect.errors import PycInspectError

__all__ = ["Work", "refused"]


def refused(reason: str) -> PycInspectError:
    """Return the error that says why code has no canonical form."""
    return PycInspectError("not-canonical", reason)


#: Steps that are always allowed, and for each byte of the code. Of 10,000 code objects of the
#: standard libraries of 2.7 to 3.13 the one that needs most needs 5,600, a byte less than six.
_FREE, _BY_BYTE = 100_000, 8


class Work:
    """Counts what is done, and ends it where it is too much.

    A step is about as much as one op of the machine: what looks at, or copies, many things at
    once counts for more.

    Args:
        steps: that may be taken.
    """

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    @classmethod
    def for_code(cls, size: int) -> Work:
        """Return what code of so many bytes may cost: no compiler's is near it."""
        return cls(_FREE + _BY_BYTE * size)

    def spend(self, steps: int = 1) -> None:
        """Count so many steps.

        Raises:
            PycInspectError: ``not-canonical``, where there are none left.
        """
        self.left -= steps
        if self.left < 0:
            raise refused("there are too many steps")
