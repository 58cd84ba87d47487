"""``pycinspect show`` of Java class files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import click

from pycinspect.errors import PycInspectError

if TYPE_CHECKING:
    from pycinspect.dialects import DialectTable
    from pycinspect.jvm import JythonClass

__all__ = ["ClassWay", "or_class"]


class ClassWay(NamedTuple):
    """How a class file is shown: what of it, and as text or JSON."""

    dialects: DialectTable
    names: tuple[str, ...]
    header: bool
    canonical: bool
    as_json: bool


def or_class(show: Callable[[str], None], way: ClassWay) -> Callable[[str], None]:
    """Return what shows a class file of Jython as ``way`` says, and all other files as ``show``.

    Args:
        show: shows one file, or raises PycInspectError.
        way: how class files are shown.
    """
    from pycinspect.programs.classes import read_class

    def show_either(path: str) -> None:
        found = None if path == "-" else read_class(path)
        if found is None:
            show(path)
        else:
            _show_class(path, found, way)

    return show_either


def _show_class(path: str, found: JythonClass, way: ClassWay) -> None:
    from pycinspect.report.java import class_header_lines, class_lines, class_object

    dialect = next(row for row in way.dialects if row.classes is not None)
    if way.canonical:
        message = "a Java class file has no canonical form"
        raise PycInspectError("unsupported", message, path=path)
    if way.as_json:
        import json

        value = class_object(path, found, dialect, way.names, header_only=way.header)
        click.echo(json.dumps(value))
        return
    lines = class_header_lines(path, found, dialect)
    if not way.header:
        lines = class_lines(path, found, dialect, way.names)
    for line in lines:
        click.echo("".join(text for text, _ in line))
