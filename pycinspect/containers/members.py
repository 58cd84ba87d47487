"""One member of a container, whatever the container is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from stat import S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG
from typing import BinaryIO, NamedTuple

__all__ = ["Member", "MemberKind", "Oddity", "installed_name", "safe_name"]

#: Characters of the longest path that systems take (``PATH_MAX`` of Linux).
_LONGEST_NAME = 4096
#: Directories above a member; a hostile container must not make each name a long way.
_DEEPEST = 100


class MemberKind(Enum):
    """What a member is once it is unpacked; the value is the type in ``st_mode``."""

    FILE = S_IFREG
    DIRECTORY = S_IFDIR
    LINK = S_IFLNK
    #: Another name of a file that came before it.
    HARD_LINK = S_IFREG | 0o10
    #: A device, a fifo or a socket, which is never opened.
    SPECIAL = S_IFIFO


def _nothing() -> BinaryIO:
    from io import BytesIO

    return BytesIO()


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a container.

    Args:
        path: its name as the container spells it.
        kind: what it is.
        size: bytes of a file.
        mtime: when it was changed, seconds since the epoch, as an unpacker that keeps times
            sets it.
        mode: permission bits.
        open: opens its content; what is wrong with it is raised by reading, a PycInspectError.
        target: where a link leads, or the path of the file that a hard link names.
        uid: the owner's number.
        gid: the group's number.
        layer: of an image, the layer that it came with.
    """

    path: str
    kind: MemberKind
    size: int = 0
    mtime: float = 0.0
    mode: int = 0o644
    open: Callable[[], BinaryIO] = _nothing
    target: str = ""
    uid: int = 0
    gid: int = 0
    layer: str = ""


class Oddity(NamedTuple):
    """What is not right about a member, so that it was not, or not alone, looked at.

    Args:
        path: its name as the container spells it.
        reason: a few words that follow the name.
    """

    path: str
    reason: str


def safe_name(path: str) -> str | None:
    """Return where a member lies below the directory that a container is unpacked in.

    Args:
        path: its name as the container spells it. A slash at its start does not count: no
            unpacker takes it by itself.

    Returns:
        The parts with slashes between them, "" for that directory itself; None where it would
        lie elsewhere, or has a name that no file can have.

    >>> safe_name("./pkg//m.py"), safe_name("/etc/passwd"), safe_name("a/../../b")
    ('pkg/m.py', 'etc/passwd', None)
    """
    if "\0" in path or len(path) > _LONGEST_NAME:
        return None
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return None if ".." in parts or len(parts) > _DEEPEST else "/".join(parts)


def installed_name(path: str) -> str:
    """Return where an installer puts a member of a wheel, below ``site-packages``.

    Args:
        path: its name. What is in ``NAME.data/purelib`` and ``platlib`` comes to the rest
            (binary distribution format, "Installing a wheel"); scripts and data stay.

    >>> installed_name("app-1.0.data/purelib/app/m.py"), installed_name("app/m.py")
    ('app/m.py', 'app/m.py')
    """
    first, _, rest = path.partition("/")
    scheme, _, below = rest.partition("/")
    if first.endswith(".data") and scheme in ("purelib", "platlib") and below:
        return below
    return path
