"""The bytecode of one code object, as tests ask for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar, overload

from pycinspect.disasm import code_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import brief
from pytest_pycinspect.bytecode.instructions import compared, is_opname, spans
from pytest_pycinspect.bytecode.relating import Related
from pytest_pycinspect.factual import Factual
from pytest_pycinspect.subjects.sources import Request, sources_here
from pytest_pycinspect.subjects.subject import subject_of
from pytest_pycinspect.subjects.wrappers import sure_facts, sure_items
from pytest_pycinspect.view.code import walk
from pytest_pycinspect.view.instr import Instr
from pytest_pycinspect.view.names import VacuousCheckError

if TYPE_CHECKING:
    import bytecode as bytecode_library

    from pytest_pycinspect.calling.resolving import Resolver
    from pytest_pycinspect.expect.effort import Effort
    from pytest_pycinspect.relations.relation import Count
    from pytest_pycinspect.subjects.wrapping import Wrapping
    from pytest_pycinspect.view.facts import Facts, FactsInTurn
    from pytest_pycinspect.view.items import Items

__all__ = ["Bytecode", "Tree"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_T = TypeVar("_T")


class Bytecode(Related):
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

    def __repr__(self) -> str:
        part = "" if self._selected is None else ", a part"
        wrapping = self._origin.wrapping
        wrapped = "" if wrapping is None else f", which wraps {wrapping.original}"
        return f"<Bytecode of {brief(self.name)}, {self.view}, Python {self.python}{part}{wrapped}>"

    @property
    def source(self) -> str:
        """The lines of the source that it came from; empty where they are not known."""
        lines = sorted({i.line for i in self._of_tree() if i.line})
        first = min(self._code.firstlineno, *lines) if lines else self._code.firstlineno
        last = lines[-1] if lines else first
        return "\n".join(line.rstrip("\n") for line in self._origin.lines[first - 1 : last])

    # --- Sequence ----------------------------------------------------------------------------

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

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Bytecode):
            is_equal = [compared(i) for i in self] == [compared(i) for i in other]
            why = f"{self!r} is not {other!r}."
            return self.sure(other.sure(is_equal, why), why)
        if getattr(type(other), "compares_bytecode", False):  # a golden, which knows how
            return NotImplemented
        return bool(self.matches(other))

    __hash__ = object.__hash__

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
            raise ValueError(f"{self.name} has no instruction {which}, but in {spans(self.lines)}")
        if self.view == "ops" and chosen and self[chosen[-1]].opname == "JUMP":
            chosen.pop()
        return self._part(chosen)

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
    def _facts(self) -> Facts | FactsInTurn:
        from pytest_pycinspect.view.facts import Facts, FactsInTurn

        dialect, wrapping = self._origin.dialect, self._origin.wrapping
        if wrapping is None:
            return FactsInTurn(self._code, dialect)
        return sure_facts(Facts.of(self._code, dialect), wrapping)

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
        from pytest_pycinspect.view.items import FactKind, Known
        from pytest_pycinspect.view.loops import loops_of

        offsets = [*_offsets(self)]
        parts = (
            self._part([index for index, own in enumerate(offsets) if own & loop])
            for loop in loops_of(self._code, self._origin.dialect)
            if any(min(loop) in own for own in offsets)
        )
        kind = FactKind("a loop; ask one of them, .loops[0]", lambda one: isinstance(one, Bytecode))
        return sure_items(Known.of(parts, kind), self._origin.wrapping, ".loops")

    @property
    def jumps(self) -> tuple[tuple[int, int], ...]:
        """Every jump: its index and that of its target."""
        found = tuple((i, j.target) for i, j in enumerate(self) if j.target is not None)
        return self.sure(found, "There is no jump in it.")

    # --- Relations -----------------------------------------------------------------------------

    @staticmethod
    def _compiled(wanted: object) -> Bytecode:
        """Return what code is compared with, compiled as the session's other sources are."""
        subject = subject_of(wanted, Request(), sources_here())
        return Bytecode(subject.code, subject.origin)

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

        if is_opname(value):
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
