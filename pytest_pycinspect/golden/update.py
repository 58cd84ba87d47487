"""What is to be written to a ``*.bytecode`` file, and how: it is replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from pycinspect.writing import replacing
from pytest_pycinspect.golden.file import GoldenFile, read_golden
from pytest_pycinspect.golden.inline import SNAPSHOT, CallEnd, TestSource, golden_of, read_source
from pytest_pycinspect.golden.places import SUFFIX
from pytest_pycinspect.golden.sections import Content

__all__ = ["Edit", "Planned", "UpdateKind", "planned", "recorded"]


class UpdateKind(Enum):
    """What may be written."""

    #: What is not recorded yet.
    CREATE = "create"
    #: What is recorded and no longer so.
    FIX = "fix"
    #: What is so, and would be written in other words.
    RESPELL = "respell"
    #: Sections that no test uses are removed.
    TRIM = "trim"


class Edit(NamedTuple):
    """What a section says from now on; nothing that cannot be sent by a worker.

    Args:
        path: of the file.
        title: of the section.
        order: of new sections.
        kind: value of a :class:`UpdateKind`.
        conditions: of the variant.
        instructions: its content.
        consts: likewise.
        handlers: likewise.
        python: who says it.
        view: of a new section.
        over: conditions of the variant that counted so far.
    """

    path: str
    title: str
    order: int
    kind: str
    conditions: tuple[str, ...]
    instructions: tuple[str, ...]
    consts: str | None
    handlers: str | None
    python: str
    view: str
    over: tuple[str, ...]

    @property
    def content(self) -> Content:
        """What the variant says."""
        return Content(self.instructions, self.consts, self.handlers)


class Planned(NamedTuple):
    """What is to be written to a file.

    Args:
        path: of the file.
        before: what it has.
        after: what it is to have.
        edits: of its sections.
        lost: titles of sections of which tests have two values.
    """

    path: str
    before: str
    after: str
    edits: Sequence[Edit]
    lost: Sequence[str]

    def write(self) -> None:
        """Write the file as a whole: a reader sees the old one, or the new one.

        Raises:
            OSError: it cannot be written.
        """
        if self.after != self.before:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with replacing(self.path, newline="") as stream:
                stream.write(self.after)


def planned(path: str, edits: Sequence[Edit], trim: Sequence[str]) -> Planned:
    """Read a file again, and return what is to be written.

    Args:
        path: of the file: of goldens, or the source of a test with snapshots in it.
        edits: of its sections.
        trim: titles of sections that are left out.

    Raises:
        PycInspectError: it cannot be read, or is not well formed.
    """
    chosen = _agreed(edits)
    if path.endswith(SUFFIX):
        file = read_golden(path)
        texts = file.text, _edited(file, chosen).without(trim).text
    else:
        source = read_source(path)
        texts = source.text, _filled(source, chosen).text
    lost = {edit.title for edit in edits} - {edit.title for edit in chosen}
    return Planned(path, *texts, chosen, sorted(lost))


def recorded(edit: Edit) -> Content | None:
    """Return what is recorded where an edit is to be, None for nothing.

    Raises:
        PycInspectError: the file cannot be read, or is not well formed.
    """
    if edit.path.endswith(SUFFIX):
        section = read_golden(edit.path).sections.get(edit.title)
    else:
        given = read_source(edit.path).argument(CallEnd.parse(edit.title))
        section = golden_of(edit.path, given.line, given.value, edit.view).sections[SNAPSHOT]
    conditions = edit.over if edit.kind == UpdateKind.FIX.value else edit.conditions
    variant = None if section is None else section.variant(conditions)
    return None if variant is None or not variant.content.lines else variant.content


def _filled(source: TestSource, edits: Iterable[Edit]) -> TestSource:
    """Return a test's source with what its snapshots say from now on."""
    files: dict[CallEnd, GoldenFile] = {}
    for edit in edits:
        end = CallEnd.parse(edit.title)
        file = files.get(end)
        if file is None:
            given = source.argument(end)
            file = golden_of(source.path, given.line, given.value, edit.view)
        files[end] = _edited(file, [edit._replace(title=SNAPSHOT)])
    return source.with_goldens(files)


def _agreed(edits: Iterable[Edit]) -> list[Edit]:
    """Return edits in the order of their tests, without those that contradict each other."""
    found: dict[tuple[str, tuple[str, ...]], set[Edit]] = {}
    for edit in edits:
        found.setdefault((edit.title, edit.conditions), set()).add(edit)
    agreed = [min(group) for group in found.values() if len({e.content for e in group}) == 1]
    return sorted(agreed, key=lambda edit: (edit.order, edit.title))


def _edited(file: GoldenFile, edits: Iterable[Edit]) -> GoldenFile:
    for edit in edits:
        file = file.with_content(
            edit.title,
            edit.conditions,
            edit.content,
            python=edit.python,
            view=edit.view,
            over=edit.over,
        )
    return file
