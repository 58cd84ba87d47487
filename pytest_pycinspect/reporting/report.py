"""What pytest shows of expectations that are not met."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pycinspect.bytecode import Bytecode, Tree
from pytest_pycinspect.expect import Match, PatternError, as_pattern, explain, listing, match
from pytest_pycinspect.expect.explanation import (
    Failure,
    Style,
    explain_absent,
    explain_present,
)
from pytest_pycinspect.expect.verdict import BELOW
from pytest_pycinspect.golden.goldens import Recorded
from pytest_pycinspect.noted import note, noted_last
from pytest_pycinspect.relations.relation import Count, Relation
from pytest_pycinspect.reporting.explained import count_failure, explain_count, explain_relation

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

__all__ = ["attach", "compared"]


def compared(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Return the lines about a comparison with bytecode, None where there is nothing to say.

    Args:
        config: the session's.
        op: ``==``, ``in`` …
        left: one side.
        right: the other.
    """
    try:
        failure = _failure(op, left, right, _style(config))
    except PatternError:  # something that has its own explanation, or none
        return None
    if failure is None:
        return None
    note(failure)
    if config.getoption("--pycinspect-dump") == "never":
        return [line.removeprefix(BELOW) for line in failure.summary]
    return list(failure.summary)


def _failure(op: str, left: object, right: object, style: Style) -> Failure | None:
    if isinstance(left, Count) or isinstance(right, Count):
        return None if _holds(op, left, right) else explain_count(op, left, right, style)
    if op in ("in", "not in") and isinstance(right, Bytecode | Tree):
        return _membership(op, left, right, style)
    code, other = (left, right) if isinstance(left, Bytecode) else (right, left)
    if isinstance(other, Recorded):
        return other.failure if op == "==" else None
    if op not in ("==", "!=") or not isinstance(code, Bytecode):
        return None
    expected = "\n".join(listing(other)) if isinstance(other, Bytecode) else other
    found = match(as_pattern(expected), code, anchored=True)
    if found.met is (op == "=="):
        return None
    return explain(found, "== expected", style)


#: What may stand between a number and another.
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _holds(op: str, left: object, right: object) -> bool:
    """Return whether a comparison holds, or is none of numbers."""
    compare = _COMPARISONS.get(op)
    return compare is None or bool(compare(left, right))


def _membership(op: str, left: object, right: Bytecode | Tree, style: Style) -> Failure | None:
    """Explain ``in`` and ``not in``; nothing is said where they hold."""
    if (left in right) is (op == "in"):
        return None
    explained = explain_absent if op == "in" else explain_present
    whole = isinstance(right, Tree)
    return explained(left, right.root if isinstance(right, Tree) else right, style, whole=whole)


def _style(config: pytest.Config) -> Style:
    """Return how sections are written, as the options say."""
    view = config.getoption("--pycinspect-view") or config.getini("pycinspect_view")
    context: int = config.getoption("--pycinspect-dump-context")
    reporter: TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.hasmarkup:
        return Style(str(view), context)
    return Style(str(view), context, reporter._tw.markup)  # noqa: SLF001 - it has no other name


# --- The report's section ------------------------------------------------------------------


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Add the section about the last comparison to a test's report, if it is about that."""
    when = item.config.getoption("--pycinspect-dump")
    last = noted_last(item)
    if last is None or when == "never" or report.when != "call":
        return
    if call.excinfo is not None:
        failure = _of_failure(last, str(call.excinfo.value), _style(item.config))
        if failure is None:
            return
        item.config.hook.pytest_pycinspect_mismatch(item=item, failure=failure)
    elif when == "always" and isinstance(last, _ASKED):
        failure = _explained(last, _style(item.config))
    else:
        return
    report.sections.append((failure.section_title, failure.section))


def _of_failure(last: object, message: str, style: Style) -> Failure | None:
    """Return what to show if the failure is about the last comparison.

    With ``--assert=plain`` assertions have no message; nobody can know then.
    """
    if isinstance(last, Failure):
        return last if last.summary[0] in message else None
    if not isinstance(last, _ASKED):
        return None
    failure = _explained(last, style)
    # pytest cuts what is long in the middle.
    words = (repr(last)[:_FIRST], failure.summary[0])
    is_it = not message or any(word in message for word in words)
    return failure if is_it else None


#: What notes itself when it is asked whether it is true.
_ASKED = (Match, Relation, Count)
#: Characters that pytest shows of everything (``_pytest/_io/saferepr.py``: of 240, about half).
_FIRST = 100


def _explained(asked: object, style: Style) -> Failure:
    if isinstance(asked, Relation):
        return explain_relation(asked, style)
    if isinstance(asked, Count):
        return count_failure(asked, "", style)
    assert isinstance(asked, Match)
    return explain(asked, style=style)
