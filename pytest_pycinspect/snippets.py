"""Whether Python code is somewhere in a code object, whatever Python compiled that."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pycinspect.canonical import Level
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value
from pycinspect.compiling import Compilers
from pytest_pycinspect.comparing import Outcome
from pytest_pycinspect.facts import form_of
from pytest_pycinspect.subgraphs import END, Program, Search, has_value
from pytest_pycinspect.surroundings import Surroundings

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["contains_code"]

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
    around = _surroundings(code)
    expression = _expression(snippet)
    if expression is not None:
        before = "return" if around.is_function else f"{END} ="
        wanted = _compiled(code, around, f"{before} {expression}", level)
        value = _only_value(wanted.graph, "return" if around.is_function else "store")
        found = None if value is None else has_value(wanted, value, program)
        if found is not None:
            return found
    ended = f"{_dedented(snippet)}\n{END}"
    wanted = _compiled(code, around, ended, level)
    return Search(wanted, program, has_result=expression is not None).found()


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


def _compiled(code: Bytecode, around: Surroundings, snippet: str, level: Level) -> Program:
    """Return the form of a snippet in surroundings like the code's."""
    source = around.source(_dedented(snippet))
    with Compilers(trusted=True) as compilers:  # the snippet is the test's own
        file = compilers.compile(
            source.encode(), f"the snippet {snippet!r}", optimize=code.optimize or 0
        )
    return Program(form_of(around.find(file.code), file.dialect, level))


def _surroundings(code: Bytecode) -> Surroundings:
    of_globals = {i.opname: set[str]() for i in code if i.opname.endswith("_GLOBAL")}
    for instr in code:
        if instr.opname in of_globals:
            of_globals[instr.opname].add(str(instr.operand))
    read = of_globals.pop("LOAD_GLOBAL", set())
    return Surroundings(code.code, code.dialect, read, set().union(*of_globals.values()))


def _only_value(graph: Sequence[Merged], word: str) -> Value | None:
    """Return the one value that a graph returns, or stores last; None if there are several."""
    ends = [node.payload for node in graph if node.payload[0] == word]
    ways = [node for node in graph if not node.successors]
    value = ends[-1][-1] if len(ways) == 1 and ends else None
    return value if isinstance(value, Value) else None
