"""What the name of a cache says (PEP 3147 and PEP 488)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PYCACHE", "CacheName", "NameEnd", "parse_cache_name", "parse_name_end"]

PYCACHE = "__pycache__"

_OPT = "opt-"


class CacheName(NamedTuple):
    """The parts of ``stem.tag[.opt-optimization].extension``."""

    stem: str
    tag: str
    optimization: str
    extension: str


class NameEnd(NamedTuple):
    """The parts of a cache's name but for its stem."""

    tag: str
    optimization: str
    extension: str


def parse_cache_name(filename: str) -> CacheName:
    """Split the name of a file in ``__pycache__`` as ``source_from_cache`` does.

    Neither the tag nor the extension is looked up: importlib does not either.

    Args:
        filename: the name without directories.

    Raises:
        ValueError: not two or three dots, or a third part that is not ``opt-`` and
            letters or digits (importlib/_bootstrap_external.py: source_from_cache).
    """
    stem, _, end = filename.partition(".")
    return CacheName(stem, *parse_name_end(end))


def parse_name_end(end: str) -> NameEnd:
    """Split what follows the first dot of a cache's name.

    Raises:
        ValueError: as :func:`parse_cache_name`.
    """
    parts = end.split(".")
    if len(parts) == 2:
        return NameEnd(parts[0], "", parts[1])
    if len(parts) != 3:
        raise ValueError(f"expected only 2 or 3 dots, not {len(parts)}, in the name")
    tag, optimization, extension = parts
    if not optimization.startswith(_OPT):
        raise ValueError(f"optimization portion of filename does not start with {_OPT!r}")
    level = optimization.removeprefix(_OPT)
    if not level.isalnum():
        raise ValueError(f"optimization level {optimization!r} is not an alphanumeric value")
    return NameEnd(tag, level, extension)
