"""Programs that are not CPython's kind of cache, by their content: Java classes, .NET assemblies, .mpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pycinspect.cache import HERE, MPY_SUFFIX, view_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import DEFAULT_LIMITS, errors_named

if TYPE_CHECKING:
    from pycinspect.dotnet import IronPythonAssembly
    from pycinspect.jvm import JythonClass
    from pycinspect.micropython import MpyFile

__all__ = ["ForeignProgram", "read_foreign"]

ForeignProgram: TypeAlias = "JythonClass | IronPythonAssembly | MpyFile"


class _Container(NamedTuple):
    """Files that may hold such a program.

    Args:
        start: how they begin.
        suffix: files called so are theirs, however they begin; "" for none.
        read: reads the content; None for a file of that kind that holds something else. The second
            argument is whether it has the suffix.
    """

    start: bytes
    suffix: str
    read: Callable[[bytes, bool], ForeignProgram | None]


def read_foreign(path: str) -> ForeignProgram | None:
    """Read a class file of Jython's compiler, an assembly of IronPython's, a module of MicroPython's.

    Args:
        path: the file, which may lie in an archive: ``app.jar!/m$py.class``.

    Returns:
        What it holds; None for a file that is none of these.

    Raises:
        PycInspectError: ``not-a-jython-class`` and ``not-ironpython`` for another class or assembly;
            what ``parse_class``, ``decode_method`` and ``parse_ironpython`` raise, with the path, and
            ``parse_mpy`` for a file that is called ``.mpy``;
            ``not-found``, ``unreadable``, ``too-large``.
    """
    view = view_of(path, HERE)
    with errors_named(path):
        start = view.read_start(path).data
        for container in _CONTAINERS:
            is_named = bool(container.suffix) and path.endswith(container.suffix)
            if is_named or start.startswith(container.start):
                return container.read(view.read_all(path, DEFAULT_LIMITS.size), is_named)
    return None


def _class(data: bytes, _: bool) -> JythonClass:  # noqa: FBT001 - as _Container has it
    from pycinspect.jvm import parse_jython_class  # which few commands need

    return parse_jython_class(data)


def _assembly(data: bytes, _: bool) -> IronPythonAssembly | None:  # noqa: FBT001 - as _Container has it
    from pycinspect.dotnet import parse_ironpython

    try:
        return parse_ironpython(data)
    except PycInspectError as error:
        if error.slug == "not-an-assembly":  # another program, perhaps with an archive at its end
            return None
        raise


def _module(data: bytes, is_named: bool) -> MpyFile | None:  # noqa: FBT001 - as _Container has it
    """Read a module of MicroPython; the first letter alone makes no file one."""
    from pycinspect.micropython import parse_mpy

    try:
        return parse_mpy(data)
    except PycInspectError:
        if is_named:
            raise
        return None


#: The first that fits reads a file: an assembly begins with MicroPython's letter, too.
_CONTAINERS = (
    _Container(b"\xca\xfe\xba\xbe", "", _class),
    _Container(b"MZ", "", _assembly),
    _Container(b"M", MPY_SUFFIX, _module),
)
