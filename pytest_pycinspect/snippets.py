"""Whether Python code is somewhere in a code object, whatever Python compiled that."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pycinspect.canonical import Level
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value
from pycinspect.compiling import Compilers
from pycinspect.pyc import Code
from pytest_pycinspect.comparing import Outcome
from pytest_pycinspect.facts import form_of
from pytest_pycinspect.subgraphs import END, Program, Search, has_value

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["contains_code"]

_OPTIMIZED, _COROUTINE = 0x01, 0x80
_FUNCTION = "_"
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
    program = Program(form_of(code.code, code.dialect, level))
    expression = _expression(snippet)
    if expression is not None:
        wanted = _compiled(code, f"return {expression}", level)
        value = _returned(wanted.graph)
        found = None if value is None else has_value(wanted, value, program)
        if found is not None:
            return found
    ended = f"{_dedented(snippet)}\n{END}"
    return Search(_compiled(code, ended, level), program).found()


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


def _compiled(code: Bytecode, snippet: str, level: Level) -> Program:
    """Return the form of a snippet in surroundings like the code's."""
    lines = _surrounded(code.code, _stored_globals(code), _dedented(snippet))
    with Compilers(trusted=True) as compilers:  # the snippet is the test's own
        file = compilers.compile("\n".join(lines).encode(), f"the snippet {snippet!r}")
    inner = [part for part in file.code.walk() if part.name == _FUNCTION]
    return Program(form_of(inner[0] if inner else file.code, file.dialect, level))


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
