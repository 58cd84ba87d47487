"""Assemblies of IronPython as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Iterator

from pycinspect.dialects import Dialect
from pycinspect.dotnet import IronPythonAssembly
from pycinspect.report.foreign import foreign_object
from pycinspect.report.words import Json
from pycinspect.values import visible

__all__ = ["assembly_lines", "assembly_object"]

_FATE = (
    "a compiled module, not a cache: IronPython does not check it against its source, and once it"
    " is loaded it wins over every source"
)


def assembly_lines(path: str, found: IronPythonAssembly, dialect: Dialect) -> Iterator[str]:
    """Yield the lines of a listing: whose it is, its modules, its functions.

    Args:
        path: the file as the user named it.
        found: what it holds.
        dialect: whose it is.
    """
    yield f"{visible(path)}: {dialect.name}, .NET assembly"
    yield f"  note: {_FATE}"
    yield f"  IronPython  {_version(found)}"
    for module in found.modules:
        yield ""
        yield f"{visible(module.method)}: module"
        yield f"  global names: {visible(', '.join(module.names))}"
    if found.functions:
        yield ""
        yield "functions and classes: " + visible(", ".join(found.functions))


def assembly_object(path: str, found: IronPythonAssembly, dialect: Dialect) -> Json:
    """Return an assembly as ``pycinspect.show/1`` describes it.

    Args:
        path: the file as the user named it.
        found: what it holds.
        dialect: whose it is.
    """
    return {
        **foreign_object(path, dialect, {"ironpython": _version(found)}),
        "codes": [
            *({"method": one.method, "names": list(one.names)} for one in found.modules),
            *({"method": name, "names": None} for name in found.functions),
        ],
    }


def _version(found: IronPythonAssembly) -> str:
    return "unknown" if found.made_with is None else ".".join(map(str, found.made_with))
