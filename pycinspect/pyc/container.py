"""Archives and images, which hold caches and are not caches themselves."""

from __future__ import annotations

import os
from io import BytesIO
from typing import BinaryIO, NamedTuple

from pycinspect.errors import PycInspectError

__all__ = ["container_kind", "container_kind_of", "refuse_container"]


class _Signature(NamedTuple):
    """Bytes that a kind of file has at an offset."""

    offset: int
    signature: bytes
    kind: str


#: From the specifications of the formats; what file(1) looks at, too.
_SIGNATURES = (
    _Signature(0, b"PK\x03\x04", "zip archive"),
    _Signature(0, b"PK\x05\x06", "zip archive"),  # without members
    _Signature(257, b"ustar", "tar archive"),
    _Signature(0, b"\x1f\x8b\x08", "gzip file"),
    _Signature(0, b"BZh", "bzip2 file"),
    _Signature(0, b"\xfd7zXZ\0", "xz file"),
    _Signature(0, b"\x28\xb5\x2f\xfd", "Zstandard file"),
    _Signature(0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    _Signature(0, b"!<arch>\n", "ar archive"),  # Debian's packages
    _Signature(0, b"\xed\xab\xee\xdb", "RPM package"),
    _Signature(0, b"hsqs", "SquashFS image"),
    _Signature(0, b"\x7fELF", "ELF file"),  # PyInstaller and its like append archives
    _Signature(0, b"MZ", "Windows executable"),
    _Signature(0, b"\xcf\xfa\xed\xfe", "Mach-O file"),
)

#: The record at the end of a zip archive, and the most bytes that it can have with its comment
#: (APPNOTE.TXT, 4.3.16).
_END_RECORD = b"PK\x05\x06"
_LONGEST_END = 22 + 0xFFFF
#: Bytes in which all signatures lie.
_START = max(offset + len(signature) for offset, signature, _ in _SIGNATURES)


def container_kind(data: bytes) -> str | None:
    r"""Return what kind of container a file is, ``"zip archive"``; None for none.

    >>> container_kind(b"!<arch>\n")
    'ar archive'
    """
    return container_kind_of(BytesIO(data))


def container_kind_of(file: BinaryIO) -> str | None:
    """Return the same of an open file, of which only the start and the end are read.

    A zip archive is told by its end, since zipapps begin with a line for the shell.
    """
    start = file.read(_START)
    for offset, signature, kind in _SIGNATURES:
        if start.startswith(signature, offset):
            return kind
    return "zip archive" if _ends_as_zip(file) else None


def _ends_as_zip(file: BinaryIO) -> bool:
    """Return what ``zipfile.is_zipfile`` does, without importing it for a file that has no end record."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _LONGEST_END))
    if _END_RECORD not in file.read(_LONGEST_END):
        return False
    import zipfile

    return zipfile.is_zipfile(file)


def refuse_container(kind: str | None) -> None:
    """Refuse a file that holds caches instead of being one.

    Args:
        kind: what :func:`container_kind` says of it.

    Raises:
        PycInspectError: ``container``, with its kind and what can be done.
    """
    if kind is None:
        return
    message = f"a container ({kind}); a file in it is named after it: ARCHIVE!/PATH"
    if kind == "zip archive":
        message += ", and a module by check -m NAME --path ARCHIVE"
    raise PycInspectError("container", message)
