"""What came of comparing an expectation with code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from pytest_pycinspect.asked import note
from pytest_pycinspect.expect.convert import as_pattern
from pytest_pycinspect.expect.effort import Effort, pool
from pytest_pycinspect.expect.guards import Host, versions
from pytest_pycinspect.expect.impossible import check_opcode_operand
from pytest_pycinspect.expect.matcher import Run, State, Views
from pytest_pycinspect.expect.matcher import search as search_program
from pytest_pycinspect.expect.model import Block, BlockKind, Op, Pattern, View
from pytest_pycinspect.expect.operands import UNBOUND, Key, key_of
from pytest_pycinspect.expect.positions import check_place
from pytest_pycinspect.expect.program import Group, One, Program, Section, program_for
from pytest_pycinspect.session import supported_pythons
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.instr import Instr
from pytest_pycinspect.view.names import VacuousCheckError, check_name

__all__ = ["Match", "Part", "Place", "match", "search"]


class Place(NamedTuple):
    """Where a step was met.

    Args:
        step: its number in the program.
        start: the first instruction.
        end: the one after the last.
        member: of an unordered group, from 0; None for other steps.
    """

    step: int
    start: int
    end: int
    member: int | None


class Part(NamedTuple):
    """What came of the lines about nested code.

    Args:
        section: the lines.
        found: what came of them; None where there is no such code.
    """

    section: Section
    found: Match | None


@dataclass(frozen=True, eq=False, repr=False)
class Match:
    """What came of comparing an expectation with code; true if it was met.

    Args:
        pattern: the expectation.
        code: the code.
        anchored: it was compared with all of the code, not a part.
        program: the expectation as it holds for this code.
        run: the search.
        end: where it ended, None if it was not met.
        parts: what came of nested code.
    """

    pattern: Pattern
    code: CodeView
    anchored: bool
    program: Program
    run: Run
    end: State | None
    parts: tuple[Part, ...]

    def __bool__(self) -> bool:
        """Return whether it was met; the test's report shows what was asked last."""
        note(self)
        return self.met

    @property
    def met(self) -> bool:
        """Whether the expectation was met."""
        return self.end is not None and all(p.found and p.found.met for p in self.parts)

    @property
    def says_not(self) -> bool:
        """Whether it says that something is not there: it was not met, or has a ``not`` in it."""
        negative = any(part.negative for part in self.program.named)
        inner = (part.found for part in self.parts if part.found is not None)
        return not self.met or negative or any(found.says_not for found in inner)

    def __repr__(self) -> str:
        from pytest_pycinspect.expect.verdict import one_line

        return one_line(self)

    @property
    def state(self) -> State:
        """The end of the way, or where it went no further."""
        return self.end or self.run.furthest

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where each step was met, up to the end or to where it went no further."""
        return tuple(_places(self.program, self.state))

    @property
    def span(self) -> tuple[int, int]:
        """The first instruction that a line was about, and the one after the last."""
        used = [place for place in self.places if self._consumes(place)]
        return (used[0].start, used[-1].end) if used else (0, 0)

    def _consumes(self, place: Place) -> bool:
        step = self.program.steps[place.step]
        return step.line is not None

    @cached_property
    def captures(self) -> Mapping[str, object]:
        """The variables and what they stand for; instructions of labels by index."""
        known = zip(self.program.variables, self.state.bindings, strict=True)
        bound = {name: (is_label, key) for (name, is_label), key in known if key is not UNBOUND}
        operands = self._operands({key for is_label, key in bound.values() if not is_label})
        return {name: key if is_label else operands[key] for name, (is_label, key) in bound.items()}

    def _operands(self, keys: set[Key]) -> Mapping[Key, object]:
        """Return operands by what they are compared by."""
        found: dict[Key, object] = {}
        for instr in chain(self.run.instrs, *(view.values() for view in self.run.views.values())):
            if len(found) == len(keys):
                break
            key = key_of(instr)
            if key in keys:
                found.setdefault(key, instr.operand)
        return found


def match(pattern: Pattern, code: CodeView, *, anchored: bool) -> Match:
    """Compare an expectation with code.

    Args:
        pattern: the expectation.
        code: the code.
        anchored: all of the code must be as the expectation says; otherwise a part.

    Returns:
        What came of it; it is true if the expectation was met.

    Raises:
        PatternError: a guard is active nowhere; a variable stands for nothing.
        VacuousCheckError: an opcode that cannot occur; no line is active on this Python.
        UnknownOpcodeError: an opcode that there never was.
        PycInspectError: ``pattern-too-costly``; ``constant-too-large``.
    """
    program = _program(pattern, code, anchored=anchored)
    return _match(pattern, program, code, pool(), anchored=anchored)


def _program(pattern: Pattern, code: CodeView, *, anchored: bool) -> Program:
    host = _host(code)
    supported = _versions(supported_pythons())
    if host.version not in supported:
        supported = (*supported, host.version)
    short = code.view == "ops"
    program = program_for(pattern, host, supported, anchored=anchored, short=short)
    active = [line.text.strip() for line in program.lines if line.active]
    if len(active) < len(program.lines) and not set(active) - {"..."}:
        raise VacuousCheckError(
            f"every line of this expectation is for other Pythons than {code.python}, so it says"
            " nothing here: give it an @else, or skip the test"
        )
    return program


_versions = lru_cache(versions)


def _host(code: CodeView) -> Host:
    dialect = code.dialect
    return Host(str(dialect.implementation), dialect.python, code.optimize)


def _match(
    pattern: Pattern, program: Program, code: CodeView, effort: Effort, *, anchored: bool
) -> Match:
    views = _views(program, code)
    run, end = search_program(program, tuple(code), views, effort)
    parts = tuple(_parts(pattern, program.sections, code, effort, anchored=anchored))
    return Match(pattern, code, anchored, program, run, end, parts)


def _views(program: Program, code: CodeView, *, negative: bool = False) -> Views:
    """Check names of opcodes and places; return instructions of the other views, by offset."""
    views: dict[View, Mapping[int, Instr]] = {}
    for opname, operand, is_forbidden, view, place in program.named:
        seen = _VIEWS[view](code)
        # `assert not` can make any negative
        check_name(opname, seen, negative=is_forbidden or None)
        if place is not None:
            check_place(place, seen, negative=negative or is_forbidden)
        if seen.view != "ops":  # of canonical ops it was asked when the program was made
            check_opcode_operand(opname, operand, code.dialect)
        if view is not View.OWN and view not in views:
            views[view] = {raw.offset: instr for instr in seen for raw in instr.raw}
    return views


_VIEWS: Mapping[View, Callable[[CodeView], CodeView]] = MappingProxyType(
    {
        View.OWN: lambda code: code,
        View.RAW: lambda code: code.raw,
        View.SPECIALIZED: lambda code: code.adaptive,
    }
)

# --- Nested code ---------------------------------------------------------------------------


def _parts(
    pattern: Pattern,
    sections: Sequence[Section],
    code: CodeView,
    effort: Effort,
    *,
    anchored: bool,
) -> Iterator[Part]:
    """Compare each section with the code that its header names.

    Where several have one name, the first section is about the first, the second about the
    second …
    """
    nested = _Nested(code)
    for section in sections:
        one = next(nested.of(section.block), None)
        found = None
        if one is not None:
            found = _match(pattern, section.program, one, effort, anchored=anchored)
        yield Part(section, found)


class _Nested:
    """The code objects that headers name, those of one name one after the other.

    Args:
        code: what they are inside of.
    """

    def __init__(self, code: CodeView) -> None:
        self._code = code
        self._left: dict[tuple[BlockKind, str], Iterator[CodeView]] = {}

    def of(self, block: Block) -> Iterator[CodeView]:
        """Return those that a header names and that no header before it was about."""
        key = (block.kind, block.name)
        if key not in self._left:
            self._left[key] = self._named(block)
        return self._left[key]

    def _named(self, block: Block) -> Iterator[CodeView]:
        if block.kind is BlockKind.RAW:
            yield self._code.raw
        elif block.kind is BlockKind.SPECIALIZED:
            yield self._code.adaptive
        elif block.kind is BlockKind.PATH:
            same = self._tree.get(_last(block.name), ())
            yield from (one for one in same if _is_path(one.name, block.name))
        else:
            yield from self._children.get(block.name or "<lambda>", ())

    @cached_property
    def _children(self) -> Mapping[str, list[CodeView]]:
        return _by_last(self._code.children)

    @cached_property
    def _tree(self) -> Mapping[str, list[CodeView]]:
        return _by_last(_tree(self._code))


def _by_last(codes: Iterable[CodeView]) -> Mapping[str, list[CodeView]]:
    """Return code objects by the last part of their names."""
    found: dict[str, list[CodeView]] = {}
    for one in codes:
        found.setdefault(_last(one.name), []).append(one)
    return found


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _is_path(name: str, path: str) -> bool:
    return name == path or name.endswith(f".{path}")


def _tree(code: CodeView) -> Iterator[CodeView]:
    waiting = [code]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(one.children))


# --- One instruction -----------------------------------------------------------------------


def search(expected: object, code: CodeView, effort: Effort | None = None) -> list[int]:
    """Return where in the code one instruction occurs, as indexes.

    Args:
        expected: an instruction, or an expectation of one line; of more lines, the index of
            the first place where they are met is returned.
        code: the code.
        effort: what may be looked at where it takes long, if that is one for several codes.

    Raises:
        PatternError: it means nothing.
        VacuousCheckError: an opcode that cannot occur; no line is active on this Python.
        UnknownOpcodeError: an opcode that there never was.
        PycInspectError: ``pattern-too-costly``; ``constant-too-large``.
    """
    pattern = as_pattern(expected)
    first = pattern.items[0]
    if isinstance(first, Block) and first.kind is BlockKind.RAW and code.view == "raw":
        pattern = Pattern((*first.items, *pattern.items[1:]))  # it is this view anyway
    if len(pattern.items) != 1 or not isinstance(pattern.items[0], Op):
        program = _program(pattern, code, anchored=False)
        _views(program, code, negative=True)  # `not in` must not be true of a place alone
        found = _match(pattern, program, code, effort or pool(), anchored=False)
        return [found.span[0]] if found.met else []
    program = _program(pattern, code, anchored=False)
    run = Run(program, tuple(code), _views(program, code, negative=True))
    _, one, *_ = program.steps
    return run.occurrences(one.test, run.furthest.bindings)  # type: ignore[union-attr]


# --- The way that was found ----------------------------------------------------------------


def _places(program: Program, last: State) -> Iterator[Place]:
    """Yield where each step on the way to a state was met."""
    chain: list[State] = []
    state: State | None = last
    while state is not None:
        chain.append(state)
        state = state.before
    previous: State | None = None
    for place in reversed(chain):
        first = 0 if previous is None else previous.step + (place.step != previous.step)
        straight = [isinstance(step, One) for step in program.steps[first : place.step]]
        index = place.at - sum(straight)
        if previous is not None and (place.step, place.left) != (previous.step, previous.left):
            member = _member(previous, place, program)
            yield Place(previous.step, previous.at, index, member)
        for number, width in enumerate(straight, first):
            yield Place(number, index, index + width, None)
            index += width
        previous = place


def _member(before: State, after: State, program: Program) -> int | None:
    """Return which member of an unordered group was taken between two states."""
    step = program.steps[before.step]
    if not isinstance(step, Group):
        return None
    left = before.left or (1 << len(step.members)) - 1
    taken = left ^ (after.left if after.step == before.step else 0)
    return taken.bit_length() - 1
