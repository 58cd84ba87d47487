"""The bytecode of one code object, as tests ask for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeGuard, TypeVar, overload

from pycinspect.disasm import code_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import brief
from pytest_pycinspect.factual import Factual
from pytest_pycinspect.subjects.origin import Decoded, Origin, View
from pytest_pycinspect.subjects.sequences import decoded
from pytest_pycinspect.subjects.sources import Request, sources_here
from pytest_pycinspect.subjects.subject import subject_of
from pytest_pycinspect.subjects.wrappers import Answer, sure, sure_facts, sure_items
from pytest_pycinspect.view.code import walk
from pytest_pycinspect.view.instr import Instr, Kind
from pytest_pycinspect.view.names import VacuousCheckError, check_name, note_count, resolve_name

if TYPE_CHECKING:
    import bytecode as bytecode_library

    from pycinspect.dialects import Dialect
    from pycinspect.values import Level
    from pytest_pycinspect.calling.resolving import Resolver
    from pytest_pycinspect.expect import Match
    from pytest_pycinspect.expect.effort import Effort
    from pytest_pycinspect.relations.comparing import Outcome
    from pytest_pycinspect.relations.relation import Count, Relation
    from pytest_pycinspect.relations.snippets import Snippets
    from pytest_pycinspect.subjects.wrapping import Wrapping
    from pytest_pycinspect.view.facts import Facts
    from pytest_pycinspect.view.items import Items

__all__ = ["Bytecode", "Tree"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_OPNAME = re.compile(r"[A-Z][A-Z0-9_]*")
_VIEWS = ("ops", "raw", "adaptive")
_T = TypeVar("_T")


class Bytecode(Factual):
    """The instructions of one code object, in one view: a sequence that is never changed.

    Functions, lambdas, generator expressions and classes inside it have code of their own: what
    is asked about it is not asked about them, but ``tree`` is. Comprehensions belong to it in
    its facts, on all versions.

    ``in``, ``==`` and the methods that take an expectation know its text, objects made with
    ``op``, and what the ``bytecode`` library makes.

    Args:
        code: the code object.
        origin: who compiled it, and from what.
        view: ``ops``, ``raw`` or ``adaptive``.
        selected: the indexes of a part of the sequence; None for all of it.
    """

    def __init__(
        self,
        code: Code,
        origin: Origin,
        view: View = "ops",
        selected: tuple[int, ...] | None = None,
    ) -> None:
        if view not in _VIEWS:
            raise ValueError(f"view {view!r} is none of {', '.join(_VIEWS)}")
        self._code = code
        self._origin = origin
        self._selected = selected
        self.view = view

    def __repr__(self) -> str:
        part = "" if self._selected is None else ", a part"
        wrapping = self._origin.wrapping
        wrapped = "" if wrapping is None else f", which wraps {wrapping.original}"
        return f"<Bytecode of {brief(self.name)}, {self.view}, Python {self.python}{part}{wrapped}>"

    # --- What it is ------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The qualified name."""
        return self._code.qualname

    @property
    def path(self) -> str:
        """Of the source, relative to the current directory; ``<string>`` for none."""
        return self._origin.path

    @property
    def line(self) -> int:
        """The first line."""
        return self._code.firstlineno

    @property
    def python(self) -> str:
        """Who compiled it: ``3.13.0``, ``PyPy 3.9.18``."""
        return self._origin.python

    @property
    def dialect(self) -> Dialect:
        """Who compiled it, for pycinspect."""
        return self._origin.dialect

    @property
    def optimize(self) -> int | None:
        """How often ``-O`` was given, None where that is not known."""
        return self._origin.optimize

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, such as that it is the live code, and why."""
        return self._origin.notes

    @property
    def wrapping(self) -> Wrapping | None:
        """The wrapper that it is of, if the function in it may be meant."""
        return self._origin.wrapping

    @property
    def strict_names(self) -> bool:
        """Whether names of opcodes that cannot occur are refused."""
        return self._origin.strict_names

    @property
    def code(self) -> Code:
        """The code object, as pycinspect reads it."""
        return self._code

    @property
    def source(self) -> str:
        """The lines of the source that it came from; empty where they are not known."""
        lines = sorted({i.line for i in self._of_tree() if i.line})
        first = min(self._code.firstlineno, *lines) if lines else self._code.firstlineno
        last = lines[-1] if lines else first
        return "\n".join(line.rstrip("\n") for line in self._origin.lines[first - 1 : last])

    def source_line(self, number: int) -> str | None:
        """Return a line of the source without its end, None where it is not known."""
        if 0 < number <= len(self._origin.lines):
            return self._origin.lines[number - 1].rstrip("\r\n")
        return None

    # --- Sequence ----------------------------------------------------------------------------

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

    @overload
    def __getitem__(self, index: SupportsIndex) -> Instr: ...
    @overload
    def __getitem__(self, index: slice | str) -> Bytecode: ...
    def __getitem__(self, index: SupportsIndex | slice | str) -> Instr | Bytecode:
        """Return an instruction, a part of the sequence, or nested code by its name."""
        if isinstance(index, str):
            return self._nested(index)
        if isinstance(index, slice):
            return self._part(range(len(self))[index])
        return self._instrs[index]

    def _part(self, indexes: Sequence[int]) -> Bytecode:
        """Return the instructions at some of the indexes."""
        selected = range(len(self)) if self._selected is None else self._selected
        part = Bytecode(self._code, self._origin, self.view, tuple(selected[i] for i in indexes))
        part.__dict__["_whole"] = self._whole
        return part

    def __contains__(self, expectation: object) -> bool:
        """Return whether an instruction is as expected.

        Raises:
            VacuousCheckError: for an opcode that cannot be there on this Python.
            UnknownOpcodeError: for one that no Python has.
            AmbiguousWrapperError: it is the code of a wrapper, and is not said to be meant.
        """
        return self.sure(self.has(expectation, None), f"{expectation!r} is not in it.")

    def sure(self, answer: Answer, why: str) -> Answer:
        """Return an answer, unless it is that something is not so, and other code may be meant.

        Args:
            answer: false for what is not so.
            why: what is not so, if it is not.

        Raises:
            AmbiguousWrapperError: it is not so in a wrapper, and is not said to be meant.
        """
        return sure(answer, self._origin.wrapping, why)

    def has(self, expectation: object, effort: Effort | None) -> bool:
        """Return whether an instruction is as expected.

        Args:
            expectation: of one instruction, or of several lines.
            effort: what may be looked at where it takes long; None for as much as ever.
        """
        self._require_some()
        if _is_opname(expectation):
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
            whole = Bytecode(self._code, self._origin, self.view)
            message = f"this part of {self.name} has no instructions, so a check says nothing"
            raise VacuousCheckError(f"{message}: there are {len(whole)}, in {_spans(whole.lines)}")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Bytecode):
            is_equal = [_key(i) for i in self] == [_key(i) for i in other]
            why = f"{self!r} is not {other!r}."
            return self.sure(other.sure(is_equal, why), why)
        if getattr(type(other), "compares_bytecode", False):  # a golden, which knows how
            return NotImplemented
        return bool(self.matches(other))

    __hash__ = object.__hash__

    def count(self, value: object) -> Count:
        """Return how many instructions are as expected.

        An opcode of other Pythons is counted as 0, with a warning: a sum can name all spellings.

        Raises:
            UnknownOpcodeError: for an opcode that no Python has.
        """
        from pytest_pycinspect.relations.relation import Count

        self._require_some()
        if _is_opname(value):
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
        found = [self[index] for index in self.places(expectation)]
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
        if _is_opname(expectation):
            name = self._resolved(expectation)
            check_name(name, self)
            return [index for index, instr in enumerate(self) if instr.opname == name]
        from pytest_pycinspect.expect import as_pattern, search

        found: list[int] = search(as_pattern(expectation), self, effort)
        return found

    # --- Expectations ------------------------------------------------------------------------

    def matches(self, expectation: object) -> Match:
        """Return whether the whole sequence is as expected; the result says why not."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        return self._sure_match(match(as_pattern(expectation), self, anchored=True))

    def contains(self, expectation: object) -> Match:
        """Return whether a part of the sequence is as expected; the result says why not."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        return self._sure_match(match(as_pattern(expectation), self, anchored=False))

    def check(self, expectation: object) -> None:
        """Do nothing if the whole sequence is as expected.

        Raises:
            AssertionError: it is not; the message says why.
        """
        __tracebackhide__ = True
        found = self.matches(expectation)
        if not found:
            from pytest_pycinspect.expect import explain

            raise AssertionError("\n".join(explain(found).summary))

    def startswith(self, expectation: object) -> Match:
        """Return whether the sequence begins as expected."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        pattern = as_pattern([as_pattern(expectation), ...])
        return self._sure_match(match(pattern, self, anchored=True))

    def endswith(self, expectation: object) -> Match:
        """Return whether the sequence ends as expected."""
        self._require_some()
        from pytest_pycinspect.expect import as_pattern, match

        pattern = as_pattern([..., as_pattern(expectation)])
        return self._sure_match(match(pattern, self, anchored=True))

    def _sure_match(self, found: Match) -> Match:
        """Return what came of an expectation, if it is one whosever code is meant."""
        __tracebackhide__ = True
        if self._origin.wrapping is not None and found.says_not:
            from pytest_pycinspect.expect import explain

            met = "The expectation says what is not in it."
            self.sure(answer=False, why=met if found.met else "\n".join(explain(found).summary))
        return found

    # --- Parts ---------------------------------------------------------------------------------

    def at(self, where: int | str) -> Bytecode:
        """Return the instructions of a line.

        Jumps to the next line, which the layout of blocks makes, are left out in ``ops``.

        Args:
            where: its number, or the name that a comment on it gives it: ``# ID: name``.

        Raises:
            ValueError: no line, or several, have that name; or no instruction is of that line.
        """
        line = self._line(where)
        return self.between(line, line)

    def between(self, first: int | str, last: int | str) -> Bytecode:
        """Return the instructions of some lines, the last one included; see :meth:`at`."""
        start, end = self._line(first), self._line(last)
        chosen = [i for i, instr in enumerate(self) if instr.line and start <= instr.line <= end]
        if not chosen:
            which = f"in line {start}" if start == end else f"from line {start} to {end}"
            raise ValueError(f"{self.name} has no instruction {which}, but in {_spans(self.lines)}")
        if self.view == "ops" and chosen and self[chosen[-1]].opname == "JUMP":
            chosen.pop()
        return self._part(chosen)

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the source that have instructions, in their order; without nested code."""
        return tuple(sorted({instr.line for instr in self if instr.line}))

    def _line(self, where: int | str) -> int:
        if isinstance(where, int):
            return where
        named = re.compile(rf"#\s*ID:\s*{re.escape(where)}\b")
        found = [number for number, line in enumerate(self._origin.lines, 1) if named.search(line)]
        within = self._range()
        found = [number for number in found if number in within]
        if len(found) != 1:
            count = "no line has" if not found else f"{len(found)} lines have"
            raise ValueError(f"{self.name}: {count} the comment '# ID: {where}'")
        return found[0]

    def _range(self) -> range:
        lines = [instr.line for instr in self._of_tree() if instr.line]
        return range(min(lines), max(lines) + 1) if lines else range(0)

    def _of_tree(self) -> Iterator[Instr]:
        for part in Tree(self):
            yield from part

    # --- Nested code -------------------------------------------------------------------------

    @cached_property
    def children(self) -> tuple[Bytecode, ...]:
        """The code objects inside it, in the order of their lines."""
        inside = [part for part in self._code.consts if isinstance(part, Code)]
        inside.sort(key=lambda part: part.firstlineno)
        origin = replace(self._origin, live=None)
        return tuple(Bytecode(part, origin, self.view) for part in inside)

    @cached_property
    def tree(self) -> Tree:
        """It, and all code objects inside it; their facts together."""
        return Tree(self)

    def _nested(self, name: str) -> Bytecode:
        names = (name, f"{self.name}.{name}", f"{self.name}.<locals>.{name}")
        for part in self.tree:
            if part.name in names:
                return part
        from difflib import get_close_matches

        known = [part.name for part in self.tree]
        near = get_close_matches(name, known, 1, 0.4) or known[1:4]
        hint = f"; there is {' and '.join(near)}" if near else ""
        raise KeyError(f"{self.name} has no nested code {name!r}{hint}")

    # --- Views -----------------------------------------------------------------------------------

    @property
    def raw(self) -> Bytecode:
        """The interpreter's own instructions."""
        return Bytecode(self._code, self._origin, "raw")

    @property
    def _ops(self) -> Bytecode:
        """All canonical ops: what relations are about, whatever the view."""
        return Bytecode(self._code, self._origin)

    @property
    def adaptive(self) -> Bytecode:
        """The instructions as they are in memory now, specialised.

        Raises:
            PycInspectError: ``no-live-code`` where the code is in no memory.
        """
        origin = self._origin
        if self._code in origin.adaptive:
            return Bytecode(self._code, origin, "adaptive")
        if origin.live is None:
            message = f"{self.name} was compiled anew, or for another Python: it never ran"
            raise PycInspectError("no-live-code", message)
        code = code_of(origin.live)
        lives = _walk(origin.live)
        memory = {
            part: bytes(getattr(live, "_co_code_adaptive", live.co_code))
            for part, live in zip(code.walk(), lives, strict=True)
        }
        return Bytecode(code, replace(origin, adaptive=memory), "adaptive")

    def as_in_memory(self, memory: Sequence[bytes], note: str) -> Bytecode:
        """Return the instructions as they are, specialised, in the memory of a process.

        Args:
            memory: the adaptive code of it and of each code object inside, in the order of
                ``Code.walk``.
            note: what a reader should know of that process.
        """
        adaptive = dict(zip(self._code.walk(), memory, strict=True))
        wrapping = self._origin.wrapping
        notes = (note,) if wrapping is None else (note, wrapping.note)
        origin = replace(self._origin, adaptive=adaptive, live=None, notes=notes)
        return Bytecode(self._code, origin, "adaptive")

    def to_bytecode(self) -> bytecode_library.Bytecode:
        """Return the ``bytecode`` library's object of the live code.

        Raises:
            PycInspectError: ``no-live-code``: it is not code of the running interpreter.
        """
        if self._origin.live is None:
            message = f"{self.name} is not live code of this interpreter"
            raise PycInspectError("no-live-code", message)
        import bytecode as library

        return library.Bytecode.from_code(self._origin.live)

    # --- Facts -----------------------------------------------------------------------------------

    @cached_property
    def _facts(self) -> Facts:
        from pytest_pycinspect.view.facts import Facts

        return sure_facts(Facts.of(self._code, self._origin.dialect), self._origin.wrapping)

    def resolvers(self) -> tuple[Resolver, ...]:
        """Return what says which objects it calls."""
        from pytest_pycinspect.calling.resolving import Resolver

        return (Resolver(self._code, self._origin.dialect, self._origin.scope),)

    @property
    def docstring(self) -> str | None:
        """Its docstring without indentation, None for none."""
        if self.documented is None:
            self.sure(answer=False, why="It has no docstring.")
        return self.documented

    @property
    def documented(self) -> str | None:
        """Its docstring, whosever code is meant."""
        return self._facts.docstring

    @cached_property
    def loops(self) -> Items[Bytecode]:
        """The instructions of each ``for`` and ``while``, in the order of the source.

        A loop has its head, its body, and the handlers from which it goes on; what leaves it (to
        ``return``, say) is not in it. One that cannot come round a second time is not a loop, and
        comprehensions are not statements. The same on all versions.
        """
        from pytest_pycinspect.view.items import Kind, Known
        from pytest_pycinspect.view.loops import loops_of

        offsets = [*_offsets(self)]
        parts = (
            self._part([index for index, own in enumerate(offsets) if own & loop])
            for loop in loops_of(self._code, self._origin.dialect)
            if any(min(loop) in own for own in offsets)
        )
        kind = Kind("a loop; ask one of them, .loops[0]", lambda one: isinstance(one, Bytecode))
        return sure_items(Known.of(parts, kind), self._origin.wrapping, ".loops")

    @property
    def jumps(self) -> tuple[tuple[int, int], ...]:
        """Every jump: its index and that of its target."""
        found = tuple((i, j.target) for i, j in enumerate(self) if j.target is not None)
        return self.sure(found, "There is no jump in it.")

    # --- Relations -----------------------------------------------------------------------------

    def same_as(self, other: object) -> Relation:
        """Return whether other code means the same, whatever Python compiled either.

        Args:
            other: what ``bytecode_of`` takes; source text may be that of one function.
        """
        from pycinspect.values import Level

        return self._compared(other, Level.SEMANTIC)

    def same_shape(self, other: object) -> Relation:
        """Return whether other code means the same but for the names of local variables.

        Args:
            other: as in :meth:`same_as`.
        """
        from pycinspect.values import Level

        return self._compared(other, Level.STRUCTURAL)

    def _compared(self, other: object, level: Level) -> Relation:
        from pycinspect.values import Level
        from pytest_pycinspect.relations.comparing import compared
        from pytest_pycinspect.relations.relation import Relation, peers

        peer, named = self._peer(other), level is Level.SEMANTIC
        outcome = self._sure_outcome(compared(self, peer, level), peer)
        ours, theirs = self._ops, Bytecode(peer.code, peer._origin)  # noqa: SLF001 - our own
        return Relation.of(outcome, lambda: peers(ours, theirs, named=named))

    def contains_code(self, snippet: str) -> Relation:
        """Return whether an expression or statements are somewhere in it.

        Args:
            snippet: source, compiled by the running interpreter; its local variables are
                those of the function.
        """
        from pytest_pycinspect.relations.relation import Relation, contained

        outcome = self._sure_outcome(self._snippets.search(snippet))
        return Relation.of(outcome, lambda: contained(self._ops, snippet, _compiled))

    @cached_property
    def _snippets(self) -> Snippets:
        from pytest_pycinspect.relations.snippets import Snippets

        return Snippets(self._code, self.dialect, self.optimize or 0)

    def folds_to(self, value: object) -> Relation:
        """Return whether all that it does is to return a constant, compared with its type."""
        from pytest_pycinspect.relations.comparing import folded
        from pytest_pycinspect.relations.relation import Relation, constant

        outcome = self._sure_outcome(folded(self, value))
        return Relation.of(outcome, lambda: constant(self._ops, value))

    def _sure_outcome(self, outcome: Outcome, *peers: Bytecode) -> Outcome:
        """Return what came of a relation, if it is one whosever code is meant."""
        __tracebackhide__ = True
        for code in (self, *peers):
            code.sure(outcome, outcome.explanation)
        return outcome

    def _peer(self, other: object) -> Bytecode:
        """Return other code; of source text with one function, that, if this is not a module."""
        peer = other if isinstance(other, Bytecode) else _compiled(_dedented(other))
        is_text = isinstance(other, str) and peer.name == _MODULE != self.name
        return peer.children[0] if is_text and len(peer.children) == 1 else peer

    def explain(self) -> str:
        """Return a listing with the lines of the source."""
        from pytest_pycinspect.expect import listing

        return "\n".join(listing(self))


def _offsets(instrs: Iterable[Instr]) -> Iterator[frozenset[int]]:
    """Yield where the instructions are that each op was made of.

    Where one instruction became several ops, the first of them has it, and jumps have their own.
    """
    last = frozenset[int]()
    for instr in instrs:
        own = frozenset(raw.offset for raw in instr.raw)
        last = own or (last if instr.target is None else own)
        yield last


def _spans(lines: Sequence[int]) -> str:
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


def _is_opname(expectation: object) -> TypeGuard[str]:
    """Return whether an expectation is the name of an opcode and nothing else."""
    return isinstance(expectation, str) and _OPNAME.fullmatch(expectation) is not None


_MODULE = "<module>"


def _dedented(source: object) -> object:
    import textwrap

    return textwrap.dedent(source) if isinstance(source, str) else source


def _compiled(wanted: object) -> Bytecode:
    """Return what code is compared with, compiled as the session's other sources are."""
    subject = subject_of(wanted, Request(), sources_here())
    return Bytecode(subject.code, subject.origin)


def _key(instr: Instr) -> tuple[object, ...]:
    from pytest_pycinspect.view.items import constant_key

    operand = constant_key(instr.operand) if instr.kind is Kind.CONST else instr.operand
    return instr.opname, operand, instr.kind, instr.target


def _walk(root: CodeType) -> Iterator[CodeType]:
    """Yield a live code object and all inside it, in the order of ``Code.walk``."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        code = waiting.pop()
        if id(code) not in seen:
            seen.add(id(code))
            yield code
            waiting.extend(part for part in reversed(code.co_consts) if isinstance(part, CodeType))


@dataclass(frozen=True)
class Tree(Factual):
    """A code object and all inside it, each before those inside it: a sequence.

    Its facts, ``in``, ``count`` and ``find`` are about all of them.
    """

    root: Bytecode

    @cached_property
    def _facts(self) -> Facts:
        from pytest_pycinspect.view.facts import Facts

        return sure_facts(Facts.of_tree(self.root.code, self.root.dialect), self.wrapping)

    @property
    def wrapping(self) -> Wrapping | None:
        """The wrapper that it is of, if the function in it may be meant."""
        return self.root.wrapping

    def resolvers(self) -> tuple[Resolver, ...]:
        """Return what says which objects each of them calls."""
        return tuple(resolver for part in self for resolver in part.resolvers())

    @cached_property
    def _parts(self) -> tuple[Bytecode, ...]:
        return tuple(walk(self.root))

    @overload
    def __getitem__(self, index: SupportsIndex) -> Bytecode: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Bytecode, ...]: ...
    @overload
    def __getitem__(self, index: str) -> Bytecode: ...
    def __getitem__(self, index: SupportsIndex | slice | str) -> Any:
        """Return a code object by its index or by its name."""
        return self.root[index] if isinstance(index, str) else self._parts[index]

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Bytecode]:
        return iter(self._parts)

    def _asked(self, ask: Callable[[Bytecode], _T]) -> Iterator[tuple[Bytecode, _T]]:
        """Yield each with its answer; without those that refuse, unless all do.

        A place is in the lines of one of them, and in none of another's.
        """
        refused: list[VacuousCheckError] = []
        for part in self:
            try:
                yield part, ask(part)
            except VacuousCheckError as error:
                refused.append(error)
        if len(refused) == len(self):
            raise refused[0]

    def __contains__(self, expectation: object) -> bool:
        """Return whether an instruction of any of them is as expected."""
        effort = _pool()
        asked = self._asked(lambda part: part.has(expectation, effort))
        found = any(answer for _, answer in asked)
        return self.root.sure(found, f"{expectation!r} is not in it.")

    def count(self, value: object) -> Count:
        """Return how many instructions of all of them are as expected; see ``Bytecode.count``."""
        from pytest_pycinspect.relations.relation import Count

        if _is_opname(value):
            return Count(sum(part.count(value) for part in self), self, value)
        return Count(len(self.find(value)), self, value)

    def find(self, expectation: object) -> list[tuple[Bytecode, Instr]]:
        """Return the instructions that are as expected, and the code object of each."""
        effort = _pool()
        asked = self._asked(lambda part: part.places(expectation, effort))
        found = [(part, part[index]) for part, places in asked for index in places]
        return self.root.sure(found, f"{expectation!r} is not in it.")

    @property
    def docstrings(self) -> list[str]:
        """The docstrings of all that have one."""
        found = [part.documented for part in self if part.documented is not None]
        return self.root.sure(found, "It has no docstring.")


def _pool() -> Effort:
    """Return what may be looked at in all code objects of a tree."""
    from pytest_pycinspect.expect.effort import pool

    return pool()


# They are not subclasses, for then type checkers would refuse ``"LOAD_FAST" in code``: whatever
# __contains__ takes, in a sequence of instructions there are instructions for them.
Sequence.register(Bytecode)
Sequence.register(Tree)
