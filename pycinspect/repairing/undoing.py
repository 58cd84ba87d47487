"""Taking back what a journal tells of, the last change first.

Each place is looked at: where there is what was there before, nothing has to be done; where there
is what the change left, it is taken back; anything else is somebody's later work, and stays. So it
can be repeated, and may be interrupted as often as anything can.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType

from pycinspect.errors import PycInspectError
from pycinspect.repairing.applying import failed, owner_of
from pycinspect.repairing.folder import Folder, Sighting, opened
from pycinspect.repairing.journal import JournalStep, kept_content, read_journal
from pycinspect.repairing.repair import FileState, RepairKind, RepairResult, RepairStatus
from pycinspect.writing import Attributes

__all__ = ["take_back"]

_LATER = "it has been changed since, and is left as it is"


def take_back(journal: str) -> Iterator[RepairResult]:
    """Take back what was done, and yield what became of each change that was still there.

    Args:
        journal: the folder of the journal, or the file in it.

    Raises:
        PycInspectError: as :func:`read_journal`.
    """
    for step in reversed(read_journal(journal)):
        try:
            status = _taken_back(step, journal)
        except OSError as error:
            yield failed(step.kind, step.spot.path, error.strerror or type(error).__name__)
        except PycInspectError as error:
            yield failed(step.kind, step.spot.path, error.message)
        else:
            if status is not None:
                reason = _LATER if status is RepairStatus.CHANGED else ""
                yield RepairResult(step.kind, step.spot.path, status, reason)


def _taken_back(step: JournalStep, journal: str) -> RepairStatus | None:
    """Take back one change; return None where it was not made, or is taken back already."""
    name = os.path.basename(step.spot.below)
    with opened(step.spot) as folder:
        _clean(folder, step)
        seen = folder.look(name)
        if step.before.is_like(seen.state):
            return None
        if not _is_as_left(step.after, seen.state):
            return RepairStatus.CHANGED
        content = kept_content(journal, step) if step.kept else b""
        if not folder.is_still(name, seen):
            return RepairStatus.CHANGED
        _WAYS_BACK[step.kind](folder, name, step, seen, content)
    return RepairStatus.DONE


def _clean(folder: Folder, step: JournalStep) -> None:
    """Remove what a process that was killed has not completed."""
    remove = folder.remove_directory if step.kind is RepairKind.REMOVE_DIRECTORY else folder.remove
    with suppress(FileNotFoundError):
        remove(step.temporary)


def _is_as_left(after: FileState | None, state: FileState | None) -> bool:
    return state is None if after is None else after.is_like(state)


def _restore(folder: Folder, name: str, step: JournalStep, seen: Sighting, content: bytes) -> None:
    before = step.before
    attributes = Attributes(before.mode, owner_of(before), before.mtime_ns)
    folder.write(name, content, attributes, step.temporary, is_new=seen.state is None)


def _restore_mode(
    folder: Folder, name: str, step: JournalStep, seen: Sighting, _content: bytes
) -> None:
    folder.change_mode(name, step.before.mode, seen.identity)


def _restore_directory(
    folder: Folder, name: str, step: JournalStep, _seen: Sighting, _: bytes
) -> None:
    folder.make_directory(name, step.before, step.temporary)


_WAYS_BACK: Mapping[RepairKind, Callable[[Folder, str, JournalStep, Sighting, bytes], None]] = (
    MappingProxyType(
        {
            RepairKind.CHMOD: _restore_mode,
            RepairKind.DELETE: _restore,
            RepairKind.RECOMPILE: _restore,
            RepairKind.CONVERT: _restore,
            RepairKind.REMOVE_DIRECTORY: _restore_directory,
        }
    )
)
