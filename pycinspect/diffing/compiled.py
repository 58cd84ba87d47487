"""What differs between two compiled modules that are not CPython's caches, a code object at a time.

``classfiles`` and ``mpyfiles`` say what a code object of theirs is in words that do not depend on
numbers in tables; here those are compared.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import unified_diff
from typing import NamedTuple, TypeVar

__all__ = [
    "CodeChange",
    "compare_codes",
    "cut",
    "jump_text",
    "listing_changes",
    "numbered",
    "pair_changes",
]

#: Instructions of a code object up to which its changes are listed: difflib takes quadratic time.
_MOST_LISTED = 4000
_CONTEXT = 2
#: Characters of a constant that are shown.
_LONGEST = 200

_Code = TypeVar("_Code")


class CodeChange(NamedTuple):
    """One difference.

    Args:
        name: the code object, ``"total"``; its second namesake is ``"total (2)"``.
        aspect: ``"only in old"``, ``"only in new"``, ``"signature"``, ``"lines"``,
            ``"instructions"``, ``"machine code"``, ``"embedded code"``.
        detail: lines that say what differs.
    """

    name: str
    aspect: str
    detail: tuple[str, ...] = ()


def numbered(codes: Iterable[tuple[str, _Code]]) -> dict[str, _Code]:
    """Return code objects by their names, namesakes with a number."""
    seen: Counter[str] = Counter()
    found: dict[str, _Code] = {}
    for name, code in codes:
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} ({seen[name]})"] = code
    return found


def compare_codes(
    old: Mapping[str, _Code],
    new: Mapping[str, _Code],
    changes: Callable[[str, _Code, _Code], Iterable[CodeChange]],
) -> list[CodeChange]:
    """Compare the code objects of two modules.

    Args:
        old: those of the one, by their names.
        new: those of the other.
        changes: compares two with one name.

    Returns:
        What differs, in the order of the old ones, then of the new ones.
    """
    found = [CodeChange(name, "only in old") for name in old if name not in new]
    for name, code in old.items():
        if name in new:
            found += changes(name, code, new[name])
    return found + [CodeChange(name, "only in new") for name in new if name not in old]


def pair_changes(name: str, aspect: str, old: str, new: str) -> Iterator[CodeChange]:
    """Yield a change where two descriptions differ."""
    if old != new:
        yield CodeChange(name, aspect, (f"-{old}", f"+{new}"))


def listing_changes(name: str, old: list[str], new: list[str]) -> Iterator[CodeChange]:
    """Yield a change where two lists of instructions differ, with those around it."""
    if old == new:
        return
    if max(len(old), len(new)) > _MOST_LISTED:
        yield CodeChange(name, "instructions", (f"more than {_MOST_LISTED}: not listed",))
        return
    shown = unified_diff(old, new, n=_CONTEXT, lineterm="")
    yield CodeChange(name, "instructions", tuple(shown)[2:])


def cut(text: str) -> str:
    """Return a text; of a long one its start, and what tells it from others with that start."""
    if len(text) <= _LONGEST:
        return text
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[:_LONGEST]} … (sha256 {found[:16]})"


def jump_text(target: int, place: int, places: Mapping[int, int]) -> str:
    """Return where a jump leads, as a distance in instructions.

    Args:
        target: the offset that it names.
        place: its own place.
        places: offsets of instructions to their places.
    """
    to = places.get(target)
    return f"to offset {target}" if to is None else f"{to - place:+}"
