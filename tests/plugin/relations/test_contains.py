"""``contains_code`` is true of what a function has, and of nothing else."""

from __future__ import annotations

import random
import textwrap
import warnings
from pathlib import Path

import pytest

from pytest_pycinspect import Bytecode, VacuousCheckError, bytecode_of
from tests.canonical.programs import program
from tests.plugin.relations.statements import Counted, checked, functions_in, library

#: In each of these modules are functions that a search of small graphs gets wrong.
MODULES = ["contextlib", "dbm/__init__", "runpy", "shelve", "nturl2path", "tomllib/_parser"]


def function(source: str) -> Bytecode:
    (code,) = bytecode_of(textwrap.dedent(source)).children
    return code


# --- Every statement, and nothing after one change ---------------------------------------------


def check_all(sources: dict[str, str], most: int) -> Counted:
    rng, counted = random.Random(13), Counted()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        for source in sources.values():
            found = list(functions_in(source))
            for one in rng.sample(found, min(most, len(found))):
                checked(one, counted, rng)
    return counted


@pytest.mark.parametrize("module", MODULES)
def test_statements_of_the_library(module: str) -> None:
    (path,) = (path for path in library() if path.as_posix().endswith(f"/{module}.py"))
    counted = check_all({module: path.read_text("utf-8")}, 3)
    assert counted.mutants > 5
    assert (counted.missed, counted.invented, counted.errors) == ([], [], [])


def test_statements_of_random_programs() -> None:
    # Of others some have a return that a ``finally`` overrides, or an assignment to one name twice.
    counted = check_all({str(seed): program(seed) for seed in (3, 4, 6, 7)}, 1)
    assert counted.mutants > 20
    assert (counted.missed, counted.invented, counted.errors) == ([], [], [])


# --- Cases ----------------------------------------------------------------------------------------

OTHER = [
    ("def f(a): return sorted(a, key=lambda x: x.name)", "sorted(a, key=lambda x: x.zq)"),
    ("def f(a): e([x for x in a])", "e([x.y.z() for q in b for x in q])"),
    ("def f(a): e([x for x in a if x])", "e([x for x in a])"),
    ("def f(a): e(x.y for x in a)", "e(x.z for x in a)"),
    ("def f(a): e({x: 1 for x in a})", "e({x: 2 for x in a})"),
    ("def f(a, b): return lambda: a", "return lambda: b"),
    ("def f(a, b): return lambda c=a: c", "return lambda c=b: c"),
    ("def f():\n def g(x): return x + 1\n return g", "def g(x): return x + 2"),
    ("def f():\n def g(x):\n  def h(): return x.a\n  return h\n return g",
     "def g(x):\n  def h(): return x.b\n  return h"),
    ("def f():\n class K:\n  a = 1\n return K", "class K: a = 2"),
    ("def f(a):\n try: a()\n except E: b()", "try: a()\nexcept F: b()"),
    ("def f(a):\n try: a()\n except E: b()", "try: a()\nexcept E: c()"),
    ("def f(a):\n try: a()\n finally: b()", "try: a()\nfinally: c()"),
    ("def f(a):\n with a: b()\n", "with a: c()"),
    ("def f(a): a.b", "(c := a).b"),
    ("def f(a):\n with a: return a.b", "return a.c"),
    ("def f(a):\n a.b\n c()\n return 1", "a.b\nreturn 1"),
    ("def f(a):\n a.b\n if c: d()\n return 1", "a.b\nreturn 1"),
    ("def f(a):\n try: return a and a.b\n finally:\n  if c: d()", "return a and a.c"),
    ("def f(a):\n x, x = lambda: 1, a\n return x", "x, x = lambda: 2, a"),
    ("def f(a):\n if [lambda: 1]: return a", "if [lambda: 2]: return a"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "snippet"), OTHER)
def test_other_code(source: str, snippet: str) -> None:
    assert not function(source).contains_code(snippet)


OWN = [
    ("def f(a): return sorted(a, key=lambda x: x.name)", "sorted(a, key=lambda x: x.name)"),
    ("def f(a): e([x for x in a])", "e([x for x in a])"),
    ("def f(a): e(x.y for x in a)", "e(x.y for x in a)"),
    ("def f(a):\n with a as b: return b.c", "return b.c"),
    ("def f(a):\n with a as b:\n  if b: return 'x'", "if b: return 'x'"),
    ("async def f(a):\n async with a as b: return b.c", "return b.c"),
    ("def f(a):\n try: return a.c\n finally: g()", "return a.c"),
    ("def f(a):\n try:\n  with a: return a.c\n finally: g(a)", "return a.c"),
    ("def f(a):\n try: a()\n except E as e: return e.x", "return e.x"),
    ("def f(a):\n try: a()\n except E as e: return e is not a", "return e is not a"),
    ("def f(a):\n try:\n  if a.b(): return G, a % 1\n  else: return H, a % 2\n finally: a.c()",
     "if a.b(): return G, a % 1\nelse: return H, a % 2"),
    ("def f(a):\n while a.b.c: a.b.c.d()", "a.b.c.d()"),
    ("def f(a):\n for x in a.b: a.b.c(x)", "a.b.c(x)"),
    ("def f(a):\n with a.b: a.b.c()", "a.b.c()"),
    ("async def f(a):\n yield a\n await a.b()", "await a.b()"),
    ("def f(a):\n class K:\n  def m(self): return super().m(a)\n return K",
     "class K:\n  def m(self): return super().m(a)"),
    ("def f(x, y): return [y for y in x], z", "[y for y in x]"),
    ("def f(x): g(z[0]); return [z for z in x]", "g(z[0])"),
    ("def f(a):\n x, x = lambda: 1, a\n return x", "x, x = lambda: 1, a"),
    ("def f(a):\n global G\n while G.a:\n  G.b\n  return\n  G = 1",
     "while G.a:\n G.b\n return\n G = 1"),
    ("def f(a):\n try: a()\n except E as y: x, y = (a % a, x)\n return lambda: x", "x, y = (a % a, x)"),
    ("def f(a): return [lambda: i for i in a], (lambda: a)", "[lambda: i for i in a]"),
    ("def f(a):\n a([z for z in a])\n a.b = lambda: z\n", "a.b = lambda: z"),
    ("def f(a):\n a([z for z in a])\n class K: y = z\n", "class K: y = z"),
    ("def f(a):\n z = [z for z in a]\n return lambda: z\n", "return lambda: z"),
]  # fmt: skip


RETURNS = ["a.b", "a and b", "b.c if a else b", "[x for x in a.b]", "(a, b, a.b)", "lambda: a.b"]
#: Blocks around a ``return`` that make something else of the variables that it needs.
BLOCKS = [
    "try:\n {0}\nfinally:\n a = b.c",
    "try:\n {0}\nfinally:\n if b: a = 1",
    "try:\n {0}\nfinally:\n while g(): del a",
    "try:\n {0}\nfinally:\n for a in b: g(a)",
    "try:\n {0}\nfinally:\n try: g()\n except E as a: pass",
    "with b as a:\n try:\n  {0}\n finally:\n  if a: b = a",
    "try:\n with a:\n  {0}\nfinally:\n if a: b = a\n else: g()",
    "try:\n try:\n  {0}\n finally:\n  if a: b = 1\nfinally:\n if b: a = 1",
]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("value", RETURNS)
def test_a_return_in_a_block_that_rebinds_what_it_needs(value: str, block: str) -> None:
    body = block.format(f"return {value}")
    code = function(f"def f(a, b):\n{textwrap.indent(body, ' ')}")
    for snippet in (f"return {value}", body):
        assert code.contains_code(snippet)
    for other in (f"return {value}.zq", f"return {value}, 1", "return a.b.zq"):
        assert not code.contains_code(other)


@pytest.mark.parametrize(("source", "snippet"), OWN)
def test_own_code(source: str, snippet: str) -> None:
    assert function(source).contains_code(snippet)


CLASS = """
class _C:
    def __init__(self, x):
        self.__x = x
        def inner():
            return self.__x
        self.get = inner
"""


def test_private_names_are_those_of_the_class() -> None:
    module = bytecode_of(CLASS)
    assert module["_C.__init__"].contains_code("self.__x = x")
    assert module["_C.__init__.<locals>.inner"].contains_code("return self.__x")
    assert not module["_C.__init__"].contains_code("self.__y = x")


def test_variables_of_functions_around() -> None:
    module = bytecode_of(
        "def f(a):\n def g():\n  nonlocal a\n  a += 1\n  return lambda: a\n return g\n"
    )
    inner = module["f.<locals>.g"]
    assert inner.contains_code("a += 1")
    assert inner.contains_code("return lambda: a")
    assert not inner.contains_code("return lambda: b")


def test_future_annotations() -> None:
    source = "from __future__ import annotations\ndef f():\n def g(x: int): return x\n return g\n"
    assert bytecode_of(source)["f"].contains_code("def g(x: int): return x")
    assert not bytecode_of(source.partition("\n")[2])["f"].contains_code("def g(x: int): return 1")


def test_expressions_of_modules_and_classes() -> None:
    module = bytecode_of("import os\nx = os.getcwd()\nclass C:\n    y = f(x)\n")
    assert module.contains_code("os.getcwd()")
    assert not module.contains_code("os.getcwdb()")
    assert module["C"].contains_code("f(x)")
    assert not module["C"].contains_code("f(y)")


def test_the_level_of_optimization_is_that_of_the_code(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("def f(a):\n    assert a.b\n    return lambda: __debug__\n", "utf-8")
    assert bytecode_of(path, optimize=0)["f"].contains_code("assert a.b")
    optimized = bytecode_of(path, optimize=1)["f"]
    with pytest.raises(VacuousCheckError, match="does nothing"):
        assert not optimized.contains_code("assert a.b")
    assert optimized.contains_code("return lambda: __debug__")


NOTHING = [
    *("pass", "global z", "if 0: f()", "assert True", "a: int", "a; b", "if [a, b]: pass", ""),
    *("try: pass\nfinally: pass", "while True: break", "match a:\n case _: pass"),
]


@pytest.mark.parametrize("snippet", NOTHING)
def test_a_snippet_that_does_nothing_is_refused(snippet: str) -> None:
    code = function(f"def f(a, b):\n{textwrap.indent(snippet, ' ')}\n return a, b")
    with pytest.raises(VacuousCheckError, match="does nothing that is in bytecode"):
        assert not code.contains_code(snippet)


# --- Shapes ----------------------------------------------------------------------------------------

CAPTURED = [
    "def f(a, b): return lambda: {0}",
    "def f(a, b):\n def g():\n  return {0}\n return g",
    "def f(a, b):\n def g():\n  def h(): return {0}\n  return h()\n return g",
    "def f(a, b):\n class K:\n  x = {0}\n return K",
    "def f(a, b): return list({0} for q in b)",
    "def f(a, b): return [{0} for q in b]",
    "async def f(a, b): return [{0} async for q in b]",
    "def f(a, b):\n def g():\n  nonlocal {0}\n  {0} = 1\n return g",
]


@pytest.mark.parametrize("source", CAPTURED)
def test_a_shape_says_which_variable_nested_code_captures(source: str) -> None:
    one = function(source.format("a"))
    assert not one.same_shape(source.format("b"))
    renamed = source.format("p").replace("f(a, b)", "f(p, b)")
    assert one.same_shape(renamed)


# --- Parts of a ``try`` ---------------------------------------------------------------------------

#: Ends of a handler: those that leave lead nowhere that the end of the body could differ from.
_ENDS = ("return 1", "raise", "y()", "raise K()")
#: Bodies, and one that is the first or the last part of it.
_PARTS = (
    *(("x; g()", "x"), ("k(); g()", "k()"), ("k(); x", "k()"), ("k(); x", "x"), ("k(x)", "x")),
    *(("k(); return x", "k()"), ("x\n  if g: k()", "x")),
)


@pytest.mark.parametrize("end", _ENDS)
def test_a_part_of_the_body_is_not_the_whole_try(end: str) -> None:
    for body, part in _PARTS:
        code = _in_function(f"try:\n  {body}\n except E:\n  {end}\n h()")
        assert not code.contains_code(f"try:\n {part}\nexcept E:\n {end}")
        whole = body.replace("\n  ", "\n ")
        assert code.contains_code(f"try:\n {whole}\nexcept E:\n {end}")


@pytest.mark.parametrize("end", _ENDS)
@pytest.mark.parametrize(
    "around",
    [
        "for i in a:\n  {}",
        "try:\n  k()\n  {}\n  g()\n finally: j()",
        "try:\n  k()\n  {}\n  g()\n except K: j()",
        "with a:\n  k()\n  {}\n  g()",
    ],
)
def test_the_whole_try_is_found_in_another(around: str, end: str) -> None:
    code = _in_function(around.format(f"try: x\n  except E: {end}"))
    assert code.contains_code(f"try:\n x\nexcept E:\n {end}")


@pytest.mark.parametrize(
    ("body", "snippet"),
    [
        ("with a:\n  x\n  g()", "with a: x"),
        ("try:\n  x\n  g()\n finally: return 1", "try: x\nfinally: return 1"),
        ("try:\n  x\n  g()\n finally: y()", "try: x\nfinally: y()"),
        ("x\n y", "try: x\nexcept E: return 1"),
        ("x", "try: x\nfinally: g()"),
    ],
)
def test_what_is_read_elsewhere_is_no_try(body: str, snippet: str) -> None:
    assert not _in_function(body).contains_code(snippet)


def test_a_parameter_that_only_functions_inside_read() -> None:
    inside = "class y:\n  class k: g(c)\n  c @= True"
    assert _in_function(inside, "a, c").contains_code(inside.replace("\n  ", "\n "))


def _in_function(body: str, parameters: str = "a") -> Bytecode:
    return bytecode_of(f"def f({parameters}):\n {body}\n").children[0]


def test_a_handler_of_what_may_not_be_bound() -> None:
    code = _in_function("if a: x = 1\n try: x\n except E: a.b()\n finally: import m")
    snippet = "try: x\nexcept E: a.{}()\nfinally: import m"
    assert code.contains_code(snippet.format("b"))
    assert not code.contains_code(snippet.format("c"))
    loop = _in_function("for x in a:\n  try: k(x)\n  except E: a.b()\n return x")
    assert loop.contains_code("try: k(x)\nexcept E: a.b()")
    assert not loop.contains_code("try: k(x)\nexcept E: a.c()")
