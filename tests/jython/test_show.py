"""``pycinspect show`` of Jython's class files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pycinspect.cli.show import command
from tests.jython.kit import FIXTURES
from tests.jython.situations import CLASS, with_mtime

SAMPLE = str(FIXTURES / "sample$py.class")


def _show(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_the_listing_has_lines_offsets_and_operands() -> None:
    result = _show("--code", "twice", SAMPLE)
    assert result.exit_code == 0
    assert "twice: method twice$7\n  line 28, (n), flags 0x9011" in result.output
    assert "\n   32      2 aload_1\n" in result.output
    assert "PyObject._mul(Lorg/python/core/PyObject;)" in result.output


def test_the_header_is_the_annotations() -> None:
    result = _show("--header", SAMPLE)
    assert "API version    39" in result.output
    assert "1700000000500 ms = 2023-11-14 22:13:20 UTC" in result.output
    assert "aload_1" not in result.output


def test_json_has_the_dialect_the_header_and_the_codes() -> None:
    value = json.loads(_show("--json", SAMPLE).output)
    assert (value["dialect"], value["error"]) == ("jython-2.7", None)
    assert value["header"]["mtime_ms"] == 1_700_000_000_500
    outer = next(code for code in value["codes"] if code["name"] == "outer")
    assert (outer["argcount"], outer["firstlineno"]) == (2, 11)
    assert [0, "aload_1", ""] in outer["instructions"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (CLASS[:-1], "offset"),
        (CLASS.replace(b"compiler/APIVersion;", b"compiler/ApiVersion;"), "no Jython compiled"),
    ],
)
def test_what_is_not_a_class_of_jython_is_one_line(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "mod$py.class"
    path.write_bytes(data)
    result = _show(str(path))
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("mtime", [2**63 - 1, -(2**63), -1])
def test_any_recorded_time_can_be_shown(tmp_path: Path, mtime: int) -> None:
    path = tmp_path / "mod$py.class"
    path.write_bytes(with_mtime(mtime))
    assert _show("--header", str(path)).exit_code == 0


def test_a_name_that_is_not_there_and_the_canonical_form_are_refused() -> None:
    assert _show("--code", "nowhere", SAMPLE).exit_code == 2
    assert _show("--canonical", SAMPLE).exit_code == 2


def test_code_that_is_embedded_is_named_and_not_called_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A field for code that no ``Py.newCode`` makes, as for functions too large for Java."""
    monkeypatch.setattr("pycinspect.jvm.jython.new_code_calls", lambda *_: [])
    result = _show(SAMPLE)
    assert "outer$1: code of CPython 2.7, embedded; it is not read" in result.output
