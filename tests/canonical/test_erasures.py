"""Each rule that erases something: what it makes the same, and next to it what it must not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

import pycinspect.canonical
from pycinspect.canonical import Level
from pycinspect.canonical.rules.bookkeeping import ADDED
from pycinspect.dialects import DIALECTS, lowering_of
from tests.canonical.kit import digests


class Rule(NamedTuple):
    """What a rule erases, in bodies of ``def f(a, b, c=1, *d, **e)`` or whole modules.

    Args:
        one: some source.
        same: what must have the same form; ``one`` itself where only versions differ.
        different: what is near, and must not.
    """

    one: str
    same: tuple[str, ...]
    different: tuple[str, ...]


#: By the slug of its note, or by a description where it leaves none.
RULES = {
    "pep-709-inlined-comprehension": Rule(
        "return [x.p for x in a if x]",
        (),
        (
            "return [x.p for x in b if x]",
            "return [x.q for x in a if x]",
            "return [x.p for x in a if not x]",
            "return {x.p for x in a if x}",
            "return (x.p for x in a if x)",
            "return list(x.p for x in a if x)",
            "for x in a:\n    if x: x.p\nreturn []",
        ),
    ),
    "genexpr-iter-timing": Rule(
        "return (x for x in a.b)",
        (),
        (
            "return (x for x in a.c)",
            "return (x for x in iter(a.b))",
            "return (y for x in a.b)",
            "return (x for x in [a.b])",
            "return (x for y in a.b for x in y)",
        ),
    ),
    "pep-649-annotations": Rule(
        "def g(x: int = 1) -> b: pass",
        (),
        (
            "def g(x: str = 1) -> b: pass",
            "def g(x: int = 2) -> b: pass",
            "def g(x: int = 1) -> c: pass",
            "def g(x=1) -> b: pass",
            "def g(x: int = 1): pass",
            "def g(x: 'int' = 1) -> b: pass",
        ),
    ),
    "percent-format": Rule(
        "return '%s-%5r' % (a, b)",
        ("return f'{a!s}-{b!r:>5}'",),
        (
            "return '%s-%5r' % (b, a)",
            "return '%s-%6r' % (a, b)",
            "return '%r-%5r' % (a, b)",
            "return '%s+%5r' % (a, b)",
            "return '%s-%-5r' % (a, b)",
            "return f'{a}-{b!r:>5}'",
            "return '%s-%5r' % a",
            "return b'%s-%5r' % (a, b)",
        ),
    ),
    "inlined-any-all": Rule(
        "return any(x for x in a)",
        (),
        (
            "return all(x for x in a)",
            "return any(x for x in b)",
            "return any([x for x in a])",
            "return any(not x for x in a)",
            "return any(a)",
            "return tuple(x for x in a)",
        ),
    ),
    "docstring-dedent": Rule(
        "class g:\n    '''A\n\n        B\n    '''",
        ("class g:\n    '''A\n\n    B\n    '''",),
        ("class g:\n    '''A\n\n    C\n    '''", "class g:\n    x = '''A\n\n        B\n    '''"),
    ),
    "stores are parallel": Rule(
        "x = 1\ny = a\nreturn x, y",
        (
            "y = a\nx = 1\nreturn x, y",
            "x, y = 1, a\nreturn x, y",
            "x = 2\nx = 1\ny = a\nreturn x, y",
        ),
        (
            "x = a\ny = 1\nreturn x, y",
            "x = 1\ny = x\nreturn x, y",
            "y = x = 1\nreturn x, y",
            "x = 1\nglobal y\ny = a\nreturn x, y",
        ),
    ),
    "stores in parallel keep what is read": Rule(
        "a, b = b, a\nreturn a",
        ("b, a = a, b\nreturn a",),
        ("a = b\nb = a\nreturn a", "b = a\na = b\nreturn a", "a, b = a, b\nreturn a"),
    ),
    "constants are folded": Rule(
        "return 60 * 60 + a",
        ("return 3600 + a",),
        ("return 3600.0 + a", "return 60 * (60 + a)", "return a + 3600", "return 60 * 61 + a"),
    ),
    "tuples fold": Rule(
        "return (1, 2)[0]", ("return 1",), ("return (1, 2)[1]", "return [1, 2][0]")
    ),
    "lists that are iterated are tuples": Rule(
        "for x in [1, a]: x()",
        ("for x in (1, a): x()",),
        ("for x in {1, a}: x()", "for x in [a, 1]: x()", "for x in [[1, a]]: x()"),
    ),
    "lists that are searched are tuples": Rule(
        "return a in [1, b]",
        ("return a in (1, b)",),
        (
            "return a in {1, b}",
            "return a == [1, b]",
            "return a in [b, 1]",
            "return a not in [1, b]",
        ),
    ),
    "constants in sets have no order": Rule(
        "return a in {1, 2}",
        ("return a in {2, 1}", "return a in {1, 2, 2}"),
        ("return a in {1, 3}", "return a in (1, 2)", "return a in {1, 2.0}"),
    ),
    "only constants in sets have none": Rule("return {a, b}", (), ("return {b, a}", "return {a}")),
    "not swaps branches": Rule(
        "if not a: b()\nelse: c()",
        ("if a: c()\nelse: b()",),
        ("if a: b()\nelse: c()", "if not a: c()\nelse: b()"),
    ),
    "not not is bool": Rule(
        "return not not a", ("return not not not not a",), ("return a", "return not a")
    ),
    "is not swaps branches": Rule(
        "if a is not None: b()",
        ("if not a is None: b()",),
        ("if a is None: b()", "if a != None: b()", "if a is not False: b()"),
    ),
    "copies are one": Rule(
        "if a: b()\nelse: c()\nreturn 1",
        ("if a:\n    b()\n    return 1\nc()\nreturn 1",),
        ("if a: b()\nelse: c()\nreturn 2", "if a:\n    b()\n    return 1\nc()\nreturn 2"),
    ),
    "copies of finally": Rule(
        "try: a()\nfinally: b()",
        (),
        ("try: a()\nfinally: c()", "try: a()\nexcept: b()", "a()\nb()", "try: a()\nexcept: raise"),
    ),
    "dead code": Rule(
        "return a\nb()",
        ("return a", "if 0: b()\nreturn a", "while 0: b()\nreturn a"),
        ("b()\nreturn a", "if a: b()\nreturn a"),
    ),
    "handlers that do nothing but raise again": Rule(
        "try: a()\nfinally: pass",
        ("a()",),
        ("try: a()\nexcept E: raise", "try: a()\nexcept: raise E", "try: a()\nexcept: pass"),
    ),
    "loads of what is bound": Rule(
        "try: a\nexcept E: b()",
        ("try: pass\nexcept E: b()", "return"),
        ("try: x\nexcept E: b()\nif c: x = 1", "try: G\nexcept E: b()", "try: a()\nexcept E: b()"),
    ),
    "AssertionError is at hand": Rule(
        "assert a, b",
        ("if not a: raise AssertionError(b)",),
        ("if not a: raise ValueError(b)", "assert b, a", "if not a: raise AssertionError"),
    ),
    "import as": Rule(
        "import x.y as z\nreturn z",
        (),
        ("import x.z as z\nreturn z", "import x as z\nreturn z", "from x import y as z\nreturn z"),
    ),
    "bookkeeping of classes": Rule(
        "class g:\n    def h(self): return super().h",
        (),
        (
            "class g:\n    def h(self): return self.h",
            "class g:\n    __slots__ = ()\n    def h(self): return super().h",
            "class g:\n    __module__ = 1\n    def h(self): return super().h",
        ),
    ),
    "calls unpack displays": Rule(
        "a(*(1, b), **{'k': c})",
        ("a(1, b, k=c)",),
        ("a(*(1, *b), **{'k': c})", "a((1, b), k=c)", "a(*(b, 1), k=c)", "a(1, b, **{'l': c})"),
    ),
    "displays are flat": Rule(
        "return [1, *(a, b)]",
        ("return [1, a, b]",),
        ("return [1, (a, b)]", "return [1, *a, b]", "return (1, a, b)", "return [1, *(b, a)]"),
    ),
    "f-strings are flat": Rule(
        "return f'a{f\"b{a}\"}'",
        (),
        ("return f'ab{a!r}'", "return f'ba{a}'", "return f'ab{b}'", "return f'ab' + a"),
    ),
}


def module(body: str) -> str:
    return "def f(a, b, c=1, *d, **e):\n" + "\n".join("    " + line for line in body.splitlines())


def the_same(one: str, other: str, level: Level = Level.SEMANTIC) -> bool:
    return digests(module(one), level) == digests(module(other), level)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_erases_what_it_should_and_no_more(name):
    rule = RULES[name]
    assert [other for other in rule.same if not the_same(rule.one, other)] == []
    assert [other for other in rule.different if the_same(rule.one, other)] == []


@pytest.mark.parametrize("name", RULES)
def test_what_must_not_be_erased_shows_when_strict(name):
    rule = RULES[name]
    assert [other for other in rule.different if the_same(rule.one, other, Level.STRICT)] == []


def test_every_note_has_its_rule():
    room = Path(pycinspect.canonical.__file__).parent
    text = "".join(path.read_text("utf-8") for path in room.rglob("*.py"))
    assert set(re.findall(r'notes\.add\("([^"]+)"\)', text)) <= RULES.keys()


# --- Names that the compiler uses, too -----------------------------------------------------------

BOOKKEEPING = (
    "__annotate__ = {}",
    "class C:\n    __firstlineno__ = {}000",
    "class C:\n    __classcell__ = {}",
    "class C:\n    __static_attributes__ = a{}\n    x = 1",
    "class C:\n    __static_attributes__ = 'a{}', 'b'\n    x = 1",
    "class C:\n    __annotate_func__ = {}",
    "class C:\n    __annotations_cache__ = {}",
    "def f():\n    __static_attributes__ = {}\n    return __static_attributes__",
    "def f():\n    __annotate__ = {}\n    return __annotate__",
    "__conditional_annotations__ = {}",
    "__firstlineno__ = {}",
    "try: __firstlineno__\nexcept NameError: x = {}",
)


@pytest.mark.parametrize("source", BOOKKEEPING)
@pytest.mark.parametrize("level", [Level.STRICT, Level.SEMANTIC, Level.STRUCTURAL])
def test_what_the_compiler_stores_is_told_from_what_a_program_does(
    source: str, level: Level
) -> None:
    one, other = (digests(source.format(number), level) for number in (1, 2))
    assert one != other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("__firstlineno__ = 1", "pass"),
        ("__static_attributes__ = 'a', 'b'", "pass"),
        ("class C: __firstlineno__ = True", "class C: pass"),
        ("class C: __firstlineno__ = 1.0", "class C: pass"),
    ],
)
def test_only_classes_have_the_bookkeeping_of_classes(one: str, other: str) -> None:
    assert digests(one) != digests(other)


def test_what_is_stored_under_each_name_of_the_table_is_known() -> None:
    names = {name for row in DIALECTS for name in lowering_of(row).bookkeeping}
    assert names == ADDED.keys()
