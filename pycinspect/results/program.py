"""Which program found something out: another one may find something else."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from functools import cache

__all__ = ["program_digest"]

_SUFFIXES = (".py", ".tsv")


@cache
def program_digest() -> bytes:
    """Return a digest of this program, and of the Python that runs it.

    Of its files, sizes and times count, as for a cache of the importer: they are many. Where they
    cannot be looked at, because it was imported from an archive, it is like no other program.
    """
    top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    made = hashlib.sha256(sys.version.encode())
    files = sorted(_files(top))
    if not files:
        made.update(secrets.token_bytes(32))
    for path, size, time in files:
        made.update(
            f"{os.path.relpath(path, top)}\0{size}\0{time}\0".encode(errors="surrogatepass")
        )
    return made.digest()


def _files(top: str) -> Iterator[tuple[str, int, int]]:
    for place, _, names in os.walk(top):
        for name in names:
            if name.endswith(_SUFFIXES):
                path = os.path.join(place, name)
                status = os.stat(path)
                yield path, status.st_size, status.st_mtime_ns
