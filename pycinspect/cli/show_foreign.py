"""``pycinspect show`` of Java class files, .NET assemblies and modules of MicroPython."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import click

from pycinspect.errors import PycInspectError

if TYPE_CHECKING:
    from pycinspect.dialects import Dialect, DialectTable
    from pycinspect.dotnet import IronPythonAssembly
    from pycinspect.jvm import JythonClass
    from pycinspect.micropython import MpyFile
    from pycinspect.programs.foreign import ForeignProgram

__all__ = ["ForeignWay", "or_foreign"]


class ForeignWay(NamedTuple):
    """How such a file is shown: what of it, and as text or JSON."""

    dialects: DialectTable
    names: tuple[str, ...]
    header: bool
    canonical: bool
    as_json: bool


def or_foreign(show: Callable[[str], None], way: ForeignWay) -> Callable[[str], None]:
    """Return what shows class files and assemblies as ``way`` says, and all others as ``show``.

    Args:
        show: shows one file, or raises PycInspectError.
        way: how the others are shown.
    """
    from pycinspect.programs.foreign import read_foreign

    def show_either(path: str) -> None:
        found = None if path == "-" else read_foreign(path)
        if found is None:
            show(path)
            return
        if way.canonical:
            message = "no canonical form is made of Java classes, .NET assemblies and .mpy files"
            raise PycInspectError("unsupported", message, path=path)
        _show_foreign(path, found, way)

    return show_either


def _show_foreign(path: str, found: ForeignProgram, way: ForeignWay) -> None:
    from pycinspect.jvm import JythonClass
    from pycinspect.micropython import MpyFile

    if isinstance(found, MpyFile):
        lines, value = _of_module(path, found, way)
    elif isinstance(found, JythonClass):
        lines, value = _of_class(path, found, way)
    else:
        lines, value = _of_assembly(path, found, way)
    if way.as_json:
        import json

        click.echo(json.dumps(value()))
        return
    for line in lines:
        click.echo(line)


def _of_class(
    path: str, found: JythonClass, way: ForeignWay
) -> tuple[Iterable[str], Callable[[], object]]:
    from pycinspect.report.java import class_header_lines, class_lines, class_object

    dialect = next(row for row in way.dialects if row.classes is not None)
    lines = class_header_lines(path, found, dialect)
    if not way.header:
        lines = class_lines(path, found, dialect, way.names)
    plain = ("".join(text for text, _ in line) for line in lines)
    return plain, lambda: class_object(path, found, dialect, way.names, header_only=way.header)


def _of_assembly(
    path: str, found: IronPythonAssembly, way: ForeignWay
) -> tuple[Iterable[str], Callable[[], object]]:
    from pycinspect.report.assembly import assembly_lines, assembly_object

    if way.names:
        message = "the code of a .NET assembly is not shown by its names"
        raise PycInspectError("unsupported", message, path=path)
    dialect = _ironpython(found, way.dialects)
    lines = assembly_lines(path, found, dialect)
    return lines, lambda: assembly_object(path, found, dialect)


def _of_module(
    path: str, found: MpyFile, way: ForeignWay
) -> tuple[Iterable[str], Callable[[], object]]:
    from pycinspect.cache import dialect_of_mpy
    from pycinspect.report.mpy import mpy_lines, mpy_object

    dialect = dialect_of_mpy(found, way.dialects)
    lines = mpy_lines(path, found, dialect, way.names, header_only=way.header)
    return lines, lambda: mpy_object(path, found, dialect, way.names, header_only=way.header)


def _ironpython(found: IronPythonAssembly, dialects: DialectTable) -> Dialect:
    from pycinspect.cache import dialect_of_assembly

    return dialect_of_assembly(found, dialects)
