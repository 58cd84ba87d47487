"""What differs in planes other than the instructions: signatures and docstrings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from pycinspect.canonical import Plane
from pycinspect.canonical.frames import parameters
from pycinspect.canonical.planes import is_function
from pycinspect.dialects.codeflags import names_of_flags
from pycinspect.diffing import Op, Side, aligned
from pycinspect.pyc import Code
from pycinspect.report.diff.words import MOVED, Line, short_text

__all__ = ["DETAILS", "detail_lines"]


#: What a call of a function makes, by the names of its flags.
_MADE: Mapping[str, str] = MappingProxyType(
    {
        "GENERATOR": "generator",
        "COROUTINE": "coroutine",
        "ITERABLE_COROUTINE": "iterable coroutine",
        "ASYNC_GENERATOR": "asynchronous generator",
    }
)


def _signature(side: Side) -> list[str]:
    """Return the parameters of a function, what calling it makes, and what it shares."""
    flags = tuple(names_of_flags(side.code.flags, side.dialect))
    facts = [_MADE[flag] for flag in flags if flag in _MADE]
    facts += [f"uses {', '.join(sorted(side.code.freevars))}"] if side.code.freevars else []
    if is_function(side.code):
        facts.insert(0, f"({', '.join(_parameters(side.code, flags))})")
    return [", ".join(facts)] if facts else []


def _parameters(code: Code, flags: Collection[str]) -> Iterator[str]:
    """Yield the parameters as ``def`` has them, without defaults."""
    names = list(parameters(code))
    plain, named = names[: code.argcount], names[code.argcount :][: code.kwonlyargcount]
    stars = names[code.argcount + code.kwonlyargcount :]
    rest = f"*{stars.pop(0)}" if "VARARGS" in flags else "*" if named else ""
    yield from plain[: code.posonlyargcount]
    yield from ["/"] if code.posonlyargcount else []
    yield from plain[code.posonlyargcount :]
    yield from [rest] if rest else []
    yield from named
    yield from (f"**{name}" for name in stars)


def _docstring(side: Side) -> list[str]:
    return [] if side.docstring is None else side.docstring.splitlines()


#: What a plane says of one side, line by line; of the others there is nothing short to say.
DETAILS: Mapping[Plane, Callable[[Side], list[str]]] = MappingProxyType(
    {Plane.SIGNATURE: _signature, Plane.DOCSTRING: _docstring}
)


def detail_lines(ours: Sequence[str], theirs: Sequence[str], plane: Plane) -> Iterator[Line]:
    """Yield the lines that differ, each with the name of the plane."""
    spans = [span for span in aligned(ours, theirs) if span.op is not Op.EQUAL]
    gone, come = (
        {ours[i] for span in spans for i in span.old},
        {theirs[j] for span in spans for j in span.new},
    )
    for _, before, after in spans:
        lines = [("-", "delete", ours[i]) for i in before]
        lines += [("+", "insert", theirs[j]) for j in after]
        for mark, style, text in lines:
            moved = ((MOVED, "hint"),) if text in gone & come else ()
            yield ((f"    {mark} {plane.value}: {short_text(text)}", style), *moved)
