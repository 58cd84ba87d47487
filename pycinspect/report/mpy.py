"""Compiled modules of MicroPython as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pycinspect.dialects import Dialect
from pycinspect.micropython import MpyCode, MpyFile, MpyInstruction, NativeCode, mpy_operand_text
from pycinspect.report.foreign import foreign_object, with_names
from pycinspect.report.words import Json
from pycinspect.values import brief, visible

__all__ = ["mpy_lines", "mpy_object"]

_FATE = (
    "a compiled module, not a cache: MicroPython does not compare it with its source, and a"
    " source beside it always wins"
)


def mpy_lines(
    path: str,
    found: MpyFile,
    dialect: Dialect,
    names: Collection[str] = (),
    *,
    header_only: bool = False,
) -> Iterator[str]:
    """Yield the lines of a listing: the header, then each code with its instructions.

    Args:
        path: the file as the user named it.
        found: what it holds.
        dialect: whose it is.
        names: only code with these names; all where there are none.
        header_only: leave the code out.

    Raises:
        PycInspectError: ``no-such-code`` where none has one of the names.
    """
    codes = _wanted(found, names)
    yield f"{visible(path)}: {dialect.name}, compiled module"
    yield f"  note: {_FATE}"
    for label, value in _header(found).items():
        if value is not None:
            yield f"  {label.replace('_', ' '):18}  {visible(str(value))}"
    if found.trailing:
        yield f"  {found.trailing} bytes follow, which MicroPython does not read"
    for name, code in () if header_only else codes:
        yield ""
        yield from _code_lines(name, code, found)


def mpy_object(
    path: str,
    found: MpyFile,
    dialect: Dialect,
    names: Collection[str] = (),
    *,
    header_only: bool = False,
) -> Json:
    """Return a compiled module as ``pycinspect.show/1`` describes it.

    Args:
        path: the file as the user named it.
        found: what it holds.
        dialect: whose it is.
        names: only code with these names; all where there are none.
        header_only: leave the code out.

    Raises:
        PycInspectError: ``no-such-code`` where none has one of the names.
    """
    codes = _wanted(found, names)
    header = {**_header(found), "trailing_bytes": found.trailing}
    value = foreign_object(path, dialect, header)
    if not header_only:
        value["codes"] = [_code_object(name, code, found) for name, code in codes]
    return value


def _wanted(found: MpyFile, names: Collection[str]) -> list[tuple[str, MpyCode]]:
    return with_names(((code.name, (path, code)) for path, code in found.walk()), names)


def _header(found: MpyFile) -> Json:
    header = found.header
    return {
        "version": header.format.version,
        "sub_version": header.sub_version,
        "architecture": header.architecture or None,
        "architecture_flags": header.architecture_flags,
        "small_int_bits": header.small_int_bits,
        "source": brief(found.code.source),
    }


def _code_lines(name: str, code: MpyCode, found: MpyFile) -> Iterator[str]:
    arguments = ", ".join(brief(argument) for argument in code.arguments)
    yield f"{brief(name)}: ({arguments}), {code.size} bytes at {code.offset}"
    if code.signature is not None:
        signature = code.signature
        yield (
            f"  state size {signature.state}, exception stack {signature.exceptions},"
            f" flags {signature.flags:#x}, {len(code.cells)} cells"
        )
    if code.native is not None:
        yield f"  machine code ({code.native.kind}), {code.native.size} bytes; it is not disassembled"
    last = 0
    for one, line in _with_lines(code):
        if line != last:
            yield ""
        number = "" if line == last else str(line)
        last = line
        operand = visible(mpy_operand_text(one, code, found.header.format))
        yield f"{number:>5}  {one.offset:>5} {one.opcode.name:26} {operand}".rstrip()


def _with_lines(code: MpyCode) -> Iterator[tuple[MpyInstruction, int]]:
    """Yield each instruction with its line; both are in the order of offsets."""
    starts = iter(code.lines)
    following = next(starts, None)
    line = 1
    for one in code.instructions:
        while following is not None and following.offset <= one.offset:
            line = following.line
            following = next(starts, None)
        yield one, line


def _native_object(native: NativeCode) -> Json:
    return {name: value for name, value in native._asdict().items() if name != "content"}


def _code_object(name: str, code: MpyCode, found: MpyFile) -> Json:
    signature = None if code.signature is None else code.signature._asdict()
    return {
        "name": brief(code.name),
        "qualname": brief(name),
        "offset": code.offset,
        "size": code.size,
        "signature": signature,
        "arguments": [brief(argument) for argument in code.arguments],
        "cells": list(code.cells),
        "native": None if code.native is None else _native_object(code.native),
        "instructions": [
            {
                "offset": one.offset,
                "line": line,
                "name": one.opcode.name,
                "argument": one.argument,
                "operand": mpy_operand_text(one, code, found.header.format),
                "target": one.target,
            }
            for one, line in _with_lines(code)
        ],
    }
