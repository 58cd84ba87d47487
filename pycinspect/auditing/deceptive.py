"""Names that deceive whoever reads them, or the tools that print them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from pycinspect.pyc import Code
from pycinspect.values import brief

__all__ = ["DeceptiveName", "deceptive_name"]

#: Characters; the longest name of the standard libraries, with those around it, has 200.
_LONGEST = 1000
#: Unicode's general categories to what is said of a character.
_KINDS = {
    "Cc": "a control character",
    "Cf": "an invisible character or one that changes the direction of writing",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


class DeceptiveName(NamedTuple):
    """One such name.

    Args:
        qualname: of the code object that has it, shortened.
        name: the name, escaped and shortened.
        problem: what is wrong with it, in words.
    """

    qualname: str
    name: str
    problem: str


def deceptive_name(codes: Iterable[Code]) -> DeceptiveName | None:
    """Return the first one in a module and all that is in it, None where there is none.

    Args:
        codes: its code object, and all inside it.
    """
    for code in codes:
        names = (code.name, *code.names, *code.varnames, *code.cellvars, *code.freevars)
        if _is_plain("".join(names)):  # nearly always
            continue
        for name in names:
            problem = _problem(name)
            if problem is not None:
                return DeceptiveName(brief(code.qualname), brief(ascii(name)), problem)
    return None


def _is_plain(name: str) -> bool:
    """Return whether a name, or a row of them, is short, ASCII and printable."""
    return len(name) <= _LONGEST and name.isascii() and name.isprintable()


def _problem(name: str) -> str | None:
    """Return what is wrong with a name."""
    if _is_plain(name):
        return None
    if len(name) > _LONGEST:
        return f"has {len(name):,} characters"
    for character in name:
        kind = _KINDS.get(unicodedata.category(character))
        if kind is not None:
            return f"has {kind}, U+{ord(character):04X}"
    normal = unicodedata.normalize("NFKC", name)
    return None if normal == name else f"is not what the compiler would write, {normal!a}"
