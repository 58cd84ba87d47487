"""A search for bytes that reach new code, with libFuzzer."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

__all__ = ["search"]

#: Of the good files one in so many is where a search starts: it reads all of them first.
_STEP = 5


def search(seconds: int, names: Sequence[str], keep: Path) -> int:
    """Let libFuzzer look for files that fail, for each entry point its share of the time.

    Loading the instrumented modules takes long, so that the entry points of one command, or
    of one part of the library, share a process: the file decides which of them it is given to.

    Args:
        seconds: for all together.
        names: of the entry points; none: all.
        keep: where files are kept that fail.

    Returns:
        1 if one fails.
    """
    from tests.fuzz.entries import ENTRIES

    if find_spec("atheris") is None:
        print("atheris is not installed: nothing was searched")
        return 0
    families: dict[str, list[str]] = {}
    for entry in ENTRIES:
        if not names or entry.name in names:
            families.setdefault(entry.name.partition("-")[0], []).append(entry.name)
    count = sum(map(len, families.values()))
    keep.mkdir(parents=True, exist_ok=True)
    wrong = []
    for family, members in families.items():
        if not _search_family(family, members, seconds * len(members) // count, keep):
            wrong.append(family)
    print(f"{count} entry points, {len(wrong)} failures {' '.join(wrong)}")
    return int(bool(wrong))


def _search_family(family: str, members: Sequence[str], seconds: int, keep: Path) -> bool:
    """Search in a process of its own; return whether nothing failed."""
    began = time.monotonic()
    prefix = os.fspath(keep / f"{family}-")
    command = [sys.executable, "-m", "tests.fuzz.search", ",".join(members), str(seconds), prefix]
    child = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    facts = dict(
        line.removeprefix("stat::").split(":", 1)
        for line in child.stderr.splitlines()
        if line.startswith("stat::")
    )
    files = facts.get("number_of_executed_units", "?").strip()
    print(f"{family:<16}{files:>9} files in {time.monotonic() - began:.0f} s", flush=True)
    if child.returncode:
        print(f"{child.stdout[-6000:]}\n{child.stderr[-3000:]}", flush=True)
    return child.returncode == 0


def _search_here(names: Sequence[str], seconds: int, prefix: str) -> None:
    """Search with some entry points; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pycinspect"]):
        from tests.fuzz.entries import ENTRIES, Workspace, commands
        from tests.fuzz.measure import Memory, measured
        from tests.fuzz.mutants import LARGEST, Mutant, damaged
        from tests.fuzz.seeds import Seed, seeds

    entries = [entry for entry in ENTRIES if entry.name in names]
    nothing = Seed("none", seeds()[-1].data, "", b"x = 1\n", 0)

    def change(data: bytes, most: int, seed: int) -> bytes:
        """Change a file as the campaign does, or as libFuzzer does."""
        if seed % 4 == 0:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        return damaged(bytes(data), "", random.Random(seed))[:most]

    with tempfile.TemporaryDirectory() as folder, commands():
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for seed in seeds()[::_STEP]:
            (corpus / seed.name).write_bytes(seed.data)
        work, memory = Workspace(Path(folder)), Memory()

        def give(data: bytes) -> None:
            work.load(Mutant(0, nothing, bytes(data)))
            entry = entries[zlib.crc32(data) % len(entries)]
            run = measured(entry, work, memory)
            if run.failure is not None and run.failure.kind != "slow":  # it is instrumented
                raise AssertionError(f"{entry.name}: {run.failure.report}")

        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LARGEST}",
            "-timeout=60",
            "-rss_limit_mb=2048",
            f"-artifact_prefix={prefix}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, os.fspath(corpus)], give, custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    _search_here(sys.argv[1].split(","), int(sys.argv[2]), sys.argv[3])
