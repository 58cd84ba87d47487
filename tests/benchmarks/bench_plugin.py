"""How much does asserting bytecode cost? Ratios in one run, against dis.

    python tests/benchmarks/bench_plugin.py [--rounds N]

Each figure is the best of some rounds, beside ``list(dis.get_instructions(f))`` of the same
function in the same round.
"""

from __future__ import annotations

import argparse
import dis
import time
from collections.abc import Callable
from dataclasses import replace

from pytest_pycinspect import Bytecode, pattern
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.subjects.sources import Sources
from tests.plugin.core import programs


def small(xs):
    total = 0
    for x in xs:
        total += len(x)
    return total


def fifty(a, b, c):
    x = a.first(b) + c.second(a)
    y = a.third(b) - c.fourth(x)
    z = [x, y, a, b, c]
    if x > y:
        z.append(x * y)
    for item in z:
        print(item, x, y)
    return z, x, y, a[b], c[a]


#: 20 lines about the 50 instructions of ``fifty``.
TWENTY = """
    LOAD_FAST a
    LOAD_ATTR first
    LOAD_FAST b
    CALL 1
    ...
    BINARY +
    STORE_FAST x
    ...
    STORE_FAST z
    ...
    COMPARE >
    JUMP_IF_FALSE -> next
    ...
    next:
    LOAD_FAST z
    GET_ITER
    ...
    LOAD_GLOBAL print
    ...
    BUILD_TUPLE 5
    RETURN
"""
_TESTS = 1000


def best(work: Callable[[], object], rounds: int) -> float:
    """Return the least time that some work takes, in microseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - start)
    return min(times) / 1000


def fresh(code: Bytecode) -> Bytecode:
    """Return code of which nothing is decoded yet."""
    return Bytecode(code.code, replace(code._origin, decoded={}))


def _rows() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return what is measured, and the function that dis lists beside it."""
    of = BytecodeOf(Sources())
    code, long = of(small), of(fifty)
    wanted = pattern(TWENTY)
    assert long.matches(wanted), repr(long.matches(wanted))
    assert "FOR_ITER" in code
    return {
        "bytecode_of(f)": (lambda: of(small), small),
        "first 'in'": (lambda: "FOR_ITER" in fresh(code), small),
        "'OP' in": (lambda: "FOR_ITER" in code, small),
        "'OP' not in": (lambda: "YIELD_VALUE" not in code, small),
        "'OP operand' in": (lambda: "LOAD_FAST total" in code, small),
        f".matches {len(long)} x 20": (lambda: long.matches(wanted), fifty),
        f".matches {len(long)} x 20, of text": (lambda: long.matches(TWENTY), fifty),
        "first .calls": (lambda: fresh(code).calls, small),
        ".contains_code": (lambda: code.contains_code("total += len(x)"), small),
        "module .tree": (lambda: [len(part) for part in fresh(of(programs)).tree], programs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    for name, (work, function) in _rows().items():
        ours = best(work, rounds)
        theirs = best(lambda function=function: _listed(function), rounds)
        print(f"{name:26} {ours:9.1f} us   dis {theirs:8.1f} us   ratio {ours / theirs:6.2f}")
    of = BytecodeOf(Sources())
    for name, work in {
        "bytecode_of": lambda: of(small),
        "bytecode_of and 'in'": lambda: "LOAD_GLOBAL len" in of(small),
        "bytecode_of and 'in', each of new code": lambda: "LOAD_GLOBAL len" in fresh(of(small)),
    }.items():
        start = time.process_time()
        for _ in range(_TESTS):
            work()
        print(f"{_TESTS} x {name}: {time.process_time() - start:.3f} s of CPU")


def _listed(function: object) -> list[dis.Instruction]:
    codes = [function] if callable(function) else list(_functions(function))
    return [step for code in codes for step in dis.get_instructions(code)]


def _functions(module: object) -> list[object]:
    return [value for value in vars(module).values() if hasattr(value, "__code__")]


if __name__ == "__main__":
    main()
