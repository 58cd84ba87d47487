"""Code objects as a listing, as familiar as that of ``dis``.

The same for all versions: labels at the targets of jumps and handlers, ``to L3`` at jumps, the
lines of the source above their instructions where they are known to be the right ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.cache.sourcetext import SourceText
from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import CodeFlag, names_of_flags
from pycinspect.disasm import (
    Handler,
    Instruction,
    Literals,
    exception_table,
    instruction_count,
    instructions,
    line_ranges,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, CodeFile
from pycinspect.report.allowance import Allowance, weight
from pycinspect.report.pen import Piece
from pycinspect.report.words import counted
from pycinspect.values import visible

__all__ = ["ListingOptions", "listing"]

Line = tuple[Piece, ...]

#: As in ``dis``: columns of an operation's name and of its argument.
_NAME_WIDTH = 20
_ARG_WIDTH = 5
_LEAST_NUMBER_WIDTH = 4
#: Levels by which the outline is indented.
_DEEPEST = 20
_LONGEST_NAME = 200
#: Texts of arguments that are written whole at every use.
_SHORT = 1_000
_EXTENDED_ARG = "EXTENDED_ARG"
_NO_LINE = "--"
_OF_LINES = "bad-line-table"
_CUT = "…"
_UNKNOWN = "?"
_TOO_MUCH = "not shown: this file shares its parts more often than any compiler makes it"


@dataclass(frozen=True, slots=True)
class ListingOptions:
    """What is listed.

    Args:
        wanted: qualified names; every code object where there are none.
        raw: offsets, EXTENDED_ARG and inline caches are shown, too.
        width: columns of the terminal, where rows that are longer are cut; None cuts nothing.
    """

    wanted: Collection[str] = ()
    raw: bool = False
    width: int | None = None


def listing(
    title: str, file: CodeFile, source: SourceText | None, options: ListingOptions
) -> Iterator[Line]:
    """Return the lines of a listing, without control characters.

    Args:
        title: what the first line says of the file.
        file: a cache, or what a compiler made.
        source: what it was made from, if that is known.
        options: what is listed.
    """
    dialect = file.dialect
    codes = list(file.code.walk())
    yield ((visible(title), "head"),)
    for note in _notes(file, source):
        yield ((f"  note: {visible(note)}", "hint"),)
    if len(codes) > 1 and not options.wanted:
        yield ()
        yield from _fitted(_outline(codes, dialect), options.width)
    allowance = Allowance(codes)
    shared = _Shared(options, allowance, allowance.literals(dialect), _Source(source))
    for code in codes:
        if options.wanted and code.qualname not in options.wanted:
            continue
        yield ()
        if allowance.spend_on(code):
            yield from _Listing(code, dialect, shared).lines()
        else:
            yield ((f"{_named(code)}: {_TOO_MUCH}", "error"),)


def _notes(file: CodeFile, source: SourceText | None) -> Iterator[str]:
    if source is not None and source.doubt is not None:
        yield f"the lines of {source.path} are not shown: {source.doubt}"
    if file.dialect.note != file.header.dialect.note:
        yield file.dialect.note  # a plugin's, of opcodes that we have no table of
    if file.trailing:
        yield f"{counted(file.trailing, 'byte follows', 'bytes follow')} the code object"


def _fitted(lines: Iterable[Line], width: int | None) -> Iterator[Line]:
    """Yield rows without spaces at their ends, and cut to a number of columns."""
    for line in lines:
        text, style = line[-1] if line else ("", "")
        row = (*line[:-1], (text.rstrip(), style))
        yield row if width is None else tuple(_cut(row, width))


def _cut(line: Line, width: int) -> Iterator[Piece]:
    for text, style in line:
        if len(text) > width:
            yield text[: max(width - 1, 0)] + _CUT, style
            return
        yield text, style
        width -= len(text)


# --- The outline -------------------------------------------------------------------------------

_COLUMNS = ("code object", "kind", "line", "instructions")
#: Bits of ``co_flags`` to what they make of a function.
_FLAVOURS = ((0x20, "generator"), (0x80, "coroutine"), (0x200, "async generator"))
#: Names that only the compiler gives.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "<module>": "module",
        "?": "module",  # before 2.4
        "<lambda>": "lambda",
        "<listcomp>": "comprehension",
        "<setcomp>": "comprehension",
        "<dictcomp>": "comprehension",
        "<genexpr>": "generator expression",
        "<generator expression>": "generator expression",
    }
)
#: Variables of a class's body: it has none but, from 3.0 to 3.3, this argument.
_OF_CLASS = ((), ("__locals__",))


def _outline(codes: Sequence[Code], dialect: Dialect) -> Iterator[Line]:
    """Yield a table of the code objects, indented as they are nested."""
    depths = _depths(codes)
    rows = [_COLUMNS]
    allowance = Allowance(codes)
    for code in codes:
        indent = "  " * min(depths[id(code)], _DEEPEST)
        name = indent + _named(code)
        count = _count(code, dialect) if allowance.spend_on(code) else _UNKNOWN
        rows.append((name, _kind(code, dialect), str(code.firstlineno), count))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for index, (name, kind, line, count) in enumerate(rows):
        cells = f"{name:{widths[0]}}  {kind:{widths[1]}}  {line:>{widths[2]}}  {count:>{widths[3]}}"
        yield ((f"  {cells}", "" if index else "hint"),)


def _named(code: Code) -> str:
    """Return a name that fits a table."""
    name = code.qualname
    return visible(name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + _CUT)


def _depths(codes: Iterable[Code]) -> dict[int, int]:
    """Return the depth of each code object by its identity."""
    depths: dict[int, int] = {}
    known: set[int] = set()
    for code in codes:
        depth = depths.setdefault(id(code), 0)
        if id(code.consts) in known:  # another's, too
            continue
        known.add(id(code.consts))
        for part in code.consts:
            if isinstance(part, Code):
                depths.setdefault(id(part), depth + 1)
    return depths


def _stored(dialect: Dialect) -> frozenset[str]:
    """Return which fields a dialect's code objects have."""
    return frozenset(() if dialect.code is None else (row.name for row in dialect.code.fields))


def _kind(code: Code, dialect: Dialect) -> str:
    if code.name in _KINDS:
        return _KINDS[code.name]
    for bit, flavour in _FLAVOURS:
        if code.flags & bit:
            return flavour
    if "flags" not in _stored(dialect):
        return "code"
    is_class = not code.flags & CodeFlag.OPTIMIZED and code.varnames in _OF_CLASS
    return "class" if is_class else "function"


def _count(code: Code, dialect: Dialect) -> str:
    try:
        return str(instruction_count(code, dialect))
    except PycInspectError:  # the listing says why
        return _UNKNOWN


# --- One code object -------------------------------------------------------------------------------


class _Source:
    """The lines that code may be from, each made ready once: very many instructions can say so."""

    def __init__(self, source: SourceText | None) -> None:
        self._lines = () if source is None else source.lines
        self._ready: dict[int, str] = {}

    def line(self, number: int | None) -> str | None:
        """Return a line with spaces for its tabs, None where there is none."""
        if number is None or not 0 < number <= len(self._lines):
            return None
        if number not in self._ready:
            self._ready[number] = self._lines[number - 1].expandtabs().rstrip()
        return self._ready[number]


class _Shared(NamedTuple):
    """What the listings of all code objects of a file share.

    Args:
        options: how they are listed.
        allowance: what may be written.
        literals: writes constants.
        source: the lines that they may be from.
    """

    options: ListingOptions
    allowance: Allowance
    literals: Literals | None
    source: _Source


class _Listing:
    """The listing of one code object.

    Args:
        code: the code object.
        dialect: who wrote it.
        shared: with the others.
    """

    def __init__(self, code: Code, dialect: Dialect, shared: _Shared) -> None:
        self._code = code
        self._dialect = dialect
        self._shared = shared
        self._raw = shared.options.raw
        #: Slug to text: what cannot be read for one reason is named once.
        self._problems: dict[str, str] = {}
        self._steps = self._instruction_rows()
        self._handlers = self._handler_rows()
        self._labels = self._numbered()
        self._margin = self._margins()

    def lines(self) -> Iterator[Line]:
        """Yield the heading, the instructions and the exception table."""
        yield from _heading(self._code, self._dialect)
        for problem in self._problems.values():
            yield ((f"  {visible(problem)}", "error"),)
        if self._problems:
            yield ()
        yield from _fitted(self._instructions(), self._shared.options.width)
        if self._handlers:
            yield (("ExceptionTable:", "head"),)
        for row in self._handlers:
            span = f"{self._place(row.start)} to {self._place(row.end)}"
            lasti = " lasti" if row.lasti else ""
            yield ((f"  {span} -> {self._place(row.target)} [{row.depth}]{lasti}", ""),)

    # --- What is there ---

    def _instruction_rows(self) -> Sequence[Instruction]:
        steps: Sequence[Instruction] = ()
        with self._problem("instructions"):
            literals = self._shared.literals
            steps = instructions(self._code, self._dialect, caches=self._raw, literals=literals)
        with self._problem("lines"):
            line_ranges(self._code, self._dialect)
        return steps if self._raw else [step for step in steps if step.opname != _EXTENDED_ARG]

    def _handler_rows(self) -> Sequence[Handler]:
        with self._problem("exception table"):
            return exception_table(self._code, self._dialect)
        return ()

    @contextmanager
    def _problem(self, what: str) -> Iterator[None]:
        """Note that something cannot be read, and go on."""
        try:
            yield
        except PycInspectError as error:
            self._problems.setdefault(error.slug, f"{what} not shown: {error.message}")

    def _numbered(self) -> dict[int, str]:
        """Number the places that jumps and handlers name, as ``dis`` does since 3.13."""
        targets = {step.jump_target for step in self._steps}
        for row in self._handlers:
            targets.update(row[:3])
        places = {self._start(step) for step in self._steps} | {len(self._code.code)}
        found = sorted(target for target in targets if target in places)
        return {target: f"L{number}" for number, target in enumerate(found, 1)}

    def _start(self, step: Instruction) -> int:
        """Return where an instruction begins; its EXTENDED_ARG may have rows of their own."""
        return step.offset if self._raw else step.start_offset

    def _margins(self) -> tuple[int, int, int]:
        """Return the widths of line numbers, labels and offsets."""
        numbers = (len(str(step.line)) for step in self._steps if step.line is not None)
        labels = (len(label) for label in self._labels.values())
        offset = len(str(self._steps[-1].offset)) + 2 if self._raw and self._steps else 0
        return max(chain([_LEAST_NUMBER_WIDTH], numbers)), max(chain([0], labels)) + 1, offset

    # --- How it is written ---

    def _instructions(self) -> Iterator[Line]:
        for index, (line, steps) in enumerate(groupby(self._steps, attrgetter("line"))):
            if index:
                yield ()
            source = self._source_line(line)
            if source:
                yield source
            number = "" if source else self._number(line)
            for step in steps:
                yield self._row(step, number)
                number = ""
        end = self._labels.get(len(self._code.code))
        if end is not None:
            yield self._left("", end, "")

    def _number(self, line: int | None) -> str:
        if line is not None:
            return str(line)
        return "" if _OF_LINES in self._problems else _NO_LINE

    def _source_line(self, number: int | None) -> Line:
        line = self._shared.source.line(number)
        if line is None:
            return ()
        return (f"{number:>{self._margin[0]}} | ", "number"), (self._written(line), "source")

    def _row(self, step: Instruction, number: str) -> Line:
        label = self._labels.get(self._start(step), "")
        offset = f"{step.offset:>{self._margin[2]}}  " if self._raw else ""
        arg = "" if step.arg is None else str(step.arg)
        text = self._text(step)
        width = _ARG_WIDTH - max(len(step.opname) - _NAME_WIDTH, 0)
        operand = f" {arg:>{max(width, 0)}}{f' ({text})' if text else ''}".rstrip()
        name = f"{step.opname:<{_NAME_WIDTH}}" if operand else step.opname
        return *self._left(number, label, offset), (visible(name), "operation"), (operand, "")

    def _left(self, number: str, label: str, offset: str) -> Line:
        wide, labels, _ = self._margin
        mark = f"{label}:" if label else ""
        return (f"{number:>{wide}}   ", "number"), (f"{mark:<{labels}} {offset}", "label")

    def _text(self, step: Instruction) -> str:
        """Return what an argument stands for, in the same words for all versions."""
        if step.jump_target is not None:
            word = "from" if step.argrepr.startswith("from ") else "to"
            return f"{word} {self._place(step.jump_target)}"
        if isinstance(step.argval, Code):
            return self._written(_code_text(step.argval))
        return self._written(step.argrepr)

    def _written(self, text: str) -> str:
        """Return a string without control characters; a long one, unless that is too much."""
        if len(text) > _SHORT and not self._shared.allowance.spend(weight(text)):
            text = _start(text)
        return visible(text)

    def _place(self, offset: int) -> str:
        """Return the label of an offset, or where there is no instruction the offset."""
        return self._labels.get(offset, f"offset {offset}")


def _code_text(code: Code) -> str:
    """Return CPython's text without the address, which no file has."""
    name, file = _start(code.name), _start(code.filename)
    return f'<code object {name}, file "{file}", line {code.firstlineno}>'


def _start(text: str) -> str:
    return text if len(text) <= _SHORT else text[:_SHORT] + _CUT


# --- The heading ------------------------------------------------------------------------------------


def _heading(code: Code, dialect: Dialect) -> Iterator[Line]:
    """Yield what is said of a code object before its instructions."""
    stored = _stored(dialect)
    yield (f"{visible(code.qualname)}:", "head"), (f" {_kind(code, dialect)}", "")
    line = f", line {code.firstlineno}" if "firstlineno" in stored else ""
    yield ((f'  file "{visible(code.filename)}"{line}', ""),)
    facts = [*_arguments(code)]
    if "stacksize" in stored:
        facts.append(f"stack size {code.stacksize}")
    if code.flags:
        facts.append(f"flags {' '.join(names_of_flags(code.flags, dialect))}")
    if facts:
        yield ((f"  {', '.join(facts)}", ""),)
    yield ()


def _arguments(code: Code) -> Iterator[str]:
    """Yield how many arguments there are; those of a kind only where there are any."""
    if code.argcount or code.flags & CodeFlag.OPTIMIZED:  # modules and classes have none
        yield counted(code.argcount, "argument", "arguments")
    if code.posonlyargcount:
        yield f"{code.posonlyargcount} of them positional-only"
    if code.kwonlyargcount:
        yield counted(code.kwonlyargcount, "keyword-only argument", "keyword-only arguments")
    stars = ((CodeFlag.VARARGS, "*args"), (CodeFlag.VARKEYWORDS, "**kwargs"))
    yield from (name for bit, name in stars if code.flags & bit)
