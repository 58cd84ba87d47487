"""The smallest graph with the same behaviour.

Copies of ``finally`` bodies, of ``return`` blocks, of loop heads; rotated loops; code that
nothing reaches; the order of blocks: all of that is gone, and no rule is needed for any.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from pycinspect.canonical.graph import NOWHERE, Node
from pycinspect.canonical.machine import Payload, refused
from pycinspect.canonical.values import Value, digest_of, digest_of_words

__all__ = ["Merged", "classes_of", "graph_digest", "merged", "numbered"]

#: Nodes looked at. Partitions of real programs are stable after some ten rounds.
_MOST_WORK = 4_000_000


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


def merged(nodes: Sequence[Node]) -> list[Merged]:
    """Return the minimal graph, numbered depth first from the start (Moore, 1956).

    Raises:
        PycInspectError: ``not-canonical``, if that would take too long.
    """
    return _numbered(nodes, classes_of(nodes))


def numbered(nodes: Sequence[Node]) -> list[Merged]:
    """Return the graph as it is, numbered depth first from the start."""
    return _numbered(nodes, range(len(nodes)))


def classes_of(nodes: Sequence[Node]) -> list[int]:
    """Return a number for each node, equal for those that behave equally."""
    first: dict[Hashable, int] = {}
    classes = [first.setdefault(node.payload, len(first)) for node in nodes]
    count, work = len(first), 0
    while True:
        work += len(nodes)
        if work > _MOST_WORK:
            raise refused("the graph is too large to be minimised")
        found: dict[Hashable, int] = {}
        refined = [
            found.setdefault(
                (
                    classes[index],
                    tuple([classes[successor] for successor in node.successors]),
                    NOWHERE if node.handler == NOWHERE else classes[node.handler],
                ),
                len(found),
            )
            for index, node in enumerate(nodes)
        ]
        if len(found) == count:
            return classes
        classes, count = refined, len(found)


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
