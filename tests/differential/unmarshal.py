"""Our reader against the interpreters' own: what they marshal, and what they refuse.

    python -m tests.differential.unmarshal --all [--oracle NAME ...]
    python -m tests.differential.unmarshal --mutants COUNT [--oracle NAME ...]

The first compiles the whole standard library of each interpreter and compares every field
of every code object; the second damages payloads and compares what is raised.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pycinspect.dialects import find_dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc.code import Code
from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pycinspect.pyc.unmarshal import FAILURES, unmarshal
from tests.oracles import WANTED, Oracle, OracleError, find_oracles

CHILD = Path(__file__).with_name("unmarshal_child.py")

#: All kinds of constants and variables that a compiler makes. Each part is a source of its
#: own, because some do not compile everywhere.
SOURCES = Path(__file__).with_name("constants.txt").read_text("utf-8").split("---\n")

#: Values that marshal knows but no compiler makes.
EXPRESSIONS = (
    *("None", "True", "False", "Ellipsis", "StopIteration", "0", "-1", "2**31", "-2**31 - 1"),
    *("2**15", "2**30", "-2**45", "2**1000 - 1", "-3**500", "long(5)", "[2**31, long(-7)]"),
    *("0.1", "-0.0", "1e400", "5e-324", "1j", "-0.0 - 1e400j"),
    *("b''", "b'a\\xff' * 200", "u''", "u'a'", "u'\\xe9' * 300", "u'\\ud800\\udc00'"),
    *("u'\\U0001f600'", "'identifier'", "intern('identifier')", "('a', 'a', 'a', u'a')"),
    *("()", "(1, (2, (3,)))", "[]", "[1, [2]]", "{}", "{1: {2: 3}, 'k': None}"),
    *("set()", "set([1, 2])", "frozenset()", "frozenset([1, (2, frozenset([3]))])"),
    *("slice(None)", "slice(1, 'a', (2,))", "frozendict()", "frozendict({1: 2, 'a': (3,)})"),
    *("[[1], [1]] * 2", "(lambda x: (x, x, (x, [x])))((1, 'two'))", "tuple(range(300))"),
)


# --- Describing our values as the child describes its own -----------------------------------


def _bits(number: float) -> str:
    return struct.pack("<d", number).hex()


def _points(text: str) -> list[int]:
    return [ord(character) for character in text]


def describe(value: Any, codes: dict[int, int]) -> list[Any]:
    kind = type(value)
    if kind is Code:
        return ["code", codes[id(value)]]
    if value is None or value is Ellipsis or kind is bool:
        return ["singleton", str(value)]
    if value is StopIteration:
        return ["singleton", "StopIteration"]
    if kind in (int, Long):
        return [kind.__name__.lower(), f"{value:x}"]
    if kind is float:
        return ["float", _bits(value)]
    if kind is complex:
        return ["complex", _bits(value.real), _bits(value.imag)]
    if kind is bytes:
        return ["bytes", value.hex()]
    if kind is str:
        return ["str", _points(value)]
    if kind in (tuple, list):
        return [kind.__name__, [describe(item, codes) for item in value]]
    if kind in (set, frozenset):
        return [kind.__name__, sorted((describe(item, codes) for item in value), key=json.dumps)]
    if kind is Slice:
        return ["slice", *(describe(p, codes) for p in (value.start, value.stop, value.step))]
    if kind in (dict, FrozenDict):
        items = [[describe(key, codes), describe(item, codes)] for key, item in value.items()]
        return [kind.__name__.lower(), sorted(items, key=json.dumps)]
    raise TypeError(kind)


def describe_code(code: Code, codes: dict[int, int]) -> dict[str, Any]:
    described: dict[str, Any] = {}
    for name in Code.__dataclass_fields__:
        value = getattr(code, name)
        if name == "consts":
            described[name] = [describe(constant, codes) for constant in value]
        elif isinstance(value, tuple):
            described[name] = [_points(item) for item in value]
        elif isinstance(value, bytes):
            described[name] = value.hex()
        else:
            described[name] = _points(value) if isinstance(value, str) else value
    return described


# --- What they marshal --------------------------------------------------------------------------


def library(oracle: Oracle) -> list[list[str]]:
    """Return every source of an oracle's standard library."""
    answer = oracle.run(CHILD, {"task": "library"})
    assert isinstance(answer, list)
    return answer


def compare_code(
    oracle: Oracle, paths: Sequence[Sequence[str]], sources: Sequence[str] = ()
) -> tuple[Counter[str], list[str]]:
    """Let an oracle compile and read sources; return figures, and every disagreement."""
    figures: Counter[str] = Counter()
    disagreements: list[str] = []
    request = {"task": "compiled", "paths": paths, "sources": sources}
    answers: Any = oracle.run(CHILD, request)
    for path, answer in zip([*paths, *sources], answers, strict=True):
        if answer is None:
            figures["does not compile"] += 1
            continue
        figures["files"] += 1
        problems = list(_differences(oracle, answer, figures))
        disagreements += [f"{oracle.name}: {path}: {problem}" for problem in problems]
    return figures, disagreements


def _differences(oracle: Oracle, answer: dict[str, Any], figures: Counter[str]) -> Iterator[str]:
    payload = base64.b64decode(answer["payload"])
    try:
        root, end = unmarshal(payload, find_dialect(oracle.dialect))
    except PycInspectError as error:
        figures["refused"] += 1
        yield f"refused: {error}"
        return
    if end != len(payload):
        yield f"{len(payload) - end} bytes are left"
    assert isinstance(root, Code)
    codes = list(root.walk())
    figures["code objects"] += len(codes)
    if len(codes) != len(answer["codes"]):
        yield f"{len(codes)} code objects, not {len(answer['codes'])}"
        return
    index = {id(code): place for place, code in enumerate(codes)}
    for code, theirs, qualname in zip(codes, answer["codes"], answer["qualnames"], strict=True):
        ours = describe_code(code, index)
        for name, value in theirs.items():
            if ours[name] != value:
                figures["fields that differ"] += 1
                yield f"{code.qualname}: {name}: {ours[name]!r:.300} is not {value!r:.300}"
        figures["qualified names"] += qualname is not None
        if qualname not in (None, code.qualname):
            figures["qualified names that differ"] += 1
            yield f"{code.qualname} is called {qualname}"


def compare_values(oracle: Oracle) -> tuple[int, list[str]]:
    """Let an oracle marshal values in all versions; return how many, and disagreements."""
    answers: Any = oracle.run(CHILD, {"task": "values", "expressions": EXPRESSIONS})
    disagreements = []
    for expression, version, payload, theirs in answers:
        try:
            value, end = unmarshal(bytes.fromhex(payload), find_dialect(oracle.dialect))
            ours = describe(value, {}) if 2 * end == len(payload) else f"ends at {end}"
        except PycInspectError as error:
            ours = str(error)
        if ours != theirs:
            disagreements.append(f"{oracle.name}: {expression}, {version}: {ours} not {theirs}")
    return len(answers), disagreements


# --- What they refuse ---------------------------------------------------------------------------

_EXTREMES = (0, 1, -1, 0x7F, 0xFF, 0x7FFF_FFFF, -0x8000_0000, 0x7FFF_FFFE, 0x0001_0000)
_LETTERS = b"0NFTS.iIlfgxystuR([{<>cCraAzZ):}?\x00\xff\xe3\xa9\xda\xf3\xe9\xfa\xdb\xa8"


def mutants(payload: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a payload: one to three changes each, reproducibly."""
    choose = random.Random(seed)
    for _ in range(count):
        damaged = bytearray(payload)
        for _ in range(choose.choice((1, 1, 1, 2, 3))):
            _damage(damaged, choose)
        yield bytes(damaged)


def _damage(data: bytearray, choose: random.Random) -> None:
    if not data:
        return
    place = choose.randrange(len(data))
    kind = choose.randrange(8)
    if kind < 2:
        data[place] ^= 1 << choose.randrange(8)
    elif kind == 2:
        del data[place:]
    elif kind == 3:
        del data[place : place + choose.randrange(1, 40)]
    elif kind == 4:
        source = choose.randrange(len(data))
        data[place:place] = data[source : source + choose.randrange(1, 80)]
    elif kind == 5:
        data[place : place + 4] = struct.pack("<i", choose.choice(_EXTREMES))
    elif kind == 6:
        data[place] = choose.choice(_LETTERS)
    else:
        data[place] = choose.randrange(256)


def our_verdict(payload: bytes, dialect: str) -> str | None:
    """Return what ``marshal.loads`` should do, as the child tells it."""
    try:
        value = unmarshal(payload, find_dialect(dialect)).value
    except PycInspectError as error:
        return FAILURES[error.slug]
    return "code" if isinstance(value, Code) else "other"


def their_verdicts(oracle: Oracle, payloads: Sequence[bytes], folder: Path) -> list[str]:
    """Return what the interpreter does with each payload; "dies" where it does."""
    results = folder / f"{oracle.name}.verdicts"
    verdicts: list[str] = []
    while len(verdicts) < len(payloads):
        results.write_text("")
        rest = payloads[len(verdicts) :]
        request = {
            "task": "verdicts",
            "results": str(results),
            "payloads": [base64.b64encode(payload).decode() for payload in rest],
            "memory": _MEMORY,
        }
        try:
            oracle.run(CHILD, request)
            died = False
        except OracleError:
            died = True
        verdicts += results.read_text().splitlines()
        if died:
            verdicts.append("dies")
    return verdicts


_MEMORY = 3 << 30  # bytes; a tuple of 2**31 objects is a MemoryError then


def payloads_of(oracle: Oracle) -> list[bytes]:
    """Return what an oracle makes of :data:`SOURCES`."""
    request = {"task": "compiled", "sources": SOURCES}
    answers: Any = oracle.run(CHILD, request, environment={"PYTHONHASHSEED": "0"})
    return [base64.b64decode(answer["payload"]) for answer in answers if answer]


def compare_verdicts(
    oracle: Oracle, count: int, folder: Path, seed: int = 0
) -> tuple[Counter[str], list[str]]:
    """Damage payloads; return figures, and every disagreement."""
    whole = payloads_of(oracle)
    damaged = [
        mutant
        for index, payload in enumerate(whole)
        for mutant in mutants(payload, -(-count // len(whole)), seed + index)
    ]
    figures: Counter[str] = Counter()
    disagreements = []
    theirs = their_verdicts(oracle, damaged, folder)
    for payload, verdict in zip(damaged, theirs, strict=True):
        ours = our_verdict(payload, oracle.dialect)
        figures["mutants"] += 1
        figures[f"they: {verdict}"] += 1
        if verdict in ("dies", "MemoryError") or ours is None:
            figures["no comparison"] += 1
        elif ours != verdict:
            figures["disagreements"] += 1
            disagreements.append(f"{oracle.name}: {verdict}, not {ours}: {payload.hex()}")
    return figures, disagreements


# --- The command ------------------------------------------------------------------------------------

_BATCH = 60


def _run_all(oracle: Oracle) -> tuple[Counter[str], list[str]]:
    figures, disagreements = compare_code(oracle, [], SOURCES)
    paths = library(oracle)
    batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for more, problems in pool.map(lambda batch: compare_code(oracle, batch), batches):
            figures += more
            disagreements += problems
    return figures, disagreements


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the whole standard library")
    parser.add_argument("--mutants", type=int, default=0, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=5, help="so many disagreements an oracle")
    parser.add_argument("--oracle", action="append", choices=WANTED)
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, oracle in find_oracles().items():
            if options.oracle and name not in options.oracle:
                continue
            if options.mutants:
                figures, problems = compare_verdicts(
                    oracle, options.mutants, Path(folder), options.seed
                )
            elif options.all:
                figures, problems = _run_all(oracle)
            else:
                figures, problems = compare_code(oracle, [], SOURCES)
            failures += len(problems)
            print(name, dict(sorted(figures.items())), flush=True)
            for problem in problems[: options.show]:
                print("   ", problem[:1000])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
