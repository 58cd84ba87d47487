"""A source in which a snippet means what it would mean in a code object."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import names_of_flags
from pycinspect.pyc import Code

__all__ = ["Surroundings"]

_MODULE = "<module>"
_FUNCTION = "<locals>"
#: What takes the place of a name that no source can have, such as ``<lambda>``.
_NAMELESS = "_"
#: Variables that the compiler makes in classes.
_BOOKKEEPING = frozenset({"__class__", "__classdict__", "__conditional_annotations__"})
#: What says that ``await`` may stand in a function.
_ASYNCHRONOUS = frozenset({"COROUTINE", "ASYNC_GENERATOR"})


class _Part(NamedTuple):
    """One of the functions and classes around a snippet."""

    name: str
    is_function: bool


class Surroundings:
    """Functions and classes like those around a code object.

    Their names matter: private names have that of the class in them, and classes store their
    qualified names.

    Args:
        code: the code object.
        dialect: who compiled it.
        names: the global variables that it reads, stores or deletes. A comprehension may have
            variables of the same names, which are among those of the code where it was inlined
            (3.12).
    """

    def __init__(self, code: Code, dialect: Dialect, names: Collection[str]) -> None:
        self._code = code
        self._flags = frozenset(names_of_flags(code.flags, dialect))
        self._global = frozenset(names)
        self._parts = tuple(self._around())

    def _around(self) -> Iterator[_Part]:
        if self._code.name == _MODULE:
            return
        *outer, name = self._code.qualname.split(".")
        for part, after in pairwise([*outer, name]):
            if part != _FUNCTION:
                yield _Part(_identifier(part), after == _FUNCTION)
        yield _Part(_identifier(name), "OPTIMIZED" in self._flags)

    def source(self, snippet: str, unbound: Collection[str] = ()) -> str:
        """Return the source of a module with a snippet in it.

        Args:
            snippet: statements without indentation that all of them have.
            unbound: local variables that nothing is said to be in; the others are bound.
        """
        lines = ["from __future__ import annotations"] if self._has_strings else []
        depth = 0
        for depth, part in enumerate(self._parts):
            lines.append(" " * depth + self._head(depth, part, unbound))
        if self._parts:
            depth += 1
            lines += [" " * depth + line for line in self._declarations(unbound)]
        return "\n".join([*lines, textwrap.indent(snippet, " " * depth)])

    @property
    def is_function(self) -> bool:
        """Whether a snippet may return something."""
        return bool(self._parts) and self._parts[-1].is_function

    @property
    def _has_strings(self) -> bool:
        return "FUTURE_ANNOTATIONS" in self._flags

    def _head(self, depth: int, part: _Part, unbound: Collection[str]) -> str:
        is_last = depth == len(self._parts) - 1
        if not part.is_function:
            return f"class {part.name}:"
        names: Sequence[str] = ()
        if is_last:
            names = [name for name in self._own if name not in unbound]
        elif depth == self._outermost:
            names = self._shared
        keyword = "async def" if is_last and self._flags & _ASYNCHRONOUS else "def"
        return f"{keyword} {part.name}({', '.join(names)}):"

    @property
    def _outermost(self) -> int:
        """Where the variables of other functions are parameters; -1 if there is no function."""
        around = (place for place, part in enumerate(self._parts[:-1]) if part.is_function)
        return next(around, -1)

    @property
    def _shared(self) -> list[str]:
        return [name for name in self._code.freevars if _is_variable(name)]

    @property
    def _captured(self) -> list[str]:
        return [name for name in self._code.cellvars if _is_variable(name)]

    @property
    def _own(self) -> list[str]:
        names = dict.fromkeys(self._code.varnames + self._code.cellvars)
        if self._outermost < 0:  # its qualified name does not say where they are from
            names |= dict.fromkeys(self._shared)
        others = self._global if self._outermost < 0 else {*self._global, *self._shared}
        return [name for name in names if _is_variable(name) and name not in others]

    def _declarations(self, unbound: Collection[str]) -> Iterator[str]:
        """Yield what says whose the variables are, in the innermost function or class.

        Compilers store variables that functions inside share in the order of the source, and others
        in the order of the stack (``Python/flowgraph.c: swaptimize``).
        """
        if self._global:  # a store of one may be where nothing comes to, and left out
            yield f"global {', '.join(sorted(self._global))}"
        if self.is_function and self._shared and self._outermost >= 0:
            yield f"nonlocal {', '.join(self._shared)}"
        if self.is_function:
            yield from (f"if 0: {name} = 0" for name in self._own if name in unbound)
        if self.is_function and self._captured:
            yield f"if 0: lambda: ({', '.join(self._captured)})"

    def find(self, root: Code) -> Code:
        """Return the code object that the snippet is in.

        Args:
            root: what the source compiles to.
        """
        found = root
        for part in self._parts:
            inside = (code for code in found.consts if isinstance(code, Code))
            found = next(code for code in inside if code.name == part.name)
        return found


def _identifier(name: str) -> str:
    return name if name.isidentifier() else _NAMELESS


def _is_variable(name: str) -> bool:
    return name.isidentifier() and name not in _BOOKKEEPING
