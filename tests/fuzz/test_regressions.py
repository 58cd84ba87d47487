"""Files that once broke a promise, as short as ``python -m tests.fuzz --reduce`` makes them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fuzz.entries import ENTRIES, Workspace, commands
from tests.fuzz.measure import Memory, measured
from tests.fuzz.mutants import Mutant
from tests.fuzz.seeds import Seed, seed_named


class Once(NamedTuple):
    """One file.

    Args:
        entry: the entry point that failed.
        what: happened there.
        data: the file, in hexadecimal digits.
        original: the good file that it is compared with.
    """

    entry: str
    what: str
    data: str
    original: str = ""


_FILES = (
    Once(
        "encoding",
        "KeyError: a member of a set is the letter that ends a dict",
        "d1f20d0a918b556563000000400000004e28294e4e4e4e4e4e63020500000004000000430000004e4e4e"
        "28010000003e0100000030",
    ),
)


@pytest.mark.parametrize("once", _FILES, ids=[f"{once.entry}-{once.what}" for once in _FILES])
def test_a_file_that_failed_once(once: Once, tmp_path: Path) -> None:
    data = bytes.fromhex(once.data)
    seed = seed_named(once.original) if once.original else Seed("m.pyc", data, "", b"", 0)
    entry = next(entry for entry in ENTRIES if entry.name == once.entry)
    with commands():
        work = Workspace(tmp_path)
        work.load(Mutant(0, seed, data))
        run = measured(entry, work, Memory())
    assert run.failure is None, run.failure.report
