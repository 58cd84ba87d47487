"""What became of specialised code when it was called with something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.view.instr import Instr
from pytest_pycinspect.view.items import FactKind, Items, Known
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["TIMES", "Change", "SpecializedBytecode", "Warmup"]

#: Calls. CPython specialises an instruction after at most eight, and gives up after 53 that its
#: specialisation was not made for (``Python/specialize.c``, ``Include/internal/pycore_code.h``:
#: ``adaptive_counter_cooldown``); then it tries again, for what it is called with by then.
TIMES = 100
#: What an instruction is called that waits to be specialised (3.11).
_WAITING = ("", "_ADAPTIVE", "_QUICK")


@dataclass(frozen=True)
class Warmup:
    """Calls of a function with the same arguments.

    Args:
        times: how many.
        args: the arguments.
        kwargs: the keyword arguments.

    Raises:
        VacuousCheckError: there are none, and code that never ran is not specialised.
    """

    times: int
    args: tuple[object, ...]
    kwargs: Mapping[str, object]

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        if self.times < 1:
            raise VacuousCheckError(
                f"times={self.times}: what is not called is not specialised, whatever the code does"
            )

    def named(self) -> Iterator[tuple[str, object]]:
        """Yield the arguments with their names."""
        yield from ((str(number), value) for number, value in enumerate(self.args, 1))
        yield from self.kwargs.items()


class Change(NamedTuple):
    """An instruction that was specialised otherwise before.

    Args:
        name: of the code object.
        line: of the source, None for none.
        generic: the opcode as it is compiled.
        before: the opcode as it was in memory.
        after: the opcode as it is now; the same, where only what it was made for is another
            class, say.
    """

    name: str
    line: int | None
    generic: str
    before: str
    after: str

    def __repr__(self) -> str:
        again = f" {_ANEW}" if self.before == self.after else ""
        return f"<{self.name}, line {self.line}: {self.before} became {self.after}{again}>"


#: What is said of a specialisation for one class that was replaced by the same for another.
_ANEW = "for something else"

_INSTRS = FactKind(
    "an instruction; its name is instr.opname for each instr of them",
    lambda one: isinstance(one, Instr),
)
_CHANGES = FactKind(
    "a change; opcodes are change.before and change.after for each change of them",
    lambda one: isinstance(one, Change),
)


class SpecializedBytecode(Bytecode):
    """The bytecode of a function after it ran, as it is in memory.

    Args:
        memory: the same.
        then: calls it further, with other arguments.
        before: what it was before the last run of calls, None for the first.
    """

    def __init__(
        self,
        memory: Bytecode,
        then: Callable[[Warmup], SpecializedBytecode],
        before: SpecializedBytecode | None,
    ) -> None:
        super().__init__(memory.code, memory._origin, memory.view)  # noqa: SLF001 - our own
        self._then = then
        #: What it was before the last run of calls, None for the first.
        self.before = before

    def then(self, *args: object, times: int = TIMES, **kwargs: object) -> SpecializedBytecode:
        """Return the bytecode after the same function was called further.

        All calls are made again, in the same process and of new code, those before first.

        Args:
            args: its arguments, which must be picklable.
            times: the number of calls; as many as CPython needs to give a specialisation up.
            kwargs: its keyword arguments, likewise.

        Raises:
            PycInspectError: ``cannot-specialize``, with the reason.

        Example::

            assert specialized(add, 1, 2).then(3, 4).deoptimized == ()
        """
        return self._then(Warmup(times, args, kwargs))

    @cached_property
    def specializations(self) -> Items[Instr]:
        """The instructions that are specialised, those of nested code among them."""
        found = (
            instr
            for part in self.tree
            for raw, instr in zip(part.raw, part, strict=True)
            if _is_specialized(instr.opname, raw.opname)
        )
        return self.sure(Known.of(found, _INSTRS), "Nothing in it is specialised.")

    @property
    def changes(self) -> Items[Change]:
        """What the last run of calls has changed.

        Raises:
            VacuousCheckError: there was no other before it; see :meth:`then`.
        """
        return self.sure(
            Known.of(self._changes, _CHANGES), "The last run of calls has changed nothing."
        )

    @property
    def deoptimized(self) -> Items[Change]:
        """Those changes that took a specialisation away, or put another in its place.

        Raises:
            VacuousCheckError: as ``changes``.
        """
        found = (one for one in self._changes if _is_specialized(one.before, one.generic))
        return self.sure(
            Known.of(found, _CHANGES), "The last run of calls has deoptimised nothing."
        )

    @cached_property
    def _changes(self) -> tuple[Change, ...]:
        if self.before is None:
            raise VacuousCheckError(
                f"{self.name} was called with one set of arguments only, so nothing can have"
                " changed: call it further, .then(…)"
            )
        pairs = zip(self.before.tree, self.tree, strict=True)
        return tuple(change for then, now in pairs for change in _changes(then, now))


def _changes(then: Bytecode, now: Bytecode) -> Iterator[Change]:
    rows = zip(now.raw, then, now, _assumptions(then), _assumptions(now), strict=True)
    for raw, was, instr, before, after in rows:
        is_anew = before != after and _is_specialized(was.opname, raw.opname)
        if was.opname != instr.opname or is_anew:
            yield Change(now.name, instr.line, raw.opname, was.opname, instr.opname)


def _assumptions(code: Bytecode) -> Iterator[bytes]:
    """Yield what each instruction was specialised for: versions of classes, of dictionaries.

    It is in the cache entries after it, of which the first counts how often that did not hold
    (``Include/internal/pycore_code.h``: ``_PyAttrCache`` and the others).
    """
    memory = code._origin.adaptive[code.code]  # noqa: SLF001 - our own
    steps = [instr.raw[0] for instr in code]
    ends = [*(step.start_offset for step in steps[1:]), len(memory)]
    for step, end in zip(steps, ends, strict=True):
        yield memory[step.offset + _OWN : end]


#: Bytes of an instruction and its counter.
_OWN = 4


def _is_specialized(opname: str, generic: str) -> bool:
    return all(opname != f"{generic}{ending}" for ending in _WAITING)
