"""In which order the nodes of a graph come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["reverse_postorder"]


def reverse_postorder(
    successors: Sequence[Sequence[int]], roots: Sequence[int] = (0,)
) -> list[int]:
    """Return the nodes that some lead to, each before those that it leads to, but for jumps back.

    Of what can follow a node, the first comes first, with all that it alone leads to.

    Args:
        successors: of each node.
        roots: where to begin.

    >>> reverse_postorder([[1, 2], [3], [3], [0], [3]])
    [0, 1, 2, 3]
    """
    seen: set[int] = set()
    return [node for root in roots if root not in seen for node in _from(root, successors, seen)]


def _from(root: int, successors: Sequence[Sequence[int]], seen: set[int]) -> list[int]:
    """Return the nodes that one leads to and that were not seen yet, itself first."""
    order: list[int] = []
    seen.add(root)
    waiting: list[tuple[int, Iterator[int]]] = [(root, reversed(successors[root]))]
    while waiting:
        node, left = waiting[-1]
        after = next((one for one in left if one not in seen), None)
        if after is None:
            order.append(node)
            waiting.pop()
        else:
            seen.add(after)
            waiting.append((after, reversed(successors[after])))
    return order[::-1]
