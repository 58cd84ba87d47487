"""The graph as statements that a person can read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from pycinspect.canonical.graph import NOWHERE
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.states import Payload
from pycinspect.canonical.text import Budget, Writer, listed, short
from pycinspect.canonical.values import Value, digest_of
from pycinspect.dialects import Dialect
from pycinspect.disasm import instructions
from pycinspect.pyc import Code
from pycinspect.values import shown

__all__ = [
    "Goal",
    "Statement",
    "docstring_of",
    "labels_of",
    "payload_digest",
    "raw_statements",
    "statements_of",
    "without_docstring",
]


class Goal(NamedTuple):
    """Where control goes, if not to the next statement.

    Args:
        when: such as ``else``; "" for always.
        target: the number of the statement.
    """

    when: str
    target: int


class Statement(NamedTuple):
    """One line of the listing.

    Args:
        text: Python-like; without labels, which are none of it.
        line: of the source, None for none.
        digest: equal for equal statements; numbers of lines and labels do not count.
        offsets: of the instructions after it, in bytes.
        targets: numbers of the statements to which control goes and, if something is raised, of
            each of its events; None for out of the code object.
        goals: those that a reader must be told of.
        handler: where it goes if something is raised; None for out of the code object.
        events: what happens, with what the text leaves out; none at level exact.
    """

    text: str
    line: int | None
    digest: bytes
    offsets: tuple[int, ...]
    targets: tuple[int | None, ...] = ()
    goals: tuple[Goal, ...] = ()
    handler: int | None = None
    events: tuple[Payload, ...] = ()

    def __repr__(self) -> str:
        return shown(self)

    def shown(self, labels: Mapping[int, str]) -> str:
        """Return the statement with the labels of those to which control goes."""
        return self.text + "".join(f"{when} -> {labels[target]}" for when, target in self.goals)

    def guarded(self, labels: Mapping[int, str]) -> str:
        """Return what is said of the handler: nothing where there is none."""
        return "" if self.handler is None else f"  [on error -> {labels[self.handler]}]"


def labels_of(statements: Sequence[Statement]) -> Mapping[int, str]:
    """Return names of the statements to which control goes from elsewhere, by number."""
    goals = {goal.target for statement in statements for goal in statement.goals}
    handlers = {part.handler for part in statements if part.handler is not None}
    return {place: f"L{number}" for number, place in enumerate(sorted(goals | handlers), 1)}


def raw_statements(code: Code, dialect: Dialect) -> tuple[Statement, ...]:
    """Return the instructions of a code object as they are, one a statement.

    Texts of arguments are cut like expressions, and if there is too much of them, see
    :class:`.text.Budget`; digests are of the whole.

    Raises:
        PycInspectError: ``unknown-opcodes``.
    """
    budget, digests = Budget(code), {}
    found = []
    for step in instructions(code, dialect):
        argument = step.argrepr or ("" if step.arg is None else str(step.arg))
        key = step.opname, argument
        if key not in digests:
            digests[key] = _digest(_raw(*key))
        text = budget.written(_raw(step.opname, short(argument)))
        found.append(Statement(text, step.line, digests[key], (step.offset,)))
    return tuple(found)


def _raw(opname: str, argument: str) -> str:
    return f"{opname:<20} {argument}".rstrip()


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


# --- Which events are one statement --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Group:
    """Events that follow each other, and that a person would write as one statement.

    Args:
        nodes: the events.
        computed: the values that they compute.
        loop: the head of the loop whose next item the statement takes, if it does.
    """

    nodes: tuple[Merged, ...]
    computed: frozenset[Value]
    loop: Merged | None

    @property
    def last(self) -> Merged:
        """The event that the others lead to."""
        return self.nodes[-1]


#: Events that compute a value, and do nothing else.
_COMPUTING = ("ev", "load", "keep")
_STORING = ("store", "store_attr", "store_item", "assign")
_UNPACKING = ("unpack", "unpack_ex")
_PARTS = ("unpacked", "unpacked_ex")


def statements_of(graph: Sequence[Merged], budget: Budget) -> tuple[Statement, ...]:
    """Return the statements of a graph.

    An event that only computes a part of the next one is not a statement of its own: ``f(x).y``
    is one, and so are ``for x in y``, ``a, b = c``. Its digest is part of theirs.

    Args:
        graph: of a code object.
        budget: what may be written.
    """
    joined = _joined(graph, budget)
    groups: list[_Group] = []
    number_of: dict[int, int] = {}
    pending: list[Merged] = []
    for place, node in enumerate(graph):
        pending.append(node)
        number_of[place] = len(groups)
        if place not in joined:
            groups.append(_group(pending))
            pending = []
    context = _Context(_names(groups, budget), number_of, budget)
    return tuple(_statement(group, number, context) for number, group in enumerate(groups))


def _joined(graph: Sequence[Merged], budget: Budget) -> frozenset[int]:
    """Return the nodes that are one statement with the node after them."""
    entries = _entries(graph)
    joined: set[int] = set()
    wanted = _Wanted(budget)
    for place in range(len(graph) - 2, -1, -1):
        node, after = graph[place], graph[place + 1]
        if place + 1 not in joined:
            wanted = _Wanted(budget)
            wanted.add(after.payload)
        if not node.successors or node.successors[0] != place + 1:
            continue
        if entries[place + 1] > 1:
            together = _starts_loop(node, after)
        elif after.handler not in (node.handler, NOWHERE):
            together = False
        else:
            together = wanted.is_fed(node) or _takes(node, after)
        if together:
            joined.add(place)
            if node.payload[0] in _COMPUTING:  # its parts are among those already
                wanted.take(node.payload)
            else:
                wanted.add(node.payload)
    return frozenset(joined)


def _entries(graph: Sequence[Merged]) -> list[int]:
    """Return how many edges lead to each node."""
    entries = [0] * len(graph)
    for node in graph:
        for successor in node.successors:
            entries[successor] += 1
        if node.handler != NOWHERE:
            entries[node.handler] += 1
    return entries


def _starts_loop(node: Merged, after: Merged) -> bool:
    """Return whether a node asks for the iterator of the loop after it."""
    return (
        after.payload[0] == "for"
        and node.payload == ("ev", after.payload[1])
        and node.handler == after.handler
    )


class _Wanted:
    """The expressions of a statement, for which events before it may be computed.

    Args:
        budget: what may be looked at.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._parts: set[object] = set()
        self._has_sent = False

    def add(self, payload: Payload) -> None:
        """Add the expressions of an event, the outer ones first, but not too many."""
        for part in self._budget.looked(_walk([payload], _never)):
            self._parts.add(part)
            self._has_sent |= part.first.kind == "sent"
        self.take(payload)

    def take(self, payload: Payload) -> None:
        """Take out what an event computes: the same before it is another statement."""
        if payload[0] in _COMPUTING:
            self._parts.discard(payload[1])

    def is_fed(self, node: Merged) -> bool:
        """Return whether a node does nothing but compute one of the expressions."""
        word = node.payload[0]
        if word == "yield":
            return self._has_sent
        return word in _COMPUTING and node.payload[1] in self._parts and _says_itself(node)


def _says_itself(node: Merged) -> bool:
    """Return whether what is kept is what its name says: in an assignment it may be another."""
    word, value, *rest = node.payload
    return word != "keep" or (isinstance(value, Value) and rest == [value.parts[0]])


def _takes(node: Merged, after: Merged) -> bool:
    """Return whether the node after another takes what that one has brought apart."""
    word, *parts = after.payload
    if word not in (*_STORING, *_UNPACKING):
        return False
    values = parts[1::2] if word == "assign" else [parts[0] if word in _UNPACKING else parts[-1]]
    return all(isinstance(value, Value) and _is_taken_from(node, value) for value in values)


def _is_taken_from(node: Merged, value: Value) -> bool:
    word = node.payload[0]
    if word == "for":
        item = value.first
        return item.kind == "next" and item.parts[0] is node.payload[1]
    is_part = value.kind in _PARTS
    return is_part and (word in _UNPACKING or (word in _STORING and _stores_part(node)))


def _stores_part(node: Merged) -> bool:
    value = node.payload[-1]
    return isinstance(value, Value) and value.kind in _PARTS


def _group(nodes: Sequence[Merged]) -> _Group:
    payloads = [node.payload for node in nodes]
    computed = (p[1] for p in payloads if p[0] in ("ev", "keep") and isinstance(p[1], Value))
    loop = next((node for node in nodes[:-1] if node.payload[0] == "for"), None)
    return _Group(tuple(nodes), frozenset(computed), loop)


def _never(_: Value) -> bool:
    return False


def _walk(payloads: Iterable[Payload], is_end: Callable[[Value], bool]) -> Iterator[Value]:
    """Yield the expressions of events once each, but nothing inside some of them."""
    roots = (part for payload in payloads for part in payload if isinstance(part, Value))
    waiting = deque(dict.fromkeys(roots))
    seen = set(waiting)
    while waiting:
        value = waiting.popleft()
        yield value
        if not is_end(value):
            inner = [part for part in value.first.operands if part not in seen]
            seen.update(inner)
            waiting.extend(inner)


# --- Names for what is computed once and used elsewhere ------------------------------------------

#: They are written out wherever they are used: an import has no other result a second time.
_UNNAMED = frozenset({"import", "import_from"})


def _names(groups: Sequence[_Group], budget: Budget) -> Mapping[Value, str]:
    """Return names for the values that one statement computes and another one uses."""
    computed: dict[Value, None] = {}
    for group in groups:
        values = sorted(group.computed, key=digest_of)
        computed.update(dict.fromkeys(v for v in values if v.kind not in _UNNAMED))
    elsewhere: set[Value] = set()
    for group in groups:

        def is_other(value: Value, own: frozenset[Value] = group.computed) -> bool:
            return value in computed and value not in own

        payloads = [node.payload for node in group.nodes]
        elsewhere.update(filter(is_other, budget.looked(_walk(payloads, is_other), len(payloads))))
    used = (value for value in computed if value in elsewhere)
    return {value: f"t{number}" for number, value in enumerate(used, 1)}


# --- One statement -------------------------------------------------------------------------------


class _Context(NamedTuple):
    """What is known of all statements of a graph.

    Args:
        names: of the values that several of them use.
        number_of: the statement of each node.
        budget: what may be written in all.
    """

    names: Mapping[Value, str]
    number_of: Mapping[int, int]
    budget: Budget


def _statement(group: _Group, number: int, context: _Context) -> Statement:
    number_of = context.number_of
    hashed = blake2b(digest_size=16)
    for node in group.nodes:
        hashed.update(payload_digest(without_docstring(node.payload)))
    line = next((node.line for node in reversed(group.nodes) if node.line is not None), None)
    handler = next((n.handler for n in group.nodes if n.handler != NOWHERE), NOWHERE)
    ends = [*group.last.successors, *(group.loop.successors[1:] if group.loop else ())]
    return Statement(
        _text(group, context.names, context.budget),
        line,
        hashed.digest(),
        tuple(sorted({offset for node in group.nodes for offset in node.offsets})),
        (*(number_of[end] for end in ends), *(number_of.get(n.handler) for n in group.nodes)),
        tuple(_goals(group, number + 1, number_of)),
        number_of.get(handler),
        tuple(node.payload for node in group.nodes),
    )


def _goals(group: _Group, follows: int, number_of: Mapping[int, int]) -> Iterator[Goal]:
    """Yield where control goes, if not to the statement that follows."""
    head = group.loop or group.last
    is_loop = head.payload[0] == "for"
    on, *otherwise = [number_of[end] for end in group.last.successors] or [follows]
    if group.loop:
        otherwise = [number_of[group.loop.successors[1]]]
    if on != follows:
        yield Goal("", on)
    for end in otherwise:
        # A loop that goes nowhere else after its last item would look like an endless one.
        if end != follows or (is_loop and on != follows):
            yield Goal(", at the end" if is_loop else ", else", end)


_DOCSTRING = "docstring"


def without_docstring(payload: Payload) -> Payload:
    """Return an event; what is stored in ``__doc__`` does not count, it has its own plane."""
    return payload[:-1] if docstring_of(payload) is not None else payload


def docstring_of(payload: Payload) -> str | None:
    """Return the docstring of a class or module, if an event stores it."""
    value = payload[-1]
    if payload[0] != "store" or not isinstance(value, Value) or value.kind != _DOCSTRING:
        return None
    return value.word(0)


def payload_digest(payload: Payload) -> bytes:
    """Return bytes that are equal for equal events, in any process."""
    parts = []
    for part in payload:
        if isinstance(part, Value):
            parts.append(digest_of(part))
        else:
            text = f"{type(part).__name__} {part}".encode("utf-8", "surrogatepass")
            parts.append(len(text).to_bytes(4, "little") + text)
    return b"".join(parts)


# --- Its text ------------------------------------------------------------------------------------


def _text(group: _Group, names: Mapping[Value, str], budget: Budget) -> str:
    writer = Writer(names, group.computed, dict(_texts(group, budget)), budget)
    whole = _taken_apart(group)
    if whole is None:
        return budget.written(writer.event(group.last.payload))
    pattern = _pattern(group, whole, writer)
    if group.loop is None:
        return budget.written(f"{pattern} = {writer.expression(whole)}")
    iterator = group.loop.payload[1]
    assert isinstance(iterator, Value)  # what "for" takes the next of
    return budget.written(f"for {pattern} in {_iterable(iterator, group, names, writer)}")


def _texts(group: _Group, budget: Budget) -> Iterator[tuple[Value, str]]:
    """Yield what stands for the result of ``yield``."""
    yielded = [node.payload[1] for node in group.nodes[:-1] if node.payload[0] == "yield"]
    if not yielded or not isinstance(yielded[0], Value):
        return
    text = f"yield {Writer(budget=budget).expression(yielded[0])}"
    for value in budget.looked(_walk([node.payload for node in group.nodes], _never)):
        if value.first.kind == "sent":
            yield value, text


def _iterable(iterator: Value, group: _Group, names: Mapping[Value, str], writer: Writer) -> str:
    """Return what a loop is over: the iterable, where its iterator is of no use elsewhere."""
    is_own = iterator in group.computed and iterator not in names and iterator.kind == "iter"
    return str(writer.expression(iterator.value(0) if is_own else iterator))


def _taken_apart(group: _Group) -> Value | None:
    """Return what the statement assigns in parts or, in a loop, assigns item by item."""
    for node in group.nodes[:-1]:
        if node.payload[0] == "for":
            after = group.nodes[group.nodes.index(node) + 1].payload
            value = after[1] if after[0] in _UNPACKING else after[-1]
            return value if isinstance(value, Value) else None
        if node.payload[0] in _UNPACKING and isinstance(node.payload[1], Value):
            return node.payload[1]
    return None


def _pattern(group: _Group, whole: Value, writer: Writer) -> str:
    """Return targets as the source has them: ``a, (b, *c)``."""
    targets = _Targets()
    parts: dict[Value, list[str]] = {}
    for node in reversed(group.nodes):
        word, *rest = node.payload
        if word in _UNPACKING:
            value, count = rest
            assert isinstance(value, Value)  # the machine makes no other event of this kind
            assert isinstance(count, int)
            parts[value] = targets.of_parts(str(word), value, count)
            targets.add(value, f"({listed(parts[value])})")
        elif word in _STORING:
            for value, text in _stored(node.payload, writer):
                targets.add(value, text)
    if whole in parts:
        items = parts[whole]
        return f"{items[0]}," if len(items) == 1 else listed(items)
    return targets.of(whole)


def _stored(payload: Payload, writer: Writer) -> Iterator[tuple[Value, str]]:
    word, *rest = payload
    if word == "assign":
        pairs = zip(rest[::2], rest[1::2], strict=True)
        for target, value in pairs:
            assert isinstance(value, Value)
            assert isinstance(target, Value)
            yield value, str(writer.expression(target))
    else:
        value = rest[-1]
        assert isinstance(value, Value)
        yield value, writer.target(payload)


_BEFORE, _BEHIND = 0xFF, 8


class _Targets:
    """What the values of a statement are assigned to."""

    def __init__(self) -> None:
        self._texts: dict[Value, str] = {}
        #: Of values that are parts of another, by that one and their places.
        self._of_parts: dict[object, dict[object, str]] = {}

    def add(self, value: Value, text: str) -> None:
        """Note a target, or targets in brackets."""
        self._texts[value] = text
        if value.kind in _PARTS:
            owner, place = value.parts
            self._of_parts.setdefault(owner, {})[place] = text

    def of(self, value: Value) -> str:
        """Return the target of a value."""
        return self._texts.get(value, "_")

    def of_parts(self, word: str, value: Value, count: int) -> list[str]:
        """Return the targets of the parts of a value, a ``*`` before that of the rest."""
        star = count & _BEFORE if word == "unpack_ex" else None
        size = count if star is None else star + 1 + (count >> _BEHIND)
        known = self._of_parts.get(value, {})
        return [("*" if index == star else "") + known.get(index, "_") for index in range(size)]
