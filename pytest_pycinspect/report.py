"""What a test's failures show, and the settings that concern it."""

from __future__ import annotations

from functools import lru_cache

import pytest

from pytest_pycinspect.expect.guards import Version, versions
from pytest_pycinspect.plugin import ITEM, SUPPORTED

__all__ = ["supported_versions"]


def supported_versions() -> tuple[Version, ...]:
    """Return the versions that guards may be about (``pycinspect_supported``)."""
    item = ITEM.get(None)
    return _versions(SUPPORTED if item is None else str(item.config.getini("pycinspect_supported")))


_versions = lru_cache(versions)
