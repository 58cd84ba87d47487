"""What of a Java class is Jython's: annotations, and the code list that its constructor makes.

``org.python.compiler.Module`` and ``CodeCompiler`` write it: for each code object a static field and
a method of one name, and in the constructor a call of ``Py.newCode`` with 13 arguments.
"""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.errors import PycInspectError
from pycinspect.jvm.asm import AnnotationReading, read_annotations
from pycinspect.jvm.classfile import CLASS_MAGIC, ClassFile, Member, parse_class
from pycinspect.jvm.evaluate import new_code_calls, pushed_int
from pycinspect.jvm.instructions import MethodBody, decode_method

__all__ = ["JythonClass", "JythonCode", "is_jython_class", "parse_jython_class"]

_CODE = "Lorg/python/core/PyCode;"
#: Bytes of code that are decoded of one class; Jython's own library has at most a tenth of it.
_MOST_CODE = 4 * 1024 * 1024
#: What ``PyTableCode`` sets in every code object: CO_WITH_STATEMENT is 0x8000.
_ALWAYS = 0x8010


class JythonCode(NamedTuple):
    """A code object of a Jython class.

    Args:
        name: ``co_name``.
        first_line: ``co_firstlineno``, 0 for the module.
        argument_count: ``co_argcount``.
        flags: ``co_flags``.
        varnames: ``co_varnames``.
        cellvars: ``co_cellvars``.
        freevars: ``co_freevars``.
        method: the name of the Java method that has its instructions.
        body: those instructions.
        lines: (offset of an instruction, line that begins there), from the calls of ``setline``.
    """

    name: str
    first_line: int
    argument_count: int
    flags: int
    varnames: tuple[str, ...]
    cellvars: tuple[str, ...]
    freevars: tuple[str, ...]
    method: str
    body: MethodBody | None
    lines: tuple[tuple[int, int], ...]


class JythonClass(NamedTuple):
    """A class file that Jython's compiler wrote.

    Args:
        java: the class.
        annotations: API version, MTime and Filename.
        codes: its code objects in the order of their ids, the module's first.
        embedded: the fields of those whose code is CPython 2.7's, since it is too large for
            Java; it is not read.
    """

    java: ClassFile
    annotations: AnnotationReading
    codes: tuple[JythonCode, ...]
    embedded: tuple[str, ...] = ()


def is_jython_class(data: bytes) -> bool:
    r"""Return whether a file is a Java class that says which Jython compiled it.

    Args:
        data: the file.

    >>> is_jython_class(b"\xca\xfe\xba\xbe and more")
    False
    """
    return data.startswith(CLASS_MAGIC) and read_annotations(data).api_version != -1


def parse_jython_class(data: bytes) -> JythonClass:
    """Read a class file that Jython's compiler wrote.

    Args:
        data: the file.

    Raises:
        PycInspectError: ``not-a-jython-class`` for another Java class, and what
            ``parse_class`` and ``decode_method`` raise.
    """
    java = parse_class(data)
    annotations = read_annotations(data)
    if annotations.api_version == -1:
        message = f"is the Java class {java.name}, which no Jython compiled"
        raise PycInspectError("not-a-jython-class", message, offset=0)
    codes = _codes(java)
    made = {code.method for code in codes}
    of_code = (field.name for field in java.fields if field.descriptor == _CODE)
    embedded = tuple(name for name in of_code if name not in made)
    return JythonClass(java, annotations, codes, embedded)


def _codes(java: ClassFile) -> tuple[JythonCode, ...]:
    methods = {method.name: method for method in java.methods}
    constructor = methods.get("<init>")
    body = None if constructor is None else decode_method(constructor, java)
    if body is None:
        raise PycInspectError("bad-class", "it has no constructor, which lists its code", offset=0)
    calls = new_code_calls(body, java)
    sizes = {name: _code_size(method, java) for name, method in methods.items()}
    if sum(sizes.get(field, 0) for field, _ in calls) > _MOST_CODE:
        raise PycInspectError("too-large", f"more than {_MOST_CODE} bytes of code", offset=0)
    return tuple(_code(arguments, field, methods.get(field), java) for field, arguments in calls)


def _code_size(method: Member, java: ClassFile) -> int:
    code = java.attribute("Code", method.attributes)
    return 0 if code is None else code.end - code.at


def _code(
    arguments: tuple[object, ...], field: str, method: Member | None, java: ClassFile
) -> JythonCode:
    """Return the code object of a call of ``Py.newCode(argcount, varnames, filename, name, …)``."""
    number, varnames, _, name, line, stars, keywords, _, _, cells, free, _, flags = arguments
    numbers = (number, line, stars, keywords, flags)
    if not all(isinstance(value, int) for value in numbers) or not isinstance(name, str):
        raise PycInspectError("bad-class", f"the code of {field} is made of other things", offset=0)
    total, first_line, has_stars, has_keywords, bits = (int(str(value)) for value in numbers)
    body = None if method is None else decode_method(method, java)
    return JythonCode(
        name=name,
        first_line=first_line,
        argument_count=total - has_stars - has_keywords,
        flags=bits | _ALWAYS | CodeFlag.VARARGS * has_stars | CodeFlag.VARKEYWORDS * has_keywords,
        varnames=_names(varnames),
        cellvars=_names(cells),
        freevars=_names(free),
        method=field,
        body=body,
        lines=() if body is None else tuple(_lines(body, java)),
    )


def _names(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


_SETLINE = ("org/python/core/PyFrame", "setline", "(I)V")


def _lines(body: MethodBody, java: ClassFile) -> list[tuple[int, int]]:
    """Return where lines begin: at ``aload_1; <int>; invokevirtual PyFrame.setline(I)V``."""
    found = []
    instructions = body.instructions
    for index in range(2, len(instructions)):
        call = instructions[index]
        if call.name != "invokevirtual" or call.pool_index is None:
            continue
        line = pushed_int(instructions[index - 1], java)
        if java.pool.member(call.pool_index) == _SETLINE and line is not None:
            found.append((instructions[index - 2].offset, line))
    return found
