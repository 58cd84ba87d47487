"""Headers of real files by Pythons that cannot be installed any more."""

from __future__ import annotations

from typing import Any

import pytest

from pycinspect.pyc import read_header
from tests.samples import ENTRIES, ROWS, SAMPLES


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_header_is_what_its_own_importer_reads(entry: dict[str, Any]) -> None:
    truth = entry["header"]

    header = read_header(SAMPLES / entry["file"])

    assert header.dialect.name == ROWS.get(entry["interpreter"], entry["interpreter"])
    assert header.dialect.magic.hex() == truth["magic"]
    assert header.size == truth["header_size"]
    assert header.flags == truth.get("flags")
    assert header.mtime == truth.get("mtime")
    assert header.source_size == truth.get("source_size")
    found_hash = None if header.source_hash is None else header.source_hash.hex()
    assert found_hash == truth.get("source_hash")


def test_every_sample_is_in_the_manifest() -> None:
    assert {path.name for path in SAMPLES.glob("*.pyc")} == {entry["file"] for entry in ENTRIES}
