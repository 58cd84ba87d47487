"""What of pytest's session may everybody know: which test runs, and which were collected?

pytest loads this at every start, so it imports nothing else; ``plugin`` fills it.
"""

from __future__ import annotations

from contextvars import ContextVar

import pytest

__all__ = ["COLLECTED", "ITEM", "SUPPORTED", "supported_pythons"]

#: The test that runs: hooks about comparisons, and comparisons, are not told.
ITEM: ContextVar[pytest.Item] = ContextVar("pycinspect_item")

#: All tests that were collected, also those that do not run; and how many files could not be.
COLLECTED = pytest.StashKey["tuple[list[pytest.Item], int]"]()

#: What guards may be about where no setting says so.
SUPPORTED = "3.9-3.15"


def supported_pythons() -> str:
    """Return the versions that guards may be about, as ``pycinspect_supported`` says."""
    item = ITEM.get(None)
    return SUPPORTED if item is None else str(item.config.getini("pycinspect_supported"))
