"""Code objects inside a code object, as the source has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from pycinspect.canonical.machine import COMPREHENSIONS
from pycinspect.canonical.values import Values
from pycinspect.pyc import Code

__all__ = ["Children", "children_of"]

#: Functions that 3.14 makes of annotations (PEP 649).
_ANNOTATE = "__annotate__"
_DEEPEST = 100


class Children(NamedTuple):
    """Code objects inside a code object.

    Args:
        codes: in the order of their lines.
        ordinals: by identity, the place among those of the same name.
    """

    codes: tuple[Code, ...]
    ordinals: Mapping[int, int]


def children_of(code: Code, made: Mapping[int, Code]) -> Children:
    """Return the code objects inside one.

    Args:
        code: the code object.
        made: those that functions are made of on some path, by identity, in that order;
            since 3.10 there is no other (dead code is left out).
    """
    # Up to 3.11 a comprehension's constant stands before those of its outermost iterable.
    ranks = {identity: rank for rank, identity in enumerate(made)}
    lifted = _lifted(code, made)
    found = sorted(lifted, key=lambda c: (c.firstlineno, ranks.get(id(c), len(ranks))))
    alike = Counter(map(_outline, found))
    counts: Counter[str] = Counter()
    codes: list[Code] = []
    known: dict[Hashable, int] = {}
    ordinals: dict[int, int] = {}
    unplaced = _Unplaced()
    for child in found:
        key = unplaced.of(child) if alike[_outline(child)] > 1 else (id(child),)
        if key not in known:
            codes.append(child)
            known[key] = counts[child.name]
            counts[child.name] += 1
        ordinals[id(child)] = known[key]
    return Children(tuple(codes), ordinals)


def _outline(code: Code) -> tuple[str, int, bytes]:
    return code.name, code.firstlineno, code.code


class _Unplaced:
    """Numbers code objects: equal ones the same, wherever on their line they stand.

    Functions of one line that do the same are one constant up to 3.10; later they are not
    equal, as they stand in other columns (``Objects/codeobject.c: code_richcompare``).
    """

    def __init__(self) -> None:
        self._values = Values()
        self._by_key: dict[Hashable, int] = {}
        self._known: dict[int, int] = {}

    def of(self, root: Code) -> int:
        """Return the number of a code object; those inside it are numbered before."""
        waiting = [root]
        while waiting:
            code = waiting[-1]
            missing = [part for part in _codes_in(code) if id(part) not in self._known]
            if missing and id(code) not in self._known:
                waiting.extend(missing)
                continue
            waiting.pop()
            if id(code) not in self._known:
                self._known[id(code)] = self._by_key.setdefault(self._key(code), len(self._by_key))
        return self._known[id(root)]

    def _key(self, code: Code) -> Hashable:
        constants = (
            self._known[id(part)] if isinstance(part, Code) else self._values.constant(part)
            for part in code.consts
        )
        # Up to 3.11 the qualified name says that a function is inside a comprehension.
        return replace(code, linetable=b"", qualname="", consts=()), tuple(constants)


def _codes_in(code: Code) -> Iterator[Code]:
    return (part for part in code.consts if isinstance(part, Code))


def _lifted(root: Code, made: Mapping[int, Code]) -> Iterator[Code]:
    """Yield the code objects inside one, each once; of comprehensions, those inside them."""
    seen: set[int] = set()
    waiting = [(code, 1) for code in _codes_in(root) if id(code) in made][::-1]
    while waiting:
        child, depth = waiting.pop()
        if child.name == _ANNOTATE or id(child) in seen:
            continue
        seen.add(id(child))
        if child.name in COMPREHENSIONS and depth <= _DEEPEST:
            waiting.extend([(code, depth + 1) for code in _codes_in(child)][::-1])
        else:
            yield child
