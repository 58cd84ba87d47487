"""Which nodes of a graph every path to another one passes.

Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm (2001).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pycinspect.canonical.order import reverse_postorder

__all__ = ["Dominators"]


class Dominators:
    """The dominators of a graph whose first node is where it begins.

    Args:
        successors: of each node; all are reached from the first.
    """

    def __init__(self, successors: Sequence[Sequence[int]]) -> None:
        order = reverse_postorder(successors) if successors else []
        self._rank = {node: rank for rank, node in enumerate(order)}
        before: dict[int, list[int]] = {node: [] for node in order}
        for node in order:
            for after in successors[node]:
                before[after].append(node)
        self._parent = dict.fromkeys(order[:1], -1)
        changed = True
        while changed:
            changed = False
            for node in order[1:]:
                parent = self._meeting(known for known in before[node] if known in self._parent)
                if self._parent.get(node) != parent:
                    self._parent[node], changed = parent, True

    def _meeting(self, nodes: Iterable[int]) -> int:
        """Return the last node that all paths to some nodes pass."""
        found: int | None = None
        for node in nodes:
            found = node if found is None else self._common(found, node)
        assert found is not None  # the first that leads to it comes before it
        return found

    def _common(self, one: int, other: int) -> int:
        while one != other:
            while self._rank[one] > self._rank[other]:
                one = self._parent[one]
            while self._rank[other] > self._rank[one]:
                other = self._parent[other]
        return one

    def dominates(self, one: int, other: int) -> bool:
        """Return whether every path to ``other`` passes ``one``."""
        while self._rank[other] > self._rank[one]:
            other = self._parent[other]
        return one == other
