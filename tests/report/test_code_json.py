"""Code objects as JSON."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.disasm import exception_table, instructions, line_ranges, positions
from pycinspect.errors import PycInspectError
from pycinspect.programs import parse_subject
from pycinspect.pyc import Code
from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pycinspect.report.code import code_objects
from pycinspect.report.header import show_object
from tests.report.codes import (
    HOSTILE,
    HOSTILE_ROW,
    READABLE,
    SAMPLES,
    code_with,
    codes,
    compiled_by,
    compiled_here,
    hostile,
    mutants,
    sample,
)

ROW = DIALECTS["cpython-3.8"]

_NUMBER = {"type": ["integer", "null"]}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_COUNTS = ("argcount", "posonlyargcount", "kwonlyargcount", "nlocals", "stacksize", "flags")
#: Key to what it holds; a code object has all of them, and perhaps ``cut``.
_KEYS: dict[str, Any] = {
    "index": {"type": "integer"},
    **{name: {"type": "string"} for name in ("name", "qualname", "filename")},
    "firstlineno": {"type": "integer"},
    **{name: {"type": "integer"} for name in _COUNTS},
    **dict.fromkeys(("names", "varnames", "freevars", "cellvars"), _TEXTS),
    "code": {"type": "string", "pattern": "^([0-9a-f]{2})*$"},
    "consts": {"type": "array", "items": {"$ref": "#/definitions/constant"}},
    "instructions": {
        "type": "array",
        "items": {
            "type": "array",
            "items": [
                *({"type": "integer"},) * 3,
                *({"type": "string"}, _NUMBER, {"type": "string"}, _NUMBER, _NUMBER),
            ],
            "minItems": 8,
            "maxItems": 8,
        },
    },
    "lines": {
        "type": "array",
        "items": {"type": "array", "items": _NUMBER, "minItems": 3, "maxItems": 3},
    },
    "positions": {
        "type": "array",
        "items": {"type": "array", "items": _NUMBER, "minItems": 4, "maxItems": 4},
    },
    "exception_table": {
        "type": "array",
        "items": {
            "type": "array",
            "items": [*({"type": "integer"},) * 4, {"type": "boolean"}],
            "minItems": 5,
            "maxItems": 5,
        },
    },
    "problems": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "slug": {"type": "string"},
                "message": {"type": "string"},
                "offset": _NUMBER,
            },
            "required": ["slug", "message", "offset"],
            "additionalProperties": False,
        },
    },
}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {**_KEYS, "cut": {"const": True}},
    "required": list(_KEYS),
    "additionalProperties": False,
    "definitions": {
        "constant": {
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "repr": {"type": "string"},
                "value": {"type": "string"},
                "codepoints": {"type": "array", "items": {"type": "integer"}},
                "hex": {"type": "string"},
                "index": _NUMBER,
                "items": {"type": "array"},
                "cut": {"const": True},
            },
            "required": ["type"],
            "additionalProperties": False,
        }
    },
}
_VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def as_read(root: Code, row: Dialect, wanted: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return what a reader of the JSON gets."""
    text = json.dumps(code_objects(root, row, wanted))
    assert text.isascii()
    found: list[dict[str, Any]] = json.loads(text)
    for entry in found:
        _VALIDATOR.validate(entry)
    return found


def constant(value: object, row: Dialect = ROW) -> dict[str, Any]:
    (entry,) = as_read(code_with(consts=(value,)), row)
    (found,) = entry["consts"]
    assert isinstance(found, dict)
    return found


# --- Constants ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, {"type": "NoneType", "repr": "None"}),
        (True, {"type": "bool", "repr": "True"}),
        (..., {"type": "ellipsis", "repr": "Ellipsis"}),
        (StopIteration, {"type": "StopIteration", "repr": "StopIteration"}),
        (-5, {"type": "int", "repr": "-5"}),
        (Long(-5), {"type": "long", "repr": "-5"}),
        (-0.0, {"type": "float", "repr": "-0.0", "hex": "-0x0.0p+0"}),
        (math.inf, {"type": "float", "repr": "inf", "hex": "inf"}),
        (math.copysign(math.nan, -1), {"type": "float", "repr": "nan", "hex": "-nan"}),
        (
            complex(1.5, -0.0),
            {"type": "complex", "repr": "(1.5-0j)", "hex": "0x1.8000000000000p+0 -0x0.0p+0"},
        ),
        ("ä'", {"type": "str", "repr": '"ä\'"', "value": "ä'"}),
        ("a\ud800", {"type": "str", "repr": "'a\\ud800'", "codepoints": [97, 0xD800]}),
        (b"\0a", {"type": "bytes", "repr": "b'\\x00a'", "hex": "0061"}),
        ((), {"type": "tuple", "items": []}),
        ((1,), {"type": "tuple", "items": [{"type": "int", "repr": "1"}]}),
        (
            frozenset({2, 10}),
            {
                "type": "frozenset",
                "items": [{"type": "int", "repr": "10"}, {"type": "int", "repr": "2"}],
            },
        ),
        (
            Slice(None, 1, None),
            {
                "type": "slice",
                "items": [
                    {"type": "NoneType", "repr": "None"},
                    {"type": "int", "repr": "1"},
                    {"type": "NoneType", "repr": "None"},
                ],
            },
        ),
        (
            FrozenDict({1: True}),
            {
                "type": "frozendict",
                "items": [[{"type": "int", "repr": "1"}, {"type": "bool", "repr": "True"}]],
            },
        ),
    ],
    ids=repr,
)
def test_constants(value: object, expected: dict[str, Any]) -> None:
    assert constant(value) == expected


def test_a_number_with_too_many_digits_is_hexadecimal() -> None:
    assert constant(10**600)["repr"] == str(10**600)
    assert constant(1 << 100_000)["repr"] == hex(1 << 100_000)


def test_sets_have_one_order() -> None:
    words = [f"word {number}" for number in range(50)]
    assert constant(frozenset(words)) == constant(frozenset(reversed(words)))


def test_code_objects_point_to_their_place() -> None:
    inner = code_with(name="inner")
    middle = code_with(name="middle", consts=(inner, inner))
    found = as_read(code_with(consts=(1, middle, inner)), ROW)
    assert [entry["name"] for entry in found] == ["f", "middle", "inner"]
    assert [entry["index"] for entry in found] == [0, 1, 2]
    assert found[0]["consts"][1:] == [{"type": "code", "index": 1}, {"type": "code", "index": 2}]
    assert found[1]["consts"] == [{"type": "code", "index": 2}] * 2


def test_a_code_object_where_none_can_be() -> None:
    assert constant((code_with(),))["items"] == [{"type": "code", "index": None}]


# --- Whole files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cpython-2.7", "cpython-3.8", "cpython-3.11", "cpython-3.13"])
def test_tables_are_what_the_disassembler_says(name: str) -> None:
    file = compiled_by(name).file
    row = file.dialect
    found = as_read(file.code, row)
    assert len(found) == len(list(file.code.walk()))
    for entry, code in zip(found, file.code.walk(), strict=True):
        steps = instructions(code, row)
        assert [step[:4] for step in entry["instructions"]] == [list(step[:4]) for step in steps]
        assert [step[5] for step in entry["instructions"]] == [step.argrepr for step in steps]
        assert entry["lines"] == list(map(list, line_ranges(code, row)))
        assert entry["positions"] == list(map(list, positions(code, row)))
        assert entry["exception_table"] == list(map(list, exception_table(code, row)))
        assert bytes.fromhex(entry["code"]) == code.code
        assert entry["varnames"] == list(code.varnames)
        assert not entry["problems"]
        assert "cut" not in entry


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.pyc")), ids=lambda path: str(path.stem))
def test_samples_are_whole(path: Any) -> None:
    file = sample(path.name).file
    text = json.dumps(as_read(file.code, file.dialect))
    assert '"cut"' not in text


def test_names_choose_code_objects() -> None:
    file = compiled_here().file
    (found,) = as_read(file.code, file.dialect, ("total",))
    assert (found["index"], found["qualname"]) == (1, "total")


@pytest.mark.parametrize(
    ("changes", "keys", "slug"),
    [
        ({"linetable": b"\0"}, ["lines", "positions"], "bad-line-table"),
        ({"exceptiontable": b"\xff"}, ["exception_table"], "bad-exception-table"),
    ],
)
def test_a_damaged_table_is_a_problem_and_the_rest_is_there(
    changes: dict[str, bytes], keys: list[str], slug: str
) -> None:
    file = compiled_by("cpython-3.11").file
    entry = as_read(replace(file.code, **changes), file.dialect)[0]  # type: ignore[arg-type]
    assert [problem["slug"] for problem in entry["problems"]] == [slug] * len(keys)
    assert all(entry[key] == [] for key in keys)
    assert entry["instructions"]


def test_the_object_of_a_file() -> None:
    subject = compiled_here()
    header = subject.file.header
    found = show_object("a.py", header, [], has_header=False)
    assert found["dialect"] == DIALECTS.running().name
    assert found["header"] is None
    assert found["codes"] == []
    failed = show_object("a.py", None, None, PycInspectError("does-not-compile", "bad", line=3))
    assert failed["codes"] is None
    assert failed["error"] == {
        "slug": "does-not-compile", "message": "bad", "offset": None, "line": 3,
    }  # fmt: skip


# --- Hostile files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_hostile_file_costs(name: str) -> None:
    file = hostile(name)
    start = time.process_time()
    text = json.dumps(code_objects(file.code, HOSTILE_ROW))
    assert time.process_time() - start < 10  # seconds; a bomb would take years
    assert len(text) < 20_000_000
    assert ('"cut": true' in text) == (name in {"bomb", "nested", "shared code"})


_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_quick
@given(codes, st.sampled_from(READABLE))
def test_any_code_is_written(code: Code, row: Dialect) -> None:
    assert len(as_read(code_with(consts=(code,)), row)) == 2


@_quick
@given(mutants())
def test_any_mutant_is_written(mutant: tuple[bytes, str]) -> None:
    try:
        subject = parse_subject(*mutant)
    except PycInspectError:
        return
    as_read(subject.file.code, subject.file.dialect)
