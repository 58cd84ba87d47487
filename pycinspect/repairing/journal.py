"""What was done, so that it can be taken back: a folder of its own for each run.

``journal.jsonl`` has a line for each step, ``kept/`` what was in the files before. A line, and
what it refers to, is on the disk before the file is changed that it is about: whenever the process
or the machine stops, the journal knows of every change that may have been made. So the last line
may be torn, and no other.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self

from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, open_regular, read_all
from pycinspect.repairing.folder import CONTENT_LIMIT, digest_of
from pycinspect.repairing.repair import FileState, Repair, RepairKind, Spot
from pycinspect.writing import Attributes, write_whole

__all__ = ["JOURNAL", "SCHEMA", "JournalStep", "JournalWriter", "kept_content", "read_journal"]

#: Name and version of the first line.
SCHEMA = "pycinspect.journal/1"
JOURNAL = "journal.jsonl"
_KEPT = "kept"
#: Bytes of the longest line: paths have 4,096 at most, and JSON makes six of some.
_LONGEST_LINE = 128 * 1024
_PRIVATE = 0o700
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class JournalStep:
    """One change that may have been made.

    Args:
        kind: what was done.
        spot: where.
        before: what was there.
        after: what is there if it was done; None for nothing.
        kept: the name of the file with the old content, "" where none is needed.
        temporary: what a new file is called until it is complete.
    """

    kind: RepairKind
    spot: Spot
    before: FileState
    after: FileState | None
    kept: str = ""
    temporary: str = ""


class JournalWriter:
    """Writes the journal of one run; a context manager.

    Args:
        folder: is made, and may not be there yet.

    Raises (as its methods do):
        PycInspectError: ``unwritable``; the change that was to follow may not be made then.
    """

    def __init__(self, folder: str, tops: tuple[str, ...]) -> None:
        self.folder = folder
        self._tops = tops
        self._count = 0
        with _written(folder):
            os.makedirs(folder, _PRIVATE)
            os.mkdir(os.path.join(folder, _KEPT), _PRIVATE)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _BINARY
            self._descriptor = os.open(os.path.join(folder, JOURNAL), flags, 0o600)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        self._line({"schema": SCHEMA, "began": began, "trees": list(tops)})
        with _written(folder):
            _sync_directory(folder)
            _sync_directory(os.path.dirname(os.path.abspath(folder)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)

    def begin(self, repair: Repair, content: bytes, temporary: str) -> None:
        """Note a change that is made next, and keep what is there now.

        Args:
            repair: the change.
            content: of the file that is changed.
            temporary: what new content is called until it is complete.
        """
        self._count += 1
        kept = self._keep(content) if repair.kind in _CONTENT else ""
        step = {
            "step": self._count,
            "action": repair.kind.value,
            "rules": list(repair.rules),
            "tree": self._tops.index(repair.spot.top),
            "path": repair.spot.below,
            "before": repair.before._asdict(),
            "after": None if repair.after is None else repair.after._asdict(),
            "kept": kept,
            "temporary": temporary,
        }
        self._line(step)

    def _keep(self, content: bytes) -> str:
        name = f"{self._count:06}"
        place = os.path.join(self.folder, _KEPT, name)
        with _written(self.folder):
            write_whole(place, content, Attributes(0o600), temporary=f"{place}.tmp", is_new=True)
            _sync_directory(os.path.dirname(place))
        return name

    def _line(self, value: Mapping[str, object]) -> None:
        # One write: a line is there as a whole, or it is the last one and torn.
        data = json.dumps(value).encode("ascii") + b"\n"
        with _written(self.folder):
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)


#: Repairs after which the old content is nowhere else.
_CONTENT = frozenset({RepairKind.DELETE, RepairKind.RECOMPILE, RepairKind.CONVERT})


def _sync_directory(path: str) -> None:
    """See to it that a name is on the disk; Windows does so itself."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _written:  # noqa: N801 - reads as a statement
    """Names what cannot be written of a journal."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or error
            message = f"the journal cannot be written: {reason}; --journal names another place"
            raise PycInspectError("unwritable", message, path=self._folder) from error


# --- Reading ---------------------------------------------------------------------------------


def read_journal(path: str) -> list[JournalStep]:
    """Read the steps of a run, in their order.

    Args:
        path: the folder of the journal, or the file in it.

    Raises:
        PycInspectError: ``bad-journal`` where it is none, is damaged in more than its last line, or
            can be written by others, who could have any file replaced; ``not-found``,
            ``unreadable``.
    """
    file = os.path.join(path, JOURNAL) if os.path.isdir(path) else path
    with errors_named(file):
        _require_ours(os.path.dirname(file) or os.curdir)
        _require_ours(file)
        with open_regular(file) as stream:
            return list(_steps(iter(lambda: stream.readline(_LONGEST_LINE), b"")))


def kept_content(journal: str, step: JournalStep) -> bytes:
    """Return what was in the file before a step.

    Args:
        journal: the folder of the journal, or the file in it.
        step: one of its steps.

    Raises:
        PycInspectError: ``bad-journal`` where it is not what was kept; ``not-found``, ``unreadable``.
    """
    folder = journal if os.path.isdir(journal) else os.path.dirname(journal)
    place = os.path.join(folder, _KEPT, step.kept)
    with errors_named(place):
        content = read_all(place, CONTENT_LIMIT)
    if digest_of(content) != step.before.digest:
        raise PycInspectError("bad-journal", "it is not what was kept", path=place)
    return content


def _require_ours(path: str) -> None:
    if os.name != "posix":
        return
    status = os.stat(path)
    if status.st_uid not in {0, os.geteuid()} or stat.S_IMODE(status.st_mode) & 0o022:
        message = "others can write it, and could have any file replaced: it is not followed"
        raise PycInspectError("bad-journal", message)


def _steps(lines: Iterable[bytes]) -> Iterator[JournalStep]:
    tops: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            if number == 1:
                tops = _tops(value)
            else:
                yield _step(value, tops)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            is_torn = not line.endswith(b"\n") and len(line) < _LONGEST_LINE
            if is_torn and (number > 1 or _may_begin(line)):
                return  # it is the last, and the change that it was about was not made
            message = f"line {number} is not one of a {SCHEMA} file"
            raise PycInspectError("bad-journal", message) from error


def _may_begin(line: bytes) -> bool:
    """Return whether a torn first line is that of a journal."""
    beginning = json.dumps({"schema": SCHEMA}).encode("ascii")[:-1]
    return line.startswith(beginning) or beginning.startswith(line)


def _tops(value: Any) -> list[str]:
    if value["schema"] != SCHEMA:
        raise ValueError(value["schema"])
    tops = [os.fspath(top) for top in value["trees"]]
    if not all(isinstance(top, str) and os.path.isabs(top) for top in tops):
        raise ValueError(tops)
    return tops


def _step(value: Any, tops: list[str]) -> JournalStep:
    after, below = value["after"], _below(value["path"])
    return JournalStep(
        RepairKind(value["action"]),
        Spot(tops[_number(value["tree"], 0, len(tops) - 1)], below),
        _state(value["before"]),
        None if after is None else _state(after),
        _named(value["kept"], "[0-9]*"),
        _named(value["temporary"], rf"{re.escape(os.path.basename(below))}\.[0-9]+"),
    )


def _below(path: Any) -> str:
    """Return a path that leads nowhere but down."""
    if not isinstance(path, str) or "\0" in path:
        raise ValueError(path)
    if not all(part not in {"", os.curdir, os.pardir} for part in path.split(os.sep)):
        raise ValueError(path)
    return path


def _named(name: Any, pattern: str) -> str:
    if not isinstance(name, str) or re.fullmatch(pattern, name, re.ASCII) is None:
        raise ValueError(name)
    return name


def _number(number: Any, least: int, most: int) -> int:
    if type(number) is not int or not least <= number <= most:
        raise ValueError(number)
    return number


#: What a state's numbers may be; what is not here may have 64 bits.
_MOST: Mapping[str, int] = MappingProxyType(
    {"mode": 0o7777, "uid": 2**32 - 1, "gid": 2**32 - 1, "links": 2**32}
)
_TEXTS = frozenset({"kind", "digest"})


def _state(value: Any) -> FileState:
    state = FileState(**value)
    for name, part in state._asdict().items():
        if name not in _TEXTS:
            _number(part, 0 if name in _MOST else -(2**63), _MOST.get(name, 2**63 - 1))
        elif not isinstance(part, str):
            raise TypeError(name)
    return state
