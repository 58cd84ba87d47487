"""A module that MicroPython's compiler made: it is taken where there is no source.

``py/builtinimport.c`` (``stat_module``) looks for a directory ``X``, then for ``X.py`` and, only where
there is neither, for ``X.mpy``; no time and no hash is compared, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.micropython import MpyFile, mpy_format_of, parse_mpy

__all__ = ["MPY_SUFFIX", "dialect_of_mpy", "judge_mpy"]

MPY_SUFFIX = ".mpy"
_LETTER = b"M"
_SOURCE = ".py"
_LIMIT = 64 * 1024 * 1024


class _Failure(NamedTuple):
    """What becomes of a file: the reason, and the exception where it is known."""

    reason: str
    exception: str | None


#: What the importer looks at before it reads on (``py/persistentcode.c: mp_raw_code_load``).
_INCOMPATIBLE = _Failure("mpy-incompatible", "ValueError")
_UNREADABLE = _Failure("mpy-unreadable", "OSError")
_DAMAGED = _Failure("mpy-damaged", None)
_FAILURES: Mapping[str, _Failure] = MappingProxyType(
    {
        "not-an-mpy": _INCOMPATIBLE,
        "bad-mpy-header": _INCOMPATIBLE,
        "unsupported": _INCOMPATIBLE,
        "unreadable": _UNREADABLE,
    }
)
#: What we do not read of a file that may be well.
_NOT_READ = frozenset({"native-not-read", "too-large"})


def dialect_of_mpy(found: MpyFile, dialects: DialectTable) -> Dialect:
    """Return the row of the MicroPython that loads a file.

    Raises:
        PycInspectError: ``unknown-dialect`` where the rows have no such MicroPython.
    """
    for row in _rows(dialects):
        if row.mpy == found.header.format:
            return row
    message = f"no dialect has .mpy version {found.header.format.version}"
    raise PycInspectError("unknown-dialect", message)


def judge_mpy(
    target: str, dialect: Dialect | None, dialects: DialectTable, view: View
) -> Verdict | None:
    """Say what MicroPython does with a compiled module; None for every other file.

    Args:
        target: the file. One called ``.mpy`` is MicroPython's, whatever is in it; another one is if
            all of it can be read as such.
        dialect: whose importer is asked; None is that of the version that the file has.
        dialects: the rows to look in.
        view: the file system that it is in.
    """
    if (dialect is not None and dialect.mpy is None) or not _rows(dialects):
        return None
    is_named = target.endswith(MPY_SUFFIX)
    row = dialect or _rows(dialects)[0]
    try:
        start = view.read_start(target).data
        if not is_named and not start.startswith(_LETTER):
            return None
        row = dialect or _row_of_start(start, dialects)
        parse_mpy(view.read_all(target, _LIMIT))
    except OSError as error:
        failed = PycInspectError("unreadable", error.strerror or type(error).__name__)
        return _refused(target, row, failed, view) if is_named else None
    except PycInspectError as error:
        is_file = error.slug != "not-a-file"  # mp_import_stat: a directory is one of that name
        return _refused(target, row, error, view) if is_named and is_file else None
    layout = mpy_format_of(start)
    if row.mpy != layout:
        assert layout is not None  # it was read
        other = PycInspectError("not-an-mpy", f"version {layout.version}")
        return _refused(target, row, other, view)
    return _shadowed(target, row, view) or _compiled(target, row)


def _rows(dialects: DialectTable) -> list[Dialect]:
    """Return the rows of MicroPython, the newest first."""
    return [row for row in dialects if row.mpy is not None]


def _row_of_start(start: bytes, dialects: DialectTable) -> Dialect:
    """Return the row of the version that a file names; the newest where none has it."""
    layout, rows = mpy_format_of(start), _rows(dialects)
    return next((row for row in rows if row.mpy == layout), rows[0])


def _compiled(target: str, row: Dialect, remark: str = "") -> Verdict:
    there = Found(FinderKind.SOURCELESS, target)
    return Verdict(
        row, there, None, Outcome.NO_CACHE, "compiled-mpy", actual=row.name, remark=remark
    )


def _shadowed(target: str, row: Dialect, view: View) -> Verdict | None:
    """Say what is taken before a compiled module; None where nothing is."""
    base = target.removesuffix(MPY_SUFFIX)
    if base == target:
        return None
    there = None
    if view.is_dir(base):
        there = Found(FinderKind.PACKAGE, base, ignored=(target,))
    elif view.is_file(base + _SOURCE):
        there = Found(FinderKind.SOURCE, base + _SOURCE, ignored=(target,))
    if there is None:
        return None
    return Verdict(row, there, None, Outcome.NO_CACHE, "shadowed", actual=there.path or "")


def _refused(target: str, row: Dialect, error: PycInspectError, view: View) -> Verdict:
    shadowed = _shadowed(target, row, view)
    if shadowed is not None:
        return shadowed
    if error.slug in _NOT_READ:
        return _compiled(target, row, remark=f"it was not read as a whole ({error.message})")
    failure = _FAILURES.get(error.slug, _DAMAGED)
    there = Found(FinderKind.SOURCELESS, target)
    return Verdict(
        row,
        there,
        None,
        Outcome.RAISE,
        failure.reason,
        actual=error.message,
        exception=failure.exception,
    )
