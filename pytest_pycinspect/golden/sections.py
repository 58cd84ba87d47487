"""The sections of a golden file: what its lines say, and for which Pythons."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_pycinspect.expect import PatternError
from pytest_pycinspect.expect.guards import Host, condition, is_active

__all__ = [
    "BLANK",
    "COMMENT",
    "FACT",
    "GUARD",
    "TITLE",
    "Content",
    "Section",
    "Text",
    "Variant",
    "head_of",
    "header_view",
    "is_scoped",
    "is_signature",
    "sections_of",
    "skipped",
    "skipped_back",
]

TITLE = re.compile(r"\[(?P<title>.+)\]\s*(?:#.*)?")
GUARD = re.compile(r"(?P<conditions>@\S+(?:\s+@\S+)*?)\s*:\s*(?:#.*)?")
_DIRECTIVE = re.compile(r"#\s*(?P<name>source|view|python):\s*(?P<value>.*?)\s*")
FACT = re.compile(r"(?P<name>consts|handlers):\s*(?P<value>.*?)\s*")
_VIEWS = ("ops", "raw", "adaptive")
_DEFAULT_VIEW = "ops"


@dataclass(frozen=True, slots=True)
class Content:
    """What is recorded of a code object on some Pythons.

    Args:
        instructions: the lines of the expectation.
        consts: what follows ``consts:``, None where there is no such line.
        handlers: likewise.
    """

    instructions: tuple[str, ...]
    consts: str | None = None
    handlers: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of a file."""
        facts = (("consts", self.consts), ("handlers", self.handlers))
        indented = (f"    {line}".rstrip() for line in self.instructions)
        return (
            *indented,
            *(f"{name}: {text}".rstrip() for name, text in facts if text is not None),
        )


@dataclass(frozen=True, slots=True)
class Variant:
    """Lines of a section that count on some Pythons.

    Args:
        conditions: of their guard; none for the lines before all guards.
        start: index of the first line in the file, that of the guard if there is one.
        body: index of the first line after the guard, or after the section's directives.
        end: index of the line after the last.
        python: who wrote them, such as ``3.12``; None where nobody says so.
        content: what they say.
    """

    conditions: tuple[str, ...]
    start: int
    body: int
    end: int
    python: str | None
    content: Content


@dataclass(frozen=True, slots=True)
class Section:
    """What is recorded of one code object.

    Args:
        title: of the section.
        line: of the title, from 1.
        source: a path relative to the file; None for what a test compares.
        qualname: of the code object in the source.
        view: which instructions.
        start: index of the first line, of comments directly above the title.
        head: index of the line after the directives directly below the title.
        end: index of the line after the last.
        variants: in the order of the file; there is always one without conditions, the first.
    """

    title: str
    line: int
    source: str | None
    qualname: str
    view: str
    start: int
    head: int
    end: int
    variants: tuple[Variant, ...]

    def active(self, host: Host) -> Variant | None:
        """Return the variant that counts on a Python, None where none says anything."""
        default, *guarded = self.variants
        for variant in guarded:
            if is_active(variant.conditions, host):
                return variant
        return default if default.content.lines else None

    def variant(self, conditions: tuple[str, ...]) -> Variant | None:
        """Return the variant with exactly these conditions."""
        return next((v for v in self.variants if v.conditions == conditions), None)


class Text(Protocol):
    """The lines of a file, as far as reading them needs it."""

    @property
    def lines(self) -> Sequence[str]:
        """The lines, without their ends."""

    def error(self, line: int, message: str, expected: str = "") -> PatternError:
        """Return an error about a line."""


# --- Reading -----------------------------------------------------------------------------

BLANK = re.compile(r"\s*")
COMMENT = re.compile(r"\s*#.*")
#: Comments directly above a title; what signs the lines of a section is that section's.
_ABOVE = re.compile(r"\s*#(?!\s*python:).*")
#: Lines that end no section, and belong to it only if others of it follow.
_PADDING = re.compile(r"\s*|#(?!\s*python:).*")
_EXPECTED = "an indented instruction, 'consts:', 'handlers:', a guard '@>=3.12:' or '[section]'"


def sections_of(file: Text) -> Iterator[Section]:
    """Yield the sections of a file.

    Raises:
        PatternError: a line is in none, or of no form that a section has.
    """
    lines = file.lines
    titles = _titles(lines)
    heads = _heads(lines)
    ends = [*titles, len(lines)]
    for index, line in enumerate(lines[: ends[0]]):
        if not _PADDING.fullmatch(line):
            raise file.error(index + 1, "this line is in no section", "'[section]' above it")
    for index, following in zip(titles, ends[1:], strict=True):
        yield _section(file, index, following, heads)


def _titles(lines: Sequence[str]) -> list[int]:
    return [index for index, line in enumerate(lines) if TITLE.fullmatch(line)]


def _heads(lines: Sequence[str]) -> frozenset[int]:
    """Return the lines whose directives are those of the section above them alone."""
    starts = (index + 1 for index in _titles(lines))
    return frozenset(line for start in starts for line in range(start, head_of(lines, start)))


def _section(file: Text, index: int, following: int, heads: Container[int]) -> Section:
    lines = file.lines
    found = TITLE.fullmatch(lines[index])
    assert found is not None
    title = found["title"].strip()
    above = skipped_back(lines, index, _ABOVE)
    start = max((line + 1 for line in range(above, index) if line in heads), default=above)
    head = head_of(lines, index + 1)
    end = max(skipped_back(lines, following, _PADDING), head)
    own = _directives(file, range(index + 1, head))
    beside = {**_directives(file, range(start, index)), **own}
    directives = {**_directives(file, _inheriting(range(index), heads)), **own}
    source, _, qualname = directives.get("source", "").partition("::")
    return Section(
        title,
        index + 1,
        source or None,
        # A source with a name is about the section beside it, not about all that follow.
        qualname if qualname and "source" in beside else title,
        directives.get("view", _DEFAULT_VIEW),
        start,
        head,
        end,
        tuple(_variants(file, index + 1, head, end)),
    )


def head_of(lines: Sequence[str], start: int) -> int:
    """Return the index of the line after the directives directly below a title."""
    block = range(start, skipped(lines, start, COMMENT))
    return max((index + 1 for index in block if is_scoped(lines[index])), default=start)


def _inheriting(indexes: Iterable[int], heads: Container[int]) -> Iterator[int]:
    """Yield the lines whose directives are not those of one section alone."""
    return (index for index in indexes if index not in heads)


def _directives(file: Text, indexes: Iterable[int]) -> dict[str, str]:
    """Return the last value of each directive in some lines."""
    found: dict[str, str] = {}
    for index in indexes:
        directive = _DIRECTIVE.fullmatch(file.lines[index])
        if directive is None:
            continue
        found[directive["name"]] = directive["value"]
        if directive["name"] == "view" and directive["value"] not in _VIEWS:
            raise file.error(index + 1, "there is no such view", " or ".join(_VIEWS))
    return found


def _variants(file: Text, start: int, head: int, end: int) -> Iterator[Variant]:
    guards = {
        index: found for index in range(head, end) if (found := GUARD.fullmatch(file.lines[index]))
    }
    ends = [*guards, end]
    yield _variant(file, (), start, head, ends[0])
    for (index, found), following in zip(guards.items(), ends[1:], strict=True):
        conditions = tuple(part.removeprefix("@") for part in found["conditions"].split())
        _check_guard(file, index + 1, conditions)
        yield _variant(file, conditions, index, index + 1, following)


def _check_guard(file: Text, line: int, conditions: tuple[str, ...]) -> None:
    try:
        for text in conditions:
            condition(text)
    except PatternError as error:
        raise file.error(line, error.message, error.expected) from None


def _variant(file: Text, conditions: tuple[str, ...], start: int, body: int, end: int) -> Variant:
    end = max(skipped_back(file.lines, end, BLANK), body)
    facts: dict[str, str] = {}
    instructions: list[str] = []
    for index in range(body, end):
        line = file.lines[index]
        if found := FACT.fullmatch(line):
            facts[found["name"]] = found["value"]
        elif line[:1].isspace() and not COMMENT.fullmatch(line) and line.strip():
            instructions.append(line.strip())
        elif not BLANK.fullmatch(line) and not COMMENT.fullmatch(line):
            raise file.error(index + 1, "this line is none of a section", _EXPECTED)
    content = Content(tuple(instructions), facts.get("consts"), facts.get("handlers"))
    python = _directives(file, range(start, end)).get("python")
    return Variant(conditions, start, body, end, python, content)


def skipped(lines: Sequence[str], index: int, form: re.Pattern[str]) -> int:
    """Return the index of the first line from one on that is not of a form."""
    while index < len(lines) and form.fullmatch(lines[index]):
        index += 1
    return index


def skipped_back(lines: Sequence[str], index: int, form: re.Pattern[str]) -> int:
    """Return the index after the last line before one that is not of a form."""
    while index > 0 and form.fullmatch(lines[index - 1]):
        index -= 1
    return index


def header_view(file: Text) -> str:
    """Return the view of a section that would be added at the end."""
    lines = _inheriting(range(len(file.lines)), _heads(file.lines))
    return _directives(file, lines).get("view", _DEFAULT_VIEW)


def is_scoped(line: str) -> bool:
    """Return whether a line is a directive that counts for sections, not for one variant."""
    directive = _DIRECTIVE.fullmatch(line)
    return directive is not None and directive["name"] != "python"


def is_signature(line: str) -> bool:
    """Return whether a line says who wrote the lines below it."""
    return _DIRECTIVE.fullmatch(line) is not None and not is_scoped(line)
