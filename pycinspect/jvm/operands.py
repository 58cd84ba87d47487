"""What the operand of a JVM instruction names, as text."""

from __future__ import annotations

from pycinspect.jvm.classfile import ClassFile
from pycinspect.jvm.instructions import JvmInstruction
from pycinspect.jvm.pool import Constant

__all__ = ["constant_text", "operand_text"]

_MEMBERS = frozenset({"Fieldref", "Methodref", "InterfaceMethodref"})
_WITH_BOOTSTRAP = frozenset({"Dynamic", "InvokeDynamic"})


def constant_text(index: int, java: ClassFile) -> str:
    """Return what a constant is: ``Class.name(descriptor)`` of a member, a string's literal.

    Args:
        index: its number in the pool.
        java: the class.

    Raises:
        PycInspectError: ``bad-pool-index``.
    """
    constant = java.pool.constant(index)
    if constant.kind in _MEMBERS:
        owner, name, descriptor = java.pool.member(index)
        separator = "" if descriptor.startswith("(") else ":"
        return f"{owner}.{name}{separator}{descriptor}"
    if constant.kind == "String":
        return repr(java.pool.text(index))
    if constant.kind == "Class":
        return java.pool.text(index)
    return _plain_text(constant, java)


def _plain_text(constant: Constant, java: ClassFile) -> str:
    if not isinstance(constant.value, tuple):
        return str(constant.value)
    if constant.kind in _WITH_BOOTSTRAP:
        name, descriptor = java.pool.name_and_type(constant.value[1])
        return f"{constant.kind} {name}{descriptor}"
    return f"{constant.kind} {' '.join(str(number) for number in constant.value)}"


def operand_text(instruction: JvmInstruction, java: ClassFile) -> str:
    """Return the operands of an instruction as text, "" where it has none.

    Args:
        instruction: one of a method of the class.
        java: the class, whose constants it names.

    Raises:
        PycInspectError: ``bad-pool-index``.
    """
    if instruction.name.endswith("switch"):
        *pairs, default = instruction.operands
        keys, targets = pairs[::2], pairs[1::2]
        cases = [f"{key}: {target}" for key, target in zip(keys, targets, strict=True)]
        return ", ".join([*cases, f"default: {default}"])
    parts = [str(operand) for operand in instruction.operands]
    if instruction.pool_index is not None:
        parts.insert(0, constant_text(instruction.pool_index, java))
    return ", ".join(parts)
