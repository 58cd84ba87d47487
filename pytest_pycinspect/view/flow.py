"""Where control can go from each instruction of a code object, exceptions included.

Up to 3.10 the blocks that SETUP_FINALLY and its like begin say who handles what is raised, and up to
3.8 a ``finally`` block is there once and goes on with what it interrupted
(``Python/ceval.c: END_FINALLY``); so an instruction can be in several situations. Since 3.11
the exception table says who handles what.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from pycinspect.canonical.ops import CanonicalOp, lowered_steps
from pycinspect.dialects import Dialect, Flow
from pycinspect.disasm import Handler, exception_table
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pytest_pycinspect.view.dominators import Dominators

__all__ = ["Graph", "Step", "graph_of"]


class Step(NamedTuple):
    """One instruction.

    Args:
        offset: in bytes.
        opname: the version's name.
        ops: the canonical ops that it is.
        line: of the source, None for none.
        flow: where control goes next.
        target: the index of the step that it may jump to, None where it does not jump.
    """

    offset: int
    opname: str
    ops: tuple[CanonicalOp, ...]
    line: int | None
    flow: Flow
    target: int | None

    def has(self, *names: str) -> bool:
        """Return whether one of its canonical ops has one of some names."""
        return any(op.name in names for op in self.ops)


@dataclass(frozen=True)
class Graph:
    """The steps that control can come to, each in all of its situations.

    Args:
        steps: all of them, reached or not.
        guards: of each step, the one that handles what it raises, by the exception table.
        reached: the index of the step, of each situation; the first is the start.
        follows: of each situation, those that follow without an exception.
        raises: and those that follow if something is raised.
    """

    steps: Sequence[Step]
    guards: Sequence[int | None]
    reached: Sequence[int]
    follows: Sequence[Sequence[int]]
    raises: Sequence[Sequence[int]]

    @cached_property
    def before(self) -> Sequence[frozenset[int]]:
        """The steps that each step follows, where nothing is raised."""
        found: list[set[int]] = [set() for _ in self.steps]
        for step, follows in zip(self.reached, self.follows, strict=True):
            for after in follows:
                found[self.reached[after]].add(step)
        return [frozenset(steps) for steps in found]

    def backwards(self, step: int) -> Iterator[int]:
        """Yield a step and those before it in an expression, the last first.

        What is before a step is the one from which control falls into it; the test, if it is
        skipped by an inverted one (3.12); else the first that jumps there.
        """
        seen: set[int] = set()
        while step not in seen:
            seen.add(step)
            yield step
            before = self.before[step]
            nearest = (step - 1, self.test_of(step - 1))
            step = next((one for one in nearest if one in before), min(before, default=step))

    def test_of(self, step: int) -> int:
        """Return the step before a jump; any other step is itself."""
        if not self.steps[step].has("JUMP"):
            return step
        return next((one for one in range(step - 1, -1, -1) if self.steps[one].ops), step)

    @cached_property
    def jumps_back(self) -> Sequence[tuple[int, int]]:
        """The situations at the ends of loops, each with the one where its loop begins.

        Every path to the first passes the second.
        """
        successors = [list(self.after(place)) for place in range(len(self.reached))]
        dominators = Dominators(successors)
        return [
            (place, head)
            for place, after in enumerate(successors)
            for head in after
            if dominators.dominates(head, place)
        ]

    def ahead(self, step: int) -> frozenset[int]:
        """Return the steps that a run can come to from one on, without beginning a loop anew."""
        back = set(self.jumps_back)
        waiting = [place for place, one in enumerate(self.reached) if one == step]
        seen: set[int] = set()
        while waiting:
            place = waiting.pop()
            for after in self.after(place):
                if after not in seen and (place, after) not in back:
                    seen.add(after)
                    waiting.append(after)
        return frozenset(self.reached[place] for place in seen)

    def after(self, situation: int) -> Iterator[int]:
        """Yield all situations that can follow one."""
        yield from self.follows[situation]
        yield from self.raises[situation]


def graph_of(code: Code, dialect: Dialect) -> Graph:
    """Return where control can go.

    Args:
        code: the code object.
        dialect: who compiled it.

    Raises:
        PycInspectError: as ``lowered_steps`` and ``exception_table``; ``too-many-paths``.
    """
    steps = _steps(code, dialect)
    return _Walk(steps, exception_table(code, dialect)).graph()


def _steps(code: Code, dialect: Dialect) -> list[Step]:
    opcodes = bytecode_of(dialect).opcodes.by_number
    lowered = [(step, tuple(ops)) for step, ops in lowered_steps(code, dialect)]
    places = {step.offset: index for index, (step, _) in enumerate(lowered)}
    return [
        Step(
            step.offset,
            step.opname,
            ops,
            step.line,
            opcodes[step.opcode].flow,
            None if step.jump_target is None else places.get(step.jump_target),
        )
        for step, ops in lowered
    ]


class _Entered(Enum):
    """How control came to a ``finally`` block or handler."""

    RAISED = "raised"
    NORMAL = "normal"


class _Block(NamedTuple):
    """What SETUP_FINALLY and its like begin.

    Args:
        is_loop: it is a loop's (up to 3.7).
        target: the step that handles what is raised, or that is after the loop.
        depth: how many handlers were running outside of it.
    """

    is_loop: bool
    target: int
    depth: int


class _Place(NamedTuple):
    """A step in one situation.

    Args:
        step: its index.
        blocks: the blocks that it is in, the innermost last.
        entered: how each of the running handlers was come to; of a ``finally`` block that
            CALL_FINALLY called (3.8), the step that it comes back to.
    """

    step: int
    blocks: tuple[_Block, ...] = ()
    entered: tuple[_Entered | int, ...] = ()


_SETUPS = ("SETUP_FINALLY", "SETUP_EXCEPT", "SETUP_LOOP")
_ENDS_HANDLER = ("END_FINALLY", "POP_FINALLY", "POP_EXCEPT", "END_ASYNC_FOR")
_STAYS = (Flow.NEXT, Flow.BRANCH, Flow.SETUP, Flow.UNKNOWN)
_JUMPS = (Flow.BRANCH, Flow.JUMP)
#: By the op of a test, the truth with which it jumps.
_TESTS: Mapping[str, bool] = {"POP_JUMP_IF_TRUE": True, "POP_JUMP_IF_FALSE": False}
#: Instructions of which nothing can be raised, whatever the values are.
_SILENT = frozenset({"JUMP", "POP_BLOCK", "PUSH_NULL", "BEGIN_FINALLY", *_SETUPS})
#: CO_MAXBLOCKS of ``Include/cpython/code.h``.
_MOST_BLOCKS = 20
#: Situations, in all and for each step. A library has two for some steps of a function.
_FREE_PLACES, _MOST_PLACES = 2_000, 16


class _Walk:
    """Follows control from situation to situation."""

    def __init__(self, steps: Sequence[Step], table: Sequence[Handler]) -> None:
        self._steps = steps
        self._handlers = _handlers(steps, table)
        setups = (step.target for step in steps if step.has(*_SETUPS[:2]))
        #: Steps that a ``finally`` block can begin with, where control falls into it.
        self._finals = frozenset(setups if any(step.has("END_FINALLY") for step in steps) else ())
        self._jumped_to = frozenset(step.target for step in steps)
        self._numbers: dict[_Place, int] = {}
        self._places: list[_Place] = []

    def graph(self) -> Graph:
        """Return all that can be come to."""
        if self._steps:
            self._number(_Place(0))
        follows: list[list[int]] = []
        raises: list[list[int]] = []
        limit = _FREE_PLACES + _MOST_PLACES * len(self._steps)
        for place in self._places:  # it grows
            normal = (after for after in self._normal(place) if after.step < len(self._steps))
            follows.append([self._number(after) for after in normal])
            raises.append([self._number(after) for after in self._raised(place)])
            if len(self._places) > limit:
                raise PycInspectError("too-many-paths", "its blocks are never left")
        return Graph(
            self._steps, self._handlers, [place.step for place in self._places], follows, raises
        )

    def _number(self, place: _Place) -> int:
        number = self._numbers.setdefault(place, len(self._places))
        if number == len(self._places):
            self._places.append(place)
        return number

    def _normal(self, place: _Place) -> Iterator[_Place]:
        """Yield what can follow if nothing is raised."""
        step = self._steps[place.step]
        place = _changed(step, place)
        if step.has("BREAK_LOOP", "CONTINUE_LOOP"):
            yield from self._left(step, place)
        elif step.has("END_FINALLY"):
            yield from self._come_back(step, place)
        else:
            yield from self._moved(step, _ended(step, place))
        if step.has("WITH_CLEANUP_FINISH") and _last(place) is _Entered.RAISED:
            # ``__exit__`` said that it is handled: END_FINALLY goes on.
            swallowed = (*place.entered[:-1], _Entered.NORMAL)
            yield from self._moved(step, place._replace(entered=swallowed))

    def _come_back(self, step: Step, place: _Place) -> Iterator[_Place]:
        """Yield what a ``finally`` block goes on with, unless it raises again."""
        last, place = _last(place), _ended(step, place)
        if isinstance(last, int):
            yield place._replace(step=last)
        elif last is _Entered.NORMAL:
            yield from self._moved(step, place)

    def _moved(self, step: Step, place: _Place) -> Iterator[_Place]:
        truth = self._known_truth(step, place.step)
        is_call = step.has("CALL_FINALLY")
        if step.flow in _STAYS and not is_call and truth is not True:
            after = place._replace(step=place.step + 1)
            falls = step.flow is Flow.NEXT and after.step in self._finals
            is_interrupted = falls or step.has("BEGIN_FINALLY")
            yield _interrupted(after, _Entered.NORMAL) if is_interrupted else after
        if step.flow in _JUMPS and truth is not False and step.target is not None:
            after = place._replace(step=step.target)
            yield _interrupted(after, place.step + 1) if is_call else after

    def _known_truth(self, step: Step, index: int) -> bool | None:
        """Return whether a test of a constant jumps, None if it may or may not.

        Compilers leave such tests out, each in another case.
        """
        tests = [op.name for op in step.ops if op.name in _TESTS]
        while tests and index and index not in self._jumped_to:
            index -= 1
            before = [op for op in self._steps[index].ops if op.name != "TO_BOOL"]
            if [op.name for op in before] == ["LOAD_CONST"]:
                return bool(before[0].operand) is _TESTS[tests[0]]
            if before:
                return None
        return None

    @staticmethod
    def _left(step: Step, place: _Place) -> Iterator[_Place]:
        """Yield where ``break`` and ``continue`` go, up to 3.7, past all ``finally`` blocks."""
        loops = [number for number, block in enumerate(place.blocks) if block.is_loop]
        if not loops:
            return
        loop = place.blocks[loops[-1]]
        entered = place.entered[: loop.depth]
        if step.has("BREAK_LOOP"):
            yield _Place(loop.target, place.blocks[: loops[-1]], entered)
        elif step.target is not None:
            yield _Place(step.target, place.blocks[: loops[-1] + 1], entered)

    def _raised(self, place: _Place) -> Iterator[_Place]:
        """Yield where control goes if the step raises something."""
        names = {op.name for op in self._steps[place.step].ops}
        if names <= _SILENT:
            return
        handler = self._handlers[place.step]
        if handler is not None:
            yield _Place(handler)
        guards = [number for number, block in enumerate(place.blocks) if not block.is_loop]
        if guards:
            block = place.blocks[guards[-1]]
            entered = (*place.entered[: block.depth], _Entered.RAISED)
            yield _Place(block.target, place.blocks[: guards[-1]], entered if self._finals else ())


def _changed(step: Step, place: _Place) -> _Place:
    """Return the situation with the blocks that are there after a step."""
    if step.has("POP_BLOCK"):
        return place._replace(blocks=place.blocks[:-1])
    if step.has(*_SETUPS) and step.target is not None and len(place.blocks) < _MOST_BLOCKS:
        block = _Block(step.has("SETUP_LOOP"), step.target, len(place.entered))
        return place._replace(blocks=(*place.blocks, block))
    return place


def _interrupted(place: _Place, by: _Entered | int) -> _Place:
    """Return the situation in a ``finally`` block."""
    return place._replace(entered=(*place.entered, by))


def _ended(step: Step, place: _Place) -> _Place:
    """Return the situation after a step that may end a handler."""
    if step.has(*_ENDS_HANDLER):
        return place._replace(entered=place.entered[:-1])
    return place


def _last(place: _Place) -> _Entered | int:
    return place.entered[-1] if place.entered else _Entered.NORMAL


def _handlers(steps: Sequence[Step], table: Sequence[Handler]) -> list[int | None]:
    """Return the step that handles what each step raises, by the exception table.

    The first row that covers it counts (``Python/ceval.c: get_exception_handler``).
    """
    handlers: list[int | None] = [None] * len(steps)
    offsets = [step.offset for step in steps]
    for row in reversed(table):
        target = bisect_left(offsets, row.target)
        if target < len(steps):
            start, end = bisect_left(offsets, row.start), bisect_left(offsets, row.end)
            handlers[start:end] = [target] * (end - start)
    return handlers
