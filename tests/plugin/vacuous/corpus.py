"""Functions that expectations are drawn for, and short ones in which what is rare is sure to be."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import suppress

from pycinspect.errors import PycInspectError
from pytest_pycinspect import Bytecode, bytecode_of
from tests.canonical.programs import program
from tests.plugin.relations.statements import library

__all__ = ["MODERN", "RARE", "corpus", "function"]

#: What libraries seldom have.
RARE = (
    "async def f(a):\n async with a as b: await b()\n async for x in a: yield x",
    "async def f(a):\n return [x async for x in a if await x]",
    "def f(a):\n try: a()\n except* ValueError as e: a(e)",
    "def f(a):\n match a:\n  case {'x': y, **z}: return y, z\n  case [p, *q, 1]: return p, q",
    "def f(a):\n match a:\n  case C(1, x=b): return b",
    "def f(a):\n def g(): return a\n del a\n return g",
    "def f(a):\n global G\n G = a\n G += 1\n del G",
    "def f(a):\n a[1:2] = a[1:2:3]\n del a[0], a.b\n return {*a, 1}, {**a, 'x': 1}, [*a, 2]",
    "def f(a):\n return f'{a!r:>{a}}{a!s}{a!a}', +a, -a, ~a, not a, a @ a, a // a",
    "def f(a, *b, **c):\n return a(*b), a(*b, **c), a(1, x=2), {**a, **c}",
    "def f(a):\n return {x for x in a}, {x: y for x in a for y in x}, [y for x in a for y in x]",
    "def f(a):\n try: pass\n finally: raise a from a",
    "def f(a):\n raise",
    "def f(a):\n with a as b: a.b = b\n for a.c in b: a[b] = a.c = b\n return -a",
    "def f(a):\n x = (*a, *a)\n a(*x, *x)\n return x",
    "def f(a):\n from .b import c as d\n from ..e.f import g\n import h.i\n import j.k as l",
    "def f(a):\n (yield)\n x = yield a\n yield from a\n return x is a, x is not a, x in a, x not in a",
    "def f(a):\n class K(a):\n  x: int = 1\n  def m(self): super().m()\n return K",
    "def f(a, b=1, *, c: int = 2): return lambda d=a: (d, b, c)",
    "def f(a):\n (x, *y), z = *v, w = a\n return x == y != z < v <= w > x >= y",
    "def f(a):\n a += 1; a -= 1; a *= 1; a /= 1; a //= 1; a %= 1; a **= 1; a @= 1; a <<= 1; a >>= 1",
    "def f(a):\n a &= 1; a |= 1; a ^= 1\n return a + a - a * a / a % a ** a << a >> a & a | a ^ a",
    "def f(a):\n while a and (a or a()): a = (a if a else not a)\n assert a, a",
)

#: Likewise, of Python 3.12 and later.
MODERN = (
    "def f(a):\n def g[T: int, *U, **V](x: T): pass\n class K[T]: pass\n return g",
    "def f(a):\n type X[T] = T\n type Y = a",
    "def f(a):\n def g[T: (int, str) = int](): pass\n def h[*U = a, **V = a](): pass",
)


def function(source: str) -> Bytecode:
    """Return the code of the one function of a source; without any, of the module."""
    module = bytecode_of(f"{source}\n")
    return module.children[0] if module.children else module


def corpus(count: int, seed: int) -> list[Bytecode]:
    """Return functions: the rare ones, and of libraries and random programs so many together."""
    rng = random.Random(seed)
    found = [*_rare()]
    ways = [_of_library(rng), _of_programs(rng)]
    while len(found) < count:
        found += next(rng.choice(ways))
    return found[:count]


def _rare() -> Iterator[Bytecode]:
    """Yield the rare functions, without those that are too modern for this Python."""
    for source in (*RARE, *MODERN):
        with suppress(PycInspectError):
            yield function(source)


def _of_library(rng: random.Random) -> Iterator[list[Bytecode]]:
    paths = library()
    while True:
        yield _functions(rng.choice(paths), rng)


def _of_programs(rng: random.Random) -> Iterator[list[Bytecode]]:
    while True:
        yield _functions(program(rng.randrange(10**6)), rng)


def _functions(wanted: object, rng: random.Random) -> list[Bytecode]:
    """Return some functions of a module; nothing where it does not compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            parts = [part for part in bytecode_of(wanted).tree if part.code.flags & _OPTIMIZED]
        except PycInspectError:
            return []
    return rng.sample(parts, min(_EACH, len(parts)))


_OPTIMIZED = 0x01
#: Functions of one module.
_EACH = 5
