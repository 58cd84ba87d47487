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
    "a variable is read before it is stored again": [
        (
            "c, b, a = (b, 1, (b := a))\nreturn a, b, c",
            "b, c = 1, a\nreturn a, b, c",
        ),
        ("return (b, (b := 1), b, (b := 2))", "return (b, b, (b := 1), (b := 2))"),
        ("b, b, b = c(a), (a is None), b\nreturn b", "b = c(a)\nreturn b"),
        ("c, c, c = b, c, c\nb = a\nreturn b, c", "b, c = a, b\nreturn b, c"),
        ("with a:\n    a = b\n    with a: c()", "with a:\n    with b: c()\n    a = b"),
        ("for c in (b, (b := a)): b = c\nreturn b", "for c in (b, b): b = c\nreturn b"),
        ("x = (a, b)\ndel a\na = b\nreturn x", "del a\na = b\nx = (a, b)\nreturn x"),
    ],
    "a variable of all is read before or after what may change it": [
        ("return G and b(G)", "return G if not G else b(G)"),
        ("return a < G < b()", "return a < G and G < b()"),
        ("a[0] = b[0] = G", "a[0] = G\nb[0] = G"),
        ("a[0], b[0] = G, H", "a[0] = G\nb[0] = H"),
        ("try: return G\nfinally: a()", "try: pass\nfinally: a()\nreturn G"),
        ("with a: return G", "with a: pass\nreturn G"),
        ("a, b = G is None, c()\nreturn a, b", "b, a = c(), G is None\nreturn a, b"),
        ("a, b = lambda x=G: x, c()\nreturn a", "b, a = c(), lambda x=G: x\nreturn a"),
        ("G.p += 1", "G.p = G.p + 1"),
        ("G(a if b else c)", "if b: G(a)\nelse: G(c)"),
        ("G(1 if a() is None else 1)", "if a() is None: pass\nG(1)"),
        ("match G:\n    case a.x: b()\n    case a.y: c()", "if G == a.x: b()\nelif G == a.y: c()"),
        ("global G\nreturn (G, (G := a), G)", "global G\nreturn (G, (G := a), a)"),
    ],
    "an object is made once or twice": [
        ("x = y = []\nreturn x, y", "x, y = [], []\nreturn x, y"),
        ("x = y = [a]\nreturn x, y", "x = [a]\ny = [a]\nreturn x, y"),
        ("x = []\ny = x\nreturn x, y", "x = []\ny = []\nreturn x, y"),
        ("x = y = (a, b)\nreturn x is y", "x = (a, b)\ny = (a, b)\nreturn x is y"),
        ("x = y = lambda: 1\nreturn x, y", "x = lambda: 1\ny = x\nx = lambda: 1\nreturn x, y"),
        ("x = y = {}\nz = {}\nreturn x, y, z", "x = {}\ny = z = {}\nreturn x, y, z"),
        ("x = []\ny = [x, x]\nreturn y", "y = [[], []]\nreturn y"),
        ("a[0] = a[1] = []", "a[0] = []\na[1] = []"),
        ("x = y = [*a]\nb(x, y)", "x = [*a]\ny = [*a]\nb(x, y)"),
    ],
    "a truth is asked for once or twice": [
        ("if (x := not a): b()", "x = not a\nif not a: b()"),
        ("a, b = not c, not c\nreturn a, b", "b, a = not c, not c\nreturn a, b"),
        (
            "x = (c := (a or b)) and d\nreturn x, c",
            "if a: x, c = d, a\nelse:\n    c = b\n    x = b and d\nreturn x, c",
        ),
        ("return not (a or b)", "if a: return False\nreturn not b"),
    ],
    "a comprehension has variables of its own": [
        (
            "x = [a for c in b for a in (c,)]\nreturn a, x",
            "x = [a for c in b if ((a := c), 1)]\nreturn a, x",
        ),
        ("[c for c in b]\nreturn c", "for c in [*b]: pass\nreturn c"),
        ("return [[a for a in b] for a in c]", "return [[a for b in b] for a in c]"),
        ("[x for x in a]\nx\nb()", "[x for x in a]\nb()"),
    ],
    "something is unpacked once or twice": [
        ("(x, y), (z, w) = a, a\nreturn x, z", "x, y = a\nz, w = x, y\nreturn x, z"),
        ("with a as x, a as y: return x, y", "with a as y, a as x: return x, y"),
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


#: Bodies that say the same in two ways.
SAME = [
    ("x = y = []\nreturn x, y", "x = []\ny = x\nreturn x, y"),
    ("x = [a]", "x = x = [a]"),
    ("a, b = b, a\nreturn a, b", "b, a = a, b\nreturn a, b"),
    ("a, b = [], {}\nreturn a, b", "b = {}\na = []\nreturn a, b"),
    ("x = G", "x = x = G"),
    ("x = y = a\nreturn x, y", "x = a\ny = a\nreturn x, y"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_the_same_has_one_form(one, other):
    assert digests(function(one)) == digests(function(other))


@pytest.mark.parametrize("level", [Level.STRICT, Level.SEMANTIC, Level.STRUCTURAL])
@pytest.mark.parametrize("pair", [pair for pairs in PAIRS.values() for pair in pairs])
def test_what_differs_has_different_forms(pair, level):
    one, other = (digests(function(body), level) for body in pair)
    assert one != other


@pytest.mark.parametrize("seed", range(12))
def test_programs_of_equal_form_do_the_same(seed):
    """A sample of ``python -m tests.canonical.soundness``."""
    for group in groups(7000 + seed, Level.SEMANTIC):
        assert [str(found) for found in compared(group, range(3))] == []
