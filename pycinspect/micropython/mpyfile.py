"""A ``.mpy`` file as a whole."""

from __future__ import annotations

from pycinspect.dialects.mpy import StringPlace
from pycinspect.errors import PycInspectError
from pycinspect.micropython.header import MpyHeader, read_mpy_header
from pycinspect.micropython.model import MpyFile
from pycinspect.micropython.objects import read_typed_object
from pycinspect.micropython.older_code import OlderStrings, read_older_code
from pycinspect.micropython.reading import MpyReader
from pycinspect.micropython.strings import read_table_string
from pycinspect.micropython.table_code import Tables, read_table_code

__all__ = ["is_mpy", "parse_mpy"]


def is_mpy(data: bytes) -> bool:
    """Return whether a file is a ``.mpy`` file: all of it is read, not its first byte alone.

    Args:
        data: the file.

    >>> is_mpy(b"M is the first letter of many texts")
    False
    """
    try:
        parse_mpy(data)
    except PycInspectError:
        return False
    return True


def parse_mpy(data: bytes) -> MpyFile:
    """Read a ``.mpy`` file of version 2 to 6.

    Args:
        data: the file.

    Raises:
        PycInspectError: ``not-an-mpy`` for another file; ``unsupported`` for versions 0 and 1;
            ``native-not-read`` for machine code before version 6; ``bad-mpy-header``, ``bad-string``, ``bad-object``,
            ``bad-prelude``, ``bad-instruction``, ``bad-number``, ``too-deep``, ``truncated``, each
            with the offset.

    The format is that of ``py/persistentcode.c`` of MicroPython 1.9 to 1.28.
    """
    reader = MpyReader(data)
    header = read_mpy_header(reader)
    if header.format.strings is StringPlace.TABLE:
        tables = _tables(reader, header)
        code = read_table_code(reader, tables)
    else:
        tables = Tables(header, (), ())
        code = read_older_code(reader, header, OlderStrings(header))
    return MpyFile(header, tables.strings, tables.objects, code, len(data) - reader.at)


def _tables(reader: MpyReader, header: MpyHeader) -> Tables:
    strings, objects = reader.uint(), reader.uint()
    return Tables(
        header,
        tuple(read_table_string(reader) for _ in range(strings)),
        tuple(read_typed_object(reader) for _ in range(objects)),
    )
