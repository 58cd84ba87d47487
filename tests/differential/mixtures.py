"""Situations by chance: what is special in several tables, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.differential.kit import SOURCES, Kit
from tests.differential.situations import (
    T_NS,
    Directory,
    File,
    Link,
    Node,
    Situation,
    Start,
)

__all__ = ["mixed_situations", "mixtures"]

_SECOND = 10**9


def _mostly(usual: Any, *unusual: Any) -> st.SearchStrategy[Any]:
    """Return the usual value two times in three; many are drawn for one situation."""
    return st.sampled_from([usual] * 2 * len(unusual) + [*unusual])


_FRACTIONS = _mostly(0, 1, 5 * 10**8, 999_999_880, 999_999_881, 999_999_999)
_SECONDS = _mostly(T_NS // _SECOND, -1, 0, 1, -(2**31), 2**31 - 1, 2**31, 2**32, 2**32 + 5)
_MODES = _mostly(0o644, 0o600, 0o444, 0o755, 0o666, 0o4755, 0o000, 0o200)
_DIRECTORY_MODES = _mostly(0o755, 0o700, 0o555, 0o333, 0o000)
_UMASKS = _mostly(0o022, 0o000, 0o077, 0o377)
_OFF = _mostly(0, 1, -1, 2**31)
_FLAGS = _mostly(0, 0b01, 0b11, 0b10, 0b100, 0b111, 0x8000_0000, 0x8000_0001)
_HASH_FLAGS = _mostly(0b11, 0b01, 0b00, 0b10, 0b101, 0b111, 0x8000_0011)
_PATHS = _mostly(
    ("{root}/d",), ("d",), ("{root}/d", "{root}/e"), ("{root}/e", "{root}/d"), ("./d", "e"), ("",)
)
_KINDS = _mostly("file", "link", "dangling", "directory", "none")
_MARKERS = _mostly("source", *SOURCES)


@st.composite
def mixtures(draw: st.DrawFn, kit: Kit) -> Situation:
    """Draw a situation for one oracle."""
    start = draw(_starts())
    path = draw(_PATHS)
    folder = "" if path == ("",) else "d/"
    source = SOURCES[draw(_MARKERS)]
    mtime_ns = draw(_SECONDS) * _SECOND + draw(_FRACTIONS)
    content = draw(_cache_bytes(kit, source, mtime_ns))
    nodes = [
        *draw(_sources(f"{folder}m.py", source, mtime_ns)),
        *draw(_caches(kit, f"{folder}m.py", content, start)),
        *draw(_others(kit, folder)),
    ]
    module = draw(_mostly("m", "m.s"))
    return Situation("mixture", _without_conflicts(nodes), module, path, start)


def _starts() -> st.SearchStrategy[Start]:
    return st.builds(
        Start,
        optimize=_mostly(0, 1, 2),
        dont_write_bytecode=_mostly(False, True),
        check_hash_based_pycs=_mostly("default", "always", "never"),
        pycache_prefix=_mostly(None, "{root}/p", "p"),
        umask=_UMASKS,
    )


@st.composite
def _cache_bytes(draw: st.DrawFn, kit: Kit, source: bytes, mtime_ns: int) -> bytes:
    """Draw a cache of a source, right or wrong in any field, perhaps cut in its header."""
    marker = draw(_mostly("cache", "raising cache"))
    magic = draw(_mostly(kit.magic, kit.magic[:2] + b"\n\n", b"abcd"))
    if kit.has_flags and draw(st.booleans()):
        right, flags = draw(st.booleans()), draw(_HASH_FLAGS)
        data = kit.hashed(marker, source=source, magic=magic, flags=flags, right=right)
    else:
        data = kit.timestamp(
            marker,
            source=source,
            mtime_ns=mtime_ns,
            magic=magic,
            flags=draw(_FLAGS) if kit.has_flags else 0,
            mtime_off=draw(_OFF),
            size_off=draw(_OFF),
        )
    # Damage inside the code is not the question here: pycinspect reads headers.
    cut = draw(_mostly(None, *range(kit.header_size + 1)))
    return data[:cut]


@st.composite
def _sources(draw: st.DrawFn, path: str, source: bytes, mtime_ns: int) -> Sequence[Node]:
    kind = draw(_KINDS)
    file = File(path, source, mtime_ns, draw(_MODES))
    if kind == "link":
        return [replace(file, path="x/m.py"), Link(path, "{root}/x/m.py")]
    others: dict[str, Sequence[Node]] = {
        "file": [file],
        "dangling": [Link(path, "nothing")],
        "directory": [Directory(path)],
        "none": [],
    }
    return others[kind]


@st.composite
def _caches(draw: st.DrawFn, kit: Kit, source: str, content: bytes, start: Start) -> Sequence[Node]:
    """Draw what is where the cache is looked for, and in the wrong places."""
    path = kit.cache_path(source, start.optimize)
    if start.pycache_prefix is not None and kit.has_prefix and draw(st.booleans()):
        path = kit.prefixed("p", source, start.optimize)
    kind = draw(_KINDS)
    kinds: dict[str, Sequence[Node]] = {
        "file": [File(path, content, mode=draw(_MODES))],
        "link": [File("x/cache", content), Link(path, "{root}/x/cache")],
        "dangling": [Link(path, "nothing")],
        "directory": [Directory(path)],
        "none": draw(_mostly([], [File("d/__pycache__", b"x")], [File("p", b"x")])),
    }
    nodes = [*kinds[kind]]
    if draw(_mostly(False, True)):
        level = draw(st.sampled_from([0, 1, 2]))
        nodes.append(File(kit.cache_path(source, level), kit.timestamp("other cache")))
    if draw(_mostly(False, True)):
        directory = path.rpartition("/")[0] or "d"
        nodes.append(Directory(directory, draw(_DIRECTORY_MODES)))
    return nodes


@st.composite
def _others(draw: st.DrawFn, kit: Kit, folder: str) -> Sequence[Node]:
    """Draw other files that the name can stand for, here and on a later entry."""
    legacy = kit.timestamp("legacy")
    init = SOURCES["elsewhere"]
    files: list[Node] = [
        File(f"{folder}m.pyc", legacy),
        File(f"{folder}m.pyo", legacy),
        File(f"{folder}m.pyc", legacy[: kit.header_size]),
        File(f"{folder}m{kit.extensions[-1]}", b"garbage"),
        Directory(f"{folder}m"),
        File(f"{folder}m/__init__.py", init, mode=draw(_MODES)),
        File(f"{folder}m/__init__.pyc", legacy),
        File(kit.cache_path(f"{folder}m/__init__.py"), kit.timestamp("third cache", source=init)),
        File(f"{folder}m/s.py", SOURCES["crlf"]),
        File("e/m.py", init),
        File("e/m/s.py", SOURCES["raises"]),
        File("e/m.pyc", legacy),
    ]
    return draw(st.lists(st.sampled_from(files), max_size=draw(_mostly(1, 3))))


def _without_conflicts(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return the nodes without those that an earlier one has no room for."""
    kept: list[Node] = []
    for node in nodes:
        if not any(_conflict(node, other) for other in kept):
            kept.append(node)
    return tuple(kept)


def _conflict(one: Node, other: Node) -> bool:
    if one.path == other.path:
        return True
    longer, shorter = sorted((one, other), key=lambda node: len(node.path), reverse=True)
    # Below a prefix, "{root}" stands for a path that starts with a slash.
    inside = longer.path.replace("{root}", "/").startswith(f"{shorter.path}/")
    return inside and not isinstance(shorter, Directory)


def mixed_situations(kit: Kit, count: int, random_seed: int) -> list[Situation]:
    """Return about ``count`` situations, the same ones for the same seed."""
    found: list[Situation] = []

    @seed(random_seed)
    @settings(
        max_examples=count,
        phases=[Phase.generate],  # nothing fails here: failing is found out later, in one batch
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mixtures(kit))
    def collect(situation: Any) -> None:
        found.append(replace(situation, name=f"mixture {len(found)}"))

    collect()
    return found
