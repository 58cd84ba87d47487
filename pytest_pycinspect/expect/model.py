"""Expectations as objects. Texts are parsed to these; there is nothing that only one can say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from types import EllipsisType

from pytest_pycinspect.expect.constants import spelled, typed_key
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.guards import condition

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

#: What an opcode is called: ``LOAD_FAST``, Python 2's ``SLICE+1``, ``<200>`` without a name.
OPNAME = re.compile(r"[A-Z][A-Z0-9_]*(?:\+[0-9])?(?![\w+])|<[0-9]+>")
IDENTIFIER = re.compile(r"[^\W\d]\w*")
#: A name that is written without quotes: dotted for modules, ``.0`` for the iterator of a generator.
BARE_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?![\w.])|\.0(?![\w.])")
#: Operators. A slash may begin a regular expression, two cannot.
OPERATOR = re.compile(r"[-+*/%@&|^<>=!~\[\]]+(?:_\w+)?")
#: Words between the operands of Python's operators.
KEYWORD_OPERATORS = ("is not", "not in", "is", "in", "not")
#: Bare words that are something else than a name.
RESERVED = frozenset({"_", "None", "True", "False", "Ellipsis", *KEYWORD_OPERATORS})
#: Members of an unordered group: each more doubles what has to be tried.
GROUP_LIMIT = 8

# --- Operands ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Anything:
    """Any operand; as a line, any instruction."""

    def __str__(self) -> str:
        return "_"


#: The only :class:`Anything`.
ANY = Anything()


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A constant, compared with its type and sign; a string is also equal to a name.

    Args:
        value: a constant of Python.
    """

    value: object

    def __post_init__(self) -> None:
        if spelled(self.value) is None:
            raise PatternError(f"{type(self.value).__name__} is not a constant that can be written")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and typed_key(self.value) == typed_key(other.value)

    def __hash__(self) -> int:
        return hash(typed_key(self.value))

    def __str__(self) -> str:
        return spelled(self.value) or "_"


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, attribute, module, or a word: a string that is not a constant."""

    text: str

    def __post_init__(self) -> None:
        if not BARE_NAME.fullmatch(self.text) or self.text in RESERVED:
            raise PatternError(f"{self.text!r} is not a name; a Literal can have any text")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Word:
    """An operator: ``+=``, ``is not``."""

    text: str

    def __post_init__(self) -> None:
        if not OPERATOR.fullmatch(self.text) and self.text not in KEYWORD_OPERATORS:
            raise PatternError(f"{self.text!r} is not an operator")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class CodeName:
    """A code object, by its name: ``<code render>``, ``<code <lambda>>``."""

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\s<>]+|<[a-z]+>", self.name):
            raise PatternError(f"{self.name!r} is not a name of a code object")

    def __str__(self) -> str:
        return f"<code {self.name}>"


@dataclass(frozen=True, slots=True)
class Arguments:
    """How many arguments, and the names of the last: ``2 ('key',)``, ``_ ('key',)``.

    Args:
        count: how many, None for any number.
        names: of those that are passed by keyword.
    """

    count: int | None
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not all(isinstance(name, str) for name in self.names):
            raise PatternError("names of arguments are strings")

    def __str__(self) -> str:
        count = "_" if self.count is None else str(self.count)
        return f"{count} {spelled(tuple(self.names))}"


#: Beginnings that, after a slash, are an operator and what follows it: ``/; BINARY_OP /``.
_NO_REGEX = re.compile(r"[\s;=]|_classic")


def _plain_slashes(pattern: str) -> str:
    return re.sub(r"\\(.)", lambda found: "/" if found[1] == "/" else found[0], pattern)


@dataclass(frozen=True, slots=True)
class Argument:
    """The number after an opcode of the interpreter, whatever it stands for: ``arg 5``."""

    number: int

    def __post_init__(self) -> None:
        if type(self.number) is not int or self.number < 0:
            raise PatternError(f"{self.number!r} is not an argument of an instruction")

    def __str__(self) -> str:
        return f"arg {self.number}"


@dataclass(frozen=True, slots=True)
class Regex:
    """A name, operator or string constant in which a regular expression is found.

    Args:
        pattern: its text; anywhere, unless it has ``^`` and ``$``.
    """

    pattern: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", _plain_slashes(self.pattern))
        if self.pattern.splitlines() != [self.pattern] or _NO_REGEX.match(self.pattern):
            raise PatternError(
                "a regular expression is one line, and begins with no space, ; or = (write [ ])"
            )
        try:
            re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise PatternError(f"not a regular expression: {error}") from None

    def finds(self, text: str) -> bool:
        """Return whether it is found in a string."""
        return re.search(self.pattern, text) is not None

    def __str__(self) -> str:
        escaped = re.sub(r"(\\.)|/", lambda found: found[1] or r"\/", self.pattern)
        return f"/{escaped}/"


@dataclass(frozen=True, slots=True)
class Capture:
    """Any operand where it is first met, the same one afterwards.

    Args:
        name: of the variable; one scope is one code object.
        regex: what its text must be like.
    """

    name: str
    regex: Regex | None = None

    def __post_init__(self) -> None:
        _identifier(self.name, "variable")

    def __str__(self) -> str:
        return f"${self.name}" + (f":{self.regex}" if self.regex else "")


_Number = int | float
COMPARISONS: dict[str, Callable[[_Number, _Number], bool]] = {
    "<=": lambda found, bound: found <= bound,
    ">=": lambda found, bound: found >= bound,
    "==": lambda found, bound: found == bound,
    "!=": lambda found, bound: found != bound,
    "<": lambda found, bound: found < bound,
    ">": lambda found, bound: found > bound,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """A number within bounds: ``<= 255``."""

    sign: str
    bound: _Number

    def __post_init__(self) -> None:
        if self.sign not in COMPARISONS:
            raise PatternError(f"{self.sign!r} is not a comparison")
        if type(self.bound) not in (int, float) or self.bound != self.bound:
            raise PatternError(f"{self.bound!r} is not a number to compare with")

    def __str__(self) -> str:
        return f"{self.sign} {spelled(self.bound)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several constants or names: ``in (1, 2)``."""

    options: tuple[Literal | Name, ...]

    def __post_init__(self) -> None:
        if not self.options or not all(isinstance(o, Literal | Name) for o in self.options):
            raise PatternError("one of several constants or names; there are none")

    def __str__(self) -> str:
        comma = "," if len(self.options) == 1 else ""
        return f"in ({', '.join(map(str, self.options))}{comma})"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a jump goes: ``-> loop``; None for anywhere."""

    label: str | None

    def __post_init__(self) -> None:
        if self.label is not None:
            _label_name(self.label)

    def __str__(self) -> str:
        return f"-> {self.label or '_'}"


Operand = (
    Anything
    | Literal
    | Name
    | Word
    | CodeName
    | Argument
    | Arguments
    | Regex
    | Capture
    | Compare
    | OneOf
    | Target
)


def _identifier(name: str, what: str) -> None:
    if not IDENTIFIER.fullmatch(name):
        raise PatternError(f"{name!r} is not a name of a {what}")


#: Words that begin another kind of line.
KEYWORDS = frozenset(
    {"any", "else", "lambda", "def", "class", "not", "never", "total", "raw", "spec"}
)


def _label_name(name: str) -> None:
    _identifier(name, "label")
    if name in KEYWORDS or name == "_":
        raise PatternError(f"{name!r} cannot be a label")


# --- Lines ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class At:
    """Where in the source an instruction is: ``@3``, ``@3:8``, ``@3:8-12``, ``@3:8-4:12``.

    Lines are those of the file, from 1; columns count bytes of UTF-8 from 0, as
    ``co_positions()`` does.

    Args:
        line: of the source.
        column: where it begins, None for anywhere.
        end_line: the line that it ends on; None for the same, if there is an end column.
        end_column: where it ends, None for anywhere.
    """

    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None

    def __post_init__(self) -> None:
        if self.end_line == self.line:
            object.__setattr__(self, "end_line", None)
        given = (self.line, self.column, self.end_column, self.end_line)
        numbers = [part for part in given if part is not None]
        if not all(type(part) is int and part >= 0 for part in numbers):
            raise PatternError(f"{self!r}: lines and columns are numbers")
        if None in given[: len(numbers)]:
            raise PatternError(f"{self!r}: an end line needs an end column, and that a column")

    @property
    def parts(self) -> tuple[int | None, ...]:
        """Line, end line, column and end column, as ``co_positions()`` has them; None for any."""
        end_line = self.line if self.end_line is None else self.end_line
        ends = (None, None) if self.end_column is None else (end_line, self.end_column)
        return self.line, ends[0], self.column, ends[1]

    def __str__(self) -> str:
        column = "" if self.column is None else f":{self.column}"
        line = "" if self.end_line is None else f"{self.end_line}:"
        return f"@{self.line}{column}" + (
            "" if self.end_column is None else f"-{line}{self.end_column}"
        )


class View(Enum):
    """Whose name an opcode's is."""

    #: The name in the code that is looked at.
    OWN = ""
    #: What the interpreter's compiler wrote.
    RAW = "raw"
    #: What the interpreter made of it while it ran.
    SPECIALIZED = "spec"


@dataclass(frozen=True, slots=True)
class Op:
    """One instruction. Calling it gives it an operand: ``op.CALL(2)``.

    Args:
        name: of the opcode.
        operand: what its operand must be; any if it is left out.
        view: whose name it is.
        place: where in the source it must be, None for anywhere.
    """

    name: str
    operand: Operand = ANY
    view: View = View.OWN
    place: At | None = None

    def __post_init__(self) -> None:
        if not OPNAME.fullmatch(self.name):
            raise PatternError(f"{self.name!r} is not a name of an opcode")

    def __call__(self, *operand: object) -> Op:
        """Return it with an operand.

        Args:
            operand: an operand of this module, or a constant or name as it is; a compiled
                regular expression; for ``CALL_KW``, a count and a tuple of names.

        Raises:
            PatternError: for what no operand can be.
        """
        return replace(self, operand=_operand(operand))

    def at(
        self,
        line: int,
        column: int | None = None,
        end_line: int | None = None,
        end_column: int | None = None,
    ) -> Op:
        """Return it with the place in the source where it must be; see :class:`At`.

        Raises:
            PatternError: these are no lines and columns.
        """
        return replace(self, place=At(line, column, end_line, end_column))

    def __str__(self) -> str:
        view = f"{self.view.value} " if self.view.value else ""
        operand = "" if self.operand == ANY else f" {self.operand}"
        return f"{view}{self.name}{operand}{'' if self.place is None else f' {self.place}'}"


def _operand(given: tuple[object, ...]) -> Operand:
    if not given:
        return ANY
    if len(given) == 2 and isinstance(given[1], tuple):
        count = None if given[0] == ANY else given[0]
        if count is None or type(count) is int:
            return Arguments(count, given[1])
    if len(given) != 1:
        raise PatternError("an instruction has one operand")
    (value,) = given
    if isinstance(value, Operand):
        return value
    return Regex(value.pattern) if isinstance(value, re.Pattern) else Literal(value)


class _Ops:
    """Opcodes by their names: ``op.LOAD_FAST``."""

    def __getattr__(self, name: str) -> Op:
        if not OPNAME.fullmatch(name):
            raise AttributeError(f"no opcode is called {name!r}")
        return Op(name)


op = _Ops()

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
        _label_name(self.name)

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
