"""Where control goes when something is raised: exception tables, and blocks up to 3.10."""

from __future__ import annotations

from collections.abc import Iterator

from pycinspect.canonical.stack import Stack
from pycinspect.canonical.states import Block, Caller, State, bare, caught
from pycinspect.canonical.values import Value, Values
from pycinspect.canonical.work import Work
from pycinspect.dialects import Raising

__all__ = ["Unwinding"]

_EXC_COUNTS = {Raising.ONE: 1, Raising.THREE: 3, Raising.SIX: 6, Raising.PYPY: 1}


class Unwinding:
    """Finds the handlers of what is raised at a point on a path.

    Args:
        raising: how an exception stands on the stack in its handler.
        values: makes what stands for it.
        work: what looking for it may cost.
    """

    def __init__(self, raising: Raising, values: Values, work: Work) -> None:
        self.raising = raising
        self._values = values
        self._work = work

    @property
    def exc_count(self) -> int:
        """How many values describe the exception, and the one before it, in a handler."""
        return _EXC_COUNTS[self.raising]

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
        values = (caught(bare(value)) for value in self.on_stacks(state))
        return next((value for value in values if value.kind == "exc"), self._values.null)

    def on_stacks(self, state: State) -> Iterator[Value]:
        """Yield the values of a state and of those who wait, the innermost first."""
        for stack in (state.stack, *(caller.stack for caller in reversed(state.callers))):
            yield from self._work.seen(reversed(stack))

    def _exc(self, stack: Stack, callers: tuple[Caller, ...], *, newest: bool) -> Value:
        """Return what stands for an exception in its handler.

        Handlers inside handlers have exceptions of their own. No source raises an older one
        again without saying so, but code that somebody made by hand can.
        """
        stacks = [stack, *(caller.stack for caller in callers)]
        held = (caught(value) for stack in stacks for value in self._work.seen(reversed(stack)))
        others = {value for value in held if value.kind == "exc"}
        return self._values.make("exc", len(others) + 1, *([] if newest else ["older"]))

    def _caught(self, state: State, *, newest: bool) -> State | None:
        frame, pc, stack, blocks, callers = state
        while True:
            handler = frame.handlers[pc]
            if handler is not None:
                kept = stack.cut(handler.depth)
                exc = self._exc(kept, callers, newest=newest)
                if handler.lasti:
                    kept = kept.push(self._values.make("lasti"))
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
        make = self._values.make
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
