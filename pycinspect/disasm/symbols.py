"""What is on the stack at each instruction, in symbols."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from pycinspect.dialects import Dialect, Flow, StackPicture, picture_of
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm.decode import Instruction
from pycinspect.disasm.handlers import Handler
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import Implementation

__all__ = ["Stack", "stack_after", "symbolic_stacks"]

#: The names of values, the top last.
Stack = tuple[str, ...]

#: What is one value on one path, and another on another.
_EITHER = "?"
_SENT, _LASTI, _EXCEPTION = "sent", "lasti", "exception"
#: Characters of a name: expressions grow with every operator.
_LONGEST = 40
_WORD = re.compile(r"[A-Za-z_]\w*")
#: Words of the pictures that the argument says: an operator, an attribute.
_OPERATOR, _NAME = "op", "name"
#: What is around the name of a global variable or attribute in the text of an argument.
_BESIDE = re.compile(r"^NULL \+ | \+ NULL(?:\|self)?$")
#: Steps that one instruction may take on average; names only ever become "?".
_STEPS = 50
_FEW = 10_000
#: Symbols of all stacks: code that only pushes has the square of its length.
_MOST = 1_000_000


def symbolic_stacks(
    code: Code, listed: Sequence[Instruction], dialect: Dialect, handlers: Sequence[Handler]
) -> list[Stack | None]:
    """Return what is on the stack before each instruction, in symbols.

    Args:
        code: the code object.
        listed: its instructions.
        dialect: who wrote it.
        handlers: its exception table.

    Returns:
        One for each instruction, the top last, None for one that no path leads to. A value
        that is one thing on one path and another on another is ``?``.

    Raises:
        PycInspectError: ``unsupported`` where blocks, not the instructions, say how the stack
            is left (up to 3.7), for PyPy, or where the opcodes are not known; ``limit`` where it takes too long.

    What an instruction does is what its picture says (``dialects/pictures.tsv``).
    """
    bytecode = dialect.bytecode
    (exactness,) = bytecode.opcodes.words.get("effects", ("",)) if bytecode else ("",)
    is_pictured = dialect.implementation is Implementation.CPYTHON
    if bytecode is None or exactness != "exact" or not is_pictured:
        message = f"the stack of {dialect.name} is not followed in symbols"
        raise PycInspectError("unsupported", message)
    sent = bytecode.sent_at_entry and code.flags & CodeFlag.SUSPENDED != 0
    paths = _Paths(listed, _moves(dialect))
    paths.enter(0, (_SENT,) if sent else ())
    paths.run()
    for handler in handlers:
        paths.jump(handler.target, paths.caught(handler))
        paths.run()
    return paths.stacks


class _SymbolicMove(NamedTuple):
    """What an opcode does, and where control goes."""

    picture: StackPicture | None
    goes_on: bool
    jumps: bool


@cache
def _moves(dialect: Dialect) -> tuple[_SymbolicMove, ...]:
    assert dialect.bytecode is not None  # symbolic_stacks has looked
    return tuple(
        _SymbolicMove(
            None if row.flow is Flow.UNKNOWN else picture_of(row.base, dialect.python),
            row.flow not in (Flow.JUMP, Flow.EXIT, Flow.UNKNOWN),
            row.flow in (Flow.BRANCH, Flow.JUMP, Flow.SETUP),
        )
        for row in dialect.bytecode.opcodes.by_number
    )


class _Paths:
    """The stacks that are known, and the instructions that have yet to be followed."""

    def __init__(self, listed: Sequence[Instruction], moves: Sequence[_SymbolicMove]) -> None:
        self._listed = listed
        self._moves = moves
        self._index = {step.offset: index for index, step in enumerate(listed)}
        self._steps = _FEW + _STEPS * len(listed)
        self._room = _MOST
        self._waiting: list[int] = []
        self.stacks: list[Stack | None] = [None] * len(listed)

    def enter(self, index: int, stack: Stack) -> None:
        """Note that a path reaches an instruction."""
        if index >= len(self.stacks):
            return
        known = self.stacks[index]
        merged = stack if known is None else _merged(known, stack)
        if merged != known:
            self._room -= len(merged)
            if self._room < 0:
                raise _too_much()
            self.stacks[index] = merged
            self._waiting.append(index)

    def jump(self, target: int | None, stack: Stack) -> None:
        """Note that a path leads to an offset; one that is not an instruction is not followed."""
        index = self._index.get(-1 if target is None else target)
        if index is not None:
            self.enter(index, stack)

    def caught(self, handler: Handler) -> Stack:
        """Return the stack at the start of a handler."""
        inside = (
            self.stacks[index]
            for index, step in enumerate(self._listed)
            if handler.start <= step.offset < handler.end
        )
        found = next((stack for stack in inside if stack is not None), ())
        kept = (*found[: handler.depth], *([_EITHER] * (handler.depth - len(found))))
        return (*kept, *([_LASTI] if handler.lasti else []), _EXCEPTION)

    def run(self) -> None:
        """Follow all paths."""
        while self._waiting:
            self._steps -= 1
            if self._steps < 0:
                raise _too_much()
            self._follow(self._waiting.pop())

    def _follow(self, index: int) -> None:
        step, stack = self._listed[index], self.stacks[index]
        move = self._moves[step.opcode]
        if stack is None or move.picture is None:
            return
        if move.jumps:
            self.jump(step.jump_target, stack_after(stack, step, move.picture, jump=True))
        if move.goes_on:
            self.enter(index + 1, stack_after(stack, step, move.picture, jump=False))


def _too_much() -> PycInspectError:
    return PycInspectError("limit", "the stack is not followed: it takes too long")


def _merged(known: Stack, stack: Stack) -> Stack:
    """Return what two paths have in common; up to 3.10 the deeper stack is that of blocks."""
    if len(known) != len(stack):
        return max(known, stack, key=len)
    return tuple(a if a == b else _EITHER for a, b in zip(known, stack, strict=True))


def stack_after(
    stack: Stack, step: Instruction, picture: StackPicture, *, jump: bool = False
) -> Stack:
    """Return the stack after an instruction; what it takes from below the bottom is ``?``.

    Args:
        stack: what is there before.
        step: the instruction.
        picture: what its operation does.
        jump: it jumps.
    """
    argument = step.arg or 0
    if picture.name in _MOVERS:
        return _MOVED[picture.name](stack, argument)
    taken, given = picture.values(argument, jump=jump)
    missing = len(taken) - len(stack)
    full = (*([_EITHER] * missing), *stack)
    split = len(full) - len(taken)
    return (*full[:split], *_given(taken, given, full[split:], step))


def _copied(stack: Stack, argument: int) -> Stack:
    known = 0 < argument <= len(stack)
    return (*stack, stack[-argument] if known else _EITHER)


def _swapped(stack: Stack, argument: int) -> Stack:
    if not 0 < argument <= len(stack):
        return stack
    changed = list(stack)
    changed[-1], changed[-argument] = changed[-argument], changed[-1]
    return tuple(changed)


def _rotated(stack: Stack, argument: int) -> Stack:
    if not 0 < argument <= len(stack):
        return stack
    split = len(stack) - argument
    return (*stack[:split], stack[-1], *stack[split:-1])


#: What moves values from where the argument says, which no picture shows.
_MOVED = {"COPY": _copied, "SWAP": _swapped, "ROT_N": _rotated}
_MOVERS = frozenset(_MOVED)


def _given(taken: list[str], given: list[str], values: Stack, step: Instruction) -> list[str]:
    """Return the names of what an instruction leaves."""
    bound: dict[str, list[str]] = {}
    for name, value in zip(taken, values, strict=True):
        bound.setdefault(name, []).append(value)
    texts = iter(_texts(step))
    used = dict.fromkeys(bound, 0)
    found = []
    for name in given:
        if name in bound:
            several = bound[name]
            found.append(several[used[name] % len(several)])
            used[name] += 1
        elif _WORD.fullmatch(name):
            found.append(_named(name, bound, texts))
        else:
            found.append(_short(_substituted(name, bound, step)))
    return found


def _texts(step: Instruction) -> Iterable[str]:
    """Return what the argument names, for instructions that push it."""
    return (
        _BESIDE.sub("", step.argrepr).split(", ")
        if step.opname.startswith("LOAD_") or ("_LOAD_" in step.opname)
        else ()
    )


def _named(name: str, bound: dict[str, list[str]], texts: Iterable[str]) -> str:
    """Return the name of a new value."""
    if name in ("value", "first", "second"):
        return _short(next(iter(texts), name) or name)
    callables = bound.get("callable") or bound.get("function") or bound.get("method")
    if name == "result" and callables:
        return _short(f"{callables[0]}(…)")
    return name


def _substituted(expression: str, bound: dict[str, list[str]], step: Instruction) -> str:
    """Return an expression of a picture with the values in it."""

    def word(match: re.Match[str]) -> str:
        name = match[0]
        if name == _OPERATOR:
            return step.argrepr or name
        if name == _NAME:
            return str(step.argval) if isinstance(step.argval, str) else name
        if name not in bound:
            return name
        value = bound[name][0]
        return f"({value})" if " " in value else value

    return _WORD.sub(word, expression)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
