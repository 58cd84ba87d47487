"""Does a source compile? What can be told without a compiler, and how a compiler is asked.

Nothing is compiled here: only a process with limits may do that, and who calls brings one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from encodings import normalize_encoding
from encodings.aliases import aliases
from io import BytesIO
from typing import NamedTuple, Protocol

from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError

__all__ = ["Compilable", "Refusal", "SourceCompiler", "compilable", "undecodable"]


class Refusal(NamedTuple):
    """What compiling a source raises, and so does its import.

    Args:
        exception: the name of its type.
        message: what it says.
        line: the line of the source, None where it is not about one.
    """

    exception: str
    message: str
    line: int | None = None


class SourceCompiler(Protocol):
    """Asks a dialect's compiler; ``compiling.InstalledCompilers`` is one."""

    def __call__(
        self, source: bytes, path: str, dialect: Dialect, optimize: int, /
    ) -> Refusal | None:
        """Return what compiling a source raises, None where it compiles.

        Raises:
            PycInspectError: it could not be asked, or did not answer.
        """


class Compilable(NamedTuple):
    """Whether a source compiles.

    Args:
        refusal: what compiling raises, None where it compiles or that is not known.
        doubt: why it is not known, None where it is.
    """

    refusal: Refusal | None
    doubt: str | None = None


def compilable(
    source: bytes, path: str, dialect: Dialect, optimize: int, compiler: SourceCompiler | None
) -> Compilable:
    """Tell whether a source compiles.

    Args:
        source: the bytes of the file.
        path: where it comes from.
        dialect: whose compiler is asked.
        optimize: how often ``-O`` is given.
        compiler: who asks it; None where nobody does.
    """
    known = undecodable(source, dialect)
    if compiler is None:
        return Compilable(known, None if known else "no compiler was asked")
    try:
        refusal = compiler(as_read(source, dialect), path, dialect, optimize)
    except PycInspectError as error:
        return Compilable(known, None if known else error.message)
    if refusal is None and dialect.tokenizer.reads_file:
        refusal = known  # compile() is not as strict as the import
    return Compilable(refusal)


def as_read(source: bytes, dialect: Dialect) -> bytes:
    """Return the bytes that reach a dialect's tokenizer when a file is imported.

    Parser/tokenizer.c: tok_nextc, up to 3.2: of a line with a null byte, nothing from there to
    the end of the line is seen, and the next line goes on with it.
    """
    return _AFTER_NULL.sub(b"", source) if dialect.tokenizer.reads_file else source


# --- Without a compiler ----------------------------------------------------------------------

_AFTER_NULL = re.compile(rb"\0[^\n]*\n?")
_LINE_END = re.compile(rb"\r\n?|\n")
#: Parser/tokenizer.c: get_coding_spec.
_COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"[ \t\f]*(#.*)?")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")

#: Codecs of one byte a character, the same in all versions: what they cannot decode, nobody can.
_STABLE = frozenset({"ascii", *(f"cp{page}" for page in range(1250, 1259))})
#: Codecs that there are not everywhere and always.
_SOMEWHERE = re.compile(r"mbcs|dbcs|ansi|oem|cp\d+|(string|unicode)[-_](escape|internal)", re.ASCII)


def undecodable(source: bytes, dialect: Dialect) -> Refusal | None:
    """Return what an import raises because of a source's bytes, whatever its grammar.

    Args:
        source: the bytes of the file.
        dialect: whose tokenizer reads it.

    Returns:
        What is certain without asking it; None is no promise.
    """
    rules = dialect.tokenizer
    source = as_read(source, dialect)
    if b"\0" in source:
        message = "source code string cannot contain null bytes"
        return None if rules.null is None else Refusal(rules.null, message)
    has_mark = source.startswith(codecs.BOM_UTF8)
    declared = _declared(source) if rules.declared else None
    if declared is not None and declared != "utf-8":
        return _undecodable_as(declared, source, has_mark=has_mark)
    encoding = declared or ("utf-8" if has_mark else rules.encoding)
    if encoding == "ascii":
        return _undeclared(source)
    # A Python that reads files line by line as UTF-8 looks at each; before that, at none.
    is_checked = encoding == "utf-8" == rules.encoding
    return _malformed(source, rules.errors) if is_checked else None


def _declared(source: bytes) -> str | None:
    """Return the encoding that a comment declares (PEP 263), as get_normal_name spells it."""
    first, *rest = _LINE_END.split(source.removeprefix(codecs.BOM_UTF8)[:_TWO_LINES], 2)
    cookie = _COOKIE.match(first)
    if cookie is None and rest and _BLANK.fullmatch(first):
        cookie = _COOKIE.match(rest[0])
    if cookie is None:
        return None
    name = cookie[1].decode("ascii").lower().replace("_", "-")
    return "utf-8" if name == "utf-8" or name.startswith("utf-8-") else name


#: Of a longer source, the start has the first two lines, or a cookie is not seen.
_TWO_LINES = 64 * 1024


def _undecodable_as(name: str, source: bytes, *, has_mark: bool) -> Refusal | None:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        if _SOMEWHERE.fullmatch(name) or _is_listed(name):
            return None
        return Refusal("SyntaxError", f"encoding problem: {name}", 1)
    if has_mark and codec != "utf-8":
        return Refusal("SyntaxError", f"encoding problem: {name} with BOM", 1)
    if codec not in _STABLE:
        return None
    try:
        source.decode(codec)
    except UnicodeDecodeError as error:
        return Refusal("SyntaxError", str(error))
    return None


def _is_listed(name: str) -> bool:
    """Return whether Python has such a codec, even if its module cannot be read here."""
    spelled = normalize_encoding(name)
    return spelled in aliases or spelled in aliases.values()


def _undeclared(source: bytes) -> Refusal | None:
    found = _NOT_ASCII.search(source)
    if found is None:
        return None
    message = f"Non-ASCII character '\\x{found[0].hex()}', but no encoding declared (PEP 263)"
    return Refusal("SyntaxError", message, _line(source, found.start()))


def _malformed(source: bytes, errors: str) -> Refusal | None:
    """Return what is not UTF-8 and in no comment, where some look and others do not."""
    for place in _errors_of_lines(source, errors):
        begin = max(source.rfind(b"\n", 0, place), source.rfind(b"\r", 0, place)) + 1
        if source.find(b"#", begin, place) < 0:
            message = f"(unicode error) byte {source[place]:#04x} is not UTF-8"
            return Refusal("SyntaxError", message, _line(source, place))
    return None


def _errors_of_lines(source: bytes, errors: str) -> Iterator[int]:
    """Yield the offset of each line's first byte that cannot be decoded."""
    try:
        source.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        offset = source.rfind(b"\n", 0, error.start) + 1
    else:
        return
    for line in BytesIO(source[offset:]):
        try:
            line.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            yield offset + error.start
        offset += len(line)


def _line(source: bytes, offset: int) -> int:
    return len(_LINE_END.findall(source, 0, offset)) + 1
