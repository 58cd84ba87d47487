"""Goldens: what bytecode was when somebody last looked at it, in ``*.bytecode`` files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect.expect import Failure
from pytest_pycinspect.golden.file import GoldenFile, read_golden
from pytest_pycinspect.golden.places import GoldenPlace, GoldenTests, place_of
from pytest_pycinspect.golden.recorded import (
    Difference,
    Found,
    accepted,
    difference_of,
    is_respelling,
    mismatch,
)
from pytest_pycinspect.golden.sections import Content, Variant
from pytest_pycinspect.golden.update import Edit, Kind

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["BytecodeGolden", "Goldens"]


class BytecodeGolden:
    """What the fixture ``bytecode_golden`` is: equal to the bytecode that is recorded.

    Args:
        goldens: of the session.
        place: of the golden.
    """

    #: ``Bytecode.__eq__`` leaves the comparison to this class.
    compares_bytecode: ClassVar[bool] = True
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, goldens: Goldens, place: GoldenPlace, tests: GoldenTests) -> None:
        self._goldens = goldens
        self._place = place
        self._tests = tests
        self.failure: Failure | None = None

    @classmethod
    def for_item(cls, item: pytest.Item) -> BytecodeGolden:
        """Return the fixture's value for a test."""
        return cls(Goldens.of(item.config), place_of(item), GoldenTests.of(item.config))

    def __call__(self, name: str) -> BytecodeGolden:
        """Return one more golden of the same test.

        Args:
            name: what tells it from others of the test.
        """
        place = self._place
        another = GoldenPlace(place.path, f"{place.title}/{name}", place.order)
        return type(self)(self._goldens, another, self._tests)

    def __eq__(self, code: object) -> bool:
        from pytest_pycinspect.bytecode import Bytecode

        if not isinstance(code, Bytecode):
            return NotImplemented
        __tracebackhide__ = True
        try:
            self.failure = self._goldens.compare(self._place, code, self._tests)
        except PycInspectError as error:  # where it was found is no concern of the test's
            raise error.with_traceback(None) from None
        return self.failure is None

    def __repr__(self) -> str:
        return f"<golden {self._place}>"


# --- Comparing -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Goldens:
    """The goldens of a session.

    Args:
        update: what may be written.
        edits: what will be.
        used: paths and titles of the sections that tests compared.
        obsolete: likewise, of those that are about code that is not there.
        collected: paths of the files that pytest found.
        moved: path and title of a section to the title of a test that is new and has its content.
    """

    update: frozenset[Kind] = frozenset()
    edits: dict[tuple[str, str, tuple[str, ...]], Edit] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    obsolete: set[tuple[str, str]] = field(default_factory=set)
    collected: set[str] = field(default_factory=set)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    _files: dict[str, GoldenFile] = field(default_factory=dict)
    _values: dict[tuple[str, str, str], Content] = field(default_factory=dict)

    @classmethod
    def of(cls, config: pytest.Config) -> Goldens:
        """Return the goldens of a session that has begun with them."""
        return config.stash[_KEY]

    @classmethod
    def have_begun(cls, config: pytest.Config) -> bool:
        """Return whether a session has goldens."""
        return _KEY in config.stash

    @classmethod
    def begin(cls, config: pytest.Config, update: frozenset[Kind]) -> Goldens:
        """Begin the goldens of a session; without ``update`` nothing is written."""
        config.stash[_KEY] = cls(update)
        return config.stash[_KEY]

    def file(self, path: str) -> GoldenFile:
        """Return a file as it was when the session first asked for it."""
        known = self._files.get(path)
        if known is None:
            known = self._files[path] = read_golden(path)
        return known

    def compare(self, place: GoldenPlace, code: Bytecode, tests: GoldenTests) -> Failure | None:
        """Return what is wrong with code, None where it is as recorded or will be recorded.

        Args:
            place: of the golden.
            code: the code.
            tests: of the session: what no test has may have been this one's, under another name.

        Raises:
            PatternError: the file is not well formed, with its path and line.
            PycInspectError: ``golden-twice``: a test has two values for one golden.
        """
        self.used.add((place.path, place.title))
        actual = Found(code)
        self._check_single(place, actual)
        file = self.file(place.path)
        section = file.sections.get(place.title)
        variant = None if section is None else section.active(actual.host)
        if variant is None:
            return self._missing(place, actual, tests)
        assert section is not None
        if section.view != code.view:
            message = f"  it is recorded in the view {section.view}, this is {code.view}"
            return mismatch(code, message)
        difference = difference_of(file, variant, actual)
        if difference is not None:
            return self._different(place, variant, actual, difference)
        if Kind.RESPELL in self.update and is_respelling(file, variant, actual):
            content = accepted(variant.content, actual.content)
            self._edit(place, actual, Kind.RESPELL, content, conditions=variant.conditions)
        return None

    def _missing(self, place: GoldenPlace, actual: Found, tests: GoldenTests) -> Failure | None:
        before = next(self._same(place, actual, tests), None)
        if before is not None:
            self.moved[before.path, before.title] = place.title
        if Kind.CREATE in self.update:
            shared = actual.code.view == "ops"
            conditions = () if shared else actual.conditions
            self._edit(place, actual, Kind.CREATE, actual.content, conditions=conditions)
            return None
        hint = "run with --pycinspect-update=create to record it"
        if before is not None:
            hint = (
                f"no test has {before}, which is the same: rename it [{place.title}],"
                " or run with --pycinspect-update=create,trim"
            )
        summary = (f"no golden {place}", hint)
        return Failure(summary, f"no golden: {place.title}", "\n".join(actual.content.lines))

    def _same(self, place: GoldenPlace, actual: Found, tests: GoldenTests) -> Iterator[GoldenPlace]:
        """Yield sections that no test has and that say the same, of the same file first."""
        for path in dict.fromkeys([place.path, *sorted(self.collected)]):
            file = self.file(path)
            for section in file.sections.values():
                variant = section.active(actual.host)
                if (
                    variant is not None
                    and section.source is None
                    and section.view == actual.code.view
                    and file.spells(variant, accepted(variant.content, actual.content))
                    and not tests.have(path, section.title)
                ):
                    yield GoldenPlace(path, section.title, place.order)

    def _different(
        self, place: GoldenPlace, variant: Variant, actual: Found, difference: Difference
    ) -> Failure | None:
        if Kind.FIX in self.update:
            is_own = variant.conditions == actual.conditions or (
                not variant.conditions and variant.python == actual.python
            )
            self._edit(
                place,
                actual,
                Kind.FIX,
                difference.content,
                conditions=variant.conditions if is_own else actual.conditions,
                over=variant.conditions,
            )
            return None
        failure = difference.failure
        hint = "run with --pycinspect-update=fix to accept"
        return failure._replace(summary=(*failure.summary, hint))

    def _edit(
        self,
        place: GoldenPlace,
        actual: Found,
        kind: Kind,
        content: Content,
        *,
        conditions: tuple[str, ...],
        over: tuple[str, ...] = (),
    ) -> None:
        self.edits[place.path, place.title, conditions] = Edit(
            place.path,
            place.title,
            place.order,
            kind.value,
            conditions,
            content.instructions,
            content.consts,
            content.handlers,
            actual.python,
            actual.code.view,
            over,
        )

    def _check_single(self, place: GoldenPlace, actual: Found) -> None:
        """Refuse to write a golden of which a test has two values."""
        key = (place.path, place.title, actual.python)
        if self.update and self._values.setdefault(key, actual.content) != actual.content:
            message = f'{place} has two values; bytecode_golden("name") is another golden'
            raise PycInspectError("golden-twice", message)


_KEY = pytest.StashKey[Goldens]()
