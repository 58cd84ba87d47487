"""What the compiler itself stores in classes and modules, beside what the source says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.frames import is_annotate
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.notes import Note
from pycinspect.canonical.rules.calls import code_in
from pycinspect.canonical.rules.words import word
from pycinspect.canonical.states import State, bare
from pycinspect.canonical.values import Value

__all__ = ["ADDED", "READ_AGAIN", "Added"]


class Added(NamedTuple):
    """A store that the compiler adds to a class body or module.

    Args:
        is_added: whether a value is what the compiler stores there; a program may use the name.
        note: what a program can see of it; None where ``type.__new__`` takes it away again.
    """

    is_added: Callable[[Machine, State, Value], bool]
    note: Note | None


def _is_a_cell(_: Machine, __: State, value: Value) -> bool:
    return value.kind == "cell"


def _is_namespace(_: Machine, __: State, value: Value) -> bool:
    return value.kind == "locals"


def _is_first_line(_: Machine, state: State, value: Value) -> bool:
    is_number = value.is_literal and type(value.literal) is int
    is_class = not state.frame.is_module
    return is_class and is_number and value.literal == state.frame.code.firstlineno


def _are_attributes(_: Machine, state: State, value: Value) -> bool:
    """Return whether it is a tuple of names that the class ends with.

    Python/compile.c: compiler_class_body, 3.13.
    """
    names = value.literal if value.is_literal and not state.frame.is_module else None
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        return False
    after = state.next(state.stack.less(1))
    while after.next_name() in _ENDS_CLASS:
        op = after.frame.ops[after.pc]
        if op.name == "RETURN_VALUE":
            return True
        if op.name == "STORE_NAME" and word(op) not in _CELLS_OF_CLASS:
            return False
        after = after.next(after.stack)
    return False


_CELLS_OF_CLASS = frozenset({"__classcell__", "__classdictcell__"})


#: Ops that end a class after the names of its attributes: its cells, and what it returns.
_ENDS_CLASS = frozenset(
    {
        *("LOAD_CLOSURE", "LOAD_FAST", "LOAD_CONST", "LOAD_COMMON_CONSTANT", "STORE_NAME", "COPY"),
        "RETURN_VALUE",
    }
)


def _is_own_function(machine: Machine, _: State, value: Value) -> bool:
    return value.kind == "func" and is_annotate(code_in(machine, value.value(1)))


def _is_empty_set(_: Machine, __: State, value: Value) -> bool:
    return bare(value).kind == "set" and not bare(value).operands


#: By the names of ``bookkeeping.tsv``.
ADDED: Mapping[str, Added] = MappingProxyType(
    {
        "__classcell__": Added(_is_a_cell, None),
        "__classdictcell__": Added(_is_a_cell, None),
        "__classdict__": Added(_is_namespace, None),
        "__firstlineno__": Added(_is_first_line, Note.CLASS_BOOKKEEPING),
        "__static_attributes__": Added(_are_attributes, Note.CLASS_BOOKKEEPING),
        "__annotate__": Added(_is_own_function, Note.LAZY_ANNOTATIONS),
        "__annotate_func__": Added(_is_own_function, Note.LAZY_ANNOTATIONS),
        "__conditional_annotations__": Added(_is_empty_set, Note.LAZY_ANNOTATIONS),
    }
)
#: Those of them that are read again, by the code that the compiler adds.
READ_AGAIN = frozenset({"__classdict__", "__conditional_annotations__"})
