"""What reports of class files, assemblies and modules of other implementations have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.report.header import SHOW_SCHEMA
from pycinspect.report.words import Json

__all__ = ["foreign_object", "with_names"]

_Code = TypeVar("_Code")


def foreign_object(
    path: str, dialect: Dialect, header: Mapping[str, object], magic: int | None = None
) -> Json:
    """Return what ``pycinspect.show/1`` says of every file, but for its code.

    Args:
        path: the file as the user named it.
        dialect: whose it is.
        header: what stands in the place of a header.
        magic: its magic number, None where there is none.
    """
    return {
        "schema": SHOW_SCHEMA,
        "path": path,
        "dialect": dialect.name,
        "implementation": dialect.implementation.value,
        "python": dialect.version,
        "cache_tag": dialect.cache_tag,
        "magic": magic,
        "header": header,
        "error": None,
    }


def with_names(codes: Iterable[tuple[str, _Code]], names: Collection[str]) -> list[_Code]:
    """Return the code objects that have one of some names.

    Args:
        codes: all, with their names.
        names: those that are wanted; none is all.

    Raises:
        PycInspectError: ``no-such-code`` for a name that none has.
    """
    listed = list(codes)
    known = {name for name, _ in listed}
    for name in names:
        if name not in known:
            raise PycInspectError("no-such-code", f"there is no code object {name!r}")
    return [code for name, code in listed if not names or name in names]
