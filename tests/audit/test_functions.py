"""Compilers' own code has no defects; ``python -m tests.audit.functions`` takes thousands."""

from __future__ import annotations

from itertools import islice

import pytest

from pycinspect.dialects import DIALECTS
from tests.audit.functions import defects, sources
from tests.oracles import Oracle

#: 2.7 and 3.8 leave instructions behind the ``return`` to which no path leads.
FINALLY = """
def f():
    try:
        x = 1
    except E:
        x = 2
    finally:
        return x
"""
#: 3.10 sends a value to a stack that has room for none.
EMPTY = """
async def f():
    raise
"""


def test_nothing_is_said_against_what_a_compiler_wrote(oracle: Oracle) -> None:
    texts = [FINALLY, EMPTY, *islice(sources(DIALECTS[oracle.dialect], seed=3), 150)]
    compiled, found = defects(oracle, texts)
    assert compiled > len(texts) // 4
    if found:
        text, words = found[0]
        pytest.fail(f"{len(found)} defects, first {words} in\n{text}", pytrace=False)
