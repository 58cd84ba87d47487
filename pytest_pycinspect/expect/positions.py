"""Places in the source that expectations name: refused where code has none, or nothing is there."""

from __future__ import annotations

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect.model import At
from pytest_pycinspect.expect.operands import place_of
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["check_place"]

#: Lines or columns that a message names.
_SHOWN = 12


def check_place(place: At, code: CodeView, *, negative: bool) -> None:
    """Do nothing if an instruction can be at a place.

    Args:
        place: in the source.
        code: where it is looked for.
        negative: that it is not there may be what is asked; then something else has to be.

    Raises:
        PycInspectError: ``no-columns``: the code has none.
        VacuousCheckError: nothing is in that line; or, if ``negative``, in that column.
    """
    places = [place_of(instr) for instr in code]
    lines = sorted({line for line, *_ in places if line is not None})
    if place.line not in lines:
        message = f"{code.name} has no instruction in line {place.line}, but in {_words(lines)}"
        raise VacuousCheckError(f"{message}: {place} says nothing of it")
    if place.column is None:
        return
    if all(column is None for _, _, column, _ in places):
        message = (
            f"{code.name} has no columns: Python {code.python} did not write them (PEP 657), so"
            f" {place} cannot be compared; @{place.line} can, or a guard can leave the line out"
        )
        raise PycInspectError("no-columns", message)
    columns = sorted({c for line, _, c, _ in places if line == place.line and c is not None})
    if negative and place.column not in columns:
        message = f"in line {place.line} of {code.name} instructions begin in {_words(columns)}"
        raise VacuousCheckError(f"{message}: {place} says nothing of it")


def _words(numbers: list[int]) -> str:
    if not numbers:
        return "none"
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    return shown + (" …" if len(numbers) > _SHOWN else "")
