"""The first bytes of a ``.mpy`` file (``py/persistentcode.c``, ``mp_raw_code_load``)."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.dialects.mpy import MPY_FORMATS, MpyFormat, StringPlace
from pycinspect.micropython.reading import MpyReader

__all__ = ["ARCHITECTURES", "MpyHeader", "mpy_format_of", "read_mpy_header"]

_LETTER = 0x4D
_CACHE_BYTES = 1
_SUB_VERSION, _ARCHITECTURE, _ARCHITECTURE_FLAGS = 0x03, 0x3C, 0x40
#: ``MP_NATIVE_ARCH_*`` of ``py/persistentcode.h``; 0 is bytecode alone.
ARCHITECTURES = (
    *("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)
#: No interpreter has integers of more bits.
_MOST_BITS = 64


class MpyHeader(NamedTuple):
    """What a ``.mpy`` file says of itself.

    Args:
        format: its version.
        flags: the third byte as it stands.
        sub_version: of native code; 0 before version 6 and without native code.
        architecture: whose native code it may have, "" for bytecode alone.
        architecture_flags: what of it the code needs; None where the file does not say.
        small_int_bits: bits of an integer that needs no object.
        cache_bytes: whether a byte for a cache follows each look-up of a name.
        window: how many strings can be referred to by their place; 0 without a window.
    """

    format: MpyFormat
    flags: int
    sub_version: int
    architecture: str
    architecture_flags: int | None
    small_int_bits: int
    cache_bytes: bool
    window: int


def mpy_format_of(start: bytes) -> MpyFormat | None:
    """Return the version of the format that the first two bytes of a file name, None for another.

    Two bytes make no file one of MicroPython's: this says only what it would have to be.

    >>> mpy_format_of(b"PK") is None
    True
    """
    return MPY_FORMATS.get(start[1]) if len(start) > 1 and start[0] == _LETTER else None


def read_mpy_header(reader: MpyReader) -> MpyHeader:
    """Read the header of a ``.mpy`` file.

    Args:
        reader: stands at the file's start, and behind the header when it returns.

    Raises:
        PycInspectError: ``not-an-mpy`` for another file; ``unsupported`` for a version that is not
            known; ``bad-mpy-header``, ``truncated``.

    >>> read_mpy_header(MpyReader(bytes([0x4D, 6, 0, 31]))).small_int_bits
    31
    """
    if reader.byte() != _LETTER:
        reader.fail("not-an-mpy", "is not an .mpy file: it does not begin with M", 0)
    version, flags, bits = reader.byte(), reader.byte(), reader.byte()
    found = MPY_FORMATS.get(version)
    if found is None:
        known = ", ".join(map(str, MPY_FORMATS))
        message = f".mpy version {version} is not read (known are {known})"
        reader.fail("unsupported" if version < min(MPY_FORMATS) else "not-an-mpy", message, 1)
    if not 0 < bits <= _MOST_BITS:
        reader.fail("bad-mpy-header", f"small integers of {bits} bits: no MicroPython has them", 3)
    number = (flags & _ARCHITECTURE) >> 2
    if number >= len(ARCHITECTURES):
        reader.fail("bad-mpy-header", f"native architecture {number} is not known", 2)
    in_table = found.strings is StringPlace.TABLE
    has_flags = in_table and flags & _ARCHITECTURE_FLAGS
    return MpyHeader(
        format=found,
        flags=flags,
        sub_version=flags & _SUB_VERSION if in_table else 0,
        architecture=ARCHITECTURES[number],
        architecture_flags=reader.uint() if has_flags else None,
        small_int_bits=bits,
        cache_bytes=found.cache_bytes and bool(flags & _CACHE_BYTES),
        window=reader.uint() if found.strings is StringPlace.WINDOW else 0,
    )
