"""Local variables without their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value, Values

__all__ = ["renamed"]


def renamed(
    graph: Sequence[Merged], values: Values, parameters: Sequence[str] = ()
) -> list[Merged]:
    """Return a graph whose local variables are numbered in the order of their appearance.

    Args:
        graph: the graph.
        values: what makes expressions.
        parameters: which come first: ``a - b`` of ``a, b`` is not ``b - a``.
    """
    names = {name: number for number, name in enumerate(parameters)}
    new: dict[Value, Value] = {}
    for node in graph:
        for leaf in _locals(node):
            plain = leaf.word(0).rstrip("'")
            number = names.setdefault(plain, len(names))
            new[leaf] = values.make("local", f"#{number}{leaf.word(0)[len(plain) :]}")
    return [
        node._replace(
            payload=tuple(
                values.substitute(part, new) if isinstance(part, Value) else part
                for part in node.payload
            )
        )
        for node in graph
    ]


def _locals(node: Merged) -> Iterator[Value]:
    """Yield the local variables of a node from left to right, each once."""
    seen: set[Value] = set()
    waiting = [part for part in reversed(node.payload) if isinstance(part, Value)]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        if value.kind == "local":
            yield value
        waiting.extend(reversed(value.operands))
