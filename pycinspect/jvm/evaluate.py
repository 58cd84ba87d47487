"""The constructor of a Jython class, evaluated on a stack as far as it makes code objects.

Only what Jython's compiler writes there is known: constants, arrays of strings, locals, ``Py.newCode``
and ``putstatic``. Nothing is run; everything else is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.jvm.classfile import ClassFile
from pycinspect.jvm.instructions import JvmInstruction, MethodBody

__all__ = ["new_code_calls", "pushed_int"]

_NEW_CODE = ("org/python/core/Py", "newCode")
_ARGUMENTS = 13
_SHORT = re.compile(r"(aload|astore)_([0-3])")
_BASE_TYPES = frozenset("BCDFIJSZ")


class _Unknown(NamedTuple):
    """A value that is not looked at: ``this``, a file name, a field."""

    what: str


def pushed_int(instruction: JvmInstruction, java: ClassFile) -> int | None:
    """Return the integer that an instruction pushes, None if it pushes none."""
    name = instruction.name
    if name.startswith("iconst_"):
        return -1 if name.endswith("m1") else int(name[-1])
    if name in ("bipush", "sipush"):
        return instruction.operands[0]
    if name in ("ldc", "ldc_w") and instruction.pool_index is not None:
        constant = java.pool.constant(instruction.pool_index)
        if constant.kind == "Integer" and isinstance(constant.value, int):
            return constant.value
    return None


def new_code_calls(body: MethodBody, java: ClassFile) -> list[tuple[str, tuple[object, ...]]]:
    """Return the arguments of each ``Py.newCode``, with the static field that it goes to.

    Args:
        body: the code of the constructor.
        java: the class, whose constants it names.

    Raises:
        PycInspectError: ``bad-class`` for a constructor that does anything else.
    """
    machine = _Machine(java, len(body.instructions))
    for instruction in body.instructions:
        machine.step(instruction)
    return machine.calls


class _Machine:
    """A stack and locals; one method a group of instructions."""

    def __init__(self, java: ClassFile, room: int) -> None:
        self._java = java
        #: Places that arrays may still have: each is filled by an instruction of its own.
        self._room = room
        self._counts: dict[str, int] = {}
        self._stack: list[object] = []
        self._locals: dict[int, object] = {}
        self.calls: list[tuple[str, tuple[object, ...]]] = []

    def step(self, instruction: JvmInstruction) -> None:
        number = pushed_int(instruction, self._java)
        if number is not None:
            self._stack.append(number)
            return
        short = _SHORT.fullmatch(instruction.name)
        name = short[1] if short else instruction.name.removesuffix("_w")
        do = getattr(self, f"_do_{name}", None)
        if do is None:
            raise self._refused(f"does {instruction.name}")
        do(int(short[2]) if short else (instruction.operands or (instruction.pool_index,))[0])

    def _refused(self, what: str) -> PycInspectError:
        message = f"its constructor {what}: not the work of Jython's compiler"
        return PycInspectError("bad-class", message, offset=0)

    def _pop(self) -> object:
        if not self._stack:
            raise self._refused("takes from an empty stack")
        return self._stack.pop()

    def _do_ldc(self, index: int) -> None:
        constant = self._java.pool.constant(index)
        is_text = constant.kind == "String"
        self._stack.append(self._java.pool.text(index) if is_text else _Unknown(constant.kind))

    def _do_aconst_null(self, _: int) -> None:
        self._stack.append(None)

    def _do_aload(self, number: int) -> None:
        self._stack.append(self._locals.get(number, _Unknown(f"local {number}")))

    def _do_astore(self, number: int) -> None:
        self._locals[number] = self._pop()

    def _do_dup(self, _: int) -> None:
        value = self._pop()
        self._stack += (value, value)

    def _do_anewarray(self, _: int) -> None:
        size = self._pop()
        if not isinstance(size, int) or not 0 <= size <= self._room:
            raise self._refused("makes an array of a strange size")
        self._room -= size
        self._stack.append([None] * size)

    def _do_aastore(self, _: int) -> None:
        value, index, array = self._pop(), self._pop(), self._pop()
        if (
            not isinstance(array, list)
            or not isinstance(index, int)
            or index not in range(len(array))
        ):
            raise self._refused("stores outside an array")
        array[index] = value

    def _do_getstatic(self, index: int) -> None:
        self._stack.append(_Unknown(".".join(self._java.pool.member(index)[:2])))

    def _do_putstatic(self, index: int) -> None:
        value = self._pop()
        if isinstance(value, tuple) and not isinstance(value, _Unknown):
            self.calls.append((self._java.pool.member(index)[1], value))

    def _do_invokespecial(self, index: int) -> None:
        self._arguments(index)
        self._pop()

    def _do_invokestatic(self, index: int) -> None:
        arguments = self._arguments(index)
        owner = self._java.pool.member(index)[:2]
        is_code = owner == _NEW_CODE and len(arguments) == _ARGUMENTS
        self._stack.append(arguments if is_code else _Unknown(".".join(owner)))

    def _do_return(self, _: int) -> None:
        self._stack.clear()

    def _arguments(self, index: int) -> tuple[object, ...]:
        descriptor = self._java.pool.member(index)[2]
        if descriptor not in self._counts:
            self._counts[descriptor] = self._parameters(descriptor)
        return tuple([self._pop() for _ in range(self._counts[descriptor])][::-1])

    def _parameters(self, descriptor: str) -> int:
        """Return how many parameters a method has (4.3.3)."""
        at, count = 1, 0
        end = descriptor.rfind(")")
        while at < end:
            kind = descriptor[at]
            if kind == "L":
                at = descriptor.find(";", at, end)
            if at < 0 or (kind not in _BASE_TYPES and kind not in "L["):
                raise self._refused("calls a method whose descriptor is none")
            count += kind != "["
            at += 1
        return count
