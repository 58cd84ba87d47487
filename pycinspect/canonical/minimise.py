"""The smallest graph with the same behaviour.

Copies of ``finally`` bodies, of ``return`` blocks, of loop heads; rotated loops; code that
nothing reaches; the order of blocks: all of that is gone, and no rule is needed for any.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from pycinspect.canonical.graph import NOWHERE, Node
from pycinspect.canonical.states import Payload
from pycinspect.canonical.values import Value, digest_of, digest_of_words

__all__ = ["Merged", "classes_of", "graph_digest", "merged", "numbered"]


class Merged(NamedTuple):
    """One node of a minimal graph, and where its originals stand.

    Args:
        payload: what happens.
        successors: numbers of the nodes that follow.
        handler: number of the node that follows if something is raised, or ``NOWHERE``.
        offsets: of the instructions, in bytes.
        line: of the source, the first.
    """

    payload: Payload
    successors: tuple[int, ...]
    handler: int
    offsets: tuple[int, ...]
    line: int | None

    @property
    def after(self) -> tuple[int, ...]:
        """Numbers of the nodes that may follow, the handler last."""
        return self.successors if self.handler == NOWHERE else (*self.successors, self.handler)


def merged(nodes: Sequence[Node]) -> list[Merged]:
    """Return the minimal graph, numbered depth first from the start."""
    return _numbered(nodes, classes_of(nodes))


def numbered(nodes: Sequence[Node]) -> list[Merged]:
    """Return the graph as it is, numbered depth first from the start."""
    return _numbered(nodes, range(len(nodes)))


def classes_of(nodes: Sequence[Node]) -> list[int]:
    """Return a number for each node, equal for those that behave equally (Hopcroft, 1971).

    Of two parts of a split class only the smaller one must split others in turn, so that it
    takes n log n steps, however long a chain of equal events is.
    """
    first: dict[Hashable, int] = {}
    classes = [first.setdefault(_outline(node), len(first)) for node in nodes]
    members: list[set[int]] = [set() for _ in first]
    for index, number in enumerate(classes):
        members[number].add(index)
    before = _before(nodes)
    waiting = set(range(len(members)))
    while waiting:
        splitter = tuple(members[waiting.pop()])
        for leading in before:
            sources = (source for index in splitter for source in leading.get(index, ()))
            for number, part in _by_class(sources, classes).items():
                rest = members[number]
                if len(part) == len(rest):
                    continue
                rest -= part
                smaller, larger = sorted((part, rest), key=len)
                members[number] = larger
                members.append(smaller)
                for index in smaller:
                    classes[index] = len(members) - 1
                waiting.add(len(members) - 1)
    return classes


def _outline(node: Node) -> Hashable:
    return node.payload, len(node.successors), node.handler == NOWHERE


def _before(nodes: Sequence[Node]) -> list[dict[int, list[int]]]:
    """Return what leads to each node: as a handler, as the first successor, as the second."""
    before: list[dict[int, list[int]]] = [{}, {}, {}]
    for index, node in enumerate(nodes):
        for leading, target in zip(before, (node.handler, *node.successors), strict=False):
            if target != NOWHERE:
                leading.setdefault(target, []).append(index)
    return before


def _by_class(indexes: Iterable[int], classes: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for index in indexes:
        found.setdefault(classes[index], set()).add(index)
    return found


def _numbered(nodes: Sequence[Node], classes: Sequence[int]) -> list[Merged]:
    """Number classes depth first, normal successors before handlers; the others are gone."""
    numbers: dict[int, int] = {}
    order: list[Node] = []
    representative = {number: index for index, number in reversed([*enumerate(classes)])}
    waiting = [classes[0]]
    while waiting:
        number = waiting.pop()
        if number in numbers:
            continue
        numbers[number] = len(order)
        node = nodes[representative[number]]
        order.append(node)
        if node.handler != NOWHERE:
            waiting.append(classes[node.handler])
        waiting.extend(classes[successor] for successor in reversed(node.successors))
    offsets: list[set[int]] = [set() for _ in order]
    for index, number in enumerate(classes):
        if number in numbers:
            offsets[numbers[number]].add(nodes[index].offset)
    return [
        Merged(
            node.payload,
            tuple(numbers[classes[successor]] for successor in node.successors),
            NOWHERE if node.handler == NOWHERE else numbers[classes[node.handler]],
            tuple(sorted(offsets[place])),
            node.line,
        )
        for place, node in enumerate(order)
    ]


def graph_digest(graph: Sequence[Merged]) -> bytes:
    """Return 16 bytes that are the same for equal graphs, in any process."""
    return digest_of_words(
        [
            ([digest_of(p) if isinstance(p, Value) else p for p in payload], successors, handler)
            for payload, successors, handler, _, _ in graph
        ]
    )
