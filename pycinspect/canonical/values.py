"""What is on the symbolic stack: expressions, each made once, so that equal is identical."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from hashlib import blake2b
from types import MappingProxyType

from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.pyc.constants import CONTAINERS, parts_of

__all__ = [
    "DISPLAYS",
    "LONGEST_INT",
    "MATCHED",
    "NO_LITERAL",
    "Part",
    "Value",
    "Values",
    "digest_of",
    "digest_of_words",
]

#: Nodes of one expression, counted as a tree. The largest displays of real programs have
#: some 20,000; a tuple that holds itself twice, sixty times over, has 2**60.
_LARGEST = 1_000_000
#: Bits of integers that are written as decimal numbers.
LONGEST_INT = 10_000

Part = "Value | str | int | bytes | float | None"

#: Kinds whose parts are the items.
DISPLAYS = frozenset({"tuple", "list", "set", "map"})
#: Tuples that patterns take apart, of a length that is known.
MATCHED = frozenset({"match_class", "match_keys"})
_LEAVES = frozenset({"local", "global", "name"})
_NOTHING: frozenset[Value] = frozenset()


class _NoLiteral:
    __slots__ = ()


NO_LITERAL = _NoLiteral()


class Value:
    """One expression.

    Args:
        kind: what it is: ``const``, ``local``, ``attr``, ``call`` …
        parts: operands, names and numbers.
        operands: the parts that are expressions.
        literal: the constant that it is, else ``NO_LITERAL``.
        leaves: the variables in it.
        size: nodes, counted as a tree.
    """

    __slots__ = (
        "digest",
        "kind",
        "leaves",
        "literal",
        "operands",
        "ordinal",
        "parts",
        "size",
    )

    def __init__(self, kind: str, parts: tuple[object, ...], literal: object) -> None:
        self.kind = kind
        self.parts = parts
        self.operands = tuple([part for part in parts if isinstance(part, Value)])
        self.literal = literal
        self.leaves = frozenset((self,)) if kind in _LEAVES else _NOTHING
        self.size = 1
        for operand in self.operands:
            self.size += operand.size
            if operand.leaves and operand.leaves is not self.leaves:
                self.leaves = self.leaves | operand.leaves if self.leaves else operand.leaves
        #: Of a code object, its place among those of the same name.
        self.ordinal = 0
        #: Filled in by :func:`digest_of`.
        self.digest: bytes | None = None

    def __repr__(self) -> str:
        return f"<Value {self.kind} {self.parts!r:.60}>"

    @property
    def is_literal(self) -> bool:
        """Whether it is a constant."""
        return self.literal is not NO_LITERAL

    def value(self, index: int) -> Value:
        """Return a part that is an expression."""
        part = self.parts[index]
        assert isinstance(part, Value)
        return part

    def word(self, index: int) -> str:
        """Return a part that is text."""
        part = self.parts[index]
        assert isinstance(part, str)
        return part


class Values:
    """Makes expressions, each once. One for each code object that is canonicalised."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Value] = {}
        self._codes: dict[int, int] = {}
        #: Code objects, by the number in values of the kind ``code``.
        self.codes: list[Code] = []
        self.none = self.constant(None)
        self.null = self.make("null")

    def make(self, kind: str, *parts: object) -> Value:
        """Return the expression of a kind with these parts.

        Raises:
            PycInspectError: ``not-canonical``, for one that is too large.
        """
        key = (kind, *parts)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _new(kind, parts)
        return known

    # --- Constants -----------------------------------------------------------------------

    def constant(self, root: object) -> Value:
        """Return the expression of a constant; parts are made before their container."""
        if type(root) not in CONTAINERS:
            return self._scalar(root)
        made: dict[int, Value] = {}
        waiting = [root]
        while waiting:
            value = waiting[-1]
            parts = parts_of(value)
            missing = [part for part in parts if id(part) not in made]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            items = [made[id(part)] for part in parts]
            made[id(value)] = self._container(value, items)
        return made[id(root)]

    def _container(self, value: object, items: list[Value]) -> Value:
        kind = type(value)
        if kind not in CONTAINERS:
            return self._scalar(value)
        if kind in (set, frozenset):
            return self.set_of(items)
        return self.make(kind.__name__.lower(), *items)

    def _scalar(self, value: object) -> Value:
        if isinstance(value, Code):
            number = self._codes.setdefault(id(value), len(self.codes))
            if number == len(self.codes):
                self.codes.append(value)
            return self.make("code", number)
        kind = type(value)
        key = _KEYS[kind](value) if kind in _KEYS else value
        name = ("const", kind.__name__, key)
        known = self._known.get(name)
        if known is None:
            known = Value("const", (kind.__name__, key), value)
            self._known[name] = known
        return known

    def tell_apart(self, ordinals: Mapping[int, int]) -> None:
        """Number code objects among those of the same name; no digest must be known before.

        Args:
            ordinals: the numbers, by the identity of the code objects.
        """
        for value in self._known.values():
            if value.kind == "code":
                (number,) = value.parts
                assert isinstance(number, int)
                value.ordinal = ordinals.get(id(self.codes[number]), 0)

    # --- Variables, displays --------------------------------------------------------------

    def set_of(self, items: list[Value]) -> Value:
        """Return a set; constants in it have no order, and are in it once."""
        if all(item.is_literal for item in items):
            unique: dict[object, Value] = {}
            for item in items:
                unique.setdefault(item.literal, item)
            items = sorted(unique.values(), key=digest_of)
        return self.make("set", *items)

    def substitute(self, root: Value, new: Mapping[Value, Value]) -> Value:
        """Return an expression with variables in it replaced, all at once."""
        if root.leaves.isdisjoint(new):
            return root
        done = dict(new)
        waiting = [root]
        while waiting:
            value = waiting[-1]
            if value in done:
                waiting.pop()
                continue
            missing = [part for part in value.operands if part not in done and _has(part, new)]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            parts = (done.get(p, p) if isinstance(p, Value) else p for p in value.parts)
            done[value] = self.make(value.kind, *parts)
        return done[root]


def _has(value: Value, leaves: Mapping[Value, Value]) -> bool:
    return not value.leaves.isdisjoint(leaves)


def _new(kind: str, parts: tuple[object, ...]) -> Value:
    value = Value(kind, parts, NO_LITERAL)
    if value.size > _LARGEST:
        raise PycInspectError("not-canonical", "an expression is too large")
    if kind == "tuple" and all(operand.is_literal for operand in value.operands):
        value.literal = tuple(operand.literal for operand in value.operands)
    return value


# Constants are the same by type and bits: True, 1 and 1.0 are three, and 0.0 is not -0.0
# (Objects/codeobject.c: _PyCode_ConstantKey).
_KEYS: Mapping[type, Callable[..., object]] = MappingProxyType(
    {
        float: lambda value: struct.pack("<d", value),
        complex: lambda value: struct.pack("<dd", value.real, value.imag),
        # Decimal text of long integers takes quadratic time, and Python refuses to write it.
        int: lambda value: value if value.bit_length() <= LONGEST_INT else hex(value),
        type(...): lambda _: "...",
        type: lambda value: value.__name__,
    }
)


# --- Digests --------------------------------------------------------------------------------


def digest_of(root: Value) -> bytes:
    """Return 16 bytes that are the same for the same expression, in any process."""
    waiting = [root]
    while waiting:
        value = waiting[-1]
        missing = [part for part in value.operands if part.digest is None]
        if missing and value.digest is None:
            waiting.extend(missing)
            continue
        waiting.pop()
        if value.digest is None:
            value.digest = digest_of_words((value.kind, *_words(value)))
    assert root.digest is not None
    return root.digest


def _words(value: Value) -> list[object]:
    if value.kind == "code":  # its number differs from run to run
        return [value.ordinal]
    return [part.digest if isinstance(part, Value) else part for part in value.parts]


def digest_of_words(words: object) -> bytes:
    """Return 16 bytes of plain words, bytes and numbers, and tuples of them."""
    text = repr(words).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=16).digest()
