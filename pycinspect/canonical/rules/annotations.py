"""Annotations that the compiler writes as text, ``from __future__ import annotations`` (PEP 563)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pycinspect.canonical.machine import Machine
from pycinspect.canonical.notes import Note
from pycinspect.canonical.values import Value
from pycinspect.dialects import lowering_of
from pycinspect.dialects.codeflags import names_of_flags
from pycinspect.pyc import Code

__all__ = ["written_out"]

_POSTPONED = "FUTURE_ANNOTATIONS"
#: Strings, names, the ellipsis, and single characters.
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\w+|\.\.\.|.""",
    re.DOTALL,
)
#: What is in their braces is no token, and rarely in an annotation.
_FORMATTED = re.compile(r"""\bf['"]""")
_OPENING, _CLOSING = frozenset("[({"), frozenset("])}")
#: Characters that are looked at for one step.
_AT_ONCE = 8


def written_out(machine: Machine, code: Code, value: Value) -> Value:
    """Return the text of an annotation as compilers write it that leave its constants alone.

    3.7 and 3.8 make one constant of ``'a', ...`` in ``X['a', ...]``, and write it as ``repr``
    does: ``X[('a', Ellipsis)]`` (bpo-39220).

    Args:
        machine: what follows the paths.
        code: a code object of the module that it is in.
        value: the annotation.
    """
    text = value.literal
    if not isinstance(text, str) or not _is_folded(machine, code):
        return value
    machine.work.spend(len(text) // _AT_ONCE)
    plain = _without_tuples(text)
    if plain == text:
        return value
    machine.notes.add(Note.FOLDED_ANNOTATIONS)
    return machine.values.constant(plain)


def _is_folded(machine: Machine, code: Code) -> bool:
    folds = lowering_of(machine.dialect).folds_annotations
    return folds and _POSTPONED in names_of_flags(code.flags, machine.dialect)


def _without_tuples(text: str) -> str:
    """Return an expression in which no tuple in square brackets has parentheses of its own."""
    if _FORMATTED.search(text):
        return text
    tokens = _TOKEN.findall(text)
    for start, end in _tuples(tokens):
        inside = tokens[start + 1 : end]
        tokens[start + 1 : end] = ["..." if word == "Ellipsis" else word for word in inside]
        tokens[start] = tokens[end] = ""
    return "".join(tokens)


def _tuples(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where tuples begin and end that are all there is in square brackets."""
    opened: list[int] = []
    commas: list[int] = []
    for place, word in enumerate(tokens):
        if word in _OPENING:
            opened.append(place)
            commas.append(0)
        elif word == "," and commas:
            commas[-1] += 1
        elif word in _CLOSING and opened:
            start = opened.pop()
            around = (*tokens[max(start - 1, 0) : start + 1], *tokens[place : place + 2])
            if commas.pop() and around == ("[", "(", ")", "]"):
                yield start, place
