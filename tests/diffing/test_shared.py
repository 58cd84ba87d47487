"""What both sides have is told without a form, and as forms would tell it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.canonical import Level, canonicalize, units
from pycinspect.canonical.units import Units, units_of_both
from pycinspect.dialects import DIALECTS
from pycinspect.diffing import Diff, Status, comparing
from pycinspect.pyc import Code

from .kit import compiled, differences, statuses

#: The module; the name in its package is the function's.
UNITS = sys.modules[Units.__module__]

#: Small definitions, several of which have the same name, or the same body.
PARTS = (
    "def f(a):\n    return a",
    "def f(a):\n    return [lambda: a, lambda: a]",
    "def g(a):\n    return a",
    "class C:\n    def f(self):\n        return self\n    def g(self):\n        return 1",
    "class C:\n    def f(self):\n        return self\n    def g(self):\n        return 2",
    "class D:\n    def f(self):\n        return self",
    "x = [lambda: 1, lambda: 2]",
    "x = [lambda: 1, lambda: 1, lambda: 2]",
    "y = [lambda: i for i in x], {n: n for n in (lambda: 3)()}",
    "try:\n    def f(): return 1\nexcept E:\n    def f(): return 2",
    "def h():\n    try:\n        def f(): return 1\n    except E:\n        def f(): return 2\n    return f",
    "if y:\n    z = lambda: 2",
)
PROGRAMS = st.lists(st.sampled_from(PARTS), max_size=6).map("\n".join)
LEVELS = [level for level in Level if level is not Level.EXACT]


@contextmanager
def without_sharing() -> Iterator[None]:
    """Make the forms of all code objects, whatever the other side has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            comparing,
            "units_of_both",
            lambda old, new, level: (units(*old, level), units(*new, level)),
        )
        yield


def told(diff: Diff) -> tuple[list[object], set[object]]:
    """Return what is not the same, as it is told, and what is."""
    same: set[object] = set()
    others: list[object] = []
    for unit in diff.units:
        sides = [side and (side.qualname, side.code.firstlineno) for side in (unit.old, unit.new)]
        if unit.status is Status.SAME:
            same.add(tuple(sides))
        else:
            changes = [change[:3] for change in unit.changes]
            others.append((unit.status, unit.planes, unit.explanations, changes, sides))
    return others, same


@settings(max_examples=80, deadline=None)
@given(PROGRAMS, PROGRAMS, st.sampled_from(LEVELS))
def test_sharing_changes_no_answer(old: str, new: str, level: Level) -> None:
    with without_sharing():
        others, same = told(differences(old, new, level=level))
    found, found_same = told(differences(old, new, level=level))
    assert found == others
    assert found_same >= same  # functions that no path makes are the same, too


def test_only_what_differs_is_canonicalised(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "".join(f"class C{n}:\n    def f(self):\n        return {n}\n" for n in range(20))
    made: list[str] = []

    def counted(code: Code, *arguments: object, **options: object) -> object:
        made.append(code.qualname)
        return canonicalize(code, *arguments, **options)

    monkeypatch.setattr(UNITS, "canonicalize", counted)
    diff = differences(source, source.replace("return 7", "return 8"))
    assert statuses(diff) == {"C7.f": "changed"}
    assert len(list(diff.units)) == 41
    assert made == ["C7.f"] * 2


def test_code_that_has_moved_and_is_in_another_file_is_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(UNITS, "canonicalize", None)
    source = "def f(a):\n    return [lambda: a for b in a]\n"
    old, new = compiled(source), compiled("# moved\n\n" + source)
    assert old.code != new.code
    diff = comparing.diff(old, new)
    assert {unit.status for unit in diff.units} == {Status.SAME}
    assert len(list(diff.units)) == 3


def test_equal_bytes_of_two_pythons_are_not_equal_code() -> None:
    code = compiled("x = 1").code
    rows = DIALECTS["cpython-3.12"], DIALECTS["cpython-3.13"]
    ours, theirs = units_of_both((code, rows[0]), (code, rows[1]))
    assert ours.shared == theirs.shared == {}
    ours, theirs = units_of_both((code, rows[0]), (code, rows[0]))
    assert list(ours.shared) == list(theirs.shared) == [()]
