"""What does a ``.mpy`` file of MicroPython say?

Bytes to the header, the strings, the constants and the code with its lines and instructions. Uses
``dialects``, ``errors``.
"""

from pycinspect.micropython.header import MpyHeader, mpy_format_of
from pycinspect.micropython.instructions import MpyInstruction
from pycinspect.micropython.model import MpyCode, MpyFile, NativeCode
from pycinspect.micropython.mpyfile import is_mpy, parse_mpy
from pycinspect.micropython.objects import MpyObject, object_text
from pycinspect.micropython.operands import mpy_named_by, mpy_operand_text

__all__ = [
    "MpyCode",
    "MpyFile",
    "MpyHeader",
    "MpyInstruction",
    "MpyObject",
    "NativeCode",
    "is_mpy",
    "mpy_format_of",
    "mpy_named_by",
    "mpy_operand_text",
    "object_text",
    "parse_mpy",
]
