"""A few random trees; ``python -m tests.differential.trees_agree`` takes thousands."""

from __future__ import annotations

import pytest

from tests.differential.agreement import contradictions, plans
from tests.differential.kit import kit_of
from tests.oracles import Oracle

_TREES = 60
_SEED = 7


def test_audit_check_and_the_import_agree_on_every_file(oracle: Oracle) -> None:
    kit = kit_of(oracle)
    wrong = [str(found) for found in contradictions(kit, plans(kit, _TREES, _SEED))]
    if wrong:
        pytest.fail(f"{len(wrong)} contradictions\n" + "\n".join(wrong[:5]), pytrace=False)
