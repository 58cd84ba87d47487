"""What the running test tells expectations, and what they leave behind for its report."""

from __future__ import annotations

from functools import lru_cache

import pytest

from pytest_pycinspect.expect.guards import Version, versions
from pytest_pycinspect.plugin import ITEM, SUPPORTED

__all__ = ["compared_last", "note", "supported_versions"]

_LAST = pytest.StashKey[object]()


def supported_versions() -> tuple[Version, ...]:
    """Return the versions that guards may be about (``pycinspect_supported``)."""
    item = ITEM.get(None)
    return _versions(SUPPORTED if item is None else str(item.config.getini("pycinspect_supported")))


_versions = lru_cache(versions)


def note(comparison: object) -> None:
    """Remember what the running test compared last."""
    item = ITEM.get(None)
    if item is not None:
        item.stash[_LAST] = comparison


def compared_last(item: pytest.Item) -> object:
    """Return what a test compared last, None for nothing."""
    return item.stash.get(_LAST, None)
