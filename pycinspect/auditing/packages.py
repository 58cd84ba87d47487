"""Which package of a tree a directory belongs to.

A tree is walked in depth, so that all directories of one package come in a row:
what is summed up for each package needs to be kept for one only.
"""

from __future__ import annotations

import os

from pycinspect.auditing.walk import Directory

__all__ = ["package_of", "package_path"]


def package_of(directory: Directory) -> str:
    """Return the first name below the root, ``"."`` for the root itself."""
    below = directory.path.removeprefix(directory.root).lstrip(os.sep)
    return below.partition(os.sep)[0] or os.curdir


def package_path(root: str, package: str) -> str:
    """Return where a package of a tree is."""
    return root if package == os.curdir else os.path.join(root, package)
