"""Code objects inside a code object, as the source has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

from pycinspect.canonical.contents import Contents, codes_in
from pycinspect.canonical.frames import COMPREHENSIONS, is_annotate
from pycinspect.pyc import Code

__all__ = ["Children", "children_of"]

_DEEPEST = 100


class Children(NamedTuple):
    """Code objects inside a code object.

    Args:
        codes: in the order of their lines.
        ordinals: by identity, the place among those of the same name.
    """

    codes: tuple[Code, ...]
    ordinals: Mapping[int, int]


def children_of(
    code: Code, loaded: Mapping[int, Code], inlined: Mapping[int, Code] | None = None
) -> Children:
    """Return the code objects inside one.

    Args:
        code: the code object.
        loaded: those that ops load on some path, by identity, in that order; since 3.10
            there is no other (dead code is left out).
        inlined: those that were evaluated in place; a comprehension that was not is one of
            the children. None if that is not known.
    """
    # Up to 3.11 a comprehension's constant stands before those of its outermost iterable.
    ranks = {identity: rank for rank, identity in enumerate(loaded)}
    lifted = _lifted(code, loaded, loaded if inlined is None else inlined)
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


def _lifted(root: Code, loaded: Mapping[int, Code], inlined: Mapping[int, Code]) -> Iterator[Code]:
    """Yield the code objects inside one, each once; of comprehensions, those inside them."""
    seen: set[int] = set()
    waiting = [(code, 1) for code in codes_in(root) if id(code) in loaded][::-1]
    while waiting:
        child, depth = waiting.pop()
        if is_annotate(child) or id(child) in seen:
            continue
        seen.add(id(child))
        is_apart = id(child) in loaded and id(child) not in inlined
        if child.name in COMPREHENSIONS and not is_apart and depth <= _DEEPEST:
            waiting.extend([(code, depth + 1) for code in codes_in(child)][::-1])
        else:
            yield child
