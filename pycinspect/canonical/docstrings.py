"""Docstrings as 3.13 stores them."""

from __future__ import annotations

from inspect import cleandoc

from pycinspect.dialects import Dialect

__all__ = ["cleandoc", "docstring_text", "is_indented"]


def docstring_text(constant: object, dialect: Dialect) -> str | None:
    """Return a constant as a docstring, None if it is none; in Python 2 most are bytes."""
    if isinstance(constant, bytes) and dialect.code is not None and dialect.code.bytes_text:
        return constant.decode("utf-8", "backslashreplace")
    return constant if isinstance(constant, str) else None


def is_indented(text: str) -> bool:
    """Return whether 3.13 stores a docstring without some of its indentation.

    Python/compile.c: _PyCompile_CleanDoc, which keeps blank lines at the end.
    """
    return cleandoc(text).rstrip() != text.rstrip()
