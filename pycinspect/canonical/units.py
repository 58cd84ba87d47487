"""The forms of a whole module, by where each stands in the source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from pycinspect.canonical.contents import codes_in
from pycinspect.canonical.form import Form, Level, canonicalize
from pycinspect.canonical.nested import children_of
from pycinspect.canonical.shells import Shells
from pycinspect.canonical.work import Work
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["Place", "Units", "units", "units_of_both"]

#: Names from the module inwards, each with its ordinal among those of the same name.
Place = tuple[tuple[str, int], ...]


#: Places that there may be, and how many for each code object: compilers make one.
_FREE_PLACES, _TIMES = 1_000, 2


class Units(Mapping[Place, Form]):
    """The forms of a module by place, each made when it is first asked for.

    Args:
        forms: makes them.
        codes: the code objects by place.
        shared: the places of those whose form is that of the other module's in this place,
            each with a number that such have on both sides.
    """

    def __init__(
        self, forms: _Forms, codes: Mapping[Place, Code], shared: Mapping[Place, int]
    ) -> None:
        self.dialect = forms.dialect
        self.codes, self.shared = codes, shared
        self._forms = forms

    def __getitem__(self, place: Place) -> Form:
        return self._forms.of(self.codes[place])

    def __iter__(self) -> Iterator[Place]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)


class _Forms:
    """Makes the form of each code object of a module once, at a price for all of them."""

    def __init__(self, root: Code, dialect: Dialect, level: Level, optimize: int = 0) -> None:
        self.root, self.dialect, self._level, self._optimize = root, dialect, level, optimize
        codes = list(root.walk())
        self.most_places = _FREE_PLACES + _TIMES * len(codes)
        self._work = Work.for_codes(codes)
        self._made: dict[int, Form] = {}

    def of(self, code: Code) -> Form:
        if id(code) not in self._made:
            found = canonicalize(
                code, self.dialect, self._level, work=self._work, optimize=self._optimize
            )
            self._made[id(code)] = found
        return self._made[id(code)]


def units(
    root: Code, dialect: Dialect, level: Level = Level.SEMANTIC, *, optimize: int = 0
) -> Units:
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
    (found,) = _placed([_Forms(root, dialect, level, optimize)], None)
    return found


def units_of_both(
    old: tuple[Code, Dialect], new: tuple[Code, Dialect], level: Level = Level.SEMANTIC
) -> tuple[Units, Units]:
    """Return the forms of two modules; where both have one form, none is made to tell it.

    Args:
        old: a code object, and who wrote it.
        new: likewise.
        level: how much must be the same; ``exact`` needs where code stands, which is not told.

    Raises:
        PycInspectError: as :func:`units`.
    """
    is_told = level is not Level.EXACT and old[1] == new[1]
    sides = [_Forms(*old, level), _Forms(*new, level)]
    ours, theirs = _placed(sides, Shells() if is_told else None)
    return ours, theirs


def _placed(sides: Sequence[_Forms], shells: Shells | None) -> list[Units]:
    """Find the places of modules, from outside inwards, in all of them at once.

    What is inside a code object its form tells, which knows what is dead. Where it is known
    that the forms are the same, none is needed for that: whatever is inside is so in all.
    """
    codes: list[dict[Place, Code]] = [{} for _ in sides]
    shared: dict[Place, int] = {}
    waiting: list[tuple[Place, list[Code | None]]] = [((), [side.root for side in sides])]
    while waiting:
        place, found = waiting.pop()
        number = None if shells is None else shells.common(found)
        if number is not None:
            shared[place] = number
        inside: list[Mapping[tuple[str, int], Code]] = []
        for side, known, code in zip(sides, codes, found, strict=True):
            if code is None:
                inside.append({})
                continue
            known[place] = code
            if len(known) > side.most_places:
                raise PycInspectError("limit", "its code objects stand in too many places")
            inside.append(_numbered(side.of(code).children if number is None else _all_in(code)))
        waiting.extend(
            ((*place, key), [names.get(key) for names in inside])
            for key in dict.fromkeys(chain.from_iterable(inside))
        )
    return [Units(side, known, shared) for side, known in zip(sides, codes, strict=True)]


def _all_in(code: Code) -> Sequence[Code]:
    return children_of(code, {id(part): part for part in codes_in(code)}).codes


def _numbered(children: Sequence[Code]) -> Mapping[tuple[str, int], Code]:
    """Return code objects by their names, each with its ordinal among those of the same name."""
    counts: Counter[str] = Counter()
    found: dict[tuple[str, int], Code] = {}
    for child in children:
        found[child.name, counts[child.name]] = child
        counts[child.name] += 1
    return found
