"""What does a compiler make of this source?

Sources to code objects, by the running interpreter or by another one that is installed.
Compiling runs nothing of the source, and happens in a process with limits. Uses ``cache``,
``disasm``, ``pyc``, ``dialects``, ``errors`` and
``values``.
"""

from pycinspect.compiling.installed import InstalledCompilers, judge, judge_module
from pycinspect.compiling.interpreter import Interpreter, find_interpreter
from pycinspect.compiling.limits import DEFAULT_COMPILE_LIMITS, CompileLimits
from pycinspect.compiling.source import UNGUARDED_SIZE, Compilers, compile_source
from pycinspect.compiling.versions import FoundInterpreters, interpreters_between

__all__ = [
    "DEFAULT_COMPILE_LIMITS",
    "UNGUARDED_SIZE",
    "CompileLimits",
    "Compilers",
    "FoundInterpreters",
    "InstalledCompilers",
    "Interpreter",
    "compile_source",
    "find_interpreter",
    "interpreters_between",
    "judge",
    "judge_module",
]
