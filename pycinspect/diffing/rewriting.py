"""Expressions with some parts written in another way."""

from __future__ import annotations

from collections.abc import Callable

from pycinspect.canonical.values import Value, Values

__all__ = ["Rewriting", "same_again", "unchanged"]

#: Makes an expression of one and its parts, which are rewritten already.
Change = Callable[[Values, Value, list[object]], Value]


class Rewriting:
    """Rewrites expressions, each once.

    Args:
        change: what becomes of each; the parts of a container come before it.
    """

    def __init__(self, change: Change) -> None:
        self._change = change
        self._values = Values()
        self._known: dict[Value, Value] = {}

    def payload(self, payload: tuple[object, ...]) -> tuple[object, ...]:
        """Return an event with its expressions rewritten."""
        return tuple(self._expression(p) if isinstance(p, Value) else p for p in payload)

    def _expression(self, root: Value) -> Value:
        waiting = [root]
        while waiting:
            value = waiting[-1]
            missing = [part for part in value.operands if part not in self._known]
            if value not in self._known and missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            if value not in self._known:
                parts = [self._known[p] if isinstance(p, Value) else p for p in value.parts]
                self._known[value] = self._change(self._values, value, parts)
        return self._known[root]


def unchanged(values: Values, value: Value, parts: list[object]) -> Value:
    """Return an expression of rewritten parts that is not rewritten itself."""
    return value if parts == list(value.parts) else values.make(value.kind, *parts)


def same_again(values: Values, value: Value, parts: list[object]) -> Value:
    """Return an expression; the second of two equal ones is another in another order."""
    inner = parts[0] if value.kind == "again" else None
    return inner if isinstance(inner, Value) else unchanged(values, value, parts)
