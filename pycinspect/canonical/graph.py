"""From states to a graph of events, and what is simplified before it is minimised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pycinspect.canonical.joins import Joins
from pycinspect.canonical.machine import PROPAGATE, Event, Machine, Payload, State
from pycinspect.canonical.notes import Note
from pycinspect.canonical.values import Renaming, Value, Values, digest_of
from pycinspect.canonical.work import Work, refused
from pycinspect.pyc import Code

__all__ = [
    "NOWHERE",
    "Annotation",
    "Node",
    "build",
    "by_name",
    "in_parallel",
    "lazy_annotations",
    "without_annotations",
    "without_safe_loads",
]

#: The handler of a node that none guards, or that cannot raise.
NOWHERE = -1

#: States of one code object. Real programs need some thousands at most, unless each of
#: many conditions inside one expression doubles the paths.
_MOST_STATES = 20_000
#: Visits of nodes by what looks at paths. Real programs need a few for each node.
_MOST_VISITS = 1_000_000
#: Parts of expressions that are looked at for one step.
_SEEN_AT_ONCE = 4
#: Variables in a set that are looked at for one of those.
_BITS_AT_ONCE = 512
#: Stores to local variables, each counted once for each run of them that it is in.
_MOST_STORES = 100_000


class Node(NamedTuple):
    """One event.

    Args:
        payload: what happens.
        successors: indexes of the nodes that follow; of a branch, if true and if false.
        handler: index of the node that follows if something is raised, or ``NOWHERE``.
        offset: of the instruction, in bytes.
        line: of the source, None for none.
    """

    payload: Payload
    successors: tuple[int, ...]
    handler: int
    offset: int
    line: int | None


#: A number for each node, equal for those that behave equally.
Classes = Callable[[Sequence[Node]], Sequence[int]]


class Annotation(NamedTuple):
    """An annotation of a variable of a module or class."""

    name: Value
    value: Value


def build(machine: Machine, code: Code, argument: Value | None = None) -> list[Node]:
    """Return the graph of a code object; the first node is where it begins.

    Args:
        machine: what follows the paths.
        code: the code object.
        argument: what is known of its one argument.

    Raises:
        PycInspectError: ``not-canonical``, with the reason.
    """
    joins = Joins(machine)
    paths = _Paths(machine, machine.start(code, argument), joins)
    paths.follow(0)
    if paths.are_too_many:
        while (first := joins.learn()) is not None:
            paths.follow(first)
    if paths.are_too_many:
        raise refused("there are too many paths")
    return [_node(event, paths) for event in paths.events]


class _Paths:
    """All paths of a code object, state by state.

    Args:
        machine: what follows them.
        start: where they begin.
        joins: what is held before which branches.
    """

    def __init__(self, machine: Machine, start: State, joins: Joins) -> None:
        self._machine = machine
        self._joins = joins
        #: The states, as they were found, and how many there were before each was followed.
        self._order = [start]
        self._found: list[int] = []
        #: What happens after a state, where that was followed before something was learnt.
        self._known: dict[State, Event] = {}
        #: The index of each state's event.
        self.numbers: dict[State, int] = {start: 0}
        #: One for each state that was followed.
        self.events: list[Event] = []
        #: Whether too many met at one branch. Then some states were not followed.
        self.are_too_many = False

    def follow(self, first: int) -> None:
        """Follow the paths from a state on: what was found behind it is forgotten."""
        if first < len(self.events):
            self._forget(first)
        self.are_too_many = False
        while len(self.events) < len(self._order) and not self.are_too_many:
            self._found.append(len(self._order))
            event = self._next(self._order[len(self.events)])
            self.are_too_many = self._joins.meet(len(self.events), event)
            self.events.append(event)
            for after in (*event.successors, *([] if event.handler is None else [event.handler])):
                if after not in self.numbers:
                    self.numbers[after] = len(self._order)
                    self._order.append(after)
            if len(self._order) > _MOST_STATES:
                raise refused(f"there are more than {_MOST_STATES} states")

    def _next(self, state: State) -> Event:
        self._machine.work.spend()
        if state not in self._known:
            self._known[state] = self._machine.run(state)
        return self._joins.held(self._known[state])

    def _forget(self, first: int) -> None:
        self._joins.forget(first)
        for state in self._order[self._found[first] :]:
            del self.numbers[state]
        del self._order[self._found[first] :]
        del self._found[first:]
        del self.events[first:]


def _node(event: Event, paths: _Paths) -> Node:
    state, handler, numbers = event.state, NOWHERE, paths.numbers
    if event.handler is not None:
        handler = numbers[event.handler]
        if paths.events[handler].payload == (PROPAGATE,):
            handler = NOWHERE  # it only restores what nobody sees, and raises again
    op = state.frame.ops[max(state.pc, 0)]
    successors = tuple(numbers[successor] for successor in event.successors)
    return Node(event.payload, successors, handler, op.offset, op.line)


# --- Taking nodes out ----------------------------------------------------------------------


def _without(nodes: Sequence[Node], gone: set[int]) -> list[Node]:
    """Return the graph without some nodes, each of which has one successor."""
    if not gone:
        return list(nodes)
    ends: dict[int, int] = {}

    def end(index: int) -> int:
        path: dict[int, None] = {}
        while index in gone and index not in ends:
            if index in path:  # a loop without any other event
                break
            path[index] = None
            index = nodes[index].successors[0]
        index = ends.get(index, index)
        ends.update(dict.fromkeys(path, index))
        return index

    kept = [
        node._replace(
            successors=tuple(map(end, node.successors)),
            handler=node.handler if node.handler == NOWHERE else end(node.handler),
        )
        for node in nodes
    ]
    kept[0] = kept[end(0)]
    return kept


# --- Loads that cannot raise -----------------------------------------------------------------


def without_safe_loads(
    nodes: Sequence[Node], parameters: Sequence[str], free: Sequence[str], classes: Classes
) -> list[Node]:
    """Return the graph without loads of what is surely bound.

    Which variables are bound is found out on the graph itself: LOAD_FAST_CHECK is there only
    since 3.12. Of other functions' and of global variables it is assumed where no handler
    would see that they are not.

    Args:
        nodes: the graph.
        parameters: names that are bound at the start.
        free: names of other functions' variables.
        classes: finds the nodes that behave equally; copies of a load go or stay together.
    """
    kept = list(nodes)
    gone = {i for i, node in enumerate(nodes) if _is_assumed(node, free)}
    doubtful = [i for i, node in enumerate(nodes) if _reads(node) and i not in gone]
    for index in _bound_everywhere(nodes, doubtful, parameters, classes):
        kept[index] = nodes[index]._replace(handler=NOWHERE)
        if nodes[index].payload[0] == "load":
            gone.add(index)
    return _without(kept, gone)


def _bound_everywhere(
    nodes: Sequence[Node], doubtful: Sequence[int], parameters: Sequence[str], classes: Classes
) -> Sequence[int]:
    """Return those of the doubtful nodes whose variable is bound, in all their copies."""
    if not doubtful:
        return doubtful
    bits = _bits(nodes)
    bound = _bound(nodes, bits, parameters)
    unbound = {i for i in doubtful if not bound[i] & bits[nodes[i].payload[1]]}
    if not unbound:
        return doubtful
    numbers = classes(nodes)
    kept = {numbers[index] for index in unbound}
    return [index for index in doubtful if numbers[index] not in kept]


def _is_assumed(node: Node, free: Sequence[str]) -> bool:
    if node.payload[0] != "load" or node.handler != NOWHERE:
        return False
    variable = node.payload[1]
    return not _is_local(node) or (isinstance(variable, Value) and variable.word(0) in free)


def _reads(node: Node) -> bool:
    """Return whether a node raises only if a local variable is not bound."""
    return node.payload[0] in ("load", "delete") and _is_local(node)


def _is_local(node: Node) -> bool:
    target = node.payload[1]
    return isinstance(target, Value) and target.kind == "local"


#: A set of variables: a bit for each, so that thousands of sets of thousands are small.
_Set = int


def _bits(nodes: Sequence[Node]) -> Mapping[object, _Set]:
    """Return a bit for each local variable."""
    touching = ("load", "store", "delete")
    found = (node.payload[1] for node in nodes if node.payload[0] in touching and _is_local(node))
    return {value: 1 << place for place, value in enumerate(dict.fromkeys(found))}


def _bound(
    nodes: Sequence[Node], bits: Mapping[object, _Set], parameters: Sequence[str]
) -> list[_Set]:
    """Return the variables that are bound on every path to each node."""
    known: list[_Set | None] = [None] * len(nodes)
    known[0] = sum(
        bit for v, bit in bits.items() if isinstance(v, Value) and v.word(0) in parameters
    )
    waiting, work = [0], 0
    while waiting:
        index = waiting.pop()
        work += 1 + len(bits) // _BITS_AT_ONCE
        if work > _MOST_VISITS:
            raise refused("it takes too long to find out which variables are bound")
        node, before = nodes[index], known[index] or 0
        after, bit = before, bits.get(node.payload[1], 0) if len(node.payload) > 1 else 0
        if node.payload[0] == "store":
            after = before | bit
        elif node.payload[0] == "delete":
            after = before & ~bit
        for successor, bound in _edges(node, before, after):
            old = known[successor]
            new = bound if old is None else old & bound
            if new != old:
                known[successor] = new
                waiting.append(successor)
    return [bound or 0 for bound in known]


def _edges(node: Node, before: _Set, after: _Set) -> Iterator[tuple[int, _Set]]:
    for successor in node.successors:
        yield successor, after
    if node.handler != NOWHERE:
        yield node.handler, before & after


# --- Annotations -----------------------------------------------------------------------------


def without_annotations(nodes: Sequence[Node], work: Work) -> tuple[list[Node], list[Annotation]]:
    """Take out annotations of variables, and the events that only compute them."""
    found: list[Annotation] = []
    gone: set[int] = set()
    before: dict[int, list[int]] = {}
    for index, node in enumerate(nodes):
        for successor in node.successors:
            before.setdefault(successor, []).append(index)
    for index, node in sorted(enumerate(nodes), key=lambda item: item[1].offset):
        if node.payload[0] != "annotate":
            continue
        _, name, value = node.payload
        assert isinstance(name, Value)
        assert isinstance(value, Value)
        found.append(Annotation(name, value))
        gone.add(index)
        gone.update(_feeding(nodes, before, index, _parts(value, work)))
    return _without(nodes, gone), found


def lazy_annotations(machine: Machine) -> list[Annotation]:
    """Return what the ``__annotate__`` of a module or class would compute (PEP 649)."""
    lazy = (code for code in machine.made.values() if code.name == "__annotate__")
    codes = [code for code in lazy if id(code) not in machine.inlined]
    found: list[Annotation] = []
    for code in codes:
        machine.notes.add(Note.LAZY_ANNOTATIONS)
        nodes = build(machine, code, machine.values.constant(1))
        for node in sorted(nodes, key=lambda node: node.offset):
            found.extend(_stored_in_display(node.payload))
    return found


def _stored_in_display(payload: Payload) -> Iterator[Annotation]:
    """Yield the items of a dict that is returned, and an item that is stored in one."""
    owner = payload[1] if len(payload) > 1 else None
    if not isinstance(owner, Value) or owner.kind != "map":
        return
    if payload[0] == "return":
        for pair in owner.operands:
            if pair.kind == "pair":
                yield Annotation(pair.value(0), pair.value(1))
    elif payload[0] == "store_item":
        _, _, name, value = payload
        assert isinstance(name, Value)
        assert isinstance(value, Value)
        yield Annotation(name, value)


def _feeding(
    nodes: Sequence[Node], before: dict[int, list[int]], index: int, parts: set[Value]
) -> Iterator[int]:
    """Yield the nodes straight before one that compute parts of its value."""
    seen = {index}
    while len(before.get(index, ())) == 1:
        (index,) = before[index]
        payload = nodes[index].payload
        if index in seen or payload[0] not in ("ev", "load") or payload[1] not in parts:
            return
        seen.add(index)
        yield index


def _parts(root: Value, work: Work) -> set[Value]:
    found: set[Value] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if value not in found:
            found.add(value)
            waiting.extend(value.operands)
    work.spend(len(found) // _SEEN_AT_ONCE)
    return found


# --- Stores ----------------------------------------------------------------------------------


def by_name(target: Value, _: Value) -> bytes:
    """Return what orders an assignment of several variables."""
    return digest_of(target)


def in_parallel(
    nodes: Sequence[Node],
    values: Values,
    notes: set[Note],
    order: Callable[[Value, Value], bytes] = by_name,
) -> list[Node]:
    """Make one assignment of each run of stores to local variables.

    3.12 stores in another order than the source, and 3.13 leaves out a store that another
    to the same variable follows (``Python/flowgraph.c: swaptimize``, ``remove_redundant…``).

    Args:
        nodes: the graph.
        values: makes expressions.
        notes: where it is noted that a store has gone.
        order: what the parts of an assignment, target and value, are sorted by.
    """
    changed, work = list(nodes), 0
    for start in _heads(nodes):
        now: dict[Value, Value] = {}
        meaning = Renaming(values)
        index, length = start, 0
        seen: set[int] = set()
        while _is_store(nodes[index]) and index not in seen:
            seen.add(index)
            _, target, value = nodes[index].payload
            assert isinstance(target, Value)
            assert isinstance(value, Value)
            value = meaning(value)
            meaning.add(values.make("local", f"{target.word(0)}'"), now.get(target, target))
            meaning.add(target, value)
            now[target] = value
            index = nodes[index].successors[0]
            length += 1
        work += length
        if work > _MOST_STORES:
            raise refused("there are too many ways into assignments")
        if length > 1:
            pairs = [(t, v) for t, v in now.items() if t is not v]
            pairs.sort(key=lambda pair: order(*pair))
            if len(pairs) < length:
                notes.add(Note.DEAD_STORES)
            word = "store" if len(pairs) == 1 else "assign"
            payload = (word, *(part for pair in pairs for part in pair))
            changed[start] = nodes[start]._replace(payload=payload, successors=(index,))
    return changed


def _is_store(node: Node) -> bool:
    return node.payload[0] == "store" and _is_local(node)


def _heads(nodes: Sequence[Node]) -> list[int]:
    """Return the stores that something else than such a store leads to."""
    heads = {0}
    for node in nodes:
        if not _is_store(node):
            heads.update(node.successors)
        heads.add(node.handler)
    heads.discard(NOWHERE)
    return sorted(index for index in heads if _is_store(nodes[index]))
