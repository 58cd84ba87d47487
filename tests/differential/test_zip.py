"""pycinspect and the zip importers agree about every archive."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pycinspect.cache import ImportOptions, Outcome, Verdict, judge_module
from pycinspect.values import HashCheckMode
from tests.differential.compare import platform_of
from tests.differential.kit import CHILD, Kit, kit_of
from tests.differential.zips import Archive, ZipSituation, zip_situations, zone_situations
from tests.oracles import Oracle

#: Zones as POSIX writes them: no time zone database is needed.
ZONES = ["UTC", "JST-9", "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45"]


class Effect(NamedTuple):
    """What an import does: the markers of the code that ran, and what was raised."""

    ran: tuple[str, ...]
    raised: str | None


def test_every_archive(oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = kit_of(oracle)
    _check(kit, zip_situations(kit), "UTC", tmp_path, monkeypatch)


@pytest.mark.parametrize("zone", ZONES)
def test_time_zones(
    oracle: Oracle, zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if oracle.kind != "native":
        pytest.skip("node's time zone counts")
    kit = kit_of(oracle)
    _check(kit, zone_situations(kit), zone, tmp_path, monkeypatch)


# --- Asking both ----------------------------------------------------------------


def _check(
    kit: Kit,
    situations: Iterable[ZipSituation],
    zone: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches: dict[tuple[str, ...], list[ZipSituation]] = defaultdict(list)
    for situation in situations:
        if situation.optimize and kit.oracle.kind != "native":
            continue  # it takes seconds to start once more
        batches[_arguments(kit, situation)].append(situation)
    with monkeypatch.context() as patch:
        _set_zone(patch, zone)
        wrong = [
            difference
            for arguments, batch in batches.items()
            for difference in _differences(kit, arguments, batch, zone, folder)
        ]
    time.tzset()
    if wrong:
        pytest.fail(f"{len(wrong)} differ\n" + "\n".join(wrong[:20]), pytrace=False)


def _arguments(kit: Kit, situation: ZipSituation) -> tuple[str, ...]:
    """Return how the interpreter is started; importers in C listen to nothing else."""
    level = ["-O"] * situation.optimize
    if not kit.has_flags or kit.oracle.kind != "native":
        return ("-B", *level)
    return ("-B", *level, "--check-hash-based-pycs", situation.checks)


def _set_zone(patch: pytest.MonkeyPatch, zone: str) -> None:
    patch.setenv("TZ", zone)
    time.tzset()


def _differences(
    kit: Kit,
    arguments: Sequence[str],
    situations: Sequence[ZipSituation],
    zone: str,
    folder: Path,
) -> Iterator[str]:
    """Yield what pycinspect and the oracle answer differently."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    archives = [
        _write(situation, folder / f"{number}.zip") for number, situation in enumerate(situations)
    ]
    verdicts = [
        _verdicts(kit, situation, archive)
        for situation, archive in zip(situations, archives, strict=True)
    ]
    answers: Any = kit.oracle.run(
        CHILD,
        {
            "task": "imports",
            "user": None,
            "situations": [
                _request(kit, situation, archive)
                for situation, archive in zip(situations, archives, strict=True)
            ],
        },
        arguments=arguments,
        environment={"TZ": zone},
        directories=[folder],
    )
    for situation, archive, judged, answer in zip(
        situations, archives, verdicts, answers, strict=True
    ):
        predicted = _predicted(kit, situation, archive, judged)
        observed = Effect(tuple(answer["ran"]), answer["raised"])
        if predicted != observed:
            message = judged[-1].message.replace(str(archive), "a.zip")
            yield f"{situation.name}: {predicted} but {observed} {answer['text']}\n    {message}"


def _write(situation: ZipSituation, path: Path) -> Path:
    archive = situation.archive
    path.write_bytes(archive.to_bytes() if isinstance(archive, Archive) else archive)
    return path


def _request(kit: Kit, situation: ZipSituation, archive: Path) -> Mapping[str, object]:
    return {
        "root": str(archive.parent),
        "module": situation.module,
        "path": [f"{archive}{situation.inside}"],
        "dont_write_bytecode": True,
        "check_hash_based_pycs": situation.checks,
        "pycache_prefix": None,
        "cache_tag": kit.tag,
        "umask": 0o022,
        "looks": {},
    }


def _verdicts(kit: Kit, situation: ZipSituation, archive: Path) -> list[Verdict]:
    """Return pycinspect's answers for every package on the way, and for the module."""
    options = ImportOptions(
        optimize=situation.optimize,
        check_hash_based_pycs=HashCheckMode(situation.checks),
        platform=platform_of(kit),
    )
    verdicts: list[Verdict] = []
    for name in accumulate(situation.module.split("."), lambda *names: ".".join(names)):
        path = [f"{archive}{situation.inside}"]
        verdicts.append(judge_module(name, path, kit.oracle.dialect, options))
        if verdicts[-1].exception is not None:
            break
    return verdicts


def _predicted(kit: Kit, situation: ZipSituation, archive: Path, verdicts: list[Verdict]) -> Effect:
    """Translate pycinspect's verdicts."""
    contents: dict[str, bytes] = {}
    if isinstance(situation.archive, Archive):
        contents = {f"{archive}/{m.name}": m.content for m in situation.archive.members}
    ran = []
    for verdict in verdicts:
        if verdict.outcome in {Outcome.LOAD, Outcome.RECOMPILE}:
            marker = kit.marker_of(contents[verdict.found.path or ""])
            ran += [] if marker is None else [marker]
    loads = verdicts[-1].outcome is Outcome.LOAD
    raised = verdicts[-1].exception or (situation.code_raises if loads else None)
    return Effect(tuple(ran), raised)
