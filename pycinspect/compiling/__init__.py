"""What does a compiler make of this source?

Sources to code objects, by the running interpreter or by another one that is installed.
Compiling runs nothing of the source. Uses ``cache``, ``disasm``, ``pyc``, ``dialects``, ``errors`` and
``values``.
"""

from pycinspect.compiling.interpreter import Interpreter, find_interpreter
from pycinspect.compiling.source import COMPILE_SECONDS, compile_source
from pycinspect.compiling.subject import (
    ReadOptions,
    Subject,
    SubjectKind,
    parse_subject,
    read_subject,
)
from pycinspect.compiling.versions import FoundInterpreters, interpreters_between

__all__ = [
    "COMPILE_SECONDS",
    "FoundInterpreters",
    "Interpreter",
    "ReadOptions",
    "Subject",
    "SubjectKind",
    "compile_source",
    "find_interpreter",
    "interpreters_between",
    "parse_subject",
    "read_subject",
]
