"""What is on the symbolic stack: expressions, each made once, so that equal is identical."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.kinds import KINDS, Trait, kinds_with
from pycinspect.canonical.work import Work, refused, steps_to_make
from pycinspect.pyc import Code
from pycinspect.pyc.constants import CONTAINERS, Long, parts_of

__all__ = [
    "DISPLAYS",
    "LONGEST_INT",
    "MATCHED",
    "NO_LITERAL",
    "OPEN",
    "Marks",
    "Part",
    "Renaming",
    "Run",
    "Value",
    "Values",
    "digest_of",
    "digest_of_words",
]

#: Nodes of one expression, counted as a tree. The largest displays of real programs have
#: some 20,000; a tuple that holds itself twice, sixty times over, has 2**60.
_LARGEST = 1_000_000
#: Levels of a tuple that is taken for one constant. Sources have some ten; Python's own ``hash``
#: and ``==`` of a tuple need a place on the C stack for each level.
_DEEPEST_LITERAL = 100
#: Bits of integers that are written as decimal numbers.
LONGEST_INT = 10_000
#: Work of expressions that are made when there is no machine.
_MOST_WORK = 10_000_000

Part = "Value | str | int | bytes | float | None"

#: Kinds whose parts are the items.
DISPLAYS = kinds_with(Trait.DISPLAY)
#: Kinds whose parts are held, not they, where paths are joined.
OPEN = kinds_with(Trait.OPEN)
#: Tuples that patterns take apart.
MATCHED = kinds_with(Trait.MATCHED)


class _NoLiteral:
    __slots__ = ()


NO_LITERAL = _NoLiteral()


class Marks:
    """What is among the items of a display: bits."""

    #: Something that is unpacked.
    STAR = 1
    #: Something that is not a constant.
    VARIABLE = 2
    #: Something else than a pair with a constant key.
    OPEN_KEY = 4


def _marks(item: Value) -> int:
    star = Marks.STAR if item.kind == "star" else 0
    variable = 0 if item.is_literal else Marks.VARIABLE
    key = item.kind == "pair" and item.value(0).is_literal
    return star | variable | (0 if key else Marks.OPEN_KEY)


#: Parts of a value that are kept beside it; what comes before them is in runs of so many.
_RUN = 32


class Run:
    """Parts with which long values begin.

    A list that grows item by item is as many values, and each shares what is before its last
    items with the others: else it would take quadratic time, and memory.

    Args:
        before: the run before it, if there is one.
        parts: so many.
        work: what unfolding it costs.
    """

    __slots__ = ("before", "facts", "length", "parts", "work")

    def __init__(self, before: Run | None, parts: tuple[object, ...], work: Work) -> None:
        self.before = before
        self.parts = parts
        self.work = work
        self.facts = _facts(before, parts)
        self.length: int = len(parts) + (0 if before is None else before.length)

    @property
    def inner(self) -> Iterator[Run | Value]:
        """What it is made of."""
        return _inner(self.before, self.parts)

    def unfolded(self) -> list[object]:
        """Return all parts up to the end of the run."""
        self.work.spend(self.length // _RUN)
        runs: list[Run] = []
        run: Run | None = self
        while run is not None:
            runs.append(run)
            run = run.before
        return [part for run in reversed(runs) for part in run.parts]


class _Facts(NamedTuple):
    """What is true of parts: see :class:`Value`, for which each is found out once."""

    size: int
    open_size: int
    depth: int
    leaves: int
    reads: int
    held: int
    marks: int


_NO_FACTS = _Facts(0, 0, 0, 0, 0, 0, 0)


def _facts(run: Run | None, parts: tuple[object, ...]) -> _Facts:
    facts = _NO_FACTS if run is None else run.facts
    size, open_size, depth, leaves, reads, held, marks = facts
    for part in parts:
        if isinstance(part, Value):
            size += part.size
            open_size += part.open_size
            depth = max(depth, part.depth)
            leaves |= part.leaves
            reads |= part.reads
            held |= part.held
            marks |= _marks(part)
    return _Facts(size, open_size, depth, leaves, reads, held, marks)


class Value:
    """One expression.

    Args:
        kind: what it is: ``const``, ``local``, ``attr``, ``call`` …
        parts: operands, names and numbers.
        operands: the parts that are expressions.
        run: what long ``parts`` begin with.
        tail: the parts after that.
        literal: the constant that it is, else ``NO_LITERAL``.
        leaves: the variables in it, a bit for each: sets of names would take quadratic memory.
        fed: those that are read when it is computed.
        reads: those that are read when something takes it: none, if it was computed before.
        size: nodes, counted as a tree.
        open_size: values in it that may be held where paths are joined.
        held: the numbers of those that are, a bit for each.
        depth: of the tree.
        marks: of a display, what is among its items.
        first: the value of which this is the second, or third; itself if it is the first.
    """

    __slots__ = (
        "depth",
        "digest",
        "fed",
        "first",
        "held",
        "kind",
        "leaves",
        "literal",
        "marks",
        "open_size",
        "operands",
        "ordinal",
        "parts",
        "reads",
        "run",
        "size",
        "tail",
    )

    first: Value
    parts: tuple[object, ...]
    operands: tuple[Value, ...]

    def __init__(
        self,
        kind: str,
        run: Run | None,
        tail: tuple[object, ...],
        literal: object = NO_LITERAL,
        leaf: int = 0,
    ) -> None:
        self.kind = kind
        traits = KINDS[kind].traits
        self.run = run
        self.tail = tail
        self.literal = literal
        size, open_size, depth, leaves, self.fed, held, self.marks = _facts(run, tail)
        self.size = 1 + size
        self.depth = 1 + depth
        self.leaves = leaf | leaves
        self.reads = self.fed if Trait.LAZY in traits else leaf
        self.open_size, self.held = (open_size, held) if Trait.OPEN in traits else (1, 0)
        number = tail[0] if kind == "held" else 0
        if isinstance(number, int):
            self.held |= number and 1 << number
        if run is None:
            self._unfold(tail)
        inner = tail[0] if kind == "again" else None
        self.first = inner.first if isinstance(inner, Value) else self
        #: Of a code object, its place among those of the same name.
        self.ordinal = 0
        #: Filled in by :func:`digest_of`.
        self.digest: bytes | None = None

    def __getattr__(self, name: str) -> object:
        """Return the parts of a long value, which are made when somebody asks for them."""
        if name not in ("parts", "operands") or self.run is None:
            raise AttributeError(name)
        self._unfold((*self.run.unfolded(), *self.tail))
        return self.parts if name == "parts" else self.operands

    def _unfold(self, parts: tuple[object, ...]) -> None:
        self.parts = parts
        operands = tuple([part for part in parts if isinstance(part, Value)])
        self.operands = parts if len(operands) == len(parts) else operands  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Value {self.kind} of {self.size}>"

    @property
    def is_literal(self) -> bool:
        """Whether it is a constant."""
        return self.literal is not NO_LITERAL

    @property
    def is_new(self) -> bool:
        """Whether it is an object that is made when something takes it."""
        return Trait.NEW in KINDS[self.kind].traits and not self.is_literal

    @property
    def inner(self) -> Iterator[Run | Value]:
        """What it is made of, its parts or, of a long one, the run before the last parts."""
        return _inner(self.run, self.tail)

    def value(self, index: int) -> Value:
        """Return a part that is an expression.

        Raises:
            PycInspectError: ``not-canonical``, if it is none: no compiler makes that.
        """
        part = self.parts[index] if index < len(self.parts) else None
        if not isinstance(part, Value):
            raise refused(f"a part of {self.kind} is not an expression")
        return part

    def word(self, index: int) -> str:
        """Return a part that is text.

        Raises:
            PycInspectError: ``not-canonical``, if it is none: no compiler makes that.
        """
        part = self.parts[index] if index < len(self.parts) else None
        if not isinstance(part, str):
            raise refused(f"a part of {self.kind} is not a name")
        return part


def _inner(run: Run | None, parts: tuple[object, ...]) -> Iterator[Run | Value]:
    if run is not None:
        yield run
    for part in parts:
        if isinstance(part, Value):
            yield part


class Values:
    """Makes expressions, each once. One for each code object that is canonicalised.

    Args:
        work: what they may cost.
    """

    def __init__(self, work: Work | None = None) -> None:
        self.work = Work(_MOST_WORK) if work is None else work
        self._known: dict[tuple[object, ...], Value] = {}
        self._runs: dict[tuple[object, ...], Run] = {}
        self._codes: dict[int, int] = {}
        #: By identity; constants are kept, so that no other gets theirs.
        self._constants: dict[int, tuple[object, Value]] = {}
        self._leaves: list[Value] = []
        #: Code objects, by the number in values of the kind ``code``.
        self.codes: list[Code] = []
        self.none = self.constant(None)
        self.null = self.make("null")

    def make(self, kind: str, *parts: object) -> Value:
        """Return the expression of a kind with these parts.

        Raises:
            PycInspectError: ``not-canonical``, for one that is too large.
        """
        return self._made(kind, None, parts) if len(parts) > _RUN else self._known_as(kind, parts)

    def extended(self, value: Value, parts: Sequence[object]) -> Value:
        """Return the expression of the same kind that has more parts after those of another."""
        return self._made(value.kind, value.run, (*value.tail, *parts))

    def _made(self, kind: str, run: Run | None, parts: tuple[object, ...]) -> Value:
        start = 0
        while len(parts) - start > _RUN:
            run = self._run(run, parts[start : start + _RUN])
            start += _RUN
        return self._known_as(kind, parts[start:], run)

    def _run(self, before: Run | None, parts: tuple[object, ...]) -> Run:
        self.work.spend()
        known = self._runs.get((before, *parts))
        if known is None:
            known = self._runs[before, *parts] = Run(before, parts, self.work)
        return known

    def _known_as(self, kind: str, tail: tuple[object, ...], run: Run | None = None) -> Value:
        key = (kind, *tail) if run is None else (run, kind, *tail)
        known = self._known.get(key)
        if known is None:
            is_leaf = Trait.LEAF in KINDS[kind].traits
            leaf = 1 << len(self._leaves) if is_leaf else 0
            known = self._known[key] = _new(kind, run, tail, leaf)
            if leaf:
                self._leaves.append(known)
        return known

    def leaf(self, number: int) -> Value:
        """Return the variable whose bit has a number."""
        return self._leaves[number]

    def fresh_leaves(self) -> Callable[[], list[Value]]:
        """Return what returns the variables that were made since it was called before."""
        seen = 0

        def fresh() -> list[Value]:
            nonlocal seen
            found = self._leaves[seen:]
            seen = len(self._leaves)
            return found

        return fresh

    # --- Constants -----------------------------------------------------------------------

    def constant(self, root: object) -> Value:
        """Return the expression of a constant; parts are made before their container."""
        made = self._constants
        waiting = [root]
        while waiting:
            value = waiting[-1]
            if id(value) in made:
                waiting.pop()
                continue
            parts = parts_of(value)
            missing = [part for part in parts if id(part) not in made]
            if missing:
                waiting.extend(missing)
                continue
            self.work.spend(steps_to_make(len(parts)))
            made[id(value)] = value, self._container(value, [made[id(p)][1] for p in parts])
        return made[id(root)][1]

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
            known = self._known[name] = Value("const", None, (kind.__name__, key), value)
        return known

    def tell_apart(self, ordinals: Mapping[int, int]) -> None:
        """Number code objects among those of the same name; no digest must be known before.

        Args:
            ordinals: the numbers, by the identity of the code objects.
        """
        for number, code in enumerate(self.codes):
            self.make("code", number).ordinal = ordinals.get(id(code), 0)

    # --- Displays --------------------------------------------------------------------------

    def set_of(self, items: Sequence[Value]) -> Value:
        """Return a set; constants that follow each other have no order, and are in it once."""
        parts: list[Value] = []
        for is_literal, group in groupby(items, lambda item: item.is_literal):
            run = list(group)
            parts += self._unordered(run) if is_literal else run
        return self.make("set", *parts)

    def _unordered(self, constants: Sequence[Value]) -> list[Value]:
        self.work.spend(sum(item.size for item in constants) // _RUN)
        unique: dict[object, Value] = {}
        for item in constants:
            unique.setdefault(item.literal, item)
        return sorted(unique.values(), key=digest_of)


class Renaming:
    """Writes expressions with other ones in the place of variables, all at once.

    Args:
        values: makes expressions.
        new: what stands for which variable.
        names: whether variables have other names, also in what was computed of them; else they
            have other values, and what was computed before stays what it is.
    """

    def __init__(
        self,
        values: Values,
        new: Mapping[Value, Value] = MappingProxyType({}),
        *,
        names: bool = False,
    ) -> None:
        self._values = values
        self._names = names
        self._new = dict(new)
        self._leaves = 0
        for leaf in new:
            self._leaves |= leaf.reads
        self._done: dict[Value, Value] = {}

    def add(self, leaf: Value, value: Value) -> None:
        """Let an expression stand for a variable from now on."""
        self._new[leaf] = value
        self._leaves |= leaf.reads
        if self._done:
            self._done = {}

    def __call__(self, root: Value) -> Value:
        """Return an expression with all variables replaced; each part is made once."""
        waiting = [root]
        while waiting:
            value = waiting[-1]
            if self._known(value) is not None:
                waiting.pop()
                continue
            missing = [part for part in value.operands if self._known(part) is None]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            self._values.work.spend(1 + len(value.parts) // _RUN)
            parts = (self._known(p) if isinstance(p, Value) else p for p in value.parts)
            self._done[value] = self._values.make(value.kind, *parts)
        return self._known(root) or root

    def _known(self, value: Value) -> Value | None:
        """Return what becomes of an expression, None if that is not known yet."""
        if not (value.leaves if self._names else value.reads) & self._leaves:
            return value
        return self._new.get(value) or self._done.get(value)


def _new(kind: str, run: Run | None, tail: tuple[object, ...], leaf: int) -> Value:
    value = Value(kind, run, tail, NO_LITERAL, leaf)
    if value.size > _LARGEST:
        raise refused("an expression is too large")
    is_constant = kind == "tuple" and not value.marks & Marks.VARIABLE
    if is_constant and value.depth <= _DEEPEST_LITERAL:
        value.literal = tuple(operand.literal for operand in value.operands)
    return value


def _written(value: int) -> int | str:
    # Decimal text of long integers takes quadratic time, and Python refuses to write it.
    return value if value.bit_length() <= LONGEST_INT else hex(value)


# Constants are the same by type and bits: True, 1 and 1.0 are three, and 0.0 is not -0.0
# (Objects/codeobject.c: _PyCode_ConstantKey).
_KEYS: Mapping[type, Callable[..., object]] = MappingProxyType(
    {
        float: lambda value: struct.pack("<d", value),
        complex: lambda value: struct.pack("<dd", value.real, value.imag),
        int: _written,
        Long: _written,
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
        if value.digest is not None:
            waiting.pop()
            continue
        missing = [part for part in value.operands if part.digest is None]
        if missing:
            waiting.extend(missing)
            continue
        value.digest = digest_of_words((value.kind, *_words(value)))
    assert root.digest is not None
    return root.digest


def _words(value: Value) -> list[object]:
    if value.kind == "code":  # its number differs from run to run
        return [value.ordinal]
    return [part.digest if isinstance(part, Value) else _plain(part) for part in value.parts]


#: A user may have limited Python to 640 decimal digits (sys.set_int_max_str_digits).
_SHORT_INT = 10**600


class _Digits:
    """A number that ``repr`` writes as it writes short ones."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __repr__(self) -> str:
        number, digits = abs(self._number), ""
        while number:
            number, low = divmod(number, _SHORT_INT)
            digits = f"{int(low):0600d}" + digits
        sign = "-" if self._number < 0 else ""
        return sign + digits.lstrip("0") + ("L" if isinstance(self._number, Long) else "")


def _plain(part: object) -> object:
    is_long = isinstance(part, int) and not -_SHORT_INT < part < _SHORT_INT
    return _Digits(part) if is_long and isinstance(part, int) else part


def digest_of_words(words: object) -> bytes:
    """Return 16 bytes of plain words, bytes and numbers, and tuples of them."""
    text = repr(words).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=16).digest()
