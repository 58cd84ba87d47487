"""Every example in a docstring is true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import pycinspect

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(pycinspect.__path__, "pycinspect.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    if name.endswith("__main__"):
        pytest.skip("importing it runs the program")
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", pycinspect.__all__)
def test_whatever_is_public_is_documented(name: str) -> None:
    value = getattr(pycinspect, name)
    if inspect.isfunction(value):
        assert ">>> " in (inspect.getdoc(value) or "")
    elif inspect.isclass(value):
        assert inspect.getdoc(value)
