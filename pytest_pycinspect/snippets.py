"""Whether Python code is somewhere in a code object, whatever Python compiled that."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pycinspect.canonical import Level, canonicalize
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.values import Value, digest_of
from pycinspect.compiling import Compilers
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pytest_pycinspect.comparing import Outcome
from pytest_pycinspect.facts import values_in

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["contains_code"]

_OPTIMIZED, _COROUTINE = 0x01, 0x80
_FUNCTION = "_"
#: A name after a snippet: evaluating it is the event at its end.
_END = "__end_of_snippet__"
#: The graph as it is written, and the smallest one: a search may need either.
_LEVELS = (Level.STRICT, Level.SEMANTIC)


def contains_code(code: Bytecode, snippet: str) -> Outcome:
    """Return whether an expression or statements are somewhere in a code object.

    Args:
        code: where they are looked for; not in code inside it.
        snippet: source of the running interpreter's language.

    Raises:
        PycInspectError: ``does-not-compile``; ``not-canonical`` where a limit was reached.
    """
    found = any(_found(code, snippet, level) for level in _LEVELS)
    words = "contains" if found else "does not contain"
    return Outcome(found, f"{code.name} {words} {textwrap.shorten(snippet, 60)!r}")


def _found(code: Bytecode, snippet: str, level: Level) -> bool:
    graph = _graph(code.code, code.dialect, level)
    expression = _expression(snippet)
    if expression is not None:
        value = _returned(_compiled(code, f"return {expression}", level))
        if value is not None:
            wanted = digest_of(value)
            seen: set[Value] = set()
            return any(
                digest_of(part) == wanted
                for node in graph
                for part in values_in(node.payload[1:], seen)
            )
    ended = f"{_dedented(snippet)}\n{_END}"
    return _Search(_compiled(code, ended, level), graph).found()


def _graph(code: Code, dialect: Dialect, level: Level) -> tuple[Merged, ...]:
    form = canonicalize(code, dialect, level)
    if form.problem is not None:
        raise PycInspectError("not-canonical", f"{code.qualname}: {form.problem}")
    return form.graph


# --- The snippet as a graph --------------------------------------------------------------------


def _expression(snippet: str) -> str | None:
    """Return the text of an expression in brackets, None for statements, and for ``yield``."""
    text = _dedented(snippet).strip()
    try:
        tree = ast.parse(f"({text})", mode="eval")
    except SyntaxError:
        return None
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(tree)):
        return None  # no asynchronous generator returns a value
    return f"({text})"


def _dedented(snippet: str) -> str:
    return textwrap.dedent(snippet).strip("\n")


def _compiled(code: Bytecode, snippet: str, level: Level) -> tuple[Merged, ...]:
    """Return the graph of a snippet in surroundings like the code's."""
    lines = _surrounded(code.code, _stored_globals(code), _dedented(snippet))
    with Compilers(trusted=True) as compilers:  # the snippet is the test's own
        file = compilers.compile("\n".join(lines).encode(), f"the snippet {snippet!r}")
    inner = [part for part in file.code.walk() if part.name == _FUNCTION]
    return _graph(inner[0] if inner else file.code, file.dialect, level)


def _surrounded(code: Code, stored: Sequence[str], snippet: str) -> Iterator[str]:
    """Yield a source in which names are local or global as in the code."""
    if not code.flags & _OPTIMIZED:
        is_class = code.name != "<module>"
        yield from [f"class {_FUNCTION}:", textwrap.indent(snippet, " ")] if is_class else [snippet]
        return
    names = dict.fromkeys(code.varnames + code.cellvars + code.freevars)
    parameters = ", ".join(name for name in names if name.isidentifier() and name not in stored)
    keyword = "async def" if code.flags & _COROUTINE else "def"
    yield f"{keyword} {_FUNCTION}({parameters}):"
    if stored:
        yield f" global {', '.join(stored)}"
    yield textwrap.indent(snippet, " ")


def _stored_globals(code: Bytecode) -> list[str]:
    names = (i.operand for i in code if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"))
    return sorted({str(name) for name in names})


def _returned(graph: Sequence[Merged]) -> Value | None:
    """Return the one value that a graph returns, None if there are several."""
    ends = [node.payload for node in graph if not node.successors]
    if len(ends) != 1 or ends[0][0] != "return":
        return None
    value = ends[0][1]
    return value if isinstance(value, Value) else None


# --- Search ------------------------------------------------------------------------------------


class _Search:
    """Looks for one graph in another: equal events, connected equally."""

    def __init__(self, wanted: Sequence[Merged], graph: Sequence[Merged]) -> None:
        self._wanted = wanted
        self._graph = graph
        self._beyond: dict[int, int] = {}

    def found(self) -> bool:
        """Return whether the graph is there; its end may be anywhere."""
        start = self._start()
        if self._is_end(start):
            return False  # nothing happens in it
        return any(self._fits_at(start, place) for place in range(len(self._graph)))

    def _start(self) -> int:
        """Return the first event; those of a class body that no source has are before it."""
        number = 0
        while _is_preamble(self._wanted[number]):
            (number,) = self._wanted[number].successors
        return number

    def _is_end(self, number: int) -> bool:
        word, *parts = self._wanted[number].payload
        value = parts[0] if parts else None
        return word == "eval" and isinstance(value, Value) and value.word(0) == _END

    def _fits_at(self, start: int, place: int) -> bool:
        pairs = {start: place}
        waiting = [start]
        while waiting:
            number = waiting.pop()
            if self._is_end(number):
                continue
            ours = self._wanted[number]
            theirs = self._graph[self._behind_loads(ours, pairs[number])]
            if not _is_same_event(ours, theirs) or len(ours.successors) != len(theirs.successors):
                return False
            for mine, other in zip(ours.successors, theirs.successors, strict=True):
                if mine not in pairs:
                    pairs[mine] = other
                    waiting.append(mine)
                elif pairs[mine] != other and not self._is_end(mine):
                    return False
        return True

    def _behind_loads(self, ours: Merged, place: int) -> int:
        """Skip loads that only a handler makes events of."""
        if ours.payload[0] == "load":
            return place
        passed = []
        while self._graph[place].payload[0] == "load" and place not in self._beyond:
            passed.append(place)
            self._beyond[place] = place  # where loads go round in circles
            (place,) = self._graph[place].successors
        end = self._beyond.get(place, place)
        self._beyond.update(dict.fromkeys(passed, end))
        return end


_PREAMBLE = frozenset({"__module__", "__qualname__"})


def _is_preamble(node: Merged) -> bool:
    target = node.payload[1] if node.payload[0] == "store" else None
    return isinstance(target, Value) and target.kind == "name" and target.word(0) in _PREAMBLE


def _is_same_event(ours: Merged, theirs: Merged) -> bool:
    if payload_digest(ours.payload) == payload_digest(theirs.payload):
        return True
    if theirs.payload[0] != "assign" or ours.payload[0] not in ("store", "assign"):
        return False
    return set(_pairs(ours)) <= set(_pairs(theirs))


def _pairs(node: Merged) -> Iterator[tuple[bytes, bytes]]:
    """Yield target and value of an assignment, or of each of several at once."""
    parts = [part for part in node.payload[1:] if isinstance(part, Value)]
    for target, value in zip(parts[::2], parts[1::2], strict=True):
        yield digest_of(target), digest_of(value)
