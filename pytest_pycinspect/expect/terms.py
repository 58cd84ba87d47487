"""What an operand must be, as objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_pycinspect.expect.constants import spelled, typed_key
from pytest_pycinspect.expect.errors import PatternError

__all__ = [
    "ANY",
    "BARE_NAME",
    "COMPARISONS",
    "IDENTIFIER",
    "KEYWORDS",
    "KEYWORD_OPERATORS",
    "OPERATOR",
    "RESERVED",
    "Anything",
    "Argument",
    "Arguments",
    "Capture",
    "CodeName",
    "Compare",
    "Literal",
    "Name",
    "OneOf",
    "Operand",
    "Regex",
    "Target",
    "Word",
    "label_name",
]

IDENTIFIER = re.compile(r"[^\W\d]\w*")
#: A name that is written without quotes: dotted for modules, ``.0`` for the iterator of a generator.
BARE_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*(?![\w.])|\.0(?![\w.])")
#: Operators. A slash may begin a regular expression, two cannot.
OPERATOR = re.compile(r"[-+*/%@&|^<>=!~\[\]]+(?:_\w+)?")
#: Words between the operands of Python's operators.
KEYWORD_OPERATORS = ("is not", "not in", "is", "in", "not")
#: Bare words that are something else than a name.
RESERVED = frozenset({"_", "None", "True", "False", "Ellipsis", *KEYWORD_OPERATORS})


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
            label_name(self.label)

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


def label_name(name: str) -> None:
    """Refuse what cannot be the name of a label.

    Raises:
        PatternError: it is not a name, or begins another kind of line.
    """
    _identifier(name, "label")
    if name in KEYWORDS or name == "_":
        raise PatternError(f"{name!r} cannot be a label")
