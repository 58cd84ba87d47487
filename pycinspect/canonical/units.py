"""The forms of a whole module, by where each stands in the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pycinspect.canonical.form import Form, Level, canonicalize
from pycinspect.canonical.work import Work
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Place", "units"]

#: Names from the module inwards, each with its ordinal among those of the same name.
Place = tuple[tuple[str, int], ...]


#: Places that there may be, and how many for each code object: compilers make one.
_FREE_PLACES, _TIMES = 1_000, 2


def units(
    root: Code, dialect: Dialect, level: Level = Level.SEMANTIC, *, optimize: int = 0
) -> Mapping[Place, Form]:
    """Return the form of a code object and of all inside it, by place.

    Two versions' forms of one function have the same place: comprehensions and functions
    that only some versions make have none.

    Args:
        root: the code object.
        dialect: who wrote it.
        level: how much must be the same for two forms to be equal.
        optimize: as :func:`canonicalize` takes it.

    Raises:
        PycInspectError: ``unknown-opcodes``; ``limit`` where code objects share what is inside
            them more often than any compiler makes it.
    """
    found: dict[Place, Form] = {}
    known: dict[int, Form] = {}
    codes = list(root.walk())
    work = Work.for_codes(codes)
    waiting: list[tuple[Place, Code]] = [((), root)]
    while waiting:
        place, code = waiting.pop()
        if len(found) > _FREE_PLACES + _TIMES * len(codes):
            raise PycInspectError("limit", "its code objects stand in too many places")
        if id(code) not in known:
            known[id(code)] = canonicalize(code, dialect, level, work=work, optimize=optimize)
        form = found[place] = known[id(code)]
        counts: Counter[str] = Counter()
        for child in form.children:
            waiting.append(((*place, (child.name, counts[child.name])), child))
            counts[child.name] += 1
    return found
