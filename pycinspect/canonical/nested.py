"""Code objects inside a code object, as the source has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

from pycinspect.canonical.contents import Contents, codes_in
from pycinspect.canonical.machine import COMPREHENSIONS
from pycinspect.pyc import Code

__all__ = ["ANNOTATE", "Children", "children_of"]

#: Functions that 3.14 makes of annotations (PEP 649).
ANNOTATE = "__annotate__"
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
    contents = Contents()
    for child in found:
        key = contents.of(child) if alike[_outline(child)] > 1 else (id(child),)
        if key not in known:
            codes.append(child)
            known[key] = counts[child.name]
            counts[child.name] += 1
        ordinals[id(child)] = known[key]
    return Children(tuple(codes), ordinals)


def _outline(code: Code) -> tuple[str, int, bytes]:
    return code.name, code.firstlineno, code.code


def _lifted(root: Code, made: Mapping[int, Code]) -> Iterator[Code]:
    """Yield the code objects inside one, each once; of comprehensions, those inside them."""
    seen: set[int] = set()
    waiting = [(code, 1) for code in codes_in(root) if id(code) in made][::-1]
    while waiting:
        child, depth = waiting.pop()
        if child.name == ANNOTATE or id(child) in seen:
            continue
        seen.add(id(child))
        if child.name in COMPREHENSIONS and depth <= _DEEPEST:
            waiting.extend([(code, depth + 1) for code in codes_in(child)][::-1])
        else:
            yield child
