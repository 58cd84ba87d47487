"""What a situation is: a tree of files and a way to start the import.

Every path is a template: ``{root}`` stands for the absolute path of the
directory in which the tree is built; what does not start with it is relative
to that directory, which is also the current directory of the import.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["T_NS", "Directory", "File", "Link", "Node", "Situation", "Start"]

#: The time of every file that has no other: 2023-11-14, in nanoseconds.
T_NS = 1_700_000_000 * 10**9


@dataclass(frozen=True)
class File:
    """A regular file; ``sparse_size`` makes it longer without using the disk."""

    path: str
    content: bytes
    mtime_ns: int = T_NS
    mode: int = 0o644
    sparse_size: int | None = None


@dataclass(frozen=True)
class Link:
    """A symbolic link; its target is relative to the link's directory."""

    path: str
    target: str


@dataclass(frozen=True)
class Directory:
    """A directory; only those that are empty or have a mode of their own are listed."""

    path: str
    mode: int = 0o755


Node = File | Link | Directory


@dataclass(frozen=True)
class Start:
    """The options that the import is started with; see ``cache.ImportOptions``.

    ``has_tag`` is what no option can change: False sets
    ``sys.implementation.cache_tag`` to None.
    """

    optimize: int = 0
    dont_write_bytecode: bool = False
    check_hash_based_pycs: str = "default"
    pycache_prefix: str | None = None
    umask: int = 0o022
    has_tag: bool = True


@dataclass(frozen=True)
class Situation:
    """One question to pycinspect and to an oracle.

    Args:
        name: says what is special about it.
        nodes: the tree; directories above a node are made as needed.
        module: the name that is imported.
        path: ``sys.path``.
        start: the options.
    """

    name: str
    nodes: tuple[Node, ...]
    module: str = "m"
    path: tuple[str, ...] = ("{root}/d",)
    start: Start = Start()
