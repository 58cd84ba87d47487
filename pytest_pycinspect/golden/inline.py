"""The goldens that stand in the sources of tests, as the arguments of ``snapshot``.

Their text is that of a section of a ``*.bytecode`` file. Where a call is, its end tells: no two
calls have the same one (PEP 657).
"""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pytest_pycinspect.golden.file import GoldenFile, shown
from pytest_pycinspect.golden.sections import COMMENT, FACT, GUARD

__all__ = [
    "SNAPSHOT",
    "CallEnd",
    "TestSource",
    "golden_of",
    "lines_of",
    "literal_of",
    "read_source",
]

#: The title of the one section of a snapshot.
SNAPSHOT = "snapshot"
_SLUG = "snapshot-not-placed"


class CallEnd(NamedTuple):
    """Where a call ends.

    Args:
        line: of the source, from 1.
        column: after its bracket, in bytes of UTF-8.
    """

    line: int
    column: int

    def __str__(self) -> str:
        return f"{SNAPSHOT} {self.line}:{self.column}"

    @classmethod
    def parse(cls, title: str) -> CallEnd:
        """Return the end that ``str`` wrote."""
        line, _, column = title.removeprefix(SNAPSHOT).partition(":")
        return cls(int(line), int(column))


class _Argument(NamedTuple):
    """The argument of a call: a literal, or the place for one.

    Args:
        line: of the source.
        indent: the white space that the line of the call begins with.
        start: offset in the text.
        end: likewise.
        value: what it says; empty where there is none.
    """

    line: int
    indent: str
    start: int
    end: int
    value: str


_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class TestSource:
    """The source of a test. Changing gives another one.

    Args:
        path: of the file.
        text: all of it, its line ends as they are.
    """

    __test__ = False  # pytest would take it for a class of tests

    path: str
    text: str

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise self._error(f"cannot be parsed: {error}") from None

    @cached_property
    def _starts(self) -> Sequence[int]:
        """The offsets at which lines begin."""
        return [0, *(found.end() for found in _LINE_END.finditer(self.text))]

    def _error(self, message: str) -> PycInspectError:
        return PycInspectError(_SLUG, message, path=shown(self.path))

    def _offset(self, line: int, column: int) -> int:
        """Return the offset of a place that the parser names: columns count bytes."""
        start = self._starts[line - 1]
        rest = self.text[start : self._starts[line] if line < len(self._starts) else None]
        return start + len(rest.encode()[:column].decode())

    def argument(self, end: CallEnd) -> _Argument:
        """Return the argument of the call that ends somewhere.

        Raises:
            PycInspectError: ``snapshot-not-placed``: no call ends there, or its argument is
                not a literal.
        """
        call = next((one for one in self._calls() if _end_of(one) == end), None)
        if call is None:
            raise self._error(f"no call ends in line {end.line}: was the file changed?")
        if call.keywords or len(call.args) > 1:
            raise self._error(f"the snapshot in line {call.lineno} has other arguments than a text")
        opening = self.text.index("(", self._offset(*_end_of(call.func)))
        start, stop, value = opening + 1, self._offset(*end) - 1, ""
        for given in call.args:
            if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
                raise self._error(f"the snapshot in line {call.lineno} is not a string literal")
            start, stop = (
                self._offset(given.lineno, given.col_offset),
                self._offset(*_end_of(given)),
            )
            value = given.value
        if not call.args and self.text[start:stop].strip():  # a comment stays
            stop = start
        begin = self._starts[call.lineno - 1]
        indent = re.match(r"[ \t\f]*", self.text[begin:])
        assert indent is not None
        return _Argument(call.lineno, indent[0], start, stop, value)

    def _calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self._tree) if isinstance(node, ast.Call))

    def call_in(self, line: int) -> CallEnd:
        """Return the end of the one call of ``snapshot`` in a line, where there are no columns.

        Raises:
            PycInspectError: ``snapshot-not-placed``: there is none, or there are several.
        """
        found = [
            one
            for one in self._calls()
            if one.lineno <= line <= _end_of(one).line and ast.unparse(one.func).endswith(SNAPSHOT)
        ]
        if len(found) != 1:
            raise self._error(f"it is not known which call of line {line} is the snapshot")
        return _end_of(found[0])

    def with_goldens(self, files: Mapping[CallEnd, GoldenFile]) -> TestSource:
        """Return the source with the arguments of some calls.

        Args:
            files: by the ends of the calls, what they say from now on.
        """
        text = self.text
        newline = "\r\n" if "\r\n" in text else "\n"
        places = sorted((self.argument(end), file) for end, file in files.items())
        for place, file in sorted(places, key=lambda one: -one[0].start):
            literal = literal_of(lines_of(file), place.indent).replace("\n", newline)
            text = text[: place.start] + literal + text[place.end :]
        return TestSource(self.path, text)


def _end_of(node: ast.expr) -> CallEnd:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return CallEnd(node.end_lineno, node.end_col_offset)


def read_source(path: str) -> TestSource:
    """Return the source of a test.

    Raises:
        PycInspectError: ``snapshot-not-placed``: it cannot be read, or is not UTF-8.
    """
    try:
        data = Path(path).read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode("utf-8")
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise PycInspectError(_SLUG, f"cannot be read: {error}", path=shown(path)) from None
    if encoding not in ("utf-8", "utf-8-sig"):
        message = f"it is encoded in {encoding}, and only UTF-8 is written"
        raise PycInspectError(_SLUG, message, path=shown(path))
    return TestSource(path, text)


# --- The text of a snapshot ---------------------------------------------------------------------


def golden_of(path: str, line: int, text: str, view: str) -> GoldenFile:
    """Return the text of a snapshot as a file of one section, its lines where the source has them.

    Args:
        path: of the source, for messages.
        line: of the literal.
        text: what the literal says.
        view: of what is recorded, where there is no text.
    """
    first, *lines = textwrap.dedent(text).splitlines() or [""]
    said = [*([first] if first.strip() else []), *lines]
    if not text.strip():
        said = [] if view == "ops" else [f"# view: {view}"]
    above = max(0, line - 1 - bool(first.strip()))
    return GoldenFile(path, (*[""] * above, f"[{SNAPSHOT}]", *_indented(said)))


def _indented(lines: Sequence[str]) -> list[str]:
    """Return lines with instructions indented, as sections have them."""
    plain = [_is_instruction(line) for line in lines]
    if not any(
        is_one and not line[:1].isspace() for line, is_one in zip(lines, plain, strict=True)
    ):
        return [*lines]
    return [f"    {line}" if is_one else line for line, is_one in zip(lines, plain, strict=True)]


def _is_instruction(line: str) -> bool:
    other = any(form.fullmatch(line) for form in (FACT, GUARD, COMMENT))
    return bool(line.strip()) and not other


def lines_of(file: GoldenFile) -> list[str]:
    """Return what a snapshot says, without the title that it has as a file."""
    at = file.lines.index(f"[{SNAPSHOT}]")
    lines = [line.rstrip() for line in file.lines[at + 1 :]]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def literal_of(lines: Sequence[str], indent: str) -> str:
    """Return lines as a string literal.

    Args:
        lines: what it says.
        indent: white space before the statement that it stands in.
    """
    inner = "".join(f"{indent}    {line}\n" if line else "\n" for line in lines)
    for quotes in ('"""', "'''"):
        if quotes not in inner:
            raw = "r" if "\\" in inner else ""
            return f"{raw}{quotes}\n{inner}{indent}{quotes}"
    escaped = inner.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    return f'"""\n{escaped}{indent}"""'
