"""How much is looked at before an expectation is given up."""

from __future__ import annotations

from pycinspect.errors import PycInspectError

__all__ = ["Effort", "ExhaustedError", "pool"]

#: Places and instructions that are looked at for one expectation, beyond what its length and
#: that of the code explain; less than a second.
_BUDGET = 700_000


class ExhaustedError(PycInspectError):
    """More was looked at than may be: nobody knows whether the expectation is met."""

    def __init__(self) -> None:
        super().__init__(
            "pattern-too-costly",
            f"gave up after {_BUDGET:,} places: use fewer gaps, groups or variables",
        )


class Effort:
    """What may still be looked at.

    Args:
        left: how many places and instructions.
    """

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, amount: int) -> None:
        """Count what is looked at.

        Raises:
            ExhaustedError: it is more than is left.
        """
        self.left -= amount
        if self.left < 0:
            raise ExhaustedError


def pool() -> Effort:
    """Return what may be looked at for one expectation, its nested code included."""
    return Effort(_BUDGET)
