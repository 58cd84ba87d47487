"""A few random trees; ``python -m tests.repairing`` takes thousands."""

from __future__ import annotations

import sys

import pytest

from tests.differential.kit import kit_of
from tests.oracles import Oracle
from tests.repairing.trees import Outcomes, objections, plans

_SEED = 5


def _assert_mended(oracle: Oracle, count: int) -> Outcomes:
    kit, outcomes = kit_of(oracle), Outcomes()
    wrong = [str(found) for found in objections(kit, plans(kit, count, _SEED), outcomes)]
    if wrong:
        pytest.fail(f"{len(wrong)} objections\n" + "\n".join(wrong[:3]), pytrace=False)
    return outcomes


#: What runs this: no interpreter has to be looked for.
_RUNNING = "cpython-{}.{}".format(*sys.version_info)


@pytest.mark.parametrize("oracle", [_RUNNING], indirect=True)
def test_imports_do_what_they_did_or_what_their_sources_say(oracle: Oracle) -> None:
    outcomes = _assert_mended(oracle, 25)
    assert outcomes.trees == 25
    assert outcomes.repairs > 20
    assert outcomes.questions > 50


@pytest.mark.slow
def test_of_every_python(oracle: Oracle) -> None:
    if oracle.kind != "native":
        pytest.skip("it sees another file system than the process that mends")
    assert _assert_mended(oracle, 60).repairs > 30
