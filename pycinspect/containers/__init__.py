"""What is inside this archive?

The members of wheels, zipapps, eggs, sdists and other archives as one tree: path, bytes on
demand, size, time, mode, link. Nothing is unpacked to disk, and every cost has a limit that is
said where it is met. Uses ``pyc``, ``errors`` and ``values``.
"""

from pycinspect.containers.archive import Archive, Layout, Node
from pycinspect.containers.limits import DEFAULT_CONTAINER_LIMITS, ContainerLimits
from pycinspect.containers.members import Member, MemberKind, Oddity
from pycinspect.containers.reading import FORMATS, read_archive
from pycinspect.containers.streams import read_up_to

__all__ = [
    "DEFAULT_CONTAINER_LIMITS",
    "FORMATS",
    "Archive",
    "ContainerLimits",
    "Layout",
    "Member",
    "MemberKind",
    "Node",
    "Oddity",
    "read_archive",
    "read_up_to",
]
