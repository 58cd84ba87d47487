"""Expressions and events as Python-like text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import compress, islice
from operator import or_
from types import MappingProxyType
from typing import Self

from pycinspect.canonical.kinds import KINDS, TIGHTNESS, WRITTEN_BY_CODE
from pycinspect.canonical.states import PROPAGATE, Payload
from pycinspect.canonical.values import Value
from pycinspect.pyc import Code
from pycinspect.pyc.constants import parts_of

__all__ = ["Budget", "Writer", "listed", "short"]

#: Characters of one expression, and of one statement; longer ones are cut.
_LONGEST, _LONGEST_STATEMENT = 2_000, 20_000
_CUT = "…"


def short(text: str, longest: int = _LONGEST) -> str:
    """Return a string that is cut if it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + _CUT


def listed(texts: Iterable[str]) -> str:
    """Return strings with commas between them; there are none after what is cut anyway."""
    found: list[str] = []
    length = 0
    for text in texts:
        found.append(text)
        length += len(text)
        if length > _LONGEST_STATEMENT:
            break
    return short(", ".join(found), _LONGEST_STATEMENT)


# --- Precedence, as in the reference (Expressions, 6.17) -----------------------------------------

_LOOSEST, _NOT, _COMPARISON, _UNARY, _POWER, _AWAIT, _ATOM = TIGHTNESS.values()
_OPERATORS: Mapping[str, int] = MappingProxyType(
    {
        "|": 6,
        "^": 7,
        "&": 8,
        "<<": 9,
        ">>": 9,
        **dict.fromkeys("+-", 10),
        **dict.fromkeys(("*", "/", "//", "%", "@"), 11),
        "**": _POWER,
    }
)


class _Text(str):
    """A part of an expression; in a template, ``{0:11}`` puts it into parentheses if it is looser.

    Args:
        text: what it says.
        tightness: of its outermost operator; the tightest is that of names.
    """

    __slots__ = ("tightness",)

    tightness: int

    def __new__(cls, text: str, tightness: int = _ATOM) -> Self:
        made = super().__new__(cls, short(text))
        made.tightness = tightness
        return made

    def __format__(self, least: str) -> str:
        return f"({self!s})" if least and self.tightness < int(least) else str(self)


_Writer = Callable[[Value, Sequence[_Text]], _Text]

# --- Expressions ---------------------------------------------------------------------------------


#: Bits of a number that is written in decimal: what is longer takes long, and is refused
#: (``sys.set_int_max_str_digits``).
_DECIMAL_BITS = 2_000


def _literal(value: Value, _: Sequence[_Text]) -> _Text:
    literal = value.literal
    if isinstance(literal, int) and literal.bit_length() > _DECIMAL_BITS:
        return _Text(hex(literal))
    return _Text("..." if literal is ... else repr(literal))


def _joined(opening: str, closing: str) -> _Writer:
    return lambda _, texts: _Text(opening + listed(texts) + closing)


def _tuple(_: Value, texts: Sequence[_Text]) -> _Text:
    return _Text(f"({texts[0]},)" if len(texts) == 1 else f"({listed(texts)})")


def _set(_: Value, texts: Sequence[_Text]) -> _Text:
    return _Text(f"{{{listed(texts)}}}" if texts else "set()")


def _binary(_: Value, texts: Sequence[_Text]) -> _Text:
    name, left, right = texts
    tightness = _OPERATORS.get(name, _LOOSEST)
    if name == "**":
        return _Text(f"{left:{tightness + 1}} ** {right:{_UNARY}}", tightness)
    return _Text(f"{left:{tightness}} {name} {right:{tightness + 1}}", tightness)


def _unary(_: Value, texts: Sequence[_Text]) -> _Text:
    return _Text(f"{texts[0]}{texts[1]:{_UNARY}}", _UNARY)


_NEGATED = MappingProxyType({"is": "is not", "in": "not in"})


def _not(value: Value, texts: Sequence[_Text]) -> _Text:
    inner, word = texts[0], value.value(0).kind
    if word in _NEGATED and inner.tightness == _COMPARISON:  # else it is a name for one
        left, _, right = inner.partition(f" {word} ")
        return _Text(f"{left} {_NEGATED[word]} {right}", _COMPARISON)
    return _Text(f"not {inner:{_NOT}}", _NOT)


def _call(value: Value, texts: Sequence[_Text]) -> _Text:
    function, *arguments = texts
    if value.value(0).kind == "build_class":
        return _Text(_class(value, texts))
    return _Text(f"{function:{_ATOM}}({listed(arguments)})")


def _class(value: Value, texts: Sequence[_Text]) -> str:
    """Return ``class C(Base)`` of what calls ``__build_class__``: body, name, bases."""
    _, _, name, *bases = [*value.operands, None, None]
    literal = name.literal if isinstance(name, Value) else None
    # Code that was made by hand can call a class anything: an integer of any size.
    shown = literal if isinstance(literal, str) else "".join(texts[2:3])
    inside = f"({listed(texts[3:])})" if any(bases) else ""
    return f"class {shown}{inside}"


def _item(value: Value, texts: Sequence[_Text]) -> _Text:
    owner, key = texts
    is_bare = value.value(1).kind == "tuple" and value.value(1).parts and key.startswith("(")
    return _Text(f"{owner:{_ATOM}}[{key[1:-1] if is_bare else key}]")


def _keyword(value: Value, texts: Sequence[_Text]) -> _Text:
    name = value.value(0).literal
    return _Text(f"{name if isinstance(name, str) else texts[0]}={texts[1]}")


def _function(value: Value, texts: Sequence[_Text]) -> _Text:
    names = ("defaults", "keyword defaults", "annotations")
    extras = zip(names, value.parts[2:5], texts[2:5], strict=False)
    known = [f", {n} {t}" for n, v, t in extras if isinstance(v, Value) and v.kind != "null"]
    return _Text(f"<function {texts[0].strip('<>')}{''.join(known)}>")


def _slice(value: Value, texts: Sequence[_Text]) -> _Text:
    start, stop, step = (
        "" if v.literal is None else t for v, t in zip(value.operands, texts, strict=True)
    )
    return _Text(f"{start}:{stop}" + (f":{step}" if step else ""), _LOOSEST)


def _yield_from(value: Value, texts: Sequence[_Text]) -> _Text:
    iterator = value.value(0)
    if iterator.kind in ("awaitable", "anext"):
        return _Text(f"await {texts[0]:{_ATOM}}", _AWAIT)
    return _Text(f"yield from {texts[0]}", _LOOSEST)


# --- Text, imports ---


def _fstring(value: Value, texts: Sequence[_Text]) -> _Text:
    return _Text(f"f'{''.join(_pieces(value, texts))}'")


def _pieces(value: Value, texts: Sequence[_Text]) -> list[str]:
    return [
        _escaped(short(part.literal)).replace("{", "{{").replace("}", "}}")
        if isinstance(part.literal, str)
        else str(text)
        for part, text in zip(value.operands, texts, strict=True)
    ]


def _escaped(text: str) -> str:
    """Return what stands between single quotes: ``repr`` takes those if there are both."""
    return repr(text + "'\"")[1:-4]


_CONVERSIONS = MappingProxyType({"str": "!s", "repr": "!r", "ascii": "!a"})


def _format(value: Value, texts: Sequence[_Text]) -> _Text:
    conversion = _CONVERSIONS.get(str(value.parts[1]), "")
    spec = value.parts[2] if len(value.parts) > 2 else None
    inside = f"{texts[0]:1}"
    inside = f" {inside}" if inside.startswith("{") else inside
    return _Text(f"{{{inside}{conversion}{_spec(spec, texts[-1])}}}")


def _spec(spec: object, text: str) -> str:
    if not isinstance(spec, Value):
        return ""
    if isinstance(spec.literal, str):
        return f":{_escaped(short(spec.literal))}"
    inner = spec.value(0) if spec.kind == "made" else spec
    return f":{text[2:-1]}" if inner.kind == "fstring" and text.startswith("f'") else f":{{{text}}}"


def module_of(value: Value) -> str:
    """Return the name of an imported module, with its dots."""
    name, level, _ = value.parts
    number = level.literal if isinstance(level, Value) else 0
    return _dots(number if isinstance(number, int) else 0) + str(name)


#: Dots that are written out: packages are not that deep inside each other.
_MOST_DOTS = 100


def _dots(count: int) -> str:
    """Return so many dots, or how many there are where no person would count them."""
    if count <= _MOST_DOTS:
        return "." * count
    number = str(count) if count.bit_length() <= _DECIMAL_BITS else hex(count)
    return f"<{short(number, _MOST_DOTS)} dots>"


def _import(value: Value, _: Sequence[_Text]) -> _Text:
    return _Text(f"import {module_of(value)}", _LOOSEST)


def _import_from(value: Value, texts: Sequence[_Text]) -> _Text:
    owner = value.value(0)
    if owner.kind != "import":
        return _Text(f"{texts[0]:{_ATOM}}.{texts[1]}")
    # ``import a.b as c`` has no names, but a dot; up to 1.6 no import has names.
    if isinstance(owner.value(2).literal, tuple) or "." not in owner.word(0):
        return _Text(f"from {module_of(owner)} import {texts[1]}", _LOOSEST)
    return _Text(f"import {module_of(owner)}", _LOOSEST)  # ``import a.b as c``


_WRITERS: Mapping[str, _Writer] = MappingProxyType(
    {
        "const": _literal,
        "tuple": _tuple,
        "list": _joined("[", "]"),
        "set": _set,
        "map": _joined("{", "}"),
        "binary": _binary,
        "unary": _unary,
        "not": _not,
        "kept": lambda _, texts: texts[0],
        "made": lambda _, texts: texts[0],
        "fstring": _fstring,
        "format": _format,
        "call": _call,
        "item": _item,
        "keyword": _keyword,
        "func": _function,
        "slice": _slice,
        "yield_from": _yield_from,
        "import": _import,
        "import_from": _import_from,
        "known": lambda _, texts: texts[0],
        "collected": lambda value, _: _Text(_COLLECTED[value.word(0)]),
        "again": lambda _, texts: texts[0],
        "exc_type": lambda _, texts: _Text(f"type({texts[0]})"),
        "exc_traceback": lambda _, texts: _Text(f"traceback({texts[0]})"),
        "exc": lambda value, _: _Text("error" if value.parts[0] == 1 else f"error{value.parts[0]}"),
    }
)
#: What a comprehension has filled, by what it is.
_COLLECTED: Mapping[str, str] = MappingProxyType({"list": "[...]", "set": "{...}", "map": "{...}"})
_BY_CODE = {kind.name for kind in KINDS.values() if kind.template == WRITTEN_BY_CODE}
if _WRITERS.keys() != _BY_CODE:
    raise KeyError(f"kinds.tsv and the functions that write them: {_BY_CODE ^ _WRITERS.keys()}")

# --- Events --------------------------------------------------------------------------------------

#: Words of events to their templates, by the number of their parts.
_EVENTS: Mapping[tuple[str, int], str] = MappingProxyType(
    {
        ("eval", 1): "{0}",
        ("load", 1): "{0}",
        ("delete", 1): "del {0}",
        ("delete_attr", 2): "del {0:15}.{1}",
        ("delete_item", 2): "del {0:15}[{1}]",
        ("unpack", 2): "unpack {0} into {1}",
        ("for", 1): "for the next of {0}",
        ("branch", 1): "if {0}",
        ("append_to", 2): "append {1} to {0}",
        ("add_to", 2): "add {1} to {0}",
        ("list_append", 1): "append {0}",
        ("set_add", 1): "add {0}",
        ("map_add", 2): "add {0}: {1}",
        ("extend", 1): "extend by {0}",
        ("raise", 2): "raise {0} from {1}",
        ("raise_with", 2): "raise {0}, {1}",
        ("raise_with", 3): "raise {0}, {1}, {2}",
        ("raise_again", 1): "raise {0}",
        (PROPAGATE, 0): "raise",
        (PROPAGATE, 1): "raise",
        ("forever", 0): "loop forever",
    }
)
#: Words of events that are several assignments at once.
_PARALLEL = ("assign", "hold")
_TARGETS: Mapping[str, str] = MappingProxyType(
    {"store": "{0}", "store_attr": "{0:15}.{1}", "store_item": "{0:15}[{1}]"}
)


#: What may be written of a graph: so much of any, and so much for each byte of its code. Of
#: 10,000 code objects of standard libraries none needs more than a seventh of it.
_FREE_CHARACTERS, _CHARACTERS = 5_000, 100
_FREE_EXPRESSIONS, _EXPRESSIONS = 10_000, 8
#: Expressions of one event that are looked at to find what is one statement with it, and in all.
_MOST_PARTS = 1_000
_FREE_PARTS, _PARTS = 50_000, 32
_FEW_PARTS = 4
#: How often a constant may be written.
_TIMES = 4


class Budget:
    """How much is written of one graph: in proportion to its code, and more than of real ones.

    Each statement writes its expressions anew; code that somebody made by hand can have
    thousands of statements with thousands of expressions each, or use a long constant in each.

    Args:
        code: the code object; None for one expression.
    """

    __slots__ = ("_literals", "characters", "expressions", "parts")

    def __init__(self, code: Code | None = None) -> None:
        size, length = (0, 0) if code is None else (len(code.code), _length(code))
        self.expressions = _FREE_EXPRESSIONS + _EXPRESSIONS * size
        self.characters = _FREE_CHARACTERS + _CHARACTERS * size + _TIMES * length
        self.parts = _FREE_PARTS + _PARTS * size
        self._literals: dict[Value, _Text] = {}

    @property
    def is_spent(self) -> bool:
        """Whether no more expressions are written."""
        return self.expressions <= 0

    def spend(self, value: Value, text: _Text) -> None:
        """Count an expression that was written."""
        self.expressions -= 1 + len(value.parts) // 8
        if value.kind == "const":
            self._literals[value] = text

    def literal(self, value: Value) -> _Text | None:
        """Return the text of a constant that was written before: some are long."""
        return self._literals.get(value)

    def looked(self, values: Iterator[Value], events: int = 1) -> Iterator[Value]:
        """Yield the first of the expressions of some events: less if much was looked at."""
        most = min(_MOST_PARTS * events, max(self.parts, _FEW_PARTS))
        for value in islice(values, most):
            self.parts -= 1
            yield value

    def written(self, text: str) -> str:
        """Return a statement, or as much of it as may be written."""
        cut = short(text, max(1, min(self.characters, _LONGEST_STATEMENT)))
        self.characters -= len(cut)
        return cut


def _length(code: Code) -> int:
    """Return the characters of names and constants, each counted once."""
    seen: dict[int, object] = {}  # values are kept, so that no other gets their identity
    waiting: list[object] = [code.names, code.varnames, code.cellvars, code.freevars, code.consts]
    total = 0
    while waiting:
        value = waiting.pop()
        if id(value) not in seen and not isinstance(value, Code):
            seen[id(value)] = value
            total += len(value) if isinstance(value, str | bytes) else 8
            waiting.extend(parts_of(value))
    return total


class Writer:
    """Writes the expressions of one statement.

    Args:
        names: of values that are computed in one statement and used in another.
        computed: those that are computed in this one.
        strings: what stands for some values, such as the result of a ``yield``.
        budget: what may be written; beyond it there is an ellipsis for each value.
    """

    def __init__(
        self,
        names: Mapping[Value, str] = MappingProxyType({}),
        computed: Collection[Value] = (),
        texts: Mapping[Value, str] = MappingProxyType({}),
        budget: Budget | None = None,
    ) -> None:
        self._names, self._computed = names, computed
        self._budget = budget or Budget()
        self._known = {
            value: _Text(text, _LOOSEST if text.startswith("yield ") else _ATOM)
            for value, text in texts.items()
        }

    def expression(self, root: Value) -> _Text:
        """Return an expression; what another statement uses, too, gets its name here."""
        waiting = [root]
        while waiting:
            value = waiting[-1]
            name = self._names.get(value)
            if value not in self._known and name and value not in self._computed:
                self._known[value] = _Text(name)
            if self._budget.is_spent and value.operands:
                self._known.setdefault(value, _Text(_CUT))
            if value in self._known:
                waiting.pop()
                continue
            missing = [part for part in value.first.operands if part not in self._known]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            text = self._budget.literal(value) or self._written(value.first)
            self._budget.spend(value, text)
            self._known[value] = _Text(f"({name} := {text})") if name else text
        return self._known[root]

    def _written(self, value: Value) -> _Text:
        """Return an expression whose operands are known."""
        texts = [
            self._known[self._meant(value, part)] if isinstance(part, Value) else _Text(str(part))
            for part in value.parts
        ]
        if value.kind in _WRITERS:
            return _WRITERS[value.kind](value, texts)
        kind = KINDS[value.kind]
        if kind.template is not None:
            return _Text(kind.template.format(*texts), kind.tightness)
        return _Text(f"{value.kind}({listed(texts)})")

    def _meant(self, value: Value, part: Value) -> Value:
        """Return what is written for a part: ``not`` says itself that it asks for a truth."""
        asks = value.kind == "not" and part.first.kind == "bool" and part not in self._names
        return part.first.value(0) if asks else part

    def event(self, payload: Payload) -> str:
        """Return an event as a line."""
        word, *parts = payload
        texts = [
            self.expression(part) if isinstance(part, Value) else _Text(str(part)) for part in parts
        ]
        if word in _TARGETS:
            return self.assigned(self.target(payload), parts[-1])
        if word in _SPECIAL and isinstance(parts[0], Value):
            return _SPECIAL[str(word)](self, parts[0], texts[0])
        if word == "keep":
            return self._kept(*parts)
        if word in _PARALLEL:
            return self._assignments(parts)
        if (word, len(parts)) not in _EVENTS:
            return f"{word} {listed(f'{text:1}' for text in texts)}".rstrip()
        return _EVENTS[str(word), len(parts)].format(*texts)

    def target(self, payload: Payload) -> str:
        """Return what a store stores to."""
        word, *parts = payload
        texts = [
            self.expression(part) if isinstance(part, Value) else _Text(str(part))
            for part in parts[:-1]
        ]
        return _TARGETS[str(word)].format(*texts)

    def assigned(self, target: str, value: object) -> str:
        """Return the assignment of a value, which may have a statement of its own."""
        assert isinstance(value, Value)
        text = self.expression(value)
        if value not in self._names and value.kind in _ASSIGNED:
            return _ASSIGNED[value.kind](self, target, value, text)
        return f"{target} = {text}"

    def _assignments(self, parts: Sequence[object]) -> str:
        """Return ``a, b = b, a``; where the order does not matter, ``a = b = 1; import c``."""
        values = [part for part in parts if isinstance(part, Value)]
        written = ((self.expression(t), v) for t, v in zip(values[::2], values[1::2], strict=True))
        pairs = sorted(written, key=lambda pair: pair[0])
        if not _reads(values[::2]) & _reads(values[1::2]):
            return "; ".join(self._in_turn(pairs))
        texts = (f"{self.expression(value):1}" for _, value in pairs)
        return f"{listed(target for target, _ in pairs)} = {listed(texts)}"

    def _in_turn(self, pairs: Sequence[tuple[_Text, Value]]) -> Iterator[str]:
        """Yield assignments of which none depends on another.

        A value is written once, but not where each variable gets an object of its own.
        """
        targets: dict[object, list[str]] = {}
        values: list[tuple[Value, list[str]]] = []
        for number, (target, value) in enumerate(pairs):
            names = targets.setdefault(number if value.is_new else value, [])
            if not names:
                values.append((value, names))
            names.append(target)
        plain = [len(names) == 1 and v.kind not in _ASSIGNED_APART for v, names in values]
        for (value, names), is_plain in zip(values, plain, strict=True):
            if not is_plain:
                yield self.assigned(" = ".join(names), value)
        together = [*compress(values, plain)]
        if together:
            texts = (f"{self.expression(value):1}" for value, _ in together)
            yield f"{listed(names[0] for _, names in together)} = {listed(texts)}"

    def _computation(self, value: Value, text: str) -> str:
        """Return a line that only computes a value."""
        name = self._names.get(value)
        if name and value in self._computed:
            return f"{name} = {text.removeprefix(f'({name} := ').removesuffix(')')}"
        if value.kind in _MANAGED:
            return _MANAGED[value.kind].format(self.expression(value.value(0)))
        return text

    def _kept(self, token: object, value: object) -> str:
        """Return a line that keeps a value, perhaps of a variable that changes."""
        assert isinstance(token, Value)
        assert isinstance(value, Value)
        name = self._names.get(token)
        return f"{name} = {self.expression(value)}" if name else str(self.expression(value))

    def _condition(self, value: Value, text: _Text) -> str:
        if value in self._names:
            return f"if {text}"
        if value.kind == "exc_match":
            return f"except {self.expression(value.value(1))}"
        if value.kind == "with_exit_exc":
            return f"if {self.expression(value.value(0)):{_ATOM}} swallows the error"
        return f"if {text}"

    def _import_star(self, value: Value, text: _Text) -> str:
        return f"from {module_of(value)} import *" if value.kind == "import" else f"{text} *"


def _reads(values: Iterable[Value]) -> int:
    return reduce(or_, (value.reads for value in values), 0)


_SPECIAL: Mapping[str, Callable[[Writer, Value, _Text], str]] = MappingProxyType(
    {
        "ev": Writer._computation,  # noqa: SLF001 - the table belongs to the class
        "branch": Writer._condition,  # noqa: SLF001
        "import_star": Writer._import_star,  # noqa: SLF001
    }
)
_MANAGED: Mapping[str, str] = MappingProxyType(
    {"with_enter": "with {0}", "with_exit": "end of with {0}"}
)

# --- Assignments that Python writes in another way ---


def _augmented(_: Writer, target: str, value: Value, text: str) -> str:
    """Return ``x += 1``: the operator's name ends in ``=``, and the target is its left side."""
    operator = value.word(0)
    return (
        text
        if text.startswith(f"{target} {operator} ") and operator.endswith("=")
        else f"{target} = {text}"
    )


def _defined(_: Writer, target: str, value: Value, text: str) -> str:
    if value.word(0) != target:
        return f"{target} = {text}"
    return "def " + text.removeprefix("<function ").removesuffix(">")


def _classed(_: Writer, target: str, value: Value, text: str) -> str:
    is_class = value.value(0).kind == "build_class" and text.startswith(f"class {target}")
    return text if is_class else f"{target} = {text}"


def _imported(_: Writer, target: str, value: Value, text: str) -> str:
    module = module_of(value)
    return text if module.partition(".")[0] == target else f"{text} as {target}"


def _imported_from(_: Writer, target: str, value: Value, text: str) -> str:
    if not text.startswith(("from ", "import ")):
        return f"{target} = {text}"
    is_own = text.startswith("from ") and value.word(1) == target
    return text if is_own else f"{text} as {target}"


def _entered(writer: Writer, target: str, value: Value, _: str) -> str:
    return f"with {writer.expression(value.value(0))} as {target}"


_ASSIGNED: Mapping[str, Callable[[Writer, str, Value, str], str]] = MappingProxyType(
    {
        "binary": _augmented,
        "func": _defined,
        "call": _classed,
        "import": _imported,
        "import_from": _imported_from,
        "with_enter": _entered,
    }
)


#: What an assignment of several values does not have.
_ASSIGNED_APART = _ASSIGNED.keys() - {"binary", "call"}
