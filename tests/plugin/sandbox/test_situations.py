"""Events are what really happened, on every interpreter, whatever was done before."""

from __future__ import annotations

import pytest

from pytest_pycinspect.sandbox.event import OUTCOMES
from tests.oracles import Oracle

from .situations import check_situations, drawn

#: ``python -m tests.plugin.sandbox.situations --examples 3000`` draws more, with any seed.
_EXAMPLES = 25
_SEED = 488


def test_events_are_what_happened(oracle: Oracle) -> None:
    if oracle.kind != "native":
        pytest.skip("a sandbox starts the interpreter itself")
    tally = check_situations(oracle, drawn(_EXAMPLES, _SEED))
    if tally.failures:
        pytest.fail("\n\n".join(tally.failures), pytrace=False)


@pytest.mark.slow
@pytest.mark.parametrize("oracle", ["cpython-3.12"], indirect=True)
def test_chance_meets_every_outcome(oracle: Oracle) -> None:
    """Else the test above would show less than it says."""
    missing = set(OUTCOMES) - {"not_observed"}
    for situation in drawn(600, 0):
        if missing:
            missing -= check_situations(oracle, [situation]).outcomes.keys()
    assert not missing
