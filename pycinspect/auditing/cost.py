"""How long does compiling take? Measured on the user's own sources, and on few of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError

__all__ = ["Rate", "Sample", "measured_rate"]

#: Sources that are compiled, bytes of them, and seconds after which no more are.
_FILES = 32
_BYTES = 512 * 1024
_SECONDS = 1.0
#: A clock can be too coarse to tell a time from none.
_SHORTEST = 1e-9

#: Compiles a source; raises PycInspectError where nobody can be asked.
Compile = Callable[[bytes, str], object]


class Rate(NamedTuple):
    """What a measurement gave.

    Args:
        files: sources that were compiled.
        size: bytes of them.
        seconds: the time that it took.
        compiler: the name of the dialect whose interpreter compiled.
    """

    files: int
    size: int
    seconds: float
    compiler: str

    def seconds_for(self, size: int) -> float:
        """Return how long so many bytes of source take."""
        return self.seconds * size / self.size

    @property
    def bytes_per_second(self) -> float:
        """How many bytes are compiled in a second."""
        return self.size / max(self.seconds, _SHORTEST)


@dataclass(slots=True)
class Sample:
    """Paths from the whole of a tree, evenly: every n-th of those that are added."""

    paths: list[str] = field(default_factory=list)
    _step: int = 1
    _seen: int = 0

    def add(self, path: str) -> None:
        """Take one more into account."""
        if self._seen % self._step == 0:
            self.paths.append(path)
            if len(self.paths) == 2 * _FILES:
                del self.paths[1::2]
                self._step *= 2
        self._seen += 1


def measured_rate(
    paths: Sequence[str],
    dialect: Dialect,
    read: Callable[[str], bytes],
    compile_: Compile,
    clock: Callable[[], float],
) -> Rate | None:
    """Compile some sources one after the other, and measure.

    Args:
        paths: the sources.
        dialect: who compiles.
        read: returns the bytes of a source.
        compile_: compiles a source; the first call, which starts a process, is not measured.
        clock: tells seconds.

    Returns:
        The rate; None where nothing could be read, or compiled.

    Raises:
        PycInspectError: as ``compile_`` for an empty source.
    """
    compile_(b"", "empty.py")
    files, size, seconds = 0, 0, 0.0
    for path in paths[:: -(-len(paths) // _FILES) or 1]:
        if size >= _BYTES or seconds >= _SECONDS:
            break
        try:
            source = read(path)
            start = clock()
            refused = compile_(source, path)
            elapsed = clock() - start
        except (OSError, PycInspectError):  # other rules say what is wrong with it
            continue
        if refused is None and source:
            files, size, seconds = files + 1, size + len(source), seconds + elapsed
    return Rate(files, size, seconds, dialect.name) if files else None
