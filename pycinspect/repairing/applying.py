"""Doing what was planned: one file at a time, each old or new and never between.

Before each change it is looked again whether there is still what the plan was made for, and the
journal is written. What cannot be changed does not keep the others from being mended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from secrets import randbelow
from types import MappingProxyType
from typing import NamedTuple, Protocol

from pycinspect.errors import PycInspectError
from pycinspect.repairing.folder import Folder, Sighting, opened
from pycinspect.repairing.repair import (
    FileState,
    Portion,
    Repair,
    RepairKind,
    RepairResult,
    RepairStatus,
    SourceState,
)
from pycinspect.writing import Attributes

__all__ = ["CHANGED", "NO_JOURNAL", "Notes", "apply_repairs", "failed", "owner_of"]

CHANGED = "it has changed since it was looked at"
_SOURCE_CHANGED = "its source has changed since it was looked at"
_SOURCE_CAME = "its source is there now"
#: Ids of objects, of which importlib makes the names of its temporary files, are as long.
_LARGEST_ID = 2**47


class Notes(Protocol):
    """Where changes are noted before they are made: a journal, or nowhere."""

    def begin(self, repair: Repair, content: bytes, temporary: str) -> None:
        """Note a change that is made next."""


class _NoJournal:
    """Notes nothing: nothing can be taken back."""

    def begin(self, repair: Repair, content: bytes, temporary: str) -> None:
        """Note nothing."""


NO_JOURNAL: Notes = _NoJournal()


def apply_repairs(
    repairs: Iterable[Repair], content_of: Callable[[Portion], bytes], notes: Notes
) -> Iterator[RepairResult]:
    """Make changes, one after another, and yield what became of each.

    Args:
        repairs: in the order of the plan.
        content_of: returns new content that was kept.
        notes: where each change is noted before it is made.

    Raises:
        PycInspectError: ``unwritable`` where it cannot be noted; nothing more is changed then.
    """
    for repair in repairs:
        content = b"" if repair.content is None else content_of(repair.content)
        try:
            reason = _applied(repair, content, notes)
        except OSError as error:
            yield failed(repair.kind, repair.path, error.strerror or type(error).__name__)
        except PycInspectError as error:
            if error.slug == "unwritable":
                raise
            yield failed(repair.kind, repair.path, error.message)
        else:
            status = RepairStatus.CHANGED if reason else RepairStatus.DONE
            yield RepairResult(repair.kind, repair.path, status, reason)


def failed(kind: RepairKind, path: str, reason: str) -> RepairResult:
    """Return what became of a change that could not be made."""
    return RepairResult(kind, path, RepairStatus.FAILED, reason)


def owner_of(state: FileState) -> tuple[int, int] | None:
    """Return whose a file is to be; None where the system has no owners."""
    return (state.uid, state.gid) if hasattr(os, "fchown") else None


class _Change(NamedTuple):
    """One repair, just before it is done.

    Args:
        folder: the directory.
        name: of the file in it.
        repair: what is done.
        seen: what is there.
        content: the new content.
        temporary: what that is called at first.
    """

    folder: Folder
    name: str
    repair: Repair
    seen: Sighting
    content: bytes
    temporary: str


def _applied(repair: Repair, content: bytes, notes: Notes) -> str:
    """Make one change; return why it was not made, "" where it was."""
    name = os.path.basename(repair.spot.below)
    with opened(repair.spot) as folder:
        seen = folder.look(name)
        if not repair.before.is_like(seen.state):
            return CHANGED
        if repair.source is not None and not _is_same_source(repair.source):
            return _SOURCE_CHANGED
        if repair.absent and os.path.isfile(repair.absent):
            return _SOURCE_CAME
        # As importlib calls it: what a killed process leaves behind is known for what it is.
        temporary = f"{name}.{randbelow(_LARGEST_ID)}"
        notes.begin(repair, seen.content, temporary)
        if not folder.is_still(name, seen):
            return CHANGED
        _CHANGES[repair.kind](_Change(folder, name, repair, seen, content, temporary))
    return ""


def _is_same_source(source: SourceState) -> bool:
    try:
        status = os.stat(source.path)
    except OSError:
        return False
    return (status.st_mtime_ns, status.st_size) == (source.mtime_ns, source.size)


# --- Each kind of change -----------------------------------------------------------------------


def _change_mode(change: _Change) -> None:
    after = change.repair.after
    assert after is not None
    change.folder.change_mode(change.name, after.mode, change.seen.identity)


def _delete(change: _Change) -> None:
    change.folder.remove(change.name)


def _remove_directory(change: _Change) -> None:
    change.folder.remove_directory(change.name)


def _replace(change: _Change) -> None:
    before, after = change.repair.before, change.repair.after
    assert after is not None
    attributes = Attributes(after.mode, owner_of(before))
    change.folder.write(change.name, change.content, attributes, change.temporary, is_new=False)


_CHANGES: Mapping[RepairKind, Callable[[_Change], None]] = MappingProxyType(
    {
        RepairKind.CHMOD: _change_mode,
        RepairKind.DELETE: _delete,
        RepairKind.RECOMPILE: _replace,
        RepairKind.CONVERT: _replace,
        RepairKind.REMOVE_DIRECTORY: _remove_directory,
    }
)
