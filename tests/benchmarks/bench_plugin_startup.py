"""What does the pytest plugin cost where it is installed? CPU time, in one run.

python tests/benchmarks/bench_plugin_startup.py [--rounds N]

It has to be installed for the interpreter that runs this. The first lines are about sessions
that do not use it; the others import the library inside pytest, as it is done, and as it
would be with pytest's import hook in charge, which rewrites all of a plugin's distribution.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

UNUSED = "def test_it(): pass\n"
USED = "def test_it(bytecode_of): bytecode_of(lambda x: x)\n"
REWRITTEN = f"""\
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "AsItIs" not in repr(finder)]
{USED}"""

#: Name to the test and the options; each is compared with the first of its group.
GROUPS: tuple[Mapping[str, tuple[str, tuple[str, ...]]], ...] = (
    {
        "pytest, -p no:pycinspect": (UNUSED, ("-p", "no:pycinspect")),
        "plugin unused": (UNUSED, ()),
    },
    {
        "plugin unused": (UNUSED, ()),
        "bytecode_of once": (USED, ()),
        "bytecode_of once, rewritten": (REWRITTEN, ()),
    },
)


def seconds(test: str, options: tuple[str, ...], folder: str, *, write: bool) -> float:
    """Return the CPU time of one session."""
    path = Path(folder, "test_it.py")
    path.write_text(test, "utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if "DONTWRITE" not in name},
        "PYTHONPYCACHEPREFIX": str(Path(folder, "caches")),
        **({} if write else {"PYTHONDONTWRITEBYTECODE": "1"}),
    }
    command = [sys.executable, "-m", "pytest", "-q", *options, str(path)]
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=folder)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    for write in (True, False):
        print("caches are written" if write else "PYTHONDONTWRITEBYTECODE, ordinary caches there")
        with tempfile.TemporaryDirectory() as folder:
            # The first session makes the ordinary caches, those of pytest's dependencies, too.
            seconds(USED, ("--assert=plain",), folder, write=True)
            for group in GROUPS:
                measure(group, folder, rounds, write=write)


def measure(
    group: Mapping[str, tuple[str, tuple[str, ...]]], folder: str, rounds: int, *, write: bool
) -> None:
    first = {name: seconds(*what, folder, write=write) for name, what in group.items()}
    best = dict(first)
    for _ in range(rounds):  # they take turns, so that noise hits all of them
        for name, what in group.items():
            best[name] = min(best[name], seconds(*what, folder, write=write))
    base = next(iter(best))
    for name, taken in best.items():
        more = (taken - best[base]) * 1000
        print(f"  {name:28} {taken * 1000:7.1f} ms  {more:+7.1f}  (first {first[name] * 1000:.1f})")


if __name__ == "__main__":
    main()
