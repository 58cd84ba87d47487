"""Programs that are no bytecode of a Python: Java classes and .NET assemblies, by their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycinspect.cache import HERE, view_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import DEFAULT_LIMITS, errors_named

if TYPE_CHECKING:
    from pycinspect.dotnet import IronPythonAssembly
    from pycinspect.jvm import JythonClass

__all__ = ["read_foreign"]

_JAVA = b"\xca\xfe\xba\xbe"
_PE = b"MZ"


def read_foreign(path: str) -> JythonClass | IronPythonAssembly | None:
    """Read a class file of Jython's compiler, or an assembly of IronPython's.

    Args:
        path: the file, which may lie in an archive: ``app.jar!/m$py.class``.

    Returns:
        What it holds; None for a file that is neither a Java class nor a .NET assembly.

    Raises:
        PycInspectError: ``not-a-jython-class`` and ``not-ironpython`` for another class or assembly;
            what ``parse_class``, ``decode_method`` and ``parse_ironpython`` raise, with the path;
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
    return None


def _assembly(data: bytes) -> IronPythonAssembly | None:
    from pycinspect.dotnet import parse_ironpython

    try:
        return parse_ironpython(data)
    except PycInspectError as error:
        if error.slug == "not-an-assembly":  # another program, perhaps with an archive at its end
            return None
        raise
