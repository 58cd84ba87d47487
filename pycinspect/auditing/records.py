"""What installers noted of the files of a distribution: ``NAME.dist-info/RECORD``.

The format is that of the specification "Recording installed projects": lines of path, hash and
size, of which the last two may be empty; pip leaves them empty for caches that it writes itself.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from pycinspect.cache import View
from pycinspect.errors import PycInspectError

__all__ = ["Noted", "Record", "Records"]

_RECORD = "RECORD"
_INFO = ".dist-info"
_BYTECODE = (".pyc", ".pyo")
#: Largest file, in bytes, that is read.
_LIMIT = 64 * 1024 * 1024
#: Lines of one file, or of all in a directory, that are read.
_MOST_LINES = 1_000_000
#: The specification allows what ``hashlib`` guarantees, but for these.
_HASHES = frozenset(hashlib.algorithms_guaranteed) - {"md5", "sha1"}
#: Directories of which it is remembered which one has their distributions.
_REMEMBERED = 4096


class Noted(NamedTuple):
    """What a RECORD says of a file.

    Args:
        hash_name: the algorithm, ``"sha256"``; "" where there is no hash.
        digest: what it should give, as it is written.
        size: bytes; None where there is none.
    """

    hash_name: str = ""
    digest: str = ""
    size: int | None = None

    def objection(self, content: bytes) -> str | None:
        """Return why a file's content is not what was noted; None where it is, as far as said."""
        if self.size is not None and self.size != len(content):
            return f"has {len(content):,} bytes, and not the {self.size:,} of RECORD"
        if self.hash_name not in _HASHES:
            return None
        found = hashlib.new(self.hash_name, content, usedforsecurity=False)
        if found.digest_size == 0:  # a function of any length
            return None
        written = base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode()
        # Debian's packages have it in hexadecimal digits, as dh-python wrote it for flit.
        if written == self.digest.rstrip("=") or found.hexdigest() == self.digest.lower():
            return None
        return f"does not have the {self.hash_name} that RECORD says"


class Record(NamedTuple):
    """The files of all distributions in a directory.

    Args:
        site: the directory.
        files: path below it, with slashes, to what is said of the file.
        tops: first parts of these paths: what belongs to some distribution.
        caches: the directories of those that are caches, and their names from the first dot on.
    """

    site: str
    files: Mapping[str, Noted]
    tops: frozenset[str]
    caches: frozenset[tuple[str, str]]


class Records:
    """Finds out which RECORD a file should stand in.

    Args:
        root: what is audited; what lies above is not asked.
        view: the file system that it is in.
    """

    def __init__(self, root: str, view: View) -> None:
        self._root = root
        self._view = view
        self.of = lru_cache(_REMEMBERED)(self._of)
        self._read = lru_cache(_REMEMBERED)(self._record_in)

    def _of(self, directory: str) -> Record | None:
        """Return the record of the distributions that a directory lies among.

        Args:
            directory: without a separator at its end.

        Returns:
            That of the nearest directory, up to the root, that has any; None where none has.
        """
        place: str | None = directory
        while place is not None and place.startswith(self._root):
            found = self._read(place)
            if found is not None:
                return found
            place = self._view.above(place)
        return None

    def _record_in(self, site: str) -> Record | None:
        try:
            names = self._view.listdir(site)
        except (OSError, PycInspectError):  # other rules say what cannot be read
            return None
        paths = [
            os.path.join(site, name, _RECORD) for name in sorted(names) if name.endswith(_INFO)
        ]
        paths = [path for path in paths if self._view.is_file(path)]
        if not paths:
            return None
        files: dict[str, Noted] = {}
        for path in paths:
            for name, noted in self._lines(path):
                if len(files) >= _MOST_LINES:
                    break
                files[name] = noted
        parts = [name.rpartition("/") for name in files if name.endswith(_BYTECODE)]
        caches = frozenset((folder, file.partition(".")[2]) for folder, _, file in parts)
        return Record(site, files, frozenset(name.partition("/")[0] for name in files), caches)

    def _lines(self, path: str) -> Iterator[tuple[str, Noted]]:
        try:
            text = self._view.read_all(path, _LIMIT).decode("utf-8", "replace")
            for row in csv.reader(text.splitlines()):
                if row:
                    yield row[0].replace(os.sep, "/"), _noted(*row[1:3])
        except (OSError, PycInspectError, csv.Error):  # what it does not list is not listed
            return


def _noted(written: str = "", size: str = "") -> Noted:
    name, _, digest = written.partition("=")
    is_number = size.isascii() and size.isdigit() and len(size) < 20
    return Noted(name, digest, int(size) if is_number else None)
