"""The symbolic machine: it follows paths from event to event."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import reduce
from itertools import count
from operator import or_

from pycinspect.canonical.frames import STORES_LOCAL, Frame, landings
from pycinspect.canonical.held import Held
from pycinspect.canonical.looking import Key, Looks, Part, Taker
from pycinspect.canonical.notes import Note
from pycinspect.canonical.ops import CanonicalOp, lowered_steps
from pycinspect.canonical.optimizing import optimized
from pycinspect.canonical.sharing import CHANGES_SHARED, Shared
from pycinspect.canonical.stack import EMPTY, Stack
from pycinspect.canonical.states import PROPAGATE, Event, Payload, State
from pycinspect.canonical.targets import in_order
from pycinspect.canonical.unwinding import Unwinding
from pycinspect.canonical.values import Value, Values
from pycinspect.canonical.work import SEEN_AT_ONCE, Work, refused
from pycinspect.dialects import Dialect, Raising, lowering_of
from pycinspect.disasm import exception_table
from pycinspect.pyc import Code

__all__ = ["Machine", "Rule"]

#: Silent steps after which a state that comes again is an endless loop.
_SUSPICIOUS = 200
#: Values that an op takes from the stack, and puts back, for one step.
_MOVED_AT_ONCE = 4
#: Ops looked at to find the one that takes a value; most are near.
_FARTHEST = 150
#: Blocks inside each other. The interpreter has room for 20 (CO_MAXBLOCKS).
_MOST_BLOCKS = 100
#: Comprehensions inside each other that are evaluated in place; the parser takes some 200
#: brackets, and each is a code object inside the one before it.
_MOST_CALLERS = 100

#: Ops that name the cell of a variable.
_OF_CELLS = CHANGES_SHARED | {"LOAD_DEREF", "LOAD_CLOSURE"}
#: Ops that name a local variable, and not its cell.
_OF_FAST = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST"})
#: Ops that name a variable of another function, from 3.13 on LOAD_FAST for its cell.
_OF_FREE = _OF_CELLS | {"LOAD_FAST"}
#: Ops that push a variable.
_READS = frozenset({"LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME"})
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
#: How deep the value is that an op assigns.
_VALUES_OF = {"STORE_ATTR": 2, "STORE_SUBSCR": 3}

#: What one op does: it goes on silently, or something happens.
Rule = Callable[["Machine", State, CanonicalOp], "State | Event"]


#: Ops that no statement is made of: a ``try`` in which there are no others has no handler.
_SILENT_OPS = frozenset(
    {
        *("JUMP", "POP_BLOCK", "PUSH_NULL", "BEGIN_FINALLY", "PUSH_EXC_INFO"),
        *("SETUP_FINALLY", "SETUP_EXCEPT", "SETUP_LOOP"),
    }
)
#: Where there is no op.
_NOWHERE = CanonicalOp("", None, None, 0, None)


def _steps_of(op: CanonicalOp, state: State) -> int:
    """Return what a step counts for: it copies blocks, and as many values as its number says."""
    steps, depth = 1 + len(state.callers) + len(state.blocks) // SEEN_AT_ONCE, state.stack.depth
    moved = None if op.name == "LOAD_CONST" else op.operand  # a constant may be a number, too
    if depth >= SEEN_AT_ONCE and isinstance(moved, int):
        steps += min(abs(moved), depth) // _MOVED_AT_ONCE
    return steps


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
        self.unwinding = Unwinding(lowering_of(dialect).raising, self.values, work)
        self.bookkeeping = lowering_of(dialect).bookkeeping
        self._pushes_arguments = lowering_of(dialect).pushes_arguments
        #: Cells are not among the local variables (up to 3.10), which may have the same names.
        self._has_cells_apart = self.unwinding.raising in (Raising.THREE, Raising.SIX)
        self._rules = rules
        self._frames: dict[tuple[int, Value | None], Frame] = {}
        #: Code whose stores stand in another order than in the file.
        self._reordered: set[int] = set()
        #: What was computed on any path, and what a second and third one of it is; if it was on
        #: none, no stack holds it.
        self._computed: dict[Value, list[Value]] = {}
        self._held = Held(work)
        self._takers: dict[Key, Taker] = {}
        self._looks_ahead = False
        #: By name, what stands on the stack while the variable is that of a comprehension: bits.
        self._saved: dict[str, int] = {}
        #: Variables, a bit for each, that may change whenever code of others runs.
        self._unstable = 0
        self._shared = Shared(self.frame)
        #: What was erased on the way, for people.
        self.notes: set[Note] = set()
        #: What is erased of variables if they may not be bound where they are read.
        self.notes_of_unbound: dict[Value, Note] = {}
        #: Where handlers of what cannot raise begin, by code and op, if everything is followed.
        self.unraised: dict[tuple[int, int], State] = {}
        #: Code objects that were evaluated in place, and those that some op loads.
        self.inlined: dict[int, Code] = {}
        self.loaded: dict[int, Code] = {}

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
        self.work.spend(len(ops) // SEEN_AT_ONCE)
        # Not after an EXTENDED_ARG: the argument would be another.
        starts = frozenset(step.offset for step, _ in steps if step.offset == step.start_offset)
        table = exception_table(code, self.dialect)
        if any(row.target not in starts for row in table):
            raise refused("a handler begins where no instruction starts")
        return Frame(code, ops, landings(table, [op.offset for op in ops]), starts)

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
        handler = self.unwinding.handler(state)
        if handler is not None:
            self.unraised.setdefault((id(handler.frame), handler.pc), handler)

    def event(self, state: State, payload: Payload, stack: Stack) -> Event:
        """Return an event that may raise, with its one successor."""
        return Event(payload, (state.next(stack),), self.unwinding.handler(state), state)

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
        outermost = (state.callers[0].frame if state.callers else state.frame).code
        if not is_own and name in self._shared.by(outermost):
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
        saved = (value for value in self.unwinding.on_stacks(state) if value.kind == "saved")
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

    def changed(self, stack: Stack, change: Callable[[Value], Value], reads: int = 0) -> Stack:
        """Return a stack with each value changed: see :meth:`Stack.changed`."""
        if stack.reads & reads != reads:
            return stack
        self.work.spend(stack.depth // SEEN_AT_ONCE)
        return stack.changed(change, reads)

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
        return waits and op.name in STORES_LOCAL | _LEAVE

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
        looks = Looks(through, state.stack.depth)
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
