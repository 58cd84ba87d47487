"""Values print as one line that does nothing to a terminal, whatever a file calls its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from enum import Enum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pycinspect
from pycinspect.auditing import Finding
from pycinspect.canonical.form import Form, Level, canonicalize
from pycinspect.canonical.frames import Frame
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.rules import RULES
from pycinspect.canonical.values import Values
from pycinspect.canonical.work import Work
from pycinspect.dialects import find_dialect
from pycinspect.disasm import Defect, Instruction, instructions, verify
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, CodeFile, parse_header, read_code
from pycinspect.pyc.constants import FrozenDict, Slice
from pycinspect.report.canonical import canonical_lines
from pycinspect.report.listing import ListingOptions, listing
from pycinspect.values import brief, quoted, visible
from tests.growth.writer import Writer

#: Escape sequences, ends of lines, bidirectional controls, bare surrogates, length.
HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "a\nb\rc\u2028d\x85e",
    "\u202egnp.exe\u2066\u200f",
    "\udcff\ud800\udfff",
    "\0\x07\x08\x7f\x9b31m",
    "\"'`\\",
    "x" * 10_000_000,
    "\U0001f600\x1b" * 100_000,
)
_LONGEST = 20_000
ROW = "cpython-3.12"


def hostile_file(name: str, row: str = ROW) -> CodeFile:
    """Return a cache in which everything that has a name has this one."""
    writer = Writer(row)
    text = writer.text(name)
    names = writer.tuple((text,))
    inner = writer.code(
        stacksize=1,  # too few: a defect
        **dict.fromkeys(("name", "qualname", "filename"), text),
        names=names,
        consts=writer.tuple(
            (text, writer.tuple((text, text)), writer.data(name.encode("utf-8", "replace")))
        ),
        localsplusnames=names,
        localspluskinds=writer.data(b"\x20"),
        code=writer.data(
            writer.instructions(
                ("LOAD_NAME", 0),
                ("LOAD_GLOBAL", 1),
                ("LOAD_FAST", 0),
                ("LOAD_CONST", 0),
                ("LOAD_CONST", 1),
                ("LOAD_CONST", 2),
                ("RETURN_VALUE", 0),
            )
        ),
    )
    code = writer.instructions(("LOAD_CONST", 0), ("RETURN_VALUE", 0))
    root = writer.code(consts=writer.tuple((inner,)), code=writer.data(code), name=text)
    data = writer.file(root)
    return read_code(data, parse_header(data))


def values(file: CodeFile) -> Iterator[object]:
    """Yield values of all kinds that say something of a file."""
    yield file
    for code in file.code.walk():
        yield from (code, *instructions(code, file.dialect), *verify(code, file.dialect))
        for level in (Level.SEMANTIC, Level.EXACT):
            yield canonicalize(code, file.dialect, level)
        yield Machine(file.dialect, RULES, Work.for_codes([code])).frame(code)
    yield PycInspectError("slug", file.code.name, path=file.code.name)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_reprs_are_short_printable_lines(name: str) -> None:
    kinds = set()
    for value in values(hostile_file(name)):
        text = str(value) if isinstance(value, PycInspectError) else repr(value)
        kinds.add(type(value))
        assert text.isprintable(), text[:200]
        text.encode("utf-8")
        if not isinstance(value, PycInspectError):
            assert len(text) < _LONGEST, type(value)
    assert {Code, CodeFile, Instruction, Defect, Form, Frame} < kinds


# --- All public values -------------------------------------------------------------------------

#: Classes whose values say nothing of a file.
_OWN_WORDS = {
    pycinspect.Dialect: "a row of ours, or of a plugin",
    pycinspect.Rule: "a rule's own class",
    pycinspect.DialectTable: "a number of rows",
    pycinspect.Registry: "numbers of rows and rules",
}


def public_values() -> list[type]:
    """Return the classes of values that the library returns, words and exceptions aside."""
    exported = [getattr(pycinspect, name) for name in pycinspect.__all__]
    classes = [one for one in exported if isinstance(one, type) and one not in _OWN_WORDS]
    return [one for one in classes if not issubclass(one, Enum | Exception)]


def holding(kind: type, part: object) -> object:
    """Return a dataclass or named tuple with the same part in each field, whatever may be there."""
    if issubclass(kind, tuple):
        return tuple.__new__(kind, [part] * len(kind._fields))  # type: ignore[attr-defined]
    value = object.__new__(kind)
    for field in fields(kind):  # type: ignore[arg-type]
        object.__setattr__(value, field.name, part)
    return value


def _bomb() -> tuple[object, ...]:
    value: tuple[object, ...] = ()
    for _ in range(60):
        value = (value, value)
    return value


_PARTS = {
    **{f"text {number}": text for number, text in enumerate(HOSTILE)},
    "a number of many digits": 10**100_000,
    "a tuple that doubles itself": _bomb(),
    "much": ["x" * 1_000] * 10_000,
    "a mapping": {text[:100]: text for text in HOSTILE},
    "inside": holding(Finding, holding(Slice, HOSTILE[-1])),
}


def _code(name: str) -> Code:
    return replace(hostile_file("f").code, qualname=name, filename=name)


#: Values whose text says what a file, or a caller, calls them, made with such a name.
_NAMED: dict[type, Callable[[str], object]] = {
    Code: _code,
    CodeFile: lambda name: hostile_file("f")._replace(code=_code(name)),
    Form: lambda name: canonicalize(_code(name), find_dialect(ROW)),
    pycinspect.Audit: lambda name: pycinspect.audit([name, name]),
    pycinspect.Diff: lambda name: pycinspect.Diff(name, name, Level.EXACT, ()),
    pycinspect.ModuleDiff: lambda name: pycinspect.ModuleDiff(name, None, ()),
    pycinspect.UnitDiff: lambda name: pycinspect.UnitDiff(
        pycinspect.Side(_code(name), find_dialect(ROW)), None, pycinspect.Status.REMOVED
    ),
}


@pytest.mark.parametrize("part", _PARTS.values(), ids=_PARTS)
@pytest.mark.parametrize("kind", [*public_values(), Slice], ids=lambda kind: kind.__name__)
def test_public_values_are_short_printable_lines_whatever_is_in_them(
    kind: type, part: object
) -> None:
    if kind not in _NAMED:
        value = holding(kind, part)
    elif isinstance(part, str):
        value = _NAMED[kind](part)
    else:
        return
    text = repr(value)
    assert text.isprintable(), text[:200]
    assert len(text) < _LONGEST * 3  # of each of up to two dozen fields there is a part


def _code(name: str) -> Code:
    return replace(hostile_file("f").code, qualname=name, filename=name)


#: Values whose text says what a file, or a caller, calls them, made with such a name.
_NAMED: dict[type, Callable[[str], object]] = {
    Code: _code,
    CodeFile: lambda name: hostile_file("f")._replace(code=_code(name)),
    Form: lambda name: canonicalize(_code(name), find_dialect(ROW)),
    pycinspect.Audit: lambda name: pycinspect.audit([name, name]),
    pycinspect.Diff: lambda name: pycinspect.Diff(name, name, Level.EXACT, ()),
    pycinspect.ModuleDiff: lambda name: pycinspect.ModuleDiff(name, None, ()),
    pycinspect.UnitDiff: lambda name: pycinspect.UnitDiff(
        pycinspect.Side(_code(name), find_dialect(ROW)), None, pycinspect.Status.REMOVED
    ),
}


@pytest.mark.parametrize("part", _PARTS.values(), ids=_PARTS)
def test_frozendicts_are_short_printable_lines(part: object) -> None:
    text = repr(FrozenDict(dict.fromkeys(range(1000), part)))
    assert text.isprintable()
    assert len(text) < 100_000


def test_short_values_are_written_as_dataclasses_are() -> None:
    assert repr(Slice(1, None, "a")) == "Slice(start=1, stop=None, step='a')"
    assert repr(pycinspect.Handler(0, 2, 4, 0, lasti=False)) == (
        "Handler(start=0, end=2, target=4, depth=0, lasti=False)"
    )
    assert repr(FrozenDict({2: "b", 1: "a"})) == "FrozenDict({2: 'b', 1: 'a'})"


def test_what_is_on_the_symbolic_stack_is_a_short_printable_line() -> None:
    text = repr(Values().make("call", *HOSTILE))
    assert text.isprintable()
    assert len(text) < 1_000


def _shown(file: CodeFile) -> Iterator[str]:
    title = f"{file.code.name[:100]}: {file.dialect.name}"
    for raw in (False, True):
        for line in listing(title, file, None, ListingOptions(raw=raw)):
            yield "".join(text for text, _ in line)
    for line in canonical_lines(title, file, ()):
        yield "".join(text for text, _ in line)


@pytest.mark.parametrize("name", [text[:1000] for text in HOSTILE], ids=range(len(HOSTILE)))
def test_listings_have_no_control_characters(name: str) -> None:
    for line in _shown(hostile_file(name)):
        assert line.isprintable(), line[:200]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(), min_size=1, max_size=20))
def test_no_name_reaches_a_terminal_as_it_is(name: str) -> None:
    file = hostile_file(name)
    for value in values(file):
        assert (str(value) if isinstance(value, PycInspectError) else repr(value)).isprintable()
    for line in _shown(file):
        assert line.isprintable()


def test_a_short_name_is_shown_as_it_is() -> None:
    root, inner = hostile_file("Cart.total").code.walk()
    assert repr(root) == "<Code f at 'f', line 1>"
    assert repr(inner) == "<Code Cart.total at 'Cart.total', line 1>"
    assert brief("x" * 200) == visible("x" * 200) == "x" * 200
    assert brief("x" * 201) == "x" * 200 + "…"
    assert quoted("x" * 201) == f"'{'x' * 200}…'"
