"""Ask pycinspect, then an oracle, and compare the effects."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from pycinspect.cache import (
    ImportOptions,
    Outcome,
    Platform,
    Verdict,
    Write,
    expected_header,
    judge_module,
    running_platform,
    source_hash,
)
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.values import HashCheckMode
from tests.differential.kit import CHILD, RAISING, Kit
from tests.differential.situations import Situation, Start
from tests.differential.trees import (
    READ_LIMIT,
    Entry,
    build,
    ordinary_user,
    remove,
    snapshot,
    workspace,
)
from tests.privileges import NOBODY

__all__ = ["Disagreement", "Effect", "Tally", "compare", "import_options", "platform_of"]


class Written(NamedTuple):
    """A new cache: its permission bits and its header, None for no prediction."""

    mode: int
    header: bytes | None

    def __str__(self) -> str:
        return f"mode {self.mode:04o}, header {self.header.hex(' ', 4) if self.header else 'any'}"


class Effect(NamedTuple):
    """What an import does.

    Args:
        ran: the markers of the code that ran, in order.
        raised: the type of the exception that reached the import statement.
        written: new caches by their paths.
        touched: anything else that changed in the tree.
    """

    ran: tuple[str, ...]
    raised: str | None
    written: Mapping[str, Written]
    touched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Disagreement:
    """A situation in which pycinspect and an oracle differ."""

    oracle: str
    situation: Situation
    predicted: Effect
    observed: Effect
    verdicts: tuple[Verdict, ...]
    text: str

    def __str__(self) -> str:
        situation = self.situation
        return "\n".join(
            [
                f"{self.oracle}: {situation.name}",
                f"  pycinspect  {_words(self.predicted)}",
                f"  importer    {_words(self.observed)} {self.text}",
                *(f"  {verdict.message}" for verdict in self.verdicts),
                f"  import {situation.module} from {situation.path}, {situation.start}",
                *(f"    {node}" for node in situation.nodes),
            ]
        )


def _words(effect: Effect) -> str:
    written = ", ".join(f"{path} ({what})" for path, what in effect.written.items())
    return f"ran {effect.ran}, raised {effect.raised}, wrote {written}, touched {effect.touched}"


class Tally(NamedTuple):
    """What came of a batch of situations; "unfit" ones cannot be built there."""

    compared: int
    unfit: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True)
class _Case:
    """A situation that was built, with pycinspect's answer."""

    situation: Situation
    root: Path
    before: Mapping[str, Entry]
    verdicts: tuple[Verdict, ...]
    predicted: Effect


def compare(kit: Kit, situations: Iterable[Situation]) -> Tally:
    """Build situations, ask pycinspect first and the oracle then, and compare."""
    by_level: dict[int, list[Situation]] = defaultdict(list)
    for situation in situations:
        by_level[situation.start.optimize].append(situation)
    tallies = [_compare_level(kit, level, batch) for level, batch in by_level.items()]
    return Tally(
        sum(tally.compared for tally in tallies),
        tuple(name for tally in tallies for name in tally.unfit),
        tuple(found for tally in tallies for found in tally.disagreements),
    )


def _compare_level(kit: Kit, level: int, situations: Sequence[Situation]) -> Tally:
    """Compare situations that one child can answer: its ``-O`` is fixed."""
    with workspace() as directory:
        cases = [
            _prepare(kit, situation, directory / str(number))
            for number, situation in enumerate(situations)
        ]
        requests = [_request(kit, case) for case in cases]
        request = {"task": "imports", "user": NOBODY, "situations": requests}
        arguments = ["-B", *(["-" + "O" * level] if level else [])]
        answers: Any = kit.oracle.run(
            CHILD,
            request,
            arguments=arguments,
            environment={"LC_ALL": "C.UTF-8"},  # up to 3.6, C means that names are ASCII
            directories=[directory],
        )
        tally = _tally(kit, cases, answers)
        for case in cases:
            remove(case.root)
    return tally


def _tally(kit: Kit, cases: Sequence[_Case], answers: Sequence[Mapping[str, Any]]) -> Tally:
    unfit, disagreements = [], []
    for case, answer in zip(cases, answers, strict=True):
        if "distorted" in answer:
            unfit.append(case.situation.name)
            continue
        observed = _observed(kit, case, answer)
        predicted = _settled(case.predicted, observed, case.root)
        if observed != predicted:
            disagreements.append(
                Disagreement(
                    kit.oracle.name,
                    case.situation,
                    predicted,
                    observed,
                    case.verdicts,
                    answer["text"],
                )
            )
    return Tally(len(cases) - len(unfit), tuple(unfit), tuple(disagreements))


# --- The question ---------------------------------------------------------------


def _prepare(kit: Kit, situation: Situation, root: Path) -> _Case:
    """Build the tree of a situation and let pycinspect answer."""
    build(root, situation.nodes)
    before = snapshot(root)
    options = import_options(kit, situation.start, root)
    row = DIALECTS[kit.oracle.dialect]
    if not situation.start.has_tag:
        row = replace(row, cache_tags=())
    with ordinary_user(root):
        verdicts = tuple(_verdicts(kit, row, situation, root, options))
    return _Case(situation, root, before, verdicts, _predicted(kit, root, verdicts))


def _verdicts(
    kit: Kit, row: Dialect, situation: Situation, root: Path, options: ImportOptions
) -> Iterator[Verdict]:
    """Yield pycinspect's answer for every package on the way, and for the module."""
    path = [entry.format(root=root) for entry in situation.path]
    for name in accumulate(situation.module.split("."), lambda *names: ".".join(names)):
        verdict = judge_module(name, path, row, options, compiler=kit.refusal)
        yield verdict
        if verdict.exception is not None:
            break


def import_options(kit: Kit, start: Start, root: Path) -> ImportOptions:
    """Return the options of a situation in pycinspect's words."""
    prefix = start.pycache_prefix
    return ImportOptions(
        optimize=start.optimize,
        dont_write_bytecode=start.dont_write_bytecode,
        check_hash_based_pycs=HashCheckMode(start.check_hash_based_pycs),
        pycache_prefix=None if prefix is None else prefix.format(root=root),
        umask=_umask(kit, start),
        platform=platform_of(kit),
    )


def _umask(kit: Kit, start: Start) -> int:
    return start.umask if kit.umask is None else kit.umask


def platform_of(kit: Kit) -> Platform:
    """Return the system that the oracle believes to run on."""
    if kit.oracle.kind == "pyodide":
        return Platform("linux", "wasm32-emscripten")
    return running_platform()


def _request(kit: Kit, case: _Case) -> Mapping[str, object]:
    situation, start, root = case.situation, case.situation.start, case.root
    prefix = start.pycache_prefix
    return {
        "root": str(root),
        "module": situation.module,
        "path": [entry.format(root=root) for entry in situation.path],
        "dont_write_bytecode": start.dont_write_bytecode,
        "check_hash_based_pycs": start.check_hash_based_pycs,
        "pycache_prefix": None if prefix is None else prefix.format(root=root),
        "umask": _umask(kit, start),
        "cache_tag": kit.tag if start.has_tag else None,
        "looks": {
            str(root / path): (entry.mode, entry.size, entry.mtime_ns)
            for path, entry in case.before.items()
            if entry.mtime_ns is not None
        },
    }


# --- The answers as effects ---------------------------------------------------------


def _predicted(kit: Kit, root: Path, verdicts: Iterable[Verdict]) -> Effect:
    """Translate pycinspect's verdicts; they are about files, effects are about code."""
    ran: list[str] = []
    raised: str | None = None
    written: dict[str, Written] = {}
    for verdict in verdicts:
        code = _code_that_runs(verdict, root)
        raised = verdict.exception or _failure_elsewhere(verdict)
        if raised is not None:
            break
        if verdict.writes is not None and code is not None:
            path = os.path.join(root, verdict.writes.path)
            written[path] = Written(
                verdict.writes.mode, _header(verdict, verdict.writes, code, root)
            )
        marker = None if code is None else kit.marker_of(code)
        ran += [] if marker is None else [marker]
        if marker in RAISING:
            raised = "RuntimeError"
            break
    return Effect(tuple(ran), raised, written)


def _header(verdict: Verdict, writes: Write, source: bytes, root: Path) -> bytes | None:
    """Return the header that a new cache should have."""
    row, flags = verdict.dialect, writes.flags or 0
    if flags:
        return row.magic + flags.to_bytes(4, "little") + source_hash(source, row)
    assert verdict.found.path is not None
    return expected_header(row, os.stat(os.path.join(root, verdict.found.path)))


def _code_that_runs(verdict: Verdict, root: Path) -> bytes | None:
    """Return the file, a source or a cache, that the verdict says will run."""
    path = verdict.cache_path if verdict.outcome is Outcome.LOAD else verdict.found.path
    runs_source = verdict.outcome is Outcome.RECOMPILE or verdict.reason == "no-cache-tag"
    if path is None or not (runs_source or verdict.outcome is Outcome.LOAD):
        return None
    with open(os.path.join(root, path), "rb") as stream:
        return stream.read(READ_LIMIT)


def _failure_elsewhere(verdict: Verdict) -> str | None:
    """Return what an import raises where an extension module's loader takes over.

    A verdict stops there; our extension modules are garbage.
    """
    return "ImportError" if verdict.reason == "extension-module" else None


def _observed(kit: Kit, case: _Case, answer: Mapping[str, Any]) -> Effect:
    """Translate what the child reports and what its import left in the tree."""
    after = snapshot(case.root)
    written: dict[str, Written] = {}
    touched = []
    for path in _changed(case.before, after):
        entry = after.get(path)
        content = None if entry is None else entry.content
        if entry is not None and isinstance(content, bytes) and content.startswith(kit.magic):
            written[path] = Written(stat.S_IMODE(entry.mode), content[: kit.header_size])
        else:
            touched.append(path)
    return Effect(tuple(answer["ran"]), answer["raised"], written, tuple(touched))


def _changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Iterator[str]:
    """Yield the nodes that changed, less new directories, of which verdicts say nothing."""
    for path in sorted({*before, *after}):
        is_new_directory = path not in before and stat.S_ISDIR(after[path].mode)
        if before.get(path) != after.get(path) and not is_new_directory:
            yield path


def _settled(effect: Effect, observed: Effect, root: Path) -> Effect:
    """Return a predicted effect in the words of the observed one.

    A predicted path may lead through links and through ``..``, and through
    directories that only the import makes. A header is not predicted where no
    timestamp header would ever be used.
    """
    written = {}
    for path, what in effect.written.items():
        parent = os.path.realpath(os.path.dirname(path))
        name = os.path.relpath(os.path.join(parent, os.path.basename(path)), root)
        seen = observed.written.get(name, what)
        written[name] = what if what.header is not None else what._replace(header=seen.header)
    return effect._replace(written=written)
