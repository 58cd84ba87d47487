"""Whether something that is said of functions is true of some and not of others."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pycinspect.errors import PycInspectError
from pytest_pycinspect import (
    Bytecode,
    ImpossibleCountWarning,
    PatternError,
    UnknownNameWarning,
    UnknownOpcodeError,
    VacuousCheckError,
)
from tests.plugin.vacuous.corpus import function
from tests.plugin.vacuous.drawn import Drawn

__all__ = ["Checked", "names_of"]

_REFUSED = (
    *(VacuousCheckError, UnknownOpcodeError, PatternError, PycInspectError),
    *(ImpossibleCountWarning, UnknownNameWarning),
)


@dataclass
class Checked:
    """What came of expectations, by what they are.

    Args:
        corpus: functions.
        kinds: how many vary, are refused, or vary only because of a function made for them.
        constant: those that have one answer for all.
    """

    corpus: Sequence[Bytecode]
    kinds: Counter[str] = field(default_factory=Counter)
    constant: list[str] = field(default_factory=list)

    def add(self, drawn: Drawn) -> None:
        """Ask of one function after the other, until two answers differ or one is refused.

        The functions that were made for it come after the first of the corpus: they are short, and of
        what is rare all of the corpus would say the same.
        """
        answers: set[bool | None] = set()
        first, rest = self.corpus[:_FIRST], self.corpus[_FIRST:]
        for kind, codes in (("varies", first), ("witness", _made(drawn)), ("varies", rest)):
            for code in codes:
                answers.add(_asked(drawn, code))
                if None in answers or len(answers) > 1:
                    self.kinds["refused" if None in answers else kind] += 1
                    return
        self.kinds["constant"] += 1
        self.constant.append(f"{drawn.text}: {answers.pop()}")


#: Functions of the corpus that are asked before those made for an expectation.
_FIRST = 20


def _asked(drawn: Drawn, code: Bytecode) -> bool | None:
    """Return what is so of a function; None where that is refused, or has a warning."""
    with warnings.catch_warnings():
        for category in (ImpossibleCountWarning, UnknownNameWarning):
            warnings.simplefilter("error", category)
        try:
            return bool(drawn.ask(code))
        except _REFUSED:
            return None


def _made(drawn: Drawn) -> Iterator[Bytecode]:
    """Yield the functions that were made for an expectation, those that compile."""
    for source in drawn.witnesses:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                yield function(source)
        except PycInspectError:
            continue


def names_of(corpus: Iterable[Bytecode]) -> list[str]:
    """Return the names that functions have, each once."""
    return sorted({name for code in corpus for name in code.tree.names if name.isidentifier()})
