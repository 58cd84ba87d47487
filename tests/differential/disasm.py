"""Our disassembler against each interpreter's own ``dis``.

    python -m tests.differential.disasm --all [--oracle NAME ...]
    python -m tests.differential.disasm --sample COUNT [--seed SEED] [--oracle NAME ...]

Sources of the interpreter's own standard library, and :data:`SOURCES`, are compiled and
disassembled by it; the code objects are read and disassembled by us. Prints a line an oracle,
and what disagrees, by kind and operation.
"""

from __future__ import annotations

import argparse
import base64
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any, NamedTuple

from pycinspect.dialects import Dialect, find_dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import Code
from pycinspect.pyc.constants import parts_of
from pycinspect.pyc.unmarshal import unmarshal
from tests.differential.unmarshal import SOURCES as CONSTANTS
from tests.differential.unmarshal import describe
from tests.oracles import WANTED, Oracle, find_oracles

CHILD = Path(__file__).with_name("disasm_child.py")
_VARIABLES = {
    "PYTHONPATH": str(CHILD.parent),  # the child imports another
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONIOENCODING": "utf-8",
}

#: Sources with every kind of operand; not all compile everywhere.
OPERANDS = Path(__file__).with_name("operands.txt").read_text("utf-8").split("---\n")


def _large(count: int, line: str) -> str:
    """Return so many lines, each with its number: jumps over them need EXTENDED_ARG."""
    return "".join(line.format(index=index) for index in range(count))


LARGE = (
    # One prefix in front of everything ...
    "def f(a):\n    while a:\n" + _large(400, "        v{index} = a.n{index}({index}.5) or a\n"),
    # ... two in front of the number of a variable, where there may be as many arguments (3.7),
    "def f(" + _large(66_000, "v{index},\n") + "): return v0, v65999\n",
    # ... two in front of a jump that counts bytes (up to 3.9),
    "while x:\n" + "    del a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p\n" * 2100,
)
#: ... and of all others; takes a while.
HUGE = "while x:\n" + _large(66_000, "    n{index} = {index}.5\n")
SOURCES = (*CONSTANTS, *OPERANDS, *LARGE)


# --- What disagrees ---------------------------------------------------------------------------


@dataclass
class Result:
    """How much was compared, and what disagrees.

    Args:
        figures: how many of each kind were compared.
        differing: how many of each kind disagree, by kind and operation.
        examples: the first of each.
    """

    figures: Counter[str] = field(default_factory=Counter)
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)

    def differ(self, kind: str, operation: str, example: str, count: int = 1) -> None:
        self.differing[kind, operation] += count
        self.examples.setdefault((kind, operation), example)

    def add(self, other: Result) -> None:
        self.figures += other.figures
        self.differing += other.differing
        self.examples = {**other.examples, **self.examples}

    def count(self, kind: str) -> int:
        return sum(number for (what, _), number in self.differing.items() if what == kind)

    @property
    def failed(self) -> bool:
        """Whether anything disagrees, apart from one argument in a thousand as written."""
        others = {kind for kind, _ in self.differing} - {"argrepr"}
        return bool(others) or self.count("argrepr") * 1000 > self.figures["argrepr"]

    def disagreements(self) -> list[str]:
        """Return a line for each kind and operation, the most frequent first."""
        return [
            f"{kind} of {operation}, {number} times: {self.examples[kind, operation]}"
            for (kind, operation), number in self.differing.most_common()
        ]


# --- Our side -----------------------------------------------------------------------------------


class Constants:
    """Describes constants as ``disasm_child.brief`` does, each once."""

    def __init__(self, codes: Sequence[Code]) -> None:
        self._codes = {id(code): place for place, code in enumerate(codes)}
        self._known: dict[int, tuple[object, Any]] = {}

    def of(self, value: object) -> Any:
        kind = type(value)
        if kind is int or (kind is str and value.isascii()):  # type: ignore[attr-defined]
            return value
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = value, self._describe(value)
        return known[1]

    def _describe(self, value: object) -> Any:
        if isinstance(value, type | BuiltinFunctionType):
            return ["named", value.__name__]
        try:
            return describe(value, self._codes)
        except TypeError:
            return ["other", repr(value)]

    def argval(self, value: object) -> Any:
        """Describe the value of an argument that is not a constant."""
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is tuple:
            return ["pair", *map(self.argval, value)]  # type: ignore[call-overload]
        return self.of(value)


def has_frozenset(value: object) -> bool:
    return isinstance(value, frozenset) or any(map(has_frozenset, parts_of(value)))


def _parts(text: str) -> list[str]:
    """Return the parts of a literal, which are the same in any order of its sets."""
    return sorted(re.split(r"[][(){}, ]", text))


class Listing(NamedTuple):
    """What is said of a code object: as the child's answer, by its names."""

    columns: Mapping[str, Sequence[Any]]
    facts: Mapping[str, Sequence[Any]]


def our_listing(
    code: Code, dialect: Dialect, constants: Constants, loading: frozenset[int]
) -> Listing:
    """Return what we say; ``loading`` are the opcodes whose argument is a constant."""
    from pycinspect import disasm

    steps = disasm.instructions(code, dialect, caches=True)
    visible = [step for step in steps if step.opname != "CACHE"]
    assert visible == disasm.instructions(code, dialect), "caches change instructions"
    columns = {
        "offset": [step.offset for step in steps],
        "start": [step.start_offset for step in steps],
        "opcode": [step.opcode for step in steps],
        "arg": [step.arg for step in steps],
        "argval": [
            constants.of(step.argval) if step.opcode in loading else constants.argval(step.argval)
            for step in steps
        ],
        "argrepr": [step.argrepr for step in steps],
        "jump": [step.jump_target for step in steps],
        "line": [step.line for step in steps],
    }
    facts = {
        "opnames": sorted([*pair] for pair in {(step.opcode, step.opname) for step in steps}),
        "linestarts": [[*start] for start in disasm.line_starts(code, dialect)],
        "labels": sorted({*columns["jump"]} - {None}),
        "ranges": [[*lines] for lines in disasm.line_ranges(code, dialect)],
        "positions": [*chain.from_iterable(disasm.positions(code, dialect))],
        "exceptions": [[*entry] for entry in disasm.exception_table(code, dialect)],
    }
    return Listing(columns, facts)


# --- Comparing ----------------------------------------------------------------------------------


def library(oracle: Oracle) -> list[list[str]]:
    """Return every source of an oracle's standard library."""
    return _ask(oracle, {"task": "library"})


def _ask(oracle: Oracle, request: Mapping[str, object]) -> Any:
    return oracle.run(CHILD, request, environment=_VARIABLES, directories=[CHILD.parent])


def compare(
    oracle: Oracle, paths: Sequence[Sequence[str]] = (), sources: Sequence[str] = ()
) -> Result:
    """Let an oracle compile and disassemble sources, and compare."""
    answers = _ask(oracle, {"task": "disassembled", "paths": paths, "sources": sources})
    names = ["/".join(path) for path in paths] + [f"source {n}" for n in range(len(sources))]
    dialect = find_dialect(oracle.dialect)
    result = Result()
    for place, name in enumerate(names):
        answer, answers[place] = answers[place], None  # an answer is large
        if answer is None:
            result.figures["does not compile"] += 1
            continue
        result.figures["files"] += 1
        try:
            _compare_file(dialect, name, answer, result)
        except PycInspectError as error:
            result.differ("refusal", error.slug, f"{name}: {error}")
    return result


def _compare_file(dialect: Dialect, name: str, answer: Mapping[str, Any], result: Result) -> None:
    root = unmarshal(base64.b64decode(answer["payload"]), dialect).value
    assert isinstance(root, Code)
    codes = [*root.walk()]
    constants, loading = Constants(codes), frozenset(answer["constants"])
    for code, theirs in zip(codes, answer["codes"], strict=True):
        result.figures["code objects"] += 1
        ours = our_listing(code, dialect, constants, loading)
        place = f"{name}, {code.qualname} at line {code.firstlineno}"
        listing = Listing(**theirs)
        _compare_columns(place, ours, listing, code, result)
        _compare_facts(place, ours, listing, result)


def _compare_columns(
    place: str, ours: Listing, theirs: Listing, code: Code, result: Result
) -> None:
    offsets, opcodes = theirs.columns["offset"], theirs.columns["opcode"]
    result.figures["instructions"] += len(offsets)
    if ours.columns["offset"] != offsets:
        difference = _first_difference(ours.columns["offset"], offsets)
        result.differ("offset", "instructions", f"{place}: {difference}")
        return
    names = dict(theirs.facts["opnames"])
    for column, values in theirs.columns.items():
        result.figures[column] += len(offsets)
        if ours.columns[column] == values:
            continue
        for row, (our, their) in enumerate(zip(ours.columns[column], values, strict=True)):
            if our == their:
                continue
            arg, name = theirs.columns["arg"][row], names[opcodes[row]]
            constant = code.consts[arg] if arg is not None and arg < len(code.consts) else None
            if column == "argrepr" and _is_same_set(our, their, constant):
                result.figures["sets in another order"] += 1
            elif their == ["unknown"]:
                result.figures["unknown to dis"] += 1  # KW_NAMES in 3.11
            elif column == "argrepr" and name == "CACHE":
                result.figures["texts of caches"] += 1  # which are empty in files
            else:
                example = f"{place}: offset {offsets[row]}, argument {arg}"
                result.differ(column, name, f"{example}: {_short(our)} is not {_short(their)}")


def _is_same_set(our: str, their: str, constant: object) -> bool:
    """Return whether it is a constant with a frozenset, in the order of other hashes.

    That the values are the same is seen in another column.
    """
    return "frozenset(" in their and has_frozenset(constant) and _parts(our) == _parts(their)


def _compare_facts(place: str, ours: Listing, theirs: Listing, result: Result) -> None:
    for kind, values in theirs.facts.items():
        result.figures[kind] += len(values)
        if ours.facts[kind] != values:
            difference = _first_difference(ours.facts[kind], values)
            result.differ(kind, "code", f"{place}: {difference}")


def _first_difference(ours: Sequence[Any], theirs: Sequence[Any]) -> str:
    for row, (our, their) in enumerate(zip(ours, theirs, strict=False)):
        if our != their:
            return f"entry {row} of {len(theirs)}: {_short(our)} is not {_short(their)}"
    row = min(len(ours), len(theirs))
    return f"{len(ours)} entries, not {len(theirs)}: {_short([*ours[row:], *theirs[row:]])}"


def _short(value: object) -> str:
    return f"{value!r:.200}"


# --- The command ----------------------------------------------------------------------------------

#: Files that a child is asked about at a time: an answer has some 100 kB a file.
_BATCH = {"native": 40, "pyodide": 80}
_TABLE = (
    *("files", "code objects", "instructions", "argval", "argrepr", "sets in another order"),
    *("jump", "labels", "line", "linestarts", "ranges", "positions", "exceptions"),
    *("does not compile", "unknown to dis", "texts of caches"),
)
#: What disagrees where a column of the table says so.
_SUMMED = {
    "files": ["refusal"],
    "instructions": ["offset", "start", "opcode", "opnames", "arg"],
}


def _compare_batch(oracle: Oracle, batch: tuple[list[list[str]], Sequence[str]]) -> Result:
    return compare(oracle, *batch)


def compare_many(oracle: Oracle, paths: Sequence[list[str]], pool: Executor) -> Result:
    """Compare sources of the standard library, and ours, in batches."""
    size = _BATCH[oracle.kind]
    batches = [(paths[start : start + size], ()) for start in range(0, len(paths), size)]
    result = Result()
    for more in pool.map(partial(_compare_batch, oracle), [((), (*SOURCES, HUGE)), *batches]):
        result.add(more)
    return result


def _line(oracle: Oracle, result: Result, seconds: float) -> str:
    """Return a line of the table: how many were compared, and after a slash how many differ."""
    cells = [oracle.name.ljust(13)]
    for kind in _TABLE:
        differing = sum(result.count(part) for part in _SUMMED.get(kind, [kind]))
        cells.append(
            f"{result.figures[kind]:,}" + (f" ({differing:,} DIFFER)" if differing else "")
        )
    return " | ".join([*cells, f"{seconds:.0f} s"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the whole standard library")
    parser.add_argument("--sample", type=int, default=0, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20, help="so many disagreements an oracle")
    parser.add_argument("--oracle", action="append", choices=WANTED)
    options = parser.parse_args()
    failed = False
    print(" | ".join(["oracle".ljust(13), *_TABLE, "time"]))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, oracle in find_oracles().items():
            if options.oracle and name not in options.oracle:
                continue
            started = time.monotonic()
            paths = library(oracle)
            if not options.all:
                paths = sample(paths, options.sample, options.seed)
            result = compare_many(oracle, paths, pool)
            failed |= result.failed
            print(_line(oracle, result, time.monotonic() - started), flush=True)
            for disagreement in result.disagreements()[: options.show]:
                print("   ", disagreement[:1000])
    return 1 if failed else 0


def sample(paths: Sequence[list[str]], count: int, seed: object) -> list[list[str]]:
    """Return some of the sources, always the same for a seed."""
    return random.Random(str(seed)).sample(paths, min(count, len(paths)))


if __name__ == "__main__":
    sys.exit(main())
