"""Goldens: what bytecode was when somebody last looked at it, in ``*.bytecode`` files."""

from __future__ import annotations

from abc import abstractmethod
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
    RecordedCode,
    accepted,
    difference_of,
    is_respelling,
    mismatch,
)
from pytest_pycinspect.golden.sections import Content, Section, Variant
from pytest_pycinspect.golden.update import Edit, UpdateKind

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["BytecodeGolden", "Goldens", "Recorded"]


class Recorded:
    """What is equal to bytecode that is as it was recorded."""

    #: ``Bytecode.__eq__`` leaves the comparison to this class.
    compares_bytecode: ClassVar[bool] = True
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.failure: Failure | None = None

    @abstractmethod
    def compare(self, code: Bytecode) -> Failure | None:
        """Return what is wrong with code, None where it is as recorded or will be recorded."""

    def __eq__(self, code: object) -> bool:
        from pytest_pycinspect.bytecode import Bytecode

        if not isinstance(code, Bytecode):
            return NotImplemented
        __tracebackhide__ = True
        try:
            self.failure = self.compare(code)
        except PycInspectError as error:  # where it was found is no concern of the test's
            raise error.with_traceback(None) from None
        return self.failure is None


class BytecodeGolden(Recorded):
    """What the fixture ``bytecode_golden`` is: equal to the bytecode that is recorded.

    Args:
        goldens: of the session.
        place: of the golden.
        tests: of the session.
    """

    def __init__(self, goldens: Goldens, place: GoldenPlace, tests: GoldenTests) -> None:
        super().__init__()
        self._goldens = goldens
        self._place = place
        self._tests = tests

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

    def compare(self, code: Bytecode) -> Failure | None:
        """Return what is wrong with code, None where it is as recorded or will be recorded."""
        return self._goldens.compare(self._place, code, self._tests)

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
        twice: paths and titles of what has two values, of which none is written.
    """

    update: frozenset[UpdateKind] = frozenset()
    edits: dict[tuple[str, str, tuple[str, ...]], Edit] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    obsolete: set[tuple[str, str]] = field(default_factory=set)
    collected: set[str] = field(default_factory=set)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    twice: set[tuple[str, str]] = field(default_factory=set)
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
    def begin(cls, config: pytest.Config, update: frozenset[UpdateKind]) -> Goldens:
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
        found = RecordedCode(code)
        self._check_single(place, found, 'bytecode_golden("name") is another golden')
        file = self.file(place.path)
        section = file.sections.get(place.title)
        variant = None if section is None else section.active(found.host)
        if section is None or variant is None:
            return self._missing(place, found, tests)
        return self._compared(place, file, (section, variant), found)

    def compare_inline(
        self, place: GoldenPlace | None, file: GoldenFile, code: Bytecode
    ) -> Failure | None:
        """Return what is wrong with code, None where it is as a snapshot has it or will have it.

        Args:
            place: of the snapshot; None where nothing is written.
            file: what the snapshot says, as the one section of a file.
            code: the code.

        Raises:
            PatternError: the text is not well formed, with its path and line.
            PycInspectError: ``golden-twice``: there are two values for one snapshot.
        """
        found = RecordedCode(code)
        if place is not None:
            self._check_single(place, found, "it can have one: use bytecode_golden")
        (section,) = file.sections.values()
        variant = section.active(found.host)
        if variant is not None:
            return self._compared(place, file, (section, variant), found)
        if place is not None and UpdateKind.CREATE in self.update:
            self._create(place, found)
            return None
        return _unrecorded("the snapshot says nothing here", found, _RECORD)

    def _compared(
        self,
        place: GoldenPlace | None,
        file: GoldenFile,
        recorded: tuple[Section, Variant],
        found: RecordedCode,
    ) -> Failure | None:
        section, variant = recorded
        if section.view != found.code.view:
            message = f"  it is recorded in the view {section.view}, this is {found.code.view}"
            return mismatch(found.code, message)
        difference = difference_of(file, variant, found)
        if difference is not None:
            return self._different(place, variant, found, difference)
        if place and UpdateKind.RESPELL in self.update and is_respelling(file, variant, found):
            content = accepted(variant.content, found.content)
            self._edit(place, found, UpdateKind.RESPELL, content, conditions=variant.conditions)
        return None

    def _create(self, place: GoldenPlace, found: RecordedCode) -> None:
        shared = found.code.view == "ops"
        conditions = () if shared else found.conditions
        self._edit(place, found, UpdateKind.CREATE, found.content, conditions=conditions)

    def _missing(
        self, place: GoldenPlace, found: RecordedCode, tests: GoldenTests
    ) -> Failure | None:
        before = next(self._same(place, found, tests), None)
        if before is not None:
            self.moved[before.path, before.title] = place.title
        if UpdateKind.CREATE in self.update:
            self._create(place, found)
            return None
        hint = _RECORD
        if before is not None:
            hint = (
                f"no test has {before}, which is the same: rename it [{place.title}],"
                " or run with --pycinspect-update=create,trim"
            )
        return _unrecorded(f"no golden {place}", found, hint)

    def _same(
        self, place: GoldenPlace, found: RecordedCode, tests: GoldenTests
    ) -> Iterator[GoldenPlace]:
        """Yield sections that no test has and that say the same, of the same file first."""
        for path in dict.fromkeys([place.path, *sorted(self.collected)]):
            file = self.file(path)
            for section in file.sections.values():
                variant = section.active(found.host)
                if (
                    variant is not None
                    and section.source is None
                    and section.view == found.code.view
                    and file.spells(variant, accepted(variant.content, found.content))
                    and not tests.have(path, section.title)
                ):
                    yield GoldenPlace(path, section.title, place.order)

    def _different(
        self,
        place: GoldenPlace | None,
        variant: Variant,
        found: RecordedCode,
        difference: Difference,
    ) -> Failure | None:
        if place is not None and UpdateKind.FIX in self.update:
            is_own = variant.conditions == found.conditions or (
                not variant.conditions and variant.python == found.python
            )
            self._edit(
                place,
                found,
                UpdateKind.FIX,
                difference.content,
                conditions=variant.conditions if is_own else found.conditions,
                over=variant.conditions,
            )
            return None
        failure = difference.failure
        hint = "run with --pycinspect-update=fix to accept"
        return failure._replace(summary=(*failure.summary, hint))

    def _edit(
        self,
        place: GoldenPlace,
        found: RecordedCode,
        kind: UpdateKind,
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
            found.python,
            found.code.view,
            over,
        )

    def _check_single(self, place: GoldenPlace, found: RecordedCode, instead: str) -> None:
        """Refuse to write a golden of which a test has two values."""
        key = (place.path, place.title, found.python)
        if self.update and self._values.setdefault(key, found.content) != found.content:
            self.twice.add((place.path, place.title))
            raise PycInspectError("golden-twice", f"{place} has two values; {instead}")


#: What to do where nothing is recorded.
_RECORD = "run with --pycinspect-update=create to record it"


def _unrecorded(what: str, found: RecordedCode, hint: str) -> Failure:
    listed = "\n".join(found.content.lines)
    return Failure((what, hint), f"no golden: {found.code.name}", listed)


_KEY = pytest.StashKey[Goldens]()
