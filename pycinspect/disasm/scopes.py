"""Which variables a code object has, and where each of them lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm.decode import Instruction
from pycinspect.pyc import Code

__all__ = ["Scopes", "scopes_of"]


class Scopes(NamedTuple):
    """The variables of one code object, by the scope that its compiler gave them.

    Args:
        arguments: what a call binds, ``*args`` and ``**kwargs`` last.
        locals: bound in it, and used nowhere else.
        cells: bound in it, arguments among them, and used by functions inside it.
        frees: bound in a function around it.
        globals: looked up among the globals of the module, then the builtins.
        names: looked up by name where the code runs: in a module or class, or up to 2.7 with
            ``exec`` and ``import *`` in a function.
    """

    arguments: tuple[str, ...]
    locals: tuple[str, ...]
    cells: tuple[str, ...]
    frees: tuple[str, ...]
    globals: tuple[str, ...]
    names: tuple[str, ...]


#: How the names of operations on variables end, and the field of :class:`Scopes`.
_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "_GLOBAL": "globals",
        "_NAME": "names",
        "_DICT_OR_GLOBALS": "names",  # in a class's annotations and type parameters (3.12)
    }
)
_NO_VARIABLE = frozenset({"IMPORT_NAME"})


def scopes_of(code: Code, listed: Sequence[Instruction], dialect: Dialect) -> Scopes:
    """Return the variables of a code object.

    Args:
        code: the code object.
        listed: its instructions.
        dialect: who wrote it.

    The order is that of the code object, of globals and names that of their first use.
    """
    stars = (code.flags & CodeFlag.VARARGS != 0) + (code.flags & CodeFlag.VARKEYWORDS != 0)
    count = code.argcount + code.kwonlyargcount + stars
    arguments = code.varnames[:count]
    cells = frozenset(code.cellvars)
    looked_up = _looked_up(listed, dialect)
    return Scopes(
        arguments,
        tuple(name for name in code.varnames[count:] if name not in cells),
        code.cellvars,
        code.freevars,
        tuple(looked_up["globals"]),
        tuple(looked_up["names"]),
    )


def _looked_up(listed: Sequence[Instruction], dialect: Dialect) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {field: {} for field in _BY_NAME.values()}
    if dialect.bytecode is None:
        return found
    rows = dialect.bytecode.opcodes.by_number
    for step in listed:
        base = rows[step.opcode].base
        field = next((field for end, field in _BY_NAME.items() if base.endswith(end)), None)
        if field is not None and base not in _NO_VARIABLE and isinstance(step.argval, str):
            found[field][step.argval] = None
    return found
