"""Everything that the interpreters write is spelled as their writers spell it.

    python -m tests.differential.encoding [--oracle NAME ...]

compiles the whole standard library of each interpreter; none of it may have an anomaly.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pycinspect.dialects import find_dialect
from pycinspect.pyc.encoding import anomalies
from tests.differential.unmarshal import CHILD, library
from tests.oracles import WANTED, Oracle, find_oracles

_BATCH = 60


def compiled(oracle: Oracle, paths: Sequence[Sequence[str]]) -> Iterator[tuple[str, bytes]]:
    """Yield the sources that compile, and what the oracle's caches of them would hold."""
    answers: Any = oracle.run(CHILD, {"task": "payloads", "paths": paths})
    for path, answer in zip(paths, answers, strict=True):
        if answer is not None:
            yield path[1], base64.b64decode(answer)


def false_alarms(oracle: Oracle, paths: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """Return how many payloads there are, and every anomaly in them."""
    dialect = find_dialect(oracle.dialect)
    alarms, count = [], 0
    for name, payload in compiled(oracle, paths):
        count += 1
        alarms += [f"{oracle.name}: {name}: {found}" for found in anomalies(payload, dialect)]
    return count, alarms


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--oracle", action="append", choices=WANTED)
    options = parser.parse_args()
    failures = 0
    for name, oracle in find_oracles().items():
        if options.oracle and name not in options.oracle:
            continue
        paths = library(oracle)
        batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda batch, o=oracle: false_alarms(o, batch), batches))
        alarms = [alarm for _, found in results for alarm in found]
        failures += len(alarms)
        print(f"{name}: {sum(count for count, _ in results)} files, {len(alarms)} anomalies")
        for alarm in alarms[:5]:
            print("   ", alarm)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
