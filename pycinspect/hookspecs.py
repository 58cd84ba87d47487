"""What plugins may add to pycinspect (pluggy; entry point group ``pycinspect``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pycinspect.auditing import Rule
    from pycinspect.dialects import Dialect
    from pycinspect.diffing import Explanation
    from pycinspect.report.base import Factory

__all__ = [
    "hookimpl",
    "pycinspect_dialects",
    "pycinspect_explanations",
    "pycinspect_find_dialect",
    "pycinspect_reporters",
    "pycinspect_rules",
]

_hookspec = pluggy.HookspecMarker("pycinspect")

#: Marks a plugin's function as the implementation of a hook.
hookimpl = pluggy.HookimplMarker("pycinspect")


@_hookspec
def pycinspect_dialects() -> Iterable[Dialect]:  # type: ignore[empty-body]
    """Return rows for Pythons that pycinspect does not know.

    A row may not claim a magic number of another unless it is ``told_by_tag``.
    """


@_hookspec(firstresult=True)
def pycinspect_find_dialect(magic: bytes, known: Dialect | None) -> Dialect | None:
    """Return who writes files that start with ``magic``, or None.

    Asked when a file is met whose magic number is in no row, and when the code of one is
    read whose row, ``known``, has no opcode numbers. So what is costly to load is loaded
    only then; rows that are at hand belong into :func:`pycinspect_dialects`.
    """


@_hookspec
def pycinspect_rules() -> Iterable[type[Rule]]:  # type: ignore[empty-body]
    """Return the classes of audit rules; the built-in ones come the same way.

    An id is capital letters of the vendor's own and a number, such as ``ACME001``; one that is
    taken is refused. The rules run as the built-in ones do, in every profile, unless they are
    ignored by their id, their family (``ACME0``) or their vendor (``ACME``).
    """


@_hookspec
def pycinspect_reporters() -> Mapping[str, Factory]:  # type: ignore[empty-body]
    """Return output formats of ``pycinspect audit`` by name."""


@_hookspec
def pycinspect_explanations() -> Iterable[Explanation]:  # type: ignore[empty-body]
    """Return known differences between versions; the built-in ones come the same way.

    A row with ``explains`` is asked about every two code objects that differ. A slug that is
    taken is refused.
    """
