"""Whether Python code is somewhere in a code object, whatever Python compiled that."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from functools import cached_property

from pycinspect.canonical import Level, linearize
from pycinspect.canonical.frames import parameters
from pycinspect.canonical.graph import NOWHERE
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.values import Value
from pycinspect.compiling import Compilers
from pycinspect.dialects import Dialect
from pycinspect.pyc import Code
from pytest_pycinspect.relations.comparing import RelationOutcome
from pytest_pycinspect.relations.sameness import CodeForm, has_value
from pytest_pycinspect.relations.subgraphs import END, Search
from pytest_pycinspect.relations.surroundings import Surroundings
from pytest_pycinspect.view.facts import values_in
from pytest_pycinspect.view.forms import form_of
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["Snippets"]


class Snippets:
    """What looks for snippets in a code object.

    Args:
        code: the code object; what is inside it is only a part of what makes it.
        dialect: who compiled it.
        optimize: at which level of optimization snippets are compiled.
    """

    def __init__(self, code: Code, dialect: Dialect, optimize: int) -> None:
        self._code = code
        self._dialect = dialect
        self._optimize = optimize
        self._around = _surroundings(code, dialect)
        self._programs: dict[Level, CodeForm] = {}

    def search(self, snippet: str) -> RelationOutcome:
        """Return whether an expression or statements are somewhere in the code.

        Args:
            snippet: source of the running interpreter's language.

        Raises:
            PycInspectError: ``does-not-compile``; ``not-canonical`` where a limit was reached.
            VacuousCheckError: it does nothing, and so is found nowhere.
        """
        # The graph as it is written, and the smallest one: a search may need either.
        found = self._is_in(snippet, Level.STRICT)
        if found is None:
            raise VacuousCheckError(
                f"{textwrap.shorten(snippet, 60)!r} does nothing that is in bytecode, so it is"
                " found nowhere, whatever the code does"
            )
        found = found or bool(self._is_in(snippet, Level.SEMANTIC))
        words = "contains" if found else "does not contain"
        shortened = textwrap.shorten(snippet, 60)
        return RelationOutcome(found, f"{self._code.qualname} {words} {shortened!r}")

    def _is_in(self, snippet: str, level: Level) -> bool | None:
        """Return whether a snippet is in the code; None for one that does nothing."""
        program = self._program(level)
        expression = _expression(snippet)
        if expression is not None:
            # Only a function can return something.
            word, before = (
                ("return", "return") if self._around.is_function else ("store", f"{END} =")
            )
            wanted = self._compiled(f"{before} {expression}", level)
            value = _only_value(wanted.graph, word)
            found = None if value is None else has_value(wanted, value, program)
            if found is not None:
                return found and program.makes_unused_of(wanted)
        wanted = self._statements(f"{_dedented(snippet)}\n{END}", level)
        search = Search(wanted, program, has_result=expression is not None)
        if search.is_empty:
            return None
        return search.found() and program.makes_unused_of(wanted)

    def _program(self, level: Level) -> CodeForm:
        known = self._programs.get(level)
        if known is None:
            known = self._programs[level] = CodeForm(form_of(self._code, self._dialect, level))
        return known

    def _statements(self, snippet: str, level: Level) -> CodeForm:
        """Return the form of statements, with all that can happen if some variables are not bound.

        That is all there is in ``try: x`` that a handler could be of.
        """
        wanted = self._compiled(snippet, level)
        if not self._has_handlers(snippet) or not self._unbound:
            return wanted
        unsure = self._compiled(snippet, level, self._unbound)
        return unsure if _handlers(unsure) > _handlers(wanted) else wanted

    @staticmethod
    def _has_handlers(snippet: str) -> bool:
        return any(isinstance(node, ast.Try | ast.TryStar) for node in ast.walk(ast.parse(snippet)))

    @cached_property
    def _unbound(self) -> frozenset[str]:
        """The variables of the code that may not be bound where a handler catches that."""
        graph = self._program(Level.STRICT).graph
        guarded = (node.payload for node in graph if node.handler != NOWHERE)
        read = (payload[1] for payload in guarded if payload[0] == "load")
        return frozenset(
            value.word(0) for value in read if isinstance(value, Value) and value.kind == "local"
        )

    def _compiled(
        self, snippet: str, level: Level, unbound: frozenset[str] = frozenset()
    ) -> CodeForm:
        """Return the form of a snippet in surroundings like the code's."""
        source = self._around.source(snippet, unbound).encode("utf-8", "surrogatepass")
        with Compilers(trusted=True) as compilers:  # the snippet is the test's own
            file = compilers.compile(source, f"the snippet {snippet!r}", optimize=self._optimize)
        return CodeForm(form_of(self._around.find(file.code), file.dialect, level))


def _handlers(program: CodeForm) -> int:
    """Return how many handlers there are that control may come to."""
    return len({node.handler for node in program.graph})


def _surroundings(code: Code, dialect: Dialect) -> Surroundings:
    """Return functions and classes like those around a code object.

    A variable of a comprehension is among those of the code where it was inlined (3.12). If functions
    inside have a global one of that name, the code has none of its own: they would share it.
    """
    names = _named(code, dialect, _OF_GLOBALS)
    known = {*code.varnames, *code.cellvars}
    inside = (part for part in code.walk() if part is not code and known.intersection(part.names))
    read = (name for part in inside for name in _named(part, dialect, _OF_OUTER))
    shared = known.intersection(read)
    return Surroundings(code, dialect, names | (shared - _own(code, dialect) if shared else set()))


_OF_GLOBALS = frozenset({"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"})
#: A class looks among its own variables first.
_OF_OUTER = _OF_GLOBALS | {"LOAD_NAME"}


def _named(code: Code, dialect: Dialect, ops: frozenset[str]) -> set[str]:
    """Return the variables that some ops of a code object are about."""
    return {str(op.operand) for op in linearize(code, dialect) if op.name in ops}


def _own(code: Code, dialect: Dialect) -> set[str]:
    """Return the variables of a function, without those of comprehensions in it."""
    events = (part for node in form_of(code, dialect, Level.STRICT).graph for part in node.payload)
    variables = (part for part in values_in(events, set()) if part.kind == "local")
    stored = {part.word(0) for part in variables if len(part.parts) == 1}
    return stored | set(parameters(code))  # those that nothing but functions inside read


# --- The snippet as a graph --------------------------------------------------------------------


def _expression(snippet: str) -> str | None:
    """Return the text of an expression in brackets, None for statements, and for ``yield``."""
    text = _dedented(snippet).strip()
    if not text:
        return None
    try:
        tree = ast.parse(f"({text})", mode="eval")
    except SyntaxError:
        return None
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(tree)):
        return None  # no asynchronous generator returns a value
    return f"({text})"


def _dedented(snippet: str) -> str:
    return textwrap.dedent(snippet).strip("\n")


def _only_value(graph: Sequence[Merged], word: str) -> Value | None:
    """Return the one value that a graph returns, or stores last; None if there are several."""
    ends = [node.payload for node in graph if node.payload[0] == word]
    ways = [node for node in graph if not node.successors]
    value = ends[-1][-1] if len(ways) == 1 and ends else None
    return value if isinstance(value, Value) else None
