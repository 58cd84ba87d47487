"""The same code in another shape, made with the ``bytecode`` package for the running Python.

A code object is cut into blocks that name what follows them; shapes change how the blocks
look and where they stand; then it is put together again, with its exception table.
"""

from __future__ import annotations

import marshal
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import CodeType

from bytecode import Bytecode, Instr, Label, SetLineno, TryBegin, TryEnd

from pycinspect.disasm import exception_table
from pycinspect.pyc import Code, unmarshal
from tests.canonical.kit import RUNNING

__all__ = ["SHAPES", "reshaped"]

_ENDS = frozenset({"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"})
_JUMPS = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE"})
#: The interpreter relies on what stands at, or before, the target of these.
_TIED = frozenset({"FOR_ITER", "SEND", "END_ASYNC_FOR"})
_TIED_TO = frozenset({"END_FOR", "END_SEND", "POP_ITER"})
_MANY = 300


@dataclass
class Block:
    """Instructions that are entered at the first one alone.

    Args:
        steps: the instructions; one that may jump is the last.
        follows: the block after it, None where there is none.
        jump: the block to which the last instruction may jump, None if it does not.
        leaves: whether there is a jump to ``follows`` even if that comes next.
        guard: the exception handler, as its block's number, push_lasti and stack depth.
    """

    steps: list[Instr]
    follows: int | None = None
    jump: int | None = None
    leaves: bool = False
    guard: tuple[int, bool, int] | None = None


Blocks = dict[int, Block]
Shape = Callable[[Blocks, random.Random], list[int]]


def reshaped(code: CodeType, shape: str, seed: int) -> CodeType:
    """Return code that does the same in another shape, a key of ``SHAPES``."""
    whole = Bytecode.from_code(code)
    root = unmarshal(marshal.dumps(code), RUNNING).value
    assert isinstance(root, Code)
    # ``bytecode`` reads no depths, and finds them only where blocks are in their usual order.
    blocks = _cut(whole, [row.depth for row in exception_table(root, RUNNING)])
    order = SHAPES[shape](blocks, random.Random(seed))
    whole[:] = _joined(blocks, order)
    return whole.to_code(stacksize=code.co_stacksize + 1, compute_exception_stack_depths=False)


# --- Cutting and joining ----------------------------------------------------------------------


def _cut(whole: Bytecode, depths: list[int]) -> Blocks:
    """Cut code into blocks; their numbers are their order.

    Args:
        whole: the code.
        depths: values on the stack below the exception, for each row of the exception table.
    """
    ahead = iter(depths)
    blocks: Blocks = {0: Block([])}
    labels: dict[int, int] = {}
    guard: TryBegin | None = None
    begun: dict[int, tuple[TryBegin, int]] = {}
    depth = 0

    def begin() -> None:
        last = len(blocks) - 1
        if blocks[last].steps:
            if not _ends(blocks[last]):
                blocks[last].follows = last + 1
            blocks[last + 1] = Block([])
        if guard is not None:
            begun[len(blocks) - 1] = guard, depth
        else:
            begun.pop(len(blocks) - 1, None)

    for part in whole:
        if isinstance(part, SetLineno):
            continue
        if isinstance(part, TryBegin | TryEnd):
            guard = part if isinstance(part, TryBegin) else None
            depth = next(ahead) if guard else 0
            begin()
        elif isinstance(part, Label):
            begin()
            labels[id(part)] = len(blocks) - 1
        else:
            blocks[len(blocks) - 1].steps.append(part.copy())
            if isinstance(part.arg, Label) or part.name in _ENDS:
                begin()
    if not blocks[len(blocks) - 1].steps:
        del blocks[len(blocks) - 1]
    for number, block in blocks.items():
        last = block.steps[-1]
        if isinstance(last.arg, Label):
            target = labels[id(last.arg)]
            if last.name in _JUMPS:
                block.follows = target
                block.steps.pop()
            else:
                block.jump = target
        if number in begun:
            entry, below = begun[number]
            block.guard = (labels[id(entry.target)], entry.push_lasti, below)
    return blocks


def _ends(block: Block) -> bool:
    return block.steps[-1].name in _ENDS or block.steps[-1].name in _JUMPS


def _joined(blocks: Blocks, order: list[int]) -> list[object]:
    """Put blocks together in an order; whatever jumps backward does so without a condition."""
    places = {number: place for place, number in enumerate(order)}
    labels = {number: Label() for number in order}
    written: list[object] = []
    for place, number in enumerate(order):
        block = blocks[number]
        written.append(labels[number])
        written += _guarded(block, _steps(block, place, places, labels), labels)
    return written


def _steps(
    block: Block, place: int, places: Mapping[int, int], labels: Mapping[int, Label]
) -> list[object]:
    """Return the instructions of a block and its jumps."""
    written: list[object] = [*block.steps]
    location = block.steps[-1].location if block.steps else None
    trampoline: list[object] = []
    if block.jump is not None:
        name = block.steps[-1].name.replace("BACKWARD", "FORWARD")
        target = labels[block.jump]
        if places[block.jump] <= place:
            near = Label()
            trampoline = [near, Instr("JUMP_BACKWARD", target, location=location)]
            target = near
        written[-1] = Instr(name, target, location=location)
    is_next = block.follows is not None and places[block.follows] == place + 1
    if block.follows is not None and (trampoline or block.leaves or not is_next):
        word = "JUMP_FORWARD" if places[block.follows] > place else "JUMP_BACKWARD"
        written.append(Instr(word, labels[block.follows], location=location))
    return [*written, *trampoline]


def _guarded(block: Block, steps: list[object], labels: Mapping[int, Label]) -> list[object]:
    if block.guard is None or not steps:
        return steps
    handler, lasti, depth = block.guard
    begin = TryBegin(labels[handler], push_lasti=lasti, stack_depth=depth)
    return [begin, *steps, TryEnd(begin)]


# --- Shapes -----------------------------------------------------------------------------------


def _head(blocks: Blocks) -> int:
    """Return the number of instructions at the start that must stay where they are."""
    names = [step.name for step in blocks[0].steps]
    return names.index("RESUME") + 1 if "RESUME" in names else len(names)


def _places(blocks: Blocks) -> list[tuple[int, int]]:
    """Return before which instructions others may stand."""
    return [
        (number, place)
        for number, block in blocks.items()
        for place in range(0 if number else _head(blocks), len(block.steps))
        if not _sticks(block.steps[place - 1] if place else None, block.steps[place])
    ]


def _sticks(one: Instr | None, other: Instr) -> bool:
    """Return whether nothing may stand between two instructions, None for the start of a block."""
    if one is None:
        return other.name in _TIED | _TIED_TO
    return one.name in ("KW_NAMES", "PRECALL", "END_FOR")


def _with_nops(count: int) -> Shape:
    def shape(blocks: Blocks, rng: random.Random) -> list[int]:
        places = _places(blocks)
        for number, place in sorted(rng.sample(places, len(places) // 2), reverse=True):
            location = blocks[number].steps[place].location
            blocks[number].steps[place:place] = [Instr("NOP", location=location)] * count
        return [*blocks]

    return shape


def _without_nops(blocks: Blocks, _: random.Random) -> list[int]:
    for block in blocks.values():
        block.steps = [step for step in block.steps if step.name != "NOP"]
    return [*blocks]


def _wide(blocks: Blocks, rng: random.Random) -> list[int]:
    """Load so many constants first that the others need EXTENDED_ARG; make jumps long."""
    order = _with_nops(_MANY // 10)(blocks, rng)
    loads = [[Instr("LOAD_CONST", 1.5 + n), Instr("POP_TOP")] for n in range(_MANY)]
    head = _head(blocks)
    location = blocks[0].steps[0].location
    steps = [replace_location(step, location) for pair in loads for step in pair]
    blocks[0].steps[head:head] = steps
    return order


def replace_location(step: Instr, location: object) -> Instr:
    return Instr(step.name, *([step.arg] if step.name != "POP_TOP" else []), location=location)


def _split(blocks: Blocks, rng: random.Random) -> list[int]:
    """Cut blocks in two, so that there is a jump between."""
    places = [place for place in _places(blocks) if place[1]]
    order = [*blocks]
    for number, place in sorted(rng.sample(places, len(places) // 2), reverse=True):
        block, new = blocks[number], len(blocks)
        blocks[new] = replace(block, steps=block.steps[place:])
        block.steps, block.follows, block.jump = block.steps[:place], new, None
        block.leaves = True
        order.insert(order.index(number) + 1, new)
    return order


def _shuffled(blocks: Blocks, rng: random.Random) -> list[int]:
    """Return the blocks in a random order in which what is tied stands after its jump."""
    before: dict[int, set[int]] = {number: {0} for number in blocks}
    before[0] = set()
    for number, block in blocks.items():
        if block.jump is not None and block.steps[-1].name in _TIED:
            before[block.jump].add(number)
        if (tail := _tail(block, blocks)) is not None:
            before[tail].add(number)
    order: list[int] = []
    while len(order) < len(blocks):
        ready = [n for n in blocks if n not in order and before[n] <= {*order}]
        order.append(rng.choice(ready))
        while (tail := _tail(blocks[order[-1]], blocks)) is not None and tail not in order:
            order.append(tail)
    return order


def _tail(block: Block, blocks: Blocks) -> int | None:
    """Return the block that must stand after this one: FOR_ITER jumps there (3.13)."""
    if not block.steps or block.steps[-1].name != "END_FOR" or block.follows is None:
        return None
    steps = blocks[block.follows].steps
    return block.follows if steps and steps[0].name in ("POP_TOP", "POP_ITER") else None


def _split_and_shuffled(blocks: Blocks, rng: random.Random) -> list[int]:
    _split(blocks, rng)
    return _shuffled(blocks, rng)


def _copied_ends(blocks: Blocks, rng: random.Random) -> list[int]:
    """Give each way to a block that returns or raises a copy of its own."""
    for block in [*blocks.values()]:
        target = block.follows
        if target is None or not blocks[target].steps or not block.steps:
            continue
        if blocks[target].steps[-1].name not in _ENDS or blocks[target].guard != block.guard:
            continue
        copy = replace(blocks[target], steps=[step.copy() for step in blocks[target].steps])
        block.follows = len(blocks)
        blocks[len(blocks)] = copy
    return _shuffled(blocks, rng)


SHAPES: Mapping[str, Shape] = {
    "NOPs inserted": _with_nops(1),
    "NOPs stripped": _without_nops,
    "wide": _wide,
    "jumps to what is next": _split,
    "blocks reordered": _shuffled,
    "blocks split and reordered": _split_and_shuffled,
    "ends copied": _copied_ends,
}
