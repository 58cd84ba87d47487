"""The text of a ``*.bytecode`` file: what is recorded in it, and how it is changed.

::

    # source: ../mypkg/core.py
    [render]
    # python: 3.12
        LOAD_FAST    ctx
        RETURN_VALUE
    consts: None
    @3.13:
        LOAD_FAST    other
        RETURN_VALUE

A section is what one code object is like; its variants begin with a guard, and the first one
whose guard holds counts, else the lines before all guards. ``# source:`` and ``# view:`` hold
for the sections below; directly below a title, for that section alone. ``# python:`` says who wrote the lines below it, and so on which
Python they may be replaced. Everything else in the file is its owner's, and stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect import PatternError
from pytest_pycinspect.expect.guards import Host, condition, is_active

__all__ = [
    "Content",
    "GoldenFile",
    "Section",
    "Variant",
    "located",
    "parse_golden",
    "read_golden",
    "shown",
]

_TITLE = re.compile(r"\[(?P<title>.+)\]\s*(?:#.*)?")
_GUARD = re.compile(r"(?P<conditions>@\S+(?:\s+@\S+)*?)\s*:\s*(?:#.*)?")
_DIRECTIVE = re.compile(r"#\s*(?P<name>source|view|python):\s*(?P<value>.*?)\s*")
_FACT = re.compile(r"(?P<name>consts|handlers):\s*(?P<value>.*?)\s*")
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


@dataclass(frozen=True)
class GoldenFile:
    """A file and its sections. Changing gives another one.

    Args:
        path: for messages.
        lines: without their ends.
        newline: how lines end.
    """

    path: str
    lines: tuple[str, ...] = ()
    newline: str = "\n"

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(f"{line}{self.newline}" for line in self.lines)

    @cached_property
    def sections(self) -> dict[str, Section]:
        """The sections by title.

        Raises:
            PatternError: the text is not well formed.
        """
        found: dict[str, Section] = {}
        for section in _sections(self):
            if section.title in found:
                raise self.error(section.line, f"there are two sections [{section.title}]")
            found[section.title] = section
        return found

    def error(self, line: int, message: str, expected: str = "") -> PatternError:
        """Return an error about a line."""
        text = self.lines[line - 1]
        column = len(text) - len(text.lstrip()) + 1
        error = PatternError(message, text=text, line=line, column=column, expected=expected)
        return located(error, self.path)

    def expectation(self, variant: Variant) -> str:
        """Return the instructions of a variant, each in the line that it has in the file."""
        kept = (
            "" if _FACT.fullmatch(line) else line for line in self.lines[variant.body : variant.end]
        )
        return "\n" * variant.body + "\n".join(kept)

    def spells(self, variant: Variant, content: Content) -> bool:
        """Return whether a variant says some content in these very words, comments apart."""
        said, _ = _said(self.lines[variant.body : variant.end])
        known = {line.strip() for line in content.lines}
        plain = [line for line in said if not _is_signature(line)]
        return [_uncommented(line, known) for line in plain] == [s.strip() for s in content.lines]

    # --- Changes ---------------------------------------------------------------------------

    def with_content(
        self,
        title: str,
        conditions: tuple[str, ...],
        content: Content,
        *,
        python: str,
        view: str,
        over: tuple[str, ...] = (),
    ) -> GoldenFile:
        """Return the file with what a section says under a guard; both are made if need be.

        Args:
            title: of the section.
            conditions: of the guard, none for what counts on all other Pythons.
            content: what it says from now on.
            python: who says it.
            view: of a new section.
            over: conditions of the variant that counted so far; a new one stands before it.
        """
        section = self.sections.get(title)
        if section is None:
            return self._with_section(title, view).with_content(
                title, conditions, content, python=python, view=view
            )
        variant = section.variant(conditions)
        signed = content.lines if conditions else (f"# python: {python}", *content.lines)
        if variant is not None:
            old = self.lines[variant.body : variant.end]
            # What signed it stands among these where it is above a '# source:'.
            head = [
                line for line in self.lines[variant.start : variant.body] if not _is_signature(line)
            ]
            is_tight = _TITLE.fullmatch("".join(self.lines[variant.end : variant.end + 1]))
            gap = [""] if is_tight and not old else []
            merged = _merged(old, signed)
            # What stood between instructions is not directly below the title now.
            space = [""] if not conditions and _head(merged, 0) else []
            lines = [*head, *space, *merged, *gap]
            return self._spliced(variant.start, variant.end, lines)
        guard = f"{' '.join(f'@{text}' for text in conditions)}:"
        overridden = section.variant(over) if over else None
        at = section.variants[-1].end if overridden is None else overridden.start
        return self._spliced(at, at, (guard, *signed))

    def without(self, titles: Sequence[str]) -> GoldenFile:
        """Return the file without some sections and the comments directly above them."""
        kept = self
        for title in titles:
            kept = kept._without(kept.sections[title])
        return kept

    def _without(self, section: Section) -> GoldenFile:
        end = _skipped(self.lines, section.end, _BLANK)
        outside = [*self.lines[section.start : section.line], *self.lines[section.head : end]]
        scoped = [line for line in outside if _is_scoped(line)]
        # What names the code is about the section that goes; the file may count for others.
        plain = self._cut(section.start, end, [line for line in scoped if "::" not in line])
        others = [one for one in self.sections.values() if one.title != section.title]
        if all(plain.sections[one.title].source == one.source for one in others):
            return plain
        return self._cut(section.start, end, [line.partition("::")[0] for line in scoped])

    def _cut(self, start: int, end: int, inherited: Sequence[str]) -> GoldenFile:
        """Return the file without some lines, but for directives that count below them."""
        if end == len(self.lines) and not inherited:
            start = _skipped_back(self.lines, start, _BLANK)
        # Directly below another title they would be of that section alone.
        above, below = self.lines[:start][-1:], (*inherited, *self.lines[end:])[:1]
        is_below = any(map(str.strip, above)) and any(map(_COMMENT.fullmatch, below))
        return self._spliced(start, end, [*([""] if is_below else []), *inherited])

    def _with_section(self, title: str, view: str) -> GoldenFile:
        head = [] if _header_view(self) == view else [f"# view: {view}"]
        gap = [""] if self.lines and self.lines[-1].strip() else []
        return self._spliced(len(self.lines), len(self.lines), (*gap, *head, f"[{title}]"))

    def _spliced(self, start: int, end: int, lines: Sequence[str]) -> GoldenFile:
        return replace(self, lines=(*self.lines[:start], *lines, *self.lines[end:]))


def read_golden(path: str) -> GoldenFile:
    """Return a file, an empty one where there is none.

    Raises:
        PatternError: it is not a string.
        PycInspectError: ``unreadable``: it cannot be read.
    """
    try:
        return parse_golden(shown(path), Path(path).read_bytes())
    except FileNotFoundError:
        return GoldenFile(shown(path))
    except OSError as error:
        raise PycInspectError("unreadable", str(error.strerror), path=shown(path)) from error


def shown(path: str) -> str:
    """Return a path as messages have it."""
    try:
        below = os.path.relpath(path)
    except ValueError:  # another drive of Windows
        return path
    return path if below.startswith(os.pardir) else below


def located(error: PatternError, path: str) -> PatternError:
    """Return an error with the file it is about."""
    error.path = path
    return error


def parse_golden(path: str, data: bytes) -> GoldenFile:
    """Return a file as text; it is not looked into yet.

    Raises:
        PatternError: it is not UTF-8.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PatternError(f"{path} is not encoded in UTF-8: {error}") from error
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = re.split(r"\r\n|\n", text)
    return GoldenFile(path, tuple(lines if lines[-1] else lines[:-1]), newline)


# --- Reading -----------------------------------------------------------------------------

_BLANK = re.compile(r"\s*")
_COMMENT = re.compile(r"\s*#.*")
#: Comments directly above a title; what signs the lines of a section is that section's.
_ABOVE = re.compile(r"\s*#(?!\s*python:).*")
#: Lines that end no section, and belong to it only if others of it follow.
_PADDING = re.compile(r"\s*|#(?!\s*python:).*")
_EXPECTED = "an indented instruction, 'consts:', 'handlers:', a guard '@>=3.12:' or '[section]'"


def _sections(file: GoldenFile) -> Iterator[Section]:
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
    return [index for index, line in enumerate(lines) if _TITLE.fullmatch(line)]


def _heads(lines: Sequence[str]) -> frozenset[int]:
    """Return the lines whose directives are those of the section above them alone."""
    starts = (index + 1 for index in _titles(lines))
    return frozenset(line for start in starts for line in range(start, _head(lines, start)))


def _section(file: GoldenFile, index: int, following: int, heads: Container[int]) -> Section:
    lines = file.lines
    found = _TITLE.fullmatch(lines[index])
    assert found is not None
    title = found["title"].strip()
    above = _skipped_back(lines, index, _ABOVE)
    start = max((line + 1 for line in range(above, index) if line in heads), default=above)
    head = _head(lines, index + 1)
    end = max(_skipped_back(lines, following, _PADDING), head)
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


def _head(lines: Sequence[str], start: int) -> int:
    """Return the index of the line after the directives directly below a title."""
    block = range(start, _skipped(lines, start, _COMMENT))
    return max((index + 1 for index in block if _is_scoped(lines[index])), default=start)


def _inheriting(indexes: Iterable[int], heads: Container[int]) -> Iterator[int]:
    """Yield the lines whose directives are not those of one section alone."""
    return (index for index in indexes if index not in heads)


def _directives(file: GoldenFile, indexes: Iterable[int]) -> dict[str, str]:
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


def _variants(file: GoldenFile, start: int, head: int, end: int) -> Iterator[Variant]:
    guards = {
        index: found for index in range(head, end) if (found := _GUARD.fullmatch(file.lines[index]))
    }
    ends = [*guards, end]
    yield _variant(file, (), start, head, ends[0])
    for (index, found), following in zip(guards.items(), ends[1:], strict=True):
        conditions = tuple(part.removeprefix("@") for part in found["conditions"].split())
        _check_guard(file, index + 1, conditions)
        yield _variant(file, conditions, index, index + 1, following)


def _check_guard(file: GoldenFile, line: int, conditions: tuple[str, ...]) -> None:
    try:
        for text in conditions:
            condition(text)
    except PatternError as error:
        raise file.error(line, error.message, error.expected) from None


def _variant(
    file: GoldenFile, conditions: tuple[str, ...], start: int, body: int, end: int
) -> Variant:
    end = max(_skipped_back(file.lines, end, _BLANK), body)
    facts: dict[str, str] = {}
    instructions: list[str] = []
    for index in range(body, end):
        line = file.lines[index]
        if found := _FACT.fullmatch(line):
            facts[found["name"]] = found["value"]
        elif line[:1].isspace() and not _COMMENT.fullmatch(line) and line.strip():
            instructions.append(line.strip())
        elif not _BLANK.fullmatch(line) and not _COMMENT.fullmatch(line):
            raise file.error(index + 1, "this line is none of a section", _EXPECTED)
    content = Content(tuple(instructions), facts.get("consts"), facts.get("handlers"))
    python = _directives(file, range(start, end)).get("python")
    return Variant(conditions, start, body, end, python, content)


def _skipped(lines: Sequence[str], index: int, form: re.Pattern[str]) -> int:
    while index < len(lines) and form.fullmatch(lines[index]):
        index += 1
    return index


def _skipped_back(lines: Sequence[str], index: int, form: re.Pattern[str]) -> int:
    while index > 0 and form.fullmatch(lines[index - 1]):
        index -= 1
    return index


# --- Changing ----------------------------------------------------------------------------


def _header_view(file: GoldenFile) -> str:
    lines = _inheriting(range(len(file.lines)), _heads(file.lines))
    return _directives(file, lines).get("view", _DEFAULT_VIEW)


def _is_scoped(line: str) -> bool:
    """Return whether a line is a directive that counts for sections, not for one variant."""
    directive = _DIRECTIVE.fullmatch(line)
    return directive is not None and directive["name"] != "python"


def _is_signature(line: str) -> bool:
    """Return whether a line says who wrote the lines below it."""
    return _DIRECTIVE.fullmatch(line) is not None and not _is_scoped(line)


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return new lines with the comments of old ones, and unchanged ones as they were."""
    from pycinspect.diffing import Op, aligned

    known = {line.strip() for line in new}
    said, above = _said(old)
    merged: list[str] = []
    texts = [_uncommented(line, known) for line in said]
    for span in aligned(texts, [line.strip() for line in new]):
        is_same = span.op is Op.EQUAL
        for index in span.old:
            merged += above[index]
            merged += [said[index]] if is_same else []
        merged += [] if is_same else new[span.new.start : span.new.stop]
    return merged + above[-1]


def _said(lines: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return lines without comments, and the comments above each and below all."""
    said: list[str] = []
    above: list[list[str]] = [[]]
    for line in lines:
        if (_COMMENT.fullmatch(line) and not _is_signature(line)) or _BLANK.fullmatch(line):
            above[-1].append(line)
        else:
            said.append(line)
            above.append([])
    return said, above


def _uncommented(line: str, known: set[str]) -> str:
    """Return a line without its comment, if it is one of those that are known."""
    text = line.strip()
    ends = (found.start() for found in re.finditer(r"\s*(?:#|$)", text))
    return next((text[:end] for end in ends if text[:end] in known), text)
