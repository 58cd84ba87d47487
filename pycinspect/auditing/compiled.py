"""Compiled modules beside sources and caches, which are no caches themselves."""

from __future__ import annotations

from collections.abc import Iterator

from pycinspect.auditing.policy import Policy
from pycinspect.auditing.walk import Directory
from pycinspect.cache import MPY_SUFFIX, Verdict, judge_assembly, judge_mpy

__all__ = ["compiled_modules"]

_DLL = ".dll"


def compiled_modules(directory: Directory, policy: Policy) -> Iterator[tuple[str, Verdict]]:
    """Yield the compiled modules of IronPython and MicroPython in a directory.

    Args:
        directory: where they are looked for.
        policy: whose dialects and file system are used.

    Yields:
        The path, and what the implementation does with it.
    """
    for name in sorted(directory.others):
        path = f"{directory.source_path}{name}"
        verdict = None
        if name.lower().endswith(_DLL):
            verdict = judge_assembly(path, policy.dialects, policy.view)
        elif name.endswith(MPY_SUFFIX):
            verdict = judge_mpy(path, None, policy.dialects, policy.view)
        if verdict is not None:
            yield path, verdict
