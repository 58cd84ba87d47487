"""What plugins and ``conftest.py`` may add to pytest-pycinspect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pycinspect.expect import Failure
    from pytest_pycinspect.sandbox import CacheEvent


@pytest.hookspec(firstresult=True)
def pytest_pycinspect_normalize_operand(value: object) -> object:
    """Return what takes the place of a constant in comparisons and goldens, or None.

    For constants that differ from machine to machine, such as absolute paths.
    """


@pytest.hookspec
def pytest_pycinspect_mismatch(item: pytest.Item, failure: Failure) -> None:
    """An expectation of ``item`` was not met."""


@pytest.hookspec
def pytest_pycinspect_cache_event(item: pytest.Item, event: CacheEvent) -> None:
    """A module was imported in the ``pycache`` sandbox of ``item``."""
