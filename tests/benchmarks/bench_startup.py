"""What does it cost to start? Ratios in one run, against ``python -c pass``.

python -m tests.benchmarks.bench_startup [--rounds N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import pycinspect": ["-c", "import pycinspect"],
    "import of the whole API": ["-c", "from pycinspect import *"],
    "pycinspect --help": ["-m", "pycinspect", "--help"],
    "pycinspect audit --help": ["-m", "pycinspect", "audit", "--help"],
}


def seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    best = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(rounds):  # the commands take turns, so that noise hits all of them
        for name, arguments in COMMANDS.items():
            best[name] = min(best[name], seconds(arguments))
    base = best["python -c pass"]
    for name, time_taken in best.items():
        print(f"{name:25} {time_taken * 1000:6.1f} ms  +{(time_taken - base) * 1000:5.1f} ms")


if __name__ == "__main__":
    main()
