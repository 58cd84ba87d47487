"""What compiling a source may cost, and what comes of it; apart from who does it."""

from __future__ import annotations

from dataclasses import dataclass

from pycinspect.cache import Refusal

__all__ = ["DEFAULT_COMPILE_LIMITS", "MIB", "Answer", "CompileLimits"]

MIB = 1024 * 1024

#: A marshalled code object, or why there is none.
Answer = bytes | Refusal


@dataclass(frozen=True, slots=True)
class CompileLimits:
    """What compiling one source may take.

    Args:
        seconds: of time, after which the process is killed.
        memory: bytes of memory that the process may ask for beside its own. Bounded where
            the system bounds it (``RLIMIT_AS``: Linux and others, but not Windows and macOS).
        answer: bytes of marshalled code that are taken from it.
    """

    seconds: float = 30.0
    memory: int = 1024 * MIB
    answer: int = 64 * MIB


#: Enough for every source of a standard library under the slowest Python, many times over.
DEFAULT_COMPILE_LIMITS = CompileLimits()
