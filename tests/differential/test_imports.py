"""pycinspect and the importers agree about every situation."""

from __future__ import annotations

import pytest

from tests.differential.compare import Tally, compare
from tests.differential.kit import kit_of
from tests.differential.mixtures import mixed_situations
from tests.differential.tables import table_situations
from tests.oracles import Oracle

#: ``python -m tests.differential --examples 1000`` draws more, with any seed.
_EXAMPLES = 100
_SEED = 3147


def _assert_agreement(tally: Tally) -> None:
    """Fail with every disagreement, told as a whole."""
    if tally.disagreements:
        pytest.fail("\n\n".join(map(str, tally.disagreements)), pytrace=False)
    assert tally.compared > 0


def test_every_rule_by_itself(oracle: Oracle) -> None:
    kit = kit_of(oracle)
    tally = compare(kit, table_situations(kit))
    _assert_agreement(tally)
    if oracle.kind == "native":  # Pyodide cannot see fractions of milliseconds
        assert tally.unfit == ()


def test_mixtures(oracle: Oracle) -> None:
    kit = kit_of(oracle)
    _assert_agreement(compare(kit, mixed_situations(kit, _EXAMPLES, _SEED)))
