"""What differs in the instructions as the files have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pycinspect.diffing import Change, Op, Side, aligned
from pycinspect.disasm import instructions
from pycinspect.errors import PycInspectError
from pycinspect.report.diff.statements import Options, change_lines
from pycinspect.report.diff.words import Line, short_text

__all__ = ["raw_lines"]

_RAW = "    instructions, level exact:"


def raw_lines(old: Side | None, new: Side | None, options: Options) -> Iterator[Line]:
    """Yield the difference of the instructions as the files have them, with their offsets."""
    yield ((_RAW, "hint"),)
    try:
        ours, theirs = _steps(old), _steps(new)
    except PycInspectError as error:
        yield ((f"    not shown: {short_text(error.message)}", "error"),)
        return
    # Offsets stand where statements have their lines.
    changes = [
        _raw_change(op, [ours[i] for i in before], [theirs[j] for j in after])
        for op, before, after in aligned([s.text for s in ours], [s.text for s in theirs])
    ]
    yield from change_lines(changes, options)


class _Step(NamedTuple):
    """An instruction as the file has it."""

    text: str
    offset: int


def _steps(side: Side | None) -> list[_Step]:
    if side is None:
        return []
    return [
        _Step(f"{step.opname:<20} {step.argrepr}".rstrip(), step.offset)
        for step in instructions(side.code, side.dialect)
    ]


def _raw_change(op: Op, old: Sequence[_Step], new: Sequence[_Step]) -> Change:
    texts, offsets = zip(*old, strict=True) if old else ((), ())
    new_texts, new_offsets = zip(*new, strict=True) if new else ((), ())
    return Change(op, texts, new_texts, offsets, new_offsets)
