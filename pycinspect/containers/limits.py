"""How much of a container is looked at: no file can ask for more than this."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_CONTAINER_LIMITS", "ContainerLimits"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """What may be taken for one container; what needs more is refused, and says which limit.

    Args:
        members: how many there may be; of an image, in all layers together.
        directory: bytes of a zip file's directory, from which ``zipfile`` makes one object for
            each 47 bytes or more.
        unpacked: bytes that are unpacked in all.
        ratio: how many times its own size a container, or a member, may unpack to.
        ratio_from: bytes up to which any ratio is taken: small files compress as they like.
        nesting: containers within containers.
        nested: bytes of a container within another one.
        held: bytes, compressed, of what is kept of a stream that cannot be read twice cheaply.
        header: bytes of one record that only describes others, such as a pax header.
    """

    members: int = 300_000
    directory: int = 16 * _MIB
    unpacked: int = 16 * 1024 * _MIB
    ratio: int = 250
    ratio_from: int = 128 * _MIB
    nesting: int = 8
    nested: int = 512 * _MIB
    held: int = 256 * _MIB
    header: int = _MIB


DEFAULT_CONTAINER_LIMITS = ContainerLimits()
