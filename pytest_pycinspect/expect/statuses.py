"""What came of each line of an expectation."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from pytest_pycinspect.expect.alignment import Likeness, aligned
from pytest_pycinspect.expect.diagnosis import Trouble, line_words, trouble
from pytest_pycinspect.expect.outcome import Match, Place
from pytest_pycinspect.expect.steps import Gap, Global, Group, Line, Many, Mark, One

__all__ = ["Outcome", "Status", "statuses"]


class Outcome(Enum):
    """How a line fared."""

    MET = "met"
    BROKEN = "broken"
    NOT_REACHED = "not reached"
    INACTIVE = "inactive"
    #: A header, or a line that only its neighbours give a meaning.
    NONE = ""


class Status(NamedTuple):
    """What came of one line.

    Args:
        number: of the line.
        text: of the line.
        outcome: how it fared.
        detail: a few words more.
        at: the instruction that it was, or should have been; None for none.
        nearest: of a line that is not met, the instruction that is most like it, if that is
            another; None for none.
    """

    number: int
    text: str
    outcome: Outcome
    detail: str
    at: int | None
    nearest: int | None = None


def statuses(match: Match) -> tuple[Status, ...]:
    """Return what came of each line about one code object, in order."""
    known = {status[0]: status for status in _known(match)}
    likeness = {} if match.end else aligned(match.program, match.run)
    found = []
    for line in match.program.lines:
        if not line.active:
            off = f"inactive on Python {match.code.python}"
            found.append(Status(line.number, line.text, Outcome.INACTIVE, off, None))
        elif line.number in known:
            _, outcome, detail, index = known[line.number]
            like = likeness.get(line.number) if outcome is Outcome.BROKEN else None
            nearest = None if like is None or like.at == index else like.at
            found.append(Status(line.number, line.text, outcome, detail, index, nearest))
        else:
            found.append(_other(match, line, likeness.get(line.number)))
    return tuple(found)


_Known = tuple[int, Outcome, str, "int | None"]


def _known(match: Match) -> Iterator[_Known]:
    """Yield what the search says of lines: number, outcome, detail and instruction."""
    for place in match.places:
        yield from _met(match, place)
    for row in match.program.globals:
        yield _global(match, row)
    if match.end is None:
        bad = trouble(match)
        yield bad.line, Outcome.BROKEN, _broken(bad), bad.at
    for part in match.parts:
        if part.found is None:
            yield part.section.line, Outcome.BROKEN, "no such code", None
        else:
            outcome = Outcome.MET if part.found.met else Outcome.BROKEN
            yield part.section.line, outcome, "see below" if not part.found.met else "met", None


def _met(match: Match, place: Place) -> Iterator[_Known]:
    step = match.program.steps[place.step]
    where = (
        f"@{place.start}" if place.end - place.start == 1 else f"@{place.start}..{place.end - 1}"
    )
    if isinstance(step, One | Many):
        empty = place.start == place.end
        yield step.line, Outcome.MET, "none" if empty else f"matched {where}", place.start
    elif isinstance(step, Mark):
        yield step.line, Outcome.MET, f"is @{place.start}", place.start
    elif isinstance(step, Group) and place.member is not None:
        yield step.line + 1 + place.member, Outcome.MET, f"matched {where}", place.start
    elif isinstance(step, Gap):
        skipped = place.end - place.start
        if step.line:
            yield step.line, Outcome.MET, f"skipped {where}" if skipped else "skipped nothing", None
        for line, _ in step.forbidden:
            yield line, Outcome.MET, "holds", None


def _global(match: Match, row: Global) -> _Known:
    places = match.run.occurrences(row.test, match.state.bindings)
    listed = ", ".join(f"@{place}" for place in places[:8]) + (" …" if len(places) > 8 else "")
    if match.run.holds(row, match.state.bindings):
        return row.line, Outcome.MET, "holds" + (f": {listed}" if places else ""), None
    if row.high == 0:
        return row.line, Outcome.BROKEN, f"forbidden match {listed}", places[0]
    return row.line, Outcome.BROKEN, f"{len(places)} of them: {listed}", None


def _broken(bad: Trouble) -> str:
    found = " ".join(bad.found).strip()
    where = "" if bad.at is None else f"@{bad.at}: "
    return f"not met; {where}{found}" + (f" ({bad.why})" if bad.why else "")


def _other(match: Match, line: Line, like: Likeness | None) -> Status:
    """Return what is said of a line that the search did not come to."""
    number, text, _ = line
    plain = " ".join(line_words(text)).strip()
    if plain.endswith(":") or match.end is not None:
        return Status(number, text, Outcome.NONE, "", None)
    where = f", like @{like.at}" if like else ""
    return Status(number, text, Outcome.NOT_REACHED, f"not reached{where}", None)
