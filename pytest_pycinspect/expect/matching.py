"""An expectation compared with code: with its instructions, and with what is nested in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType

from pytest_pycinspect.expect.convert import as_pattern
from pytest_pycinspect.expect.effort import Effort, pool
from pytest_pycinspect.expect.guards import Host, versions
from pytest_pycinspect.expect.impossible import check_opcode_operand
from pytest_pycinspect.expect.matcher import SearchRun
from pytest_pycinspect.expect.matcher import search as search_program
from pytest_pycinspect.expect.model import Block, BlockKind, Op, Pattern, View
from pytest_pycinspect.expect.outcome import Match, Part
from pytest_pycinspect.expect.passing import Views
from pytest_pycinspect.expect.positions import check_place
from pytest_pycinspect.expect.program import program_for
from pytest_pycinspect.expect.steps import NestedLines, SearchProgram
from pytest_pycinspect.expect.trivial import is_trivial
from pytest_pycinspect.expect.verdict import one_line
from pytest_pycinspect.session import supported_pythons
from pytest_pycinspect.view.code import CodeView, walk
from pytest_pycinspect.view.instr import Instr
from pytest_pycinspect.view.names import VacuousCheckError, check_name

__all__ = ["match", "search"]


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


def _program(pattern: Pattern, code: CodeView, *, anchored: bool) -> SearchProgram:
    if is_trivial(pattern, anchored=anchored):
        raise VacuousCheckError(
            f"any code is as this expectation says, so the check has one answer:\n{pattern}"
        )
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
    pattern: Pattern, program: SearchProgram, code: CodeView, effort: Effort, *, anchored: bool
) -> Match:
    views = _views(program, code)
    run, end = search_program(program, tuple(code), views, effort)
    parts = tuple(_parts(pattern, program.sections, code, effort, anchored=anchored))
    return Match(pattern, code, anchored, program, run, end, parts, one_line)


def _views(program: SearchProgram, code: CodeView, *, negative: bool = False) -> Views:
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
    sections: Sequence[NestedLines],
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
        return _by_last(walk(self._code))


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
        return [min(found.span[0], len(code) - 1)] if found.met else []
    program = _program(pattern, code, anchored=False)
    run = SearchRun(program, tuple(code), _views(program, code, negative=True))
    _, one, *_ = program.steps
    return run.occurrences(one.test, run.furthest.bindings)  # type: ignore[union-attr]
