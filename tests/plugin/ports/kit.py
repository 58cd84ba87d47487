"""What a ported test is: a subject, a check, and a subject on which the check must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from pytest_pycinspect import Bytecode, Compiled, VacuousCheckError

__all__ = ["FAILS", "Case", "NotSaid", "code_of", "parameters"]

#: What a check of a place does on the broken subject: one that no instruction has is refused.
FAILS = (AssertionError, VacuousCheckError)


@dataclass(frozen=True, slots=True)
class Case:
    """A test of CPython's, said with the plugin.

    Args:
        ported: its name, ``"test_peepholer.test_unot"``.
        subject: a source; the function ``f`` in it is meant, or else the module.
        broken: one of whose code the check is not true.
        check: the assertion; what it returns is true of the subject.
        since: the first Python whose compiler does what is asserted.
    """

    ported: str
    subject: str
    broken: str
    check: Callable[[Bytecode], object]
    since: str = "3.11"


@dataclass(frozen=True, slots=True)
class NotSaid:
    """A test that the plugin has no words for.

    Args:
        test: its name.
        reason: what it is about.
    """

    test: str
    reason: str


def code_of(source: str, compiled: Compiled) -> Bytecode:
    """Return the code that a case is about."""
    module = compiled(source)
    return module["f"] if "def f(" in source else module


def parameters(cases: Iterable[Case]) -> pytest.MarkDecorator:
    """Return a mark that runs a test for each case, on the Pythons that it is about."""
    rows = [
        pytest.param(
            case,
            id=f"{number}-{case.ported.rpartition('.')[2]}",
            marks=pytest.mark.bytecode(min_python=case.since, implementation="cpython"),
        )
        for number, case in enumerate(cases)
    ]
    return pytest.mark.parametrize("case", rows)
