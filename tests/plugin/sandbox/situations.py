"""Sandboxes by chance, imported from by real interpreters; events compared with what happened.

``python -m tests.plugin.sandbox.situations --examples 300 --seed 1 [ORACLE ...]``

What really happened is told by the code itself (every source and every cache says its marker when
it runs) and by the bytes of all files before and after: neither is what the sandbox goes by.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from pycinspect.cache import expected_header, source_hash
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pytest_pycinspect.sandbox import CacheEvent, Pycache, Run, SandboxDisagreement
from pytest_pycinspect.sandbox.children import NamedInterpreter
from tests.differential.kit import CHILD as FACTS_CHILD
from tests.differential.trees import workspace
from tests.oracles import WANTED, Oracle, find_oracles

__all__ = ["Tally", "check_situations"]

MODULES = ("m", "pkg", "pkg.n")
LETTERS = "ABC"
T = 1_700_000_000
_MODES = {"timestamp": 0, "checked-hash": 0b11, "unchecked-hash": 0b01}
_RAN_SOURCE = {"miss", "stale", "invalid", "bypassed"}
_DIRECTORY = b"a directory"
_ROW = "{:<14} {:>10} {:>9} {:>8}  {}"


def source_of(name: str, letter: str) -> str:
    """Return a source that says its marker; all letters give the same size."""
    return f"print('<{name}:{letter}>')\n"


class Start(NamedTuple):
    """How the import is started."""

    optimize: int
    dont_write_bytecode: bool
    prefix: bool
    hash_checks: str


@dataclass(frozen=True)
class Situation:
    """What is done in the sandbox, and what is imported then."""

    start: Start
    deeds: tuple[tuple[Any, ...], ...]
    target: str


# --- Drawing --------------------------------------------------------------------------------


def _mostly(usual: Any, *unusual: Any) -> st.SearchStrategy[Any]:
    """Return the usual value three times in four."""
    return st.sampled_from([usual] * 3 * len(unusual) + [*unusual])


_letters = st.sampled_from(LETTERS)
_words = st.sampled_from([0, 1, T, T + 1, 2**32 - 1])
_fields = st.one_of(
    st.tuples(st.just("magic"), st.sampled_from(["3.8", "3.12", b"abcd", 3394])),
    st.tuples(st.just("flags"), st.sampled_from([0, 1, 2, 3, 4, 7])),
    st.tuples(st.just("mtime"), _words),
    st.tuples(st.just("size"), _words),
    st.tuples(st.just("hash"), st.just(b"01234567")),
    st.tuples(st.just("truncate"), st.integers(0, 20)),
    st.tuples(st.just("payload"), st.sampled_from([b"", b"N", b"garbage", b"i\x01\0\0\0"])),
)
_times = st.sampled_from([T, T + 5, "+1h", "same", -5, 2**32 + 5])


def _caches(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Any, ...]]:
    modes = st.sampled_from([*_MODES])
    return st.tuples(st.just("cache"), names, _mostly("A", *LETTERS), modes, _mostly(-1, 0, 1, 2))


def _deeds(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return what is done after caches were written; the harmless twice as often."""
    harmless = [
        st.tuples(st.just("edit"), names, _letters, st.booleans()),
        st.tuples(st.just("touch"), names, _times),
        st.tuples(st.just("corrupt"), names, _fields),
        _caches(names),
    ]
    others = [
        st.tuples(st.just("break"), names),
        st.tuples(st.just("delete"), names),
        st.tuples(st.just("is_file")),
        st.tuples(st.just("is_directory"), names),
        st.tuples(st.just("legacy"), names),
    ]
    return st.sampled_from([*harmless * 2, *others]).flatmap(lambda deed: deed)


@st.composite
def _situations(draw: st.DrawFn) -> Situation:
    start = Start(
        draw(_mostly(0, 1, 2)),
        draw(_mostly(False, True)),
        draw(_mostly(False, True)),
        draw(_mostly("default", "always", "never")),
    )
    target = draw(st.sampled_from(MODULES))
    names = _mostly(target, *MODULES)
    caches = draw(st.lists(_caches(names), min_size=draw(_mostly(1, 0)), max_size=2))
    deeds = draw(st.lists(_deeds(names), max_size=draw(_mostly(1, 0, 3))))
    return Situation(start, (*caches, *deeds), target)


def drawn(count: int, random_seed: int) -> list[Situation]:
    """Return about ``count`` situations, the same ones for the same seed."""
    found: list[Situation] = []

    @seed(random_seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],  # nothing fails here: failing is found out later, in one batch
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_situations())
    def collect(situation: Situation) -> None:
        found.append(situation)

    collect()
    return found


# --- Building -------------------------------------------------------------------------------


class Builder:
    """One situation's sandbox.

    What does not fit (a cache of a source that is gone, a field that this Python has not) is
    passed over: chance does not know what came before.
    """

    def __init__(self, oracle: Oracle, situation: Situation, directory: Path) -> None:
        self.row = DIALECTS[oracle.dialect]
        self._python = NamedInterpreter(str(oracle.program), oracle.version, self.row)
        self._payloads = payloads_of(oracle)
        self._start = situation.start
        directory.mkdir()
        self.sandbox = Pycache(directory)
        for name in MODULES:
            self.sandbox.write(
                name if name != "pkg" else "pkg.__init__", source_of(name, "A"), mtime=T
            )
        if self._has_prefix():
            self.sandbox.prefix()
        for kind, *arguments in situation.deeds:
            try:
                getattr(self, f"_{kind}")(*arguments)
            except (PycInspectError, OSError):
                continue

    def run(self, code: str) -> Run:
        """Run code as the situation says."""
        start, flags = self._start, []
        if start.hash_checks != "default" and self.row.source_hash is not None:
            flags += ["--check-hash-based-pycs", start.hash_checks]
        flags += ["-O"] * start.optimize + ["-B"] * start.dont_write_bytecode
        return self.sandbox.run(code, python=self._python, flags=flags)

    def _has_prefix(self) -> bool:
        return self._start.prefix and self.row.cache_path is not None and self.row.cache_path.prefix

    def _pyc(self, name: str, level: int | None = None) -> str:
        level = self._start.optimize if level is None else level
        return self.sandbox.pyc(name, python=self._python, optimize=level)

    def _edit(self, name: str, letter: str, keep_mtime: bool) -> None:
        self.sandbox.edit(name, source_of(name, letter), keep_mtime=keep_mtime)

    def _break(self, name: str) -> None:
        self.sandbox.edit(name, "(", keep_mtime=True)

    def _touch(self, name: str, mtime: Any) -> None:
        self.sandbox.touch(name, mtime)

    def _delete(self, name: str) -> None:
        self.sandbox.delete(name if name != "pkg" else "pkg.__init__")

    def _is_file(self) -> None:
        self.sandbox.pycache_is_file()

    def _is_directory(self, name: str) -> None:
        os.makedirs(self._pyc(name))

    def _corrupt(self, name: str, field: tuple[str, Any]) -> None:
        key, value = field
        path = self._pyc(name)
        if self.row.header is not None and self.row.header.has_flags is False and key == "hash":
            return
        self.sandbox.corrupt(path, python=self._python, **{key: value})

    def _legacy(self, name: str) -> None:
        """Move the cache to its source's place, and let the source disappear."""
        source = self.sandbox._project.require(name)
        self.sandbox.move(self._pyc(name), f"{source}c")
        os.remove(source)

    def _cache(self, name: str, letter: str, mode: str, level: int) -> None:
        """Write a cache of any letter's code for the source as it is; -1 is the right level."""
        source = Path(self.sandbox._project.require(name))
        path = Path(self._pyc(name, None if level < 0 else level))
        flags = _MODES[mode]
        if flags and self.row.source_hash is not None:
            digest = source_hash(source.read_bytes(), self.row)
            header = self.row.magic + flags.to_bytes(4, "little") + digest
        else:
            header = expected_header(self.row, source.stat()) or self.row.magic + bytes(4)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(header + self._payloads[f"<{name}:{letter}>"])


@cache
def payloads_of(oracle: Oracle) -> Mapping[str, bytes]:
    """Return the marshalled code of every module's every letter, by its marker."""
    texts = {
        f"<{name}:{letter}>": source_of(name, letter) for name in MODULES for letter in LETTERS
    }
    request = {"task": "facts", "payloads": texts, "sources": []}
    answer: Any = oracle.run(FACTS_CHILD, request, arguments=["-B"])
    return {marker: bytes.fromhex(code) for marker, code in answer["payloads"].items()}


# --- Importing and comparing ----------------------------------------------------------------


class Tally(NamedTuple):
    """What came of a batch."""

    compared: int
    outcomes: Counter[str]
    failures: list[str]


def check_situations(oracle: Oracle, situations: Sequence[Situation]) -> Tally:
    """Build situations, import in a child each, and compare."""
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    with workspace() as directory:
        for number, situation in enumerate(situations):
            found, wrong = _compared(Builder(oracle, situation, directory / str(number)), situation)
            outcomes.update(found)
            failures += [f"{oracle.name}: {text}\n  {situation}" for text in wrong]
    return Tally(len(situations), outcomes, failures)


def _contents(directory: Path) -> Mapping[str, bytes]:
    """Return the bytes of all files; a directory has some that no file has."""
    paths = [path for path in directory.rglob("*") if "messages" not in path.parts]
    return {str(path): path.read_bytes() if path.is_file() else _DIRECTORY for path in paths}


def _compared(builder: Builder, situation: Situation) -> tuple[list[str], list[str]]:
    """Return the outcomes of a situation's events, and what is wrong with them."""
    place = Path(builder.sandbox.root).parent
    before = _contents(place)
    try:
        run = builder.run(f"import {situation.target}")
    except SandboxDisagreement as error:
        return [], [str(error)]
    after = _contents(place)
    ran = dict(marker.strip("<>").split(":") for marker in run.stdout.split())
    wrong = [
        f"{event!r}: {text}"
        for event in run.history
        for text in _wrong(event, ran.get(event.module), before, after)
    ]
    told = {event.pyc for event in run.history if event.written}
    root = builder.sandbox.root  # below the prefix there are caches of the library, too
    changed = {path for path, _ in before.items() ^ after.items() if root in path}
    changed = {path for path in changed if path.endswith((".py", ".pyc", ".pyo"))}
    wrong += [f"{path} changed, and no event tells" for path in changed - told]
    wrong += [f"{name} ran, and no event tells" for name in ran if name not in run]
    return [event.outcome for event in run.history], wrong


def _wrong(
    event: CacheEvent, ran: str | None, before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> Iterator[str]:
    """Yield what an event says that did not happen."""
    pyc = event.pyc or ""
    cached, now = before.get(pyc), after.get(pyc)
    in_cache = _letter(event.module, cached)
    if event.scene is None:
        yield "it was not observed"
        return
    source = event.scene.verdict.found.path
    in_source = _letter(event.module, before.get(source or ""))
    if event.outcome in {"hit", "stale_hit", "sourceless"} and (ran is None or ran != in_cache):
        yield f"{ran} ran, in the cache was {in_cache}"
    if event.outcome in {"hit", "stale_hit"} and event.hit != (in_cache == in_source):
        yield f"in the cache was {in_cache}, in the source {in_source}"
    if event.outcome in _RAN_SOURCE and event.raised is None and ran != in_source:
        yield f"{ran} ran, in the source was {in_source}"
    if event.raised is not None and ran is not None:
        yield f"{ran} ran, although {event.raised}"
    if event.outcome == "orphan" and (ran is not None or cached is None):
        yield f"{ran} ran, the cache is {cached!r}"
    is_file = cached not in {None, _DIRECTORY}
    if event.outcome in {"miss", "stale"} and event.miss == is_file:
        yield f"the cache was {cached!r}"
    if (event.written == "created") != (cached is None and now is not None):
        yield "created?"
    if event.written not in {False, "failed"} and now is None:
        yield "written, and there is nothing"
    if not event.written and cached != now:
        yield "the cache changed"


def _letter(name: str, content: bytes | None) -> str | None:
    """Return which letter's marker is in a source or a cache."""
    for letter in LETTERS:
        if content is not None and f"<{name}:{letter}>".encode() in content:
            return letter
    return None


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if an event is wrong, 0 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("oracles", nargs="*", metavar="ORACLE", help=f"of {', '.join(WANTED)}")
    options = parser.parse_args(arguments)
    print(_ROW.format("oracle", "situations", "failures", "seconds", "events"), flush=True)
    situations, failed = drawn(options.examples, options.seed), 0
    for name, oracle in find_oracles().items():
        if (options.oracles and name not in options.oracles) or oracle.kind != "native":
            continue
        began = time.perf_counter()
        tally = check_situations(oracle, situations)
        seconds = f"{time.perf_counter() - began:.1f}"
        events = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.outcomes.items()))
        print(_ROW.format(name, tally.compared, len(tally.failures), seconds, events), flush=True)
        for failure in tally.failures[:10]:
            print(failure, file=sys.stderr)
        failed += len(tally.failures)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
