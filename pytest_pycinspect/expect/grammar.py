"""Expectations as text.

One line is one statement; a semicolon also ends one. Lines that belong to a header are
indented under it, as in Python, or stand after it in its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from pytest_pycinspect.expect import model
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.model import ANY, BlockKind, Item, Pattern, Single, View
from pytest_pycinspect.expect.scanner import Scanner
from pytest_pycinspect.expect.written import operand

__all__ = ["parse"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

#: Blocks inside blocks.
_DEPTH = 20
#: Characters of an expectation; the longest golden files have less.
_LIMIT = 4_000_000

_COLON = re.compile(":")
_SEMICOLON = re.compile(";")
_EXPECTED_LINE = "an opcode, '...', '_', a label or a block"


@lru_cache(maxsize=512)
def parse(text: str) -> Pattern:
    """Return the expectation that a string says.

    Args:
        text: lines of the expectation language.

    Raises:
        PatternError: with line, column and what may stand there.
    """
    if len(text) > _LIMIT:
        raise PatternError(f"an expectation of more than {_LIMIT} characters")
    return Pattern(_Parser(text).whole())


class _Line(NamedTuple):
    indent: int
    scanner: Scanner


def _read(text: str) -> list[_Line]:
    """Return the lines that say something."""
    lines = []
    for number, raw in enumerate(re.split("\r\n|\r|\n", text), 1):
        scanner = Scanner(raw.expandtabs(8), number)
        scanner.skip()
        if not scanner.at_end():
            lines.append(_Line(scanner.place, scanner))
    return lines


class _Parser:
    """Reads lines into items, a level of indentation at a time."""

    def __init__(self, text: str) -> None:
        self._lines = _read(text)
        self._next = 0
        self._depth = 0

    def whole(self) -> tuple[Item, ...]:
        items = self._level(self._lines[0].indent) if self._lines else []
        if self._next < len(self._lines):
            scanner = self._lines[self._next].scanner
            raise scanner.error("this line is indented less than the first one", scanner.place)
        return tuple(items)

    def _level(self, indent: int, *, section: bool = False) -> list[Item]:
        """Read lines of one indentation; a section ends where the next begins."""
        items: list[Item] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            if line.indent < indent or (section and line.scanner.sees(_PATH)):
                break
            if line.indent > indent:
                message = "this line is indented, and nothing above it has lines of its own"
                raise line.scanner.error(message, line.scanner.place)
            self._next += 1
            items.extend(self._statements(line))
        return items

    def _statements(self, line: _Line) -> list[Item]:
        """Read what is left of a line, and the block that it may have."""
        scanner, items = line.scanner, []
        while not scanner.at_end():
            if not scanner.at_stop():
                items.extend(self.statement(line))
            if not scanner.take(_SEMICOLON) and not scanner.at_end():
                scanner.fail("';' or the end of the line")
        return items

    def statement(self, line: _Line) -> list[Item]:
        """Read one statement; a label may stand before another."""
        scanner, start = line.scanner, line.scanner.place
        try:
            for form, read in _FORMS:
                if found := scanner.take(form):
                    return read(self, line, found)
            return [single(scanner)]
        except PatternError as error:
            if error.line is not None:
                raise
            raise scanner.error(error.message, start, error.expected) from None

    def suite(self, line: _Line) -> list[list[Item]]:
        """Read the lines of a header: one list of items a line, or a statement of its line."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise line.scanner.error("too many blocks inside each other", line.scanner.place)
        found = self._indented(line) if line.scanner.at_end() else self._inline(line)
        self._depth -= 1
        return found

    def _inline(self, line: _Line) -> list[list[Item]]:
        found = []
        while not line.scanner.at_end():
            if not line.scanner.at_stop():
                found.append(self.statement(line))
            if not line.scanner.take(_SEMICOLON) and not line.scanner.at_end():
                line.scanner.fail("';' or the end of the line")
        return found

    def _indented(self, line: _Line) -> list[list[Item]]:
        following = self._lines[self._next : self._next + 1]
        if not following or following[0].indent <= line.indent:
            line.scanner.fail("indented lines below")
        indent, found = following[0].indent, []
        while self._next < len(self._lines) and self._lines[self._next].indent >= indent:
            found.append(self._one_line(indent))
        return found

    def _one_line(self, indent: int) -> list[Item]:
        line = self._lines[self._next]
        if line.indent > indent:
            message = "this line is indented, and nothing above it has lines of its own"
            raise line.scanner.error(message, line.scanner.place)
        self._next += 1
        return self._statements(line)

    def section(self, line: _Line) -> list[Item]:
        """Read the lines of ``[name]``: indented, in its line, or all up to the next."""
        following = self._lines[self._next : self._next + 1]
        if not line.scanner.at_end() or (following and following[0].indent > line.indent):
            return _flat(self.suite(line))
        return self._level(line.indent, section=True)

    def otherwise(self, line: _Line) -> list[Item]:
        """Read the lines of ``@else:``, if that follows."""
        following = self._lines[self._next : self._next + 1]
        if not following or following[0].indent != line.indent:
            return []
        if not following[0].scanner.take(_ELSE):
            return []
        self._next += 1
        return _flat(self.suite(following[0]))


def _flat(lines: list[list[Item]]) -> list[Item]:
    return [item for line in lines for item in line]


# --- Statements ----------------------------------------------------------------------------

_Found = re.Match[str]


def _gap(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    return [...]


def _any(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    return [ANY]


def _anchor(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    return [model.Anchor(found[0])]


def _not(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    return [model.Not(instruction(line.scanner))]


def _never(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    return [model.Never(instruction(line.scanner))]


def _total(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    low, high = _count(line.scanner.need(_COUNT, "a number such as 2x, 1..3x or +"))
    return [model.Total(instruction(line.scanner), low, high)]


def _repeat(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    low, high = _count(found)
    return [model.Repeat(single(line.scanner), low, high)]


def _count(found: _Found) -> tuple[int, int | None]:
    if found[0].startswith("+"):
        return 1, None
    low = int(found["low"])
    if found["dots"] is None:
        return low, low
    return low, int(found["high"]) if found["high"] else None


def _group(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    members: list[tuple[Single, ...]] = []
    gaps = False
    for items in parser.suite(line):
        if items == [...]:
            gaps = True
        elif all(isinstance(item, Single) for item in items):
            members.append(tuple(item for item in items if isinstance(item, Single)))
        else:
            raise PatternError("only instructions, and '...', stand in an unordered group")
    return [model.AnyOrder(tuple(members), gaps)]


def _label(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    items: list[Item] = [model.Label(found["label"])]
    while not line.scanner.at_stop():
        more = line.scanner.take(_LABEL)
        if more is None:
            return items + parser.statement(line)
        items.append(model.Label(more["label"]))
    return items


def _named_block(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    kind = BlockKind(found["kind"])
    return [model.Block(kind, found["name"] or "", tuple(_flat(parser.suite(line))))]


def _path_block(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    line.scanner.take(_COLON)
    return [model.Block(BlockKind.PATH, found["path"], tuple(parser.section(line)))]


def _guard(parser: _Parser, line: _Line, found: _Found) -> list[Item]:
    conditions = [found["condition"]]
    while more := line.scanner.take(_CONDITION):
        conditions.append(more["condition"])
    if not line.scanner.take(_COLON):
        if line.scanner.at_stop():
            line.scanner.fail("':' and lines below, or a line after the guard")
        return [model.Guard(tuple(conditions), tuple(parser.statement(line)))]
    items = _flat(parser.suite(line))
    return [model.Guard(tuple(conditions), tuple(items), tuple(parser.otherwise(line)))]


_CONDITION = re.compile(r"@(?!else\b)(?P<condition>[^\s:@;#]+)")
_ELSE = re.compile(r"@else\s*:")
_COUNT = re.compile(r"(?P<low>\d{1,6})(?P<dots>\.\.(?P<high>\d{1,6})?)?x(?=\s)|\+(?=\s)")
_PATH = re.compile(r"\[(?P<path>[^\s\[\];#]+)\]")

_LABEL = re.compile(rf"(?!(?:{'|'.join(sorted(model.KEYWORDS))}|_)\b)(?P<label>[^\W\d]\w*)\s*:")

_FORMS: tuple[tuple[re.Pattern[str], Callable[[_Parser, _Line, _Found], list[Item]]], ...] = (
    (re.compile(r"\.\.\."), _gap),
    (re.compile(r"_(?!\w)"), _any),
    (re.compile(r"[\^$](?=\s|;|$)"), _anchor),
    (re.compile(r"not(?!\w|\s*:)"), _not),
    (re.compile(r"never(?!\w|\s*:)"), _never),
    (re.compile(r"total(?!\w|\s*:)"), _total),
    (_COUNT, _repeat),
    (re.compile(r"any\s*:"), _group),
    (re.compile(r"(?P<kind>def|class)\s+(?P<name>[^\W\d]\w*)\s*:"), _named_block),
    (re.compile(r"(?P<kind>lambda|raw|spec)(?P<name>)\s*:"), _named_block),
    (_PATH, _path_block),
    (_CONDITION, _guard),
    (_LABEL, _label),
)

_VIEW = re.compile(r"(raw|spec)(?=\s)")
_ANY_LINE = re.compile(r"_(?!\w)")
_WRONG_CASE = re.compile(r"[a-z][a-z0-9_]*(?=\s|;|#|$)")


def single(scanner: Scanner) -> Single:
    """Read one instruction, or ``_``."""
    return ANY if scanner.take(_ANY_LINE) else instruction(scanner)


def instruction(scanner: Scanner) -> model.Op:
    """Read an opcode and its operand."""
    start = scanner.place
    view = scanner.take(_VIEW)
    found = scanner.take(model.OPNAME)
    if not found:
        wrong = scanner.sees(_WRONG_CASE)
        named = wrong and "_" in wrong[0]
        scanner.fail(f"{wrong[0].upper()}" if wrong and named else _EXPECTED_LINE)
    try:
        whose = View(view[0].strip()) if view else View.OWN
        wanted = ANY if scanner.sees(_PLACE) else operand(scanner)
        return model.Op(found[0], wanted, whose, _place(scanner))
    except PatternError as error:
        if error.line is not None:
            raise
        raise scanner.error(error.message, start, error.expected) from None


_PLACE = re.compile(
    r"@(?P<line>\d{1,9})"
    r"(?::(?P<column>\d{1,9})(?:-(?:(?P<end_line>\d{1,9}):)?(?P<end_column>\d{1,9}))?)?(?=\s|;|#|$)"
)


def _place(scanner: Scanner) -> model.At | None:
    """Read where in the source an instruction must be, if that is said."""
    found = scanner.take(_PLACE)
    if found is None:
        return None
    parts = {name: None if text is None else int(text) for name, text in found.groupdict().items()}
    return model.At(**parts)  # type: ignore[arg-type] # there is a line
