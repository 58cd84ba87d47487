"""The good files that are damaged: of every Python that wrote a sample or is installed here."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from pycinspect.pyc import parse_header
from tests.samples import ENTRIES, SAMPLES

__all__ = ["FOLDER", "Seed", "seed_named", "seeds"]

FOLDER = SAMPLES.parent / "fuzz"


class Seed(NamedTuple):
    """A file before it is damaged.

    Args:
        name: of the file.
        data: its bytes.
        tag: the cache tag of its Python, "" where that has none.
        source: a source that is as long as the header says.
        mtime: when that was changed, as the header says.
    """

    name: str
    data: bytes
    tag: str
    source: bytes
    mtime: int


@cache
def seeds() -> tuple[Seed, ...]:
    """Return the files, in the same order everywhere."""
    paths = [SAMPLES / entry["file"] for entry in ENTRIES]
    return tuple(map(_seed, [*paths, *sorted(FOLDER.glob("*.pyc"))]))


def seed_named(name: str) -> Seed:
    """Return the file with this name."""
    return next(seed for seed in seeds() if seed.name == name)


def _seed(path: Path) -> Seed:
    data = path.read_bytes()
    header = parse_header(data)
    source = FOLDER / "sources" / f"{path.stem.rpartition('-')[2]}.py"
    content = source.read_bytes() if path.parent == FOLDER else b" " * (header.source_size or 0)
    return Seed(path.name, data, header.dialect.cache_tag or "", content, header.mtime or 0)
