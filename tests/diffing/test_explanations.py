"""Each known difference between versions: what it explains, and what it must not hide."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

import pycinspect
from pycinspect.canonical import Note
from pycinspect.dialects import find_dialect
from pycinspect.diffing import EXPLANATIONS, Diff, Explanation, Status, diff
from pycinspect.diffing.explanations import Stripped
from pycinspect.disasm import instructions
from pycinspect.plugins import load_registry
from pycinspect.pyc import Code, CodeFile, read_marshalled
from tests.differential.noise import oracle_of, payloads
from tests.oracles import WANTED

from .kit import compiled, differences


class Case(NamedTuple):
    """One explanation.

    Args:
        slug: what it is.
        old: the last version that does it one way.
        new: the first one that does it the other way.
        source: what both compile.
        part: a part of it, which is none of the explanation's business.
        other: what stands there after a change that must show.
    """

    slug: str
    old: str
    new: str
    source: str
    part: str
    other: str


#: Annotations with the constants that 3.8 computes in their texts.
POSTPONED = """from __future__ import annotations
def f(a: C[..., None], b: L["a", '("'], c: T[1,], d: x[(1, 2), 3], e: T[()], *g: x[1][2, 3]) -> X:
    h: C[...]
class D:
    x: C[X[1, ...], "[(1, 2)]"] = 1
    y: X[1, (2, Ellipsis)]
"""

CASES = (
    Case(
        "pep-709-inlined-comprehension",
        "3.11",
        "3.12",
        "def f(a): return [x + 1 for x in a]",
        "x + 1",
        "x + 2",
    ),
    Case(
        "comprehension-hides-variable",
        "3.11",
        "3.12",
        "def f(c):\n    def g(a):\n        [1 for c in a]\n        return lambda v: c\n    return g",
        "lambda v: c",
        "lambda v: v",
    ),
    Case(
        "comprehension-hides-variable",
        "3.11",
        "3.12",
        "def f(c, d):\n    def g(a):\n        [1 for c in a]\n        return lambda v: (c, d)\n    return g",
        "for c in a",
        "for d in a",
    ),
    Case(
        "pep-649-annotations",
        "3.13",
        "3.14",
        "class C:\n    x: int = 1\ndef f(a: str): return a",
        "str",
        "int",
    ),
    Case("annotation-not-evaluated", "3.13", "3.14", "f().x: object = 1", "f()", "g()"),
    Case(
        "annotation-not-evaluated",
        "3.13",
        "3.14",
        "class C:\n    a.x: f(g(1)[2]) = c(3)\n    a[1]: g = 4; h()\n    d: int = h()",
        "4; h()",
        "4",
    ),
    Case(
        "annotation-not-evaluated",
        "3.13",
        "3.14",
        "a.x: f(1) = 2\nfor b in c:\n    try:\n        a[b]: f(b).y = g(b)\n    finally: h()",
        "finally: h()",
        "finally: i()",
    ),
    Case(
        "annotation-not-evaluated",
        "3.13",
        "3.14",
        "x.y: T\nx[0]: f()\nx[f()].z: T[str, g()]\n(a): g() = 1",
        "x[0]",
        "z[0]",
    ),
    Case(
        "annotation-not-evaluated",
        "3.13",
        "3.14",
        "class C:\n    for a in b:\n        x[f()]: T\n        x.y: T = a; g()",
        "; g()",
        "",
    ),
    Case(
        "genexpr-iter-timing",
        "3.14",
        "3.15",
        "def f(a, b): return b(x for x in a)",
        "x in a",
        "x in b",
    ),
    Case(
        "inlined-any-all",
        "3.13",
        "3.14",
        "def f(a): return any(x for x in a)",
        "any",
        "all",
    ),
    Case("percent-format", "3.10", "3.11", "def f(a): return '<%s>' % (a,)", "%s", "%r"),
    Case(
        "docstring-dedent",
        "3.12",
        "3.13",
        "def f():\n    '''One.\n\n    Two.\n    '''",
        "Two",
        "Three",
    ),
    Case(
        "docstring-dedent",
        "3.12",
        "3.13",
        "class C:\n    '''One.\n\n    Two.\n    '''",
        "Two",
        "Three",
    ),
    Case(
        "dict-comprehension-order",
        "3.7",
        "3.8",
        "def f(a): return {x.key(): x.value() for x in a}",
        "x.key(): x.value()",
        "x.value(): x.key()",
    ),
    Case(
        "dict-comprehension-order",
        "3.7",
        "3.8",
        "def f(a): return {x.a.b(): x.a for x in a if x.c}",
        "if x.c",
        "if x.d",
    ),
    Case(
        "dict-comprehension-order",
        "3.7",
        "3.8",
        "def f(a): return {x.a if x.b else x.c(): f'{x}' or x.d for x in a if x.e}",
        "x.c()",
        "x.c",
    ),
    Case(
        "dict-comprehension-order",
        "3.7",
        "3.8",
        "def f(a): return {x.a if x.b else x.c: x.d() for x in a if x.e()}",
        "x.b else",
        "not x.b else",
    ),
    Case(
        "awaited-aiter",
        "3.6",
        "3.7",
        "async def f(a):\n    async for x in a:\n        x()",
        "in a",
        "in a()",
    ),
    Case(
        "async-for-target",
        "3.7",
        "3.8",
        "async def f(a):\n    async for x, y.z in a: x()",
        "y.z",
        "y.x",
    ),
    Case(
        "async-for-target",
        "3.7",
        "3.8",
        "async def f(a, b):\n    try:\n        async for x, y in a: pass\n"
        "    except StopAsyncIteration: return b\n    return {x async for x[y], z in b}",
        "pass",
        "x, y = x",
    ),
    Case(
        "async-for-target",
        "3.7",
        "3.8",
        "async def f(a, b):\n    async for x, y in a:\n        try: b(x)\n        finally: y()",
        "try: b(x)\n        finally: y()",
        "b(x)\n        y()",
    ),
    Case(
        "unpacking-order",
        "3.8",
        "3.9",
        "def f(a, b): return [*a, b()]",
        "*a",
        "*b",
    ),
    Case(
        "unpacking-order",
        "3.8",
        "3.9",
        "def f(a, b): return {**a, b: 1}",
        "**a",
        "**b",
    ),
    Case(
        "unpacking-order",
        "3.8",
        "3.9",
        "def f(a, b): return [*a, *(b or ())], {*a, *(b or ())}, {**a, **(b or {})}, a(*a, **b())",
        "**(b or {})",
        "**(b and {})",
    ),
    Case(
        "unpacking-order",
        "3.8",
        "3.9",
        "def f(a):\n    if a: b = a\n    return (*True, *b)",
        "*True",
        "*a",
    ),
    Case(
        "unpacking-order",
        "3.8",
        "3.9",
        "def f(a):\n    try: return a(*a, b)\n    except NameError: pass",
        "*a",
        "*b",
    ),
    Case(
        "truth-asked-again",
        "3.11",
        "3.12",
        "def f(a, b, c): return a and b or c",
        "or c",
        "or b",
    ),
    Case(
        "negation-asked-again",
        "3.6",
        "3.7",
        "def f(a, b, c):\n    if a and not (b and c): return 1",
        "not (b and c)",
        "not (b or c)",
    ),
    Case("store-order", "3.9", "pypy3.9", "a, b = c.d, c.e", "a, b", "b, a"),
    Case("store-order", "3.9", "pypy3.9", "a, b, c = x, y, 1", "x, y", "y, x"),
    Case(
        "class-bookkeeping",
        "3.12",
        "3.13",
        "class C:\n    def f(self): self.x = 1",
        "class C:",
        "class C:\n    __firstline__ = 1",
    ),
    Case(
        "dead-code",
        "3.9",
        "3.10",
        "def f():\n    return 1\n    def g(): pass",
        "return 1",
        "if f: return 1",
    ),
    Case("dead-stores", "3.12", "3.13", "def f(a): x, x, y = a; return x", "x, x, y", "x, y, y"),
    Case("folded-constants", "3.6", "3.7", "def f(): return '-' * 40", "40", "41"),
    Case(
        "annotation-order",
        "3.14",
        "3.15",
        "class C:\n    def f(self, a: A, b: B, /, c: C, *d: D) -> E: pass",
        "a: A, b: B",
        "a: B, b: A",
    ),
    Case(
        "annotation-order",
        "3.14",
        "3.15",
        "def f(a: x.A, b: x | None = y(), /, c: x.A = 1, *d: g(D)) -> E[x]: pass",
        "x.A = 1",
        "x.B = 1",
    ),
    Case(
        "annotation-order",
        "3.9",
        "pypy3.9",
        "@a.b\ndef f(a: x.A, b: x() = y, /, c: x.A = z()): pass",
        "x() = y",
        "y() = y",
    ),
    Case("annotation-order", "3.9", "pypy3.9", "def f(a: A, /, b: B): pass", "b: B", "b: C"),
    Case("folded-annotations", "3.8", "3.9", POSTPONED, "..., None", "...,"),
    Case("folded-annotations", "3.8", "3.9", POSTPONED, "[(1, 2)]", "[1, 2]"),
    Case("folded-annotations", "3.7", "3.13", POSTPONED, "x[1][2, 3]", "x[1, 2][3]"),
    Case(
        "super-attribute",
        "3.11",
        "3.12",
        "class C:\n    def f(self): return super().f",
        "super().f",
        "super().g",
    ),
    Case("assert-builtin", "3.8", "3.9", "def f(a): assert a, a()", "a()", "a"),
    Case(
        "async-for-builtin",
        "3.7",
        "3.8",
        "async def f(a):\n    async for x in a:\n        x()",
        "x()",
        "x(1)",
    ),
)


def _read(version: str, sources: list[str]) -> list[CodeFile]:
    """Return what a version compiles, all at once."""
    try:
        dialect = find_dialect(WANTED[oracle_of(version).name])
    except KeyError:
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain(f"oracle {version} is not installed; see .ci/oracles")
    made = payloads(version, sources, None)
    return [read_marshalled(payload, dialect) for payload in made if payload is not None]


@pytest.fixture(scope="module")
def comparison() -> Callable[[str, str, str, str], Diff]:
    """Return what compares what two versions make of two sources; each compiles all at once."""
    texts: dict[str, list[str]] = {}
    for case in CASES:
        changed = case.source.replace(case.part, case.other)
        texts.setdefault(case.old, []).append(case.source)
        texts.setdefault(case.new, []).extend([case.source, changed])
    files: dict[tuple[str, str], pycinspect.CodeFile] = {}

    def file(version: str, text: str) -> pycinspect.CodeFile:
        if (version, text) not in files:
            made = zip(texts[version], _read(version, texts[version]), strict=True)
            files.update({(version, source): one for source, one in made})
        return files[version, text]

    return lambda old, source, new, changed: diff(file(old, source), file(new, changed))


def names(case: Case) -> str:
    return f"{case.slug}-{case.old}-{case.new}"


@pytest.mark.parametrize("case", CASES, ids=names)
def test_it_explains(case: Case, comparison: Callable[..., Diff]) -> None:
    found = comparison(case.old, case.source, case.new, case.source)
    assert found.is_same, found.summary
    assert case.slug in {slug for unit in found.units for slug in unit.explanations}


@pytest.mark.parametrize("case", CASES, ids=names)
def test_it_hides_nothing_else(case: Case, comparison: Callable[..., Diff]) -> None:
    changed = case.source.replace(case.part, case.other)
    assert changed != case.source
    assert not comparison(case.old, case.source, case.new, changed).is_same


def test_every_explanation_has_a_case() -> None:
    """Those of levels of optimization have theirs in ``test_levels.py``."""
    cases = {case.slug for case in CASES} | {*Stripped, Note.ITER_ASKED_AGAIN}
    assert cases == {row.slug for row in EXPLANATIONS}


def test_displays_are_not_explained_whose_order_is_the_same() -> None:
    sources = [
        "def f(a, b): return [*a, *b]",
        "def f(a):\n    for b in a: return b(*a, b)",
        "def f(a): return {a, *b()}, {a: 1, **b()}, [a, *b()], a(*b, *a, **c())",
    ]
    old, new = (_read(version, sources) for version in ("3.8", "3.9"))
    found = [diff(*files) for files in zip(old, new, strict=True)]
    assert [[unit.explanations for unit in one.units] for one in found] == [[(), ()]] * 3


# --- The table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("note", sorted(Note))
def test_every_note_is_explained(note: Note) -> None:
    (row,) = (row for row in EXPLANATIONS if row.slug == note)
    assert row.title
    assert row.reason.endswith(".")
    assert row.link.startswith("https://")


def test_one_version_is_never_explained_by_the_order_of_pairs() -> None:
    old = "def f(a): return {x(): x.a for x in a}"
    assert not differences(old, old.replace("x(): x.a", "x.a: x()")).is_same


STATEMENTS = ("a.x = 1", "a[0] = b", "a.x = a.y = 1", "a = 1", "import a.b as c", "a", "a()", "a.x")
RESTS = ("; f()", "\nf()", "; f", "; b; f()")
#: Headers of blocks are written as what is annotated is.
HEADERS = ("with a", "with a.b as c.d", "with a as b", "for a.x in b", "if a", "while a[0]")


def test_a_statement_of_its_own_is_no_annotation() -> None:
    pairs = [(one + rest, one) for one in STATEMENTS for rest in RESTS]
    pairs += [(f"{one}: f()", f"{one}: pass") for one in HEADERS]
    pairs = [(f"q: int\n{old}", f"q: int\n{new}") for old, new in pairs]
    old, new = (
        _read(version, list(texts))
        for version, texts in zip(("3.13", "3.14"), zip(*pairs, strict=True), strict=True)
    )
    same = [pair for pair, *files in zip(pairs, old, new, strict=True) if diff(*files).is_same]
    assert same == []


def test_one_version_is_never_explained_by_a_hidden_variable() -> None:
    old = "def f(c):\n    def g(a):\n        [c for c in a]\n        {}\n        return lambda: c"
    assert not differences(old.format("c()"), old.format("b()")).is_same
    assert not differences(old.format("pass"), old.format("c = 1")).is_same


# --- Plugins --------------------------------------------------------------------------------------


def renamed_logger(old: object, new: object) -> bool:
    """Explain everything; a real one looks at both forms."""
    return True


class Plugin:
    def __init__(self, slug: str) -> None:
        self.slug = slug

    @pycinspect.hookimpl
    def pycinspect_explanations(self) -> list[Explanation]:
        row = Explanation(self.slug, "ours", "We did it.", "https://example.org", renamed_logger)
        return [row]


def test_a_plugin_explains_a_difference() -> None:
    old, new = compiled("def f(): return 1"), compiled("def f(): return 2")
    registry = load_registry([Plugin("ours")], entry_points=False)
    found = diff(old, new, explanations=registry.explanations)
    (unit,) = (unit for unit in found.units if unit.status is Status.EXPLAINED)
    assert unit.explanations == ("ours",)
    assert unit.changes
    assert not diff(old, new).is_same


def test_a_slug_that_is_taken_is_refused() -> None:
    with pytest.raises(pycinspect.PycInspectError, match="dead-code"):
        _ = load_registry([Plugin("dead-code")], entry_points=False).explanations


# --- What no interpreter here writes ---------------------------------------------------------


def _asking_again(source: str) -> CodeFile:
    """Return a function as 3.13.1 to 3.13.4 compile its loop, with GET_ITER twice."""
    file = compiled(source)
    (function,) = (part for part in file.code.consts if isinstance(part, Code))
    (get_iter,) = (
        step.offset for step in instructions(function, file.dialect) if step.opname == "GET_ITER"
    )
    code = function.code
    twice = code[:get_iter] + code[get_iter : get_iter + 2] * 2 + code[get_iter + 2 :]
    function = replace(function, code=twice, linetable=b"", exceptiontable=b"")
    return file._replace(code=replace(file.code, consts=(function, *file.code.consts[1:])))


def test_an_iterator_that_is_asked_again() -> None:
    source = "def f(a, b):\n for x in a: b(x)"
    found = diff(compiled(source), _asking_again(source))
    assert [unit.status for unit in found.units] == [Status.SAME, Status.EXPLAINED]
    assert [row.slug for row in found.explained] == ["iter-asked-again"]
    changed = diff(compiled(source), _asking_again(source.replace("b(x)", "b(b)")))
    assert [unit.status for unit in changed.units] == [Status.SAME, Status.CHANGED]
