"""Programs with equal forms do the same: those that once did not, and a sample of the search."""

from __future__ import annotations

import pytest

from pycinspect.canonical import Level
from tests.canonical.kit import digests
from tests.canonical.soundness import compared, groups

#: Bodies of ``def f(a, b, c=1, *d, **e)`` that had one form and behave differently.
PAIRS = {
    "a text is formatted": [
        ("f'{a}'\nreturn 1", "return 1"),
        ("try:\n    x = f'{a}'\nexcept E: b()", "try:\n    x = f'{a}'\nexcept E: c()"),
        ("x, y = f'{a}', c()\nreturn x, y", "y, x = c(), f'{a}'\nreturn x, y"),
        ("try: x = '%s' % (a,)\nexcept E: b()", "try: x = '%s' % (a,)\nexcept E: c()"),
        ("try: f'{a}-{b}'\nexcept E: b()", "try: f'{a}-{b}'\nexcept E: c()"),
    ],
    "a display unpacks and hashes": [
        ("[*a]\nreturn 1", "return 1"),
        ("{a}\nreturn 1", "return 1"),
        ("{**a}\nreturn 1", "return 1"),
        ("try:\n    return [*a]\nexcept E: b()", "try:\n    return [*a]\nexcept E: c()"),
        ("try:\n    return (*a,)\nexcept E: b()", "try:\n    return (*a,)\nexcept E: c()"),
        ("try:\n    return {a: b}\nexcept E: b()", "try:\n    return {a: b}\nexcept E: c()"),
        ("return [*{a, b}]", "return [a, b]"),
        ("c(*[*{a, b}])", "c(a, b)"),
        ("x, y = [*a], c()\nreturn x, y", "y, x = c(), [*a]\nreturn x, y"),
    ],
    "not asks for the truth": [
        ("not a\nreturn 1", "return 1"),
        ("try:\n    x = not a\nexcept E: b()", "try:\n    x = not a\nexcept E: c()"),
        ("x, y = not a, c()\nreturn x, y", "y, x = c(), not a\nreturn x, y"),
        ("try:\n    x = not not a\nexcept E: b()", "try:\n    x = not not a\nexcept E: c()"),
    ],
    "two results of one expression": [
        ("a, b = c(), c()\nreturn a, b", "b, a = c(), c()\nreturn a, b"),
        ("a, b = (c(),), c()\nreturn a, b", "b, a = c(), (c(),)\nreturn a, b"),
        ("a, b = (yield), (yield)\nreturn a, b", "b, a = (yield), (yield)\nreturn a, b"),
        ("a, b = c.d, [*b, c.d]\nreturn a, b", "b, a = [*b, c.d], c.d\nreturn a, b"),
    ],
    "a variable is not bound": [
        ("if c: x = 1\nx\nreturn 1", "if c: x = 1\nreturn 1"),
        ("if c: x = 1\na, b = x, c()\nreturn a", "if c: x = 1\nb, a = c(), x\nreturn a"),
        ("if c: x = 1\na = x\nb = x\nreturn", "if c: x = 1\nreturn"),
        ("del a\na\nb()", "del a\nb()\na"),
    ],
    "a variable is read before or after a call": [
        ("a, b = G, c()\nreturn a, b", "b, a = c(), G\nreturn a, b"),
        ("a, b = G, (c(), G)\nreturn a, b", "b, a = (c(), G), G\nreturn a, b"),
        ("a, b = [G], c()\nreturn a, b", "b, a = c(), [G]\nreturn a, b"),
        (
            "def g():\n    nonlocal a\n    a += 1\nb, c = a, g()\nreturn b, c",
            "def g():\n    nonlocal a\n    a += 1\nc, b = g(), a\nreturn b, c",
        ),
    ],
    "a comprehension may have items": [
        ("if [x for x in a]: b()", "if [x for x in a]: c()"),
        ("if {x for x in a}: b()", "if {x for x in a}: c()"),
    ],
    "functions of one name": [
        ("x = lambda: 1\ny = lambda: 2\nreturn x, y", "y = lambda: 1\nx = lambda: 2\nreturn x, y"),
        (
            "if a: return lambda: 1\nreturn lambda: 2",
            "if not a: return lambda: 1\nreturn lambda: 2",
        ),
        ("b[(i for i in a)] = (i for i in c)", "b[(i for i in c)] = (i for i in a)"),
    ],
}


def function(body: str) -> str:
    return "def f(a, b, c=1, *d, **e):\n" + "\n".join("    " + s for s in body.splitlines())


@pytest.mark.parametrize("level", [Level.STRICT, Level.SEMANTIC])
@pytest.mark.parametrize("pair", [pair for pairs in PAIRS.values() for pair in pairs])
def test_what_differs_has_different_forms(pair, level):
    one, other = (digests(function(body), level) for body in pair)
    assert one != other


@pytest.mark.parametrize("seed", range(12))
def test_programs_of_equal_form_do_the_same(seed):
    """A sample of ``python -m tests.canonical.soundness``."""
    for group in groups(7000 + seed, Level.SEMANTIC):
        assert [str(found) for found in compared(group, range(3))] == []
