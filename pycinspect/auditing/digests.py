"""Digests of caches that somebody vouches for, as ``sha256sum`` and its kin write them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, read_all

__all__ = ["Digests", "read_digests"]

#: Largest file of digests, in bytes.
_LIMIT = 256 * 1024 * 1024
#: Hexadecimal digits to the algorithm; shorter digests can be forged.
_ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}
#: A line of coreutils, whose names with line breaks or backslashes are escaped, and of BSD.
_PLAIN = re.compile(rb"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]+) [ *](?P<name>.+)")
_TAGGED = re.compile(rb"(?P<escaped>\\?)SHA\d+ \((?P<name>.+)\) = (?P<digest>[0-9A-Fa-f]+)")
_ESCAPES = {rb"\\": b"\\", rb"\n": b"\n", rb"\r": b"\r"}
_ESCAPE = re.compile(rb"\\[\\nr]")


@dataclass(frozen=True, slots=True)
class Digests:
    """What the files of a tree are known to be.

    Args:
        path: the file that says so.
        by_path: absolute path to the digest, in hexadecimal digits.
    """

    path: str
    by_path: Mapping[str, str] = field(repr=False)

    def of(self, path: str) -> str | None:
        """Return the digest of a file, None where none is told."""
        return self.by_path.get(path)

    @staticmethod
    def fits(digest: str, content: bytes) -> bool:
        """Return whether a file's content has a digest."""
        return hashlib.new(_ALGORITHMS[len(digest)], content).hexdigest() == digest


def read_digests(path: str, base: str | None = None) -> Digests:
    """Read a file as ``sha256sum`` writes it.

    Args:
        path: the file; SHA-256, SHA-384 or SHA-512, in either form of ``sha256sum --tag``.
        base: the directory to which names in it are relative; None is that of the file.

    Raises:
        PycInspectError: ``bad-setting`` for a line that is none; ``not-found``, ``not-a-file``,
            ``unreadable``, ``too-large``.
    """
    with errors_named(path):
        content = read_all(path, _LIMIT)
    home = os.path.dirname(os.path.abspath(path)) if base is None else base
    found: dict[str, str] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            name, digest = _read(line, path, number)
            found[os.path.normpath(os.path.join(home, name))] = digest
    return Digests(path, found)


def _read(line: bytes, path: str, number: int) -> tuple[str, str]:
    match = _TAGGED.fullmatch(line) or _PLAIN.fullmatch(line)
    if match is None or len(match["digest"]) not in _ALGORITHMS:
        message = f"line {number} is not a SHA-256, SHA-384 or SHA-512 digest and a name"
        raise PycInspectError("bad-setting", message, path=path)
    name = match["name"]
    if match["escaped"]:
        name = _ESCAPE.sub(lambda escape: _ESCAPES[escape[0]], name)
    return os.fsdecode(name), match["digest"].decode("ascii").lower()
