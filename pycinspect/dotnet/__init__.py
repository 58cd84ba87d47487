"""What does a .NET assembly say, and what of it is IronPython's?

Bytes to the tables of metadata (ECMA-335, partition II); then the modules that ``clr.CompileModules``
put there. Uses ``errors``.
"""

from pycinspect.dotnet.ironpython import (
    IronModule,
    IronPythonAssembly,
    is_ironpython,
    parse_ironpython,
)

__all__ = ["IronModule", "IronPythonAssembly", "is_ironpython", "parse_ironpython"]
