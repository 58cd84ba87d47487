"""What a witness tells while code runs, as values: ``child.py`` says it in plain Python."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

__all__ = [
    "Asks",
    "Body",
    "ChildRequest",
    "CompiledSource",
    "Elsewhere",
    "Environment",
    "Loaded",
    "Loads",
    "Moment",
    "Report",
    "Runs",
    "Watches",
    "moment_of",
    "parse_moment",
    "parse_report",
]


class ChildRequest(TypedDict):
    """What ``child.py`` is asked; see ``witness.observe``.

    ``arguments`` are ``sys.argv``, ``channel`` the two descriptors of a ``child.Channel``, or None.
    """

    code: str
    root: str
    arguments: list[str]
    channel: tuple[int, int] | None


class Report(TypedDict):
    """What it answers at the end; see ``witness.observe``."""

    imported: list[str]
    asked: list[str]
    bodies: list[str]
    raised: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Environment:
    """What an import depends on besides files, as it was at that moment.

    Args:
        directory: the current one, None where it is gone.
        no_write: ``sys.dont_write_bytecode``.
        prefix: ``sys.pycache_prefix``.
        tag: ``sys.implementation.cache_tag``; empty where this Python has none to change.
        level: ``sys.flags.optimize``.
        hash_checks: ``_imp.check_hash_based_pycs``.
        umask: of the process.
        user: its effective user, None on Windows.
        replaced: functions of the import system that are not those of the beginning.
        foreign: types of the finders in ``sys.meta_path`` that are not those of the beginning.
        company: other threads run, another process may have been started, or the program has
            audit hooks or a tracer, which can end what an import does.
        profiler: the program has a profiler of its own, so that this thread is not seen.
    """

    directory: str | None
    no_write: bool
    prefix: Any
    tag: Any
    level: Any
    hash_checks: str
    umask: int
    user: int | None
    replaced: Sequence[str]
    foreign: Sequence[str]
    company: bool
    profiler: bool = False

    def absolute(self, path: str) -> str:
        """Return a path of the program as one that does not depend on its directory."""
        return os.path.normpath(os.path.join(self.directory or os.sep, path))


class Watches(NamedTuple):
    """The first moment: which kinds of loaders can be seen; the C code of some cannot."""

    kinds: Sequence[str]


class Asks(NamedTuple):
    """An import looks for a module: its name, the search path, and in which thread."""

    thread: int
    name: str
    path: Sequence[str]
    environment: Environment


class Loads(NamedTuple):
    """A loader begins to get the code of a module.

    Args:
        token: by which later moments mean it.
        thread: where.
        name: of the module.
        kind: ``"source"``, ``"sourceless"``, ``"zip"``; with the name of a type before it where the
            loader is not Python's own.
        file: what it loads from; of a zip file, the directory in it.
        members: of a zip file, where the candidates are as the importer knows, and their checksums;
            None for one that is not there.
        environment: what it depends on.
    """

    token: str
    thread: int
    name: str
    kind: str
    file: str
    members: Mapping[str, tuple[int, int] | None]
    environment: Environment


class CompiledSource(NamedTuple):
    """What a source compiles to: marshalled code, or the name of what it raises.

    The key is that of the loading, or a name that was looked for.
    """

    key: str
    code: bytes | str


class Loaded(NamedTuple):
    """A loader is done.

    Args:
        token: of its beginning.
        code: the marshalled code, None where it raised.
        refused: functions of the loader in which the system refused something, each as often; ``?``
            where code of the program's own ran in the midst of it.
    """

    token: str
    code: bytes | None
    refused: Sequence[str] = ()


class Runs(NamedTuple):
    """The body of a module begins to run.

    Args:
        key: by which its code is told.
        token: of the loading that gave its code, None where none was seen.
        name: ``__name__``.
        file: ``__file__``, None where it has none.
        filename: the code's own.
        loader: the type of ``__loader__``, None where it has none.
        directory: the current one, None where it is gone.
    """

    key: str
    token: str | None
    name: str
    file: Any
    filename: str
    loader: str | None
    directory: str | None


class Body(NamedTuple):
    """The marshalled code of what began to run."""

    key: str
    code: bytes


class Elsewhere(NamedTuple):
    """A module is looked for in a process that was forked from the one that is watched."""

    name: str


Moment = Watches | Asks | Loads | CompiledSource | Loaded | Runs | Body | Elsewhere

_KINDS: Mapping[str, Callable[..., Moment]] = {
    "watches": Watches,
    "asks": Asks,
    "loads": Loads,
    "compiled": CompiledSource,
    "loaded": Loaded,
    "runs": Runs,
    "body": Body,
    "elsewhere": Elsewhere,
}


def moment_of(kind: str, *fields: Any) -> Moment:
    """Return a moment as it is told: its kind, and its fields, the environment as a dictionary."""
    values = [Environment(**field) if _is_environment(field) else field for field in fields]
    return _KINDS[kind](*values)


def _is_environment(field: object) -> bool:
    return isinstance(field, dict) and "no_write" in field


def parse_moment(line: bytes) -> Moment:
    """Return a moment from a line of Python's text, also from Python 2's."""
    kind, *fields = ast.literal_eval(line.decode("ascii"))
    moment = moment_of(kind, *fields)
    match moment:
        case CompiledSource(key, str(code)) if not code.isidentifier():
            return CompiledSource(key, _bytes(code))
        case Loaded(token, str(code), refused):
            return Loaded(token, _bytes(code), refused)
        case Body(key, str(code)):
            return Body(key, _bytes(code))
    return moment


def _bytes(value: str) -> bytes:
    """Return bytes, which Python 2 writes as it writes text."""
    return value.encode("latin-1")


def parse_report(text: str) -> Report:
    """Return a report from Python's text of it."""
    report: Report = ast.literal_eval(text)
    return report
