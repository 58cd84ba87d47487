"""What does it cost to start? Ratios in one run, in which all commands take turns.

python -m tests.benchmarks.bench_startup [--rounds N]

Processor time, children included: that of the machine's other work does not count. ``show`` and
``check`` read a small file, and stand beside what ``python -m dis`` of that file takes.
"""

from __future__ import annotations

import argparse
import py_compile
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = "def total(prices, tax=0.2):\n    return sum(prices) * (1 + tax)\n"
BASE, DIS = "python -c pass", "python -m dis FILE"


def commands(folder: Path) -> dict[str, list[str]]:
    source = folder / "total.py"
    source.write_text(SOURCE, "utf-8")
    cache = py_compile.compile(str(source), doraise=True)
    tool = ["-m", "pycinspect"]
    return {
        BASE: ["-c", "pass"],
        DIS: ["-m", "dis", str(source)],
        "import pycinspect": ["-c", "import pycinspect"],
        "import of the whole API": ["-c", "from pycinspect import *"],
        "pycinspect --help": [*tool, "--help"],
        "pycinspect audit --help": [*tool, "audit", "--help"],
        "show FILE.py": [*tool, "show", str(source)],
        "show FILE.pyc": [*tool, "show", str(cache)],
        "show --header FILE.pyc": [*tool, "show", "--header", str(cache)],
        "check FILE.py": [*tool, "check", str(source)],
    }


def seconds(arguments: list[str]) -> float:
    began = _used()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return _used() - began


def _used() -> float:
    """Return the processor time of all children up to now (POSIX)."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        asked = commands(Path(folder))
        best = dict.fromkeys(asked, float("inf"))
        for _ in range(rounds):  # the commands take turns, so that noise hits all of them
            for name, arguments in asked.items():
                best[name] = min(best[name], seconds(arguments))
    for name, taken in best.items():
        more, ratio = (taken - best[BASE]) * 1000, taken / best[DIS]
        print(f"{name:25} {taken * 1000:6.1f} ms  +{more:6.1f} ms  {ratio:5.2f} x dis")


if __name__ == "__main__":
    main()
