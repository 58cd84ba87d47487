"""Results by their keys, in memory and in a database.

The database is a convenience, and nothing is believed because it says so: a row counts only with a
code that nobody makes without the secret beside it, in a directory that nobody but its owner may
write to. Whatever is wrong with it, the answer is that nothing is known.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Self

from pycinspect.results.place import DATABASE, SECRET, delete_database
from pycinspect.results.program import program_digest

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Results", "result_key"]

#: Results that are remembered beside the database: equal files come soon after one another.
_REMEMBERED = 4096
#: Bytes of the database, and the share of its rows that is deleted where it has more.
_LARGEST, _DELETED = 512 * 1024 * 1024, 4
#: Rows after which they are written.
_IN_A_ROW = 256
_SECRET_SIZE = 32
_CODE_SIZE = 16
_WAIT = 0.25  # seconds for another process that writes
_DAY = 24 * 60 * 60

_TABLE = """
CREATE TABLE IF NOT EXISTS results
(key BLOB PRIMARY KEY, day INTEGER NOT NULL, code BLOB NOT NULL, text TEXT NOT NULL) WITHOUT ROWID
"""
_FIND = "SELECT day, code, text FROM results WHERE key = ?"
_KEEP = "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)"
_DELETE = """
DELETE FROM results WHERE key IN (SELECT key FROM results ORDER BY day LIMIT
(SELECT COUNT(*) / ? FROM results))
"""


def result_key(kind: str, *parts: bytes) -> bytes:
    """Return the key of a result.

    Args:
        kind: of result.
        parts: all that decides it, but for the program, whose files count without being named.

    >>> result_key("facts", b"one", b"two") == result_key("facts", b"on", b"etwo")
    False
    """
    made = hashlib.sha256(program_digest())
    for part in (kind.encode(), *parts):
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()


class Results:
    """Results by their keys; a context manager.

    Args:
        directory: tells where they are kept, when that is asked for the first time; None for
            nowhere, so that only this run knows them.
        may_write: whether new ones are kept there.
    """

    def __init__(self, directory: Callable[[], str] | None, *, may_write: bool = True) -> None:
        self._place = directory
        self._directory = ""
        self._may_write = may_write
        self._memory: dict[bytes, str] = {}
        self._new: dict[bytes, str] = {}
        self._database: sqlite3.Connection | None = None
        self._secret = b""
        self._is_open = False
        self._today = int(time.time()) // _DAY
        #: Why results are not kept in the directory, None while they are.
        self.problem: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def find(self, key: bytes) -> str | None:
        """Return a result, None where it is not known."""
        text = self._memory.get(key)
        if text is None:
            text = self._read(key)
        return text

    def keep(self, key: bytes, text: str) -> None:
        """Remember a result; of its text no part is a surrogate."""
        self._remember(key, text)
        if self._place is not None and self._may_write:
            self._new[key] = text
            if len(self._new) >= _IN_A_ROW:
                self._write()

    def close(self) -> None:
        """Write what is new."""
        self._write()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _remember(self, key: bytes, text: str) -> None:
        if len(self._memory) >= _REMEMBERED:
            del self._memory[next(iter(self._memory))]
        self._memory[key] = text

    # --- The database ---------------------------------------------------------------------

    def _read(self, key: bytes) -> str | None:
        database = self._opened()
        if database is None:
            return None
        try:
            row = database.execute(_FIND, (key,)).fetchone()
        except _errors() as error:
            self._give_up(error)
            return None
        if row is None or not _is_ours(row):
            return None
        day, code, text = row
        assert isinstance(text, str)
        if not hmac.compare_digest(code, self._code(key, text)):
            return None  # somebody else wrote it, or it is damaged
        self._remember(key, text)
        if day != self._today and self._may_write:
            self._new[key] = text
        return text

    def _write(self) -> None:
        new, self._new = self._new, {}
        database = self._opened() if new else None
        if database is None:
            return
        rows = [(key, self._today, self._code(key, text), text) for key, text in new.items()]
        try:
            with database:
                database.executemany(_KEEP, rows)
            if self._size() > _LARGEST:
                with database:
                    database.execute(_DELETE, (_DELETED,))
                database.execute("VACUUM")
        except _errors() as error:
            self._give_up(error)

    def _size(self) -> int:
        return os.stat(os.path.join(self._directory, DATABASE)).st_size

    def _code(self, key: bytes, text: str) -> bytes:
        made = hashlib.blake2b(key, key=self._secret, digest_size=_CODE_SIZE)
        made.update(text.encode("utf-8", "surrogatepass"))
        return made.digest()

    def _opened(self) -> sqlite3.Connection | None:
        """Open the database at the first question, once."""
        if not self._is_open:
            self._is_open = True
            if self._place is not None:
                self._directory = self._place()
                try:
                    self._database = self._connected(self._directory)
                except _opening_errors() as error:
                    self._give_up(error)
        return self._database

    def _connected(self, directory: str) -> sqlite3.Connection:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        _require_private(directory)
        self._secret = _secret_in(directory)
        path = os.path.join(directory, DATABASE)
        try:
            return _connected_to(path)
        except _errors() as error:
            if not (self._may_write and _is_damage(error)):
                raise
            delete_database(directory)
            return _connected_to(path)

    def _give_up(self, error: Exception) -> None:
        """Go on without the database."""
        reason = getattr(error, "strerror", None) or str(error)
        self.problem = f"results are not kept in {self._directory}: {reason}"
        if self._database is not None:
            self._database.close()
            self._database = None
            if self._may_write and _is_damage(error):
                delete_database(self._directory)  # the next run begins anew


def _is_ours(row: Iterable[object]) -> bool:
    """Return whether the columns of a row are what was written: SQLite takes anything."""
    day, code, text = row
    return isinstance(day, int) and isinstance(code, bytes) and isinstance(text, str)


@cache
def _errors() -> tuple[type[Exception], ...]:
    try:
        import sqlite3
    except ImportError:  # CPython is built without it where SQLite is not there
        return ()
    return (sqlite3.Error, sqlite3.Warning, OSError)


def _opening_errors() -> tuple[type[Exception], ...]:
    return (*_errors(), ImportError, OSError, ValueError)


def _is_damage(error: Exception) -> bool:
    """Return whether a file is not a database; one that is busy, or a full disk, has a subclass."""
    return type(error).__name__ == "DatabaseError"


def _connected_to(path: str) -> sqlite3.Connection:
    import sqlite3  # which takes long to import

    database = sqlite3.connect(path, timeout=_WAIT, isolation_level="IMMEDIATE")
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")  # what is lost is found out again
        database.execute(_TABLE)
        database.execute(_FIND, (b"",)).fetchone()
    except BaseException:
        database.close()
        raise
    return database


def _require_private(directory: str) -> None:
    """Refuse a directory that others may write to.

    Raises:
        ValueError: they may.
    """
    status = os.stat(directory)
    if os.name != "posix":
        return
    if status.st_uid != os.geteuid():
        raise ValueError("it belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ValueError("others may write to it")


def _secret_in(directory: str) -> bytes:
    """Return the secret of a directory, made if it is not there."""
    path = os.path.join(directory, SECRET)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        with open(path, "rb") as stream:
            secret = stream.read(_SECRET_SIZE)
        if len(secret) != _SECRET_SIZE:  # another process is just writing it, or it was cut
            raise ValueError(f"{SECRET} is damaged; delete it") from None
        return secret
    secret = secrets.token_bytes(_SECRET_SIZE)
    with open(descriptor, "wb") as stream:
        stream.write(secret)
    return secret
