"""Damaged payloads after good headers: what the import raises.

Only damage that no interpreter dies of: cuts, other objects in the code's place,
what follows the code. Flipped bits are for ``test_unmarshal``, whose children may die.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect.cache import REASONS, judge
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.pyc import FAILURES
from tests.oracles import Oracle

CHILD = Path(__file__).with_name("payload_child.py")
SOURCE = """
def function(argument, *rest):
    '''Documentation.'''
    return [argument, 1, 2.5, 'text', None, (1, 2), 10 ** 30, lambda: argument]
"""


#: PyPy reads sizes as unsigned numbers; Pyodide is a 32-bit build, which can hold no
#: such string. The import fails in any case.
KNOWN = {
    ("pypy-3.9", "negative string"): "EOFError",
    ("pypy-3.9", "negative tuple"): "MemoryError",
    ("pyodide-3.14", "string that is too long"): "OverflowError",
    ("pyodide-3.15", "string that is too long"): "OverflowError",
}


def objects(payload: bytes) -> dict[str, bytes]:
    """Return payloads that are something else, or something more, than the code."""
    return {
        "whole": payload,
        "trailing bytes": payload + b"more",
        "None": b"N",
        "True": b"T",
        "int": b"i\x05\0\0\0",
        "tuple": b"(\x01\0\0\0N",
        "bytes": b"s\x02\0\0\0ab",
        "NULL": b"0",
        "NULL in a tuple": b"(\x01\0\0\x000",
        "unknown letter": b"\x01",
        "unknown mark": b"?",
        "negative tuple": b"(\xff\xff\xff\xff",
        "negative string": b"s\xff\xff\xff\xff",
        "string that is too long": b"s\xff\xff\xff\x7fab",
        "tuple that is too long": b"(\xff\xff\xff\x0f",
    }


def cuts(payload: bytes) -> dict[str, bytes]:
    return {f"cut at {length}": payload[:length] for length in range(1, len(payload), 7)}


def odd_code(payload: bytes, row: Dialect) -> bytes:
    """Return the payload with one more byte at the end of the module's instructions."""
    assert row.code is not None
    numbers = next(i for i, field in enumerate(row.code.fields) if not field.kind.is_number)
    start = 1 + 4 * numbers + 1  # letters of the code object and of the string
    size = int.from_bytes(payload[start : start + 4], "little")
    end = start + 4 + size
    return (
        payload[:start]
        + (size + 1).to_bytes(4, "little")
        + payload[start + 4 : end]
        + b"\0"
        + payload[end:]
    )


def header(row: Dialect) -> bytes:
    assert row.header is not None
    return row.magic + bytes(row.header.size - 4)


def test_what_the_import_raises(oracle: Oracle, tmp_path: Path) -> None:
    row = DIALECTS[oracle.dialect]
    answer = oracle.run(CHILD, {"source": SOURCE})
    assert isinstance(answer, str)
    payload = bytes.fromhex(answer)
    cases = {**objects(payload), **cuts(payload), "odd code": odd_code(payload, row)}
    files = {name: header(row) + case for name, case in cases.items()}
    predicted = {}
    for name, content in files.items():
        path = tmp_path / "m.pyc"
        path.write_bytes(content)
        verdict = judge(path, row)
        assert verdict.payload_read
        predicted[name] = verdict.exception
    raised = oracle.run(CHILD, {"files": [content.hex() for content in files.values()]})
    assert isinstance(raised, list)
    observed = dict(zip(files, raised, strict=True))
    for (interpreter, name), exception in KNOWN.items():
        if interpreter == oracle.name:
            assert (predicted.pop(name) is None, observed.pop(name)) == (False, exception)
    assert predicted == observed


@pytest.mark.parametrize("name", ["graalpy-25.1", "rustpython-3.14"])
def test_other_formats_are_said_to_be_unread(name: str, tmp_path: Path) -> None:
    row = DIALECTS[name]
    path = tmp_path / "m.pyc"
    path.write_bytes(header(row) + b"anything")
    verdict = judge(path, row)
    assert (verdict.outcome.value, verdict.payload_read) == ("load", False)
    assert "payload not read" in verdict.message


@pytest.mark.parametrize("slug", [slug for slug, exception in FAILURES.items() if exception])
def test_every_failure_has_words(slug: str) -> None:
    assert "{found}" in REASONS[f"payload-{slug}"]
