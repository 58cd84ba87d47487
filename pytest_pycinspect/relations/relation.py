"""Code and what it was said to be: other code, a part of the source, a constant, a number."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect.constants import spelled
from pytest_pycinspect.expect.printer import format_instr, labels_of, listing
from pytest_pycinspect.noted import note
from pytest_pycinspect.relations.comparing import RelationOutcome
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.instr import Instr, Kind

__all__ = ["Count", "Relation", "Sides", "constant", "contained", "peers"]


class Sides(NamedTuple):
    """A code object, and what it was said to be.

    Args:
        code: the code.
        lines: what it was said to be, as an expectation.
        anchored: that is all of the code, not a part.
        other: the code that it was compared with, None for none.
    """

    code: CodeView
    lines: Sequence[str]
    anchored: bool
    other: CodeView | None = None


@dataclass(frozen=True, repr=False)
class Relation(RelationOutcome):
    """True or false, and why; what a test asked last is shown with its failure.

    Args:
        sides: gives what was compared, nested code after what it is in.
    """

    sides: Callable[[], Iterable[Sides]]

    def __bool__(self) -> bool:
        note(self)
        return self.holds

    @classmethod
    def of(cls, outcome: RelationOutcome, sides: Callable[[], Iterable[Sides]]) -> Self:
        """Return what came of a comparison, with what was compared."""
        return cls(outcome.holds, outcome.explanation, sides)


class Count(int):
    """How many instructions are as expected: a number, which a failure explains.

    Args:
        number: the number.
        codes: where they were counted.
        expectation: what was.
    """

    codes: tuple[CodeView, ...]
    expectation: object

    def __new__(cls, number: int, codes: Iterable[CodeView], expectation: object) -> Self:
        """Return a number that knows what was counted."""
        count = super().__new__(cls, number)
        count.codes = tuple(codes)
        count.expectation = expectation
        return count

    def __bool__(self) -> bool:
        note(self)
        return self != 0

    def __reduce__(self) -> tuple[object, ...]:
        return int, (int(self),)


# --- What was compared ---------------------------------------------------------------------


def peers(code: CodeView, other: CodeView, *, named: bool) -> Iterator[Sides]:
    """Yield two code objects, and the pairs of those inside them.

    Args:
        code: one of them.
        other: the other.
        named: local variables are to have the same names.
    """
    waiting = [(code, other)]
    while waiting:
        ours, theirs = waiting.pop()
        lines = listing(theirs) if named else [*_renamed(theirs)]
        yield Sides(ours, lines, anchored=True, other=theirs)
        waiting += reversed([*zip(ours.children, theirs.children, strict=False)])


def _renamed(code: CodeView) -> Iterator[str]:
    """Yield a listing in which variables stand for the names of local variables."""
    local = {*code.code.varnames, *code.code.cellvars, *code.code.freevars}
    labels = labels_of(code)
    for index, instr in enumerate(code):
        if index in labels:
            yield f"{labels[index]}:"
        if instr.kind is Kind.NAME and instr.operand in local:
            name = str(instr.operand)
            yield f"{instr.opname} {f'${name}' if name.isidentifier() else '_'}"
        else:
            yield format_instr(instr, labels)


def constant(code: CodeView, value: object) -> Iterator[Sides]:
    """Yield code, and what does nothing but to return a constant."""
    yield Sides(code, [f"LOAD_CONST {spelled(value) or '_'}", "RETURN_VALUE"], anchored=True)


def contained(code: CodeView, snippet: str, compiled: Callable[[str], CodeView]) -> Iterator[Sides]:
    """Yield code, and what a part of the source compiles to in a function with its variables.

    Args:
        code: where the snippet is looked for.
        snippet: an expression or statements.
        compiled: compiles source text.

    Raises:
        PycInspectError: it does not compile in a function, as ``break`` alone.
    """
    text = textwrap.dedent(snippet).strip()
    names = [*code.code.varnames, *code.code.cellvars, *code.code.freevars]
    parameters = ", ".join(dict.fromkeys(name for name in names if name.isidentifier()))
    body = textwrap.indent(text, "    ")
    try:
        module = compiled(f"def _({parameters}):\n{body}\n")
    except PycInspectError:  # it may have an await
        module = compiled(f"async def _({parameters}):\n{body}\n")
    function = module.children[0]
    yield Sides(code, [*_without_end(function, is_value=_is_value(text))], anchored=False)


def _is_value(text: str) -> bool:
    """Return whether source ends with an expression, whose value is dropped."""
    (function,) = ast.parse(f"async def _():\n{textwrap.indent(text, '    ')}").body
    assert isinstance(function, ast.AsyncFunctionDef)
    return isinstance(function.body[-1], ast.Expr)


#: What a function does after its last statement.
_RETURN_NONE, _DROP = ("LOAD_CONST", "RETURN_VALUE"), "POP_TOP"


def _without_end(function: CodeView, *, is_value: bool) -> Iterator[str]:
    instrs: list[Instr] = [*function]
    labels = labels_of(function)
    size = len(instrs)
    if tuple(instr.opname for instr in instrs[-2:]) == _RETURN_NONE and instrs[-2].operand is None:
        size -= 2
        size -= is_value and instrs[size - 1].opname == _DROP
    for index in range(size):
        if index in labels:
            yield f"{labels[index]}:"
        yield format_instr(instrs[index], labels)
    yield from (f"{label}:" for index, label in labels.items() if index >= size)
