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
    Once(
        "canonicalize-strict",
        "KeyError: a loop that leaves a value more each time round",
        "2ded0d0a0478556563000000000d0000007300000000280100000063010003000300030073b40000007f"
        "1b007f1c006401007d02007f1d007863007401007c00008301007f1d005d49007d01007f1e007c010064"
        "0200166401006a02006f0a00017f1f00711c006e1900017f20007c01006403006a04006f0800017f2100"
        "6900006e0100017f22007c02007c0100177d0200711c007f24006404007d02007f25007843007f25007c"
        "02006401006a04006f2900017f26007c0200640500187d02007f27007c02006406006a02007f2a006407"
        "007d02007f2b007c02005328080000004e4e4e4e4e4e4e4e280200000073000000007300000000280300"
        "000073000000007300000000730000000028000000002800000000730000000073000000001b00730000"
        "000028000000002800000000280000000028000000007300000000730000000001007300000000",
    ),
    Once(
        "canonicalize-exact",
        "ValueError: a long of Python 2 that has more than 4300 digits",
        "87c60d0aa88755656300000000020000007300000000280100000028010000006cb9030000"
        + "ff7f" * 953
        + "280000000028000000007300000000730000000001007300000000",
    ),
    Once(
        "unmarshal",
        "the repr of code printed a name that is not UTF-8",
        "b3f20d0a5f0c546563000000000000000002000000400000007300000000280100000063020000000400"
        "000003000000030000007300000000280000000028000000002800000000280000000028000000007300"
        "0000007401000000000f0000007300000000280000000028000000002800000000280000000073000000"
        "007300000000010000007300000000",
    ),
    Once(
        "canonicalize-semantic",
        "the repr of a form printed a null character",
        "87c60d0a918b556563000000000c00000073000000002801000000630000000001000200730000000028"
        "010000006301000200020007007300000000280000000028000000002800000000730000000073010000"
        "00000000730000000028000000002800000000730000000073000000005a007300000000280000000028"
        "000000007300000000730000000001007300000000",
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
