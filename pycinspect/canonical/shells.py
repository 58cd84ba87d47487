"""Which code objects have one form, told without making any."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from pycinspect.canonical.contents import Contents, codes_in, placeless
from pycinspect.canonical.frames import COMPREHENSIONS, is_annotate
from pycinspect.canonical.nested import children_of
from pycinspect.canonical.values import Values
from pycinspect.pyc import Code

__all__ = ["Shells"]


class Shells:
    """Numbers code objects, those the same whose forms are the same for being made of the same.

    A form is made of a code object, and of what is evaluated in place or shares variables with
    it. Of any other function that it makes it has the name, the place among those of that
    name, and whether it is one of 3.14's lazy ones: a class stays what it is when the body of a
    method changes.
    """

    def __init__(self) -> None:
        self._contents = Contents()
        self._values = Values()
        self._by_key: dict[Hashable, int] = {}

    def common(self, codes: Sequence[Code | None]) -> int | None:
        """Return the number that all have; None if they do not have one."""
        numbers = {None if code is None else self._of(code) for code in codes}
        return numbers.pop() if len(numbers) == 1 else None

    def _of(self, code: Code) -> int:
        inside = children_of(code, {id(part): part for part in codes_in(code)})
        parts = tuple(
            (self._part(part), inside.ordinals.get(id(part)))
            if isinstance(part, Code)
            else self._values.constant(part)
            for part in code.consts
        )
        return self._by_key.setdefault((placeless(code), parts), len(self._by_key))

    def _part(self, code: Code) -> Hashable:
        if code.freevars or code.name in COMPREHENSIONS or is_annotate(code):
            return self._contents.of(code)
        return code.name, code.argcount, code.varnames[:1]
