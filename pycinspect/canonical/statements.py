"""The graph as lines of pseudo-source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.canonical.graph import NOWHERE
from pycinspect.canonical.machine import PROPAGATE, Payload
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import LONGEST_INT, Value, digest_of

__all__ = ["Statement", "payload_digest", "statements_of"]

#: Characters of one expression; longer ones are cut.
_LONGEST = 400


class Statement(NamedTuple):
    """One line of the listing.

    Args:
        text: Python-like; where control goes, if not to the next line, stands behind an arrow.
        line: of the source, None for none.
        digest: equal for equal statements; numbers of lines do not count.
        offsets: of the instructions behind it, in bytes.
        targets: numbers of the lines to which control goes, and if something is raised; None
            for out of the code object.
    """

    text: str
    line: int | None
    digest: bytes
    offsets: tuple[int, ...]
    targets: tuple[int | None, ...] = ()


def statements_of(graph: Sequence[Merged]) -> tuple[Statement, ...]:
    """Return the lines of a graph.

    An event that only computes a part of the next one is no line of its own: ``f(x).y`` is
    one. Its digest is part of the next line's.
    """
    folded = _folded(graph)
    heads = [place for place in range(len(graph)) if place not in folded]
    labels = {place: number for number, place in enumerate(heads)}
    found: list[Statement] = []
    pending: list[Merged] = []
    for place, node in enumerate(graph):
        pending.append(node)
        if place in folded:
            continue
        follows = labels.get(_head(folded, place + 1))
        hashed = blake2b(digest_size=16)
        for part in pending:
            hashed.update(payload_digest(part.payload))
        offsets = sorted({offset for part in pending for offset in part.offsets})
        goes = _goes(node, folded, labels, follows)
        text = f"{labels[place]}: {payload_text(node.payload)}{goes}"
        after = [labels.get(_head(folded, to)) for to in (*node.successors, node.handler)]
        found.append(Statement(text, node.line, hashed.digest(), tuple(offsets), tuple(after)))
        pending = []
    return tuple(found)


def _folded(graph: Sequence[Merged]) -> frozenset[int]:
    """Return the nodes that only compute a part of the node behind them."""
    entries = [0] * len(graph)
    for node in graph:
        for successor in node.successors:
            entries[successor] += 1
        if node.handler != NOWHERE:
            entries[node.handler] += 1
    return frozenset(
        place
        for place, node in enumerate(graph[:-1])
        if node.payload[0] in ("ev", "load")
        and node.successors == (place + 1,)
        and entries[place + 1] == 1
        and _is_part(node.payload[1], graph[place + 1].payload)
        and graph[place + 1].handler in (node.handler, NOWHERE)
    )


def _is_part(value: object, payload: Payload) -> bool:
    """Return whether a value is one of an event's, or an operand of one."""
    parts = [part for part in payload[1:] if isinstance(part, Value)]
    return any(part is value or any(near is value for near in _near(part)) for part in parts)


def _near(value: Value) -> Iterator[Value]:
    for operand in value.operands:
        yield operand
        yield from operand.operands


def _head(folded: frozenset[int], place: int) -> int:
    while place in folded:
        place += 1
    return place


def _goes(
    node: Merged, folded: frozenset[int], labels: Mapping[int, int], follows: int | None
) -> str:
    """Return where control goes, if not to the next line."""
    targets = [labels[_head(folded, successor)] for successor in node.successors]
    text = ""
    if len(targets) > 1:
        text = " -> " + " else ".join(map(str, targets))
    elif targets and targets[0] != follows:
        text = f" -> {targets[0]}"
    if node.handler != NOWHERE:
        text += f" (on error {labels[_head(folded, node.handler)]})"
    return text


def payload_digest(payload: Payload) -> bytes:
    """Return bytes that are equal for equal events, in any process."""
    parts = []
    for part in payload:
        if isinstance(part, Value):
            parts.append(digest_of(part))
        else:
            text = f"{type(part).__name__} {part}".encode("utf-8", "surrogatepass")
            parts.append(len(text).to_bytes(4, "little") + text)
    return b"".join(parts)


# --- Text ------------------------------------------------------------------------------------


def payload_text(payload: Payload) -> str:
    """Return an event as a line of pseudo-source."""
    word, *parts = payload
    texts = [value_text(part) if isinstance(part, Value) else str(part) for part in parts]
    template = _EVENTS.get(str(word))
    if word in ("assign", "hold"):
        targets, values = ", ".join(texts[::2]), ", ".join(texts[1::2])
        return f"{targets} = {values}"
    if template is None:
        return f"{word} {', '.join(texts)}".rstrip()
    return template.format(*texts)


_EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "ev": "{0}",
        "eval": "{0}",
        "load": "{0}",
        "store": "{0} = {1}",
        "delete": "del {0}",
        "store_attr": "{0}.{1} = {2}",
        "delete_attr": "del {0}.{1}",
        "store_item": "{0}[{1}] = {2}",
        "delete_item": "del {0}[{1}]",
        "unpack": "unpack {0} into {1}",
        "for": "for each of {0}",
        "branch": "if {0}",
        "list_append": "append {0}",
        "set_add": "add {0}",
        "map_add": "add {0}: {1}",
        "import_star": "from {0} import *",
        PROPAGATE: "raise on",
    }
)


def value_text(root: Value) -> str:
    """Return an expression as Python-like text, parts before the whole, long ones cut."""
    waiting = [root]
    while waiting:
        value = waiting[-1]
        missing = [part for part in value.operands if part.text is None]
        if value.text is None and missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if value.text is None:
            text = _text(value)
            value.text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    assert root.text is not None
    return root.text


def _text(value: Value) -> str:
    texts = [part.text if isinstance(part, Value) else str(part) for part in value.parts]
    words = [text or "" for text in texts]
    if value.kind in _WRITERS:
        return _WRITERS[value.kind](value, words)
    template = _VALUES.get(value.kind)
    if template is not None:
        return template.format(*words)
    return f"{value.kind}({', '.join(words)})"


def _literal(value: Value, _: Sequence[str]) -> str:
    if isinstance(value.literal, int) and value.literal.bit_length() > LONGEST_INT:
        return hex(value.literal)
    return "..." if value.literal is ... else repr(value.literal)


def _joined(opening: str, closing: str) -> Callable[[Value, Sequence[str]], str]:
    return lambda _, words: opening + ", ".join(words) + closing


def _tuple(_: Value, words: Sequence[str]) -> str:
    return f"({words[0]},)" if len(words) == 1 else f"({', '.join(words)})"


def _call(_: Value, words: Sequence[str]) -> str:
    return f"{words[0]}({', '.join(words[1:])})"


def _keyword(value: Value, words: Sequence[str]) -> str:
    name = value.value(0).literal
    return f"{name if isinstance(name, str) else words[0]}={words[1]}"


def _function(_: Value, words: Sequence[str]) -> str:
    extras = [word for word in words[2:] if word != "NULL"]
    return f"function {words[0]}" + (f"[{', '.join(extras)}]" if extras else "")


_WRITERS: Mapping[str, Callable[[Value, Sequence[str]], str]] = MappingProxyType(
    {
        "const": _literal,
        "tuple": _tuple,
        "list": _joined("[", "]"),
        "set": _joined("{", "}"),
        "map": _joined("{", "}"),
        "fstring": _joined("f(", ")"),
        "call": _call,
        "keyword": _keyword,
        "func": _function,
    }
)
_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "null": "NULL",
        "local": "{0}",
        "global": "{0}",
        "name": "{0}",
        "builtin": "{0}",
        "attr": "{0}.{1}",
        "import": "import {0}",
        "import_from": "{0}.{1}",
        "item": "{0}[{1}]",
        "slice": "{0}:{1}:{2}",
        "binary": "({1} {0} {2})",
        "unary": "({0} {1})",
        "compare": "({1} {0} {2})",
        "is": "({0} is {1})",
        "in": "({0} in {1})",
        "not": "not {0}",
        "pair": "{0}: {1}",
        "star": "*{0}",
        "star2": "**{0}",
        "known": "{0}",
        "exc_match": "{0} matches {1}",
        "exc": "exception{0}",
        "next": "item of {0}",
        "held": "held{0}",
        "unpacked": "part {1} of {0}",
        "with_enter": "enter {0}",
        "with_exit": "exit {0}",
        "with_exit_exc": "exit {0} with exception",
        "docstring": "<docstring>",
    }
)
