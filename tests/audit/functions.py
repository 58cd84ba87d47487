"""What compilers make of random functions has no defect: PYC504, PYC505, PYC007 are silent.

``python -m tests.audit.functions --functions 10000 --seed 1 [ORACLE ...]``
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.disasm import leftovers, verify
from pycinspect.pyc import anomalies, parse_header, read_code
from tests.canonical.programs import program
from tests.oracles import WANTED, Oracle, find_oracles

__all__ = ["defects", "sources"]

CHILD = Path(__file__).with_name("compile_child.py")
_ROW = "{:<14} {:<20} {:>9} {:>7} {:>8}"
_TOGETHER = 1000
_SHOWN = 5

_SIMPLE = (
    "x = f(x)",
    "x += 1",
    "del x",
    "pass",
    "f(x, y)",
    "x = [i for i in y if i]",
    "x = lambda z: z or x",
    "assert x, y",
    "x, y = y, x",
    "if x: y = 1",
)
_ENDS = ("return", "raise E", "raise", "return x", "return f(y) and x")
_JUMPS = ("break", "continue")


def _source(seed: str, dialect: Dialect) -> str:
    """Return a module with one function that a Python of this version mostly compiles."""
    random = Random(seed)
    if dialect.python >= (3, 8) and random.random() < 0.3:
        return program(random.randrange(10**9), modern=dialect.python >= (3, 11))
    return "\n".join(_Function(random, dialect.python).lines()) + "\n"


class _Function:
    """Writes a function with blocks in blocks."""

    def __init__(self, random: Random, python: tuple[int, int]) -> None:
        self._random = random
        self._left = random.choice((6, 12, 24))
        self._is_async = python >= (3, 7) and random.random() < 0.3
        self._yields = random.random() < 0.3
        #: What of ``return x``, ``break`` and ``continue`` may stand here, innermost last.
        self._ends = [_ENDS[: 3 if self._yields and python < (3, 3) else None]]
        self._is_old = python < (3, 8)
        blocks: list[Callable[[int], Iterator[str]]] = [
            *[self._try] * 4,
            *[self._with] * 2,
            self._for,
            self._while,
            self._if,
            self._inner,
        ]
        if python >= (3, 10):
            blocks += [self._match] * 2
        if python >= (3, 11):
            blocks += [self._groups]
        self._blocks = blocks

    def lines(self) -> Iterator[str]:
        yield f"{'async ' if self._is_async else ''}def g(x, y, *a):"
        yield from self._body(1)

    def _body(self, depth: int) -> Iterator[str]:
        for _ in range(self._random.randint(1, 3)):
            yield from self._statement(depth)
        if self._random.random() < 0.35:
            yield "    " * depth + self._random.choice(self._ends[-1])
        elif self._ends[-1] == _ENDS and self._random.random() < 0.1:
            yield "    " * depth + "return x"
            yield "    " * depth + "y = x  # nobody comes here"

    def _statement(self, depth: int) -> Iterator[str]:
        self._left -= 1
        if self._left > 0 and depth < 9 and self._random.random() < 0.6:
            yield from self._random.choice(self._blocks)(depth)
        elif self._yields and self._random.random() < 0.3:
            yield "    " * depth + ("x = await y" if self._is_async else "x = yield y")
        else:
            yield "    " * depth + self._random.choice(_SIMPLE)

    def _block(self, head: str, depth: int, ends: tuple[str, ...] | None = None) -> Iterator[str]:
        yield "    " * depth + head
        self._ends.append(self._ends[-1] if ends is None else ends)
        yield from self._body(depth + 1)
        self._ends.pop()

    def _loop(self, head: str, depth: int) -> Iterator[str]:
        ends = self._ends[-1]
        yield from self._block(head, depth, (*ends, *_JUMPS * 2) if "break" not in ends else ends)

    def _prefix(self) -> str:
        return "async " if self._is_async and self._random.random() < 0.5 else ""

    def _try(self, depth: int) -> Iterator[str]:
        random = self._random
        yield from self._block("try:", depth)
        handlers = random.choice((0, 1, 1, 2))
        for number in range(handlers):
            kind = random.choice(("E", "E as x", "(E, F)", "")) if number == handlers - 1 else "F"
            yield from self._block(f"except {kind}:".replace(" :", ":"), depth)
        if handlers and random.random() < 0.3:
            yield from self._block("else:", depth)
        if not handlers or random.random() < 0.5:
            # Up to 3.7 there may be no continue in it.
            ends = tuple(end for end in self._ends[-1] if end != "continue")
            yield from self._block("finally:", depth, ends if self._is_old else None)

    def _groups(self, depth: int) -> Iterator[str]:
        yield from self._block("try:", depth)
        yield from self._block("except* E as x:", depth, ("raise E", "raise"))
        if self._random.random() < 0.5:
            yield from self._block("finally:", depth)

    def _with(self, depth: int) -> Iterator[str]:
        head = self._random.choice(("with y:", "with y as x:", "with y as x, f(x) as y:"))
        yield from self._block(self._prefix() + head, depth)

    def _for(self, depth: int) -> Iterator[str]:
        yield from self._loop(self._prefix() + "for x in y:", depth)
        if self._random.random() < 0.3:
            yield from self._block("else:", depth)

    def _while(self, depth: int) -> Iterator[str]:
        head = self._random.choice(("while x:", "while True:", "while 1:", "while x and not y:"))
        yield from self._loop(head, depth)

    def _if(self, depth: int) -> Iterator[str]:
        head = self._random.choice(("if x:", "if x and y:", "if not x or y:", "if 0:"))
        yield from self._block(head, depth)
        if self._random.random() < 0.5:
            yield from self._block("else:", depth)

    def _match(self, depth: int) -> Iterator[str]:
        yield "    " * depth + "match x:"
        for pattern in self._random.sample(("1", "[x, *y]", "{'k': z}", "E(v=x) if x", "1 | 2"), 2):
            yield from self._block(f"case {pattern}:", depth + 1)

    def _inner(self, depth: int) -> Iterator[str]:
        is_async, self._is_async = self._is_async, False
        yield from self._block("def h(z=x):", depth, self._ends[0])
        self._is_async = is_async


def sources(dialect: Dialect, seed: int) -> Iterator[str]:
    """Yield random sources for a Python without end, the same for a seed."""
    for number in itertools.count():
        yield _source(f"{seed} {number}", dialect)


def defects(oracle: Oracle, texts: Sequence[str]) -> tuple[int, list[tuple[str, str]]]:
    """Compile sources, and return how many compile and what is said against them."""
    row = DIALECTS[oracle.dialect]
    answer = oracle.run(CHILD, {"sources": list(texts)})
    assert isinstance(answer, list)
    assert row.header is not None
    start = row.header.pack_timestamp(row.magic, 0, 0)
    header = parse_header(start)
    found: list[tuple[str, str]] = []
    for text, payload in zip(texts, answer, strict=True):
        if payload is None:
            continue
        data = start + bytes.fromhex(payload)
        code = read_code(data, header).code
        said = [str(defect) for part in code.walk() for defect in verify(part, row)]
        said += [str(leftover) for part in code.walk() for leftover in leftovers(part, row)]
        said += [str(anomaly) for anomaly in anomalies(data, row, len(start))]
        found += [(text, words) for words in said]
    return sum(payload is not None for payload in answer), found


def main(arguments: list[str] | None = None) -> int:
    """Return 1 if something is said against a function, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit.functions")
    parser.add_argument("--functions", type=int, default=500, help="for each oracle")
    parser.add_argument("--seed", type=int, default=0, help="what chance starts from")
    parser.add_argument("oracles", nargs="*", metavar="ORACLE", help=f"of {', '.join(WANTED)}")
    options = parser.parse_args(arguments)
    found = find_oracles()
    names = [name for name in found if not options.oracles or name in options.oracles]
    print(_ROW.format("oracle", "release", "functions", "defects", "seconds"))
    total = sum(_row(found[name], options.functions, options.seed) for name in names)
    print(f"{len(names)} of {len(WANTED)} oracles, {total} defects")
    return int(total > 0)


def _row(oracle: Oracle, count: int, seed: int) -> int:
    began = time.perf_counter()
    compiled, said = 0, Counter[str]()
    texts = sources(DIALECTS[oracle.dialect], seed)
    while compiled < count:
        some = list(islice(texts, min(_TOGETHER, count)))
        good, found = defects(oracle, some)
        compiled += good
        for text, words in found[: max(0, _SHOWN - said.total())]:
            print(f"{oracle.name}: {words}\n{text}", file=sys.stderr)
        said.update(words for _, words in found)
    seconds = f"{time.perf_counter() - began:.0f}"
    row = (oracle.name, oracle.version, compiled, said.total(), seconds)
    print(_ROW.format(*row), flush=True)
    return said.total()


if __name__ == "__main__":
    sys.exit(main())
