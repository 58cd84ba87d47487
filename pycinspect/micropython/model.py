"""What a ``.mpy`` file holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pycinspect.micropython.header import MpyHeader
from pycinspect.micropython.instructions import MpyInstruction
from pycinspect.micropython.objects import MpyObject
from pycinspect.micropython.prelude import LineStart, Signature
from pycinspect.values import brief

__all__ = ["DEEPEST_CODE", "MpyCode", "MpyFile", "NativeCode"]

#: Functions within functions; mpy-cross's parser allows fewer.
DEEPEST_CODE = 100
#: Characters of a path.
_LONGEST_PATH = 400


class NativeCode(NamedTuple):
    """Machine code.

    Args:
        kind: ``native``, ``viper`` or ``assembler``, after the decorators of MicroPython.
        size: bytes of machine code, and of the prelude that lies behind that of ``native``.
        flags: scope flags of viper and assembler.
        rodata: bytes of constants.
        bss: bytes of variables.
        content: the bytes of machine code and of what belongs to it.
    """

    kind: str
    size: int
    flags: int = 0
    rodata: int = 0
    bss: int = 0
    content: bytes = b""


class MpyCode(NamedTuple):
    """The code of a module, a class or a function.

    Args:
        name: its name, "" of viper and assembler functions, which have none.
        source: the source's name, as the compiler was told it.
        offset: bytes from the start of the file.
        size: bytes of the code as the interpreter counts them.
        signature: its numbers; None of viper and assembler functions.
        arguments: the names of its arguments.
        cells: the locals that are cells.
        lines: where lines start.
        instructions: those of bytecode.
        objects: its constants, in version 6 those of the file.
        children: the functions in it.
        native: its machine code, None of bytecode.
    """

    name: str
    source: str
    offset: int
    size: int
    signature: Signature | None
    arguments: tuple[str, ...]
    cells: tuple[int, ...]
    lines: tuple[LineStart, ...]
    instructions: tuple[MpyInstruction, ...]
    objects: tuple[MpyObject, ...]
    children: tuple[MpyCode, ...]
    native: NativeCode | None

    def line_of(self, offset: int) -> int:
        """Return the line of an instruction, as ``mp_bytecode_get_source_line`` finds it."""
        line = 1
        for start in self.lines:
            if start.offset > offset:
                break
            line = start.line
        return line


def _path(outer: str, name: str) -> str:
    return brief(f"{outer}.{brief(name)}", _LONGEST_PATH)


class MpyFile(NamedTuple):
    """A ``.mpy`` file.

    Args:
        header: what it says of itself.
        strings: the table of version 6; () before.
        objects: the table of version 6; () before.
        code: that of the module.
        trailing: bytes that follow, which the importer does not read.
    """

    header: MpyHeader
    strings: tuple[str, ...]
    objects: tuple[MpyObject, ...]
    code: MpyCode
    trailing: int

    def walk(self) -> Iterator[tuple[str, MpyCode]]:
        """Yield each code with its path, ``<module>.outer.inner``, a parent before its children.

        A long path is cut: a string of the table can be the name of every function.
        """
        waiting = [(brief(self.code.name), self.code)]
        while waiting:
            path, code = waiting.pop()
            yield path, code
            inner = [(_path(path, child.name), child) for child in reversed(code.children)]
            waiting += inner
