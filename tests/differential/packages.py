"""Third-party packages as ``pip install --target`` and unpacked wheels leave them in a folder."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

__all__ = ["Package", "half_of", "packages_in"]


class Package(NamedTuple):
    """One package of a folder.

    Args:
        name: what the index calls it, in lower case.
        version: its version.
        files: its sources, by their paths in the folder.
    """

    name: str
    version: str
    files: tuple[str, ...]

    def sample(self, count: int, seed: int) -> list[str]:
        """Return the paths of some files, of all where there are no more."""
        chosen = random.Random(f"{self.name} {seed}").sample(
            self.files, min(count, len(self.files))
        )
        return sorted(chosen)


def packages_in(tree: Path, split: str, only: Sequence[str] = ()) -> list[Package]:
    """Return the packages of a folder that have sources.

    Half of them are for development (``tuned``), the others for the final figures: files of one
    package are alike, so that none is on both sides.

    Args:
        tree: the folder.
        split: ``tuned``, ``held-out`` or ``all``.
        only: parts of names of files; others are left out.
    """
    found = sorted(_packages(tree, only))
    return [package for package in found if split in ("all", half_of(package.name))]


def half_of(name: str) -> str:
    """Return which half of all names one belongs to: ``tuned`` or ``held-out``."""
    return "tuned" if hashlib.sha256(name.encode()).digest()[0] % 2 else "held-out"


def _packages(tree: Path, only: Sequence[str]) -> Iterator[Package]:
    for distribution in distributions(path=[str(tree)]):
        files = tuple(sorted(_sources(distribution, tree, only)))
        if files:
            yield Package(distribution.metadata["Name"].lower(), distribution.version, files)


def _sources(distribution: Distribution, tree: Path, only: Sequence[str]) -> Iterator[str]:
    for path in distribution.files or ():
        name = path.as_posix()
        is_wanted = path.suffix == ".py" and (not only or any(part in name for part in only))
        if is_wanted and (tree / path).is_file():
            yield name
