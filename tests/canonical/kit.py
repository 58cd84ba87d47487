"""Forms of sources, compiled by the Python that runs the tests."""

from __future__ import annotations

import marshal
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace

from pycinspect.canonical import Form, Level, canonicalize, units
from pycinspect.canonical.statements import labels_of
from pycinspect.dialects import Dialect, find_dialect
from pycinspect.pyc import Code, unmarshal

RUNNING = find_dialect("cpython-{}.{}".format(*sys.version_info[:2]))


def module_of(source: str) -> Code:
    payload = marshal.dumps(compile(textwrap.dedent(source), "x", "exec", 0, True))
    root = unmarshal(payload, RUNNING).value
    assert isinstance(root, Code)
    return root


Step = tuple[str, int]


def assembled(dialect: Dialect, steps: Sequence[Step], **fields: object) -> Code:
    """Return a module of a dialect; an argument of more than 8 bits gets its EXTENDED_ARG."""
    assert dialect.bytecode is not None
    opcodes = dialect.bytecode.opcodes
    data = bytearray()
    for name, arg in steps:
        for shift in (24, 16, 8):
            if arg >> shift:
                data += bytes([opcodes.by_name["EXTENDED_ARG"].number, arg >> shift & 255])
        opcode = opcodes.by_name[name]
        data += bytes([opcode.number, arg & 255]) + bytes(2 * opcode.caches)
    names = tuple(f"n{i}" for i in range(20))
    common = {"code": bytes(data), "consts": (1,), "names": names, "stacksize": 2**30}
    nothing = {"linetable": b"", "exceptiontable": b"", "flags": 0}
    return replace(module_of("x"), **common | nothing | fields)  # type: ignore[arg-type]


def form_of(source: str, level: Level = Level.SEMANTIC, dialect: Dialect = RUNNING) -> Form:
    """Return the form of the first function of a source."""
    root = module_of(source)
    return canonicalize(next(c for c in root.consts if isinstance(c, Code)), dialect, level)


def digests(source: str, level: Level = Level.SEMANTIC) -> list[bytes | None]:
    """Return the digests of a module and of all inside it."""
    return [form.digest for form in units(module_of(source), RUNNING, level).values()]


def listing(source: str) -> list[str]:
    """Return the statements with their labels, and where control goes from each."""
    statements = form_of(source).statements
    labels = labels_of(statements)
    lines = [row.shown(labels) + row.guarded(labels) for row in statements]
    return [f"{labels[i]}: {line}" if i in labels else line for i, line in enumerate(lines)]
