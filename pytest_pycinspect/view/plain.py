"""What is plain to see in the instructions of a function, without its graph.

The graph says all, and takes ten times as long. That a function reads ``len``, or calls it, its
instructions say as well, one after the other, where nothing among them is unusual: all are reached from
those before, and what is called was pushed on one path. Where that is not so, nothing is said here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import pairwise

from pycinspect.canonical.frames import COMPREHENSIONS
from pycinspect.canonical.ops import CanonicalOp, lowered
from pycinspect.dialects import Dialect, Flow, vocabulary
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm import Handler, exception_table, positions
from pycinspect.disasm.decode import bare_instructions
from pycinspect.disasm.steps import bytecode_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pytest_pycinspect.view.pushed import Called, called_on_one_path

__all__ = ["DottedNames", "Plain"]

_GLOBALS = frozenset({"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "STORE_ATTR", "DELETE_ATTR"})
#: Ops after which LOAD_ATTR may be something else: a name from a module, the join of an f-string.
_OWNERS = frozenset({"IMPORT_NAME", "IMPORT_NAME_LAZY", "IMPORT_FROM", "LOAD_CONST"})
#: Ops that name attributes in a constant, that are variables of a class, or that nobody knows.
_UNUSUAL = frozenset({"MATCH_CLASS", "LOAD_NAME", "STORE_NAME", "DELETE_NAME", "OPAQUE"})


class DottedNames(frozenset[str]):
    """Dotted names; of other texts it is not said whether they are among what these are of."""


class Plain:
    """What the instructions of a code object say; None wherever they do not say all.

    Args:
        code: the code object.
        dialect: who compiled it.
    """

    def __init__(self, code: Code, dialect: Dialect) -> None:
        self._code = code
        self._dialect = dialect

    @cached_property
    def _table(self) -> Sequence[Handler]:
        return exception_table(self._code, self._dialect)

    @cached_property
    def _ops(self) -> Sequence[CanonicalOp] | None:
        """All ops, if it is sure that control comes to each, and what each does."""
        code, dialect = self._code, self._dialect
        inside = (part.name for part in code.consts if isinstance(part, Code))
        is_other = dialect.development or not code.flags & CodeFlag.OPTIMIZED
        if is_other or not COMPREHENSIONS.isdisjoint(inside) or "__annotations__" in code.names:
            return None
        try:
            bytecode = bytecode_of(dialect)
            if not bytecode.exception_table:
                return None
            listed = lowered(bare_instructions(code, bytecode), dialect)
            ops = [op for _, some in listed for op in some]
            is_plain = _are_usual(ops) and _are_reached(ops, self._table)
        except PycInspectError:  # who asks the graph hears of it
            return None
        return ops if is_plain else None

    @cached_property
    def globals(self) -> Collection[str] | None:
        """Global variables and builtins."""
        if self._ops is None:
            return None
        at_hand = (str(op.operand) for op in self._ops if op.name == "LOAD_COMMON_CONSTANT")
        errors = {name for name in at_hand if name.endswith("Error")}
        return errors.union(str(op.operand) for op in self._ops if op.name in _GLOBALS)

    @cached_property
    def attributes(self) -> Collection[str] | None:
        """Attributes."""
        if self._ops is None:
            return None
        return {str(op.operand) for op in self._ops if op.name in _ATTRIBUTES}

    @cached_property
    def imports(self) -> Collection[str] | None:
        """Modules and names from them, if there are none."""
        return self._nothing("IMPORT_NAME", "IMPORT_NAME_LAZY")

    @cached_property
    def handlers(self) -> Collection[str] | None:
        """What ``except`` clauses catch, if there are none."""
        return self._nothing("CHECK_EXC_MATCH", "CHECK_EG_MATCH")

    def _nothing(self, *names: str) -> Collection[str] | None:
        """Return nothing, if there is no op without which there is something."""
        if self._ops is None or any(op.name in names for op in self._ops):
            return None
        return ()

    @cached_property
    def calls(self) -> DottedNames | None:
        """The dotted names that are called; anything else that is called may be, too."""
        if self._ops is None:
            return None
        found = called_on_one_path(self._ops, self._table)
        if found is None or self._are_copied(found):
            return None
        return DottedNames(call.text for call in found if call.text is not None)

    def _are_copied(self, calls: Sequence[Called]) -> bool:
        """Return whether one call of the source may be several, for all that it may call.

        ``(f if x else g)()`` may be two (3.12); see ``calls.each_once``.
        """
        if len({call.block for call in calls}) <= 1 or len({call.text for call in calls}) <= 1:
            return False
        places = positions(self._code, self._dialect)
        texts: dict[object, set[str | None]] = {}
        for call in calls:
            place = call.offset // 2
            found = texts.setdefault(places[place] if place < len(places) else None, set())
            found.add(call.text)
        return any(len(found) > 1 for found in texts.values())


def _are_usual(ops: Sequence[CanonicalOp]) -> bool:
    """Return whether what an op does depends on nothing else than itself."""
    if any(op.name in _UNUSUAL for op in ops):
        return False
    return not any(
        op.name == "LOAD_ATTR" and before.name in _OWNERS for before, op in pairwise(ops)
    )


# --- What is reached -----------------------------------------------------------------------------

#: Ops by which nothing is raised; see ``canonical.machine``. Of others it does not matter.
_SILENT = frozenset({"JUMP", "POP_BLOCK", "PUSH_NULL", "PUSH_EXC_INFO", "MAKE_CELL", "KW_NAMES"})


def _are_reached(ops: Sequence[CanonicalOp], table: Sequence[Handler]) -> bool:
    """Return whether it is sure that control comes to all ops, in the order in which they are."""
    offsets = [op.offset for op in ops]
    handled = {_index(offsets, row.target): (row.start, row.end) for row in table}
    entered: set[int] = set()
    loud: list[int] = []
    falls = True
    for index, (name, _, target, offset, _) in enumerate(ops):
        if not falls and index not in entered and not _is_raised_in(handled.get(index), loud):
            return False
        falls = name not in _LEAVES
        if target is not None:
            entered.add(_index(offsets, target))
        if name not in _SILENT:
            loud.append(offset)
    return True


def _index(offsets: Sequence[int], target: int) -> int:
    """Return the first op that is at an offset, or after it where there is none."""
    return bisect_left(offsets, target)


_LEAVES = frozenset(
    kind.name for kind in vocabulary().values() if kind.flow in (Flow.JUMP, Flow.EXIT)
)


def _is_raised_in(handled: tuple[int, int] | None, loud: Sequence[int]) -> bool:
    """Return whether an op in a range may raise something."""
    if handled is None:
        return False
    place = bisect_left(loud, handled[0])
    return place < len(loud) and loud[place] < handled[1]
