"""Which code objects are the same but for where they stand."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from pycinspect.canonical.values import Values
from pycinspect.pyc import Code

__all__ = ["Contents", "codes_in", "placeless"]


class Contents:
    """Numbers code objects: equal ones the same, wherever in the source they stand.

    Functions of one line that do the same are one constant up to 3.10; later they are not
    equal, as they stand in other columns (``Objects/codeobject.c: code_richcompare``).
    """

    def __init__(self) -> None:
        self._values = Values()
        self._by_key: dict[Hashable, int] = {}
        #: By identity; the code objects are kept, so that no other takes their place.
        self._known: dict[int, tuple[Code, int]] = {}

    def of(self, root: Code) -> int:
        """Return the number of a code object; those inside it are numbered before."""
        waiting = [root]
        while waiting:
            code = waiting[-1]
            missing = [part for part in codes_in(code) if id(part) not in self._known]
            if missing and id(code) not in self._known:
                waiting.extend(missing)
                continue
            waiting.pop()
            if id(code) not in self._known:
                number = self._by_key.setdefault(self._key(code), len(self._by_key))
                self._known[id(code)] = code, number
        return self._known[id(root)][1]

    def _key(self, code: Code) -> Hashable:
        constants = (
            self._known[id(part)][1] if isinstance(part, Code) else self._values.constant(part)
            for part in code.consts
        )
        return placeless(code), tuple(constants)


def placeless(code: Code) -> Code:
    """Return a code object without where it stands, and without its constants."""
    return replace(code, filename="", firstlineno=0, linetable=b"", consts=())


def codes_in(code: Code) -> Iterator[Code]:
    """Yield the code objects among the constants of one."""
    return (part for part in code.consts if isinstance(part, Code))
