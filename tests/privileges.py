"""Becoming another user for a while: root may read everything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_pycinspect.sandbox.inprocess import codecs_restored

__all__ = ["NOBODY", "unprivileged"]

#: Who root becomes; None where this process is not root's, or there are no such users.
NOBODY = 65534 if hasattr(os, "geteuid") and os.geteuid() == 0 else None


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be an ordinary user in between.

    Such a user may not read a standard library in root's home. What could not be imported
    meanwhile must be there again for the tests that follow in this process.
    """
    with codecs_restored():
        if NOBODY is not None:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if NOBODY is not None:
                os.seteuid(0)
