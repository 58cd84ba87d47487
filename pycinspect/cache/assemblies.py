"""A module that IronPython compiled: no importer compares it with a source.

``clr.CompileModules`` makes an assembly, ``clr.AddReference`` loads it, and from then on
``CompiledLoader`` stands in ``sys.meta_path`` before every source.
"""

from __future__ import annotations

from pycinspect.cache.verdict import FinderKind, Found, Outcome, Verdict
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.dotnet import IronPythonAssembly, parse_ironpython
from pycinspect.errors import PycInspectError
from pycinspect.values import Implementation

__all__ = ["dialect_of_assembly", "judge_assembly"]

_LIMIT = 64 * 1024 * 1024
_PE = b"MZ"


def dialect_of_assembly(found: IronPythonAssembly, dialects: DialectTable) -> Dialect:
    """Return the row of the IronPython that made an assembly; the newest where there is none.

    Raises:
        PycInspectError: ``unknown-dialect`` where the rows have no IronPython at all.
    """
    rows = [row for row in dialects if row.implementation is Implementation.IRONPYTHON]
    if not rows:
        raise PycInspectError("unknown-dialect", "no dialect is IronPython")
    by_release: dict[tuple[int, ...], Dialect] = {row.python: row for row in rows}
    return by_release.get((found.made_with or ())[:2], rows[-1])


def judge_assembly(target: str, dialects: DialectTable, view: View) -> Verdict | None:
    """Say what IronPython does with an assembly of its; None for every other file.

    Args:
        target: the file, whatever it is called.
        dialects: the rows to look in.
        view: the file system that it is in.
    """
    try:
        if not view.read_start(target).data.startswith(_PE):
            return None
        found = parse_ironpython(view.read_all(target, _LIMIT))
    except (
        OSError,
        PycInspectError,
    ):  # another program, or none that can be read: who is asked about it next says what it is
        return None
    row = dialect_of_assembly(found, dialects)
    there = Found(FinderKind.EXTENSION, target)
    return Verdict(row, there, None, Outcome.NO_CACHE, "compiled-module", actual=row.name)
