"""Reading the tables that are files: lines of cells, a heading first.

A table fails where it is read: a line with more or fewer cells than the heading is a ``ValueError``
that names the file and the line.
"""

from __future__ import annotations

from collections.abc import Iterator

from pycinspect.shipped import shipped_text

__all__ = ["lines_of"]


def lines_of(name: str, package: str = __package__) -> Iterator[list[str]]:
    """Yield the lines of a table that comes with pycinspect, each as its cells.

    Args:
        name: the file, such as ``"lowering.tsv"``.
        package: the one it lies in.

    Raises:
        ValueError: a line has another number of cells than the heading.
    """
    heading, *lines = shipped_text(package, name).splitlines()
    count = heading.count("\t")
    for number, line in enumerate(lines, 2):
        if line.count("\t") != count:
            raise ValueError(f"{name}:{number}: {line.count(chr(9)) + 1} cells, not {count + 1}")
        yield line.split("\t")
