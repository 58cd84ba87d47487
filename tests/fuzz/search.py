"""A search for bytes that reach new code, with libFuzzer."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

__all__ = ["search"]

_SHORTEST = 5


def search(seconds: int, names: Sequence[str], keep: Path) -> int:
    """Let libFuzzer look for files that fail, for each entry point its share of the time.

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
    wanted = [entry.name for entry in ENTRIES if not names or entry.name in names]
    keep.mkdir(parents=True, exist_ok=True)
    share = max(_SHORTEST, seconds // len(wanted))
    wrong = []
    for name in wanted:
        began = time.monotonic()
        command = [sys.executable, "-m", "tests.fuzz.search", name, str(share), os.fspath(keep)]
        child = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        runs = [
            line.rpartition(":")[2].strip()
            for line in child.stderr.splitlines()
            if "executed_units" in line
        ]
        print(
            f"{name:<24}{(runs or ['?'])[0]:>8} files in {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if child.returncode:
            wrong.append(name)
            print(child.stdout[-6000:], child.stderr[-3000:], flush=True)
    print(
        f"{len(wanted)} entry points, {len(wrong)} failed{': ' if wrong else ''}{', '.join(wrong)}"
    )
    return int(bool(wrong))


def _search_one(name: str, seconds: int, keep: str) -> None:
    """Search with one entry point; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pycinspect"]):
        from tests.fuzz.entries import ENTRIES, Workspace, commands
        from tests.fuzz.measure import Memory, measured
        from tests.fuzz.mutants import LARGEST, Mutant, damaged
        from tests.fuzz.seeds import Seed, seeds

    entry = next(entry for entry in ENTRIES if entry.name == name)
    nothing = Seed("none", seeds()[-1].data, "", b"x = 1\n", 0)

    def change(data: bytes, most: int, seed: int) -> bytes:
        source = random.Random(seed)
        if source.random() < 0.3:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        return damaged(data, "", source)[:most]

    with tempfile.TemporaryDirectory() as folder, commands():
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for seed in seeds()[:: 1 + len(seeds()) // 150]:
            (corpus / seed.name).write_bytes(seed.data)
        work, memory = Workspace(Path(folder)), Memory()

        def give(data: bytes) -> None:
            work.load(Mutant(0, nothing, bytes(data)))
            run = measured(entry, work, memory)
            if run.failure is not None:
                raise AssertionError(run.failure.report)

        options = [
            f"-max_total_time={seconds}",
            f"-max_len={LARGEST}",
            "-timeout=30",
            "-rss_limit_mb=2048",
            f"-artifact_prefix={keep}/{name}-",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, os.fspath(corpus)], give, custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    _search_one(sys.argv[1], int(sys.argv[2]), sys.argv[3])
