"""Its instructions, and which of them are as expected."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, SupportsIndex, TypeGuard

from pytest_pycinspect.bytecode.identity import Identified
from pytest_pycinspect.subjects.origin import Decoded
from pytest_pycinspect.subjects.sequences import decoded
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.instr import Instr, Kind
from pytest_pycinspect.view.names import VacuousCheckError, check_name, note_count, resolve_name

if TYPE_CHECKING:
    from pytest_pycinspect.expect.effort import Effort
    from pytest_pycinspect.relations.relation import Count

__all__ = ["Instructions", "compared", "is_opname", "spans"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_OPNAME = re.compile(r"[A-Z][A-Z0-9_]*")


class Instructions(Identified):
    """The instructions of one view, or a part of them."""

    # What else a ``CodeView`` has is made of whole ``Bytecode``: see ``facade``.
    @property
    @abstractmethod
    def children(self) -> Sequence[CodeView]:
        """The code objects inside it, in the order of their lines."""

    @property
    @abstractmethod
    def raw(self) -> CodeView:
        """The interpreter's own instructions."""

    @property
    @abstractmethod
    def adaptive(self) -> CodeView:
        """The instructions as they are in memory now, specialised."""

    @abstractmethod
    def __getitem__(self, index: SupportsIndex, /) -> Instr: ...

    @cached_property
    def _whole(self) -> Decoded:
        return decoded(self._code, self._origin, self.view)

    @cached_property
    def _instrs(self) -> tuple[Instr, ...]:
        if self._selected is None:
            return self._whole.instrs
        places = {index: place for place, index in enumerate(self._selected)}
        chosen = (self._whole.instrs[index] for index in self._selected)
        return tuple(
            i if i.target is None else i._replace(target=places.get(i.target)) for i in chosen
        )

    @cached_property
    def _opnames(self) -> frozenset[str]:
        if self._selected is None:
            return self._whole.names
        return frozenset(instr.opname for instr in self._instrs)

    def __len__(self) -> int:
        return len(self._instrs)

    def __iter__(self) -> Iterator[Instr]:
        return iter(self._instrs)

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the source that have instructions, in their order; without nested code."""
        return _lines_of(self)

    def __contains__(self, expectation: object) -> bool:
        """Return whether an instruction is as expected.

        Raises:
            VacuousCheckError: for an opcode that cannot be there on this Python.
            UnknownOpcodeError: for one that no Python has.
            AmbiguousWrapperError: it is the code of a wrapper, and is not said to be meant.
        """
        return self.sure(self.has(expectation, None), f"{expectation!r} is not in it.")

    def has(self, expectation: object, effort: Effort | None) -> bool:
        """Return whether an instruction is as expected.

        Args:
            expectation: of one instruction, or of several lines.
            effort: what may be looked at where it takes long; None for as much as ever.
        """
        self._require_some()
        if is_opname(expectation):
            name = self._resolved(expectation)
            if name not in self._opnames:
                check_name(name, self)
                return False
            return True
        from pytest_pycinspect.expect import as_pattern, search

        return bool(search(as_pattern(expectation), self, effort))

    def _require_some(self) -> None:
        """Refuse a check of no instructions: that something is not among them is always true.

        Raises:
            VacuousCheckError: with the lines that there are.
        """
        if not self._opnames:
            whole = self._whole.instrs
            message = f"this part of {self.name} has no instructions, so a check says nothing"
            there = f"there are {len(whole)}, in {spans(_lines_of(whole))}"
            raise VacuousCheckError(f"{message}: {there}")

    def count(self, value: object) -> Count:
        """Return how many instructions are as expected.

        An opcode of other Pythons is counted as 0, with a warning: a sum can name all spellings.

        Raises:
            UnknownOpcodeError: for an opcode that no Python has.
        """
        from pytest_pycinspect.relations.relation import Count

        self._require_some()
        if is_opname(value):
            name = self._resolved(value)
            if name not in self._opnames:
                note_count(name, self)
            number = sum(instr.opname == name for instr in self._instrs)
            return Count(self.sure(number, f"There is no {name} in it."), [self], value)
        return Count(len(self.find(value)), [self], value)

    def _resolved(self, opname: str) -> str:
        return resolve_name(opname) if self.view == "ops" else opname

    def find(self, expectation: object) -> list[Instr]:
        """Return the instructions that are as expected."""
        found = [self._instrs[index] for index in self.places(expectation)]
        return self.sure(found, f"{expectation!r} is not in it.")

    def index(self, value: object, start: int = 0, stop: int | None = None) -> int:
        """Return the index of the first instruction that is as expected.

        Raises:
            ValueError: there is none.
        """
        for place in self.places(value):
            if place in range(len(self))[start:stop]:
                return place
        raise ValueError(f"{value!r} is not in {self!r}")

    def places(self, expectation: object, effort: Effort | None = None) -> list[int]:
        """Return the indexes of the instructions that are as expected; see :meth:`has`."""
        self._require_some()
        if is_opname(expectation):
            name = self._resolved(expectation)
            check_name(name, self)
            return [index for index, instr in enumerate(self) if instr.opname == name]
        from pytest_pycinspect.expect import as_pattern, search

        found: list[int] = search(as_pattern(expectation), self, effort)
        return found


def _lines_of(instrs: Iterable[Instr]) -> tuple[int, ...]:
    return tuple(sorted({instr.line for instr in instrs if instr.line}))


def spans(lines: Sequence[int]) -> str:
    """Return lines in words: ``lines 3 to 7 and 9``."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    texts = [f"{first}" if first == last else f"{first} to {last}" for first, last in spans]
    if not texts:
        return "no line of the source"
    shown = [*texts[:_MOST_SPANS], "others"] if len(texts) > _MOST_SPANS + 1 else texts
    some = ", ".join(shown[:-1])
    return f"line{'s' if len(lines) > 1 else ''} " + (
        f"{some} and {shown[-1]}" if some else shown[-1]
    )


_MOST_SPANS = 8


def is_opname(expectation: object) -> TypeGuard[str]:
    """Return whether an expectation is the name of an opcode and nothing else."""
    return isinstance(expectation, str) and _OPNAME.fullmatch(expectation) is not None


def compared(instr: Instr) -> tuple[object, ...]:
    """Return what is the same for two instructions that are equal."""
    from pytest_pycinspect.view.items import constant_key

    operand = constant_key(instr.operand) if instr.kind is Kind.CONST else instr.operand
    return instr.opname, operand, instr.kind, instr.target
