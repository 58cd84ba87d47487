"""A sample of the damaged files; ``python -m tests.fuzz`` has many more."""

from __future__ import annotations

import pytest

from tests.fuzz.mutants import examine, mutants, seeds


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_raise_nothing_of_their_own(
    seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    read = sum(examine(data) is not None for data in mutants(seeds(), 250, seed))
    assert 0 < read < 250
    assert capfd.readouterr() == ("", "")
