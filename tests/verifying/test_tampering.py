"""Whatever is changed in a cache is found, on its rung; and what nobody changed is verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from pycinspect.verifying import Rung
from pycinspect.verifying.verifier import Verifier
from tests.canonical.programs import program
from tests.oracles import Oracle, find_oracle
from tests.verifying.kit import Tampered, tampered, written

SEED = 20261130
#: Something for every kind: functions, closures, constants of each type, assertions.
PLAIN = '''
"""A module."""
import os, sys

RATES = (1.5, 0.0, 2, 3)

def outer(first, second=1, *, third=None):
    """Make a function."""
    total = [0, first]

    def inner(step, flag=True):
        nonlocal first
        for number in range(20):
            try:
                first += step * number
            except TypeError as error:
                return error, b"data"
        return os.path.join("a", str(first)), total, flag

    assert first, "nothing"
    return inner

class C:
    """A class."""
    def method(self):
        return False if __debug__ else 1
    def other(self):
        return sys.argv[0]
'''


def _can_replace(oracle: Oracle) -> bool:
    """Return whether code objects can be changed there (``code.replace``, 3.8)."""
    return oracle.kind == "native" and tuple(map(int, oracle.version.split("."))) >= (3, 8)


def _cases(oracle: Oracle, count: int) -> list[Tampered]:
    if not _can_replace(oracle):
        pytest.skip("its code objects cannot be changed, or it can be asked by nobody here")
    sources = [PLAIN, *(program(SEED + i, modern=False) for i in range(count))]
    return tampered(oracle, sources, SEED)


def test_every_kind_is_found_on_its_rung(oracle: Oracle, tmp_path: Path) -> None:
    """With the interpreter that wrote the caches at hand."""
    wrong, kinds = [], set()
    with Verifier() as verifier:
        for case in _cases(oracle, 2):
            path = written(tmp_path, case.source, case.plain, oracle.dialect)
            plain = verifier.verify_file(path)
            assert plain.rung in {Rung.IDENTICAL, Rung.CANONICAL}, plain
            for kind, payload in case.kinds.items():
                kinds.add(kind)
                found = verifier.verify_file(
                    written(tmp_path, case.source, payload, oracle.dialect)
                )
                if found.rung not in case.rungs(kind) or not found.differences:
                    wrong.append((kind, found.rung, found.reason, found.detail))
    assert not wrong, wrong
    assert len(kinds) >= 24


def test_optimized_code_under_a_plain_name_is_told(oracle: Oracle, tmp_path: Path) -> None:
    (case,) = _cases(oracle, 0)
    with Verifier() as verifier:
        for kind in ("-O", "-OO"):
            cache = case.source, case.kinds[kind], oracle.dialect
            found = verifier.verify_file(written(tmp_path, *cache))
            assert (found.rung, found.reason, found.detail) == (Rung.MISMATCH, "optimization", kind)
            level = f".opt-{len(kind) - 1}"
            assert verifier.verify_file(written(tmp_path, *cache, level)).is_verified


#: Kinds that change what PLAIN means; others may change what nothing uses.
MEANT = ("-O", "-OO", "another module", "docstring", "name of a global", "swapped functions")


@pytest.mark.parametrize("name", ["pyodide-3.14", "pyodide-3.15"])
def test_the_nearest_version_decides_where_there_is_no_other(name: str, tmp_path: Path) -> None:
    """Nobody here compiles for these: what a neighbour makes of the source means the same."""
    oracle = find_oracle(name)
    if oracle is None:
        pytest.skip("not installed")
    sources = [PLAIN, *(program(SEED + i, modern=False) for i in range(3))]
    with Verifier() as verifier:
        for case in tampered(oracle, sources, SEED):
            found = verifier.verify_file(written(tmp_path, case.source, case.plain, oracle.dialect))
            assert (found.rung, found.reason) == (Rung.SAME_MEANING, "nearest"), found.diff
            for kind in MEANT if case.source == PLAIN else ():
                path = written(tmp_path, case.source, case.kinds[kind], oracle.dialect)
                found = verifier.verify_file(path)
                assert found.rung in {Rung.UNVERIFIABLE, Rung.MISMATCH}, kind
                assert found.diff is not None
                assert not found.diff.is_same
