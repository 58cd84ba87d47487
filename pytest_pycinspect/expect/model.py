"""Expectations as objects. Texts are parsed to these; there is nothing that only one can say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from types import EllipsisType

from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.guards import condition
from pytest_pycinspect.expect.single import OPNAME, At, Op, View, op
from pytest_pycinspect.expect.terms import (
    ANY,
    BARE_NAME,
    COMPARISONS,
    IDENTIFIER,
    KEYWORD_OPERATORS,
    KEYWORDS,
    OPERATOR,
    RESERVED,
    Anything,
    Argument,
    Arguments,
    Capture,
    CodeName,
    Compare,
    Literal,
    Name,
    OneOf,
    Operand,
    Regex,
    Target,
    Word,
    label_name,
)

__all__ = [
    "ANY",
    "BARE_NAME",
    "COMPARISONS",
    "GROUP_LIMIT",
    "IDENTIFIER",
    "KEYWORDS",
    "KEYWORD_OPERATORS",
    "OPERATOR",
    "OPNAME",
    "RESERVED",
    "Anchor",
    "AnyOrder",
    "Anything",
    "Argument",
    "Arguments",
    "At",
    "Block",
    "BlockKind",
    "Capture",
    "CodeName",
    "Compare",
    "Guard",
    "Item",
    "Label",
    "Literal",
    "Name",
    "Never",
    "Not",
    "OneOf",
    "Op",
    "Operand",
    "Pattern",
    "Regex",
    "Repeat",
    "Single",
    "Target",
    "Total",
    "View",
    "Word",
    "lines_of",
    "op",
]

#: Members of an unordered group: each more doubles what has to be tried.
GROUP_LIMIT = 8

# --- Lines ---------------------------------------------------------------------------------

Single = Op | Anything


@dataclass(frozen=True, slots=True)
class Not:
    """An instruction that must not occur in the gap around this line."""

    op: Op

    def __str__(self) -> str:
        return f"not {self.op}"


@dataclass(frozen=True, slots=True)
class Never:
    """An instruction that must not occur anywhere in the code object."""

    op: Op

    def __str__(self) -> str:
        return f"never {self.op}"


def _check_range(low: int, high: int | None) -> None:
    if low < 0 or (high is not None and high < low):
        raise PatternError(f"{low}..{high} is not a range of numbers")


def _range(low: int, high: int | None) -> str:
    if low == high:
        return f"{low}x"
    return f"{low}..{'' if high is None else high}x"


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many instructions of a kind, one after the other.

    Beside a gap it is not more than that many: ``2x CALL`` is not found in three. None at
    all, ``0x``, is the same as :class:`Not`.

    Args:
        op: the instruction.
        low: the least number.
        high: the largest, None for no limit.
    """

    op: Single
    low: int
    high: int | None

    def __post_init__(self) -> None:
        _check_range(self.low, self.high)

    def __str__(self) -> str:
        if (self.low, self.high) == (1, None):
            return f"+ {self.op}"
        return f"{_range(self.low, self.high)} {self.op}"


@dataclass(frozen=True, slots=True)
class Total:
    """So many instructions of a kind in the code object, wherever they are."""

    op: Op
    low: int
    high: int | None

    def __post_init__(self) -> None:
        _check_range(self.low, self.high)

    def __str__(self) -> str:
        return f"total {_range(self.low, self.high)} {self.op}"


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """Runs of instructions in any order, none of them used twice.

    Args:
        members: each a run of consecutive instructions.
        gaps: whether others may stand between them.
    """

    members: tuple[tuple[Single, ...], ...]
    gaps: bool = False

    def __post_init__(self) -> None:
        members = tuple(m if isinstance(m, tuple) else (m,) for m in self.members)
        object.__setattr__(self, "members", members)
        if not 1 <= len(members) <= GROUP_LIMIT:
            raise PatternError(f"an unordered group has 1 to {GROUP_LIMIT} members")
        if not all(m and all(isinstance(one, Single) for one in m) for m in members):
            raise PatternError("members of an unordered group are instructions")


@dataclass(frozen=True, slots=True)
class Label:
    """A name for a position, the target of a jump."""

    name: str

    def __post_init__(self) -> None:
        label_name(self.name)

    def __str__(self) -> str:
        return f"{self.name}:"


class Anchor(Enum):
    """An end of the code."""

    START = "^"
    END = "$"

    def __str__(self) -> str:
        return self.value


class BlockKind(Enum):
    """How a nested block says which code it is about."""

    PATH = "[]"
    DEF = "def"
    CLASS = "class"
    LAMBDA = "lambda"
    #: The same code, in another view.
    RAW = "raw"
    SPECIALIZED = "spec"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines about nested code, matched on their own.

    Args:
        kind: see :class:`BlockKind`.
        name: a qualified name, or its last parts; "" where the kind says it all.
        items: the lines.
    """

    kind: BlockKind
    name: str
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        form = _BLOCK_NAMES[self.kind]
        if not form.fullmatch(self.name):
            raise PatternError(f"{self.name!r} is not a name of nested code")
        object.__setattr__(self, "items", _checked(self.items))
        if not self.items:
            raise PatternError("a block has lines")


_PATH_NAME = re.compile(r"[^\s\[\];#]+")
_NOTHING = re.compile("")
_BLOCK_NAMES = {
    BlockKind.PATH: _PATH_NAME,
    BlockKind.DEF: IDENTIFIER,
    BlockKind.CLASS: IDENTIFIER,
    BlockKind.LAMBDA: _NOTHING,
    BlockKind.RAW: _NOTHING,
    BlockKind.SPECIALIZED: _NOTHING,
}


@dataclass(frozen=True, slots=True)
class Guard:
    """Lines that count on some Pythons only.

    Args:
        conditions: strings such as ``>=3.12``, ``3.9-3.11``, ``!3.13``, ``opt2``, ``pypy``;
            all of them must hold.
        items: the lines.
        otherwise: the lines that count where these do not.
    """

    conditions: tuple[str, ...]
    items: tuple[Item, ...]
    otherwise: tuple[Item, ...] = ()

    def __post_init__(self) -> None:
        for text in self.conditions:
            condition(text)
        if not self.conditions or not self.items:
            raise PatternError("a guard has a condition and lines")
        object.__setattr__(self, "items", _checked(self.items))
        object.__setattr__(self, "otherwise", _checked(self.otherwise))
        self._join()

    def _join(self) -> None:
        """Make one guard of two that are about the same lines, as text does."""
        first = self.items[0]
        if len(self.items) > 1 or self.otherwise or not isinstance(first, Guard):
            return
        if not first.otherwise:
            object.__setattr__(self, "conditions", self.conditions + first.conditions)
            object.__setattr__(self, "items", first.items)


Item = (
    Op
    | Anything
    | EllipsisType
    | Not
    | Never
    | Repeat
    | Total
    | AnyOrder
    | Label
    | Anchor
    | Block
    | Guard
)


def _checked(items: object) -> tuple[Item, ...]:
    checked = tuple(items) if isinstance(items, list | tuple) else (items,)
    for item in checked:
        if not isinstance(item, Item):
            raise PatternError(f"{type(item).__name__} is not a line of an expectation")
    return checked


@dataclass(frozen=True, slots=True)
class Pattern:
    """An expectation about one code object and those nested in it.

    Args:
        items: its lines.
    """

    items: tuple[Item, ...]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", _checked(self.items))
        if not self.items:
            raise PatternError("an expectation has lines; this one says nothing")
        object.__setattr__(self, "_hash", hash(self.items))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        """Return the text that parses to it."""
        return "\n".join(lines_of(self.items))


# --- Text ----------------------------------------------------------------------------------

_INDENT = "    "


def lines_of(items: tuple[Item, ...]) -> list[str]:
    """Return the lines of an expectation as text."""
    return [line for item in items for line in _lines(item)]


def _lines(item: Item) -> list[str]:
    if isinstance(item, AnyOrder):
        members = ["; ".join(map(str, member)) for member in item.members]
        return ["any:", *_indented([*members, *(["..."] if item.gaps else [])])]
    if isinstance(item, Block):
        return [_header(item), *_indented(lines_of(item.items))]
    if isinstance(item, Guard):
        return _guard(item)
    return ["..." if item is ... else str(item)]


def _header(block: Block) -> str:
    if block.kind is BlockKind.PATH:
        return f"[{block.name}]"
    return f"{block.kind.value} {block.name}".rstrip() + ":"


def _guard(guard: Guard) -> list[str]:
    head = " ".join(f"@{text}" for text in guard.conditions)
    inner = lines_of(guard.items)
    if len(inner) == 1 and not guard.otherwise:
        return [f"{head} {inner[0]}"]
    lines = [f"{head}:", *_indented(inner)]
    if guard.otherwise:
        lines += ["@else:", *_indented(lines_of(guard.otherwise))]
    return lines


def _indented(lines: list[str]) -> list[str]:
    return [_INDENT + line for line in lines]
