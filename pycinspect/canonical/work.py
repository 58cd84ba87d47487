"""What the canonical form of one code object may cost, counted in steps and not in seconds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.pyc.constants import each_once, parts_of

__all__ = ["SEEN_AT_ONCE", "Work", "refused", "steps_to_make"]

_Item = TypeVar("_Item")


def refused(reason: str) -> PycInspectError:
    """Return the error that says why code has no canonical form."""
    return PycInspectError("not-canonical", reason)


#: Steps that are always allowed, for each byte of the instructions, and how often those that it
#: takes to make the constants once. Of 34,000 code objects of the standard libraries of 2.7 to
#: 3.13, and of packages beside them, none takes more than a third of that.
_FREE, _BY_BYTE, _TIMES = 20_000, 3, 4
#: Values on a stack that are looked at, where all are, for one step.
SEEN_AT_ONCE = 8
#: Parts of a constant that are taken at once.
_AT_ONCE = 32


def steps_to_make(parts: int) -> int:
    """Return what it takes to make a constant of so many parts that are made."""
    return 1 + parts // _AT_ONCE


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
    def for_codes(cls, codes: Collection[Code]) -> Work:
        """Return what code objects may cost together: no compiler's are near it."""
        size = sum(len(code.code) for code in codes)
        constants = each_once(code.consts for code in codes)
        made = sum(steps_to_make(len(parts_of(value))) for value in constants)
        return cls(_FREE + _BY_BYTE * size + _TIMES * made)

    def spend(self, steps: int = 1) -> None:
        """Count so many steps.

        Raises:
            PycInspectError: ``not-canonical``, where there are none left.
        """
        self.left -= steps
        if self.left < 0:
            raise refused("there are too many steps")

    def seen(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield things, and count those that were looked at."""
        for number, item in enumerate(items, 1):
            yield item
            if not number % SEEN_AT_ONCE:
                self.spend()
