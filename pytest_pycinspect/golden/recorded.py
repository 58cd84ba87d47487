"""Is code as it is recorded, and if not, what would be recorded of it?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pycinspect.values import Implementation
from pytest_pycinspect.expect import (
    Capture,
    Compare,
    Failure,
    Label,
    OneOf,
    Op,
    Pattern,
    PatternError,
    Regex,
    as_pattern,
    explain,
    listing,
    match,
)
from pytest_pycinspect.expect.constants import spelled
from pytest_pycinspect.expect.guards import Host
from pytest_pycinspect.expect.literals import literal, starts_literal
from pytest_pycinspect.expect.model import Anything
from pytest_pycinspect.expect.scanner import Scanner
from pytest_pycinspect.golden.file import GoldenFile, located
from pytest_pycinspect.golden.sections import Content, Variant
from pytest_pycinspect.view.instr import Kind as InstrKind
from pytest_pycinspect.view.names import UnknownOpcodeError, VacuousCheckError

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["Difference", "RecordedCode", "accepted", "difference_of", "is_respelling", "mismatch"]


class RecordedCode:
    """Code, as a golden would have it.

    Args:
        code: the code.
    """

    def __init__(self, code: Bytecode) -> None:
        self.code = code
        dialect = code.dialect
        is_other = dialect.implementation is not Implementation.CPYTHON
        named = [str(dialect.implementation)] if is_other else []
        optimized = [f"opt{code.optimize}"] if code.optimize else []
        #: The guard of lines that hold for this Python alone.
        self.conditions = (dialect.version, *named, *optimized)
        self.python = " ".join(self.conditions)

    @cached_property
    def content(self) -> Content:
        """What a file says about it; facts are those of the version-free view."""
        instructions = tuple(listing(self.code))
        if self.code.view != "ops":
            return Content(instructions)
        consts = (text for constant in self.code.consts if (text := spelled(constant)))
        return Content(instructions, _joined(consts), _joined(self.code.handlers))

    @property
    def host(self) -> Host:
        """Who compiled it, as guards ask."""
        dialect = self.code.dialect
        return Host(str(dialect.implementation), dialect.python, self.code.optimize)


def _joined(parts: Iterable[str]) -> str | None:
    return ", ".join(parts) or None


class Difference(NamedTuple):
    """What is not as recorded.

    Args:
        failure: what is said about it.
        content: what would be.
    """

    failure: Failure
    content: Content


def difference_of(file: GoldenFile, variant: Variant, actual: RecordedCode) -> Difference | None:
    """Return what is not as recorded, None where all is."""
    code, content, recorded = actual.code, actual.content, variant.content
    try:
        found = match(_expectation(file, variant), code, anchored=True)
    except (VacuousCheckError, UnknownOpcodeError) as error:  # was written by another Python
        return Difference(mismatch(code, f"  {error}"), content)
    if not found:
        return Difference(explain(found, "== golden"), content)
    if (lines := _other("consts", recorded.consts, content.consts)) or (
        lines := _other("handlers", recorded.handlers, content.handlers)
    ):
        # The instructions are as they are recorded, perhaps in words of somebody's own.
        told = replace(accepted(recorded, content), instructions=recorded.instructions)
        return Difference(mismatch(code, *lines), told)
    return None


def accepted(recorded: Content, content: Content) -> Content:
    """Return content without the facts that were not recorded, which may be on purpose."""
    return Content(
        content.instructions,
        None if recorded.consts is None else content.consts or "",
        None if recorded.handlers is None else content.handlers or "",
    )


def _other(name: str, recorded: str | None, found: str | None) -> tuple[str, ...]:
    """Return lines about a fact that is not as recorded; what is not recorded may be anything."""
    if recorded is None or _parts(recorded) == _parts(found or ""):
        return ()
    return f"  {name} expected  {recorded}", f"  {name} found     {found or 'none'}"


def _expectation(file: GoldenFile, variant: Variant) -> Pattern:
    try:
        return as_pattern(file.expectation(variant))
    except PatternError as error:
        raise located(error, file.path) from None


def _parts(text: str) -> set[str]:
    """Return what commas separate: constants as they are spelled, and names."""
    scanner, parts = Scanner(text, 1), set()
    while not scanner.at_end():
        if starts_literal(scanner):
            parts.add(str(spelled(literal(scanner))))
        else:
            parts.add(scanner.need(_PART, "a constant or a name")[0].strip())
        if not scanner.take(_COMMA):
            break
    return parts


_PART, _COMMA = re.compile(r"[^,]+"), re.compile(r",")


def mismatch(code: Bytecode, *lines: str) -> Failure:
    """Return a failure that is not about one instruction."""
    summary = (f"{code.name} == golden", *lines, f"  {code.path}:{code.line}, Python {code.python}")
    listed = "\n".join(["To paste:", *(f"    {line}" for line in listing(code))])
    return Failure(summary, f"bytecode mismatch: {code.name}", listed)


#: What says less than the operand that is there.
_VAGUE = (Anything, Capture, Compare, OneOf, Regex)


def is_respelling(file: GoldenFile, variant: Variant, actual: RecordedCode) -> bool:
    """Return whether matching lines say all that a listing says, in other words.

    Lines with gaps, groups, guards and operands left out are what somebody wrote by hand.
    """
    if file.spells(variant, accepted(variant.content, actual.content)):
        return False
    pattern = _expectation(file, variant)
    items = [item for item in pattern.items if not isinstance(item, Label)]
    if len(items) != len(actual.code):
        return False
    return all(
        isinstance(item, Op)
        and (instr.kind is InstrKind.NONE or not isinstance(item.operand, _VAGUE))
        for item, instr in zip(items, actual.code, strict=True)
    )
