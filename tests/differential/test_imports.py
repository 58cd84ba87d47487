"""Importers do what pycinspect says they do, in every situation."""

from __future__ import annotations

import pytest

from tests.differential.compare import compare
from tests.differential.kit import CHILD, kit_of
from tests.differential.mixtures import mixed_situations
from tests.differential.tables import table_situations
from tests.oracles import Oracle

#: ``python -m tests.differential --examples 1000`` draws more, with any seed.
_EXAMPLES = 40
_SEED = 3147


def test_importer_does_what_pycinspect_says(oracle: Oracle) -> None:
    """One test an oracle: every rule by itself, and mixtures, in as few children as possible."""
    kit = kit_of(oracle)
    tally = compare(kit, [*table_situations(kit), *mixed_situations(kit, _EXAMPLES, _SEED)])
    if tally.disagreements:
        pytest.fail("\n\n".join(map(str, tally.disagreements)), pytrace=False)
    if oracle.kind == "native":  # Pyodide cannot see fractions of milliseconds
        assert tally.unfit == ()


@pytest.mark.parametrize("mode", ["default", "always", "never"])
def test_option_sets_what_the_situations_set(oracle: Oracle, mode: str) -> None:
    """A child sets ``_imp.check_hash_based_pycs`` itself: one child serves all modes."""
    if oracle.kind != "native" or not kit_of(oracle).has_flags:
        pytest.skip("no command line, or no such option")
    arguments = ["--check-hash-based-pycs", mode]
    assert oracle.run(CHILD, {"task": "hash_checks"}, arguments=arguments) == mode
