"""Goldens: what bytecode was when somebody last looked at it, in ``*.bytecode`` files."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import pytest

from pycinspect.errors import PycInspectError
from pycinspect.values import Implementation
from pytest_pycinspect.expect import (
    Capture,
    Compare,
    Failure,
    Label,
    OneOf,
    Op,
    Pattern,
    PatternError,
    Regex,
    as_pattern,
    explain,
    listing,
    match,
)
from pytest_pycinspect.expect.constants import spelled
from pytest_pycinspect.expect.guards import Host
from pytest_pycinspect.expect.literals import literal, starts_literal
from pytest_pycinspect.expect.model import Anything
from pytest_pycinspect.expect.scanner import Scanner
from pytest_pycinspect.golden.file import (
    Content,
    GoldenFile,
    Variant,
    located,
    read_golden,
    shown,
)
from pytest_pycinspect.golden.update import Edit, Kind
from pytest_pycinspect.session import COLLECTED
from pytest_pycinspect.view.instr import Kind as InstrKind
from pytest_pycinspect.view.names import UnknownOpcodeError, VacuousCheckError

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["SUFFIX", "BytecodeGolden", "Goldens", "Tests", "is_of", "place_of"]

SUFFIX = ".bytecode"


@dataclass(frozen=True, slots=True)
class Place:
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


class BytecodeGolden:
    """What the fixture ``bytecode_golden`` is: equal to the bytecode that is recorded.

    Args:
        goldens: of the session.
        place: of the golden.
    """

    #: ``Bytecode.__eq__`` leaves the comparison to this class.
    compares_bytecode: ClassVar[bool] = True
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, goldens: Goldens, place: Place, tests: Tests) -> None:
        self._goldens = goldens
        self._place = place
        self._tests = tests
        self.failure: Failure | None = None

    @classmethod
    def for_item(cls, item: pytest.Item) -> BytecodeGolden:
        """Return the fixture's value for a test."""
        return cls(Goldens.of(item.config), place_of(item), Tests.of(item.config))

    def __call__(self, name: str) -> BytecodeGolden:
        """Return one more golden of the same test.

        Args:
            name: what tells it from others of the test.
        """
        place = self._place
        another = Place(place.path, f"{place.title}/{name}", place.order)
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


def place_of(item: pytest.Item) -> Place:
    """Return where the golden of a test is: beside its file, by its name after its class's."""
    title = item.nodeid.partition("::")[2].replace("::", ".")
    order = item.location[1] or 0
    if item.path.suffix == SUFFIX:  # a section is a test itself
        return Place(os.fspath(item.path), title, order)
    folder = item.config.getini("pycinspect_golden_dir")
    path = item.path.parent / folder / f"{item.path.stem}{SUFFIX}"
    return Place(os.fspath(path), title, order)


@dataclass(frozen=True)
class Tests:
    """The tests that were collected, by the goldens that they may have.

    Args:
        items: the tests.
    """

    items: tuple[pytest.Item, ...]

    @classmethod
    def of(cls, config: pytest.Config) -> Tests:
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


_TESTS = pytest.StashKey[Tests]()


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

    def compare(self, place: Place, code: Bytecode, tests: Tests) -> Failure | None:
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
        actual = _Actual(code)
        self._check_single(place, actual)
        file = self.file(place.path)
        section = file.sections.get(place.title)
        variant = None if section is None else section.active(actual.host)
        if variant is None:
            return self._missing(place, actual, tests)
        assert section is not None
        if section.view != code.view:
            message = f"  it is recorded in the view {section.view}, this is {code.view}"
            return _failure(code, message)
        difference = _difference(file, variant, actual)
        if difference is not None:
            return self._different(place, variant, actual, difference)
        if Kind.RESPELL in self.update and _is_respelling(file, variant, actual):
            content = _accepted(variant.content, actual.content)
            self._edit(place, actual, Kind.RESPELL, content, conditions=variant.conditions)
        return None

    def _missing(self, place: Place, actual: _Actual, tests: Tests) -> Failure | None:
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

    def _same(self, place: Place, actual: _Actual, tests: Tests) -> Iterator[Place]:
        """Yield sections that no test has and that say the same, of the same file first."""
        for path in dict.fromkeys([place.path, *sorted(self.collected)]):
            file = self.file(path)
            for section in file.sections.values():
                variant = section.active(actual.host)
                if (
                    variant is not None
                    and section.source is None
                    and section.view == actual.code.view
                    and file.spells(variant, _accepted(variant.content, actual.content))
                    and not tests.have(path, section.title)
                ):
                    yield Place(path, section.title, place.order)

    def _different(
        self, place: Place, variant: Variant, actual: _Actual, difference: _Difference
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
        place: Place,
        actual: _Actual,
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

    def _check_single(self, place: Place, actual: _Actual) -> None:
        """Refuse to write a golden of which a test has two values."""
        key = (place.path, place.title, actual.python)
        if self.update and self._values.setdefault(key, actual.content) != actual.content:
            message = f'{place} has two values; bytecode_golden("name") is another golden'
            raise PycInspectError("golden-twice", message)


_KEY = pytest.StashKey[Goldens]()


class _Actual:
    """Code, as a golden would have it.

    Args:
        code: the code.
    """

    def __init__(self, code: Bytecode) -> None:
        self.code = code
        dialect = code.dialect
        is_other = dialect.implementation is not Implementation.CPYTHON
        named = [str(dialect.implementation)] if is_other else []
        optimized = [f"opt{code.optimize}"] if code.optimize else []
        #: The guard of lines that hold for this Python alone.
        self.conditions = (dialect.version, *named, *optimized)
        self.python = " ".join(self.conditions)

    @cached_property
    def content(self) -> Content:
        """What a file says about it; facts are those of the version-free view."""
        instructions = tuple(listing(self.code))
        if self.code.view != "ops":
            return Content(instructions)
        consts = (text for constant in self.code.consts if (text := spelled(constant)))
        return Content(instructions, _joined(consts), _joined(self.code.handlers))

    @property
    def host(self) -> Host:
        """Who compiled it, as guards ask."""
        dialect = self.code.dialect
        return Host(str(dialect.implementation), dialect.python, self.code.optimize)


def _joined(parts: Iterable[str]) -> str | None:
    return ", ".join(parts) or None


class _Difference(NamedTuple):
    """What is not as recorded.

    Args:
        failure: what is said about it.
        content: what would be.
    """

    failure: Failure
    content: Content


def _difference(file: GoldenFile, variant: Variant, actual: _Actual) -> _Difference | None:
    """Return what is not as recorded, None where all is."""
    code, content, recorded = actual.code, actual.content, variant.content
    try:
        found = match(_expectation(file, variant), code, anchored=True)
    except (VacuousCheckError, UnknownOpcodeError) as error:  # was written by another Python
        return _Difference(_failure(code, f"  {error}"), content)
    if not found:
        return _Difference(explain(found, "== golden"), content)
    if (lines := _other("consts", recorded.consts, content.consts)) or (
        lines := _other("handlers", recorded.handlers, content.handlers)
    ):
        # The instructions are as they are recorded, perhaps in words of somebody's own.
        accepted = _accepted(recorded, content)
        return _Difference(
            _failure(code, *lines), replace(accepted, instructions=recorded.instructions)
        )
    return None


def _accepted(recorded: Content, content: Content) -> Content:
    """Return content without the facts that were not recorded, which may be on purpose."""
    return Content(
        content.instructions,
        None if recorded.consts is None else content.consts or "",
        None if recorded.handlers is None else content.handlers or "",
    )


def _other(name: str, recorded: str | None, found: str | None) -> tuple[str, ...]:
    """Return lines about a fact that is not as recorded; what is not recorded may be anything."""
    if recorded is None or _parts(recorded) == _parts(found or ""):
        return ()
    return f"  {name} expected  {recorded}", f"  {name} found     {found or 'none'}"


def _expectation(file: GoldenFile, variant: Variant) -> Pattern:
    try:
        return as_pattern(file.expectation(variant))
    except PatternError as error:
        raise located(error, file.path) from None


def _parts(text: str) -> set[str]:
    """Return what commas separate: constants as they are spelled, and names."""
    scanner, parts = Scanner(text, 1), set()
    while not scanner.at_end():
        if starts_literal(scanner):
            parts.add(str(spelled(literal(scanner))))
        else:
            parts.add(scanner.need(_PART, "a constant or a name")[0].strip())
        if not scanner.take(_COMMA):
            break
    return parts


_PART, _COMMA = re.compile(r"[^,]+"), re.compile(r",")


def _failure(code: Bytecode, *lines: str) -> Failure:
    """Return a failure that is not about one instruction."""
    summary = (f"{code.name} == golden", *lines, f"  {code.path}:{code.line}, Python {code.python}")
    listed = "\n".join(["To paste:", *(f"    {line}" for line in listing(code))])
    return Failure(summary, f"bytecode mismatch: {code.name}", listed)


#: What says less than the operand that is there.
_VAGUE = (Anything, Capture, Compare, OneOf, Regex)


def _is_respelling(file: GoldenFile, variant: Variant, actual: _Actual) -> bool:
    """Return whether matching lines say all that a listing says, in other words.

    Lines with gaps, groups, guards and operands left out are what somebody wrote by hand.
    """
    if file.spells(variant, _accepted(variant.content, actual.content)):
        return False
    pattern = _expectation(file, variant)
    items = [item for item in pattern.items if not isinstance(item, Label)]
    if len(items) != len(actual.code):
        return False
    return all(
        isinstance(item, Op)
        and (instr.kind is InstrKind.NONE or not isinstance(item.operand, _VAGUE))
        for item, instr in zip(items, actual.code, strict=True)
    )
