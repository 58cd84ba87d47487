"""A Java class file as a program: read only where a file begins as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycinspect.cache import HERE, view_of
from pycinspect.pyc import DEFAULT_LIMITS, errors_named

if TYPE_CHECKING:
    from pycinspect.jvm import JythonClass

__all__ = ["read_class"]

_MAGIC = b"\xca\xfe\xba\xbe"


def read_class(path: str) -> JythonClass | None:
    """Read a class file that Jython's compiler wrote.

    Args:
        path: the file, which may lie in an archive: ``app.jar!/m$py.class``.

    Returns:
        The class; None for a file that does not begin as a Java class file.

    Raises:
        PycInspectError: ``not-a-jython-class`` for another Java class; what ``parse_class`` and
            ``decode_method`` raise, with the path; ``not-found``, ``unreadable``, ``too-large``.
    """
    view = view_of(path, HERE)
    with errors_named(path):
        if view.read_start(path).data[: len(_MAGIC)] != _MAGIC:
            return None
        from pycinspect.jvm import parse_jython_class  # which few commands need

        return parse_jython_class(view.read_all(path, DEFAULT_LIMITS.size))
