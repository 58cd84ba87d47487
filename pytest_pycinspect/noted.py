"""What did the running test ask last? Its report shows that, if the test fails."""

from __future__ import annotations

import pytest

from pytest_pycinspect.session import ITEM

__all__ = ["note", "noted_last"]

_LAST = pytest.StashKey[object]()


def note(asked: object) -> None:
    """Remember what the running test asked last."""
    item = ITEM.get(None)
    if item is not None:
        item.stash[_LAST] = asked


def noted_last(item: pytest.Item) -> object:
    """Return what a test asked last, None for nothing."""
    return item.stash.get(_LAST, None)
