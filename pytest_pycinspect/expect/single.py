"""One instruction, as an expectation has it: ``op.LOAD_FAST("x")``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.terms import (
    ANY,
    Arguments,
    Literal,
    Operand,
    Regex,
)

__all__ = ["OPNAME", "At", "Op", "View", "op"]

#: What an opcode is called: ``LOAD_FAST``, Python 2's ``SLICE+1``, ``<200>`` without a name.
OPNAME = re.compile(r"[A-Z][A-Z0-9_]*(?:\+[0-9])?(?![\w+])|<[0-9]+>")


@dataclass(frozen=True, slots=True)
class At:
    """Where in the source an instruction is: ``@3``, ``@3:8``, ``@3:8-12``, ``@3:8-4:12``.

    Lines are those of the file, from 1; columns count bytes of UTF-8 from 0, as
    ``co_positions()`` does.

    Args:
        line: of the source.
        column: where it begins, None for anywhere.
        end_line: the line that it ends on; None for the same, if there is an end column.
        end_column: where it ends, None for anywhere.
    """

    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None

    def __post_init__(self) -> None:
        if self.end_line == self.line:
            object.__setattr__(self, "end_line", None)
        given = (self.line, self.column, self.end_column, self.end_line)
        numbers = [part for part in given if part is not None]
        if not all(type(part) is int and part >= 0 for part in numbers):
            raise PatternError(f"{self!r}: lines and columns are numbers")
        if None in given[: len(numbers)]:
            raise PatternError(f"{self!r}: an end line needs an end column, and that a column")

    @property
    def parts(self) -> tuple[int | None, ...]:
        """Line, end line, column and end column, as ``co_positions()`` has them; None for any."""
        end_line = self.line if self.end_line is None else self.end_line
        ends = (None, None) if self.end_column is None else (end_line, self.end_column)
        return self.line, ends[0], self.column, ends[1]

    def __str__(self) -> str:
        column = "" if self.column is None else f":{self.column}"
        line = "" if self.end_line is None else f"{self.end_line}:"
        return f"@{self.line}{column}" + (
            "" if self.end_column is None else f"-{line}{self.end_column}"
        )


class View(Enum):
    """Whose name an opcode's is."""

    #: The name in the code that is looked at.
    OWN = ""
    #: What the interpreter's compiler wrote.
    RAW = "raw"
    #: What the interpreter made of it while it ran.
    SPECIALIZED = "spec"


@dataclass(frozen=True, slots=True)
class Op:
    """One instruction. Calling it gives it an operand: ``op.CALL(2)``.

    Args:
        name: of the opcode.
        operand: what its operand must be; any if it is left out.
        view: whose name it is.
        place: where in the source it must be, None for anywhere.
    """

    name: str
    operand: Operand = ANY
    view: View = View.OWN
    place: At | None = None

    def __post_init__(self) -> None:
        if not OPNAME.fullmatch(self.name):
            raise PatternError(f"{self.name!r} is not a name of an opcode")

    def __call__(self, *operand: object) -> Op:
        """Return it with an operand.

        Args:
            operand: an operand of this module, or a constant or name as it is; a compiled
                regular expression; for ``CALL_KW``, a count and a tuple of names.

        Raises:
            PatternError: for what no operand can be.
        """
        return replace(self, operand=_operand(operand))

    def at(
        self,
        line: int,
        column: int | None = None,
        end_line: int | None = None,
        end_column: int | None = None,
    ) -> Op:
        """Return it with the place in the source where it must be; see :class:`At`.

        Raises:
            PatternError: these are no lines and columns.
        """
        return replace(self, place=At(line, column, end_line, end_column))

    def __str__(self) -> str:
        view = f"{self.view.value} " if self.view.value else ""
        operand = "" if self.operand == ANY else f" {self.operand}"
        return f"{view}{self.name}{operand}{'' if self.place is None else f' {self.place}'}"


def _operand(given: tuple[object, ...]) -> Operand:
    if not given:
        return ANY
    if len(given) == 2 and isinstance(given[1], tuple):
        count = None if given[0] == ANY else given[0]
        if count is None or type(count) is int:
            return Arguments(count, given[1])
    if len(given) != 1:
        raise PatternError("an instruction has one operand")
    (value,) = given
    if isinstance(value, Operand):
        return value
    return Regex(value.pattern) if isinstance(value, re.Pattern) else Literal(value)


class _Ops:
    """Opcodes by their names: ``op.LOAD_FAST``."""

    def __getattr__(self, name: str) -> Op:
        if not OPNAME.fullmatch(name):
            raise AttributeError(f"no opcode is called {name!r}")
        return Op(name)


op = _Ops()
