"""Our disassembler against each interpreter's own ``dis``.

Everything: ``python -m tests.differential.disasm --all``.
"""

from __future__ import annotations

from tests.differential.disasm import SOURCES, compare, library, sample
from tests.oracles import Oracle

#: Sources of its standard library that an interpreter compiles; not the same in each.
SAMPLE = 15


def test_disassembly_is_what_dis_says(oracle: Oracle) -> None:
    paths = sample(library(oracle), SAMPLE, oracle.name)

    result = compare(oracle, paths, SOURCES)

    assert not result.failed, result.disagreements()
    assert result.figures["files"] > SAMPLE
    assert result.figures["instructions"] > 20_000
