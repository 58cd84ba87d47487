"""How much does asserting bytecode cost? Ratios in one run, against dis.

    python -m tests.benchmarks.bench_plugin [--rounds N]

Each figure is the best of some rounds, beside ``list(dis.get_instructions(f))`` of the same
function in the same round. Last come tests of 2,000 functions of one file, each asked about once,
with all that compiling the file costs.
"""

from __future__ import annotations

import argparse
import dis
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_pycinspect import Bytecode, bytecode_of, pattern
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.subjects.sources import Sources, sources_here
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
    """Return the least time of the processor that some work takes, in microseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
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
        "first 'in' .calls": (lambda: "len" in fresh(code).calls, small),
        "first list of .calls": (lambda: [*fresh(code).calls], small),
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
    with TemporaryDirectory() as folder:
        _print_tests(_file_of_functions(Path(folder)))


# --- A file of functions ----------------------------------------------------------------------

_FUNCTIONS, _TURNS = 2000, 3
#: Each function has another name, constant and attribute, as those of a program do.
_FUNCTION = """
def f{n}(self, items, limit={n}):
    total, names = {n}, []
    for item in items:
        if item.size > limit and not self.a{n}:
            total += item.price(total, key{n}=limit)
            continue
        try:
            names.append((item, len(names) + {n}))
        except ValueError as error:
            raise KeyError(f"{{item}}: {{error}}") from error
    return total, [name for name, _ in names if name]
"""
_QUESTIONS: Mapping[str, Callable[[Bytecode], object]] = {
    "in": lambda code: "FOR_ITER" in code,
    "not in": lambda code: "YIELD_VALUE" in code,
    "operand in": lambda code: "LOAD_GLOBAL len" in code,
    "matches": lambda code: bool(code.matches("LOAD_CONST; ...; GET_ITER; ...; RETURN")),
    "facts": lambda code: "len" in code.globals,
    "calls": lambda code: "len" in code.calls,
}


def _file_of_functions(folder: Path) -> list[Callable[[], object]]:
    path = folder / "many.py"
    path.write_text("".join(_FUNCTION.format(n=n) for n in range(_FUNCTIONS)), "utf-8")
    return list(_functions(SourceFileLoader("many", str(path)).load_module()))


def _print_tests(functions: Sequence[Callable[[], object]]) -> None:
    def tests(ask: Callable[[Bytecode], object], of: Callable[[object], Bytecode]) -> None:
        for function in functions:
            ask(of(function))

    theirs = best(lambda: [_listed(function) for function in functions], _TURNS)
    each = len(functions)
    print(f"of {each} functions of one file, dis takes {theirs / each:.0f} us each")
    for name, ask in _QUESTIONS.items():
        ours = best(lambda ask=ask: tests(ask, BytecodeOf(Sources())), _TURNS)
        print(f"{name:26} {ours / each:9.1f} us each              ratio {ours / theirs:6.2f}")
    once = best(lambda: tests(_QUESTIONS["in"], BytecodeOf(sources_here())), _TURNS)
    imported = best(lambda: tests(_QUESTIONS["in"], bytecode_of), _TURNS)
    print(f"the imported bytecode_of / the fixture: {imported / once:.2f}")


def _listed(function: object) -> list[dis.Instruction]:
    codes = [function] if callable(function) else list(_functions(function))
    return [step for code in codes for step in dis.get_instructions(code)]


def _functions(module: object) -> list[object]:
    return [value for value in vars(module).values() if hasattr(value, "__code__")]


if __name__ == "__main__":
    main()
