"""Java class files of Jython as text and as a JSON value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pycinspect.dialects import Dialect
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.jvm import JvmInstruction, JythonClass, JythonCode, operand_text
from pycinspect.report.foreign import foreign_object, with_names
from pycinspect.report.pen import Piece
from pycinspect.report.words import Json
from pycinspect.values import utc, visible

__all__ = ["class_header_lines", "class_lines", "class_object"]

#: Characters of an operand that are shown: a constant has up to 65,535, and every use repeats it.
_LONGEST = 200


def class_lines(
    path: str, found: JythonClass, dialect: Dialect, names: Collection[str] = ()
) -> Iterator[tuple[Piece, ...]]:
    """Yield the lines of a listing: annotations, then each code object with its instructions.

    Args:
        path: the file as the user named it.
        found: what it holds.
        dialect: whose it is.
        names: only code objects with these names; all where there are none.

    Raises:
        PycInspectError: ``no-such-code`` where none has one of the names.
    """
    codes = _wanted(found, names)
    yield from class_header_lines(path, found, dialect)
    for code in codes:
        yield ()
        yield from _code_lines(code, found)
    for name in found.embedded:
        yield ()
        yield ((f"{visible(name)}: code of CPython 2.7, embedded; it is not read", "error"),)


def _wanted(found: JythonClass, names: Collection[str]) -> list[JythonCode]:
    return with_names(((code.name, code) for code in found.codes), names)


def class_header_lines(
    path: str, found: JythonClass, dialect: Dialect
) -> Iterator[tuple[Piece, ...]]:
    """Yield what stands in the place of a header: the annotations, and the format's version."""
    java, noted = found.java, found.annotations
    yield ((f"{visible(path)}: {dialect.name}, Java class file", "head"),)
    major, minor = java.version
    rows = (
        ("class", java.name),
        ("format", f"version {major}.{minor}"),
        ("API version", str(noted.api_version)),
        ("source's time", _time(noted.mtime)),
        ("source", noted.filename or "not recorded"),
    )
    for label, value in rows:
        yield ((f"  {label:13}  {visible(value)}", ""),)


def _time(mtime: int) -> str:
    """Return a time in milliseconds since 1970; -1 is not known."""
    if mtime == -1:
        return "not recorded"
    return f"{mtime} ms = {utc(mtime // 1000)}"


def _code_lines(code: JythonCode, found: JythonClass) -> Iterator[tuple[Piece, ...]]:
    yield ((visible(f"{code.name}: method {code.method}"), "head"),)
    yield ((f"  {visible(_signature(code))}", "hint"),)
    if code.body is None:
        yield (("  no method has its instructions", "hint"),)
        return
    yield ((f"  stack size {code.body.max_stack}, {code.body.max_locals} locals", "hint"),)
    starts = dict(code.lines)
    operands = _Operands(found)
    for instruction in code.body.instructions:
        line = starts.get(instruction.offset)
        if line is not None:
            yield ()
        number = "" if line is None else str(line)
        shown = visible(operands.of(instruction))
        text = f"{number:>5}  {instruction.offset:>5} {instruction.name:15} {shown}"
        yield ((text.rstrip(), ""),)
    for handler in code.body.handlers:
        kind = visible(handler.kind or "any")
        yield ((f"  handler {handler.start} to {handler.end}: {handler.handler} ({kind})", ""),)


def _signature(code: JythonCode) -> str:
    parameters = list(code.varnames[: code.argument_count])
    rest = iter(code.varnames[code.argument_count :])
    parameters += [f"*{name}" for name in _next(rest, code.flags & CodeFlag.VARARGS)]
    parameters += [f"**{name}" for name in _next(rest, code.flags & CodeFlag.VARKEYWORDS)]
    return f"line {code.first_line}, ({', '.join(parameters)}), flags {code.flags:#x}"


def _next(names: Iterator[str], flag: int) -> list[str]:
    return [next(names, "?")] if flag else []


class _Operands:
    """The operands of instructions as text; what names one constant is made once, and cut."""

    def __init__(self, found: JythonClass) -> None:
        self._java = found.java
        self._known: dict[tuple[int | None, tuple[int, ...]], str] = {}

    def of(self, instruction: JvmInstruction) -> str:
        """Return the operands of one instruction."""
        if instruction.pool_index is None:
            return self._cut(instruction)
        key = instruction.pool_index, instruction.operands
        if key not in self._known:
            self._known[key] = self._cut(instruction)
        return self._known[key]

    def _cut(self, instruction: JvmInstruction) -> str:
        text = operand_text(instruction, self._java)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


# --- JSON --------------------------------------------------------------------------


def class_object(
    path: str,
    found: JythonClass,
    dialect: Dialect,
    names: Collection[str] = (),
    *,
    header_only: bool = False,
) -> Json:
    """Return a class file as ``pycinspect.show/1`` describes it.

    Args:
        path: the file as the user named it.
        found: what it holds.
        dialect: whose it is.
        names: only code objects with these names; all where there are none.
        header_only: its code is left out.
    """
    entry = foreign_object(path, dialect, _header(found), dialect.magic_word)
    if header_only:
        return entry
    codes = [_code(code, found) for code in _wanted(found, names)]
    return {**entry, "codes": codes, "embedded": list(found.embedded)}


def _header(found: JythonClass) -> Mapping[str, object]:
    noted = found.annotations
    return {
        "class": found.java.name,
        "class_version": list(found.java.version),
        "api_version": noted.api_version,
        "mtime_ms": None if noted.mtime == -1 else noted.mtime,
        "filename": noted.filename,
    }


def _code(code: JythonCode, found: JythonClass) -> Json:
    body = code.body
    operands = _Operands(found)
    return {
        "name": code.name,
        "firstlineno": code.first_line,
        "argcount": code.argument_count,
        "flags": code.flags,
        "varnames": list(code.varnames),
        "cellvars": list(code.cellvars),
        "freevars": list(code.freevars),
        "method": code.method,
        "stacksize": None if body is None else body.max_stack,
        "instructions": [
            [instruction.offset, instruction.name, operands.of(instruction)]
            for instruction in (() if body is None else body.instructions)
        ],
        "lines": [list(pair) for pair in code.lines],
    }
