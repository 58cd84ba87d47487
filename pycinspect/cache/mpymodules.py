"""A module that MicroPython's compiler made: it is taken where there is no source.

``py/builtinimport.c`` looks for ``X.py`` and, only where there is none, for ``X.mpy``; no time and no
hash is compared, and nothing is written.
"""

from __future__ import annotations

from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.micropython import MpyFile, parse_mpy
from pycinspect.values import Implementation

__all__ = ["MPY_SUFFIX", "dialect_of_mpy", "judge_mpy"]

MPY_SUFFIX = ".mpy"
_LETTER = b"M"
_SOURCE = ".py"
_LIMIT = 64 * 1024 * 1024
#: What the importer looks at before it reads on (``py/persistentcode.c: mp_raw_code_load``).
_OF_THE_HEADER = frozenset({"not-an-mpy", "bad-mpy-header", "unsupported"})


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

    Raises:
        OSError: it cannot be read.
    """
    if (dialect is not None and dialect.mpy is None) or not _rows(dialects):
        return None
    is_named = target.endswith(MPY_SUFFIX)
    if not is_named and not view.read_start(target).data.startswith(_LETTER):
        return None
    try:
        found = parse_mpy(view.read_all(target, _LIMIT))
    except PycInspectError as error:
        return _refused(target, dialect or _rows(dialects)[0], error, view) if is_named else None
    row = dialect or dialect_of_mpy(found, dialects)
    if row.mpy != found.header.format:
        message = f"version {found.header.format.version}"
        return _refused(target, row, PycInspectError("not-an-mpy", message), view)
    there = Found(FinderKind.SOURCELESS, target)
    taken = _source_of(target, view) if is_named else None
    if taken is not None:
        return _shadowed(target, row, taken)
    return Verdict(row, there, None, Outcome.NO_CACHE, "compiled-mpy", actual=row.name)


def _rows(dialects: DialectTable) -> list[Dialect]:
    """Return the rows of MicroPython, the newest first."""
    return [row for row in dialects if row.implementation is Implementation.MICROPYTHON]


def _source_of(target: str, view: View) -> str | None:
    """Return the source that is taken before a compiled module, None where there is none."""
    source = target.removesuffix(MPY_SUFFIX) + _SOURCE
    return source if view.is_file(source) else None


def _shadowed(target: str, row: Dialect, source: str) -> Verdict:
    there = Found(FinderKind.SOURCE, source, ignored=(target,))
    return Verdict(row, there, None, Outcome.NO_CACHE, "shadowed", actual=source)


def _refused(target: str, row: Dialect, error: PycInspectError, view: View) -> Verdict:
    source = _source_of(target, view)
    if source is not None:
        return _shadowed(target, row, source)
    there = Found(FinderKind.SOURCELESS, target)
    reason = "mpy-incompatible" if error.slug in _OF_THE_HEADER else "mpy-damaged"
    exception = "ValueError" if error.slug in _OF_THE_HEADER else None
    return Verdict(
        row, there, None, Outcome.RAISE, reason, actual=error.message, exception=exception
    )
