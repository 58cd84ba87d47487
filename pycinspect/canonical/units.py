"""The forms of a whole module, by where each stands in the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pycinspect.canonical.form import Form, Level, canonicalize
from pycinspect.dialects import Dialect
from pycinspect.pyc import Code

__all__ = ["Place", "units"]

#: Names from the module inwards, each with its ordinal among those of the same name.
Place = tuple[tuple[str, int], ...]


def units(root: Code, dialect: Dialect, level: Level = Level.SEMANTIC) -> Mapping[Place, Form]:
    """Return the form of a code object and of all inside it, by place.

    Two versions' forms of one function have the same place: comprehensions and functions
    that only some versions make have none.
    """
    found: dict[Place, Form] = {}
    waiting: list[tuple[Place, Code]] = [((), root)]
    while waiting:
        place, code = waiting.pop()
        form = found[place] = canonicalize(code, dialect, level)
        counts: Counter[str] = Counter()
        for child in form.children:
            waiting.append(((*place, (child.name, counts[child.name])), child))
            counts[child.name] += 1
    return found
