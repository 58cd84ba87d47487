"""The programs, compiled by the real interpreters."""

from __future__ import annotations

import base64
from pathlib import Path

from pycinspect.canonical import LinearOp
from pycinspect.dialects import find_dialect
from tests.oracles import Oracle

CHILD = Path(__file__).parents[2] / "differential" / "noise_child.py"
HERE = Path(__file__).parent
SOURCES = ("programs.py", "programs_310.py")
#: Older ones do not know all of the syntax.
TOO_OLD = ("cpython-2.7", "cpython-3.6", "cpython-3.7")


def caches(oracle: Oracle, folder: Path) -> dict[str, Path]:
    """Let an interpreter compile the programs; return the caches by the sources' names.

    Those that it cannot compile are left out.
    """
    request = {"sources": [(HERE / name).read_text("utf-8") for name in SOURCES]}
    answer = oracle.run(CHILD, request, environment={"PYTHONIOENCODING": "utf-8"})
    assert isinstance(answer, list)
    dialect = find_dialect(oracle.dialect)
    assert dialect is not None and dialect.header is not None
    found: dict[str, Path] = {}
    for name, payload in zip(SOURCES, answer, strict=True):
        if payload is not None:
            path = folder / name.replace(".py", f".{dialect.cache_tag}.pyc")
            start = dialect.header.pack_timestamp(dialect.magic, 0, 0)
            path.write_bytes(start + base64.b64decode(payload))
            found[name] = path
    return found


def text(op: LinearOp) -> str:
    """Return an op as a line."""
    operand = "" if op.operand is None and op.kind.value != "const" else f" {op.operand!r}"
    if op.kind.value in ("name", "word", "code"):
        operand = f" {op.operand}"
    return op.name + operand + ("" if op.target is None else f" -> {op.target}")
