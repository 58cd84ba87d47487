"""Canonical forms, or an error that says why there is none."""

from __future__ import annotations

from pycinspect.canonical import Form, Level, canonicalize
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code

__all__ = ["form_of"]


def form_of(code: Code, dialect: Dialect, level: Level) -> Form:
    """Return the canonical form.

    Raises:
        PycInspectError: ``not-canonical``, with the reason.
    """
    form = canonicalize(code, dialect, level)
    if form.problem is not None:
        raise PycInspectError("not-canonical", f"{code.qualname}: {form.problem}")
    return form
