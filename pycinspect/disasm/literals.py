"""Constants as the ``repr`` of the version that holds them would write them."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pycinspect.dialects import LiteralStyle
from pycinspect.pyc import Code
from pycinspect.pyc.constants import CONTAINERS, FrozenDict, Long, Slice
from pycinspect.values import brief, visible

__all__ = ["LITERAL_LIMIT", "Literals", "literal", "shortened", "start_of"]

#: Characters after which a literal is cut. Containers that share their parts can stand for
#: more text than there is memory.
LITERAL_LIMIT = 400_000
#: Characters of all containers that one :class:`Literals` writes.
_ALL_LIMIT = 8_000_000
#: Characters of a name, or of a path, that are shown as a part of another text. What is in
#: the file once can be a part of very many.
_NAME_LIMIT = 4_000
#: Sets inside sets that are still written out.
_SET_DEPTH = 20
_CUT = "…"
#: Larger integers are hexadecimal: decimal digits take time that grows with their square.
_DECIMAL_BITS = 40_000
#: Digits of a piece; the least that Python can be limited to is 640. Bits that are fewer.
_DIGITS, _FEW_BITS = 600, 1_990


def literal(value: object, style: LiteralStyle, limit: int = LITERAL_LIMIT) -> str:
    """Return a constant as text.

    Args:
        value: what ``unmarshal`` returned, or a part of it.
        style: how the version writes it.
        limit: characters after which the rest of a container is left out.

    Returns:
        Its ``repr``, but for three things that no file says: a code object is at
        address 0x0, the members of sets stand in the order of their strings, and an
        integer of more than 40,000 bits is hexadecimal. Names of a code object are cut
        after 4,000 characters.
    """
    if type(value) in CONTAINERS:
        return _container(value, style, limit, _SET_DEPTH)
    return _plain(value, style)


#: Characters of a value in the ``repr`` of another.
_BRIEF = 1_000


def shortened(value: object) -> str:
    """Return any value in one line, a constant for example; of a long one the start."""
    if type(value) in CONTAINERS:
        return visible(_container(value, _RUNNING, _BRIEF, _SET_DEPTH))
    return brief(_at_most(value, _RUNNING, _BRIEF), _BRIEF)


#: How the interpreters that run this write constants.
_RUNNING = LiteralStyle()


class Literals:
    """Writes the constants of one code object, or of one file: each once, all within a limit.

    Many constants can share their parts, and many code objects their constants; what each
    of them may take, all of them together may not.

    Args:
        style: how the version writes them.
        limit: characters of all containers together, after which of each only the start is
            written.
    """

    __slots__ = ("_known", "_left", "_style")

    def __init__(self, style: LiteralStyle, limit: int = _ALL_LIMIT) -> None:
        self._style = style
        self._left = limit
        #: By identity. The value is kept, so that no other gets its identity.
        self._known: dict[int, tuple[object, str]] = {}

    def of(self, value: object) -> str:
        """Return a constant as :func:`literal` does."""
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        text = literal(value, self._style, max(0, min(LITERAL_LIMIT, self._left)))
        if type(value) in CONTAINERS:
            self._left -= len(text)
        self._known[id(value)] = value, text
        return text


# --- Values without parts ----------------------------------------------------------


def _plain(value: object, style: LiteralStyle) -> str:
    write = _WRITERS.get(type(value))
    return repr(value) if write is None else write(value, style)


def _text(value: str, style: LiteralStyle) -> str:
    if not style.ascii_text:
        return style.text_prefix + repr(value)
    if style.surrogate_pairs:
        units = value.encode("utf-16-le", "surrogatepass")
        value = "".join(map(chr, struct.unpack(f"<{len(units) // 2}H", units)))
    text = ascii(value)
    if style.upper_escapes:
        text = _ESCAPE.sub(lambda found: found[1] + found[2].upper(), text)
    return style.text_prefix + text


#: An escaped character; an escaped backslash is not the start of one.
_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*\\[xu])([0-9a-f]+)")


def _bytes(value: bytes, style: LiteralStyle) -> str:
    text = _octal(value) if style.octal_escapes else repr(value)[1:]
    return style.bytes_prefix + text


def _octal(value: bytes) -> str:
    """Write bytes as ``Objects/stringobject.c: string_repr`` did up to 2.0."""
    quote = '"' if b"'" in value and b'"' not in value else "'"
    escaped = {ord(quote): "\\" + quote, ord("\\"): "\\\\"}
    pieces = (
        escaped.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in value
    )
    return quote + "".join(pieces) + quote


def _int(value: int, _: LiteralStyle) -> str:
    if value.bit_length() <= _FEW_BITS:
        text = int.__repr__(value)
    else:
        text = _decimal(value) if value.bit_length() < _DECIMAL_BITS else hex(value)
    return text + ("L" if type(value) is Long else "")


def _decimal(value: int) -> str:
    """Write an integer in pieces, each of which Python is ready to write."""
    pieces, rest = [], abs(value)
    while rest:
        rest, piece = divmod(rest, 10**_DIGITS)
        pieces.append(f"{piece:0{_DIGITS}}")
    digits = "".join(reversed(pieces)).lstrip("0")
    return f"-{digits}" if value < 0 else digits


def _float(value: float, style: LiteralStyle) -> str:
    if style.short_floats or not math.isfinite(value):
        return repr(value)
    digits = _digits(value)
    return digits if set(digits) & set(".e") else digits + ".0"


def _complex(value: complex, style: LiteralStyle) -> str:
    if style.short_floats:
        return repr(value)
    star = "*" if style.starred_infinity and not math.isfinite(value.imag) else ""
    if value.real == 0 and math.copysign(1, value.real) > 0:
        return f"{_digits(value.imag)}{star}j"
    return f"({_digits(value.real)}{value.imag:+.17g}{star}j)"


def _digits(value: float) -> str:
    return format(value, ".17g")


def _code(code: Code, _: LiteralStyle) -> str:
    """Write a code object as ``Objects/codeobject.c: code_repr`` does."""
    line = code.firstlineno or -1
    name, file = start_of(code.name), start_of(code.filename)
    return f'<code object {name} at 0x0, file "{file}", line {line}>'


def start_of(text: str) -> str:
    """Return a string that is a part of another: as it is, unless no real one is as long."""
    return text if len(text) <= _NAME_LIMIT else text[:_NAME_LIMIT] + _CUT


_WRITERS: Mapping[type, Callable[[Any, LiteralStyle], str]] = MappingProxyType(
    {
        str: _text,
        bytes: _bytes,
        int: _int,
        Long: _int,
        float: _float,
        complex: _complex,
        Code: _code,
    }
)

# --- Values with parts -----------------------------------------------------------------


class _Ready(NamedTuple):
    """Text between the parts of a container."""

    text: str


def _container(root: object, style: LiteralStyle, limit: int, depth: int) -> str:
    """Write a value from left to right, until the limit is reached. Not recursive."""
    pieces: list[str] = []
    left = limit
    waiting: list[object] = [root]
    while waiting:
        item = waiting.pop()
        if type(item) in CONTAINERS:
            waiting.extend(reversed(_spread(item, style, left, depth)))
            continue
        text = item.text if type(item) is _Ready else _at_most(item, style, left)
        pieces.append(text)
        left -= len(text)
        if left < 0:
            pieces[-1] = text[:left]
            return "".join(pieces) + _CUT
    return "".join(pieces)


def _at_most(value: object, style: LiteralStyle, limit: int) -> str:
    """Write a value without parts; more than the limit is not wanted."""
    if isinstance(value, str | bytes) and len(value) > limit:
        value = value[: limit + 1]
    return _plain(value, style)


def _spread(value: Any, style: LiteralStyle, limit: int, depth: int) -> list[object]:
    """Return a container as the strings around its parts, and the parts."""
    if isinstance(value, set | frozenset):
        return [_Ready(_set(value, style, limit, depth))]
    opening, closing = _BRACKETS[type(value)]
    if isinstance(value, Slice):
        parts = _separated([value.start], [value.stop], [value.step])
    elif isinstance(value, Mapping):
        parts = _separated(*([key, _Ready(": "), item] for key, item in value.items()))
    else:
        parts = _separated(*([item] for item in value))
    if type(value) is tuple and len(value) == 1:
        closing = ",)"
    return [_Ready(opening), *parts, _Ready(closing)]


_BRACKETS: Mapping[type, tuple[str, str]] = MappingProxyType(
    {
        tuple: ("(", ")"),
        list: ("[", "]"),
        dict: ("{", "}"),
        FrozenDict: ("frozendict({", "})"),
        Slice: ("slice(", ")"),
    }
)


def _separated(*groups: Iterable[object]) -> list[object]:
    flat = [part for group in groups for part in (_Ready(", "), *group)]
    return flat[1:]


def _set(
    value: frozenset[object] | set[object], style: LiteralStyle, limit: int, depth: int
) -> str:
    name = type(value).__name__
    if not value:
        return f"{name}()" if style.braces else f"{name}([])"
    if depth == 0:
        return f"{name}({_CUT})"
    share = limit // len(value)
    members = ", ".join(
        sorted(
            _container(member, style, share, depth - 1)
            if type(member) in CONTAINERS
            else _at_most(member, style, limit)
            for member in value
        )
    )
    if not style.braces:
        return f"{name}([{members}])"
    return f"{{{members}}}" if name == "set" else f"{name}({{{members}}})"
