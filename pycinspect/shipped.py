"""Tables and scripts that lie beside our modules.

``importlib.resources`` reads them, too, but importing it takes longer than reading a small cache.
"""

from __future__ import annotations

import os
import sys
from typing import Protocol, cast

__all__ = ["shipped_text"]


class _Loader(Protocol):
    """What every loader of the standard library can do, that of zip files included."""

    def get_data(self, path: str) -> bytes: ...


def shipped_text(package: str, *names: str) -> str:
    """Return the content of a file in one of our packages.

    Args:
        package: its full name; it has been imported.
        names: the path of the file from there.
    """
    module = sys.modules[package]
    assert module.__file__ is not None
    path = os.path.join(os.path.dirname(module.__file__), *names)
    return cast("_Loader", module.__loader__).get_data(path).decode("utf-8")
