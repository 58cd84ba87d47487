"""Canonical ops as the sequences that people write in expectations.

Bookkeeping is dropped, as is what nothing leads to; what one version writes as several ops and
another as one gets one spelling; jumps count ops, not bytes, and go where they end up. The
layout of blocks stays each version's own: ``try``, ``with``, ``while`` and comprehensions have
other sequences on other versions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.arguments import CALLS, argument_counts
from pycinspect.canonical.ops import CanonicalOp, Unknown, lowered
from pycinspect.dialects import (
    Dialect,
    Flow,
    LinearOperand,
    LinearRule,
    LinearTerm,
    as_written,
    linear_ops,
    linear_rules,
    vocabulary,
)
from pycinspect.disasm import Instruction, exception_table, instructions
from pycinspect.disasm.decode import bare_instructions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.pyc import Code
from pycinspect.pyc.code import constants_equal
from pycinspect.pyc.constants import Slice

__all__ = ["LinearOp", "LinearSequence", "LinearStep", "linearize"]


class LinearOp(NamedTuple):
    """One op of a sequence.

    Args:
        name: a row of ``linear_ops.tsv``.
        operand: a name, a constant, a number …; None where there is none.
        kind: what the operand is.
        target: the index, in the sequence, of the op that it may jump to; None where it does
            not jump. The number of ops stands for the end.
        line: of the source, None for none.
        raw: the instructions that it stands for, dropped ones before it among them.
    """

    name: str
    operand: object
    kind: LinearOperand
    target: int | None
    line: int | None
    raw: tuple[Instruction, ...]


class LinearStep(NamedTuple):
    """What is compared of an op; the fields are those of ``LinearOp``."""

    name: str
    operand: object
    kind: LinearOperand
    target: int | None


#: Indexes of instructions, and such tuples: two can be put together without copying them.
_Raw = tuple[object, ...]


class _Op:
    """An op on its way to its place.

    Args:
        place: the index of the instruction whose line it has.
        raw: those of the instructions that it stands for.
    """

    __slots__ = ("name", "offset", "operand", "place", "raw", "target")

    def __init__(self, op: CanonicalOp, place: int, raw: _Raw) -> None:
        self.name, self.operand, self.target, self.offset, _ = op
        self.place, self.raw = place, raw


class LinearSequence:
    """A code object's sequence of ops; their lines and instructions are looked up when asked for.

    Args:
        code: the code object.
        dialect: who wrote it, ``CodeFile.dialect``.

    Raises:
        PycInspectError: as ``lower``; ``bad-exception-table``.
    """

    def __init__(self, code: Code, dialect: Dialect) -> None:
        self._code, self._dialect = code, dialect
        self._ops = _sequence(code, dialect)

    def names(self) -> frozenset[str]:
        """Return the names of the ops, each once."""
        return frozenset({op.name for op in self._ops})

    def steps(self) -> list[LinearStep]:
        """Return what is compared of each op."""
        offsets, kinds = [op.offset for op in self._ops], _operands()
        found = []
        for op in self._ops:
            operand, kind = op.operand, kinds[op.name]
            if kind not in _AS_IT_IS or type(operand) in _TOLD:
                operand, kind = _operand(op, kind)
            target = None if op.target is None else bisect_left(offsets, op.target)
            found.append(_new_step((op.name, operand, kind, target)))
        return found

    def origins(self) -> list[tuple[int | None, tuple[Instruction, ...]]]:
        """Return the line of each op, and the instructions that it stands for."""
        listed, raws = instructions(self._code, self._dialect), _Raws()
        return [
            (listed[op.place].line, tuple(listed[place] for place in raws.flat(op.raw)))
            for op in self._ops
        ]


def linearize(code: Code, dialect: Dialect) -> list[LinearOp]:
    """Return a code object's sequence of ops, not of those inside it.

    Args:
        code: the code object.
        dialect: who wrote it, ``CodeFile.dialect``.

    Raises:
        PycInspectError: as ``lower``; ``bad-exception-table``.
    """
    sequence = LinearSequence(code, dialect)
    rows = zip(sequence.steps(), sequence.origins(), strict=True)
    return [LinearOp(*step, *origin) for step, origin in rows]


def _sequence(code: Code, dialect: Dialect) -> list[_Op]:
    bytecode = bytecode_of(dialect)
    listed = bare_instructions(code, bytecode)
    steps = list(lowered(listed, dialect))
    table = exception_table(code, dialect)
    counts = argument_counts(steps, code, dialect, table)
    ops = _read(steps, _skipped(listed), counts)
    names = {op.name for op in ops}
    for change, about in _CHANGES:
        if about & names:
            ops = change(ops)
    handlers = [row.target for row in table] if bytecode.exception_table else _setups(steps)
    rules = _candidates(dialect)
    ops = _rewritten(_reached(ops, handlers), rules)
    for _ in range(_MOST_ROUNDS):
        if not _threaded(ops):
            break
        ops = _rewritten(_reached(ops, handlers), rules)
    return ops


#: Jumps to jumps that are followed. Compilers leave chains of two or three.
_MOST_ROUNDS = 20


def _setups(steps: Sequence[tuple[Instruction, Sequence[CanonicalOp]]]) -> list[int]:
    """Return where handlers begin: up to 3.10 the blocks that are in the code say it."""
    targets = (op.target for _, ops in steps for op in ops if op.name in _SETUPS)
    return [target for target in targets if target is not None]


# --- What no person writes -------------------------------------------------------------------


def _skipped(listed: Sequence[Instruction]) -> frozenset[int]:
    """Return the offsets of what an interpreter needs to delegate, loop and end generators."""
    skipped: set[int] = set()
    done = 0
    for index, step in enumerate(listed):
        find = _SKIPPED.get(step.opname)
        if find is not None:
            # They begin one after the other: what is before ``done`` is in the set already.
            found = find(listed, index)
            skipped.update(part.offset for part in listed[max(found.start, done) : found.stop])
            done = max(done, found.stop)
    return frozenset(skipped)


#: Returns the indexes of what is skipped because of the instruction at an index.
_Find = Callable[[Sequence[Instruction], int], range]


def _delegation(listed: Sequence[Instruction], index: int) -> range:
    """Return the loop after a SEND, up to END_SEND: it is one YIELD_FROM."""
    target = listed[index].jump_target
    if target is None:
        return range(0)
    end = bisect_left(listed, target, index + 1, key=attrgetter("offset"))
    is_end = end < len(listed) and listed[end].opname == "END_SEND"
    return range(index + 1, end + is_end)


def _with_next(*names: str) -> _Find:
    def find(listed: Sequence[Instruction], index: int) -> range:
        is_next = index + 1 < len(listed) and listed[index + 1].opname in names
        return range(index, index + 1 + is_next)

    return find


def _wrapper(listed: Sequence[Instruction], index: int) -> range:
    """Return the handler around a generator, which makes RuntimeError of StopIteration."""
    is_wrapper = listed[index].argrepr == "INTRINSIC_STOPITERATION_ERROR"
    return range(index, index + 2) if is_wrapper else range(0)


_SKIPPED: Mapping[str, _Find] = MappingProxyType(
    {
        "SEND": _delegation,
        "CLEANUP_THROW": _with_next("JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"),
        "END_FOR": _with_next("POP_TOP", "POP_ITER"),
        "RETURN_GENERATOR": _with_next("POP_TOP"),
        "CALL_INTRINSIC_1": _wrapper,
    }
)


def _read(
    steps: Sequence[tuple[Instruction, Sequence[CanonicalOp]]],
    skipped: frozenset[int],
    counts: Mapping[int, int],
) -> list[_Op]:
    """Return the ops that are left; those that do nothing belong to the next one."""
    found: list[_Op] = []
    start = 0  # of the instructions that the next op stands for
    for place, (step, ops) in enumerate(steps):
        offset = step[0]
        if offset in skipped:
            continue
        keep = _PARTLY.get(step[3])
        for op in ops if keep is None else keep(ops):
            name = op[0]
            if name in _NEVER_KEPT:
                continue
            raw = (place,) if start == place else tuple(range(start, place + 1))
            made = _Op(op, place, raw)
            if name in CALLS:
                made.operand = counts.get(offset, op.operand)
            found.append(made)
            start = place + 1
    if found:
        found[-1].raw = found[-1].raw, tuple(range(start, len(steps)))
    return found


_SETUPS = frozenset({"SETUP_EXCEPT", "SETUP_FINALLY", "SETUP_LOOP"})
_NEVER_KEPT = _SETUPS | {
    *("ASYNC_GEN_WRAP", "CHECK_NAMESPACE", "MAKE_CELL", "POP_BLOCK", "PUSH_EXC_INFO", "PUSH_NULL"),
}


#: By opcode, what is left of its ops: the others are of its version alone.
_PARTLY: Mapping[str, Callable[[Sequence[CanonicalOp]], Sequence[CanonicalOp]]] = MappingProxyType(
    {
        "POP_ITER": lambda ops: ops[:1],
        "SEND": lambda ops: [op for op in ops if op.name == "YIELD_FROM"],
    }
)


# --- Calls and functions -----------------------------------------------------------------------


def _calls(ops: Sequence[_Op]) -> list[_Op]:
    """Give the names of keyword arguments to the call that they belong to."""
    found: list[_Op] = []
    for op in ops:
        if found and (op.name, found[-1].name) in _CALL_AND_NAMES:
            before = found[-1]
            if isinstance(before.operand, tuple):
                op.name, op.operand = "CALL_KW", (op.operand, before.operand)
                _absorb(op, found.pop())
        found.append(op)
    return found


_CALL_AND_NAMES = frozenset({("CALL", "KW_NAMES"), ("CALL_KW", "LOAD_CONST")})


def _absorb(op: _Op, *before: _Op) -> None:
    """Let an op stand for those before it, too."""
    op.raw = tuple(part.raw for part in (*before, op))
    op.offset = before[0].offset


def _functions(ops: Sequence[_Op]) -> list[_Op]:
    """Make one op of a function: its code, its name, its cells, and what is set later."""
    found: list[_Op] = []
    for op in ops:
        if op.name == "SET_FUNCTION_ATTRIBUTE" and found and found[-1].name == "MAKE_FUNCTION":
            found[-1].raw = found[-1].raw, op.raw
            bits = op.operand
        elif op.name == "MAKE_FUNCTION":
            bits = op.operand
            _take_code(op, found)
            found.append(op)
        else:
            bits = 0
            found.append(op)
        if isinstance(bits, int) and bits & _CLOSURE:
            _take_cells(found)
    return found


#: The bit of MAKE_FUNCTION and SET_FUNCTION_ATTRIBUTE that says that there is a closure.
_CLOSURE = 8
_NAME_AND_QUALIFY = ("LOAD_CONST", "QUALIFY")


def _take_code(op: _Op, found: list[_Op]) -> None:
    """Take the code, and up to 3.10 the qualified name above it, into MAKE_FUNCTION."""
    taken: list[_Op] = []
    if tuple(part.name for part in found[-2:]) == _NAME_AND_QUALIFY:
        taken = found[-2:]
        del found[-2:]
    if found and isinstance(found[-1].operand, Code):
        taken.insert(0, found.pop())
        op.operand = taken[0].operand
    if taken:
        _absorb(op, *taken)


def _take_cells(found: list[_Op]) -> None:
    """Take the tuple of cells below the code of a function into its MAKE_FUNCTION."""
    if len(found) < _TUPLE_AND_FUNCTION or found[-2].name != "BUILD_TUPLE":
        return
    function, count = found[-1], found[-2].operand
    assert isinstance(count, int)  # BUILD_TUPLE has no other operand
    start = len(found) - 2 - count
    if not _are_loads(found, start, _LOADS_CELL):
        return
    _absorb(function, *found[start:-1])
    del found[start:-1]


def _are_loads(found: Sequence[_Op], start: int, names: frozenset[str]) -> bool:
    """Return whether all from one on, but for the last two, are loads; those are looked at first."""
    places = range(len(found) - 3, start - 1, -1)
    return start >= 0 and all(found[place].name in names for place in places)


_TUPLE_AND_FUNCTION = 2
_LOADS_CELL = frozenset({"LOAD_CLOSURE", "LOAD_FAST"})


# --- Displays ----------------------------------------------------------------------------------


def _displays(ops: Sequence[_Op]) -> list[_Op]:
    """Spell out lists, dicts and slices that some versions make of a constant."""
    found: list[_Op] = []
    if not any(op.name in _DISPLAYS or type(op.operand) is Slice for op in ops):
        return [*ops]
    entered = _entered(ops)
    allowed = _FREE_SPELLED + _TIMES * _items_in(ops)
    for op in ops:
        found.append(op)
        spell = _SPELLERS.get(op.name)
        if spell is not None and len(found) <= allowed:
            spell(found, entered)
    return found


#: Ops that constants may be spelled out as: so many, and how often each constant's items. A
#: compiler has a constant once, but code by hand can load a long one again and again.
_FREE_SPELLED, _TIMES = 10_000, 4


def _items_in(ops: Sequence[_Op]) -> int:
    """Return the ops, and the items of constants they load, each constant counted once."""
    constants = {id(op.operand): len(op.operand) for op in ops if isinstance(op.operand, tuple)}
    return len(ops) + sum(constants.values())


def _list(found: list[_Op], _: Sequence[int]) -> None:
    """``[1, 2]``: an empty list and a tuple since 3.9."""
    if tuple(op.name for op in found[-3:]) != _LIST_OF_TUPLE:
        return
    empty, items, extend = found[-3:]
    if isinstance(items.operand, tuple) and empty.operand == 0 and extend.operand == 1:
        made = [_load(items, value) for value in items.operand]
        extend.name, extend.operand = "BUILD_LIST", len(made)
        _absorb(extend, empty, items)
        found[-3:-1] = made


_LIST_OF_TUPLE = ("BUILD_LIST", "LOAD_CONST", "LIST_EXTEND")


def _dict(found: list[_Op], entered: Sequence[int]) -> None:
    """``{"a": a}``: the keys are one constant up to 3.13, if each value is one load."""
    keys = found[-2].operand if len(found) > 1 else None
    if not isinstance(keys, tuple) or len(keys) != found[-1].operand:
        return
    start = len(found) - 2 - len(keys)
    if not _are_loads(found, start, _LOADS):
        return
    values = found[start:-2]
    if not _is_entered([*values, found[-1]], entered):
        pairs = zip(keys, values, strict=True)
        found[-1].name = "BUILD_MAP"
        found[-1].raw = found[-2].raw, found[-1].raw
        found[start:-1] = [part for key, value in pairs for part in (_load(value, key), value)]


def _slice(found: list[_Op], _: Sequence[int]) -> None:
    """``x[1:2]``: the slice is a constant since 3.14."""
    load = found[-1]
    if not isinstance(load.operand, Slice):
        return
    bounds = [load.operand.start, load.operand.stop]
    if load.operand.step is not None:
        bounds.append(load.operand.step)
    made = [_load(load, value) for value in bounds]
    load.name, load.operand = "BUILD_SLICE", len(made)
    found[-1:-1] = made


def _load(like: _Op, value: object) -> _Op:
    """Return the load of a constant, at the place of another op."""
    return _Op(CanonicalOp("LOAD_CONST", value, None, like.offset, None), like.place, like.raw)


_LOADS = frozenset({"LOAD_CONST", "LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME"})
_SPELLERS: Mapping[str, Callable[[list[_Op], Sequence[int]], None]] = MappingProxyType(
    {"LIST_EXTEND": _list, "BUILD_CONST_KEY_MAP": _dict, "LOAD_CONST": _slice}
)
#: Those that are spelled out wherever they are; of constants, slices are.
_DISPLAYS = _SPELLERS.keys() - {"LOAD_CONST"}

#: What is made of ops, and the ops without which there is nothing to make.
_CHANGES: Sequence[tuple[Callable[[Sequence[_Op]], list[_Op]], frozenset[str]]] = (
    (_calls, frozenset({"KW_NAMES", "CALL_KW"})),
    (_functions, frozenset({"MAKE_FUNCTION"})),
    (_displays, frozenset(_SPELLERS)),
)


# --- Rules -------------------------------------------------------------------------------------


#: The rules whose pattern begins with an op, by the op after it; None for any other, and for none.
_Candidates = Mapping[str | None, Sequence[LinearRule]]


@lru_cache(maxsize=128)
def _candidates(dialect: Dialect) -> Mapping[str, _Candidates]:
    """Return the rules that may fit, by the first two ops, in the order of the table."""
    return {first: _by_second(rules) for first, rules in linear_rules(dialect).items()}


def _by_second(rules: Sequence[LinearRule]) -> _Candidates:
    seconds = [rule.pattern[1].name if len(rule.pattern) > 1 else None for rule in rules]
    return {
        wanted: [
            rule for rule, second in zip(rules, seconds, strict=True) if second in (None, wanted)
        ]
        for wanted in (*seconds, None)
    }


def _rewritten(ops: list[_Op], rules: Mapping[str, _Candidates]) -> list[_Op]:
    """Apply the rules until none fits, from left to right."""
    entered = _entered(ops)
    done: list[_Op] = []
    waiting = ops[::-1]
    while waiting:
        next_op = waiting[-1]
        candidates = rules.get(next_op.name)
        if candidates is not None:
            second = waiting[-2].name if len(waiting) > 1 else None
            fitting = candidates.get(second, candidates[None])
            if fitting and _apply(fitting, done, waiting, entered):
                continue
        done.append(next_op)
        del waiting[-1]
    return done


def _apply(
    candidates: Sequence[LinearRule],
    done: list[_Op],
    waiting: list[_Op],
    entered: Sequence[int],
) -> bool:
    """Apply the first rule that fits to the ops that wait, the next of them last."""
    for rule in candidates:
        window = waiting[: -len(rule.pattern) - 1 : -1]
        bound = _bound(rule, window)
        if bound is not None and not _is_entered(window, entered):
            made = _replaced(rule, window, bound)
            waiting[-len(window) :] = reversed(made)
            if not made:
                _hand_over(window, (*done[-1:], *waiting[-1:]))
            waiting.extend(reversed(done[-_LONGEST_PATTERN:]))
            del done[-_LONGEST_PATTERN:]
            return True
    return False


def _entered(ops: Sequence[_Op]) -> list[int]:
    """Return the offsets that are jumped to, in order."""
    return sorted({op.target for op in ops if op.target is not None})


def _hand_over(dropped: Sequence[_Op], near: Sequence[_Op]) -> None:
    """Give the instructions of ops that are gone to the op after them, or else before them."""
    if near:
        near[-1].raw = tuple(op.raw for op in (*dropped, near[-1]))


#: Ops that a pattern can have; so far back a change can make another rule fit.
_LONGEST_PATTERN = 6


def _bound(rule: LinearRule, window: Sequence[_Op]) -> dict[str, object] | None:
    """Return the operands that a pattern names, None if it does not fit."""
    if len(window) < len(rule.pattern):
        return None
    bound: dict[str, object] = {}
    for term, op in zip(rule.pattern, window, strict=True):
        if term.name != op.name or not _fits(term, op, bound):
            return None
    return bound


def _fits(term: LinearTerm, op: _Op, bound: dict[str, object]) -> bool:
    if term.variable is not None:
        if any(_is_same(op.operand, known) for known in bound.values()):
            return False
        bound[term.variable] = op.operand
        return True
    # Literals of the table are None, bools, numbers and words: a type and == tell them apart.
    return term.is_any or (type(term.literal) is type(op.operand) and term.literal == op.operand)


def _is_same(one: object, other: object) -> bool:
    """Return whether operands are equal. Python's own ``==`` recurses into deep constants."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return constants_equal(one, other)
    return one == other


def _is_entered(window: Sequence[_Op], entered: Sequence[int]) -> bool:
    """Return whether something jumps between the ops."""
    return _is_between(entered, window[0].offset, window[-1].offset)


def _is_between(entered: Sequence[int], start: int, end: int) -> bool:
    """Return whether there is a target after ``start``, up to ``end``."""
    after = bisect_right(entered, start)
    return after < len(entered) and entered[after] <= end


def _replaced(rule: LinearRule, window: Sequence[_Op], bound: Mapping[str, object]) -> list[_Op]:
    """Return what takes the place of ops, with the instructions of those that it is like."""
    jump = next((op for op in window if op.target is not None), None)
    rest = list(window)
    left: _Raw = ()
    made: list[_Op] = []
    for term in rule.becomes:
        operand = term.literal if term.variable is None else bound[term.variable]
        alike = (op for op in rest if op.name == term.name and _is_same(op.operand, operand))
        like = next(alike, rest[0])
        is_jump = jump is not None and linear_ops()[term.name].operand is LinearOperand.TARGET
        target = jump.target if jump is not None and is_jump else None
        op = CanonicalOp(term.name, operand, target, window[0].offset, None)
        left = tuple(op.raw for op in rest)
        if len(rest) > 1:
            rest.remove(like)
        made.append(_Op(op, like.place, like.raw))
    if made and len(window) > len(made):
        made[-1].raw = left
    return made


# --- Jumps -------------------------------------------------------------------------------------


def _reached(ops: Sequence[_Op], handlers: Sequence[int]) -> list[_Op]:
    """Leave out what nothing leads to: some compilers keep it."""
    targets = {*handlers, *(op.target for op in ops)}
    entered = sorted(target for target in targets if target is not None)
    found: list[_Op] = []
    is_reached, start = True, -1
    for op in ops:
        # A target may be the offset of an instruction that has no op.
        is_reached = is_reached or _is_between(entered, start, op.offset)
        start = op.offset
        if is_reached:
            found.append(op)
            is_reached = op.name not in _LEAVES
    return found


_LEAVES = frozenset(
    kind.name for kind in vocabulary().values() if kind.flow in (Flow.JUMP, Flow.EXIT)
)
_OR_POP = MappingProxyType(
    {"JUMP_IF_FALSE_OR_POP": "POP_JUMP_IF_FALSE", "JUMP_IF_TRUE_OR_POP": "POP_JUMP_IF_TRUE"}
)
_INVERSE = MappingProxyType(
    {"POP_JUMP_IF_FALSE": "POP_JUMP_IF_TRUE", "POP_JUMP_IF_TRUE": "POP_JUMP_IF_FALSE"}
)


def _threaded(ops: list[_Op]) -> bool:
    """Let jumps go where they end up, as some compilers do; return whether one changed."""
    entered = frozenset(_entered(ops))
    if not entered:
        return False
    offsets = [op.offset for op in ops]
    before = [(op.name, op.target) for op in ops]
    gone: set[int] = set()
    for index, op in enumerate(ops):
        place = None if op.target is None else bisect_left(offsets, op.target)
        if place is None or place >= len(ops):
            continue
        there, after = ops[place], ops[place + 1 : place + 2]
        if op.name == "JUMP" and there.name == "RETURN_VALUE":
            op.name, op.target = "RETURN_VALUE", None
        elif op.name in _OR_POP and there.name == op.name:
            op.target = there.target
        elif op.name in _OR_POP and after and there.name in _DROPS:
            # The value that it keeps is dropped there: by POP_TOP, or because of its truth.
            op.name, op.target = _OR_POP[op.name], after[0].offset
        elif op.name in _INVERSE and place == index + 2 and ops[index + 1].name == "JUMP":
            jump = ops[index + 1]
            if jump.offset not in entered:
                op.name, op.target, op.raw = _INVERSE[op.name], jump.target, (op.raw, jump.raw)
                gone.add(index + 1)
    changed = before != [(op.name, op.target) for op in ops]
    ops[:] = [op for index, op in enumerate(ops) if index not in gone]
    return changed


_DROPS = frozenset({"POP_TOP", *_OR_POP})


# --- Places ------------------------------------------------------------------------------------


@cache
def _operands() -> Mapping[str, LinearOperand]:
    return {name: kind.operand for name, kind in linear_ops().items()}


#: LinearStep's own constructor takes twice as long.
_new_step = partial(tuple.__new__, LinearStep)


class _Raws:
    """Puts the instructions of ops into one tuple each; those that share them share it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, ...]] = {}

    def flat(self, root: _Raw) -> tuple[int, ...]:
        """Return all indexes, in order. ``root`` must live as long as this does."""
        known = self._known.get(id(root))
        if known is None:
            known = self._known[id(root)] = tuple(_flat(root))
        return known


def _flat(root: _Raw) -> Iterator[int]:
    waiting: list[object] = [root]
    while waiting:
        part = waiting.pop()
        if isinstance(part, int):
            yield part
        elif isinstance(part, tuple):
            waiting.extend(reversed(part))


#: Kinds of operands that are written as they are, and operands of which something else is told.
_AS_IT_IS = frozenset(
    {LinearOperand.NAME, LinearOperand.CONST, LinearOperand.NUMBER, LinearOperand.NAMES}
)
_TOLD = frozenset({Code, Unknown})


def _operand(op: _Op, kind: LinearOperand) -> tuple[object, LinearOperand]:
    """Return an operand as it is written, and what it is."""
    operand = op.operand
    if isinstance(operand, Code):
        return operand.name, LinearOperand.CODE
    if isinstance(operand, Unknown):
        return operand.opname, LinearOperand.WORD
    if kind is LinearOperand.NONE or kind is LinearOperand.TARGET:
        return None, kind
    if kind is LinearOperand.WORD and isinstance(operand, str):
        return as_written(operand), kind
    return operand, kind
