"""Expectations against ``list(dis.get_instructions(f))``, which tests by hand begin with.

    python -m tests.benchmarks.bench_expect

Ratios are what counts: both are measured in turn, and the best of many rounds is taken.
"""

from __future__ import annotations

import dis
import timeit
from collections.abc import Callable

from pytest_pycinspect import bytecode_of
from pytest_pycinspect.expect import explain

ROUNDS, CALLS = 30, 50


def subject(first, second, third):
    """A function of about fifty instructions."""
    total = first + second
    for item in third:
        if item.size > total:
            total += item.price(total, first)
        else:
            total -= len(item) * 2
    names = [first, second, third, total]
    print(total, names, subject.__name__)
    return total, names


EXPECTED = """
    LOAD_FAST first
    LOAD_FAST second
    BINARY_OP +
    STORE_FAST total
    LOAD_FAST third
    GET_ITER
    loop:
    FOR_ITER -> done
    STORE_FAST item
    ...
    CALL 2
    BINARY_OP +=
    STORE_FAST total
    ...
    LOAD_GLOBAL len
    ...
    BINARY_OP -=
    ...
    done:
    ...
    BUILD_LIST 4
    STORE_FAST names
    ...
    never IMPORT_NAME
    RETURN_VALUE
"""


BROKEN = EXPECTED.replace("RETURN_VALUE", "POP_TOP")


def small(x, y):
    return x.append(y)


def best(call: Callable[[], object]) -> float:
    """Return the microseconds of one call."""
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def main() -> None:
    code, few = bytecode_of(subject), bytecode_of(small)
    assert code.matches(EXPECTED).met
    listed = best(lambda: list(dis.get_instructions(subject)))
    listed_few = best(lambda: list(dis.get_instructions(small)))
    print(f"{len(code)} ops, {len(EXPECTED.split(chr(10))) - 2} lines; dis {listed:.1f} us")
    for name, call, ground in (
        ("matches", lambda: bool(code.matches(EXPECTED)), listed),
        ("does not match", lambda: bool(code.matches(BROKEN)), listed),
        ("why not, in full", lambda: explain(code.matches(BROKEN)), listed),
        ("in, an opcode", lambda: "LOAD_GLOBAL" in few, listed_few),
        ("in, with operand", lambda: "LOAD_ATTR append" in few, listed_few),
        ("not in, with operand", lambda: "LOAD_ATTR extend" not in few, listed_few),
        ("count, with operand", lambda: few.count("LOAD_FAST x"), listed_few),
    ):
        taken = best(call)
        print(f"{name:<22} {taken:8.1f} us   {taken / ground:5.2f} of dis")


if __name__ == "__main__":
    main()
