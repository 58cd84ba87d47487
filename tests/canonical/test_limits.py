"""Whatever the code, the form costs no more than so much, and nothing but our error is raised."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from pycinspect.canonical import Form, Level, canonicalize, linearize, units
from pycinspect.canonical.folding import NOT_FOLDED, cost_of, fold_binary
from pycinspect.canonical.held import Held
from pycinspect.canonical.stack import EMPTY
from pycinspect.canonical.statements import labels_of
from pycinspect.canonical.text import module_of as module_text
from pycinspect.canonical.values import Renaming, Values, digest_of
from pycinspect.canonical.work import Work
from pycinspect.dialects import Dialect, find_dialect
from pycinspect.disasm import Handler
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, parse_header, read_code
from pycinspect.pyc.constants import Long
from tests.canonical.kit import RUNNING, Step, assembled, form_of, module_of
from tests.samples import SAMPLES

OLD, TABLES = find_dialect("cpython-3.8"), find_dialect("cpython-3.11")
END: list[Step] = [("LOAD_CONST", 0), ("RETURN_VALUE", 0)]


def form(
    dialect: Dialect, steps: list[Step], level: Level = Level.SEMANTIC, **fields: object
) -> Form:
    return canonicalize(assembled(dialect, [*steps, *END], **fields), dialect, level)


def texts(found: Form) -> list[str]:
    assert found.problem is None
    labels_of(found.statements)
    return [statement.text for statement in found.statements]


# --- Paths that do not end -------------------------------------------------------------------


def test_a_loop_that_pushes_each_time_round_is_too_many_paths() -> None:
    """The last state is the one at which it is too many: it is told, and no KeyError."""
    code = bytes([124, 0, 68, 0, 93, 10, 125, 1, 100, 1, 124, 1, 114, 4, 113, 4, 100, 0, 83, 0])
    growing = replace(
        module_of("x"),
        code=code,
        consts=(None, 1),
        varnames=("x", "y"),
        argcount=2,
        stacksize=50,
        flags=0x43,
        linetable=b"",
        exceptiontable=b"",
    )
    for level in (Level.STRICT, Level.SEMANTIC, Level.STRUCTURAL):
        assert (
            canonicalize(growing, OLD, level).problem == "not-canonical: there are too many paths"
        )


@pytest.mark.parametrize(
    ("name", "handler"),
    [("cpython-2.4", 3), ("cpython-2.7", 3), ("cpython-3.8", 2), ("cpython-3.10", 1)],
)
def test_blocks_inside_each_other_are_bounded(name: str, handler: int) -> None:
    dialect = find_dialect(name)
    assert dialect.bytecode is not None
    opcodes = dialect.bytecode.opcodes.by_name
    wide = name in ("cpython-2.4", "cpython-2.7")
    setup, jump = opcodes["SETUP_FINALLY"].number, opcodes["JUMP_ABSOLUTE"].number
    end = opcodes["RETURN_VALUE"].number
    loop = bytes(
        [setup, handler, 0, jump, 0, 0, end] if wide else [setup, handler, jump, 0, end, 0]
    )
    code = replace(assembled(OLD, []), code=loop)
    problem = canonicalize(code, dialect).problem
    assert problem == "not-canonical: there are too many blocks inside each other"


# --- Numbers of the file ----------------------------------------------------------------------


@pytest.mark.parametrize("bits", [29, 44, 100, 100_000])
def test_dots_of_an_import_are_counted(bits: int) -> None:
    steps = [("LOAD_CONST", 1), ("LOAD_CONST", 2), ("IMPORT_NAME", 0), ("STORE_NAME", 0)]
    found = form(OLD, steps, consts=(1, 1 << bits, ("a",)))
    (text, _) = texts(found)
    assert len(text) < 300
    assert "dots>" in text
    star = form(OLD, [*steps[:3], ("IMPORT_STAR", 0)], consts=(1, 1 << bits, ("*",)))
    assert all(len(text) < 300 for text in texts(star))


def test_few_dots_are_written() -> None:
    assert texts(form_of("def f():\n    from ...a import b"))[0] == "from ...a import b"
    values = Values()
    far = values.make("import", "a", values.constant(101), values.none)
    assert module_text(far) == "<101 dots>a"


@pytest.mark.parametrize("op", ["UNPACK_SEQUENCE", "UNPACK_EX"])
def test_nothing_is_unpacked_into_more_than_there_are_ops_for(op: str) -> None:
    found = form(OLD, [("LOAD_NAME", 0), (op, 2**31 - 1)], stacksize=2**31 - 1)
    assert found.problem == "not-canonical: more items are unpacked than the stack has room for"


def test_the_size_of_the_stack_is_no_reason_to_fill_it() -> None:
    endless = assembled(TABLES, [("LOAD_CONST", 0), ("JUMP_BACKWARD", 2)], stacksize=2**31 - 1)
    assert canonicalize(endless, TABLES).problem is not None


# --- Work --------------------------------------------------------------------------------------


def test_work_is_counted() -> None:
    work = Work(10)
    work.spend(10)
    with pytest.raises(PycInspectError, match="too many steps") as caught:
        work.spend()
    assert caught.value.slug == "not-canonical"


def test_real_code_takes_a_third_of_what_it_may() -> None:
    for path in sorted(SAMPLES.glob("*.pyc")):
        data = path.read_bytes()
        file = read_code(data, parse_header(data))
        for code in file.code.walk():
            work = Work.for_codes([code])
            allowed = work.left
            canonicalize(code, file.dialect, work=work)
            assert 3 * (allowed - work.left) <= allowed, (path.name, code.qualname)


def test_what_64_kibibytes_of_instructions_may_take() -> None:
    """Some 5 microseconds a step: 20,000 of them are for whatever is small."""
    assert Work.for_codes([assembled(OLD, [("NOP", 0)] * 32 * 1024)]).left < 220_000


@pytest.mark.parametrize("size", [10_000, 110_000])
def test_a_large_constant_may_take_as_long_as_it_is(size: int) -> None:
    steps = [("LOAD_CONST", 1), ("STORE_NAME", 0)]
    assert form(OLD, steps, consts=(1, tuple(range(size)))).problem is None


def test_a_number_that_is_loaded_is_no_number_of_values() -> None:
    """Above a deep stack it takes as long to push one constant as another."""

    def taken(value: object) -> int:
        steps = [*[("LOAD_CONST", 1)] * 200, *[("POP_TOP", 0)] * 200]
        work = Work(10_000)
        canonicalize(assembled(OLD, [*steps, *END], consts=(1, value)), OLD, work=work)
        return 10_000 - work.left

    assert taken(10**9) == taken("a billion")


def test_code_objects_of_one_file_share_their_work() -> None:
    """Of each alone it would be little enough."""
    code = assembled(OLD, [*[("LOAD_NAME", 0), ("POP_TOP", 0)] * 50, *END])
    alone = Work(10_000)
    canonicalize(code, OLD, work=alone)
    work = Work((10_000 - alone.left) * 3 // 2)
    problems = [canonicalize(code, OLD, work=work).problem for _ in range(3)]
    assert problems == [None, *["not-canonical: there are too many steps"] * 2]


def _doubling_comprehensions(depth: int) -> Code:
    """Each comprehension calls the one inside it twice."""
    inner = assembled(OLD, [("LOAD_FAST", 0), ("RETURN_VALUE", 0)], varnames=(".0",), argcount=1)
    inner = replace(inner, name="<listcomp>", flags=0x43)
    for _ in range(depth):
        call = [("LOAD_CONST", 1), ("LOAD_CONST", 2), ("MAKE_FUNCTION", 0)]
        twice = [*call, *call, ("LOAD_FAST", 0), ("CALL_FUNCTION", 1), ("CALL_FUNCTION", 1)]
        inner = replace(
            assembled(OLD, [*twice, ("RETURN_VALUE", 0)], varnames=(".0",), argcount=1),
            name="<listcomp>",
            flags=0x43,
            consts=(1, inner, "c"),
        )
    return inner


def test_comprehensions_that_call_each_other_are_bounded() -> None:
    outer = replace(_doubling_comprehensions(40), name="f")
    found = canonicalize(outer, OLD)
    assert found.problem is not None
    assert isinstance(found.children, tuple)


def _doubling_functions(depth: int) -> Code:
    """Two functions, each of which has both functions of the next level inside."""
    one = two = assembled(OLD, END)
    for level in range(depth):
        make: list[Step] = []
        for number in (1, 2):
            make += [
                ("LOAD_CONST", number),
                ("LOAD_CONST", 3),
                ("MAKE_FUNCTION", 0),
                ("POP_TOP", 0),
            ]
        shape = assembled(OLD, [*make, *END], consts=(1, one, two, "f"))
        one = replace(shape, name=f"a{level}", firstlineno=level)
        two = replace(shape, name=f"b{level}", firstlineno=level)
    return one


def test_functions_that_share_what_is_inside_are_bounded() -> None:
    with pytest.raises(PycInspectError, match="too many places") as caught:
        units(_doubling_functions(40), OLD)
    assert caught.value.slug == "limit"
    assert len(units(_doubling_functions(5), OLD)) == 47


def test_equal_functions_of_one_line_that_share_what_is_inside() -> None:
    """Whether they are one is asked of each once, and not of each path to it."""
    code = assembled(OLD, END)
    for _ in range(60):
        code = replace(code, consts=(1, code, code))
    make = [("LOAD_CONST", 1), ("LOAD_CONST", 3), ("MAKE_FUNCTION", 0), ("POP_TOP", 0)]
    more = [("LOAD_CONST", 2), *make[1:]]
    pair = (code, replace(code, linetable=b"\x01"))
    found = canonicalize(assembled(OLD, [*make, *more, *END], consts=(1, *pair, "f")), OLD)
    assert found.problem is None
    assert len(found.children) == 1


def test_constants_that_double_themselves_have_no_form() -> None:
    doubled: object = 1
    for _ in range(40):
        doubled = (doubled, doubled)
    code = assembled(OLD, [("LOAD_CONST", 1), ("STORE_NAME", 0), *END], consts=(1, doubled))
    for level in Level:
        assert canonicalize(code, OLD, level).problem == "not-canonical: an expression is too large"


# --- Constants ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [int, Long])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bits", [9_000, 20_000])
def test_long_numbers(kind: type[int], sign: int, bits: int) -> None:
    steps = [("LOAD_CONST", 1), ("STORE_NAME", 0)]
    found = form(OLD, steps, consts=(1, kind(sign << bits)))
    assert found.digest is not None
    assert all(len(text) <= 2_010 for text in texts(found))


def test_digests_do_not_depend_on_how_many_digits_a_user_allows() -> None:
    numbers = [10**700 + 7, -(10**2000), Long(10**1300), 10**600, 10**599]

    def digests() -> list[bytes]:
        values = Values()
        return [digest_of(values.constant(number)) for number in numbers]

    before, most = digests(), sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert digests() == before
    finally:
        sys.set_int_max_str_digits(most)


def test_deep_constants_are_no_literals() -> None:
    """Python's own ``hash`` and ``==`` recurse into them."""
    steps = [("LOAD_CONST", 0), *[("BUILD_TUPLE", 1)] * 5_000, ("DUP_TOP", 0), ("BUILD_SET", 2)]
    for count in (5_000, 5_001):
        deep = [*steps, ("LOAD_CONST", 0), *[("BUILD_TUPLE", 1)] * count, ("BINARY_ADD", 0)]
        assert form(OLD, [*deep, ("STORE_NAME", 0)]).problem is None


def test_quadratic_arithmetic_is_not_done() -> None:
    huge = 1 << 300_000
    for name in ("*", "//", "%", "/", "**"):
        assert fold_binary(name, huge, huge) is NOT_FOLDED
    assert fold_binary("-", huge, huge) == 0
    assert fold_binary("%", 17, 5) == 2
    assert cost_of(huge, huge) > 100_000 > cost_of(huge) > 100 > cost_of("ab", 3) == 0


def test_a_nested_tuple_is_not_looked_into_by_recursion() -> None:
    deep: tuple[object, ...] = ()
    for _ in range(50_000):
        deep = (deep,)
    assert fold_binary("+", (deep,), ()) is NOT_FOLDED
    assert fold_binary("[]", ((1, (2,)), 3), 0) == (1, (2,))


# --- The same, made in another way ---------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64, 65, 1000])
def test_a_list_that_grew_is_one_that_was_made_at_once(count: int) -> None:
    values = Values()
    items = [values.make("local", f"x{i}") for i in range(count)]
    grown = values.make("list")
    for item in items:
        grown = values.extended(grown, [item])
    assert grown is values.make("list", *items)
    assert grown is values.extended(values.make("list", *items[:40]), items[40:])
    assert grown.operands == grown.parts == tuple(items)
    assert grown.size == 1 + count
    assert grown.leaves.bit_count() == count


def test_what_is_held_follows_the_path() -> None:
    values = Values()
    x, y = values.make("local", "x"), values.make("local", "y")
    call = values.make("call", x)
    long = values.make("list", *[x] * 100, call)
    held = Held(Work(10_000))
    assert held.is_on([EMPTY.push(y, long)], call)
    assert held.is_on([EMPTY.push(y), EMPTY.push(x)], x)
    assert not held.is_on([EMPTY.push(y), EMPTY.push(x)], call)
    assert not held.is_on([EMPTY], y)
    assert held.is_on([EMPTY.push(x, x).less(1)], x)


def test_stacks_are_equal_if_their_values_are() -> None:
    values = Values()
    x, y = values.make("local", "x"), values.make("local", "y")
    assert EMPTY.push(x, y) == EMPTY.push(x).push(y)
    assert hash(EMPTY.push(x, y)) == hash(EMPTY.push(x).push(y))
    assert EMPTY.push(x, y) != EMPTY.push(y, x)
    assert [*EMPTY.push(x, y)] == EMPTY.push(x, y).values(5) == [x, y]
    assert EMPTY.push(x, y).cut(1) == EMPTY.push(x, y).less(1) == EMPTY.push(x)
    shared = EMPTY.push(x)
    assert shared.push(y).changed(lambda v: x if v is y else v).below is shared
    assert shared.push(y).changed(lambda v: v) == shared.push(y)


def test_variables_change_places_at_once() -> None:
    values = Values()
    x, y = values.make("local", "x"), values.make("local", "y")
    swapped = Renaming(values, {x: y, y: x})
    assert swapped(values.make("tuple", x, y, values.none)).operands == (y, x, values.none)
    assert swapped(values.none) is values.none


# --- Handlers ------------------------------------------------------------------------------------


def _row(start: int, length: int, target: int) -> bytes:
    return bytes([0x80 | start, length, target, 0])


@pytest.mark.parametrize(
    ("rows", "handler"),
    [
        ([(1, 2, 4), (0, 4, 6)], 4),  # the first that covers it
        ([(0, 4, 6), (1, 2, 4)], 6),
        ([(5, 1, 4), (0, 4, 6)], None),  # after one that begins further on, nobody looks
    ],
)
def test_the_first_row_that_covers_an_op_counts(
    rows: list[tuple[int, int, int]], handler: int | None
) -> None:
    """As in ``get_exception_handler``."""
    from pycinspect.canonical.frames import landings

    table = [
        Handler(start, start + length, target, 0, lasti=False) for start, length, target in rows
    ]
    found = landings(table, range(8))[1]
    assert (found and found.target) == handler


# --- Sequences -------------------------------------------------------------------------------------


def test_spelled_constants_are_bounded() -> None:
    """A list of 5,000 constants is spelled out, and not as often as one byte asks for it."""
    items = tuple(range(5_000))
    one = [("BUILD_LIST", 0), ("LOAD_CONST", 1), ("LIST_EXTEND", 1), ("POP_TOP", 0)]
    assert len(linearize(assembled(TABLES, [*one, *END], consts=(1, items)), TABLES)) > 5_000
    many = linearize(assembled(TABLES, [*one * 500, *END], consts=(1, items)), TABLES)
    assert len(many) < 50_000


# --- What is written -----------------------------------------------------------------------------


def _characters(found: Form) -> int:
    return sum(len(statement.text) for statement in found.statements)


LONG: dict[str, Callable[[], Form]] = {
    "a long constant, again and again": lambda: form(
        OLD, [("LOAD_CONST", 1), ("STORE_NAME", 0)] * 5_000, consts=(1, "x" * 50_000)
    ),
    "the same, at level exact": lambda: form(
        OLD, [("LOAD_CONST", 1), ("STORE_NAME", 0)] * 5_000, Level.EXACT, consts=(1, "x" * 50_000)
    ),
    "long names": lambda: form(
        OLD, [("LOAD_NAME", 0), ("STORE_NAME", 0)] * 5_000, names=("n" * 50_000,)
    ),
    "targets inside targets": lambda: form(
        OLD, [("LOAD_NAME", 0), *[("UNPACK_SEQUENCE", 1)] * 5_000, ("STORE_NAME", 0)]
    ),
    "one value for many targets": lambda: form(
        OLD,
        [("LOAD_NAME", 0), *[("DUP_TOP", 0), ("STORE_FAST", 0), ("STORE_FAST", 1)] * 1],
        varnames=("n" * 30_000, "m" * 30_000),
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_what_is_written_is_bounded(name: str) -> None:
    """5,000 characters, 100 for each byte of code, and 4 for each of names and constants."""
    found = LONG[name]()
    size = len(found.code.code)
    length = sum(map(len, (*found.code.names, *found.code.varnames, *found.code.consts[1:])))
    allowed = 5_000 + 100 * size + 4 * length + 1_000
    assert 0 < _characters(found) <= allowed + len(found.statements)
    for statement in found.statements:
        assert len(statement.text) <= 20_000


def test_values_have_a_short_repr() -> None:
    values = Values()
    value = values.make("local", "x")
    for _ in range(15):
        value = values.make("tuple", value, value)
    assert repr(value) == "<Value tuple of 65535>"


def test_no_escape_sequence_in_a_repr() -> None:
    from pycinspect.canonical.frames import Frame

    code = replace(module_of("x = 1"), qualname="\x1b[31m")
    assert "\x1b" not in repr(Frame(code, [], [], frozenset()))
    assert "\x1b" not in repr(canonicalize(code, RUNNING))
