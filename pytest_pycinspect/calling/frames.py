"""Code objects around each other, and what each stores in its variables."""

from __future__ import annotations

import functools

from pycinspect.canonical import Form, Level
from pycinspect.canonical.values import Value
from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.pyc import Code
from pytest_pycinspect.view.facts import values_in
from pytest_pycinspect.view.forms import form_of

__all__ = ["Frame", "defaults", "way"]


class Frame:
    """A code object, and what it stores in its variables.

    Args:
        code: the code object.
        dialect: who compiled it.
    """

    def __init__(self, code: Code, dialect: Dialect) -> None:
        self.code = code
        self.form: Form = form_of(code, dialect, Level.STRICT)
        self.is_function = bool(code.flags & CodeFlag.OPTIMIZED)
        self.parameters = frozenset(code.varnames[: _parameters(code)])
        self.own = frozenset(code.varnames + code.cellvars)
        self.stored: dict[tuple[object, ...], list[Value]] = {}
        self.set_attributes: set[str] = set()
        self.has_star = False
        for node in self.form.graph:
            self._note(*node.payload)

    def _note(self, word: object, *parts: object) -> None:
        if word == "import_star":
            self.has_star = True
        if word == "store_attr":
            self.set_attributes.add(str(parts[1]))
        if word not in ("store", "assign"):
            return
        for target, value in zip(parts[::2], parts[1::2], strict=False):
            if isinstance(target, Value) and isinstance(value, Value):
                self.stored.setdefault((target.kind, *target.parts), []).append(value)

    @functools.cached_property
    def _values(self) -> list[Value]:
        roots = (part for node in self.form.graph for part in node.payload)
        return [*values_in(roots, set())]

    @functools.cached_property
    def functions(self) -> list[Value]:
        """The functions that it makes."""
        return [value for value in self._values if value.kind == "func"]

    @functools.cached_property
    def globals(self) -> frozenset[str]:
        """The variables that it names, but for those of functions."""
        return frozenset(value.word(0) for value in self._values if value.kind in _OF_MODULES)

    @functools.cached_property
    def set_inside(self) -> frozenset[str]:
        """Variables that functions inside it set."""
        inside = [part for part in self.code.walk() if part is not self.code]
        dialect = self.form.dialect
        found = {
            str(key[1])
            for part in inside
            if set(part.freevars) & self.own
            for key in Frame(part, dialect).stored
            if key[0] == "local" and key[1] in part.freevars
        }
        return frozenset(found)


_OF_MODULES = frozenset({"global", "builtin", "name"})
_STARS = (CodeFlag.VARARGS, CodeFlag.VARKEYWORDS)


def _parameters(code: Code) -> int:
    stars = sum(bool(code.flags & star) for star in _STARS)
    return code.argcount + code.kwonlyargcount + stars


def defaults(code: Code, made: Value) -> dict[str, Value]:
    """Return the defaults of a function's parameters, as the function around it has them."""
    by_place, by_name = made.value(2), made.value(3)
    values = by_place.operands if by_place.kind == "tuple" else ()
    names = code.varnames[: code.argcount][code.argcount - len(values) :]
    found = dict(zip(names, values, strict=False))
    for pair in by_name.operands if by_name.kind == "map" else ():
        name = pair.value(0).literal if pair.kind == "pair" else None
        if isinstance(name, str):
            found[name] = pair.value(1)
    return found


def way(root: Code, code: Code) -> list[Code]:
    """Return a code object after those around it, from the root on; it alone if it is in none."""
    waiting = [[root]]
    while waiting:
        found = waiting.pop()
        if found[-1] is code:
            return found
        inside = (part for part in found[-1].consts if isinstance(part, Code))
        waiting.extend([*found, part] for part in inside)
    return [code]
