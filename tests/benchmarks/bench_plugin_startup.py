"""What does the pytest plugin cost where it is installed? CPU time, in one run.

python -m tests.benchmarks.bench_plugin_startup [--rounds N]

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


def imports(folder: str, rounds: int, *, write: bool) -> float:
    """Return how many seconds importing our modules takes in a session that does not use them.

    What pytest does before, reading the names of a distribution's files, is not in it.
    """
    Path(folder, "test_it.py").write_text(UNUSED, "utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "pytest", "-q", "test_it.py"]
    taken = []
    for _ in range(rounds):
        child = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            env=environment(folder, write=write),
            cwd=folder,
        )
        rows = (line.split("|") for line in child.stderr.splitlines() if "pytest_pycin" in line)
        taken.append(sum(int(own.partition(":")[2]) for own, _, _ in rows))
    return min(taken) / 1_000_000


def seconds(test: str, options: tuple[str, ...], folder: str, *, write: bool) -> float:
    """Return the CPU time of one session."""
    path = Path(folder, "test_it.py")
    path.write_text(test, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", *options, str(path)]
    own = environment(folder, write=write)
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=own, cwd=folder)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environment(folder: str, *, write: bool) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if "DONTWRITE" not in name},
        "PYTHONPYCACHEPREFIX": str(Path(folder, "caches")),
        **({} if write else {"PYTHONDONTWRITEBYTECODE": "1"}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    for write in (True, False):
        print("caches are written" if write else "PYTHONDONTWRITEBYTECODE, ordinary caches there")
        with tempfile.TemporaryDirectory() as folder:
            # The first session makes the ordinary caches, those of pytest's dependencies, too.
            seconds(USED, ("--assert=plain",), folder, write=True)
            taken = imports(folder, rounds, write=write)
            print(f"  import of our modules        {taken * 1000:7.1f} ms")
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
