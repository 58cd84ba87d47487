"""What the interpreters write is not a finding of the audit's rules about payloads.

The whole libraries: ``python -m tests.differential.encoding``.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from pycinspect.auditing import Audit, Policy, Selection
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import cache_from_source
from pycinspect.dialects import find_dialect
from tests.differential.encoding import compiled
from tests.differential.unmarshal import library
from tests.oracles import Oracle
from tests.unit.headers import timestamp

#: Sources of its standard library that an interpreter compiles; not the same in each.
SAMPLE = 25
MTIME = 1_700_000_000


def test_what_interpreters_write_is_well(oracle: Oracle, tmp_path: Path) -> None:
    dialect = find_dialect(oracle.dialect)
    paths = random.Random(f"encoding {oracle.name}").sample(library(oracle), SAMPLE + 10)
    count = 0
    for count, (_, payload) in enumerate(compiled(oracle, paths), 1):
        source = tmp_path / f"m{count}.py"
        source.write_bytes(b"\n")
        os.utime(source, (MTIME, MTIME))
        cache = Path(cache_from_source(source, dialect))
        cache.parent.mkdir(exist_ok=True)
        cache.write_bytes(timestamp(dialect, MTIME, 1) + payload)

    rules = ("PYC004", "PYC005", "PYC006", "PYC007", "PYC008", "PYC505", "PYC9")
    audit = Audit([tmp_path], BUILT_IN, Policy(selection=Selection(rules), dialect=dialect))

    assert list(audit) == []
    assert audit.summary.decoded == audit.summary.states["fresh"] == count >= SAMPLE
