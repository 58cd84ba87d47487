"""Code objects inside a code object, as the source has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from pycinspect.canonical.rules.calls import COMPREHENSIONS
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
    lifted = _lifted(code, made, 0)
    found = sorted(lifted, key=lambda c: (c.firstlineno, ranks.get(id(c), len(ranks))))
    alike = Counter(map(_outline, found))
    counts: Counter[str] = Counter()
    codes: list[Code] = []
    known: dict[Hashable, int] = {}
    ordinals: dict[int, int] = {}
    for child in found:
        key = _unplaced(child) if alike[_outline(child)] > 1 else id(child)
        if key not in known:
            codes.append(child)
            known[key] = counts[child.name]
            counts[child.name] += 1
        ordinals[id(child)] = known[key]
    return Children(tuple(codes), ordinals)


def _outline(code: Code) -> tuple[str, int, bytes]:
    return code.name, code.firstlineno, code.code


def _unplaced(code: Code) -> Code:
    """Return a code object without its columns.

    Functions of one line that do the same are one constant up to 3.10; later they are not
    equal, as they stand in other columns (``Objects/codeobject.c: code_richcompare``).
    """
    parts = (_unplaced(part) if isinstance(part, Code) else part for part in code.consts)
    return replace(code, linetable=b"", consts=tuple(parts))


def _lifted(code: Code, made: Mapping[int, Code], depth: int) -> Iterator[Code]:
    for child in code.consts:
        if not isinstance(child, Code) or (depth == 0 and id(child) not in made):
            continue
        if child.name == _ANNOTATE:
            continue
        if child.name in COMPREHENSIONS and depth < _DEEPEST:
            yield from _lifted(child, made, depth + 1)
        else:
            yield child
