"""What a ported test of caches is: what is done to a project, and what is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_pycinspect import CacheEvent, Pycache

__all__ = ["OLD", "CacheCase", "Scene", "T", "damaged", "parameters"]

#: A time of sources, and text of a source; edits of it are as long.
T = 1_700_000_000
OLD = "state = 'old'"

#: Does something to the project, and returns what is asked about: events, or what was said.
Scene = Callable[[Pycache], Any]


@dataclass(frozen=True, slots=True)
class CacheCase:
    """A test of caches, said with the plugin.

    Args:
        ported: its name.
        subject: what is done.
        broken: what is done where something else must be seen.
        check: the assertion; it is true of what the subject returns.
    """

    ported: str
    subject: Scene
    broken: Scene
    check: Callable[[Any], object]


def parameters(cases: Iterable[CacheCase]) -> pytest.MarkDecorator:
    """Return a mark that runs a test for each case."""
    rows = [
        pytest.param(case, id=f"{number}-{case.ported.rpartition('.')[2]}")
        for number, case in enumerate(cases)
    ]
    return pytest.mark.parametrize("case", rows)


def damaged(
    mode: str | None = None, *, sourceless: bool = False, **damage: Any
) -> Callable[[Pycache], CacheEvent]:
    """Return a scene: a module's cache is damaged, and it is imported.

    Args:
        mode: how the cache is tied to its source.
        sourceless: the cache stands in the source's place.
        damage: see ``Pycache.corrupt``; none is a cache that is whole.
    """

    def scene(project: Pycache) -> CacheEvent:
        project.write("m", OLD, mtime=T)
        cache = project.compile("m", mode, legacy=sourceless)  # type: ignore[arg-type]
        if sourceless:
            project.delete("m")
        if damage:
            project.corrupt(cache, **damage)
        return project.import_("m")

    return scene
