"""Docstrings as 3.13 stores them."""

from __future__ import annotations

from inspect import cleandoc

__all__ = ["cleandoc", "is_indented"]


def is_indented(text: str) -> bool:
    """Return whether 3.13 stores a docstring without some of its indentation.

    Python/compile.c: _PyCompile_CleanDoc, which keeps blank lines at the end.
    """
    return cleandoc(text).rstrip() != text.rstrip()
