"""Programs that are not CPython's kind of cache, by their content: Java classes, .NET assemblies, .mpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycinspect.cache import HERE, MPY_SUFFIX, view_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import DEFAULT_LIMITS, errors_named

if TYPE_CHECKING:
    from pycinspect.dotnet import IronPythonAssembly
    from pycinspect.jvm import JythonClass
    from pycinspect.micropython import MpyFile

__all__ = ["read_foreign"]

_JAVA = b"\xca\xfe\xba\xbe"
_PE = b"MZ"
_MPY = b"M"


def read_foreign(path: str) -> JythonClass | IronPythonAssembly | MpyFile | None:
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
        if start.startswith(_JAVA):
            from pycinspect.jvm import parse_jython_class  # which few commands need

            return parse_jython_class(view.read_all(path, DEFAULT_LIMITS.size))
        if start.startswith(_PE):
            return _assembly(view.read_all(path, DEFAULT_LIMITS.size))
        is_named = path.endswith(MPY_SUFFIX)
        if is_named or start.startswith(_MPY):
            return _module(view.read_all(path, DEFAULT_LIMITS.size), is_named=is_named)
    return None


def _module(data: bytes, *, is_named: bool) -> MpyFile | None:
    """Read a module of MicroPython; the first letter alone makes no file one."""
    from pycinspect.micropython import parse_mpy

    try:
        return parse_mpy(data)
    except PycInspectError:
        if is_named:
            raise
        return None


def _assembly(data: bytes) -> IronPythonAssembly | None:
    from pycinspect.dotnet import parse_ironpython

    try:
        return parse_ironpython(data)
    except PycInspectError as error:
        if error.slug == "not-an-assembly":  # another program, perhaps with an archive at its end
            return None
        raise
