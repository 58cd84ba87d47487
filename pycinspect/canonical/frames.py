"""Code objects that are ready to run: canonical ops, handlers, and what is plain to see of both."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from copy import copy
from typing import NamedTuple

from pycinspect.canonical.ops import CanonicalOp
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import refused
from pycinspect.dialects import Flow, canonical_kind
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm import Handler
from pycinspect.pyc import Code
from pycinspect.values import brief

__all__ = [
    "COMPREHENSIONS",
    "NAMESPACE",
    "STORES_LOCAL",
    "Frame",
    "Landing",
    "has_parameters",
    "is_annotate",
    "is_lazy",
    "landings",
    "parameters",
]

#: What 3.12 evaluates in place (PEP 709), in the versions before it.
COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})

#: The one argument of class bodies, which no source gave them (3.0 to 3.3, PyPy).
NAMESPACE = "__locals__"

#: Ops that set a local variable.
STORES_LOCAL = frozenset({"STORE_FAST", "STORE_DEREF"})

#: Values that may be on the stack beyond what the compiler counted: some ops are written as
#: several that push one more for a while, and a handler may find more than the real one.
_MORE_VALUES = 16
#: Values that code can have on the stack for each of its ops. A handler pushes six, and for what
#: one op unpacks there is an op for each item; a damaged ``stacksize`` says two thousand million.
_VALUES_AN_OP = 8

#: Ops between a value and the jump that its truth decides.
_ASKS = frozenset({"COPY", "TO_BOOL"})
_DELETES_LOCAL = frozenset({"DELETE_FAST", "DELETE_DEREF", "LOAD_FAST_AND_CLEAR"})
#: Ops without which values are assigned in the order in which they were computed, and nothing
#: happens between a value that is returned and its ``return``.
_TURNS = frozenset(
    {
        *("SWAP", "ROT", "UNPACK_SEQUENCE", "UNPACK_EX"),
        *("SETUP_FINALLY", "SETUP_EXCEPT", "SETUP_LOOP", "BEFORE_WITH", "BEFORE_ASYNC_WITH"),
    }
)


def has_parameters(code: Code) -> bool:
    """Return whether the source may have given it some.

    A function with ``exec`` in it is not optimised either, in Python 2.
    """
    is_class = not code.flags & CodeFlag.OPTIMIZED and code.varnames[: code.argcount] == (
        NAMESPACE,
    )
    return not is_class and not is_lazy(code)


def parameters(code: Code) -> tuple[str, ...]:
    """Return the names of all parameters that the source gave it."""
    if not has_parameters(code):
        return ()
    stars = (code.flags & CodeFlag.STARS).bit_count()
    return code.varnames[: code.argcount + code.kwonlyargcount + stars]


def is_lazy(code: Code) -> bool:
    """Return whether 3.14 asks the code for a value, with a format as its one argument.

    Annotations, bounds and defaults of type parameters, and the values of type aliases
    (PEP 649, PEP 695); up to 3.13 the last two have no argument.
    """
    return code.argcount == 1 and code.varnames[:1] == (".format",)


def is_annotate(code: Code) -> bool:
    """Return whether 3.14 made it of annotations (PEP 649); a source may use its name, too."""
    argument = code.varnames[: code.posonlyargcount]
    return code.name == "__annotate__" and argument in _FORMATS


#: The argument of ``__annotate__``, which takes it by position alone.
_FORMATS = (("format",), (".format",))


class Landing(NamedTuple):
    """Where an op's exception goes, and what the stack keeps then."""

    target: int
    depth: int
    lasti: bool


def landings(table: Sequence[Handler], offsets: Sequence[int]) -> list[Landing | None]:
    """Return the handler of each op.

    The interpreter looks at the rows in turn, and no further than one that begins after the op
    (``Python/ceval.c: get_exception_handler``): the first that covers it counts.
    """
    handlers: list[Landing | None] = [None] * len(offsets)
    free = _Free(len(offsets))
    latest = 0
    for row in table:
        latest = max(latest, row.start)
        handler = Landing(bisect_left(offsets, row.target), row.depth, row.lasti)
        for index in free.take(bisect_left(offsets, latest), bisect_left(offsets, row.end)):
            handlers[index] = handler
    return handlers


class _Free:
    """Indexes that nobody has taken yet: each is given away once, however often it is asked for."""

    def __init__(self, count: int) -> None:
        self._next = list(range(count + 1))

    def take(self, start: int, end: int) -> Iterator[int]:
        """Yield the free ones of a range, and take them."""
        index = self._first(start)
        while index < end:
            yield index
            self._next[index] = index + 1
            index = self._first(index + 1)

    def _first(self, index: int) -> int:
        """Return the first free index from one on."""
        path = []
        while self._next[index] != index:
            path.append(index)
            index = self._next[index]
        for passed in path:
            self._next[passed] = index
        return index


def _surely_bound(
    code: Code, ops: Sequence[CanonicalOp], handlers: Sequence[Landing | None]
) -> dict[str, int]:
    """Return since which op variables are bound: parameters, and what is stored at the start.

    The others are looked at when there is a graph (:func:`.graph.without_safe_loads`).
    """
    found = dict.fromkeys(parameters(code), -1)
    for index, op in enumerate(ops):
        if op.name in STORES_LOCAL and isinstance(op.operand, str):
            found.setdefault(op.operand, index)
        elif canonical_kind(op.name).flow is not Flow.NEXT or _is_caught(handlers[index], ops):
            break
    for op in ops:
        if op.name in _DELETES_LOCAL and isinstance(op.operand, str):
            found.pop(op.operand, None)
    return found


def _is_caught(handler: Landing | None, ops: Sequence[CanonicalOp]) -> bool:
    """Return whether a handler does more than to raise again, as that around generators (3.12)."""
    if handler is None:
        return False
    return handler.target >= len(ops) or ops[handler.target].name != "RERAISE"


class Frame:
    """One code object, perhaps with its argument, ready to run.

    Args:
        code: the code object.
        ops: its canonical ops.
        handlers: by index of the op, what the exception table says.
        starts: the offsets at which control may arrive.
        bind: the argument of one that is evaluated in place, else None.
    """

    __slots__ = (
        "_after_copies",
        "_ends",
        "bind",
        "cells",
        "code",
        "handlers",
        "is_coroutine",
        "is_function",
        "is_module",
        "most_values",
        "offsets",
        "ops",
        "own",
        "reads_early",
        "starts",
        "sure",
    )

    def __init__(
        self,
        code: Code,
        ops: Sequence[CanonicalOp],
        handlers: Sequence[Landing | None],
        starts: frozenset[int],
    ) -> None:
        self.code = code
        self.ops = ops
        self.handlers = handlers
        self.starts = starts
        self.bind: Value | None = None
        self.offsets = [op.offset for op in ops]
        self._ends: dict[int, int] = {}
        self._after_copies: frozenset[int] | None = None
        self.is_function = bool(code.flags & CodeFlag.OPTIMIZED)
        self.is_coroutine = bool(code.flags & CodeFlag.COROUTINE)
        # Flags do not tell a module from a class.
        self.is_module = code.name == "<module>" and not self.is_function
        most = _VALUES_AN_OP * len(ops)
        self.most_values = min(code.stacksize or most, most) + _MORE_VALUES  # up to 1.4: not said
        self.cells = frozenset(code.cellvars + code.freevars)
        self.own = frozenset(code.varnames + code.cellvars)
        self.reads_early = self._reads_early()
        self.sure = _surely_bound(code, ops, handlers)

    def __repr__(self) -> str:
        return f"<Frame {brief(self.code.qualname)}>"

    def bound(self, argument: Value | None) -> Frame:
        """Return the same code with its one argument."""
        frame = copy(self)
        frame.bind = argument
        return frame

    def is_bound(self, name: str, pc: int) -> bool:
        """Return whether a local variable is bound at an op, as far as that is plain to see."""
        return self.sure.get(name, pc) < pc

    def _reads_early(self) -> bool:
        """Return whether there may be assignments of several values, or blocks to return from."""
        if any(self.handlers) or any(op.name in _TURNS for op in self.ops):
            return True
        stores = [op.name in STORES_LOCAL for op in self.ops]
        follows = (self.behind_jumps(pc + 1) for pc, is_store in enumerate(stores) if is_store)
        return any(pc < len(stores) and stores[pc] for pc in follows)

    def behind_jumps(self, pc: int) -> int:
        """Return the index of the next op that is not a jump, without a condition, to another."""
        path: dict[int, None] = {}
        while pc < len(self.ops) and self.ops[pc].name == "JUMP" and pc not in path:
            if pc in self._ends:
                pc = self._ends[pc]
                break
            path[pc] = None
            pc = self.target(pc)
        self._ends.update(dict.fromkeys(path, pc))
        return pc

    def follows_copy(self, pc: int) -> bool:
        """Return whether an op comes right after a COPY, but for jumps without a condition."""
        if self._after_copies is None:
            copies = (index for index, op in enumerate(self.ops) if op.name == "COPY")
            self._after_copies = frozenset(self.behind_jumps(index + 1) for index in copies)
        return pc in self._after_copies

    def follows_store(self, pc: int) -> bool:
        """Return whether a branch asks for the truth of what was assigned just now (``:=``)."""
        places = range(pc - 1, -1, -1)
        before = next((self.ops[at].name for at in places if self.ops[at].name not in _ASKS), "")
        return before.startswith("STORE_")

    def target(self, pc: int) -> int:
        """Return the index that a jump goes to."""
        target = self.ops[pc].target
        if target is None:
            raise refused(f"{self.ops[pc].name} has no target")
        if target not in self.starts:
            raise refused(f"a jump leads to {target}, where no instruction starts")
        return bisect_left(self.offsets, target)  # or after it, if what is there does nothing
