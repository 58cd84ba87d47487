"""Values that are kept, and stores to local variables: which of them happen at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from pycinspect.canonical.graph import NOWHERE, Node, is_local, without
from pycinspect.canonical.notes import Note
from pycinspect.canonical.states import Payload
from pycinspect.canonical.values import Renaming, Value, Values, digest_of
from pycinspect.canonical.work import refused

__all__ = ["Order", "by_name", "in_parallel", "without_unused"]

#: What an assignment of several variables is sorted by, of a target and its value.
Order = Callable[[Value, Value], bytes]

#: Stores to local variables, each counted once for each run of them that it is in.
_MOST_STORES = 100_000
#: Visits of nodes by what looks at paths. Real programs need a few for each node.
_MOST_VISITS = 1_000_000


# --- What is used ----------------------------------------------------------------------------

#: Kept values: a bit for each.
_Set = int


def without_unused(nodes: Sequence[Node], values: Values) -> list[Node]:
    """Return the graph without values that are kept for nobody: versions copy more or less.

    Args:
        nodes: the graph.
        values: makes expressions.
    """
    after = _used_after(nodes)
    kept, gone = list(nodes), set()
    for index, node in enumerate(nodes):
        if node.payload[0] != "keep" or _kept(node.payload) & after[index]:
            continue
        if node.handler == NOWHERE:
            gone.add(index)
        else:  # the variable may be unbound
            kept[index] = node._replace(payload=("load", node.payload[2]))
    used = [node for i, node in enumerate(kept) if node.payload[0] == "keep" and i not in gone]
    return _renumbered(without(kept, gone), dict.fromkeys(node.payload[1] for node in used), values)


def _renumbered(nodes: list[Node], tokens: Iterable[object], values: Values) -> list[Node]:
    """Return the graph with the lowest numbers for several that are kept of one value."""
    numbered: dict[object, list[Value]] = {}
    for token in tokens:
        assert isinstance(token, Value)
        numbered.setdefault(token.parts[0], []).append(token)
    new = {
        token: values.make("kept", value, number)
        for value, alike in numbered.items()
        for number, token in enumerate(sorted(alike, key=_number))
    }
    if all(token is other for token, other in new.items()):
        return nodes
    renaming = Renaming(values, new, names=True)
    return [
        node._replace(
            payload=tuple(renaming(p) if isinstance(p, Value) else p for p in node.payload)
        )
        for node in nodes
    ]


def _number(token: Value) -> int:
    number = token.parts[1]
    assert isinstance(number, int)  # the machine makes no others
    return number


def _used_after(nodes: Sequence[Node]) -> list[_Set]:
    """Return the kept values that are used on some path after each node."""
    after: list[_Set] = [0] * len(nodes)
    if not any(node.payload[0] == "keep" for node in nodes):
        return after
    before: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        for target in (*node.successors, *([] if node.handler == NOWHERE else [node.handler])):
            before.setdefault(target, []).append(index)
    used: list[_Set] = [0] * len(nodes)
    waiting = dict.fromkeys(range(len(nodes)))
    visits = 0
    while waiting:
        index, _ = waiting.popitem()
        visits += 1
        if visits > _MOST_VISITS:
            raise refused("it takes too long to find out which values are used")
        node = nodes[index]
        for target in node.successors:
            after[index] |= used[target]
        now = after[index] & ~_kept(node.payload)
        if node.handler != NOWHERE:
            now |= used[node.handler]
        if node.payload[0] != "keep" or _kept(node.payload) & after[index]:
            now |= _uses(node.payload)
        if now != used[index]:
            used[index] = now
            waiting.update(dict.fromkeys(before.get(index, ())))
    return after


def _kept(payload: Payload) -> _Set:
    token = payload[1] if payload[0] == "keep" else None
    return token.reads if isinstance(token, Value) else 0


def _uses(payload: Payload) -> _Set:
    word, *parts = payload
    if word == "keep":
        parts = parts[1:]
    used = 0
    for part in parts:
        if isinstance(part, Value):
            used |= part.first.fed if word == "ev" else part.reads
    return used


# --- What is stored at once --------------------------------------------------------------------


def by_name(target: Value, _: Value) -> bytes:
    """Return what orders an assignment of several variables."""
    return digest_of(target)


def in_parallel(
    nodes: Sequence[Node],
    values: Values,
    notes: set[Note],
    order: Order = by_name,
) -> list[Node]:
    """Make one assignment of each run of stores to local variables.

    3.12 stores in another order than the source, and 3.13 leaves out a store that another
    to the same variable follows (``Python/flowgraph.c: swaptimize``, ``remove_redundant…``).
    Nobody can see that: between two stores of a run no code runs, and nothing is raised.

    Args:
        nodes: the graph.
        values: makes expressions.
        notes: where it is noted that a store has gone.
        order: what the parts of an assignment, target and value, are sorted by.
    """
    after = _used_after(nodes)
    changed, work = list(nodes), 0
    waiting = _heads(nodes)
    known = set(waiting)
    gone: set[int] = set()
    while waiting:
        start = waiting.pop()
        run, behind = _run(nodes, start)
        if _is_step(nodes[behind]) and behind not in known:
            known.add(behind)
            waiting.append(behind)
        work += len(run)
        if work > _MOST_STORES:
            raise refused("there are too many ways into assignments")
        if run:
            assignment = _Assignment(values, [nodes[i].payload for i in run], after[run[-1]])
            pairs = sorted(assignment.pairs, key=lambda pair: order(*pair))
            if len(pairs) < sum(nodes[index].payload[0] == "store" for index in run):
                notes.add(Note.DEAD_STORES)
            payloads = [*assignment.keeps, *_assigned(pairs)]
            if payloads:
                _chain(changed, start, payloads, behind)
            else:
                gone.add(start)
                changed[start] = nodes[start]._replace(successors=(behind,))
    return without(changed, gone)


def _assigned(pairs: Sequence[tuple[Value, Value]]) -> list[Payload]:
    """Return the event that assigns to variables: there is none for ``x = x``."""
    if not pairs:
        return []
    word = "store" if len(pairs) == 1 else "assign"
    return [(word, *(part for pair in pairs for part in pair))]


def _chain(nodes: list[Node], start: int, payloads: Sequence[Payload], last: int) -> None:
    """Put events in the place of one node; what is after them goes on at the last."""
    places = [start, *range(len(nodes), len(nodes) + len(payloads) - 1)]
    node = nodes[start]
    nodes.extend([node] * (len(payloads) - 1))
    for place, payload, successor in zip(places, payloads, [*places[1:], last], strict=True):
        nodes[place] = node._replace(payload=payload, successors=(successor,))


def _is_step(node: Node) -> bool:
    if node.payload[0] == "keep":
        return node.handler == NOWHERE
    return node.payload[0] == "store" and is_local(node)


def _heads(nodes: Sequence[Node]) -> list[int]:
    """Return the steps that something else than a step leads to."""
    heads = {0}
    for node in nodes:
        if not _is_step(node):
            heads.update(node.successors)
        heads.add(node.handler)
    heads.discard(NOWHERE)
    return sorted(index for index in heads if _is_step(nodes[index]))


def _run(nodes: Sequence[Node], start: int) -> tuple[list[int], int]:
    """Return the steps from one on, and what is after them.

    The last one is a store; what is kept only after it is no part of the run. A kept value that
    is used in it cannot be another one after it, as what is kept comes first.
    """
    run: dict[int, None] = {}
    index, old, new = start, 0, 0
    while _is_step(nodes[index]) and index not in run and not _kept(nodes[index].payload) & old:
        payload = nodes[index].payload
        run[index] = None
        old |= _uses(payload) & ~new
        new |= _kept(payload)
        index = nodes[index].successors[0]
    while run and nodes[next(reversed(run))].payload[0] == "keep":
        index, _ = run.popitem()
    return [*run], index


class _Assignment:
    """What the variables hold after a run, said by what they held before it.

    Objects that are made in it have a name of their own as long as several hold them:
    ``x = y = []`` is one list, ``x = []; y = []`` are two.

    Args:
        values: makes expressions.
        steps: the run.
        used: the kept values that are used after it.
    """

    def __init__(self, values: Values, steps: Sequence[Payload], used: _Set) -> None:
        self._values = values
        self._used = self._taken = used
        new = 0
        for step in steps:
            self._taken |= _uses(step) & ~new
            new |= _kept(step)
        #: What variables, and kept values, stand for.
        self._now: dict[Value, Value] = {}
        self._kept: dict[Value, Value] = {}
        #: Objects, in the order in which they are made.
        self._made: dict[Value, Value] = {}
        meaning = Renaming(values)
        for step in steps:
            self._add(step, meaning)
        names = self._names() if self._kept or self._made else {}
        written = self._written(names)
        #: The variables that are assigned, and to what.
        self.pairs = [(t, written(v)) for t, v in self._now.items() if t is not v]
        #: The events that keep what is used after the run, or more than once in it.
        self.keeps = [("keep", names[t], written(v)) for t, v in self._made.items() if t in names]
        self.keeps += [
            ("keep", token, written(value))
            for token, value in self._outlasting()
            if names.get(value) is not token
        ]

    def _add(self, step: Payload, meaning: Renaming) -> None:
        """Add the next step of the run."""
        word, target, value = step
        assert isinstance(target, Value)
        assert isinstance(value, Value)
        now = meaning(value)
        if value.is_new:
            now = self._another(now)
        meaning.add(target, now)
        (self._kept if word == "keep" else self._now)[target] = now

    def _another(self, value: Value) -> Value:
        """Return the name of an object that is made."""
        for number in count():
            token = self._values.make("kept", value, number)
            if not token.reads & self._taken:
                break
        self._taken |= token.reads
        self._made[token] = value
        return token

    def _outlasting(self) -> list[tuple[Value, Value]]:
        """Return the kept values that are used after the run, and what they are."""
        return [(t, v) for t, v in self._kept.items() if t.reads & self._used]

    def _names(self) -> dict[Value, Value]:
        """Return the names of the objects that have one after the run, or are used twice."""
        names: dict[Value, Value] = {}
        for token, value in self._outlasting():
            if value in self._made:
                names.setdefault(value, token)
        uses: Counter[Value] = Counter()
        for value in (*self._now.values(), *(value for _, value in self._outlasting())):
            _count(value, uses, self._made)
        for token in reversed(self._made):  # one is made of those before it
            if uses[token] > 1:
                names.setdefault(token, token)
            if uses[token]:
                _count(self._made[token], uses, self._made)
        return names

    def _written(self, names: Mapping[Value, Value]) -> Renaming:
        """Return what writes the objects that have no name where they are used."""
        written = Renaming(self._values)
        for token, value in self._made.items():
            written.add(token, names.get(token) or written(value))
        return written


def _count(root: Value, uses: Counter[Value], made: Mapping[Value, Value]) -> None:
    """Count how often objects are used in a value."""
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if value in made:
            uses[value] += 1
        elif value.kind != "kept":
            waiting.extend(part for part in value.operands if part.reads)
