"""Everything about a code object that is not its instructions."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import Enum
from hashlib import blake2b

from pycinspect.canonical.graph import Annotation
from pycinspect.canonical.machine import is_lazy, parameters
from pycinspect.canonical.values import Values, digest_of
from pycinspect.dialects import Dialect
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code

__all__ = ["Plane", "annotations_plane", "docstring", "outer_planes", "parameters"]


class Plane(Enum):
    """What can be the same or differ, apart from the others."""

    INSTRUCTIONS = "instructions"
    SIGNATURE = "signature"  # parameters and their kinds, free variables, generator or not
    DOCSTRING = "docstring"  # of functions; of classes and modules it is an instruction
    ANNOTATIONS = "annotations"  # of variables; of functions they are the parent's
    NAMES = "names"  # its own name, and those that it declares
    LINES = "lines"
    CONSTANTS = "constants"  # the raw bytes, constants and names


_OPTIMIZED = 0x01
_VARARGS = 0x04
_VARKEYWORDS = 0x08
_STARS = _VARARGS | _VARKEYWORDS
#: ``*args`` and ``**kwargs``; generators, coroutines and asynchronous generators.
_MEANING = _STARS | 0x20 | 0x80 | 0x100 | 0x200
#: Variables that the compiler itself makes for annotations (3.12, 3.14).
_BOOKKEEPING = frozenset({"__classdict__", "__conditional_annotations__"})
#: What has parameters that no source named.
_SYNTHETIC = frozenset({"<genexpr>"})
_HAS_DOCSTRING = "HAS_DOCSTRING"


def _has_parameters(code: Code) -> bool:
    """Return whether the source gave it some: PyPy's class bodies have one of their own."""
    return bool(code.flags & _OPTIMIZED) and not is_lazy(code)


def docstring(code: Code, dialect: Dialect) -> str | None:
    """Return a function's docstring, None if it has none or is no function."""
    # Lambdas, generator expressions, generic parameters.
    is_nameless = code.name.startswith("<")
    if not code.flags & _OPTIMIZED or is_nameless or not code.consts:
        return None
    bits = {name: bit for bit, name in bytecode_of(dialect).opcodes.flags.items()}
    if _HAS_DOCSTRING in bits and not code.flags & bits[_HAS_DOCSTRING]:
        return None
    first = code.consts[0]
    return inspect.cleandoc(first) if isinstance(first, str) else None


def outer_planes(code: Code, dialect: Dialect, *, structural: bool) -> Mapping[Plane, bytes]:
    """Return the digests of all planes but the instructions and the annotations."""
    values = Values()
    named = () if code.name in _SYNTHETIC or structural else parameters(code)
    free = sorted(name for name in code.freevars if name not in _BOOKKEEPING)
    counts = (code.argcount, code.posonlyargcount, code.kwonlyargcount)
    signature = (
        counts if _has_parameters(code) else (0, 0, 0),
        named,
        code.flags & _MEANING,
        len(free) if structural else tuple(free),
    )
    constants = tuple(part for part in code.consts if not isinstance(part, Code))
    facts: dict[Plane, object] = {
        Plane.SIGNATURE: signature,
        Plane.DOCSTRING: docstring(code, dialect),
        Plane.NAMES: code.name,
        Plane.LINES: (code.firstlineno, code.linetable),
        Plane.CONSTANTS: (code.code, code.exceptiontable, constants, code.names, code.varnames),
    }
    return {plane: digest_of(values.constant(fact)) for plane, fact in facts.items()}


def annotations_plane(annotations: Sequence[Annotation]) -> bytes:
    """Return the digest of annotations, in order."""
    hashed = blake2b(digest_size=16)
    for name, value in annotations:
        hashed.update(digest_of(name) + digest_of(value))
    return hashed.digest()
