"""``find_module`` and ``judge_module`` of a full name agree with its packages' own answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pycinspect.cache import FinderKind, Outcome, find_module, judge_module
from pycinspect.dialects import DIALECTS
from tests.differential.kit import kit_of
from tests.differential.zips import Archive, zip_situations
from tests.oracles import Oracle


def _differences(oracle: Oracle, folder: Path) -> Iterator[str]:
    row = DIALECTS[oracle.dialect]
    for number, situation in enumerate(zip_situations(kit_of(oracle))):
        if "." not in situation.module or not isinstance(situation.archive, Archive):
            continue
        archive = folder / f"{number}.zip"
        archive.write_bytes(situation.archive.to_bytes())
        path = [f"{archive}{situation.inside}"]
        found = find_module(situation.module, path, row)
        verdict = judge_module(situation.module, path, row)
        if verdict.outcome is Outcome.RAISE and verdict.reason == "package-fails":
            continue  # nothing is looked for
        if (found.kind, found.path) != (verdict.found.kind, verdict.found.path):
            yield f"{situation.name}: {found} but {verdict.found}"
        if (found.kind is FinderKind.NONE) != (verdict.outcome is Outcome.NOT_FOUND):
            yield f"{situation.name}: {found} but {verdict.message}"


def test_submodules_in_zip_files(oracle: Oracle, tmp_path: Path) -> None:
    assert list(_differences(oracle, tmp_path)) == []
