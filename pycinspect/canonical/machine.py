"""The symbolic machine: states, frames, and where control goes when something is raised."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import reduce
from itertools import count
from operator import or_
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.held import Held
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp, lowered_steps
from pycinspect.canonical.optimizing import optimized
from pycinspect.canonical.stack import EMPTY, Stack
from pycinspect.canonical.targets import in_order
from pycinspect.canonical.values import Value, Values
from pycinspect.canonical.work import Work, refused
from pycinspect.dialects import Dialect, Flow, Raising, canonical_kind, lowering_of
from pycinspect.disasm import Handler, exception_table
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import brief

__all__ = [
    "COMPREHENSIONS",
    "NAMESPACE",
    "PROPAGATE",
    "Block",
    "Caller",
    "Event",
    "Frame",
    "Machine",
    "Part",
    "Payload",
    "Rule",
    "State",
    "Taker",
    "bare",
    "caught",
    "has_parameters",
    "is_annotate",
    "is_lazy",
    "parameters",
]

#: What happens at a node: a word, then values and words.
Payload = tuple[object, ...]

PROPAGATE = "propagate"
#: What 3.12 evaluates in place (PEP 709), in the versions before it.
COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})

#: The one argument of class bodies, which no source gave them (3.0 to 3.3, PyPy).
NAMESPACE = "__locals__"

_OPTIMIZED = 0x01
_STARS = 0x04 | 0x08
_COROUTINE = 0x80
#: Silent steps after which a state that comes again is an endless loop.
_SUSPICIOUS = 200
#: Values on the stack that are looked at, where all are, for one step.
_SEEN_AT_ONCE = 8
#: Values that an op takes from the stack, and puts back, for one step.
_MOVED_AT_ONCE = 4
#: Ops looked at to find the one that takes a value; most are near.
_FARTHEST = 150
#: Values that may be on the stack beyond what the compiler counted: some ops are written as
#: several that push one more for a while, and a handler may find more than the real one.
_MORE_VALUES = 16
#: Values that code can have on the stack for each of its ops. A handler pushes six, and for what
#: one op unpacks there is an op for each item; a damaged ``stacksize`` says two thousand million.
_VALUES_AN_OP = 8
#: Blocks inside each other. The interpreter has room for 20 (CO_MAXBLOCKS).
_MOST_BLOCKS = 100
#: Comprehensions inside each other that are evaluated in place; the parser takes some 200
#: brackets, and each is a code object inside the one before it.
_MOST_CALLERS = 100


class Block(NamedTuple):
    """One entry of the block stack, up to 3.10.

    Args:
        kind: ``loop``, ``except``, ``finally``, or ``handler`` while one runs.
        target: the index of the op where it goes on.
        level: values on the stack below it.
    """

    kind: str
    target: int
    level: int


class Caller(NamedTuple):
    """Where a function that is evaluated in place returns to."""

    frame: Frame
    pc: int
    stack: Stack
    blocks: tuple[Block, ...]


class State(NamedTuple):
    """A point on a path. Equal states go on equally, and are one.

    Args:
        frame: the code that runs.
        pc: index of the next op.
        stack: values.
        blocks: blocks, the innermost last.
        callers: of functions evaluated in place, the innermost last.
    """

    frame: Frame
    pc: int
    stack: Stack
    blocks: tuple[Block, ...]
    callers: tuple[Caller, ...]

    def next(self, stack: Stack) -> State:
        """Return the state at the next op."""
        return State(self.frame, self.pc + 1, stack, self.blocks, self.callers)

    def jump(self, stack: Stack) -> State:
        """Return the state at the target of this op."""
        target = self.frame.target(self.pc)
        return State(self.frame, target, stack, self.blocks, self.callers)

    def next_name(self) -> str | None:
        """Return the name of the next op, None after the last."""
        ops = self.frame.ops
        return ops[self.pc].name if self.pc < len(ops) else None

    def behind_jumps(self) -> State:
        """Return the state at the next op that is not a jump, without a condition, to another."""
        return self._replace(pc=self.frame.behind_jumps(self.pc))

    def pop(self, count: int) -> tuple[Stack, list[Value]]:
        """Return the rest of the stack, and so many values from its top, the top last.

        Raises:
            PycInspectError: ``not-canonical``, if there are fewer.
        """
        if not 0 <= count <= self.stack.depth:
            raise refused("the stack is empty")
        rest = self.stack
        values: list[Value] = []
        for _ in range(count):
            values.append(bare(rest.top))
            rest = rest.below
        return rest, values[::-1]

    def peek(self, depth: int) -> Value:
        """Return the ``depth``-th value from the top, 1 for the top, as it stands there."""
        if not 0 < depth <= self.stack.depth:
            raise refused("the stack is empty")
        return self.stack.less(depth - 1).top


class Event(NamedTuple):
    """What happens at the end of a silent path.

    Args:
        payload: what it is.
        successors: where control goes; of a branch, if true and if false.
        handler: where it goes if something is raised; None for out of the function, or if
            nothing can be.
        state: where it happens.
    """

    payload: Payload
    successors: tuple[State, ...]
    handler: State | None
    state: State


class Taker(NamedTuple):
    """The op that does something to a value.

    Args:
        op: that op.
        depth: how deep the value is on the stack then.
        waits: whether something happens before, since the value was put together.
        stores: whether that is an assignment, at least in part.
        loaded: variables that are read before, and may not be bound.
    """

    op: CanonicalOp
    depth: int
    waits: bool
    stores: bool
    loaded: Sequence[Value] = ()


#: Ops that take the lowest of so many values, and perhaps do not change it: ``''`` may be all
#: that is added to a string, and ``{}`` to a dict. And how many values their operand says too much.
_DEEPEST: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE"), 0),
        "BUILD_STRING": 1,
        **dict.fromkeys(("BUILD_TUPLE_UNPACK", "BUILD_LIST_UNPACK"), 1),
        **dict.fromkeys(("BUILD_SET_UNPACK", "BUILD_MAP_UNPACK"), 1),
    }
)


def _takes(before: State, after: State, base: int) -> bool:
    """Return whether an op between two states does something to the ``base``-th value."""
    if after.stack.depth < base:
        return True
    op = before.frame.ops[before.pc]
    above = before.stack.depth - base
    if op.name in _DEEPEST and op.operand == above + _DEEPEST[op.name]:
        return True
    one, other = before.stack.cut(base).top, after.stack.cut(base).top
    return bare(one) is not bare(other)


def _is_unwound(op: CanonicalOp, state: State) -> bool:
    """Return whether ``finally`` runs before what is returned leaves (up to 3.7)."""
    return op.name == "RETURN_VALUE" and any(block.kind == "finally" for block in state.blocks)


#: Ops that move values about.
_MOVES = frozenset({"SWAP", "ROT"})
#: Ops that push a variable.
_READS = frozenset({"LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME"})
#: What is asked about a value: the code object, the op after the one that pushed it, and the ops
#: that hold it without taking it.
_Key = tuple[int, int, frozenset[str]]


def _moved(op: CanonicalOp, depth: int) -> int:
    """Return how deep a value is after an op that moves it, or leaves it where it is."""
    deepest = op.operand
    if not isinstance(deepest, int) or not 1 <= depth <= deepest:
        return depth
    if depth == 1:
        return deepest
    if op.name == "ROT":
        return depth - 1
    return 1 if depth == deepest else depth


#: Whether an op adds to a value at a depth, or adds that value to another.
Part = Callable[[CanonicalOp, int], bool]

#: What one op does: it goes on silently, or something happens.
Rule = Callable[["Machine", State, CanonicalOp], "State | Event"]


def bare(value: Value) -> Value:
    """Return a value without what a branch has learnt about its truth."""
    return value.value(0) if value.kind == "known" else value


#: What a handler finds of an exception beside its value, up to 3.10: each is made of that.
_PARTS_OF_EXC = frozenset({"exc_type", "exc_traceback"})


def caught(value: Value) -> Value:
    """Return the exception of which a value is the type or the traceback; any other as it is."""
    return value.value(0) if value.kind in _PARTS_OF_EXC else value


def has_parameters(code: Code) -> bool:
    """Return whether the source may have given it some.

    A function with ``exec`` in it is not optimised either, in Python 2.
    """
    is_class = not code.flags & _OPTIMIZED and code.varnames[: code.argcount] == (NAMESPACE,)
    return not is_class and not is_lazy(code)


def parameters(code: Code) -> tuple[str, ...]:
    """Return the names of all parameters that the source gave it."""
    if not has_parameters(code):
        return ()
    stars = (code.flags & _STARS).bit_count()
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


class _Handler(NamedTuple):
    target: int
    depth: int
    lasti: bool


def _handlers(table: Sequence[Handler], offsets: Sequence[int]) -> list[_Handler | None]:
    """Return the handler of each op.

    The interpreter looks at the rows in turn, and no further than one that begins after the op
    (``Python/ceval.c: get_exception_handler``): the first that covers it counts.
    """
    handlers: list[_Handler | None] = [None] * len(offsets)
    free = _Free(len(offsets))
    latest = 0
    for row in table:
        latest = max(latest, row.start)
        handler = _Handler(bisect_left(offsets, row.target), row.depth, row.lasti)
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
    code: Code, ops: Sequence[CanonicalOp], handlers: Sequence[_Handler | None]
) -> dict[str, int]:
    """Return since which op variables are bound: parameters, and what is stored at the start.

    The others are looked at when there is a graph (:func:`.graph.without_safe_loads`).
    """
    found = dict.fromkeys(parameters(code), -1)
    for index, op in enumerate(ops):
        if op.name in _STORES_LOCAL and isinstance(op.operand, str):
            found.setdefault(op.operand, index)
        elif canonical_kind(op.name).flow is not Flow.NEXT or _is_caught(handlers[index], ops):
            break
    for op in ops:
        if op.name in _DELETES_LOCAL and isinstance(op.operand, str):
            found.pop(op.operand, None)
    return found


def _is_caught(handler: _Handler | None, ops: Sequence[CanonicalOp]) -> bool:
    """Return whether a handler does more than to raise again, as that around generators (3.12)."""
    if handler is None:
        return False
    return handler.target >= len(ops) or ops[handler.target].name != "RERAISE"


def _steps_of(op: CanonicalOp, state: State) -> int:
    """Return what a step counts for: it copies blocks, and as many values as its number says."""
    steps, depth = 1 + len(state.callers) + len(state.blocks) // _SEEN_AT_ONCE, state.stack.depth
    moved = None if op.name == "LOAD_CONST" else op.operand  # a constant may be a number, too
    if depth >= _SEEN_AT_ONCE and isinstance(moved, int):
        steps += min(abs(moved), depth) // _MOVED_AT_ONCE
    return steps


#: Ops that no statement is made of: a ``try`` in which there are no others has no handler.
_SILENT_OPS = frozenset(
    {
        *("JUMP", "POP_BLOCK", "PUSH_NULL", "BEGIN_FINALLY", "PUSH_EXC_INFO"),
        *("SETUP_FINALLY", "SETUP_EXCEPT", "SETUP_LOOP"),
    }
)
#: Where there is no op.
_NOWHERE = CanonicalOp("", None, None, 0, None)


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
        handlers: Sequence[_Handler | None],
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
        self.is_function = bool(code.flags & _OPTIMIZED)
        self.is_coroutine = bool(code.flags & _COROUTINE)
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
        stores = [op.name in _STORES_LOCAL for op in self.ops]
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


#: Ops between a value and the jump that its truth decides.
_ASKS = frozenset({"COPY", "TO_BOOL"})
_STORES_LOCAL = frozenset({"STORE_FAST", "STORE_DEREF"})
_DELETES_LOCAL = frozenset({"DELETE_FAST", "DELETE_DEREF", "LOAD_FAST_AND_CLEAR"})
#: Stores of other functions to a variable that they share.
_CHANGES_SHARED = frozenset({"STORE_DEREF", "DELETE_DEREF"})
#: Ops that name the cell of a variable.
_OF_CELLS = _CHANGES_SHARED | {"LOAD_DEREF", "LOAD_CLOSURE"}
#: Ops that name a local variable, and not its cell.
_OF_FAST = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST"})
#: Ops that name a variable of another function, from 3.13 on LOAD_FAST for its cell.
_OF_FREE = _OF_CELLS | {"LOAD_FAST"}
#: Ops that put values into another, and do nothing else.
_HOLDERS = frozenset(
    {
        *("BUILD_TUPLE", "BUILD_LIST", "BUILD_MAP", "BUILD_CONST_KEY_MAP", "BUILD_SLICE"),
        *("BUILD_TUPLE_UNPACK", "BUILD_LIST_UNPACK", "BUILD_MAP_UNPACK"),
        *("LIST_APPEND", "LIST_EXTEND", "LIST_TO_TUPLE", "MAP_ADD", "DICT_UPDATE"),
        *("IS_OP", "UNARY_NOT", "MAKE_FUNCTION", "MAKE_FUNCTION_DEFAULTS"),
        "SET_FUNCTION_ATTRIBUTE",
    }
)
#: Ops that assign in the order in which they stand, and those that leave the function.
_ASSIGN = frozenset(
    {"STORE_NAME", "STORE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "UNPACK_SEQUENCE", "UNPACK_EX"}
)
_LEAVE = frozenset({"RETURN_VALUE", "END_FINALLY"})
#: Ops without which values are assigned in the order in which they were computed, and nothing
#: happens between a value that is returned and its ``return``.
_TURNS = frozenset(
    {
        *("SWAP", "ROT", "UNPACK_SEQUENCE", "UNPACK_EX"),
        *("SETUP_FINALLY", "SETUP_EXCEPT", "SETUP_LOOP", "BEFORE_WITH", "BEFORE_ASYNC_WITH"),
    }
)
#: What happens when a variable is read, or set: no code of anybody runs.
_SILENT = frozenset({"store", "keep", "load"})
#: What happens when something is assigned or deleted.
_STORING = frozenset({"store", "store_attr", "store_item", "delete", "delete_attr", "delete_item"})

#: How deep the value is that an op assigns.
_VALUES_OF = {"STORE_ATTR": 2, "STORE_SUBSCR": 3}

_EXC_COUNTS = {Raising.ONE: 1, Raising.THREE: 3, Raising.SIX: 6, Raising.PYPY: 1}


class _Look:
    """A value of which is asked what takes it.

    Args:
        base: how many values there are up to it.
        waits: events before it was put together.
        stores: assignments among them.
        loads: variables that were read before, and may not be bound.
    """

    __slots__ = ("base", "keys", "loads", "stores", "waits")

    def __init__(self, base: int, waits: int, stores: int, loads: int) -> None:
        self.base = base
        self.waits = waits
        self.stores = stores
        self.loads = loads
        self.keys: list[_Key] = []


class _Looks:
    """Values of which is asked what takes them, along one path: a long expression has many.

    What is asked about one on the way to what takes the first would be asked again, and the same
    ops be followed for each. The others are forgotten where values are moved about.

    Args:
        through: ops that hold values without taking them.
        base: how many values there are up to the first.
    """

    def __init__(self, through: frozenset[str], base: int) -> None:
        self._through = through
        self._waits = self._stores = 0
        self._loaded: list[Value] = []
        self.first = _Look(base, 0, 0, 0)
        #: Each lies above those before it.
        self._open = [self.first]

    def begin(self, key: _Key, base: int) -> None:
        """Ask about the value that was just pushed, too."""
        look = _Look(base, self._waits, self._stores, len(self._loaded))
        look.keys.append(key)
        self._open.append(look)

    def count(self, payload: Payload) -> None:
        """Count an event; where nothing happens, its word is None."""
        word, *parts = payload
        self._waits += word is not None and word not in _SILENT
        self._stores += word in _STORING
        if word == "load" and isinstance(parts[0], Value):
            self._loaded.append(parts[0])

    def ended(self, look: _Look, op: CanonicalOp, state: State) -> Taker:
        """Return what takes a value: an op, before which a state is."""
        depth = state.stack.depth - look.base + 1
        waits = self._waits > look.waits or _is_unwound(op, state)
        return Taker(op, depth, waits, self._stores > look.stores, self._loaded[look.loads :])

    def met(
        self, op: CanonicalOp, word: object, before: State, after: State, *, is_here: bool
    ) -> list[tuple[_Look, Taker]]:
        """Return the values that an op takes, and keep those that it holds or leaves alone.

        Args:
            op: the op.
            word: of the event that it is, None for none.
            before: the state before it.
            after: and after it.
            is_here: the op is one of the code object that the first value is in.
        """
        first, through = self.first, self._through
        depth = before.stack.depth - first.base + 1
        if through and op.name in _MOVES:
            del self._open[1:]
            first.base += depth - _moved(op, depth)
        elif through and op.name == "POP_FINALLY":  # a value to return stays on top
            del self._open[1:]
            first.base = after.stack.depth if depth == 1 else first.base
        elif word == "keep" and op.name != "COPY":
            del self._open[1:]  # it is still there, as it was
        elif is_here and after.frame is before.frame:
            return self._taken(op, word, before, after)
        return []

    def _taken(
        self, op: CanonicalOp, word: object, before: State, after: State
    ) -> list[tuple[_Look, Taker]]:
        is_held = word is None and op.name in self._through
        if is_held:  # it can add to a value below others
            taken = [look for look in self._open if _takes(before, after, look.base)]
            self._open = [look for look in self._open if look not in taken]
        else:
            taken = []
            while self._open and _takes(before, after, self._open[-1].base):
                taken.append(self._open.pop())
        if not is_held:
            return [(look, self.ended(look, op, before)) for look in taken]
        if taken:
            self._hold(taken, after.stack.depth)
        return []

    def _hold(self, taken: list[_Look], base: int) -> None:
        """Go on with the value that holds others."""
        held = self.first if self.first in taken else taken[0]
        for look in taken:
            if look is not held:
                held.keys += look.keys
        held.base, held.waits, held.stores = base, self._waits, self._stores
        held.loads = len(self._loaded)
        self._open.append(held)
        self._open.sort(key=lambda look: look.base)


class Machine:
    """Follows paths from event to event.

    Args:
        dialect: who wrote the code.
        rules: what each canonical op does.
        work: what that may cost.
        folds: whether operators of constants are computed, as some compilers do.
        closures: whether the variables that a function shares are parts of it, which matters
            where their names do not say which they are.
        optimize: the level of optimization whose omissions are made; 0: none.
        everything: whether paths are followed that no run takes: the other branch of a test
            whose outcome only we know, and the handler of what cannot raise anything.
    """

    def __init__(
        self,
        dialect: Dialect,
        rules: Mapping[str, Rule],
        work: Work,
        *,
        folds: bool = True,
        closures: bool = False,
        optimize: int = 0,
        everything: bool = False,
    ) -> None:
        self.dialect = dialect
        self.work = work
        self.folds = folds and lowering_of(dialect).folds
        self.closures = closures
        self.optimize = optimize
        self.everything = everything
        self.values = Values(work)
        self.raising = lowering_of(dialect).raising
        self.bookkeeping = lowering_of(dialect).bookkeeping
        self._pushes_arguments = lowering_of(dialect).pushes_arguments
        #: Cells are not among the local variables (up to 3.10), which may have the same names.
        self._has_cells_apart = self.raising in (Raising.THREE, Raising.SIX)
        self._rules = rules
        self._frames: dict[tuple[int, Value | None], Frame] = {}
        #: Code whose stores stand in another order than in the file.
        self._reordered: set[int] = set()
        #: What was computed on any path, and what a second and third one of it is; if it was on
        #: none, no stack holds it.
        self._computed: dict[Value, list[Value]] = {}
        self._held = Held(work)
        self._takers: dict[_Key, Taker] = {}
        self._looks_ahead = False
        #: By name, what stands on the stack while the variable is that of a comprehension: bits.
        self._saved: dict[str, int] = {}
        #: Variables, a bit for each, that may change whenever code of others runs.
        self._unstable = 0
        self._shared: dict[int, frozenset[str]] = {}
        #: What was erased on the way, for people.
        self.notes: set[Note] = set()
        #: What is erased of variables if they may not be bound where they are read.
        self.notes_of_unbound: dict[Value, Note] = {}
        #: Where handlers of what cannot raise begin, by code and op, if everything is followed.
        self.unraised: dict[tuple[int, int], State] = {}
        #: Code objects that were evaluated in place, and those that some op loads.
        self.inlined: dict[int, Code] = {}
        self.loaded: dict[int, Code] = {}

    @property
    def exc_count(self) -> int:
        """How many values describe the exception, and the one before it, in a handler."""
        return _EXC_COUNTS[self.raising]

    def note(self, erased: Note | None) -> None:
        """Remember that something was erased, if a program could see it."""
        if erased is not None:
            self.notes.add(erased)

    # --- Frames --------------------------------------------------------------------------

    def frame(self, code: Code, bind: Value | None = None) -> Frame:
        """Return a code object, ready to run, perhaps with its one argument."""
        key = id(code), bind
        known = self._frames.get(key)
        if known is None:
            known = self._lowered(code) if bind is None else self.frame(code).bound(bind)
            self._frames[key] = known
        return known

    def _lowered(self, code: Code) -> Frame:
        if self.dialect.development:  # 3.6a1 has other arguments for MAKE_FUNCTION than 3.6
            raise refused("what the opcodes of a pre-release do is not known")
        steps = [*lowered_steps(code, self.dialect)]
        found = [op for _, some in steps for op in some]
        ops = optimized(found, code, self.dialect, self.optimize)
        if lowering_of(self.dialect).stores_backwards:
            before, ops = ops, in_order(ops)
            self._reordered.update([id(code)] if ops != before else [])
        self.work.spend(len(ops) // _SEEN_AT_ONCE)
        # Not after an EXTENDED_ARG: the argument would be another.
        starts = frozenset(step.offset for step, _ in steps if step.offset == step.start_offset)
        table = exception_table(code, self.dialect)
        if any(row.target not in starts for row in table):
            raise refused("a handler begins where no instruction starts")
        return Frame(code, ops, _handlers(table, [op.offset for op in ops]), starts)

    def start(self, code: Code, argument: Value | None = None) -> State:
        """Return the state at the start of a code object."""
        frame = self.frame(code, argument)
        self.note(Note.STORE_ORDER if id(code) in self._reordered else None)
        stack = EMPTY.push(self.values.make("arguments")) if self._pushes_arguments else EMPTY
        return State(frame, 0, stack, (), ())

    def free_variables(self, code: Code) -> list[str]:
        """Return the variables of other functions that one uses, in the order of its ops."""
        free = set(code.freevars)
        named = (op.operand for op in self.frame(code).ops if op.name in _OF_FREE)
        used = dict.fromkeys(name for name in named if isinstance(name, str) and name in free)
        return [*used, *sorted(free - used.keys())]

    # --- Running -------------------------------------------------------------------------

    def run(self, state: State) -> Event:
        """Go on silently to the next event.

        Raises:
            PycInspectError: ``not-canonical``.
        """
        seen: set[State] = set()
        steps = 0
        while True:
            steps += 1
            frame, pc = state.frame, state.pc
            op = frame.ops[pc] if 0 <= pc < len(frame.ops) else _NOWHERE
            self.work.spend(_steps_of(op, state))
            if state.stack.depth > frame.most_values:
                raise refused("the stack overflows")
            if len(state.blocks) > _MOST_BLOCKS or len(state.callers) > _MOST_CALLERS:
                raise refused("there are too many blocks inside each other")
            if pc < 0:  # where an exception leaves the function
                return Event((PROPAGATE,), (), None, state)
            if op is _NOWHERE:
                raise refused("control runs off the end of the code")
            outcome = self._rules[op.name](self, state, op)
            if self.everything and op.name not in _SILENT_OPS:
                self._note_handler(state)
            if isinstance(outcome, Event):
                return outcome
            state = outcome
            if steps > _SUSPICIOUS:
                if state in seen:
                    return Event(("forever",), (), None, state)
                seen.add(state)

    def _note_handler(self, state: State) -> None:
        handler = self.handler(state)
        if handler is not None:
            self.unraised.setdefault((id(handler.frame), handler.pc), handler)

    def event(self, state: State, payload: Payload, stack: Stack) -> Event:
        """Return an event that may raise, with its one successor."""
        return Event(payload, (state.next(stack),), self.handler(state), state)

    def evaluated(self, state: State, value: Value, rest: Stack) -> Event:
        """Return the event that computes a value and pushes it."""
        value = self.another(state, value, rest)
        return self.event(state, ("ev", value), rest.push(value))

    def another(self, state: State, value: Value, rest: Stack) -> Value:
        """Return a value that is not one already on the stack: ``f(), f()`` has two results."""
        known = self._computed.setdefault(value, [])
        if not known:
            known.append(value)
            return value
        stacks = [*(caller.stack for caller in state.callers), rest]
        # The second is made of the first, and so on: if one is held, all before it are.
        free = bisect_left(known, 1, key=lambda one: 1 - self._held.is_on(stacks, one))
        if free == len(known):
            known.append(self.values.make("again", known[-1]))
        return known[free]

    # --- Variables -------------------------------------------------------------------------

    def local(self, state: State, op: CanonicalOp, name: str) -> Value:
        """Return a local variable; one of a comprehension is another than that of the function."""
        if self._has_cells_apart and op.name in _OF_FAST and name in state.frame.cells:
            raise refused("a variable is used beside its cell")
        is_own = self._is_own(state, op, name)
        value = self.values.make("local", name, *([1] if is_own else []))
        if not is_own and name in self._shared_by(state):
            self._unstable |= value.reads
        return value

    def unstable(self, kind: str, name: str) -> Value:
        """Return a variable that may change whenever code of others runs."""
        value = self.values.make(kind, name)
        self._unstable |= value.reads
        return value

    def saved(self, name: str, *, is_cell: bool = False) -> Value:
        """Return what stands on the stack while a variable is that of a comprehension (3.12).

        Args:
            name: of the variable.
            is_cell: whether other functions share the comprehension's.
        """
        value = self.values.make("saved", name, *(["cell"] if is_cell else []))
        self._saved[name] = self._saved.get(name, 0) | value.reads
        return value

    def is_saved_for_cell(self, state: State, name: str) -> bool:
        """Return whether the variable of the innermost comprehension that has it is a cell."""
        saved = (value for value in self._on_stacks(state) if value.kind == "saved")
        return next((len(value.parts) > 1 for value in saved if value.word(0) == name), False)

    def _is_own(self, state: State, op: CanonicalOp, name: str) -> bool:
        """Return whether a variable is that of a comprehension around an op.

        Which of several it is depends on the place alone. How many there are is not known: 3.12
        saves the variables of those inside another one for the other, too.
        """
        if state.callers:
            frames = [*(caller.frame for caller in state.callers[1:]), state.frame]
            if any(name in frame.own for frame in frames):
                return True
        saved = self._saved.get(name, 0)
        stacks = (state.stack, *(caller.stack for caller in state.callers))
        if not any(stack.reads & saved for stack in stacks):
            return False
        # Class bodies save variables of other functions, too, which have cells of their own.
        return op.name not in _OF_CELLS or self.is_saved_for_cell(state, name)

    def _shared_by(self, state: State) -> frozenset[str]:
        """Return the variables of the outermost function that other functions may set."""
        code = (state.callers[0].frame if state.callers else state.frame).code
        known = self._shared.get(id(code))
        if known is None:
            known = self._shared[id(code)] = frozenset(code.freevars) | self._set_inside(code)
        return known

    def _set_inside(self, code: Code) -> frozenset[str]:
        """Return the variables of a function that those inside it set, or may set."""
        found: set[str] = set()
        waiting = [code] if code.cellvars else []
        seen = {id(code)}
        while waiting:
            inside = (part for part in waiting.pop().consts if isinstance(part, Code))
            for part in inside:
                names = set(code.cellvars) & set(part.freevars)
                if not names or id(part) in seen:
                    continue
                seen.add(id(part))
                waiting.append(part)
                if part.name not in COMPREHENSIONS:  # they are evaluated in place
                    found |= names & self._set_by(part)
        return frozenset(found)

    def _set_by(self, code: Code) -> set[str]:
        try:
            ops = self.frame(code).ops
        except PycInspectError:  # its own form says why
            return set(code.freevars)
        return {str(op.operand) for op in ops if op.name in _CHANGES_SHARED}

    def changes(self, values: Value | Stack) -> bool:
        """Return whether what nobody has taken yet may be something else later."""
        return bool(values.reads & self._unstable)

    def changing(self, value: Value) -> Value:
        """Return a variable in a value that may change."""
        bits = value.reads & self._unstable
        return self.values.leaf((bits & -bits).bit_length() - 1)

    def kept(self, state: State, value: Value) -> Value:
        """Return what stands for a value as it is now, and is on no stack yet."""
        stacks = (state.stack, *(caller.stack for caller in state.callers))
        taken = reduce(or_, (stack.reads for stack in stacks))
        for number in count():
            token = self.values.make("kept", value, number)
            if not token.reads & taken:
                return token
        raise AssertionError

    # --- What comes later ------------------------------------------------------------------

    def completed(self, state: State, parts: Mapping[str, Part]) -> bool:
        """Return whether the top is all there is of it, and no op adds it to, or to it, more.

        Args:
            state: after the op that pushed or changed the top.
            parts: by op, whether a value at a depth is one that it adds to.
        """
        if self._looks_ahead:
            return False
        op, depth, *_ = self._taker(state, frozenset())
        return op.name not in parts or not parts[op.name](op, depth)

    def taker(self, state: State) -> Taker | None:
        """Return the op that first does something to the top; None while one is looked for."""
        return None if self._looks_ahead else self._taker(state, frozenset())

    def is_read_early(self, state: State) -> bool:
        """Return whether the variable on top must be read now: later it may have changed.

        In an expression, the order of operands says when each was read. An assignment of several
        values reads them all before it stores the first, and stores to local variables have no
        order (:func:`.assignments.in_parallel`). What is returned is read before ``finally``.
        """
        if self._looks_ahead or not state.frame.reads_early:
            return False
        op, depth, waits, stores, _ = self._taker(state, _HOLDERS)
        if op.name in _ASSIGN:
            return stores and depth == _VALUES_OF.get(op.name, 1)
        return waits and op.name in _STORES_LOCAL | _LEAVE

    def _taker(self, state: State, through: frozenset[str]) -> Taker:
        """Return the op that first does something to the top; those in ``through`` hold it."""
        key = id(state.frame.code), state.pc, through
        taker = self._takers.get(key)
        if taker is None:
            self._looks_ahead = True
            try:
                taker = self._takers[key] = self._followed(state, through)
            finally:
                self._looks_ahead = False
        return taker

    def _followed(self, state: State, through: frozenset[str]) -> Taker:
        """Follow a path that ends: compilers finish each expression where they began it."""
        frame, takers = state.frame, self._takers
        looks = _Looks(through, state.stack.depth)
        for _ in range(_FARTHEST):
            if not 0 <= state.pc < len(state.frame.ops):
                raise refused("control runs off the end of the code")
            op = state.frame.ops[state.pc]
            self.work.spend(_steps_of(op, state))
            outcome = self._rules[op.name](self, state, op)
            payload: Payload = (None,)
            if isinstance(outcome, Event):
                payload = outcome.payload
                if not outcome.successors:
                    return looks.ended(looks.first, op, state)
                outcome = outcome.successors[-1]  # of a loop, after it
            found = looks.met(op, payload[0], state, outcome, is_here=state.frame is frame)
            for look, taker in found:
                takers.update(dict.fromkeys(look.keys, taker))
                if look is looks.first:
                    return taker
            looks.count(payload)
            if through and op.name in _READS and outcome.frame is frame:
                looks.begin((id(frame.code), outcome.pc, through), outcome.stack.depth)
            state = outcome
        return Taker(op, 0, waits=False, stores=False)

    # --- Exceptions ----------------------------------------------------------------------

    def handler(self, state: State) -> State | None:
        """Return where an exception goes that is raised here, None for out of the function."""
        return self._caught(state, newest=True)

    def raised(self, state: State, exc: Value) -> State | None:
        """Return where an exception goes that is on the stack and raised again."""
        return self._caught(state, newest=self.is_newest(state, exc))

    def is_newest(self, state: State, exc: Value) -> bool:
        """Return whether an exception, and no other, is the one that goes on unhandled."""
        return exc is self._newest(state) and len(exc.parts) == 1

    def _newest(self, state: State) -> Value:
        """Return the exception that was caught last."""
        values = (caught(bare(value)) for value in self._on_stacks(state))
        return next((value for value in values if value.kind == "exc"), self.values.null)

    def _on_stacks(self, state: State) -> Iterator[Value]:
        """Yield the values of a state and of those who wait, the innermost first."""
        for stack in (state.stack, *(caller.stack for caller in reversed(state.callers))):
            yield from self.seen(reversed(stack))

    def _exc(self, stack: Stack, callers: tuple[Caller, ...], *, newest: bool) -> Value:
        """Return what stands for an exception in its handler.

        Handlers inside handlers have exceptions of their own. No source raises an older one
        again without saying so, but code that somebody made by hand can.
        """
        stacks = [stack, *(caller.stack for caller in callers)]
        held = (caught(value) for stack in stacks for value in self.seen(reversed(stack)))
        others = {value for value in held if value.kind == "exc"}
        return self.values.make("exc", len(others) + 1, *([] if newest else ["older"]))

    def changed(self, stack: Stack, change: Callable[[Value], Value], reads: int = 0) -> Stack:
        """Return a stack with each value changed: see :meth:`Stack.changed`."""
        if stack.reads & reads != reads:
            return stack
        self.work.spend(stack.depth // _SEEN_AT_ONCE)
        return stack.changed(change, reads)

    def seen(self, values: Iterable[Value]) -> Iterator[Value]:
        """Yield values, and count those that were looked at."""
        for number, value in enumerate(values, 1):
            yield value
            if not number % _SEEN_AT_ONCE:
                self.work.spend()

    def _caught(self, state: State, *, newest: bool) -> State | None:
        frame, pc, stack, blocks, callers = state
        while True:
            handler = frame.handlers[pc]
            if handler is not None:
                kept = stack.cut(handler.depth)
                exc = self._exc(kept, callers, newest=newest)
                if handler.lasti:
                    kept = kept.push(self.values.make("lasti"))
                return State(frame, handler.target, kept.push(exc), blocks, callers)
            rest = list(blocks)
            while rest:
                block = rest.pop()
                if block.kind in ("except", "finally"):
                    below = State(frame, 0, stack.cut(block.level), tuple(rest), callers)
                    exc = self._exc(below.stack, callers, newest=newest)
                    return self._entered(below, block, exc)
            if not callers:
                return None
            (frame, pc, stack, blocks), callers = callers[-1], callers[:-1]
            pc -= 1

    def _entered(self, below: State, block: Block, exc: Value) -> State:
        """Return the state at the start of the handler of a block."""
        frame, _, kept, blocks, callers = below
        make = self.values.make
        three = make("exc_traceback", exc), exc, make("exc_type", exc)
        if self.raising is Raising.THREE:
            return State(frame, block.target, kept.push(*three), blocks, callers)
        running = Block("handler", 0, block.level)
        pushed: tuple[Value, ...]
        if self.raising is Raising.PYPY:
            pushed = three if block.kind == "except" else (exc,)
        else:
            old = make("old")
            pushed = (old, old, old, *three)
        return State(frame, block.target, kept.push(*pushed), (*blocks, running), callers)
