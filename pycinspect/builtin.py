"""pycinspect's own contributions, through the same hooks as everybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.hookspecs import hookimpl

if TYPE_CHECKING:
    from pycinspect.auditing import Rule
    from pycinspect.diffing import Explanation
    from pycinspect.report.base import Factory

__all__: list[str] = []  # pluggy finds the functions; nobody else calls them

# What a command does not ask for is not imported.


@hookimpl
def pycinspect_dialects() -> Iterable[Dialect]:
    """Return the rows that pycinspect ships."""
    return DIALECTS


@hookimpl
def pycinspect_rules() -> Iterable[type[Rule]]:
    """Return the rules that pycinspect ships."""
    from pycinspect.auditing.rules import BUILT_IN

    return BUILT_IN


@hookimpl
def pycinspect_reporters() -> Mapping[str, Factory]:
    """Return the formats that pycinspect ships."""
    from pycinspect.report.formats import REPORTERS

    return REPORTERS


@hookimpl
def pycinspect_explanations() -> Iterable[Explanation]:
    """Return the differences between versions that pycinspect knows."""
    from pycinspect.diffing import EXPLANATIONS

    return EXPLANATIONS
