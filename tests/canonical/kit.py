"""Forms of sources, compiled by the Python that runs the tests."""

from __future__ import annotations

import marshal
import sys
import textwrap

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
