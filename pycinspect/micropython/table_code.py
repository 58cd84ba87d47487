"""The code of version 6, whose strings and objects are in tables."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.micropython.header import MpyHeader
from pycinspect.micropython.instructions import decode_instructions
from pycinspect.micropython.model import DEEPEST_CODE, MpyCode, NativeCode
from pycinspect.micropython.objects import MpyObject
from pycinspect.micropython.prelude import decode_lines, read_signature, read_sizes
from pycinspect.micropython.reading import MpyReader

__all__ = ["Tables", "read_table_code"]

_KINDS = ("bytecode", "native", "viper", "assembler")
_BYTECODE, _NATIVE, _VIPER, _ASSEMBLER = _KINDS
_KIND, _HAS_CHILDREN, _SIZE_SHIFT = 3, 4, 3
#: ``MP_SCOPE_FLAG_VIPERRELOC``, ``…RODATA`` and ``…BSS`` of ``py/runtime0.h``.
_RELOCATIONS, _RODATA, _BSS = 0x10, 0x20, 0x40
_END_OF_RELOCATIONS = 0xFF
#: Relocations with a count: of rodata, bss and several entries of the table of functions.
_WITH_COUNT = frozenset({1, 3, 5})


class Tables(NamedTuple):
    """The header, the strings and the objects of the file."""

    header: MpyHeader
    strings: tuple[str, ...]
    objects: tuple[MpyObject, ...]

    def string(self, reader: MpyReader) -> str:
        """Read a number and return the string that it stands for.

        Raises:
            PycInspectError: ``bad-string``, ``truncated``.
        """
        place = reader.place
        number = reader.uint()
        if number >= len(self.strings):
            reader.fail("bad-string", f"the file has no string {number}", place)
        return self.strings[number]


def read_table_code(reader: MpyReader, tables: Tables, depth: int = 0) -> MpyCode:
    """Read a code and those within it.

    Args:
        reader: stands at the code.
        tables: those of the file.
        depth: codes that it lies in.

    Raises:
        PycInspectError: ``too-deep``, ``bad-prelude``, ``bad-instruction``, ``bad-string``,
            ``bad-number``, ``truncated``, each with the offset.
    """
    if depth > DEEPEST_CODE:
        reader.fail("too-deep", f"more than {DEEPEST_CODE} functions lie in each other")
    head = reader.uint()
    kind = _KINDS[head & _KIND]
    data = reader.part(head >> _SIZE_SHIFT)
    native = None
    if kind != _BYTECODE:
        start = reader.at
        native = _native(reader, data, kind)
        native = native._replace(content=data.data + reader.data[start : reader.at])
    code = _decoded(data, tables, native)
    if not head & _HAS_CHILDREN:
        return code
    count = reader.uint()
    children = tuple(read_table_code(reader, tables, depth + 1) for _ in range(count))
    return code._replace(children=children)


def _native(reader: MpyReader, data: MpyReader, kind: str) -> NativeCode:
    """Read what follows machine code; ``data`` goes to the prelude, or to its end without one."""
    size = len(data.data)
    if kind == _NATIVE:
        prelude = reader.uint()
        data.take(prelude)
        return NativeCode(kind, prelude)
    data.take(size)
    flags, rodata, bss = reader.uint(), 0, 0
    if kind == _ASSEMBLER:
        reader.uint(), reader.uint()  # arguments and the types of the signature
        return NativeCode(kind, size, flags)
    if flags & _RODATA:
        rodata = reader.uint()
    if flags & _BSS:
        bss = reader.uint()
    reader.take(rodata)
    if flags & _RELOCATIONS:
        _skip_relocations(reader)
    return NativeCode(kind, size, flags, rodata, bss)


def _skip_relocations(reader: MpyReader) -> None:
    while (operation := reader.byte()) != _END_OF_RELOCATIONS:
        if operation & 1:
            reader.uint()
        if operation >> 1 in _WITH_COUNT:
            reader.uint()


def _decoded(data: MpyReader, tables: Tables, native: NativeCode | None) -> MpyCode:
    source = tables.strings[0] if tables.strings else ""
    plain = MpyCode(
        name="",
        source=source,
        offset=data.base,
        size=len(data.data),
        signature=None,
        arguments=(),
        cells=(),
        lines=(),
        instructions=(),
        objects=tables.objects,
        children=(),
        native=native,
    )
    if native is not None and native.kind != _NATIVE:
        return plain
    signature = read_signature(data)
    size, count = read_sizes(data)
    info = data.part(size)
    name = tables.string(info)
    arguments = tuple(tables.string(info) for _ in range(signature.arguments))
    cells = tuple(data.take(count))
    left = len(data.data) - data.at
    return plain._replace(
        name=name,
        signature=signature,
        arguments=arguments,
        cells=cells,
        lines=tuple(decode_lines(info.data[info.at :], ends_at_zero=False)),
        instructions=tuple(
            decode_instructions(data, left, tables.header, tables.string) if native is None else ()
        ),
    )
