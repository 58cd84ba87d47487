"""How fast is the audit? Ratios in one run, against the floor and the peers.

    python -m tests.benchmarks.bench_audit [TREE] [--rounds N]
    python -m tests.benchmarks.bench_audit TREE --deep
    python -m tests.benchmarks.bench_audit --memory 100000 1000000

The floor is the least that any audit must do: list the tree, read 16 bytes of
each cache and ask for the status of its source. The contestants take turns, so
that noise hits all of them; the best of the rounds counts. With --deep, payloads are decoded, by
one process, and then had again from the cache of results; the least there is that only reads them.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import io
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pycinspect import audit
from pycinspect.auditing import Policy
from pycinspect.errors import PycInspectError
from pycinspect.pyc import read_pyc


def floor(tree: str) -> int:
    """scandir + open + read(16) + stat, and nothing else."""
    count = 0
    pending = [tree]
    while pending:
        directory = pending.pop()
        for entry in os.scandir(directory):
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif entry.name.endswith(".pyc"):
                with open(entry.path, "rb") as stream:
                    stream.read(16)
                source = f"{os.path.dirname(directory)}/{entry.name.partition('.')[0]}.py"
                with contextlib.suppress(OSError):
                    os.stat(source)
                count += 1
    return count


def full_audit(tree: str) -> int:
    """Every rule, every finding taken."""
    run = audit([tree])
    for _ in run:
        pass
    return run.summary.files


def compileall_noop(tree: str) -> int:
    """What ``python -m compileall -q`` does when there is nothing to do."""
    with contextlib.redirect_stdout(io.StringIO()):
        compileall.compile_dir(tree, quiet=2, workers=1)
    return 0


CONTESTANTS: dict[str, Callable[[str], int]] = {
    "floor": floor,
    "pycinspect": full_audit,
    "compileall": compileall_noop,
}


def read_all(tree: str) -> int:
    """Unmarshal every cache, and nothing else."""
    paths = list(Path(tree).rglob("*.pyc"))
    for path in paths:
        with contextlib.suppress(PycInspectError):
            _ = read_pyc(path).code
    return len(paths)


def deep_audit(tree: str, results: str | None) -> int:
    """Every rule, payloads decoded or known."""
    place = None if results is None else lambda: results
    run = audit([tree], Policy(deep=True, jobs=1, results=place))
    for _ in run:
        pass
    return run.summary.files


def deep(tree: str, rounds: int) -> None:
    """Compare audits that decode with one that does not, by processor time."""
    with tempfile.TemporaryDirectory() as results:
        contestants: dict[str, Callable[[], int]] = {
            "headers": lambda: full_audit_without_payloads(tree),
            "read_pyc": lambda: read_all(tree),
            "deep": lambda: deep_audit(tree, None),
            "known": lambda: deep_audit(tree, results),
        }
        deep_audit(tree, results)
        best = dict.fromkeys(contestants, float("inf"))
        files = 0
        for _ in range(rounds):
            for name, contestant in contestants.items():
                began = time.process_time()
                files = contestant()
                best[name] = min(best[name], time.process_time() - began)
    print(f"{files} caches in {tree}, best of {rounds} rounds, Python {sys.version.split()[0]}")
    for name, seconds in best.items():
        print(f"{name:12} {seconds:7.3f} s {files / seconds:10,.0f} caches/s")
    print(f"deep / read_pyc speed:    {best['read_pyc'] / best['deep']:.2f}")
    print(f"known / headers speed:    {best['headers'] / best['known']:.2f}")


def full_audit_without_payloads(tree: str) -> int:
    """Every rule that asks for no payload."""
    run = audit([tree], Policy(deep=False))
    for _ in run:
        pass
    return run.summary.files


def speed(tree: str, rounds: int) -> None:
    compileall_noop(tree)  # everything is fresh, everything is in the page cache
    best = dict.fromkeys(CONTESTANTS, float("inf"))
    files = 0
    for _ in range(rounds):
        for name, contestant in CONTESTANTS.items():
            began = time.perf_counter()
            files = contestant(tree) or files
            best[name] = min(best[name], time.perf_counter() - began)
    print(f"{files} caches in {tree}, best of {rounds} rounds, Python {sys.version.split()[0]}")
    print(f"each contestant on one of {os.cpu_count()} cores")
    for name, seconds in best.items():
        print(f"{name:12} {seconds:7.3f} s {files / seconds:10,.0f} caches/s")
    print(f"audit / floor speed:      {best['floor'] / best['pycinspect']:.2f}")
    print(f"audit / compileall speed: {best['compileall'] / best['pycinspect']:.2f}")


def build_synthetic(root: Path, files: int) -> None:
    """Make a tree of packages of 100 modules with caches that are stale in part."""
    header = b"\xa7\r\r\n" + bytes(12) + b"c"
    for package in range(files // 100):
        directory = root / f"d{package // 100}" / f"p{package}"
        (directory / "__pycache__").mkdir(parents=True)
        for module in range(100):
            (directory / f"m{module}.py").touch()
            (directory / "__pycache__" / f"m{module}.cpython-311.pyc").write_bytes(header)


def peak_memory(tree: Path) -> int:
    """Return the peak resident set, in KiB, of an audit in a process of its own."""
    command = [sys.executable, __file__, "--child", str(tree)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(output)


def memory(sizes: list[int]) -> None:
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            build_synthetic(Path(folder), size)
            print(f"{size:9,} caches: peak memory {peak_memory(Path(folder)) / 1024:.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", nargs="?", default=sysconfig.get_paths()["stdlib"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deep", action="store_true")
    parser.add_argument("--memory", type=int, nargs="+", metavar="FILES")
    parser.add_argument("--child", metavar="TREE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        full_audit(options.child)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    elif options.memory:
        memory(options.memory)
    elif options.deep:
        deep(options.tree, options.rounds)
    else:
        speed(options.tree, options.rounds)


if __name__ == "__main__":
    main()
