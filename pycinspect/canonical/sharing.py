"""Variables that several functions share, by what those inside may do to them."""

from __future__ import annotations

from collections.abc import Callable

from pycinspect.canonical.frames import COMPREHENSIONS, Frame
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["CHANGES_SHARED", "Shared"]

#: Stores of other functions to a variable that they share.
CHANGES_SHARED = frozenset({"STORE_DEREF", "DELETE_DEREF"})


class Shared:
    """What others may set of the variables of a function, found once for each.

    Args:
        frame_of: makes a code object ready to run.
    """

    def __init__(self, frame_of: Callable[[Code], Frame]) -> None:
        self._frame_of = frame_of
        self._known: dict[int, frozenset[str]] = {}

    def by(self, code: Code) -> frozenset[str]:
        """Return the variables of a function that other functions may set."""
        known = self._known.get(id(code))
        if known is None:
            known = self._known[id(code)] = frozenset(code.freevars) | self._set_inside(code)
        return known

    def _set_inside(self, code: Code) -> frozenset[str]:
        """Return the variables of a function that those inside it set, or may set."""
        found: set[str] = set()
        waiting = [code] if code.cellvars else []
        seen = {id(code)}
        while waiting:
            inside = (part for part in waiting.pop().consts if isinstance(part, Code))
            for part in inside:
                names = set(code.cellvars) & set(part.freevars)
                if not names or id(part) in seen:
                    continue
                seen.add(id(part))
                waiting.append(part)
                if part.name not in COMPREHENSIONS:  # they are evaluated in place
                    found |= names & self._set_by(part)
        return frozenset(found)

    def _set_by(self, code: Code) -> set[str]:
        try:
            ops = self._frame_of(code).ops
        except PycInspectError:  # its own form says why
            return set(code.freevars)
        return {str(op.operand) for op in ops if op.name in CHANGES_SHARED}
