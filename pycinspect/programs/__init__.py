"""What did the user point at, and what is in its code?

A path, bytes, a file object, a function, a code object: each becomes a ``Subject``, which has the
code, who wrote it and where it comes from. What the public API asks about any of them is in
``questions``, which costs more to import. Uses ``compiling``, ``canonical``, ``cache``, ``disasm``, ``pyc``, ``dialects``,
``errors`` and ``values``.
"""

from pycinspect.programs.subject import (
    Program,
    ReadOptions,
    Subject,
    parse_subject,
    read_stream,
    read_subject,
    subject_of,
)

__all__ = [
    "Program",
    "ReadOptions",
    "Subject",
    "parse_subject",
    "read_stream",
    "read_subject",
    "subject_of",
]
