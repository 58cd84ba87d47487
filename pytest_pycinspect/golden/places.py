"""Where the golden of a test is, and which goldens the tests of a session have."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cached_property

import pytest

from pytest_pycinspect.golden.file import shown
from pytest_pycinspect.session import COLLECTED

__all__ = ["SUFFIX", "GoldenPlace", "GoldenTests", "is_of", "place_of"]

SUFFIX = ".bytecode"


@dataclass(frozen=True, slots=True)
class GoldenPlace:
    """Where a golden is, or will be.

    Args:
        path: of the file.
        title: of the section.
        order: new sections stand in this order, that of their tests.
    """

    path: str
    title: str
    order: int

    def __str__(self) -> str:
        return f"[{self.title}] of {shown(self.path)}"


def place_of(item: pytest.Item) -> GoldenPlace:
    """Return where the golden of a test is: beside its file, by its name after its class's."""
    title = item.nodeid.partition("::")[2].replace("::", ".")
    order = item.location[1] or 0
    if item.path.suffix == SUFFIX:  # a section is a test itself
        return GoldenPlace(os.fspath(item.path), title, order)
    folder = item.config.getini("pycinspect_golden_dir")
    path = item.path.parent / folder / f"{item.path.stem}{SUFFIX}"
    return GoldenPlace(os.fspath(path), title, order)


@dataclass(frozen=True)
class GoldenTests:
    """The tests that were collected, by the goldens that they may have.

    Args:
        items: the tests.
    """

    items: tuple[pytest.Item, ...]

    @classmethod
    def of(cls, config: pytest.Config) -> GoldenTests:
        """Return those of a session, as long as its tests run."""
        known = config.stash.get(_TESTS, None)
        if known is None:
            known = config.stash[_TESTS] = cls(tuple(config.stash[COLLECTED][0]))
        return known

    @cached_property
    def titles(self) -> Mapping[str, frozenset[str]]:
        """The titles that the tests' goldens have, by the paths of their files."""
        found: dict[str, set[str]] = {}
        for item in self.items:
            place = place_of(item)
            found.setdefault(place.path, set()).add(place.title)
        return {path: frozenset(titles) for path, titles in found.items()}

    def have(self, path: str, title: str) -> bool:
        """Return whether a section is one of those that a test can have."""
        return is_of(title, self.titles.get(path, ()))


def is_of(title: str, tests: Container[str]) -> bool:
    """Return whether a section is that of a test, or one more of it: ``[test_it/more]``."""
    ends = [place for place, letter in enumerate(title) if letter == "/"]
    return any(title[:end] in tests for end in [*ends, len(title)])


_TESTS = pytest.StashKey[GoldenTests]()
