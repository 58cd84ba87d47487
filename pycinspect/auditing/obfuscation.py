"""By what code that hides what it does is known."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.pyc import Code, parts_of

__all__ = ["Hidden", "hidden_in"]


class Hidden(NamedTuple):
    """One sign that code hides what it does.

    Args:
        slug: ``tool``, the mark of a program that hides code, or ``packed``, data that only a
            program reads beside what runs code.
        qualname: of the code object.
        message: a sentence without a full stop.
    """

    slug: str
    qualname: str
    message: str


#: Programs that hide code, to the names that they leave in it.
_TOOLS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "PyArmor": re.compile(
            r"__pyarmor(?:_\w+)?__|pyarmor_runtime(?:_\w+)?|pytransform|__armor_\w+__"
            r"|__assert_armored__"
        ),
        "SOURCEdefender": re.compile(r"sourcedefender"),
        "pyconcrete": re.compile(r"pyconcrete"),
    }
)
#: Finds what may be one of them.
_ANY_TOOL = re.compile("|".join(mark.pattern for mark in _TOOLS.values()))
#: Names with which code runs other code.
_RUNS = frozenset({"exec", "eval", "execfile", "loads"})
#: Bytes, or characters, from which on a constant is looked at: less of it says nothing.
_LEAST = 512
#: Of those, so many are looked at.
_MOST = 1 << 16
#: Bits a character: text has 4 to 5, base64 and base85 6 and more, what is packed nearly 8.
_PACKED_BYTES, _PACKED_TEXT = 7.0, 5.7
_BLANK = re.compile(r"\s")
#: Characters between two blanks: text and programs have more of them.
_WORD = 76


def hidden_in(codes: Iterable[Code]) -> Iterator[Hidden]:
    """Yield the signs that a module, and all that is in it, hides what it does.

    Args:
        codes: its code object, and all inside it.
    """
    for code in codes:
        yield from _tools(code)
        yield from _packed(code)


def _tools(code: Code) -> Iterator[Hidden]:
    """Look for the first name that a tool has left."""
    if _ANY_TOOL.search("\n".join(code.names)) is None:  # nearly always
        return
    for name in code.names:
        tool = next((tool for tool, mark in _TOOLS.items() if _names(mark, name)), None)
        if tool is not None:
            yield Hidden("tool", code.qualname, f"{name} is a name of {tool}, which hides code")
            return


def _names(mark: re.Pattern[str], name: str) -> bool:
    """Return whether a name, or a part of one with dots, is a tool's."""
    return any(mark.fullmatch(part) for part in name.split("."))


def _packed(code: Code) -> Iterator[Hidden]:
    """Look for packed data in a code object that runs other code."""
    runs = sorted(_RUNS.intersection(code.names))
    if not runs:
        return
    for constant in _data_in(code):
        bits = _bits(constant)
        is_text = constant.isascii() or isinstance(constant, str)
        if bits >= (_PACKED_TEXT if is_text else _PACKED_BYTES):
            noun = "bytes" if isinstance(constant, bytes) else "characters"
            size = f"{len(constant):,} {noun} with {bits:.1f} bits each"
            yield Hidden("packed", code.qualname, f"{size} stand beside {', '.join(runs)}")
            return


def _data_in(code: Code) -> Iterator[bytes | str]:
    """Yield large constants in which nothing is to be read, with those in tuples."""
    for constant in code.consts:
        for value in (constant, *parts_of(constant)):
            if isinstance(value, bytes | str) and len(value) >= _LEAST and not _is_read(value):
                yield value


def _is_read(data: bytes | str) -> bool:
    """Return whether people read it: there are blanks between words, not only at ends of lines."""
    part = data[:_MOST]
    text = part.decode("latin-1") if isinstance(part, bytes) else part
    return text.isascii() and len(_BLANK.findall(text)) * _WORD > len(text) + _WORD


def _bits(data: bytes | str) -> float:
    """Return the entropy of bytes or characters, in bits each."""
    part = data[:_MOST]
    shares = [count / len(part) for count in Counter(part).values()]
    return -sum(share * math.log2(share) for share in shares)
