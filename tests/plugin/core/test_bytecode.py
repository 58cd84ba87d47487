"""A Bytecode as a sequence; facts, relations, parts."""

from __future__ import annotations

import pytest

from pytest_pycinspect import Bytecode, Instr, bytecode_of, op
from pytest_pycinspect.view.instr import Kind
from tests.plugin.core import programs


def function(source: str) -> Bytecode:
    """Return the first function of a source."""
    return bytecode_of(source).children[0]


# --- A sequence ------------------------------------------------------------------------------


def test_it_is_a_sequence() -> None:
    code = bytecode_of(programs.for_loop)
    assert len(code) == len(list(code)) == 13
    assert isinstance(code[0], Instr)
    assert [code[i] for i in range(len(code))] == list(code)
    assert code[-1].opname == "RETURN_VALUE"
    assert code.index("FOR_ITER") == 4
    with pytest.raises(ValueError, match="YIELD"):
        code.index("YIELD")


def test_an_instruction_says_what_it_is_and_stands_for() -> None:
    call = bytecode_of(programs.keyword_call).find("CALL_KW")[0]
    assert (call.operand, call.kind, call.target) == ((2, ("key",)), Kind.NAMES, None)
    assert call.line == programs.keyword_call.__code__.co_firstlineno + 1
    assert call.position is not None
    assert {step.opname for step in call.raw} & {"CALL", "CALL_KW"}
    code = bytecode_of(programs.for_loop)
    assert sorted({step.offset for i in code for step in i.raw}) == [
        i.raw[0].offset for i in code.raw
    ]


@pytest.mark.parametrize(
    ("source", "index", "expected"),
    [
        ("def f(x): return x", 0, "<LOAD_FAST x, line 1>"),
        ("def f(x): return x", 1, "<RETURN_VALUE, line 1>"),
        ("def f(x):\n return x is not 'a\\n'", 1, "<LOAD_CONST 'a\\n', line 2>"),
        ("def f(x):\n return x is not 'a\\n'", 2, "<IS_OP is not, line 2>"),
        ("def f(x):\n while x: x()", -1, "<RETURN_VALUE, line 2>"),
        ("def f():\n return lambda: 1", 0, "<MAKE_FUNCTION <code <lambda>>, line 2>"),
        ("def f(g):\n return g(a=1)", 2, "<CALL_KW (1, ('a',)), line 2>"),
    ],
)
def test_an_instruction_is_shown_in_one_short_line(source: str, index: int, expected: str) -> None:
    assert repr(function(source)[index]) == expected


def test_an_instruction_that_jumps_shows_where_to() -> None:
    (jump,) = function("def f(x):\n if x: return 1\n return 2").find("POP_JUMP_IF_FALSE")
    assert repr(jump) == "<POP_JUMP_IF_FALSE -> 4, line 2>"


def test_a_long_constant_is_shown_in_part() -> None:
    number = "9" * 4000
    code = function(f"def f(): return {number}, 'b' * 2, {'c' * 4000!r}")
    assert max(len(repr(instr)) for instr in code) < 100


def test_a_part_counts_from_its_own_start() -> None:
    code = bytecode_of(programs.for_loop)
    part = code[4:11]
    assert isinstance(part, Bytecode)
    assert [i.opname for i in part] == [i.opname for i in code][4:11]
    assert part[-1].target == 0
    assert part[0].target is None  # outside
    assert part[1:3] == code[5:7]
    assert "GET_ITER" not in part


def test_two_are_equal_if_their_instructions_are() -> None:
    one, other = function("def f(x): return x + 1"), function("def g(x): return x + 1")
    assert one == other
    assert function("def f(): return 1") != function("def f(): return True")
    assert function("def f(): return 0.0") != function("def f(): return -0.0")
    assert one == [op.LOAD_FAST("x"), op.CONST(1), op.BINARY("+"), op.RETURN]
    assert len({one, one}) == 1


def test_expectations() -> None:
    code = bytecode_of(programs.global_call)
    assert code.matches("LOAD_GLOBAL len; ...; RETURN")
    assert not code.matches("LOAD_FAST x; ...")
    assert code.contains("LOAD_FAST x; CALL 1")
    assert code.startswith("LOAD_GLOBAL len; LOAD_FAST x")
    assert not code.startswith("LOAD_FAST x")
    assert code.endswith("CALL 1; RETURN")
    assert not code.endswith("CALL 1")
    code.check("...; CALL 1; RETURN")
    with pytest.raises(AssertionError, match="CALL"):
        code.check("...; CALL 2; RETURN")


def test_counts_and_places() -> None:
    code = bytecode_of(programs.for_loop)
    assert code.count("LOAD_FAST") == 4
    assert code.count("LOAD_FAST total") == 2
    assert code.count(op.LOAD_FAST("total")) == 2
    assert [i.line for i in code.find("BINARY +=")] == [code.at("add")[0].line]


# --- Nested code -----------------------------------------------------------------------------


def test_nested_code_is_found_by_its_name() -> None:
    module = bytecode_of(programs)
    inner = module["closure.<locals>.inner"]
    assert inner == module["closure"]["inner"] == module.tree["closure.<locals>.inner"]
    with pytest.raises(KeyError, match=r"no nested code 'closur'; there is closure"):
        module["closur"]


def test_a_tree_is_all_of_it() -> None:
    tree = bytecode_of("def f():\n    def g(x): return -x\n    return [lambda: -1, g]\n").tree
    assert [part.name for part in tree] == [
        "<module>", "f", "f.<locals>.g", "f.<locals>.<lambda>",
    ]  # fmt: skip
    assert tree.count("UNARY -") == 1
    assert "UNARY -" in tree
    assert "UNARY ~" not in tree
    assert [part.name for part, _ in tree.find("UNARY -")] == ["f.<locals>.g"]
    assert tree[1].name == "f"
    assert len(tree[1:]) == 3


# --- Lines -----------------------------------------------------------------------------------


def test_lines() -> None:
    code = function("def f(x):\n    a = 1  # ID: one\n    b = x  # ID: two\n    return a\n")
    assert code.at(2).matches("CONST 1; STORE_FAST a")
    assert code.at("two").matches("LOAD_FAST x; STORE_FAST b")
    assert code.between("one", "two").matches("CONST 1; STORE_FAST a; LOAD_FAST x; STORE_FAST b")
    assert code.source_line(2) == "    a = 1  # ID: one"
    assert code.source_line(99) is None
    assert code.source.splitlines()[0] == "def f(x):"
    with pytest.raises(ValueError, match="no line has the comment '# ID: three'"):
        code.at("three")


def test_a_name_that_two_lines_have() -> None:
    code = function("def f(x):\n    a = 1  # ID: one\n    return a  # ID: one\n")
    with pytest.raises(ValueError, match="2 lines have the comment '# ID: one'"):
        code.at("one")


# --- Facts -----------------------------------------------------------------------------------


def test_constants_are_compared_with_type_and_sign() -> None:
    consts = function("def f(x): return x + 1, x + 0.0, (True, 'a')").consts
    assert 1 in consts
    assert True not in consts
    assert 1.0 not in consts
    assert 0.0 in consts
    assert -0.0 not in consts
    assert (True, "a") in consts
    assert (1, "a") not in consts
    assert consts.count(1) == 1


def test_calls_are_counted() -> None:
    code = function("def f(x):\n    len(x)\n    x.a.b(len(x))\n    x().y()\n")
    assert code.calls == ("len", "len", "x.a.b", "x", "x().y")
    assert code.attributes == ("a", "b", "y")
    assert code.globals == ("len",)
    assert code.globals == ["len"]
    assert code.globals != ["len", "x"]
    assert code.loops == []


def test_names_of_comprehensions_belong_to_the_function_on_all_versions() -> None:
    code = function("def f(xs): return [g(x) for x in xs if x.ok]")
    assert "g" in code.globals
    assert "ok" in code.attributes
    assert code.calls == ("g",)


def test_handlers_and_imports() -> None:
    code = function(
        "def f():\n    try:\n        import a.b\n        from c import d\n"
        "    except (KeyError, os.error):\n        pass\n    except:\n        pass\n"
    )
    assert code.handlers == ("KeyError", "os.error")
    assert code.imports == ("a.b", "c", "c.d")


def test_loops_are_nested() -> None:
    code = function(
        "def f(xs):\n    for x in xs:\n        while x:\n            g(x)\n    for y in xs:\n        h(y)\n"
    )
    outer, inner, last = code.loops
    assert "LOAD_GLOBAL g" in outer
    assert "LOAD_GLOBAL g" in inner
    assert "FOR_ITER" in outer
    assert "FOR_ITER" not in inner
    assert "LOAD_GLOBAL h" in last
    assert "LOAD_GLOBAL h" not in outer
    assert function("def f(): return 1").loops == ()


def test_jumps() -> None:
    code = bytecode_of(programs.is_none)
    assert code.jumps == ((3, 6),)
    assert code[6].opname == "LOAD_FAST"


def test_docstrings() -> None:
    module = bytecode_of('"Module."\nclass C:\n    "Class."\n    def f(self):\n        "Method."\n')
    assert module.tree.docstrings == ["Module.", "Class.", "Method."]
    assert function("def f(): return 'x'").docstring is None


def test_facts_that_are_equal_are_not_unequal() -> None:
    calls = function("def f(): g()").calls
    assert calls == ["g"]
    assert not calls != ["g"]  # noqa: SIM202 - the other operator
    assert calls != []
    assert calls != ["h"]


# --- Relations -------------------------------------------------------------------------------


def test_the_same_code_in_other_words() -> None:
    one = function("def f(x):\n    if not x:\n        return 1\n    return 2\n")
    assert one.same_as("def g(x):\n    'Other.'\n    if x:\n        return 2\n    return 1\n")
    outcome = one.same_as("def g(x):\n    if x:\n        return 3\n    return 1\n")
    assert not outcome
    assert "- return 2  (line 4)" in outcome.explanation
    assert "+ return 3  (line 3)" in outcome.explanation


def test_names_of_locals_do_not_count_in_a_shape() -> None:
    one = function("def f(x, y): return x - y")
    assert one.same_shape("def f(a, b): return a - b")
    assert not one.same_shape("def f(a, b): return b - a")
    assert not one.same_as("def f(a, b): return a - b")


def test_other_parameters_are_a_difference() -> None:
    outcome = function("def f(x, y): return 1").same_as("def f(x): return 1")
    assert not outcome
    assert "signature" in outcome.explanation


def test_functions_inside_are_compared_too() -> None:
    one = function("def f():\n    def g(): return 1\n    return g\n")
    assert one.same_as("def f():\n    def g(): return 1\n    return g\n")
    assert not one.same_as("def f():\n    def g(): return 2\n    return g\n")
    assert not one.same_as("def f():\n    return None\n")


SNIPPETS = """
def f(self, xs, *, key=None):
    global counter
    total = self.start
    for i, x in enumerate(xs):
        if x is None:
            continue
        total += x * 2
        self.seen[i] = x
    counter = total
    try:
        total = int(total)
    except ValueError:
        print("bad", total, file=key)
    with open(key) as file:
        data = file.read()
    return [n for n in data if n], f"{total:>10}"
"""


@pytest.mark.parametrize(
    "snippet",
    [
        "self.start",
        "total = self.start",
        "total += x * 2",
        "x * 2",
        "enumerate(xs)",
        "self.seen[i] = x",
        "counter = total",
        "int(total)",
        "total = int(total)",
        "print('bad', total, file=key)",
        "x is None",
        "file.read()",
        "data = file.read()",
        "with open(key) as file:\n    data = file.read()",
        "for i, x in enumerate(xs):\n    if x is None: continue\n    total += x * 2\n    self.seen[i] = x",
        "f'{total:>10}'",
        "total += x * 2; self.seen[i] = x",
    ],
)
def test_a_snippet_that_is_there(snippet: str) -> None:
    assert function(SNIPPETS).contains_code(snippet)


@pytest.mark.parametrize(
    "snippet",
    [
        "self.end",
        "total = self.end",
        "total -= x * 2",
        "x * 3",
        "x * 2.0",
        "enumerate(total)",
        "self.seen[x] = i",
        "start = total",
        "print('bad', total)",
        "print('bad', total, file=None)",
        "self.seen[i] = x; total += x * 2",
        "for i, x in enumerate(xs): total += x * 2",
        "return total",
    ],
)
def test_a_snippet_that_is_not_there(snippet: str) -> None:
    assert not function(SNIPPETS).contains_code(snippet)


def test_snippets_of_modules_classes_and_coroutines() -> None:
    assert bytecode_of("import os\nx = os.getcwd()\n").contains_code("x = os.getcwd()")
    module = bytecode_of("class C:\n    x = 1\n    y = f(x)\n")
    assert module["C"].contains_code("y = f(x)")
    assert bytecode_of(programs.awaits).contains_code("return await f()")
    assert bytecode_of(programs.generator).contains_code("yield x")


def test_folding() -> None:
    assert function("def f(): return 2 ** 10").folds_to(1024)
    outcome = function("def f(x): return x ** 10").folds_to(1024)
    assert not outcome
    assert "does more than to return a constant: LOAD_FAST" in outcome.explanation
    assert repr(function("def f(): return 1").folds_to(True)) == "<False: f returns the constant 1>"
