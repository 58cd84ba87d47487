"""What does it cost to observe an import? Against imports that nobody observes.

python -m tests.benchmarks.bench_sandbox [--rounds N]

The budgets: ``import_`` takes at most 1.5 ms more than a plain import; ``run`` at most 8 ms more
than the interpreter takes to start and to import.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from pytest_pycinspect.sandbox import Pycache

SOURCE = "x = 1\n"
ROW = "{:<26} {:>9.2f} ms {:>9.2f} ms {:>8.2f} ms {:>7.1f}"


def best_of(rounds: int, *functions: Callable[[], object]) -> list[float]:
    """Return each function's shortest time in seconds; they take turns, as noise hits all."""
    best = [float("inf")] * len(functions)
    for _ in range(rounds):
        for number, function in enumerate(functions):
            began = time.perf_counter()
            function()
            best[number] = min(best[number], time.perf_counter() - began)
    return best


def plain_import() -> None:
    sys.modules.pop("m", None)
    importlib.invalidate_caches()
    importlib.import_module("m")


def plain_child(root: str) -> None:
    code = f"import sys; sys.path[0] = {root!r}; import m"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        sandbox = Pycache(directory)
        sandbox.write("m", SOURCE)
        sandbox.import_("m")
        sys.path.insert(0, sandbox.root)
        here = best_of(rounds, plain_import, lambda: sandbox.import_("m"))
        there = best_of(
            max(1, rounds // 10),
            lambda: plain_child(sandbox.root),
            lambda: sandbox.run("import m"),
        )
    print(f"{'':26} {'plain':>12} {'observed':>12} {'more':>11} {'ratio':>7}")
    for name, (plain, observed) in {"import_": here, "run": there}.items():
        more = observed - plain
        print(ROW.format(name, plain * 1e3, observed * 1e3, more * 1e3, observed / plain))


if __name__ == "__main__":
    main()
