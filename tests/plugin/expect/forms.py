"""Every form of the expectation language, with an example: for readers, and run as tests."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FORMS", "Form", "markdown"]


class Form(NamedTuple):
    """One form.

    Args:
        form: how it is written.
        meaning: what it says.
        source: of a module whose function ``f`` is as the example expects.
        example: an expectation about all of ``f``.
        broken: a source that is not as expected, and differs in nothing else that matters.
    """

    form: str
    meaning: str
    source: str
    example: str
    broken: str


_ADD = "def f(x, y):\n    return x + y"
_CALL = "def f(x):\n    return g(x)"
_LOOP = "def f(xs):\n    for x in xs:\n        g(x)"
_NESTED = "def f(x):\n    def g(y):\n        return y + 1\n    return g"

FORMS = (
    Form(
        "OP",
        "one instruction with any operand; lines stand for consecutive instructions",
        _ADD,
        "LOAD_FAST\nLOAD_FAST\nBINARY_OP\nRETURN_VALUE",
        "def f(x, y):\n    return -(x + y)",
    ),
    Form(
        "OP name",
        "a variable, attribute or module",
        _ADD,
        "LOAD_FAST x\nLOAD_FAST y\nBINARY_OP\nRETURN_VALUE",
        "def f(x, y):\n    return y + x",
    ),
    Form(
        "CONST RETURN BINARY",
        "short spellings of LOAD_CONST, RETURN_VALUE, BINARY_OP",
        "def f():\n    return 3",
        "CONST 3\nRETURN",
        "def f():\n    return 4",
    ),
    Form(
        "OP @3:8",
        "in line 3 of the file, from column 8 on; @3 in the line, @3:8-12 and @3:8-4:12 to an end",
        "def f(x, y):\n    return x + y",
        "LOAD_FAST x @2:11-12\nLOAD_FAST @2\nBINARY_OP @2:11\nRETURN_VALUE @2:4",
        "def f(x, y):\n    return  x + y",
    ),
    Form(
        "OP literal",
        "a constant, compared with its type and sign, also inside tuples and frozensets",
        "def f():\n    return (1, -0.0)",
        "LOAD_CONST (1, -0.0)\nRETURN_VALUE",
        "def f():\n    return (True, 0.0)",
    ),
    Form(
        "OP operator",
        "of BINARY_OP, COMPARE_OP, IS_OP, CONTAINS_OP, UNARY_OP",
        "def f(x, y):\n    return x is not y",
        "LOAD_FAST x\nLOAD_FAST y\nIS_OP is not\nRETURN_VALUE",
        "def f(x, y):\n    return x is y",
    ),
    Form(
        "OP <code name>",
        "a code object",
        "def f():\n    return lambda: 1",
        "MAKE_FUNCTION <code <lambda>>\nRETURN_VALUE",
        "def f():\n    def g(): return 1\n    return g",
    ),
    Form(
        "CALL_KW n (names)",
        "how many arguments, and the names of the last; '_' for any number",
        "def f(x):\n    return g(x, key=x)",
        "...\nCALL_KW 2 ('key',)\nRETURN_VALUE",
        "def f(x):\n    return g(x, other=x)",
    ),
    Form(
        "...",
        "any run of instructions, the shortest that fits",
        _CALL,
        "LOAD_GLOBAL g\n...\nRETURN_VALUE",
        "def f(x):\n    return h(x)",
    ),
    Form(
        "_",
        "any operand; alone in a line, any one instruction",
        _CALL,
        "LOAD_GLOBAL _\n_\nCALL 1\nRETURN_VALUE",
        "def f(x):\n    return g(x, x)",
    ),
    Form(
        "not OP",
        "must not occur in the gap around it",
        _CALL,
        "LOAD_GLOBAL g\nnot LOAD_GLOBAL\n...\nCALL 1\nRETURN_VALUE",
        "def f(x):\n    return g(y)",
    ),
    Form(
        "never OP",
        "must not occur anywhere in the code object",
        _CALL,
        "never LOAD_GLOBAL time\n...\nRETURN_VALUE",
        "def f(x):\n    return time(x)",
    ),
    Form(
        "any:",
        "the lines below in any order, none used twice; with '...' among them, others between",
        "def f(x, y):\n    return g(x, y)",
        "LOAD_GLOBAL g\nany:\n    LOAD_FAST y\n    LOAD_FAST x\nCALL 2\nRETURN_VALUE",
        "def f(x, y):\n    return g(x, x)",
    ),
    Form(
        "2x OP",
        "exactly so many; beside '...' no more of them are hidden in it",
        "def f(x):\n    return g(x, x)",
        "...\n2x LOAD_FAST x\n...",
        "def f(x):\n    return g(x, x, x)",
    ),
    Form(
        "1..3x OP",
        "from so many to so many; '2..x' for no limit",
        "def f(x):\n    return g(x, x)",
        "LOAD_GLOBAL g\n1..3x LOAD_FAST x\nCALL\nRETURN_VALUE",
        "def f(x):\n    return g(x, x, x, x)",
    ),
    Form(
        "0x OP",
        "none in the gap around it, as 'not'",
        _CALL,
        "...\n0x BINARY_OP\nRETURN_VALUE",
        "def f(x):\n    return g(x + 1)",
    ),
    Form(
        "+ OP",
        "one or more",
        "def f(x):\n    return [x, x, x]",
        "+ LOAD_FAST x\nBUILD_LIST\nRETURN_VALUE",
        "def f(x):\n    return []",
    ),
    Form(
        "total 2x OP",
        "so many in the whole code object, wherever they are",
        "def f(x):\n    x[0] = 1\n    x[1] = 2",
        "total 2x STORE_SUBSCR",
        "def f(x):\n    x[0] = 1",
    ),
    Form(
        "OP $v",
        "anything the first time, the same afterwards",
        "def f():\n    x = g()\n    return x",
        "...\nSTORE_FAST $v\nLOAD_FAST $v\nRETURN_VALUE",
        "def f(y):\n    x = g()\n    return y",
    ),
    Form(
        "OP $v:/re/",
        "the same, and like a regular expression",
        "def f():\n    total_1 = g()\n    return total_1",
        "...\nSTORE_FAST $v:/^total_\\d/\nLOAD_FAST $v\nRETURN_VALUE",
        "def f():\n    other = g()\n    return other",
    ),
    Form(
        "OP /re/",
        "a name, operator or text in which a regular expression is found",
        "def f():\n    return 'SELECT 1'",
        "LOAD_CONST /^SELECT/\nRETURN_VALUE",
        "def f():\n    return 'DELETE'",
    ),
    Form(
        "OP <= 255",
        "a number within a bound: <, <=, >, >=, ==, !=",
        "def f(x):\n    return g(x, x)",
        "...\nCALL <= 2\nRETURN_VALUE",
        "def f(x):\n    return g(x, x, x)",
    ),
    Form(
        "OP in (1, 2)",
        "one of several constants or names",
        _CALL,
        "LOAD_GLOBAL in (g, h)\n...",
        "def f(x):\n    return k(x)",
    ),
    Form(
        "loop: and -> loop",
        "a label, and the target of a jump; a label can stand before a line",
        _LOOP,
        "...\nloop: FOR_ITER -> _\n...\nJUMP -> loop\n...",
        "def f(xs):\n    for x in xs:\n        return g(x)",
    ),
    Form(
        "def g:",
        "nested code; its lines stand below, or after it in the line",
        _NESTED,
        "def g:\n    LOAD_FAST y\n    ...\n    RETURN_VALUE",
        "def f(x):\n    def g(y):\n        return 1 + y\n    return g",
    ),
    Form(
        "lambda:",
        "a nested lambda; the second 'lambda:' is the second of them",
        "def f():\n    return (lambda: 1), (lambda: 2)",
        "lambda: LOAD_CONST 1; RETURN_VALUE\nlambda: LOAD_CONST 2; RETURN_VALUE",
        "def f():\n    return (lambda: 2), (lambda: 1)",
    ),
    Form(
        "class K:",
        "the body of a nested class",
        "def f():\n    class K:\n        a = 1",
        "class K:\n    ...\n    LOAD_CONST 1\n    STORE_NAME a\n    ...",
        "def f():\n    class K:\n        b = 1",
    ),
    Form(
        "[f.<locals>.g]",
        "nested code by its qualified name, or the end of it",
        _NESTED,
        "[f.<locals>.g]\n    LOAD_FAST y\n    ...",
        "def f(x):\n    def g(y):\n        return 1 + y\n    return g",
    ),
    Form(
        "@>=3.12 OP",
        "only on some Pythons: >=3.12, 3.9-3.11, !3.13, opt2, pypy",
        "def f():\n    return 3",
        "LOAD_CONST 3\n@<3.10 NOP\n@>=3.10 RETURN_VALUE",
        "def f():\n    g()",
    ),
    Form(
        "@3.10-3.20: … @else:",
        "the same for several lines",
        "def f():\n    return 3",
        "@3.10-3.20:\n    LOAD_CONST 3\n    RETURN_VALUE\n@else:\n    LOAD_CONST 4",
        "def f():\n    return 4",
    ),
    Form(
        "raw OP",
        "an instruction that was made of one of the interpreter's own, by its name",
        _ADD,
        "...\nraw RETURN_VALUE",
        "def f(x):\n    while True: g(x)",
    ),
    Form(
        "raw: …",
        "lines about the interpreter's own instructions",
        _ADD,
        "raw:\n    ...\n    RETURN_VALUE",
        "def f(x):\n    while True: g(x)",
    ),
    Form(
        "spec OP",
        "the name that the instruction has in memory now, specialised",
        _ADD,
        "...\nspec RETURN_VALUE",
        "def f(x):\n    while True: g(x)",
    ),
    Form(
        ";",
        "ends a line",
        "def f():\n    return 3",
        "LOAD_CONST 3; RETURN_VALUE",
        "def f():\n    return 4",
    ),
    Form(
        "#",
        "begins a comment",
        "def f():\n    return '#'",
        "LOAD_CONST '#'  # not this one\nRETURN_VALUE",
        "def f():\n    return ''",
    ),
    Form(
        "^ and $",
        "the first and the last place of the code, for .contains()",
        _CALL,
        "^; LOAD_GLOBAL g; ...; RETURN_VALUE; $",
        "def f(x):\n    return x(g)",
    ),
)


def markdown() -> str:
    """Return the forms as a table for readers: ``python -m tests.plugin.expect.forms``."""
    rows = ["| form | meaning | example |", "|---|---|---|"]
    for form in FORMS:
        example = form.example.replace("|", "\\|").replace("\n", "<br>").replace("    ", "&emsp;")
        rows.append(f"| `{form.form}` | {form.meaning} | <code>{example}</code> |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
