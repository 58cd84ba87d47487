"""Everything about a code object that is not its instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from pycinspect.canonical.docstrings import cleandoc, docstring_text, is_indented
from pycinspect.canonical.frames import has_parameters, parameters
from pycinspect.canonical.graph import Annotation
from pycinspect.canonical.values import Values, digest_of, digest_of_words
from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pycinspect.values import Level

__all__ = [
    "Plane",
    "annotations_plane",
    "docstring",
    "has_indented_docstring",
    "is_function",
    "named_parameters",
    "outer_planes",
]


class Plane(Enum):
    """What can be the same or differ, apart from the others."""

    INSTRUCTIONS = "instructions"
    SIGNATURE = "signature"  # parameters and their kinds, free variables, generator or not
    DOCSTRING = "docstring"  # of functions; of classes and modules it is an instruction
    ANNOTATIONS = "annotations"  # of variables; of functions they are the parent's
    NAMES = "names"  # its own name, and those that it declares
    LINES = "lines"
    CONSTANTS = "constants"  # and all names
    METADATA = "metadata"  # at level exact: all that is in none of the others


#: ``*args`` and ``**kwargs``; generators, coroutines and asynchronous generators.
_MEANING = CodeFlag.STARS | CodeFlag.SUSPENDED | CodeFlag.ITERABLE_COROUTINE
#: Variables that the compiler itself makes for annotations (3.12, 3.14).
_BOOKKEEPING = frozenset({"__classdict__", "__conditional_annotations__"})
#: What has parameters that no source named.
_SYNTHETIC = frozenset({"<genexpr>"})
_HAS_DOCSTRING = "HAS_DOCSTRING"


def is_function(code: Code) -> bool:
    """Return whether it is the body of a function, and not of a class or module."""
    return bool(code.flags & CodeFlag.OPTIMIZED)


def named_parameters(code: Code) -> tuple[str, ...]:
    """Return the names of the parameters that the source names."""
    return () if code.name in _SYNTHETIC else parameters(code)


def docstring(code: Code, dialect: Dialect) -> str | None:
    """Return a function's docstring without its indentation, None if it has none.

    As 3.13 stores it (Python/compile.c: _PyCompile_CleanDoc); the docstrings of classes and
    modules are stored by their instructions.
    """
    text = _docstring(code, dialect)
    return None if text is None else cleandoc(text)


def has_indented_docstring(code: Code, dialect: Dialect) -> bool:
    """Return whether a function's docstring is stored with its indentation."""
    text = _docstring(code, dialect)
    return text is not None and is_indented(text)


def _docstring(code: Code, dialect: Dialect) -> str | None:
    # Lambdas, generator expressions, generic parameters.
    is_nameless = code.name.startswith("<")
    if not _may_be_documented(code, dialect) or is_nameless or not code.consts:
        return None
    bits = {name: bit for bit, name in bytecode_of(dialect).opcodes.flags.items()}
    if _HAS_DOCSTRING in bits and not code.flags & bits[_HAS_DOCSTRING]:
        return None
    return docstring_text(code.consts[0], dialect)


def _may_be_documented(code: Code, dialect: Dialect) -> bool:
    """Return whether its first constant may be a docstring that no instruction stores.

    So it is with functions. In Python 2, those with ``exec`` or ``import *`` in them are not
    optimised, nor told from the body of a class by any flag; but that returns its namespace.
    """
    if code.flags & CodeFlag.OPTIMIZED:
        return True
    returns = bytecode_of(dialect).opcodes.by_name.get("LOAD_LOCALS")
    if returns is None or code.code[-2:-1] == bytes([returns.number]):
        return False
    has_flags = dialect.code is not None and any(row.name == "flags" for row in dialect.code.fields)
    return bool(code.flags & CodeFlag.NEWLOCALS) or not has_flags


def outer_planes(
    code: Code, dialect: Dialect, level: Level, *, has_docstring: bool = True
) -> Mapping[Plane, bytes]:
    """Return the digests of the planes that a level compares, of those outside of the graph.

    Args:
        code: the code object.
        dialect: who wrote it.
        level: how much must be the same.
        has_docstring: whether its docstring counts.
    """
    structural = level is Level.STRUCTURAL
    named = () if structural else named_parameters(code)
    free = sorted(name for name in code.freevars if name not in _BOOKKEEPING)
    counts = (code.argcount, code.posonlyargcount, code.kwonlyargcount)
    signature = (
        counts if has_parameters(code) else (0, 0, 0),
        named,
        _meaning(code),
        len(free) if structural else tuple(free),
    )
    facts: dict[Plane, object] = {
        Plane.SIGNATURE: signature,
        Plane.DOCSTRING: docstring(code, dialect) if has_docstring else None,
        Plane.NAMES: code.name,
    }
    if level is Level.EXACT:
        facts |= _exact_facts(code)
    return {plane: digest_of_words(fact) for plane, fact in facts.items()}


def _meaning(code: Code) -> int:
    """Return the flags that say what a call of it is; PyPy has two for an asynchronous generator."""
    flags = code.flags & _MEANING
    return flags & ~CodeFlag.GENERATOR if flags & CodeFlag.ASYNC_GENERATOR else flags


def _exact_facts(code: Code) -> dict[Plane, object]:
    constants = tuple(part for part in code.consts if not isinstance(part, Code))
    places = tuple(i for i, part in enumerate(code.consts) if isinstance(part, Code))
    exact = digest_of(Values().constant(constants))
    counts = (code.argcount, code.posonlyargcount, code.kwonlyargcount, code.nlocals)
    return {
        Plane.LINES: (code.firstlineno, code.linetable),
        Plane.CONSTANTS: (exact, places, code.names, code.varnames, code.cellvars, code.freevars),
        Plane.METADATA: (code.filename, code.qualname, *counts),
    }


def annotations_plane(annotations: Sequence[Annotation]) -> bytes:
    """Return the digest of annotations, in order."""
    return digest_of_words([(digest_of(name), digest_of(value)) for name, value in annotations])
