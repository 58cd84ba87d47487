"""A failing file, made shorter while it still fails in the same way."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pycinspect.dialects import MarshalType as M
from tests.fuzz.entries import ENTRIES, Workspace, commands
from tests.fuzz.layout import Object, layout_of
from tests.fuzz.measure import Failure, Memory, measured
from tests.fuzz.mutants import Mutant
from tests.fuzz.seeds import Seed, seed_named

__all__ = ["reduce_file", "reduced"]

#: A file that shrinks in small steps is left as it is after so many.
_ROUNDS = 200

_Fails = Callable[[bytes], bool]


def reduce_file(path: Path, name: str, original: str) -> int:
    """Write a shorter file beside one that fails at an entry point; return the exit code."""
    data = path.read_bytes()
    seed = seed_named(original) if original else Seed(path.name, data, "", b"", 0)
    entry = next(entry for entry in ENTRIES if entry.name == name)
    with tempfile.TemporaryDirectory() as folder, commands():
        work, memory = Workspace(Path(folder)), Memory()

        def failure(changed: bytes) -> Failure | None:
            work.load(Mutant(0, seed, changed))
            return measured(entry, work, memory).failure

        first = failure(data)
        if first is None:
            print(f"{path}: {name} does as it should")
            return 0

        def fails(changed: bytes) -> bool:
            found = failure(changed)
            return found is not None and found.key == first.key

        short = reduced(data, seed.tag, fails)
    target = path.with_suffix(".short.pyc")
    target.write_bytes(short)
    print(
        f"{first.report}{first.kind} at {first.place}\n{target}: {len(short)} bytes\n{short.hex()}"
    )
    return 1


def reduced(data: bytes, tag: str, fails: _Fails) -> bytes:
    """Return shorter data that fails, too: objects first, then bytes.

    Args:
        data: that fails.
        tag: the cache tag of its Python.
        fails: says whether other data fails in the same way.
    """
    before = None
    while data != before:
        before = data
        data = _first_that_fails(data, lambda now: _without_parts(now, tag), fails)
        data = _without_bytes(data, fails)
    return data


def _first_that_fails(
    data: bytes, candidates: Callable[[bytes], Iterator[bytes]], fails: _Fails
) -> bytes:
    """Take the first shorter candidate that fails, as long as there is one."""
    for _ in range(_ROUNDS):
        shorter = (found for found in candidates(data) if len(found) < len(data) and fails(found))
        found = next(shorter, None)
        if found is None:
            return data
        data = found
    return data


def _without_parts(data: bytes, tag: str) -> Iterator[bytes]:
    """Yield the file with less in one of its objects, the largest first."""
    layout = layout_of(data, tag)
    objects = () if layout is None else layout.objects
    for part in sorted(objects, key=lambda part: part.start - part.end):
        for spelled in _smaller(data, part, objects):
            yield data[: part.start] + spelled + data[part.end :]


def _smaller(data: bytes, part: Object, objects: tuple[Object, ...]) -> Iterator[bytes]:
    whole = data[part.start : part.end]
    if part.kind not in (M.CODE, M.NONE):
        yield b"N"
    if part.content - part.start != 5:  # a letter and a count
        return
    width = 2 if part.kind is M.LONG else 1
    pieces = [whole[i : i + width] for i in range(5, len(whole), width)]
    if part.parts:
        inside = [*_inside(part, objects)][::-1]
        pieces = [data[inner.start : inner.end] for inner in inside]
    for kept in _without_runs(pieces):
        yield whole[:1] + struct.pack("<I", len(kept)) + b"".join(kept)


def _without_runs(pieces: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the pieces without a run of them, long runs first."""
    size = len(pieces)
    while size:
        for start in range(0, len(pieces), size):
            yield pieces[:start] + pieces[start + size :]
        size //= 2


def _inside(part: Object, objects: tuple[Object, ...]) -> Iterator[Object]:
    """Yield what is right inside a container."""
    end = part.end
    for inner in reversed(objects):
        if part.content <= inner.start and inner.end == end and inner != part:
            yield inner
            end = inner.start


def _without_bytes(data: bytes, fails: _Fails) -> bytes:
    """Leave out runs of bytes, shorter and shorter ones."""
    size = len(data) // 2
    while size:
        place = 0
        while place < len(data):
            shorter = data[:place] + data[place + size :]
            if fails(shorter):
                data = shorter
            else:
                place += size
        size //= 2
    return data
