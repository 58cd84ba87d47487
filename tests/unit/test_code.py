"""Code objects: a value for every version, as its own interpreter shows it."""

from __future__ import annotations

import dataclasses
import marshal
import struct
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pycinspect.dialects import (
    DIALECTS,
    CodeField,
    Dialect,
    FieldKind,
    QualnameSource,
    find_dialect,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc import parse_header
from pycinspect.pyc.code import Code, code_reader, constants_equal
from pycinspect.pyc.codefile import read_code, read_pyc
from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pycinspect.pyc.unmarshal import Limits, unmarshal
from tests.differential.unmarshal import describe
from tests.samples import ENTRIES, SAMPLES, truths

RUNNING = DIALECTS.running()
NAN = float("nan")
#: What a file can say of a code object.
STORED = [row for row in dataclasses.fields(Code) if row.name != "dialect"]


def read(source: str) -> tuple[Code, types.CodeType]:
    """Return a compiled source as we read it, and as the interpreter does."""
    code = compile(source, "a file.py", "exec", dont_inherit=True)
    value = unmarshal(marshal.dumps(code), RUNNING).value
    assert isinstance(value, Code)
    return value, code


def make(name: str = "f", **fields: Any) -> Code:
    """Return a code object with nothing in it but the given fields."""
    kinds = {"int": 0, "str": "", "bytes": b"", "tuple": ()}
    empty = {row.name: kinds[str(row.type).partition("[")[0]] for row in STORED}
    return Code(**{**empty, "dialect": RUNNING, "name": name, "qualname": name, **fields})


# --- Files of the past ----------------------------------------------------------------


def _typed(constant: list[Any]) -> list[Any]:
    """Return a constant of the truths with its text as code points."""
    if constant[0] == "str":
        return ["str", [ord(character) for character in constant[1]]]
    if constant[0] in ("tuple", "frozenset"):
        return [constant[0], [_typed(item) for item in constant[1]]]
    return constant


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_samples_are_what_their_own_interpreter_says(entry: dict[str, Any]) -> None:
    codes = list(read_pyc(SAMPLES / entry["file"]).code.walk())
    index = {id(code): place for place, code in enumerate(codes)}

    for code, truth in zip(codes, truths()[entry["file"]], strict=True):
        for field, value in truth["fields"].items():
            if field == "code" and entry.get("loaded_code_differs"):
                continue  # 2.3 optimises once more while it loads
            found = getattr(code, field)
            expected = value
            if field == "consts":
                found = [describe(constant, index) for constant in found]
                expected = [_typed(constant) for constant in value]
            elif isinstance(found, bytes):
                found = found.hex()
            elif isinstance(found, tuple):
                found = list(found)
            assert found == expected, (code, field)


def test_every_sample_has_a_truth() -> None:
    assert {path.name for path in SAMPLES.glob("*.pyc")} == set(truths())


# --- The running interpreter ----------------------------------------------------------------

SOURCES = [
    "def f(a, b, *c, d, **e): return lambda: (a, c, e)",
    "def f(x, y):\n    z = 1\n    def g(): return x, z\n    return g",
    "class C:\n    def m(self): return super().m()",
    "class C:\n    x = [a for a in b]",
    "def f(a):\n    return [lambda: (a, b) for b in a]",
    "async def f(): return [x async for x in y]",
    "def f(a, /, b): pass",
]


def _pairs(ours: Code, theirs: types.CodeType) -> Iterator[tuple[Code, types.CodeType]]:
    yield ours, theirs
    inner = [c for c in ours.consts if isinstance(c, Code)]
    for one, other in zip(
        inner, (c for c in theirs.co_consts if isinstance(c, types.CodeType)), strict=True
    ):
        yield from _pairs(one, other)


@pytest.mark.parametrize("source", SOURCES)
def test_every_field_is_the_interpreters(source: str) -> None:
    for ours, theirs in _pairs(*read(source)):
        for row in STORED:
            if row.name != "consts":
                assert getattr(ours, row.name) == getattr(theirs, f"co_{row.name}"), row.name


@pytest.mark.parametrize(
    ("kinds", "varnames", "cellvars", "freevars"),
    [
        ("", "", "", ""),
        ("20 20", "a b", "", ""),
        ("60 20", "a b", "a", ""),  # an argument that is a cell
        ("20 40 80", "a", "b", "c"),
        ("40 80", "", "a", "b"),
        ("30 20", "a b", "", ""),  # hidden: of an inlined comprehension (3.12)
        ("10 20", "b", "", ""),
        ("22 26 24 2a 2c 66", "a b c d e f", "f", ""),  # how arguments are passed (3.14)
    ],
)
def test_variables_are_split_by_kind(
    kinds: str, varnames: str, cellvars: str, freevars: str
) -> None:
    layout = RUNNING.code
    assert layout is not None
    names = tuple("abcdef"[: len(kinds.split())])
    found = [0, 0, 0, 0, 0, b"", (), (), names, bytes.fromhex(kinds)]

    code = code_reader(layout).builder(RUNNING)([*found, "", "", "", 1, b"", b""], 0)

    assert code.varnames == tuple(varnames.split())
    assert code.cellvars == tuple(cellvars.split())
    assert code.freevars == tuple(freevars.split())
    assert code.nlocals == len(code.varnames)


# --- Layouts ------------------------------------------------------------------------------------

READABLE = [row for row in DIALECTS if row.code is not None]


@pytest.mark.parametrize("row", READABLE, ids=lambda row: row.name)
def test_fields_of_every_layout_are_known(row: Dialect) -> None:
    assert row.marshal is not None
    assert row.code is not None
    names = [field.name for field in row.code.fields]
    known = {field.name for field in STORED}
    assert set(names) <= known | {"localsplusnames", "localspluskinds"}
    assert len(set(names)) == len(names)
    assert ("qualname" in names) == (row.code.qualname is QualnameSource.FIELD)
    reader = code_reader(row.code)
    numbers = [field for field in row.code.fields if field.kind.is_number]
    assert reader.head.objects + reader.tail.objects == len(names) - len(numbers)


# --- A value ------------------------------------------------------------------------------------


def test_code_cannot_be_changed() -> None:
    code, _ = read("x = 1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        code.name = "other"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        code.other = 1  # type: ignore[attr-defined]


def test_equal_code_is_equal_and_hashes_alike() -> None:
    one, _ = read("def f(): return {1, 'a'}, -0.0")
    other, _ = read("def f(): return {1, 'a'}, -0.0")

    assert one == other
    assert hash(one) == hash(other)
    assert one != replace(other, firstlineno=2)
    assert one != "code"
    assert len({one, other}) == 1


def test_text_of_code_is_short() -> None:
    assert repr(read("class C: pass")[0].find("C")) == "<Code C at 'a file.py', line 1>"


DIFFERENT = [
    True,
    1,
    1.0,
    Long(1),
    (1 + 0j),
    0,
    0.0,
    -0.0,
    False,
    0j,
    -0j,
    complex(-0.0, 0.0),
    NAN,
    -NAN,
    None,
    Ellipsis,
    StopIteration,
    "1",
    b"1",
    "",
    b"",
    (),
    [],
    frozenset(),
    set(),
    {},
    FrozenDict({}),
    FrozenDict({1: 2}),
    FrozenDict({1: 2.0}),
    (1,),
    (True,),
    (1.0,),
    ((1,),),
    [1],
    frozenset({1}),
    frozenset({1.0}),
    frozenset({True}),
    frozenset({(1, 2)}),
    frozenset({(1, True)}),
    Slice(None, None, None),
    Slice(1, None, None),
    Slice(True, None, None),
    (None, None, None),
    make(),
    make(consts=(1,)),
    make(consts=(True,)),
    make(consts=(make(consts=(1,)),)),
    make(consts=(make(consts=(1.0,)),)),
    make(flags=1),
]


def test_different_constants_are_different() -> None:
    wrong = [
        (one, other)
        for index, one in enumerate(DIFFERENT)
        for place, other in enumerate(DIFFERENT)
        if constants_equal(one, other) != (index == place)
    ]
    assert wrong == []


def _copy(value: Any) -> Any:
    """Return an equal value that shares nothing with the first."""
    if isinstance(value, float):
        return struct.unpack("<d", struct.pack("<d", value))[0]
    if isinstance(value, tuple | frozenset | list | set):
        return type(value)(map(_copy, value))
    if isinstance(value, Code):
        return replace(value, consts=_copy(value.consts))
    return value


@pytest.mark.parametrize("value", DIFFERENT, ids=repr)
def test_equal_constants_need_not_be_the_same_object(value: Any) -> None:
    assert constants_equal((value, NAN), (_copy(value), _copy(NAN)))


def test_equality_takes_no_longer_for_what_is_shared() -> None:
    one: Any = ()
    other: Any = ()
    for _ in range(5000):  # written out, these have 2**5000 parts
        one, other = (one, one), (other, other)
    assert constants_equal(one, other)
    assert not constants_equal(one, (other, other))


# --- Walking --------------------------------------------------------------------------------------


def test_walk_is_depth_first_in_order_of_appearance() -> None:
    code, _ = read(
        "def a():\n    def b(): pass\n    def c(): pass\nclass D:\n    def e(self): return lambda: 1"
    )
    assert [part.qualname for part in code.walk()] == [
        *("<module>", "a", "a.<locals>.b", "a.<locals>.c"),
        *("D", "D.e", "D.e.<locals>.<lambda>"),
    ]


def test_walk_meets_shared_code_once() -> None:
    inner = make("inner")
    outer = make("outer", consts=(inner, 1, make("g", consts=(inner,)), inner))
    assert [code.name for code in outer.walk()] == ["outer", "inner", "g"]


def test_walk_has_no_limit_of_depth() -> None:
    code = make()
    for _ in range(50_000):
        code = make(consts=(code, code))
    assert sum(1 for _ in code.walk()) == 50_001
    assert code == code  # noqa: PLR0124
    hash(code)


def test_find() -> None:
    code, _ = read("class C:\n    def method(self): return lambda: 1")
    assert code.find("C.method.<locals>.<lambda>").name == "<lambda>"
    with pytest.raises(PycInspectError, match=r"did you mean C\.method or ") as caught:
        code.find("C.metod")
    assert caught.value.slug == "no-such-code"


# --- Qualified names before they were stored ---------------------------------------------------


def _old(name: str, *consts: object, flags: int = 3, **fields: Any) -> Code:
    return make(name, consts=consts, flags=flags, **fields)


def _named(root: Code, source: QualnameSource) -> list[str]:
    from pycinspect.pyc.code import set_qualnames

    set_qualnames(root, source, 1_000_000, 0)
    return [code.qualname for code in root.walk()][1:]


def test_names_around_it_are_a_qualified_name() -> None:
    method = _old("m", _old("<lambda>", _old("inner")))
    generator = _old("<genexpr>", _old("<lambda>"))
    body = _old("C", method, _old("D", b"x", flags=2), b"D", flags=2)
    root = _old("<module>", b"C", body, _old("f", generator), flags=0)

    assert _named(root, QualnameSource.NOWHERE) == [
        *("C", "C.m", "C.m.<locals>.<lambda>", "C.m.<locals>.<lambda>.<locals>.inner"),
        *("C.D", "f", "f.<locals>.<genexpr>", "f.<locals>.<genexpr>.<lambda>"),
    ]


def test_function_with_exec_is_no_class() -> None:
    """Its variables are not optimised either, but its name is not a constant."""
    root = _old("<module>", _old("f", _old("g"), flags=2), flags=0)
    assert _named(root, QualnameSource.NOWHERE) == ["f", "f.<locals>.g"]


def test_constants_tell_what_was_declared_global() -> None:
    function = _old("f", _old("g"), "g", _old("h"), "f.<locals>.h")
    root = _old("<module>", function, "f", flags=0)
    assert _named(root, QualnameSource.CONSTANTS) == ["f", "g", "f.<locals>.h"]
    assert _named(root, QualnameSource.NOWHERE) == ["f", "f.<locals>.g", "f.<locals>.h"]


# --- Whole files -----------------------------------------------------------------------------------


def _pyc(payload: bytes) -> bytes:
    return RUNNING.magic + bytes(12) + payload


def test_read_code_says_what_is_left() -> None:
    data = _pyc(marshal.dumps(compile("x = 1", "f", "exec")) + b"more")
    file = read_code(data, parse_header(data))
    assert (file.dialect, file.code.name, file.trailing) == (RUNNING, "<module>", 4)


@pytest.mark.parametrize(
    ("payload", "slug", "offset"),
    [
        (b"", "truncated", 16),
        (b"N", "not-code", 16),
        (b")\x01N", "not-code", 16),
        (b")\x01@", "bad-marshal", 18),
        (b"0", "null-object", 16),
    ],
)
def test_offsets_are_those_of_the_file(
    tmp_path: Path, payload: bytes, slug: str, offset: int
) -> None:
    path = tmp_path / "m.pyc"
    path.write_bytes(_pyc(payload))
    with pytest.raises(PycInspectError) as caught:
        read_pyc(path)
    assert (caught.value.slug, caught.value.offset, caught.value.path) == (slug, offset, str(path))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    large = tmp_path / "large.pyc"
    large.write_bytes(_pyc(b"N"))
    with pytest.raises(PycInspectError) as caught:
        read_pyc(large, limits=Limits(size=16))
    assert caught.value.slug == "too-large"
    for path, slug in ((tmp_path, "not-a-file"), (tmp_path / "none.pyc", "not-found")):
        with pytest.raises(PycInspectError) as caught:
            read_pyc(path)
        assert caught.value.slug == slug


@pytest.mark.parametrize("name", ["graalpy-24.2", "rustpython-3.14", "dropbox-2.5"])
def test_strangers_are_refused_by_name(name: str) -> None:
    row = find_dialect(name)
    assert row is not None
    with pytest.raises(PycInspectError, match=name) as caught:
        unmarshal(b"N", row)
    assert caught.value.slug == "unsupported"


def test_code_of_a_development_version_is_refused() -> None:
    with pytest.raises(PycInspectError, match=r"code objects of cpython-3\.11a7") as caught:
        unmarshal(b"c" + bytes(40), DIALECTS["cpython-3.11a7"])
    assert caught.value.slug == "unsupported"


def test_a_layout_with_a_field_that_no_code_has_is_refused_by_name() -> None:
    layout = DIALECTS["cpython-3.8"].code
    assert layout is not None
    strange = replace(layout, fields=(*layout.fields[:-1], CodeField("colour", FieldKind.BYTES)))
    with pytest.raises(ValueError, match="no Code has the field colour"):
        code_reader(strange)
