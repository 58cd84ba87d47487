from __future__ import annotations

import pytest

from pycinspect.canonical import Level, Plane, canonicalize
from pycinspect.pyc import Code
from tests.canonical.kit import RUNNING, digests, form_of, listing, module_of


def function(body: str, head: str = "def f(a, b, c=1, *d, **e):") -> str:
    lines = "\n".join("    " + line for line in body.splitlines())
    return f"{head}\n{lines}\n"


# --- Listings: the same under every Python that runs the tests -----------------------------

LISTINGS = {
    "return a.b(1, x=c)[0]": ["return a.b(1, x=c)[0]"],
    "a, b = b, a\nreturn a": ["a, b = b, a", "return a"],
    "return [x for x in a if x]": [
        "L1: for x in a, at the end -> L2",
        "if x, else -> L1",
        "append x -> L1",
        "L2: return [...]",
    ],
    "while a: a = b()\nreturn f'{a!r:>3}'": [
        "L1: if a, else -> L2",
        "a = b() -> L1",
        "L2: return f'{a!r:>3}'",
    ],
    "try:\n    a()\nexcept E:\n    return 1\nreturn 2": [
        "a()  [on error -> L1]",
        "return 2",
        "L1: except E, else -> L2",
        "return 1",
        "L2: raise",
    ],
    "with a as x:\n    b()": [
        "with a as x",
        "b()  [on error -> L2]",
        "end of with a",
        "L1: return None",
        "L2: if a swallows the error -> L1",
        "raise",
    ],
    "with a(): b()": [
        "with (t1 := a())",
        "b()  [on error -> L2]",
        "end of with t1",
        "L1: return None",
        "L2: if t1 swallows the error -> L1",
        "raise",
    ],
    "x = a() or b\nreturn x": [
        "if (t1 := a()), else -> L2",
        "x = t1",
        "L1: return x",
        "L2: x = b -> L1",
    ],
    "x = y = a()\nreturn x, y": ["x = y = a()", "return (x, y)"],
    "import m\nx = []\ny = []\nz = 1": ["import m; x, y, z = [], [], 1", "return None"],
    "x = y = []": ["x = y = []", "return None"],
    "(a, (a := 1))\nreturn (a, (a := 2), a)": [
        "t1 = 1",
        "a = 2",
        "return (t1, 2, a)",
    ],
    "def g(): pass\nx = a\nreturn g, x": ["def g; x = a", "return (g, x)"],
    "a, b = b, 1\nreturn a, b": ["a, b = b, 1", "return (a, b)"],
    "a.x, (b, *c) = d": ["a.x, (b, *c) = d", "return None"],
    "for a, (b, c) in d: pass": [
        "L1: for a, (b, c) in d -> L1, at the end -> L2",
        "L2: return None",
    ],
    "a[1:2] += b[::2]": ["a[1:2] += b[::2]", "return None"],
    "del a[0], b.c, d": ["del a[0]", "del b.c", "del d", "return None"],
    "raise a(b) from c": ["raise a(b) from c"],
    "return -(a + b) * c ** d, not a, (a, b) < c": [
        "return (-(a + b) * c ** d, not a, (a, b) < c)"
    ],
    'return f"{{}}{a!s:{b}} \'{c}"': ["return f'{{}}{a!s:{b}} \\'{c}'"],
    "return a not in b, a is not b": ["return (a not in b, a is not b)"],
    "import a.b as c, d.e\nfrom ..f import g, h as i": [
        "import a.b as c",
        "import d.e",
        "from ..f import g",
        "from ..f import h as i",
        "return None",
    ],
    "def g(x=1): pass\nclass C(a): pass\nreturn g, C": [
        "def g, defaults (1,)",
        "class C(a)",
        "return (g, C)",
    ],
    "x = yield a\nawait_ = yield from b": ["x = yield a", "await_ = yield from b", "return None"],
}


@pytest.mark.parametrize("body", LISTINGS)
def test_listing(body):
    assert listing(function(body)) == LISTINGS[body]


def test_a_value_is_named_before_its_variable_changes():
    found = listing(function("try: b()\nexcept E as e: return e.x"))
    assert any("t1 = e.x" in line for line in found)
    assert "return t1" in found


def test_statements_lead_back_to_the_code():
    form = form_of(function("x = a\nreturn x.y(b)"))
    assert [statement.line for statement in form.statements] == [2, 3]
    assert all(statement.offsets for statement in form.statements)


# --- What is the same, what is not ----------------------------------------------------------

SAME = [
    ("x = 1\ny = 2\nreturn x + y", "y = 2\nx = 1\nreturn x + y"),
    ("x = 1\nx = 2\nreturn x", "x = 2\nreturn x"),
    ("if a:\n    return 1\nelse:\n    return 2", "if a:\n    return 1\nreturn 2"),
    ("return 60 * 60", "return 3600"),
    ("return a in [1, 2]", "return a in (1, 2)"),
    ("if not a: b()\nreturn", "if a: pass\nelse: b()\nreturn"),
    ("return {1, 2, 3}", "return {3, 2, 1}"),
    ("return '%s' % (a,)", "return f'{a!s}'"),
    ("return f'<%s{\"x\"!s}>' % (a,)", "return '<%sx>' % (a,)"),  # as PyPy computes it
    ("return f'{\"x\"}'", "return 'x'"),
    ("x, y = 'ab'\nreturn x", "x, y = 'a', 'b'\nreturn x"),
    ("return 2 ** 500", f"return {2**500}"),
    ("try:\n    x = []\n    b()\nexcept E: pass", "x = []\ntry:\n    b()\nexcept E: pass"),
]
#: Next to each rule that erases something, what it must not erase.
DIFFERENT = [
    ("a = b\nb = a\nreturn a", "b = a\na = b\nreturn a"),
    ("a, b = b, a\nreturn a", "a = b\nb = a\nreturn a"),
    ("x = a()\ny = b()\nreturn x", "y = b()\nx = a()\nreturn x"),
    ("return '%s' % (a,)", "return '%r' % (a,)"),
    ("return f'{\"x\"!r}'", "return 'x'"),
    ("return f'{\"x\":>2}'", "return 'x'"),
    ("return f'{1}'", "return '1'"),
    ("return '%s' % (a,)", "return '%s' % a"),
    ("return '%d' % (a,)", "return f'{a!s}'"),
    ("return ''.join([f'{a}', b])", "return f'{a}{b}'"),
    ("return ''.join([f'{a}', f'{b}'])", "return ''.join([f'{b}', f'{a}'])"),
    ("return ''.join((f'{a}', f'{b}'))", "return f'{a}{b}'"),
    ("return 'x'.join([f'{a}', f'{b}'])", "return f'{a}{b}'"),
    ("x, y = 'ab'\nreturn x", "x, y = 'ba'\nreturn x"),
    ("x, y = 'abc'\nreturn x", "x, y = 'a', 'b'\nreturn x"),
    ("return [x for x in a]", "return [x for x in b]"),
    ("return [x for x in a if x]", "return [x for x in a if not x]"),
    ("return [x for x in a]", "return {x for x in a}"),
    ("return a in [1, 2]", "return a in [2, 1]"),
    ("return a == [1, 2]", "return a == (1, 2)"),
    ("return {a, b}", "return {b, a}"),
    ("return 1", "return True"),
    ("return 1", "return 1.0"),
    ("return 0.0", "return -0.0"),
    ("return (0.0,)", "return (-0.0,)"),
    ("return 'a'", "return b'a'"),
    ("return a is None", "return a is not None"),
    ("if a: b()", "a\nb()"),
    ("try:\n    a()\nexcept E: pass", "try:\n    a()\nexcept F: pass"),
    ("try:\n    if a: pass\nexcept E: b()", "try:\n    if a: pass\nexcept E: c()"),
    ("try:\n    del b\n    b\nexcept E: a()", "try:\n    del b\n    b\nexcept E: c()"),
    ("try:\n    a()\n    b()\nexcept E: pass", "try:\n    a()\nexcept E: pass\nb()"),
    ("try: a()\nfinally: b()", "a()\nb()"),
    ("with a: b()", "with a: pass\nb()"),
    ("return any(x for x in a)", "return all(x for x in a)"),
    ("return any(x for x in a)", "return any(x for x in b)"),
    ("assert a", "assert b"),
    ("assert a", "if not a: raise ValueError"),
    ("def g(x=1): pass", "def g(x=2): pass"),
    ("def g(x: int): pass", "def g(x: str): pass"),
    ("return not not a", "return a"),
    ("return not not (a or b)", "return a or not not b"),
    ("x = not a", "x = a"),
    ("f(*a)", "f(a)"),
    ("f(**e)", "f(e)"),
    ("f(x=a)", "f(y=a)"),
    ("return a < b < c", "return a < b and b < a"),
    ("yield a", "yield b"),
    ("for x in a: b()", "for x in a:\n    b()\n    break"),
    ("import a.b as c", "import a.c as c"),
    ("a.x = b", "a.y = b"),
    ("a[1:2]", "a[1:3]"),
    ("a += b", "a = a + b"),
    ("while a: b()", "if a: b()"),
    (
        "if a:\n    x = lambda: 1\nelse:\n    x = lambda: 2\nreturn x",
        "if not a:\n    x = lambda: 1\nelse:\n    x = lambda: 2\nreturn x",
    ),
    ("x = lambda: 1; y = lambda: 2\nreturn x, y", "y = lambda: 1; x = lambda: 2\nreturn x, y"),
    ("if [x for x in a]: b()", "if [x for x in a]: c()"),
    ("format = a\nreturn [format(x) for x in b]", "return [a(x) for x in b]"),
    ("return [a(x) for x in b]", "[a(x) for x in b]\nreturn []"),
    ("return [a(x) for x in b] + []", "return [] + [a(x) for x in b]"),
    ("return len([x for x in a])", "[x for x in a]\nreturn len([])"),
    ("return {x for x in a}", "{x for x in a}\nreturn [*{}]"),
    ("return {x: 1 for x in a}", "{x: 1 for x in a}\nreturn {}"),
    ("return ''.join([f'{a}', 'x', f'{b}'])", "return f'{a}x{b}'"),
    ("return [*[x for x in a], 1]", "[x for x in a]\nreturn [1]"),
    ("return a(*[x for x in b])", "[x for x in b]\nreturn a()"),
    (
        "x, y = [i for i in a], [i for i in b]\nreturn x",
        "y, x = [i for i in a], [i for i in b]\nreturn x",
    ),
    ("return [[y for y in x] for x in a]", "return [[] for x in a for y in x]"),
    ("if {x for x in a}: b()", "if {x for x in a}: c()"),
]


def the_same(one: str, other: str, level: Level) -> bool:
    return digests(function(one), level) == digests(function(other), level)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one, other):
    assert the_same(one, other, Level.SEMANTIC)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one, other):
    assert not the_same(one, other, Level.SEMANTIC)
    assert not the_same(one, other, Level.STRICT)


@pytest.mark.parametrize("level", Level)
def test_every_level_calls_itself_the_same(level):
    source = function("try:\n    x = [y for y in a]\nfinally: b(x)")
    assert digests(source, level) == digests(source, level)


def test_swapped_stores_show_when_strict():
    assert not the_same("x = 1\ny = 2\nreturn x", "y = 2\nx = 1\nreturn x", Level.STRICT)


def test_names_of_variables_do_not_count_when_structural():
    one, other = "x = a()\nreturn x + x", "y = a()\nreturn y + y"
    assert the_same(one, other, Level.STRUCTURAL)
    assert not the_same(one, other, Level.SEMANTIC)
    assert not the_same("x = a()\nreturn x", "x = a()\nreturn a", Level.STRUCTURAL)


def test_levels_are_never_equal_to_each_other():
    source = function("return a")
    assert len({form_of(source, level).digest for level in Level}) == len(Level)


# --- Planes ----------------------------------------------------------------------------------

PLANES = [
    ("def f(a): return 1", "def f(b): return 1", Plane.SIGNATURE),
    ("def f(a): return 1", "def f(*, a): return 1", Plane.SIGNATURE),
    ("def f(*a): return 1", "def f(**a): return 1", Plane.SIGNATURE),
    ("def f(a, /): return 1", "def f(a): return 1", Plane.SIGNATURE),
    ("def f():\n    'x'\n    return 1", "def f():\n    'y'\n    return 1", Plane.DOCSTRING),
    ("class f:\n    x: int", "class f:\n    x: str", Plane.ANNOTATIONS),
    ("class f:\n    x: int\n    y: int", "class f:\n    y: int\n    x: int", Plane.ANNOTATIONS),
    ("def f(): return 1", "def g(): return 1", Plane.NAMES),
]


@pytest.mark.parametrize(("one", "other", "plane"), PLANES)
def test_plane(one, other, plane):
    assert form_of(one) != form_of(other)
    assert form_of(one).differing(form_of(other)) == [plane]


def test_docstrings_of_modules_are_dedented():
    tidy, changed = "'''a\n\nb\n'''\nx()", "'''a\n\nc\n'''\nx()"
    assert digests("'''a\n\n    b\n    '''\nx()") == digests(tidy) != digests(changed)


# --- What cannot be canonicalised ---------------------------------------------------------------


def test_a_problem_is_equal_to_nothing():
    from dataclasses import replace

    code = replace(module_of("x = 1"), code=b"")
    form = canonicalize(code, RUNNING)
    assert form.problem is not None
    assert form.digest is None
    assert form != canonicalize(code, RUNNING)


def test_children_are_in_the_order_of_lines_and_without_comprehensions():
    source = """
        def f(a):
            x = [lambda: y for y in a]
            class C: pass
            return {k: v for k, v in a}
        """
    assert [child.name for child in form_of(source).children] == ["<lambda>", "C"]


def test_functions_of_one_line_that_do_the_same_are_one():
    """Up to 3.10 they are one constant."""
    form = form_of("def f(a): return [lambda: 1, lambda: 1, lambda: 2, lambda x: 1]")
    assert len(form.children) == 3


@pytest.mark.parametrize("level", Level)
def test_integers_of_any_length_can_be_compared(level):
    one, other = (f"def f(): return {hex(10**5000 + more)}" for more in (0, 1))
    assert form_of(one, level) == form_of(one, level) != form_of(other, level)
    assert form_of(one, level).statements


def test_code_without_erasures_has_no_notes():
    assert not form_of(function("return a")).notes


def straight() -> Code:
    source = function("x = a.b(1, y=c)\nreturn x[0] + 2")
    return form_of(source).code


def words(code: Code):
    """Yield instructions with their caches."""
    from pycinspect.disasm import instructions

    starts = [step.offset for step in instructions(code, RUNNING)]
    for start, end in zip(starts, [*starts[1:], len(code.code)], strict=True):
        yield code.code[start:end]


@pytest.mark.parametrize("inserted", ["NOP", "EXTENDED_ARG"])
def test_instructions_that_do_nothing_do_not_count(inserted):
    from dataclasses import replace

    number = RUNNING.bytecode.opcodes.by_name[inserted].number
    code = straight()
    padded = b"".join(bytes([number, 0]) + word for word in words(code))
    changed = replace(code, code=padded, exceptiontable=b"", linetable=b"")
    assert canonicalize(changed, RUNNING) == canonicalize(code, RUNNING)


def test_what_is_computed_twice_is_two_statements() -> None:
    found = listing(function("a()\na()\nreturn a()"))
    assert found == ["a()", "a()", "return a()"]
