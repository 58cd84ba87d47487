"""How fast is our reader of marshal? Ratios in one run, against C and against xdis.

    python -m tests.benchmarks.bench_unmarshal [--rounds N] [--files N]

Compiles the standard library of the running interpreter and reads it from memory; the best
time of each file counts, which leaves out most of what else the machine does. xdis is
compared if it is installed; nothing else needs it.
"""

from __future__ import annotations

import argparse
import io
import marshal
import random
import sysconfig
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from pycinspect.dialects import DIALECTS
from pycinspect.pyc.unmarshal import unmarshal

RUNNING = DIALECTS.running()
LIBRARY = Path(sysconfig.get_path("stdlib"))
Reader = Callable[[bytes], object]


def payloads(count: int) -> list[bytes]:
    """Return the standard library, or a part of it, marshalled."""
    paths = [path for path in sorted(LIBRARY.rglob("*.py")) if "site-packages" not in path.parts]
    if count:
        paths = random.Random(0).sample(paths, count)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            try:
                code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            except (SyntaxError, ValueError):  # made to fail: tests of the compiler
                continue
            found.append(marshal.dumps(code))
    return found


def xdis_reader() -> Reader | None:
    """Return xdis's reader of marshal, None where it is not installed."""
    try:
        from xdis.unmarshal import load_code
    except ImportError:
        return None
    word = RUNNING.magic_word
    return lambda payload: load_code(io.BytesIO(payload), word, {})


def best_times(
    readers: dict[str, Reader], files: list[bytes], rounds: int
) -> tuple[dict[str, float], dict[str, int]]:
    """Return seconds for all files, and how many each reader refuses; they take turns."""
    best = {name: [float("inf")] * len(files) for name in readers}
    refused = dict.fromkeys(readers, 0)
    for turn in range(rounds):
        for name, read in readers.items():
            if name == "xdis" and turn > 1:
                continue  # it is slow enough to be measured twice
            refused[name] = 0
            for index, data in enumerate(files):
                began = time.perf_counter()
                try:
                    read(data)
                except Exception:  # noqa: BLE001 - a refusal is a figure, too
                    refused[name] += 1
                best[name][index] = min(best[name][index], time.perf_counter() - began)
    return {name: sum(times) for name, times in best.items()}, refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=0, help="a sample of so many; 0: all")
    options = parser.parse_args()
    files = payloads(options.files)
    readers: dict[str, Reader] = {
        "marshal.loads": marshal.loads,
        "pycinspect": lambda payload: unmarshal(payload, RUNNING),
    }
    xdis = xdis_reader()
    if xdis is None:
        print("xdis is not installed: no comparison with it")
    else:
        readers["xdis"] = xdis
    times, refused = best_times(readers, files, options.rounds)
    print(f"{RUNNING.name}: {len(files)} files, {sum(map(len, files)) / 1e6:.1f} MB")
    for name, seconds in times.items():
        ratio = seconds / times["marshal.loads"]
        print(f"{name:15} {seconds:8.3f} s  {ratio:7.1f} x  {refused[name]} refused")


if __name__ == "__main__":
    main()
