"""Syntax that 3.8 and later brought: neighbours say the same, and changes show.

The figures are those of ``python -m tests.differential.syntax``.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product

import pytest

from pycinspect.canonical import Level
from tests.canonical.kit import digests
from tests.differential.noise import differences, dotted, oracle_of, payloads, unit_forms
from tests.differential.syntax import FEATURES, source
from tests.oracles import find_oracles

KNOWN = [f"3.{minor}" for minor in range(8, 16)]
SEEDS = range(2)


def installed(version: str) -> bool:
    return bool({f"cpython-{version}", f"pyodide-{version}"} & find_oracles().keys())


#: One change each; below them, what it must be told apart from.
CHANGES = {
    "match a:\n    case [x, 1]: return x": [
        "match a:\n    case [x, 2]: return x",
        "match a:\n    case [x, True]: return x",
        "match a:\n    case [1, x]: return x",
        "match a:\n    case [x, 1, *_]: return x",
        "match a:\n    case [x, y]: return x",
        "match a:\n    case (x, 1) if b: return x",
    ],
    "match a:\n    case {'k': x, **r}: return x, r": [
        "match a:\n    case {'l': x, **r}: return x, r",
        "match a:\n    case {'k': x}: return x, r",
        "match a:\n    case {'k': r, **x}: return x, r",
    ],
    "match a:\n    case C(1, q=x): return x": [
        "match a:\n    case D(1, q=x): return x",
        "match a:\n    case C(2, q=x): return x",
        "match a:\n    case C(1, r=x): return x",
        "match a:\n    case C(x, q=1): return x",
        "match a:\n    case C(1, x): return x",
    ],
    "match a:\n    case 1 | 2: return b\n    case None: return c": [
        "match a:\n    case 1 | 3: return b\n    case None: return c",
        "match a:\n    case 2 | 1: return b\n    case None: return c",
        "match a:\n    case 1 | 2: return b\n    case False: return c",
        "match a:\n    case 1 | 2: return b\n    case _: return c",
    ],
    "try: a()\nexcept* E as w: b(w)": [
        "try: a()\nexcept* F as w: b(w)",
        "try: a()\nexcept E as w: b(w)",
        "try: a()\nexcept* (E, F) as w: b(w)",
        "try: a()\nexcept* E as w: c(w)",
        "try: a()\nexcept* E as w: b(w)\nexcept* F: pass",
        "try: a()\nexcept* E as w: raise",
    ],
    "return [w := a(), w]": ["w = a()\nreturn [a(), w]", "return [w := a(), v]"],
    "try: return a()\nfinally: return b()": [
        "try: return a()\nfinally: b()",
        "try: return b()\nfinally: return a()",
    ],
    "return a[*b, c]": ["return a[b, c]", "return a[*b]", "return a[*c, b]"],
    "return *a, b": ["return a, b", "return b, *a"],
    "return a | b": ["return b | a", "return {**a, **b}"],
    "@a[0](b)\ndef g(): pass": ["@a[1](b)\ndef g(): pass", "@a[0]\ndef g(): pass"],
    "def g(x, /, y): pass": ["def g(x, y, /): pass", "def g(x, y): pass"],
    "with (a as x, b): c()": ["with (b, a as x): c()", "with (a, b as x): c()"],
}
ASYNC = {
    "return [x async for x in a if await b]": [
        "return [x async for x in a if b]",
        "return [x for x in a if await b]",
        "return {x async for x in a if await b}",
        "return [x async for x in b if await b]",
        "return (x async for x in a)",
    ],
}
GENERIC = {
    "type A[T: int] = list[T]": [
        "type A[T: str] = list[T]",
        "type A[T] = list[T]",
        "type A[T: (int, str)] = list[T]",
        "type A[T: int] = set[T]",
        "type A[*T] = list[T]",
        "type A[U: int] = list[U]",
    ],
    "def g[T](x: T) -> T: return x": [
        "def g[T](x: T): return x",
        "def g[**T](x: T) -> T: return x",
    ],
    "class K[T](B[T]): pass": ["class K[T](B): pass", "class K[T, U](B[T]): pass"],
}
DEFAULTS = {"type A[T = int] = T": ["type A[T = str] = T", "type A[T] = T"]}
TEMPLATES = {
    "return t'{a!r:>{b}} c'": [
        "return t'{a!s:>{b}} c'",
        "return t'{a!r:<{b}} c'",
        "return t'{a!r:>{b}} d'",
        "return f'{a!r:>{b}} c'",
        "return t'{b!r:>{b}} c'",
    ],
}
LAZY = {
    "lazy import m.n as q": ["import m.n as q", "lazy import m.o as q", "lazy import m.n as r"],
    "lazy from m import n": ["from m import n", "lazy from m import o", "lazy from l import n"],
}
UNPACKED = {"return [*x for x in a]": ["return [x for x in a]", "return {*x for x in a}"]}

#: Who compiles them, None for the running Python; what is around them.
GROUPS = [
    (None, "def f(a, b, c):", CHANGES),
    (None, "async def f(a, b, c):", ASYNC),
    ("3.13", "", GENERIC),
    ("3.13", "", DEFAULTS),
    ("3.15", "def f(a, b, c):", TEMPLATES),
    ("3.15", "", LAZY),
    ("3.15", "def f(a, b, c):", UNPACKED),
]


@cache
def compiled(version):
    """Return what a version compiles all sources of this file to: Pyodide starts slowly."""
    texts = [source(feature, seed) for feature, seed in product(FEATURES, SEEDS)]
    for _, head, cases in GROUPS:
        texts += [module(head, text) for one, others in cases.items() for text in (one, *others)]
    return dict(zip(texts, payloads(version, texts, None), strict=True))


def module(head: str, body: str) -> str:
    return head + "\n" + "\n".join("    " * bool(head) + line for line in body.splitlines())


def keys_of(version, texts, level):
    """Return what tells the forms of sources apart."""
    if version is None:
        return {text: digests(text, level) for text in texts}
    made, dialect = compiled(version), oracle_of(version).dialect
    forms = {text: unit_forms(made[text], dialect, level) for text in texts}
    return {
        text: {place: unit.digest for place, unit in units.items()} for text, units in forms.items()
    }


@pytest.mark.parametrize("pair", list(pairwise(KNOWN)))
def test_neighbours_say_the_same(pair):
    if not all(map(installed, pair)):
        pytest.skip("an interpreter is not installed")
    made, dialects = [*map(compiled, pair)], [oracle_of(version).dialect for version in pair]
    count = 0
    for feature, seed in product(FEATURES, SEEDS):
        text = source(feature, seed)
        both = [column[text] for column in made]
        if None in both:  # not every filled form is a program, and not every version has it
            continue
        count += 1
        one, other = (unit_forms(p, d) for p, d in zip(both, dialects, strict=True))
        assert [(dotted(place), why) for place, why in differences(one, other)] == [], text
    assert count > 5


@pytest.mark.parametrize("level", [Level.STRICT, Level.SEMANTIC])
@pytest.mark.parametrize(("version", "head", "cases"), GROUPS)
def test_every_change_shows(version, head, cases, level):
    if version is not None and not installed(version):
        pytest.skip(f"{version} is not installed")
    texts = [module(head, text) for one, others in cases.items() for text in (one, *others)]
    keys = keys_of(version, texts, level)
    for one, others in cases.items():
        for other in others:
            assert keys[module(head, one)] != keys[module(head, other)], other
