"""From states to a graph of events, and what is simplified before it is minimised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from pycinspect.canonical.frames import is_annotate
from pycinspect.canonical.joins import Joins
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.notes import Note
from pycinspect.canonical.states import PROPAGATE, Event, Payload, State
from pycinspect.canonical.values import Value
from pycinspect.canonical.work import Work, refused
from pycinspect.pyc import Code

__all__ = [
    "NOWHERE",
    "Annotation",
    "Node",
    "Site",
    "build",
    "is_local",
    "lazy_annotations",
    "without",
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


class Site(NamedTuple):
    """An instruction of one of several code objects; those may be equal and not the same.

    Args:
        code: the code object.
        offset: of the instruction, in bytes.
        line: of the source, None for none.
    """

    code: Code
    offset: int
    line: int | None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Site):
            return NotImplemented
        return self.code is other.code and self.offset == other.offset

    def __hash__(self) -> int:
        return hash((id(self.code), self.offset))


class Node(NamedTuple):
    """One event.

    Args:
        payload: what happens.
        successors: indexes of the nodes that follow; of a branch, if true and if false.
        handler: index of the node that follows if something is raised, or ``NOWHERE``.
        offset: of the instruction, in bytes.
        line: of the source, None for none.
        sites: the instruction, after those that evaluate comprehensions around it, the outermost
            first; nothing unless the machine follows everything.
    """

    payload: Payload
    successors: tuple[int, ...]
    handler: int
    offset: int
    line: int | None
    sites: tuple[Site, ...] = ()

    @property
    def after(self) -> tuple[int, ...]:
        """Indexes of the nodes that may follow, the handler last."""
        return self.successors if self.handler == NOWHERE else (*self.successors, self.handler)


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
    paths.follow_unraised()
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
        self.machine = machine
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
        """Follow the paths from a state on: what was found after it is forgotten."""
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

    def follow_unraised(self) -> None:
        """Follow handlers of what cannot raise anything, where the machine looks at everything."""
        while not self.are_too_many:
            known = {(id(state.frame), state.pc) for state in self._order}
            places = self.machine.unraised.items()
            state = next((one for place, one in places if place not in known), None)
            if state is None:
                break
            self.numbers[state] = len(self._order)
            self._order.append(state)
            self.follow(len(self.events))

    def _next(self, state: State) -> Event:
        self.machine.work.spend()
        if state not in self._known:
            self._known[state] = self.machine.run(state)
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
    sites = _sites(state) if paths.machine.everything else ()
    return Node(event.payload, successors, handler, op.offset, op.line, sites)


def _sites(state: State) -> tuple[Site, ...]:
    places = [*((one.frame, one.pc - 1) for one in state.callers), (state.frame, max(state.pc, 0))]
    return tuple(Site(frame.code, frame.offsets[pc], frame.ops[pc].line) for frame, pc in places)


# --- Taking nodes out ----------------------------------------------------------------------


def without(nodes: Sequence[Node], gone: set[int]) -> list[Node]:
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

    def handler(index: int) -> int:
        """Return a handler, NOWHERE if all that it does is to raise again."""
        index = end(index)
        return NOWHERE if nodes[index].payload == (PROPAGATE,) else index

    kept = [
        node._replace(
            successors=tuple(map(end, node.successors)),
            handler=node.handler if node.handler == NOWHERE else handler(node.handler),
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
    while True:
        fewer = _without_safe(nodes, parameters, free, classes)
        # What cannot raise does not lead to its handler, in which more is bound then; and one in
        # which nothing is left but to raise again is none: there may be more.
        guarded = [i for i, node in enumerate(nodes) if node.payload[0] in ("load", "delete")]
        if all(fewer[i].handler == nodes[i].handler for i in guarded):
            return fewer
        nodes = fewer


def _without_safe(
    nodes: Sequence[Node], parameters: Sequence[str], free: Sequence[str], classes: Classes
) -> list[Node]:
    kept = list(nodes)
    gone = {i for i, node in enumerate(nodes) if _is_assumed(node, free)}
    doubtful = [i for i, node in enumerate(nodes) if _reads(node) and i not in gone]
    for index in _bound_everywhere(nodes, doubtful, parameters, classes):
        kept[index] = nodes[index]._replace(handler=NOWHERE)
        if nodes[index].payload[0] == "load":
            gone.add(index)
    return without(kept, gone)


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
    return not is_local(node) or _named(node.payload[1]) in free


def _reads(node: Node) -> bool:
    """Return whether a node raises only if a local variable is not bound."""
    return node.payload[0] in ("load", "delete") and is_local(node)


def is_local(node: Node) -> bool:
    """Return whether what happens at a node happens to a local variable."""
    target = node.payload[1]
    return isinstance(target, Value) and target.kind == "local"


def _named(variable: object) -> str | None:
    """Return the name of a variable; those of comprehensions are none of the function's."""
    is_own = isinstance(variable, Value) and len(variable.parts) == 1
    return variable.word(0) if is_own and isinstance(variable, Value) else None


#: A set of variables: a bit for each, so that thousands of sets of thousands are small.
_Set = int


def _bits(nodes: Sequence[Node]) -> Mapping[object, _Set]:
    """Return a bit for each local variable."""
    touching = ("load", "store", "delete")
    found = (node.payload[1] for node in nodes if node.payload[0] in touching and is_local(node))
    return {value: 1 << place for place, value in enumerate(dict.fromkeys(found))}


def _bound(
    nodes: Sequence[Node], bits: Mapping[object, _Set], parameters: Sequence[str]
) -> list[_Set]:
    """Return the variables that are bound on every path to each node."""
    known: list[_Set | None] = [None] * len(nodes)
    known[0] = sum(bit for variable, bit in bits.items() if _named(variable) in parameters)
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
    return without(nodes, gone), found


def lazy_annotations(machine: Machine) -> list[Annotation]:
    """Return what the ``__annotate__`` of a module or class would compute (PEP 649)."""
    lazy = (code for code in machine.loaded.values() if is_annotate(code))
    codes = [code for code in lazy if id(code) not in machine.inlined]
    found: list[Annotation] = []
    for code in codes:
        machine.notes.add(Note.LAZY_ANNOTATIONS)
        nodes = build(machine, code, machine.values.constant(1))
        stored = [(n.offset, one) for n in nodes for one in _stored_in_display(n.payload)]
        # Several paths lead to one that follows another that is conditional.
        found += [one for _, one in sorted(dict.fromkeys(stored), key=itemgetter(0))]
    return found


def _stored_in_display(payload: Payload) -> Iterator[Annotation]:
    """Yield the items of a dict that is returned, and an item that is stored in one."""
    owner = payload[1] if len(payload) > 1 else None
    if isinstance(owner, Value) and owner.kind == "kept":  # it is copied for each item
        owner = owner.value(0)
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
        if index in seen or payload[0] not in _COMPUTING or payload[1] not in parts:
            return
        seen.add(index)
        yield index


#: Events that compute a value, and do nothing else.
_COMPUTING = ("ev", "load", "keep")


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
