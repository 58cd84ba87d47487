"""``*.bytecode`` files that name their sources are tests themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.expect import Failure
from pytest_pycinspect.golden.goldens import Goldens
from pytest_pycinspect.golden.places import GoldenTests, place_of
from pytest_pycinspect.golden.sections import Section
from pytest_pycinspect.golden.update import UpdateKind

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

__all__ = ["BytecodeFile", "BytecodeSection"]


class BytecodeFile(pytest.File):
    """A ``*.bytecode`` file; its sections with a source are tests."""

    def collect(self) -> Iterator[BytecodeSection]:
        """Yield a test for each section that names its source."""
        goldens, path = Goldens.of(self.config), os.fspath(self.path)
        try:
            sections = goldens.file(path).sections
        except PycInspectError as error:
            raise self.CollectError(str(error)) from None
        goldens.collected.add(path)
        for section in sections.values():
            if section.source is not None:
                yield BytecodeSection.from_parent(self, name=section.title, section=section)


class BytecodeSection(pytest.Item):
    """One section: the code that it names is as it says."""

    def __init__(self, *, section: Section, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.section = section

    def runtest(self) -> None:
        """Compile the source, which is not imported, and compare.

        Raises:
            GoldenMismatchError: the code is not as recorded.
            PycInspectError: the source cannot be read, or has no such code.
        """
        goldens = Goldens.of(self.config)
        code = self._code(goldens)
        if code is None:
            return
        failure = goldens.compare(place_of(self), code, GoldenTests.of(self.config))
        if failure is not None:
            raise GoldenMismatchError(failure)

    def _code(self, goldens: Goldens) -> Bytecode | None:
        """Return the code, None where it is gone and the section goes, too."""
        section = self.section
        assert section.source is not None
        module = BytecodeOf.for_item(self)(self.path.parent / section.source, optimize=0)
        if section.qualname == module.name:
            return _viewed(module, section.view)
        try:
            return _viewed(module[section.qualname], section.view)
        except KeyError as error:
            if UpdateKind.TRIM in goldens.update:
                goldens.obsolete.add((os.fspath(self.path), self.name))
                return None
            raise PycInspectError("no-bytecode", str(error.args[0]), path=module.path) from None

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None
    ) -> str | TerminalRepr:
        """Return what is said about a failure: not how it came about."""
        if isinstance(excinfo.value, GoldenMismatchError):
            failure = excinfo.value.failure
            return "\n".join((*failure.summary, "", failure.section)).rstrip()
        if isinstance(excinfo.value, PycInspectError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the section is."""
        return self.path, self.section.line - 1, f"[{self.name}]"


class GoldenMismatchError(AssertionError):
    """Code that is not as recorded.

    Args:
        failure: what is said about it.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__("\n".join(failure.summary))
        self.failure = failure


def _viewed(code: Bytecode, view: str) -> Bytecode:
    return code if view == code.view else getattr(code, view)
