"""The programs, compiled by the real interpreters."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from pycinspect.dialects import find_dialect
from pycinspect.errors import PycInspectError
from pytest_pycinspect import Bytecode, Instr, bytecode_of
from pytest_pycinspect.view.instr import Kind
from tests.oracles import Oracle

CHILD = Path(__file__).parents[2] / "differential" / "noise_child.py"
HERE = Path(__file__).parent
SOURCES = ("programs.py", "programs_310.py")
#: Older ones do not know all of the syntax.
TOO_OLD = ("cpython-2.7", "cpython-3.6", "cpython-3.7")

#: What compilers lay out otherwise, by where; everything else is the same everywhere.
OLD = ("cpython-3.8", "cpython-3.9", "cpython-3.10", "cpython-3.11", "pypy-3.9")
LAYOUT: Mapping[str, tuple[str, ...]] = {
    "comprehension": (*OLD, "pyodide-3.15"),  # inlined since 3.12 (PEP 709)
    "try_except": ("cpython-3.8",),  # END_FINALLY decides what goes on
    "with_block": ("cpython-3.8",),
    "async_with": ("cpython-3.8",),
    "try_finally": ("cpython-3.8", "cpython-3.9", "pypy-3.9"),  # the body is not copied
    "while_loop": ("cpython-3.10", "cpython-3.11", "cpython-3.12", "cpython-3.13"),  # rotated
    "nested": ("pyodide-3.15",),  # the generator expression asks for the iterator
    "match_class": ("cpython-3.10",),  # gets attributes by index
    "match_value": ("cpython-3.11",),  # shares the body of a case
}


def sequences() -> Mapping[str, list[str]]:
    """Return the sequences of the file, by the functions' names."""
    found: dict[str, list[str]] = {}
    for line in (HERE / "sequences.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = lines = []
        elif line:
            lines.append(line.strip())
    return found


def programs_by(oracle: Oracle, folder: Path) -> dict[str, Bytecode]:
    """Return the programs as an interpreter compiles them, by the sources' names.

    Those that it cannot compile are left out. One that is not an executable writes caches.
    """
    if oracle.kind != "native":
        return {name: bytecode_of(path) for name, path in caches(oracle, folder).items()}
    found: dict[str, Bytecode] = {}
    for name in SOURCES:
        try:
            found[name] = bytecode_of(HERE / name, python=str(oracle.program))
        except PycInspectError as error:
            if error.slug != "does-not-compile":
                raise
    return found


def caches(oracle: Oracle, folder: Path) -> dict[str, Path]:
    """Let an interpreter compile the programs; return the caches by the sources' names."""
    request = {"sources": [(HERE / name).read_text("utf-8") for name in SOURCES]}
    answer = oracle.run(CHILD, request, environment={"PYTHONIOENCODING": "utf-8"})
    assert isinstance(answer, list)
    payloads = zip(SOURCES, answer, strict=True)
    return {
        name: _cache(oracle, folder, name, base64.b64decode(payload))
        for name, payload in payloads
        if payload is not None
    }


def _cache(oracle: Oracle, folder: Path, name: str, payload: bytes) -> Path:
    """Write a cache as the importer does, and its source."""
    dialect = find_dialect(oracle.dialect)
    assert dialect is not None
    assert dialect.header is not None
    source = Path(shutil.copy(HERE / name, folder))
    status = os.stat(source)
    start = dialect.header.pack_timestamp(dialect.magic, int(status.st_mtime), status.st_size)
    path = folder / "__pycache__" / name.replace(".py", f".{dialect.cache_tag}.pyc")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(start + payload)
    return path


def text(instr: Instr) -> str:
    """Return an instruction as a line."""
    operand = "" if instr.operand is None and instr.kind is not Kind.CONST else repr(instr.operand)
    if instr.kind in (Kind.NAME, Kind.WORD, Kind.CODE):
        operand = str(instr.operand)
    target = "" if instr.target is None else f"-> {instr.target}"
    return " ".join(filter(None, [instr.opname, operand, target]))
