"""Several interpreters, by the first and the last version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pycinspect.compiling.interpreter import Interpreter, find_interpreter
from pycinspect.dialects import DIALECTS, DialectTable
from pycinspect.errors import PycInspectError

__all__ = ["FoundInterpreters", "interpreters_between"]

_VERSION = re.compile(r"(?:(cpython|pypy)-?)?(\d+\.\d+)")
_RELEASE = re.compile(r"[a-z]+-\d+\.\d+")


class FoundInterpreters(NamedTuple):
    """What was looked for.

    Args:
        found: the interpreters, the oldest first.
        missing: the names of those versions of which none is installed.
    """

    found: Sequence[Interpreter]
    missing: Sequence[str]


def interpreters_between(
    first: str, last: str, *, dialects: DialectTable = DIALECTS
) -> FoundInterpreters:
    """Find the installed interpreters from one version to another, both included.

    Args:
        first: such as ``3.8`` or ``pypy3.9``.
        last: likewise; a later one.
        dialects: the rows to look in, which are in the order of the versions.

    Raises:
        PycInspectError: ``unknown-dialect``; ``bad-range`` where they are not two versions of
            one implementation, the first one first.
    """
    names = [row.name for row in dialects if _RELEASE.fullmatch(row.name)]
    start, end = (names.index(_name(version, dialects)) for version in (first, last))
    wanted = names[start : end + 1]
    implementation = names[start].partition("-")[0]
    if not wanted or names[end].partition("-")[0] != implementation:
        raise PycInspectError("bad-range", f"{first}..{last} are not versions, the oldest first")
    found: list[Interpreter] = []
    missing: list[str] = []
    for name in (name for name in wanted if name.startswith(f"{implementation}-")):
        try:
            found.append(find_interpreter(name, dialects=dialects))
        except PycInspectError as error:
            if error.slug != "no-interpreter":
                raise
            missing.append(name)
    return FoundInterpreters(found, missing)


def _name(version: str, dialects: DialectTable) -> str:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise PycInspectError("bad-range", f"{version!r} is not a version such as 3.8")
    return dialects[f"{match[1] or 'cpython'}-{match[2]}"].name
