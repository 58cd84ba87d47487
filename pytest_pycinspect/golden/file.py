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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect import PatternError
from pytest_pycinspect.golden.sections import (
    BLANK,
    COMMENT,
    FACT,
    TITLE,
    Content,
    Section,
    Variant,
    head_of,
    header_view,
    is_scoped,
    is_signature,
    sections_of,
    skipped,
    skipped_back,
)

__all__ = ["GoldenFile", "located", "parse_golden", "read_golden", "shown"]


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
        for section in sections_of(self):
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
            "" if FACT.fullmatch(line) else line for line in self.lines[variant.body : variant.end]
        )
        return "\n" * variant.body + "\n".join(kept)

    def spells(self, variant: Variant, content: Content) -> bool:
        """Return whether a variant says some content in these very words, comments apart."""
        said, _ = _said(self.lines[variant.body : variant.end])
        known = {line.strip() for line in content.lines}
        plain = [line for line in said if not is_signature(line)]
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
                line for line in self.lines[variant.start : variant.body] if not is_signature(line)
            ]
            is_tight = TITLE.fullmatch("".join(self.lines[variant.end : variant.end + 1]))
            gap = [""] if is_tight and not old else []
            merged = _merged(old, signed)
            # What stood between instructions is not directly below the title now.
            space = [""] if not conditions and head_of(merged, 0) else []
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
        end = skipped(self.lines, section.end, BLANK)
        outside = [*self.lines[section.start : section.line], *self.lines[section.head : end]]
        scoped = [line for line in outside if is_scoped(line)]
        # What names the code is about the section that goes; the file may count for others.
        plain = self._cut(section.start, end, [line for line in scoped if "::" not in line])
        others = [one for one in self.sections.values() if one.title != section.title]
        if all(plain.sections[one.title].source == one.source for one in others):
            return plain
        return self._cut(section.start, end, [line.partition("::")[0] for line in scoped])

    def _cut(self, start: int, end: int, inherited: Sequence[str]) -> GoldenFile:
        """Return the file without some lines, but for directives that count below them."""
        if end == len(self.lines) and not inherited:
            start = skipped_back(self.lines, start, BLANK)
        # Directly below another title they would be of that section alone.
        above, below = self.lines[:start][-1:], (*inherited, *self.lines[end:])[:1]
        is_below = any(map(str.strip, above)) and any(map(COMMENT.fullmatch, below))
        return self._spliced(start, end, [*([""] if is_below else []), *inherited])

    def _with_section(self, title: str, view: str) -> GoldenFile:
        head = [] if header_view(self) == view else [f"# view: {view}"]
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


# --- Changing ----------------------------------------------------------------------------


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
        if (COMMENT.fullmatch(line) and not is_signature(line)) or BLANK.fullmatch(line):
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
