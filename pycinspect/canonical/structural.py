"""Local variables without their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Renaming, Value, Values, digest_of

__all__ = ["nameless_order", "renamed"]


_VARIABLES = frozenset({"local", "global", "name"})


def nameless_order(values: Values) -> Callable[[Value, Value], bytes]:
    """Return what orders an assignment of several variables, whatever they are called."""
    anyone = Renaming(values, names=True)
    fresh = values.fresh_leaves()

    def order(_: Value, value: Value) -> bytes:
        for leaf in fresh():
            if leaf.kind == "local":
                anyone.add(leaf, values.make("local", "#"))
        return digest_of(anyone(value))

    return order


def renamed(
    graph: Sequence[Merged],
    values: Values,
    first: Sequence[str] = (),
    *,
    own: str | None = None,
) -> list[Merged]:
    """Return a graph whose local variables are numbered in the order of their appearance.

    Args:
        graph: of a code object.
        values: makes expressions.
        first: variables that have the first numbers: parameters, as ``a - b`` of ``a, b`` is not
            ``b - a``, and those of other functions.
        own: the name of the function itself, which is not a name either; None for no such.
    """
    names: dict[tuple[object, ...], int] = {
        (name,): number for number, name in enumerate(dict.fromkeys(first))
    }
    new: dict[Value, Value] = {}
    for leaf in _leaves(graph):
        if leaf.kind != "local":
            if leaf.parts[0] == own:
                new[leaf] = values.make(leaf.kind, "#")
            continue
        number = names.setdefault(leaf.parts, len(names))
        new[leaf] = values.make("local", f"#{number}")
    nameless = Renaming(values, new, names=True)
    return [
        node._replace(
            payload=tuple(
                nameless(part) if isinstance(part, Value) else part for part in node.payload
            )
        )
        for node in graph
    ]


def _leaves(graph: Sequence[Merged]) -> Iterator[Value]:
    """Yield the variables of a graph from left to right, each once."""
    seen: set[Value] = set()
    for node in graph:
        waiting = [part for part in reversed(node.payload) if isinstance(part, Value)]
        while waiting:
            value = waiting.pop()
            if value in seen:
                continue
            seen.add(value)
            if value.kind in _VARIABLES:
                yield value
            waiting.extend(reversed(value.operands))
