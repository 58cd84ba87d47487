"""Forms, sequences and comparisons of code objects, and all that is written of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from pycinspect.canonical import Form, Level, canonicalize, linearize, units
from pycinspect.canonical.work import Work
from pycinspect.dialects import Dialect, find_dialect
from pycinspect.diffing import diff
from pycinspect.pyc import Code, CodeFile, parse_header
from pycinspect.report.canonical import canonical_lines
from pycinspect.report.diff import diff_lines, diff_object
from tests.canonical.kit import RUNNING, Step, assembled, module_of
from tests.growth.kit import Family, Group, Reader

__all__ = ["COUNTED", "GROUPS", "Pair", "counted"]


class Pair(NamedTuple):
    """Two programs that have little in common but their shape."""

    old: Code
    new: Code
    dialect: Dialect


# --- Readers ---------------------------------------------------------------------------------


def _forms(level: Level) -> Callable[[Pair], object]:
    def run(pair: Pair) -> object:
        forms = units(pair.old, pair.dialect, level).values()
        return [(form.digest, form.problem, form.statements) for form in forms]

    return run


def _sequences(pair: Pair) -> object:
    return [linearize(code, pair.dialect) for code in pair.old.walk()]


def _listing(pair: Pair) -> object:
    header = parse_header(pair.dialect.magic_word.to_bytes(2, "little") + b"\r\n" + bytes(12))
    return list(canonical_lines("x", CodeFile(header, pair.old, 0)))


def _comparison(pair: Pair) -> object:
    found = diff(pair.old, pair.new, dialect=pair.dialect)
    lines = [list(diff_lines(found, titles=("a", "b"), width=width)) for width in (None, 100)]
    return lines, json.dumps(diff_object(found))


_READERS = (
    Reader("exact", _forms(Level.EXACT)),
    Reader("structural", _forms(Level.STRUCTURAL)),
    Reader("linearize", _sequences),
    Reader("show --canonical", _listing),
    Reader("diff", _comparison),
)

# --- Sources ---------------------------------------------------------------------------------


def _list_of(item: str) -> Callable[[int, str], str]:
    return lambda n, f: f"x = [{', '.join(item.format(i, f=f) for i in range(n))}]"


def _lines(line: str) -> Callable[[int, str], str]:
    return lambda n, f: "".join(line.format(i, f=f) + "\n" for i in range(n))


def _inside(body: Callable[[int, str], str]) -> Callable[[int, str], str]:
    """Return the source of a function with a body."""

    def source(n: int, f: str) -> str:
        lines = body(n, f).splitlines()
        return "def h(v):\n" + "".join(f"    {line}\n" for line in lines)

    return source


def _tries(n: int, f: str) -> str:
    handlers = "".join(f"except E{i}: {f}({i})\n" for i in range(n))
    return f"try: {f}()\n{handlers}"


def _match(n: int, f: str) -> str:
    cases = "".join(f"    case {{'k{i}': {f}, **r}} if r: x({i})\n" for i in range(n))
    return f"match v:\n{cases}"


def _parallel(n: int, f: str) -> str:
    targets, values = (", ".join(f"{name}{i}" for i in range(n)) for name in ("x", f))
    return f"{targets} = {values}"


#: Displays of up to 30 items are built at once, longer ones item by item (Python/compile.c:
#: STACK_USE_GUIDELINE). Twice the items must not be other instructions.
_SHORT, _LONG = 14, 32

#: A source by the number of its parts, and by a name that both sides of a comparison have not.
_SOURCES: dict[str, tuple[Callable[[int, str], str], int]] = {
    "equal calls in a list": (_list_of("{f}()"), _SHORT),
    "equal calls in a long list": (_list_of("{f}()"), _LONG),
    "names in a list": (_list_of("{f}{0}"), _SHORT),
    "names in a long list": (_list_of("{f}{0}"), _LONG),
    "conditions in a list": (_list_of("{f}{0} if c else b"), _SHORT),
    "conditions in a long list": (_list_of("{f}{0} if c else b"), _LONG),
    "walrus in a list": (_list_of("(w := {f}({0}))"), 14),
    "lambdas of one line": (_list_of("lambda: {f}({0})"), 14),
    "equal lambdas of one line": (_list_of("lambda: {f}()"), 14),
    "comprehensions": (_list_of("[{f}(i) for i in a{0}]"), 8),
    "numbers": (lambda n, f: f"x = {f}, {list(range(n))}", 60),
    "a set of numbers": (lambda n, f: f"x = {f} in {{{', '.join(map(str, range(n)))}}}", 60),
    "a dict": (lambda n, f: f"x = {{{', '.join(f'{f}{i}: {i}' for i in range(n))}}}", 20),
    "a dict with constant keys": (
        lambda n, f: f"x = {{{', '.join(f'{i}: {f}{i}' for i in range(n))}}}",
        20,
    ),
    "a dict of unpackings": (
        lambda n, f: f"x = {{{', '.join(f'**{f}{i}' for i in range(n))}}}",
        20,
    ),
    "arguments": (lambda n, f: f"{f}({', '.join(f'k{i}=a{i}()' for i in range(n))})", 20),
    "a sum": (lambda n, f: f"x = {' + '.join(f'{f}{i}' for i in range(n))}", 20),
    "attributes": (lambda n, f: f"x = {f}{''.join(f'.a{i}' for i in range(n))}", 20),
    "calls of calls": (lambda n, f: f"x = {f}{'(1)' * n}", 20),
    "and": (lambda n, f: f"x = {' and '.join(f'{f}{i}' for i in range(n))}", 14),
    "comparisons": (lambda n, f: f"x = {' < '.join(f'{f}{i}' for i in range(n))}", 14),
    "an f-string": (lambda n, f: "x = f'" + "".join(f"{{{f}{i}!r}}," for i in range(n)) + "'", 20),
    "percent": (lambda n, f: f"x = {'%s ' * n!r} % ({', '.join(f'{f}{i}' for i in range(n))})", 20),
    "x = y = z": (lambda n, f: f"{' = '.join(f'x{i}' for i in range(n))} = {f}()", 20),
    "parallel stores": (_parallel, _SHORT),
    "many parallel stores": (_parallel, _LONG),
    "targets": (lambda n, f: f"{', '.join(f'x{i}' for i in range(n))} = {f}()", 20),
    "nested targets": (lambda n, f: f"{''.join(f'x{i}, (' for i in range(n))}y{')' * n} = {f}", 8),
    "stores": (_inside(_lines("x{0} = v")), 20),
    "swaps": (_inside(_lines("x, y = y, x")), 14),
    "older values": (_inside(_lines("x = x, v")), 20),
    "unbound variables": (
        _inside(lambda n, f: f"try:\n{_indented(n)}except {f}: pass\n{_lines('a{0}')(n, f)}"),
        14,
    ),
    "statements": (_lines("{f}({0})"), 20),
    "equal statements": (_lines("{f}()"), 20),
    "imports": (_lines("from {f}{0} import a as b{0}"), 14),
    "annotations": (_lines("x{0}: {f}[{0}]"), 14),
    "branches": (_lines("if {f}{0}: a({0})"), 14),
    "loops": (_lines("for i in {f}{0}: a(i)"), 10),
    "try statements": (_lines("try: {f}({0})\nexcept E: pass"), 8),
    "handlers": (_tries, 10),
    "with statements": (_lines("with {f}({0}): a()"), 8),
    "match": (_inside(_match), 8),
    "functions": (_lines("def {f}{0}(): return {0}"), 14),
    "equal functions": (_lines("def {f}(): return 1"), 14),
    "classes": (_lines("class {f}{0}: x = {0}"), 8),
    "yields": (_inside(_lines("x{0} = yield v.{f}{0}")), 14),
}


def _indented(n: int) -> str:
    return "".join(f"    a{i} = v()\n" for i in range(n))


def _of_source(source: Callable[[int, str], str]) -> Callable[[int], Pair]:
    return lambda n: Pair(module_of(source(n, "f")), module_of(source(n, "g")), RUNNING)


# --- By hand -----------------------------------------------------------------------------------

_OLD, _TABLES = find_dialect("cpython-3.8"), find_dialect("cpython-3.11")


def _pair(dialect: Dialect, steps: list[Step], **fields: object) -> Pair:
    code = assembled(dialect, [*steps, ("LOAD_CONST", 0), ("RETURN_VALUE", 0)], **fields)
    return Pair(code, replace(code, consts=(2, *code.consts[1:])), dialect)


def _deep_calls(n: int) -> Pair:
    calls = [("LOAD_NAME", 0), ("CALL_FUNCTION", 0)] * n
    return _pair(_OLD, [*calls, ("BUILD_LIST", n), ("POP_TOP", 0)])


def _deep_stores(n: int) -> Pair:
    """Values stay on the stack, and each is stored, too."""
    steps = [("LOAD_NAME", 0), ("DUP_TOP", 0), ("STORE_NAME", 1)] * n
    return _pair(_OLD, [*steps, *[("POP_TOP", 0)] * n])


def _long_constant(n: int) -> Pair:
    """One constant of n items, loaded n times."""
    steps = [("LOAD_CONST", 1), ("POP_TOP", 0)] * n
    return _pair(_OLD, steps, consts=(1, tuple(range(n))))


def _long_text(n: int) -> Pair:
    steps = [("LOAD_CONST", 1), ("STORE_NAME", 0)] * n
    return _pair(_OLD, steps, consts=(1, "x" * 100 * n))


def _spelled_lists(n: int) -> Pair:
    steps = [("BUILD_LIST", 0), ("LOAD_CONST", 1), ("LIST_EXTEND", 1), ("POP_TOP", 0)] * n
    return _pair(_TABLES, steps, consts=(1, tuple(range(100 * n))))


def _dicts_of_few(n: int) -> Pair:
    """Many dicts ask for more values than there are loads before them."""
    loads = [("LOAD_CONST", 0)] * n
    steps = [("LOAD_CONST", 1), ("BUILD_CONST_KEY_MAP", n), ("LOAD_CONST", 0)] * n
    return _pair(_OLD, [*loads, *steps], consts=(1, tuple(range(n))))


def _nulls(n: int) -> Pair:
    return _pair(_TABLES, [*[("PUSH_NULL", 0)] * n, *[("NOP", 0)] * n, *[("POP_TOP", 0)] * n])


def _sends(n: int) -> Pair:
    """Each SEND delegates up to the end."""
    steps = [("SEND", n - i) for i in range(n)]
    return _pair(_TABLES, [("LOAD_CONST", 0), ("LOAD_CONST", 0), *steps])


def _dropped(n: int) -> Pair:
    """Ops of which a sequence has none hand their instructions on to the next."""
    return _pair(_TABLES, [*[("NOP", 0)] * n, *[("PUSH_NULL", 0), ("POP_TOP", 0)] * n])


def _rows(n: int) -> Pair:
    """Each row of the exception table covers everything."""
    row = bytes([0x80 | 0, 0x40 | n >> 6 & 63, n & 63, 0, 0])
    steps = [("LOAD_NAME", 0), ("POP_TOP", 0)] * n
    return _pair(_TABLES, [("RESUME", 0), *steps], exceptiontable=row * n)


def _jumps_to_jumps(n: int) -> Pair:
    """Each store leads into one long chain of jumps."""
    stores = [("LOAD_CONST", 0), ("STORE_FAST", 0), ("JUMP_FORWARD", 0)] * n
    return _pair(_OLD, [*stores, *[("JUMP_FORWARD", 0)] * n], flags=3, varnames=("a",))


def _unpacked(n: int) -> Pair:
    """Targets inside targets inside targets."""
    steps = [("LOAD_NAME", 0), *[("UNPACK_SEQUENCE", 1)] * n, ("STORE_NAME", 1)]
    return _pair(_OLD, steps)


def _tuples_in_tuples(n: int) -> Pair:
    steps = [("LOAD_NAME", 0), *[("BUILD_TUPLE", 1)] * n, ("STORE_NAME", 1)]
    return _pair(_OLD, steps)


def _constants_in_tuples(n: int) -> Pair:
    steps = [("LOAD_CONST", 0), *[("BUILD_TUPLE", 1)] * n, ("BUILD_SET", 1), ("STORE_NAME", 1)]
    return _pair(_OLD, steps)


def _texts_in_texts(n: int) -> Pair:
    steps = [("LOAD_NAME", 0), *[("FORMAT_VALUE", 0)] * n, ("STORE_NAME", 1)]
    return _pair(_OLD, steps)


_BY_HAND: dict[str, tuple[Callable[[int], Pair], int]] = {
    "equal calls on the stack": (_deep_calls, 30),
    "a long constant": (_long_constant, 30),
    "a long text": (_long_text, 30),
    "NULLs": (_nulls, 30),
    "SENDs": (_sends, 30),
    "dropped ops": (_dropped, 30),
    "rows over everything": (_rows, 30),
    "jumps to jumps": (_jumps_to_jumps, 30),
    "unpackings": (_unpacked, 30),
    "tuples in tuples": (_tuples_in_tuples, 30),
    "constant tuples in tuples": (_constants_in_tuples, 30),
    "texts in texts": (_texts_in_texts, 30),
    "dicts with too few values": (_dicts_of_few, 30),
}

GROUPS = [
    Group(
        "canonical",
        _READERS,
        [
            *(Family(name, _of_source(make), n) for name, (make, n) in _SOURCES.items()),
            *(Family(name, make, n) for name, (make, n) in _BY_HAND.items()),
        ],
    )
]

# --- What is counted, as it cannot be linear ------------------------------------------------------

#: Steps that are allowed in the tests of what is counted: as if the code were tiny.
_STEPS = 600


def counted(pair: Pair) -> Form:
    """Return the form, for which there are few steps only."""
    return canonicalize(pair.old, pair.dialect, work=Work(_STEPS))


def _swaps(n: int) -> Pair:
    return _pair(_TABLES, [*[("LOAD_NAME", 0)] * n, *[("SWAP", n)] * n])


def _branches(n: int) -> Pair:
    """At each branch all values on the stack are looked at."""
    branches = [("LOAD_NAME", 0), ("POP_JUMP_FORWARD_IF_FALSE", 0)] * n
    return _pair(_TABLES, [*[("LOAD_NAME", 1)] * n, *branches])


def _products(n: int) -> Pair:
    steps = [("LOAD_CONST", 1), ("LOAD_CONST", 1), ("BINARY_MODULO", 0), ("POP_TOP", 0)]
    return _pair(_OLD, steps * n, consts=(1, 1 << 16_000))


def _nested_calls(n: int) -> Pair:
    """Each comprehension calls the one inside it twice."""
    call = [("LOAD_CONST", 1), ("LOAD_CONST", 2), ("MAKE_FUNCTION", 0)]
    twice = [*call, *call, ("LOAD_FAST", 0), ("CALL_FUNCTION", 1), ("CALL_FUNCTION", 1)]
    common = {"varnames": (".0",), "argcount": 1, "flags": 0x43, "name": "<listcomp>"}
    inner = assembled(_OLD, [("LOAD_FAST", 0), ("RETURN_VALUE", 0)], **common)
    for _ in range(n):
        body = [*twice, ("RETURN_VALUE", 0)]
        inner = assembled(_OLD, body, consts=(1, inner, "c"), **common)
    return Pair(replace(inner, name="f"), inner, _OLD)


def _displays(n: int) -> Pair:
    """Each step needs all items of a long list."""
    steps = [("LIST_APPEND", 1), ("COPY", 1), ("LIST_TO_TUPLE", 0), ("POP_TOP", 0)]
    grow = [part for _ in range(n) for part in [("LOAD_NAME", 0), *steps]]
    return _pair(find_dialect("cpython-3.12"), [("BUILD_LIST", 0), *_intrinsics(grow)])


def _intrinsics(steps: list[Step]) -> list[Step]:
    """Return the steps as 3.12 writes them: LIST_TO_TUPLE is a function of the interpreter."""
    return [
        ("CALL_INTRINSIC_1", 6) if name == "LIST_TO_TUPLE" else (name, arg) for name, arg in steps
    ]


COUNTED = [
    Family("swaps of a deep stack", _swaps, 100),
    Family("branches over a deep stack", _branches, 100),
    Family("products of long numbers", _products, 100),
    Family("comprehensions that double", _nested_calls, 20),
    Family("tuples of a growing list", _displays, 300),
]
