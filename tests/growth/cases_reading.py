"""Readers of files: header, objects, code, tables, reports; and files that no compiler writes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from pycinspect.disasm import (
    exception_table,
    line_ranges,
    line_starts,
    positions,
    verify,
)
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code, CodeFile, anomalies, parse_header, read_code
from pycinspect.pyc.code import constants_equal
from pycinspect.report.code import code_objects
from pycinspect.report.listing import ListingOptions, listing
from tests.growth.kit import Family, Group, Reader
from tests.growth.writer import Writer

__all__ = ["FAMILIES", "GROUPS", "READERS"]

# --- Readers -----------------------------------------------------------------------------------


def _file(data: bytes) -> CodeFile:
    return read_code(data, parse_header(data))


def _anomalies(data: bytes) -> None:
    header = parse_header(data)
    deque(anomalies(data, header.dialect, header.size), maxlen=0)


def _each(read: Callable[[Code, CodeFile], object], data: bytes) -> None:
    file = _file(data)
    for code in file.code.walk():
        with suppress(PycInspectError):  # of a table that is damaged
            read(code, file)


def _tables(code: Code, file: CodeFile) -> None:
    for read in (line_starts, line_ranges, positions, exception_table):
        read(code, file.dialect)


def _equal(data: bytes) -> None:
    one, other = _file(data).code, _file(data).code
    assert constants_equal(one, other)
    assert hash(one) == hash(other)


def _listing(data: bytes) -> None:
    deque(listing("a file", _file(data), None, ListingOptions(raw=True)), maxlen=0)


def _json(data: bytes) -> None:
    file = _file(data)
    json.dumps(code_objects(file.code, file.dialect))


def _within_limits(run: Callable[[bytes], object], data: bytes) -> None:
    """Take a limit for an answer."""
    try:
        run(data)
    except PycInspectError as error:
        assert error.slug == "limit", error  # noqa: PT017


_RUNS: dict[str, Callable[[bytes], object]] = {
    "read": _file,
    "encoding": _anomalies,
    "verify": partial(_each, lambda code, file: verify(code, file.dialect)),
    "tables": partial(_each, _tables),
    "equality": _equal,
    "listing": _listing,  # of all instructions and inline caches
    "json": _json,
}
READERS = [Reader(name, partial(_within_limits, run)) for name, run in _RUNS.items()]

# --- Files -------------------------------------------------------------------------------------

_Make = Callable[[int], bytes]


def _module(writer: Writer, *consts: bytes, **given: object) -> bytes:
    return writer.file(writer.code(consts=writer.tuple(consts), **given))


def _loads(writer: Writer, count: int, name: str = "LOAD_CONST", step: int = 1) -> bytes:
    """Write instructions, each with another argument."""
    return writer.data(writer.instructions(*((name, step * number) for number in range(count))))


def _functions(row: str, n: int) -> bytes:
    writer = Writer(row)
    parts = []
    for number in range(n):
        parts += [writer.text(f"f{number}"), writer.code(name=writer.text(f"f{number}"))]
    return _module(writer, *parts, code=_loads(writer, 2 * n))


def _classes(row: str, n: int) -> bytes:
    """Functions that are not functions: what they are called is looked for."""
    writer = Writer(row)
    parts = [writer.code(name=writer.text(f"f{number}"), flags=0) for number in range(n)]
    return _module(writer, *parts)


def _nested(row: str, n: int, length: int = 1) -> bytes:
    writer = Writer(row)
    name = writer.text("f" * length)
    if writer.has_references:
        name = writer.shared(name)
    inner = writer.tuple((name,))
    for _ in range(n):
        again = writer.reference(0) if writer.has_references else writer.text("f" * length)
        inner = writer.tuple((writer.code(consts=inner, name=again, filename=again),))
    return writer.file(writer.code(consts=inner))


def _functions_of_shared(field: str, part: Callable[[Writer, int], bytes], n: int) -> bytes:
    """Write functions that refer to one large object."""
    writer = Writer("cpython-3.8")
    first = writer.shared(part(writer, n))
    codes = [writer.code(**{field: writer.reference()}) for _ in range(n)]
    return _module(writer, first, *codes)


def _code_of(writer: Writer, n: int) -> bytes:
    return writer.data(writer.instructions(*[("LOAD_CONST", 0), ("POP_TOP", 0)] * n))


def _numbers(writer: Writer, n: int) -> bytes:
    return writer.tuple([writer.integer(number) for number in range(n)])


def _texts(writer: Writer, n: int) -> bytes:
    return writer.tuple([writer.text(f"name{number}") for number in range(n)])


def _long_text(writer: Writer, n: int) -> bytes:
    return writer.text("x" * 40 * n)


def _long_texts(writer: Writer, n: int) -> bytes:
    """Write one long name, as often as there are functions."""
    return writer.tuple([writer.text("x" * 40 * n)] * 20)


def _constants(row: str, n: int) -> bytes:
    writer = Writer(row)
    parts = [writer.text(f"constant {number}") for number in range(n)]
    return _module(writer, *parts, code=_loads(writer, n))


def _equal_constants(wrap: Callable[[Writer, bytes], bytes], n: int) -> bytes:
    """Write constants that refer to one long text."""
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.text("\x1b" * 40 * n))
    parts = [first, *(wrap(writer, writer.reference()) for _ in range(n))]
    return _module(writer, *parts, code=_loads(writer, n))


def _alone(_: Writer, part: bytes) -> bytes:
    return part


def _in_tuple(writer: Writer, part: bytes) -> bytes:
    return writer.tuple((part,))


def _in_set(writer: Writer, part: bytes) -> bytes:
    return writer.tuple((part, writer.integer(1)), b">")


def _doubled(n: int) -> bytes:
    """Write tuples, each of which holds the one before twice."""
    writer = Writer("cpython-3.12")
    parts = [writer.shared(writer.tuple((b"N", b"N")))]
    parts += [
        writer.shared(writer.tuple((writer.reference(), writer.reference()))) for _ in range(n)
    ]
    return _module(writer, *parts, code=_loads(writer, n))


def _wide(n: int) -> bytes:
    """Write tuples that each hold one large tuple many times."""
    writer = Writer("cpython-3.12")
    first = writer.shared(_numbers(writer, n))
    parts = [writer.tuple([writer.reference(0)] * 10) for _ in range(n)]
    return _module(writer, first, *parts, code=_loads(writer, n))


def _deep(letter: bytes, n: int) -> bytes:
    writer = Writer("cpython-3.12")
    inner = b"N"
    for _ in range(n):
        inner = writer.tuple((inner,), letter)
    return _module(writer, inner, code=_loads(writer, 1))


def _names_of(name: str, step: int, n: int) -> bytes:
    writer = Writer("cpython-3.12")
    return _module(writer, code=_loads(writer, n, name, step), names=_texts(writer, n))


def _long_names(name: str, step: int, n: int) -> bytes:
    """Write names that refer to one long one."""
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.text("x" * 40 * n))
    names = writer.tuple([first] + [writer.reference()] * (n - 1))
    return _module(writer, code=_loads(writer, n, name, step), names=names)


def _old_long_names(n: int) -> bytes:
    writer = Writer("cpython-2.7")
    names = writer.tuple([writer.text("x" * 40 * n) for _ in range(n)])
    return writer.file(writer.code(code=_loads(writer, n, "LOAD_NAME"), names=names))


def _variables(kind: int, n: int) -> bytes:
    """Write local variables, of which as many are cells."""
    writer = Writer("cpython-3.12")
    kinds = bytes([0x20] * n + [kind] * n)
    names = writer.tuple([writer.text(f"v{number}") for number in range(2 * n)])
    code = _loads(writer, n, "LOAD_FAST")
    return _module(writer, code=code, localsplusnames=names, localspluskinds=writer.data(kinds))


def _handlers(n: int) -> bytes:
    writer = Writer("cpython-3.12")
    rows = []
    for number in range(n):
        start = bytes((0x80 | 0x40 | number >> 12 & 0x3F, 0x40 | number >> 6 & 0x3F, number & 0x3F))
        target = bytes((0x40 | (n - number) >> 6 & 0x3F, (n - number) & 0x3F))
        rows.append(start + b"\1" + target + b"\2")
    code = writer.data(writer.instructions(*[("NOP", 0)] * 2 * n))
    return _module(writer, code=code, exceptiontable=writer.data(b"".join(rows)))


def _blocks(row: str, n: int) -> bytes:
    writer = Writer(row)
    setup = [("SETUP_FINALLY", 2)] * n
    code = writer.instructions(*setup, *[("POP_BLOCK", 0)] * n, ("LOAD_CONST", 0))
    return _module(writer, b"N", code=writer.data(code + writer.instructions(("RETURN_VALUE", 0))))


def _growing_loop(n: int) -> bytes:
    """Write a loop that leaves values behind, in a stack of any size."""
    writer = Writer("cpython-3.8")
    code = writer.instructions(*[("LOAD_CONST", 0)] * n, ("JUMP_ABSOLUTE", 0))
    return _module(writer, b"N", code=writer.data(code), stacksize=0x7FFFFFFF)


def _diamonds(row: str, n: int) -> bytes:
    """Write paths that meet, one with more values on the stack than the other."""
    writer = Writer(row)
    unit = Writer(row).row.bytecode.format.jump_unit  # type: ignore[union-attr]
    diamond = [("LOAD_CONST", 0), ("POP_JUMP_IF_TRUE", 0), ("LOAD_CONST", 0), ("NOP", 0)]
    code = b""
    for _ in range(n):
        # Over the second LOAD_CONST, with its own argument's EXTENDED_ARG.
        target = (len(code) + 14) // unit
        jump = b"".join(bytes((144, target >> shift & 0xFF)) for shift in (24, 16, 8))
        jump += bytes(
            (writer.row.bytecode.opcodes.by_name["POP_JUMP_IF_TRUE"].number, target & 0xFF)
        )  # type: ignore[union-attr]
        code += writer.instructions(diamond[0]) + jump + writer.instructions(*diamond[2:])
    end = writer.instructions(("LOAD_CONST", 0), ("RETURN_VALUE", 0))
    return _module(writer, b"N", code=writer.data(code + end), stacksize=0x7FFFFFFF)


def _extended(row: str, n: int) -> bytes:
    writer = Writer(row)
    code = writer.instructions(*[("EXTENDED_ARG", 1)] * n, ("LOAD_CONST", 1))
    return _module(writer, code=writer.data(code))


def _table(row: str, field: str, entry: bytes, n: int) -> bytes:
    writer = Writer(row)
    code = writer.data(writer.instructions(*[("NOP", 0)] * n))
    return _module(writer, code=code, **{field: writer.data(entry * n)})


def _jumps(n: int) -> bytes:
    writer = Writer("cpython-3.13")
    code = writer.instructions(*(("JUMP_FORWARD", number) for number in reversed(range(n))))
    return _module(writer, code=writer.data(code))


def _sets(member: Callable[[Writer, int], bytes], n: int) -> bytes:
    writer = Writer("cpython-3.12")
    parts = [member(writer, number) for number in range(n)]
    return _module(writer, writer.tuple(parts, b">"), code=_loads(writer, 1))


def _same_hash(writer: Writer, number: int) -> bytes:
    return writer.long((number + 1) * ((1 << 61) - 1))


def _number(writer: Writer, number: int) -> bytes:
    return writer.integer(number)


def _pair(writer: Writer, number: int) -> bytes:
    return writer.tuple((writer.integer(number), writer.tuple((writer.integer(1),), b">")))


def _code(writer: Writer, number: int) -> bytes:
    return writer.code(stacksize=number)


def _dictionary(n: int) -> bytes:
    writer = Writer("cpython-3.12")
    pairs = b"".join(writer.integer(number) + b"N" for number in range(n))
    return _module(writer, b"{" + pairs + b"0", code=_loads(writer, 1))


def _long_integer(row: str, n: int) -> bytes:
    writer = Writer(row)
    return _module(writer, writer.long((1 << 150 * n) - 1), code=_loads(writer, 1))


def _shared_integer(n: int) -> bytes:
    writer = Writer("cpython-3.12")
    first = writer.shared(writer.long((1 << 150 * n) - 1))
    parts = [writer.tuple((writer.reference(),)) for _ in range(n)]
    return _module(writer, first, *parts, code=_loads(writer, n))


def _ended(count: int, n: int) -> bytes:
    """Write containers that say that they hold more than there is."""
    writer = Writer("cpython-3.12")
    return writer.file(b"(" + count.to_bytes(4, "little") * n)


def _versions(
    make: Callable[[str, int], bytes], rows: Iterable[str]
) -> Iterable[tuple[str, _Make]]:
    for row in rows:
        yield f"{make.__name__.strip('_')}-{row.removeprefix('cpython-')}", partial(make, row)


#: Before references, with them, with qualified names, with all letters.
_ALL = ("cpython-2.7", "cpython-3.8", "cpython-3.12", "cpython-3.15")
_MAKERS: dict[str, _Make] = {
    **dict(_versions(_functions, _ALL)),
    **dict(_versions(_classes, ("cpython-2.7", "cpython-3.8", "cpython-3.12"))),
    **dict(_versions(_nested, _ALL)),
    "nested-long-names": partial(_nested, "cpython-3.8", length=200),
    "old-nested-long-names": partial(_nested, "cpython-2.7", length=200),
    "functions-shared-code": partial(_functions_of_shared, "code", _code_of),
    "functions-shared-constants": partial(_functions_of_shared, "consts", _numbers),
    "functions-shared-texts": partial(_functions_of_shared, "consts", _texts),
    "functions-shared-names": partial(_functions_of_shared, "names", _texts),
    "functions-shared-long-names": partial(_functions_of_shared, "names", _long_texts),
    "functions-shared-variables": partial(_functions_of_shared, "varnames", _texts),
    "functions-shared-file": partial(_functions_of_shared, "filename", _long_text),
    "functions-shared-name": partial(_functions_of_shared, "name", _long_text),
    **dict(_versions(_constants, ("cpython-2.7", "cpython-3.8", "cpython-3.12"))),
    "equal-constants": partial(_equal_constants, _alone),
    "equal-constants-in-tuples": partial(_equal_constants, _in_tuple),
    "equal-constants-in-sets": partial(_equal_constants, _in_set),
    "doubled-tuples": _doubled,
    "wide-tuples": _wide,
    **{f"deep-{letter.decode()}": partial(_deep, letter) for letter in (b"(", b"[", b">")},
    "names": partial(_names_of, "LOAD_NAME", 1),
    "long-names": partial(_long_names, "LOAD_NAME", 1),
    "long-names-of-globals": partial(_long_names, "LOAD_GLOBAL", 3),
    "old-long-names": _old_long_names,
    "cells": partial(_variables, 0x40),
    "hidden-variables": partial(_variables, 0x30),
    "handlers": _handlers,
    **dict(_versions(_blocks, ("cpython-2.7", "cpython-3.8", "cpython-3.10"))),
    "growing-loop": _growing_loop,
    **dict(_versions(_diamonds, ("cpython-3.8", "cpython-3.10", "cpython-3.7"))),
    **dict(_versions(_extended, ("cpython-2.7", "cpython-3.8", "cpython-3.12"))),
    "line-table-2.7": partial(_table, "cpython-2.7", "linetable", b"\1\1"),
    "line-table-3.8": partial(_table, "cpython-3.8", "linetable", b"\1\xff"),
    "line-table-3.10": partial(_table, "cpython-3.10", "linetable", b"\2\1"),
    "location-table": partial(_table, "cpython-3.12", "linetable", b"\xf0\x01\x01\x01\x01"),
    "location-table-alternating": partial(_table, "cpython-3.12", "linetable", b"\xd8\0\xe0\0\0"),
    "location-table-one-entry": partial(_table, "cpython-3.12", "linetable", b"\x80" + b"\x41" * 9),
    "exception-table-one-entry": partial(_table, "cpython-3.12", "exceptiontable", b"\xc0"),
    "exception-table-same-entry": partial(
        _table, "cpython-3.12", "exceptiontable", b"\x80\1\1\0\x80\1\1\2"
    ),
    "jumps": _jumps,
    "set-of-numbers": partial(_sets, _number),
    "set-of-one-hash": partial(_sets, _same_hash),
    "set-of-tuples": partial(_sets, _pair),
    "set-of-code": partial(_sets, _code),
    "dictionary": _dictionary,
    "long-integer": partial(_long_integer, "cpython-3.12"),
    "old-long-integer": partial(_long_integer, "cpython-2.7"),
    "shared-integer": _shared_integer,
}

#: At this size what is always the same is little, and nesting is below every limit.
_SIZE = 40
#: What shares its parts is written, or read, up to a limit that grows with the file. Here it is
#: always reached; below it the work may grow faster.
_LIMITED = {"functions-shared-code": 100, "wide-tuples": 60}
FAMILIES = [Family(name, make, _LIMITED.get(name, _SIZE)) for name, make in _MAKERS.items()]
GROUPS = [Group("files", READERS, FAMILIES)]
