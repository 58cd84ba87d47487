"""What the interpreter itself says of its imports: audit hooks (PEP 578), and the files.

A program of the sandbox begins with :data:`PRELUDE`. Its hook writes a line for each file that is
opened, each payload that is decoded, each source that is compiled and each body that runs, in
whatever thread or forked process. The sandbox knows nothing of that; its own witness is a finder
and a profiler.
"""

from __future__ import annotations

import ast
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import MAGIC_NUMBER
from typing import NamedTuple

from pytest_pycinspect.sandbox import CacheEvent

__all__ = ["PRELUDE", "Deed", "deeds", "wrong"]

#: Its names are arguments, so that nothing which the program replaces is looked up.
PRELUDE = """
import _thread, posix, sys
def _hook(log, posix=posix, ident=_thread.get_ident, frame=sys._getframe, repr=repr, str=str,
          bytes=bytes, isinstance=isinstance, busy=set(), next=next, type=type):
    def text_of(path):
        fd = posix.open(path, posix.O_RDONLY)
        try:
            return posix.read(fd, 100_000)
        finally:
            posix.close(fd)
    def start_of(path):
        try:
            return text_of(path)[:16]
        except OSError:
            return None
    def say(*words):
        fd = posix.open(log, posix.O_WRONLY | posix.O_APPEND | posix.O_CREAT)
        posix.write(fd, (repr((posix.getpid(), ident(), *words)) + "\\n").encode())
        posix.close(fd)
    def hear(event, args):
        if event not in ("open", "marshal.loads", "compile", "exec", "os.rename"):
            return
        if ident() in busy or frame(1).f_code.co_filename.endswith("child.py"):
            return
        busy.add(ident())
        try:
            if event == "open" and isinstance(args[0], str) and (".py" in args[0] or ".zip" in args[0]):
                say("open", args[0], start_of(args[0]))
            elif event == "marshal.loads":
                say("loads")
            elif event == "compile" and isinstance(args[1], (str, bytes)):
                name = args[1]
                say("compile", name if isinstance(name, str) else name.decode())
            elif event == "os.rename":
                say("rename", args[0], args[1])
            elif event == "exec" and hasattr_code(args[0]):
                code = args[0]
                mark = next((c for c in code.co_consts if isinstance(c, str) and c[:1] == "<"), None)
                text = None if mark is None else text_or_none(code.co_filename)
                say("exec", code.co_filename, None if text is None else mark.encode() in text)
        except (OSError, RecursionError):
            pass
        finally:
            busy.discard(ident())
    say("begin")
    def hasattr_code(value, kind=type(_hook_code.__code__)):
        return isinstance(value, kind)
    def text_or_none(path):
        try:
            return text_of(path)
        except OSError:
            return None
    return hear
def _hook_code(): pass
sys.addaudithook(_hook(LOG))
del _hook, _hook_code, _thread, posix
"""


class Deed(NamedTuple):
    """One line of the hook.

    Args:
        process: who did it.
        thread: likewise.
        kind: ``open``, ``loads``, ``compile``, ``exec``, ``rename``.
        fields: a path, and what else there is.
    """

    process: int
    thread: int
    kind: str
    fields: tuple[object, ...]


def deeds(log: str) -> list[Deed]:
    """Return what a hook wrote."""
    try:
        with open(log, encoding="utf-8") as stream:
            rows = [ast.literal_eval(line) for line in stream]
    except FileNotFoundError:
        return []
    return [Deed(process, thread, kind, tuple(rest)) for process, thread, kind, *rest in rows]


@dataclass
class Loads:
    """What was done with the files of one module, by one process.

    Args:
        done: how often its cache was decoded (``cached``) and put in place (``written``), and its
            source compiled, by what the cache was like that was opened just before.
        ran: of the code that ran, whether the source had its marker then; None where there was none.
        is_zipped: it is in a zip file, whose importer gets the code twice.
    """

    done: Counter[str] = field(default_factory=Counter)
    ran: list[bool | None] = field(default_factory=list)
    is_zipped: bool = False


def of_modules(said: Sequence[Deed], directory: str) -> dict[tuple[int, str], Loads]:
    """Return what each process did with each file's module, by the file's name."""
    found: dict[tuple[int, str], Loads] = defaultdict(Loads)
    opened: dict[tuple[int, int], Deed] = {}
    unpacked: Counter[tuple[int, int]] = Counter()
    for deed in said:
        who = (deed.process, deed.thread)
        before = opened.get(who)
        if deed.kind == "open" and str(deed.fields[0]).endswith((".pyc", ".zip")):
            opened[who] = deed
        is_packed = before is not None and str(before.fields[0]).endswith(".zip")
        unpacked[who] += deed.kind == "loads" and is_packed
        path = _subject(deed, before)
        place = os.path.normpath(os.path.join(directory, path))
        if directory.lstrip(os.sep) not in place:  # it may be below a prefix
            continue
        if deed.kind in {"begin", "open"} or not path.endswith((".py", ".pyc", ".txt")):
            continue
        loads = found[deed.process, _stem_of(path)]
        loads.is_zipped |= ".zip" in path or unpacked[who] > 0
        if deed.kind == "exec":
            loads.done["cached"] += unpacked.pop(who, 0)
            loads.ran.append(deed.fields[1])  # type: ignore[arg-type] # as the hook writes it
        else:
            loads.done[_WORDS.get(deed.kind) or _refusal(path, before)] += 1
            opened.pop(who, None)
    return found


_WORDS = {"loads": "cached", "rename": "written"}


def _refusal(source: str, opened: Deed | None) -> str:
    """Return why a source was compiled: what the cache was like that was opened before."""
    if opened is None or _stem_of(str(opened.fields[0])) != _stem_of(source):
        return "bypassed"
    start = opened.fields[1]
    if not isinstance(start, bytes):
        return "miss"
    is_whole = start.startswith(MAGIC_NUMBER) and len(start) == _HEADER_SIZE
    return "stale" if is_whole and int.from_bytes(start[4:8], "little") <= 0b11 else "invalid"


_HEADER_SIZE = 16


def _stem_of(path: str) -> str:
    return os.path.basename(path).partition(".")[0]


def _subject(deed: Deed, opened: Deed | None) -> str:
    """Return the file that a line is about; a payload is that of what was opened last."""
    if deed.kind != "loads":
        return str(deed.fields[-1 if deed.kind == "rename" else 0]) if deed.fields else ""
    return (
        ""
        if opened is None or not str(opened.fields[0]).endswith(".pyc")
        else str(opened.fields[0])
    )


#: Outcomes for which a payload is decoded; all others are called as the hook's lines are.
_CACHED = ("hit", "stale_hit", "sourceless")


def wrong(
    events: Sequence[CacheEvent],
    said: Sequence[Deed],
    directory: str,
    compiled: Collection[str] = (),
) -> Iterator[str]:
    """Yield what events say that did not happen, and what happened that none tells of.

    Args:
        events: of a run.
        said: by the hook in it.
        directory: of the project.
        compiled: modules that the program itself has compiled and written once, without an import.
    """
    main = said[0].process
    found = of_modules(said, directory)
    for name in compiled:
        found[main, name].done -= Counter(["bypassed", "written"])
    for name in {name for process, name in found if process == main}:
        ours = [event for event in events if _stem(event) == name]
        if not ours:
            yield f"{name}: no event tells of {found[main, name]}"
        elif not any(event.not_observed for event in ours):
            yield from _wrong(name, ours, found[main, name])
    told = {_stem(event) for event in events}
    for process, name in found:
        if process != main and found[process, name].done["written"] and name not in told:
            yield f"{name}: no event tells that process {process} wrote its cache"


def _stem(event: CacheEvent) -> str:
    """Return the name of the file that an event is about."""
    if event.pyc is None:
        return event.module.rpartition(".")[2]
    return os.path.basename(event.pyc).partition(".")[0]


def _wrong(name: str, events: Sequence[CacheEvent], loads: Loads) -> Iterator[str]:
    told = Counter("cached" if event.outcome in _CACHED else event.outcome for event in events)
    told["written"] = sum(event.written in {"created", "rewritten"} for event in events)
    if not _agree(told, loads):
        yield f"{name}: {dict(loads.done)} was done, and {dict(told)} is told: {events}"
    ran = [event.outcome not in {"stale_hit", "sourceless"} for event in events if event.code_ran]
    is_right = [said in {None, told} for said, told in zip(loads.ran, ran, strict=False)]
    if len(ran) != len(loads.ran) or not all(is_right):
        yield f"{name}: {loads.ran} ran: {events}"


def _agree(told: Counter[str], loads: Loads) -> bool:
    if not loads.is_zipped:
        return told == loads.done  # which counts what is missing as 0
    was_compiled = loads.done.total() > loads.done["cached"]
    return (told["cached"] > 0, told.total() > told["cached"]) == (
        loads.done["cached"] > 0,
        was_compiled,
    )
