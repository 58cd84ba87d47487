"""One source, two interpreters: the forms are the same. The figures are noise.py's."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from pycinspect.canonical import Level
from tests.differential.noise import Units, differences, dotted, payloads, unit_forms
from tests.oracles import find_oracles

EVERYWHERE = '''
"""Docstring.

    Indented.
"""
import os.path as p
from . import a, b as c


@deco(1, *x, **y)
class C(B, metaclass=M):
    """Another."""

    z: int = 1
    w: "text"

    def f(self, a, *b, c=1, **d) -> int:
        try: super().f(*b, k=1, **d)
        finally: self.close()
        return super().g + self.h[1:2, ...]


def f(a, b=(1, -0.0)):
    """Third."""
    try:
        with open(a) as g, b:
            for i, (j, *k) in g:
                if not i and j or k: continue
                elif i < j <= k: break
                yield [x for x in k if x if not i]
            else:
                yield from {**a, "k": {y: z for y, z in b}}
    except (ValueError, OSError) as e:
        raise E(f"{e!r:>{i}} and {j}") from e
    except Exception:
        return "%s-%5r" % (a, b)
    finally:
        a, b, c = c, b, a
        del a
    assert a is not None, "message"
    while True:
        if any(x in (1, 2) for x in b): return {1, 2, *b}


async def g(x):
    async with x as y:
        async for z in y:
            await z
        return [await q for q in z if q]


def outer():
    n = 0
    def inner():
        nonlocal n
        global m
        n += 1
        m = lambda *, k=n: n
    return inner
'''
WALRUS = """
def f(a, /, b):
    while (c := a()) > b: yield c
    return [d := 1, d ** 2]
"""
MATCH = """
def f(a):
    match a:
        case {"k": v, **rest} if v: return rest
        case [x, 1, *y] | (x, y): return x, y
        case C(1, m=q) as r: return q, r
        case None | "s": pass
        case _: return 3
"""
EXCEPT_STAR = """
def f(a):
    try: a()
    except* ValueError as e: print(e)
    except* (A, B): raise
    else: b()
    finally: c()
"""
GENERICS = """
type A[T: int] = list[T]
class C[T](B): x: T
def f[*P](*a: *P) -> A[int]: return a
"""
#: Made by ``"".join`` since 3.10, from so many parts on; and a list that is built as that is.
LONG = f"""
def f(a, b):
    try: return f"{"{a}, {b!r:>3} " * 9}"
    except E: return [{"f'{a}', " * 40}]
"""
#: A comprehension's variable, and one of the function around it that others share, of one name.
CELLS = """
def f(b):
    b = [b for b in a if b]
    return sum(b[i] for i in c), [lambda: b for b in a if b], lambda: b
def g(b):
    class C:
        [b for a in z if b for b in z]
        [(b, lambda: b) for b in z if b]
        b
    try: {c: y for y in H if b for b in z}
    except E: return lambda: b
def h():
    x = a
    return [[x for y in z if x for x in x] for x in x], lambda: x
"""
#: The truth of a variable that may change is known after it was asked for.
TRUTHS = """
def f(a, c, d):
    def g():
        nonlocal a
        c and (not a or a) or d
        return c and (not a or a) or d
"""
#: Up to 3.6, what ``__aiter__`` returns is awaited, also outside the generator.
ASYNC_GENERATORS = """
async def f(a):
    return (i async for i in a), [j async for j in (k async for k in a(b)) if j]
async def g(a):
    async for i in (j for j in await a): yield i
"""
#: Each was noise in a package.
PACKAGES = """
try:
    a: b[c] = d.e
except ImportError:
    a: int = 1
    f: g.h = 2

def conditions(a, b, c):
    if a and not (b and c): return 1
    if a and not (b and not c): return 2
    if not (b or not c) and a: return 3
    while not (b or c.d()) or a: c()
    return not (a and b) or c, not (a and not b) or c, not not (a.b or c)

def named_as_an_argument(format, b):
    return [format % x for x in b]

def deleted(a):
    z = b
    for a in b:
        raise
        del a
    try:
        for y in b:
            a
            del z
            break
    except: z

def dropped(a, b, c):
    def inside(d):
        nonlocal a
        e, e = (e is a), {f: f for f in d}
    b, b, d = not a or c.e, c(), 1
    with a:
        return [b, d]
        def e(): pass
    yield lambda: b

def sliced(a, b, c, d):
    def inside():
        nonlocal b, c
        a[:b] += d()
        a[b:c] += d()
        a[c:b] -= b
        a[b:b:c], a[c] = d, 1
        a[b:c, b] *= 2
        a[(b, c):c] += 1

def gathered(a, b):
    return {*a, "x", "z", "y"}, {"z", "x", *a, 2, 1, "y"}, {a, "x", "z", "y", *b}, {b"z", *a(), 3, a, 2, 1, 5, 4}

def unpacked(a, b):
    return {**b, **(a or {})}, [*b, *(a or [])], {*b, *(a or ())}, a(*b, *(a or ()), **b, **(a or {}))

def formatted(a, b):
    return "%r of %s" % ("a" if a is None else a, b), "%s" % (a is None and "a" or "b",)

def returned_early(a):
    try:
        with a: return b
    finally: a()

def delegated(a, b):
    yield from []
    yield from [1, 2]
    yield from [a, *b]
    yield from [*a]
    yield from [1 if a else 2]
    yield from {1, 2}

def iterables(a, b):
    return a(x for x in [*a, *b]), a(x for x in [a, b]), a(x for x in [1, 2])

b, c = d.e, d.f
g, h = b, c
i, j, k, l = 1, b, 3, c
m = n = b, c
o.p, q, r = q, r, s
class C:
    t, u = b, (c if b else c.d)
    (v, w), x = u, t
    y = z, t = u
"""
#: A statement so long that 3.6 optimizes nothing (Python/peephole.c: "lnotab is too complex").
NOT_OPTIMIZED = f"""
a({"b, " * 130})
if not f and g(h) and i(j) is None: k = l
m = not n and o
p(q, not r and s)
"""
NATIVE = [f"3.{minor}" for minor in range(6, 14)]
CASES = [
    *((EVERYWHERE, pair) for pair in pairwise(NATIVE)),
    (EVERYWHERE, ("3.6", "3.13")),
    (EVERYWHERE, ("3.9", "pypy3.9")),
    (PACKAGES, ("3.9", "pypy3.9")),
    *((LONG, pair) for pair in pairwise(NATIVE)),
    *((CELLS, pair) for pair in pairwise(NATIVE[5:])),
    *((TRUTHS, pair) for pair in pairwise(NATIVE[4:])),
    *((NOT_OPTIMIZED, pair) for pair in pairwise(NATIVE)),
    *((PACKAGES, pair) for pair in pairwise(NATIVE)),
    *((ASYNC_GENERATORS, pair) for pair in pairwise(NATIVE)),
    (ASYNC_GENERATORS, ("3.9", "pypy3.9")),
    *((WALRUS, pair) for pair in pairwise(NATIVE[2:])),
    *((MATCH, pair) for pair in pairwise(NATIVE[4:])),
    *((EXCEPT_STAR, pair) for pair in pairwise(NATIVE[5:])),
    (GENERICS, ("3.12", "3.13")),
]
SOURCES = (
    *(EVERYWHERE, LONG, CELLS, TRUTHS, NOT_OPTIMIZED, PACKAGES),
    ASYNC_GENERATORS,
    *(WALRUS, MATCH, EXCEPT_STAR, GENERICS),
)


@cache
def compiled(version: str) -> dict[str, bytes | None]:
    """Return what an interpreter, which takes seconds to start, makes of all sources."""
    return dict(zip(SOURCES, payloads(version, SOURCES, None), strict=True))


@cache
def forms(version: str, source: str) -> Units:
    name = f"pypy-{version[4:]}" if version.startswith("pypy") else f"cpython-{version}"
    name = f"pyodide-{version}" if version in ("3.14", "3.15") else name
    if name not in find_oracles():
        pytest.skip(f"{name} is not installed")
    payload = compiled(version)[source]
    assert payload is not None
    return unit_forms(payload, find_oracles()[name].dialect, Level.SEMANTIC)


@pytest.mark.parametrize(("source", "pair"), CASES)
def test_neighbours_say_the_same(source, pair):
    one, other = (forms(version, source) for version in pair)
    assert [(dotted(place), why) for place, why in differences(one, other)] == []


@pytest.mark.parametrize("source", SOURCES)
def test_pyodide_says_the_same(source):
    three, four, five = (forms(version, source) for version in ("3.13", "3.14", "3.15"))
    assert [(dotted(place), why) for place, why in differences(three, four)] == []
    assert [(dotted(place), why) for place, why in differences(four, five)] == []


# --- One interpreter, twice -------------------------------------------------------------------

SETS = """
def f(a):
    if a in {"b", "c", "d", 1, 2.0, (3, "e"), None, b"f"}: return {"g", "h", *a}
    for x in {"i", "j", "k"}: yield x
    return a not in {("l", "m"), ("n", frozenset)}, {"o": {"p", "q", "r"}}
"""


@pytest.mark.parametrize("version", [*NATIVE, "pypy3.9"])
def test_the_seed_of_hashes_does_not_count(version):
    name = f"pypy-{version[4:]}" if version.startswith("pypy") else f"cpython-{version}"
    if name not in find_oracles():
        pytest.skip(f"{name} is not installed")
    made = [payloads(version, [SETS + EVERYWHERE], None, hash_seed=seed)[0] for seed in (1, 2)]
    dialect = find_oracles()[name].dialect
    one, other = (unit_forms(payload, dialect) for payload in made if payload is not None)
    assert [dotted(place) for place, _ in differences(one, other)] == []
    # The order in the file is another until marshal sorts sets (bpo-37596, 3.11).
    assert (made[0] != made[1]) is (version in ("3.6", "3.7", "3.8", "3.9", "3.10"))
