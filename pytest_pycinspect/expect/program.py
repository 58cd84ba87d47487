"""An expectation made ready for one Python: guards decided, names resolved, gaps gathered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.guards import Host, Version, is_active, may_be_active, may_be_inactive
from pytest_pycinspect.expect.impossible import check_operand
from pytest_pycinspect.expect.model import View, lines_of
from pytest_pycinspect.expect.operands import Test, Variable, tested_by
from pytest_pycinspect.expect.steps import (
    End,
    Gap,
    Global,
    Group,
    Line,
    Many,
    Mark,
    NamedOpcode,
    NestedLines,
    One,
    SearchProgram,
    Start,
    Step,
)
from pytest_pycinspect.view.names import resolve_name

__all__ = ["program_for"]


class _Forbidden(NamedTuple):
    """What must not occur, until it is known in which gap."""

    line: int
    test: Test


@lru_cache(maxsize=512)
def program_for(
    pattern: model.Pattern,
    host: Host,
    supported: tuple[Version, ...],
    *,
    anchored: bool,
    short: bool,
) -> SearchProgram:
    """Return an expectation, made ready.

    Args:
        pattern: the expectation.
        host: who compiled the code that it is compared with.
        supported: versions on which at least one of which each guard must be active.
        anchored: it is about the whole code, not a part of it.
        short: opcodes may have their short spellings, as canonical ops have.

    Raises:
        PatternError: a guard that is active nowhere; a variable that stands for nothing.
    """
    builder = _Builder(host, supported, anchored=anchored, short=short)
    return builder.program(pattern.items, 1)


_OTHER_VIEWS = (model.BlockKind.RAW, model.BlockKind.SPECIALIZED)


class _Builder:
    """Makes the program of one code object."""

    def __init__(
        self, host: Host, supported: tuple[Version, ...], *, anchored: bool, short: bool
    ) -> None:
        self._host, self._supported = host, supported
        self._anchored, self._short = anchored, short
        self._steps: list[Step | _Forbidden] = []
        self._globals: list[Global] = []
        self._sections: list[NestedLines] = []
        self._slots: dict[Variable, int] = {}
        self._bound: set[int] = set()
        self._named: list[NamedOpcode] = []
        self._lines: list[Line] = []

    def program(self, items: Sequence[model.Item], number: int) -> SearchProgram:
        self._add(items, number, 0, self._supported)
        for row in self._globals:
            self._require(row.test)
        steps = _joined(self._steps, anchored=self._anchored)
        return SearchProgram(
            steps,
            tuple(self._globals),
            tuple(self._sections),
            tuple(self._slots),
            tuple(dict.fromkeys(self._named)),
            tuple(self._lines),
            *_live(steps, self._globals),
        )

    def _add(
        self,
        items: Iterable[model.Item],
        number: int,
        depth: int,
        versions: tuple[Version, ...],
        *,
        active: bool = True,
    ) -> int:
        """Add items, the first of which is in line ``number``; return the number after them."""
        for item in items:
            lines = lines_of((item,))
            if isinstance(item, model.Guard):
                self._guard(item, lines, number, depth, versions, active=active)
            elif isinstance(item, model.Block):
                self._line(number, lines[0], depth, active=active)
                self._section(item, number, versions, active=active)
            else:
                for place, text in enumerate(lines):
                    self._line(number + place, text, depth, active=active)
                if active:
                    self._item(item, number)
            number += len(lines)
        return number

    def _line(self, number: int, text: str, depth: int, *, active: bool) -> None:
        self._lines.append(Line(number, "    " * depth + text, active))

    def _guard(
        self,
        guard: model.Guard,
        lines: list[str],
        number: int,
        depth: int,
        versions: tuple[Version, ...],
        *,
        active: bool,
    ) -> None:
        here = tuple(v for v in versions if may_be_active(guard.conditions, v))
        text = " ".join(f"@{condition}" for condition in guard.conditions)
        _require_some(here, text, number)
        holds = is_active(guard.conditions, self._host)
        if len(lines) == 1:
            self._line(number, lines[0], depth, active=active and holds)
            if active and holds:
                self._item(guard.items[0], number)
            return
        self._line(number, lines[0], depth, active=active and holds)
        number = self._add(guard.items, number + 1, depth + 1, here, active=active and holds)
        if guard.otherwise:
            there = tuple(v for v in versions if may_be_inactive(guard.conditions, v))
            _require_some(there, f"@else of {text}", number)
            other = active and not holds
            self._line(number, "@else:", depth, active=other)
            self._add(guard.otherwise, number + 1, depth + 1, there, active=other)

    def _section(
        self, block: model.Block, number: int, versions: tuple[Version, ...], *, active: bool
    ) -> None:
        short = self._short and block.kind not in _OTHER_VIEWS
        builder = _Builder(self._host, versions, anchored=self._anchored, short=short)
        program = builder.program(block.items, number + 1)
        if active:
            self._sections.append(NestedLines(number, block, program))

    # --- One method a kind of line -----------------------------------------------------

    def _item(self, item: model.Item, number: int) -> None:
        if item is ...:
            self._steps.append(Gap(number))
        elif isinstance(item, model.Op | model.Anything):
            self._steps.append(One(number, self._test(item)))
        elif isinstance(item, model.Not):
            self._not(item.op, number)
        elif isinstance(item, model.Repeat):
            self._repeat(item, number)
        elif isinstance(item, model.Never):
            self._globals.append(
                Global(number, self._test(item.op, negative=True, binds=False), 0, 0)
            )
        elif isinstance(item, model.Total):
            test = self._test(item.op, negative=not item.low, binds=False)
            self._globals.append(Global(number, test, item.low, item.high))
        elif isinstance(item, model.AnyOrder):
            members = tuple(tuple(map(self._test, member)) for member in item.members)
            self._steps.append(Group(number, members, item.gaps))
        elif isinstance(item, model.Label):
            slot = self._slot(Variable(item.name, is_label=True))
            self._bound.add(slot)
            self._steps.append(Mark(number, slot))
        elif isinstance(item, model.Anchor):
            make = Start if item is model.Anchor.START else End
            self._steps.append(make(number))

    def _not(self, single: model.Single, number: int) -> None:
        test = self._test(single, negative=True, binds=False)
        self._require(test)
        self._steps.append(_Forbidden(number, test))

    def _repeat(self, item: model.Repeat, number: int) -> None:
        if item.high == 0:
            self._not(item.op, number)
            return
        test = self._test(item.op, negative=not item.low)
        self._steps.append(Many(number, test, item.low, item.high))

    def _test(self, single: model.Single, *, negative: bool = False, binds: bool = True) -> Test:
        opname = None
        if isinstance(single, model.Op):
            is_short = self._short and single.view is View.OWN
            opname = resolve_name(single.name) if is_short else single.name
            if is_short:
                check_operand(opname, single.operand)
            self._named.append(
                NamedOpcode(opname, single.operand, negative, single.view, single.place)
            )
        test = tested_by(single, opname, self._slot)
        if test.slot is not None and binds:
            self._bound.add(test.slot)
        return test

    def _slot(self, variable: Variable) -> int:
        return self._slots.setdefault(variable, len(self._slots))

    def _require(self, test: Test) -> None:
        """Refuse what must not occur with a variable that stands for nothing."""
        if test.slot is not None and test.slot not in self._bound:
            name, is_label = list(self._slots)[test.slot]
            sign = "the label " if is_label else "$"
            raise PatternError(
                f"{sign}{name} is used in a line about what must not occur, and no line"
                " before it says what it is"
            )


def _require_some(versions: Sequence[Version], guard: str, number: int) -> None:
    """Refuse a guard under which lines never count: it would say that they are tested."""
    if not versions:
        raise PatternError(
            f"the guard {guard} in line {number} is active on none of the versions that"
            " pycinspect_supported names"
        )


# --- Gaps ----------------------------------------------------------------------------------


def _joined(steps: Sequence[Step | _Forbidden], *, anchored: bool) -> tuple[Step, ...]:
    """Return the steps with one gap where several stand together, and an end.

    What must not occur counts in the gap that it stands beside. Where it stands between two
    instructions there is no gap: nothing at all may be there. Lines that are about the code
    as a whole, and nothing else, leave it open what the code is.
    """
    says_what = any(not isinstance(step, _Forbidden | Mark) for step in steps)
    ends = [] if anchored and says_what else [Gap(None)]
    joined: list[Step] = []
    for _, group in groupby([*ends, *steps, *ends], lambda s: isinstance(s, Gap | _Forbidden)):
        run = list(group)
        joined.extend(_gap(run))
        joined.extend(step for step in run if not isinstance(step, Gap | _Forbidden))
    if joined and isinstance(joined[-1], Gap):
        joined[-1] = replace(joined[-1], to_end=True)
    gaps = [False, *(isinstance(step, Gap) for step in joined), False]
    beside = zip(joined, gaps[:-2], gaps[2:], strict=True)
    return (*(_alone(step, before=b, after=a) for step, b, a in beside), End(None))


def _gap(run: Sequence[Step | _Forbidden]) -> Iterator[Gap]:
    """Yield the gap that a run of gaps and of what must not occur is, if there is one."""
    gaps = [step for step in run if isinstance(step, Gap)]
    if gaps:
        lines = [gap.line for gap in gaps if gap.line]
        forbidden = tuple((s.line, s.test) for s in run if isinstance(s, _Forbidden))
        yield Gap(lines[0] if lines else None, forbidden)


def _alone(step: Step, *, before: bool, after: bool) -> Step:
    """Return a run that has no more of its kind beside it where a gap could hide them."""
    if isinstance(step, Many) and step.high is not None and step.test.opname is not None:
        return replace(step, alone_before=before, alone_after=after)
    return step


def _live(
    steps: Sequence[Step], whole: Iterable[Global]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the slots that are asked about, the last first; for each step, how many still are."""
    slots = dict.fromkeys(row.test.slot for row in whole if row.test.slot is not None)
    live = []
    for step in reversed(steps):
        slots.update(dict.fromkeys(slot for slot in _slots(step) if slot is not None))
        live.append(len(slots))
    return tuple(slots), tuple(reversed(live))


def _slots(step: Step) -> Iterator[int | None]:
    if isinstance(step, Mark):
        yield step.slot
    elif isinstance(step, One | Many):
        yield step.test.slot
    elif isinstance(step, Gap):
        yield from (test.slot for _, test in step.forbidden)
    elif isinstance(step, Group):
        yield from (test.slot for member in step.members for test in member)
