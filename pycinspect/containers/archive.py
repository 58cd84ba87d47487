"""The members of a container as a tree: what lies there once it is unpacked.

Nothing is unpacked for it: a member's bytes are read when somebody opens it. Links are followed
below the container's own root, as they are in an image (``path_resolution(7)``).
"""

from __future__ import annotations

import errno
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from pycinspect.containers.limits import ContainerLimits
from pycinspect.containers.members import Member, MemberKind, Oddity, safe_name
from pycinspect.containers.streams import read_up_to, too_much
from pycinspect.errors import PycInspectError

__all__ = ["Archive", "Layout", "Node"]

#: Links in one path after which the system gives up (``MAXSYMLINKS`` of Linux).
_MOST_LINKS = 40
#: Oddities that are remembered; of all others there is a number.
_MOST_ODDITIES = 100
#: Suffixes and names of what an audit reads; of a stream these are kept as it passes.
_KEPT = (".py", ".pyw", ".pyc", ".pyo", ".pth", ".cfg", ".toml")
_KEPT_NAMES = frozenset(
    {
        *("RECORD", "WHEEL", "METADATA", "PKG-INFO", ".python-version"),
        *("manifest.json", "index.json", "oci-layout"),
    }
)
_LONGEST_KEPT = 64 * 1024 * 1024
_OUTSIDE = "leads out of it, or has a name that no file can have"
_DIRECTORY = Member("", MemberKind.DIRECTORY, mode=0o755)


class Layout(NamedTuple):
    """What a container is for, which its members tell.

    Args:
        kind: what it is, ``"wheel"``, or its format where it is nothing more special.
        is_imported: Python imports from the file as it is (``zipimport``).
        is_image: its root is a system's root directory.
        is_bundle: it is a program with its modules, which are without source on purpose.
    """

    kind: str
    is_imported: bool = False
    is_image: bool = False
    is_bundle: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """A member in its place.

    Args:
        member: what was read of it.
        number: as an inode number: different for all, and the same for names of one file.
        names: how many names it has.
        children: the names in a directory, in no order; None for everything else.
        is_told: the container has a member for it; other directories follow from names.
    """

    member: Member
    number: int
    names: int = 1
    children: dict[str, Node] | None = None
    is_told: bool = True

    @property
    def is_directory(self) -> bool:
        """Whether there can be something in it."""
        return self.children is not None


class Archive:
    """The tree of a container's members.

    Args:
        kind: the format, ``"zip archive"``.
        limits: what may be kept.

    Of names that come twice the last counts, as for all that unpack; it is said in
    :attr:`oddities`.
    """

    def __init__(self, kind: str, limits: ContainerLimits) -> None:
        #: The format.
        self.kind = kind
        self.layout = Layout(kind)
        #: Whether any member can be read without reading those before it.
        self.is_seekable = True
        #: What was not, or not alone, looked at; the first of them.
        self.oddities: list[Oddity] = []
        #: How many there are in all.
        self.odd = 0
        #: Paths that a layer of an image removed, to that layer.
        self.removed: dict[str, str] = {}
        self._limits = limits
        self._left = limits.held
        self._held: dict[int, bytes] = {}
        self._count = 1
        self.root = Node(_DIRECTORY, 1, children={}, is_told=False)

    # --- Making it --------------------------------------------------------------------------

    def add(self, member: Member, path: str | None, *, keep: bool = False) -> None:
        """Put a member into its place.

        Args:
            member: the member.
            path: where it lies below the root; None for a name that leads elsewhere.
            keep: its bytes cannot be read cheaply later: those that an audit reads are kept.
        """
        if path is None:
            self._note(member.path, _OUTSIDE)
            return
        if path == "":
            return
        above, _, name = path.rpartition("/")
        try:
            parent = self._directory(above)
        except OSError:
            self._note(member.path, "lies in what is not a directory")
            return
        self._place(parent, name, member, keep=keep)

    def _place(self, parent: Node, name: str, member: Member, *, keep: bool) -> None:
        assert parent.children is not None
        known = parent.children.get(name)
        if member.kind is MemberKind.DIRECTORY and known is not None and known.is_directory:
            known.member, known.is_told = member, True
            return
        if known is not None and known.is_told and known.member.layer == member.layer:
            self._note(member.path, "is in it twice; the last was looked at")
        if member.kind is MemberKind.HARD_LINK:
            self._link(parent, name, member)
            return
        node = parent.children[name] = self._node(member)
        if keep and member.size and _is_kept(name, member):
            self._keep(node)

    def _link(self, parent: Node, name: str, member: Member) -> None:
        """Give a file that was there before another name."""
        assert parent.children is not None
        target = safe_name(member.target)
        node = None if target is None else self._known(target)
        if node is None:
            self._note(member.path, f"is a hard link to {member.target}, which is not in it")
            return
        if node.is_directory:
            self._note(member.path, f"is a hard link to the directory {member.target}")
            return
        node.names += 1
        parent.children[name] = node

    def _known(self, path: str) -> Node | None:
        try:
            return self.find(path, follow=False)
        except OSError:
            return None

    def remove(self, path: str, layer: str, *, below: bool = False) -> None:
        """Remove what earlier layers of an image have at a path (OCI image layer specification).

        Args:
            path: below the root.
            layer: the layer that says so.
            below: only what lies in that directory, and is not of the same layer.
        """
        try:
            parent = self.find(path if below else path.rpartition("/")[0])
        except OSError:  # there is nothing to remove
            return
        name = path.rpartition("/")[2]
        children = parent.children or {}
        for child in list(children) if below else [name]:
            found = children.get(child)
            if found is not None and found.member.layer != layer:
                del children[child]
                self.removed[f"{path}/{child}".lstrip("/") if below else path] = layer

    def _directory(self, path: str) -> Node:
        """Return a directory; it is made, and those above it, if it is not there."""
        node, place = self.root, ""
        for name in path.split("/") if path else ():
            place = f"{place}/{name}" if place else name
            assert node.children is not None
            child = node.children.get(name)
            if child is None:
                child = self._node(_DIRECTORY, is_told=False)
                node.children[name] = child
            node = self.find(place) if child.member.kind is MemberKind.LINK else child
            if node.children is None:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return node

    def _node(self, member: Member, *, is_told: bool = True) -> Node:
        self._count += 1
        if self._count > 2 * self._limits.members:  # directories that only names tell of
            raise too_much(f"it has more than {self._limits.members:,} members")
        is_directory = member.kind is MemberKind.DIRECTORY
        return Node(member, self._count, children={} if is_directory else None, is_told=is_told)

    def _note(self, path: str, reason: str) -> None:
        self.odd += 1
        if len(self.oddities) < _MOST_ODDITIES:
            self.oddities.append(Oddity(path, reason))

    def _keep(self, node: Node) -> None:
        with node.member.open() as stream:
            data = zlib.compress(stream.read(), 1)
        if len(data) <= self._left:
            self._left -= len(data)
            self._held[node.number] = data

    # --- Asking it --------------------------------------------------------------------------

    def find(self, path: str, *, follow: bool = True) -> Node:
        """Return what is at a path.

        Args:
            path: from the root of the container on, with slashes.
            follow: whether the last name is followed if it is a link.

        Raises:
            OSError: as ``os.stat``.
        """
        return self._walked(path, follow=follow)[1]

    def real(self, path: str) -> str:
        """Return a path without links.

        Raises:
            OSError: as ``os.stat``.
        """
        return self._walked(path, follow=True)[0]

    def _walked(self, path: str, *, follow: bool) -> tuple[str, Node]:
        trail: list[tuple[str, Node]] = []
        pending = path.split("/")[::-1]
        links = 0
        while pending:
            name = pending.pop()
            here = trail[-1][1] if trail else self.root
            if name in ("", "."):
                continue
            if here.children is None:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
            if name == "..":
                trail = trail[:-1]
                continue
            node = here.children.get(name)
            if node is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            is_last = not any(part not in ("", ".") for part in pending)
            if node.member.kind is not MemberKind.LINK or (is_last and not follow):
                trail.append((name, node))
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = node.member.target
            if target.startswith("/"):
                trail = []
            pending += target.split("/")[::-1]
        found = trail[-1][1] if trail else self.root
        return "/".join(name for name, _ in trail), found

    def open(self, node: Node) -> BinaryIO:
        """Open a file; what is wrong with it is raised by reading, a PycInspectError."""
        held = self._held.get(node.number)
        return node.member.open() if held is None else io.BytesIO(zlib.decompress(held))

    def files(self, top: str = "") -> Iterator[tuple[str, Node]]:
        """Yield every path that is not a directory, in the order of names, and what it is.

        Args:
            top: the directory to begin with.

        Raises (while iterating):
            OSError: as ``os.stat`` for that directory.
        """
        pending = [(top, self.find(top))]
        while pending:
            path, node = pending.pop()
            if node.children is None:
                yield path, node
                continue
            below = sorted(node.children, reverse=True)
            pending += [(f"{path}/{name}" if path else name, node.children[name]) for name in below]

    def read_text(self, path: str, limit: int) -> str | None:
        """Return a small file of the container; None where it is not there, or not readable."""
        try:
            node = self.find(path)
            if node.is_directory:
                return None
            with self.open(node) as stream:
                data = read_up_to(stream, limit + 1)
        except (OSError, PycInspectError):
            return None
        return data.decode("utf-8", "replace") if len(data) <= limit else None


def _is_kept(name: str, member: Member) -> bool:
    is_wanted = name.endswith(_KEPT) or name in _KEPT_NAMES
    return is_wanted and member.size <= _LONGEST_KEPT
