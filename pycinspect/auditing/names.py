"""What names in a cache directory say beyond PEP 3147 and PEP 488."""

from __future__ import annotations

import re

__all__ = ["is_interrupted_write"]

#: importlib/_bootstrap_external.py: _write_atomic, ``f'{path}.{id(path)}'``.
_INTERRUPTED = re.compile(r"\.py[co]\.\d+$")


def is_interrupted_write(filename: str) -> bool:
    """Return whether a name is that of a temporary file of the importer.

    >>> is_interrupted_write("mod.cpython-312.pyc.139872034862080")
    True
    """
    return filename[-1:].isdecimal() and _INTERRUPTED.search(filename) is not None
