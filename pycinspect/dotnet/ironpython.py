"""What of a .NET assembly is IronPython's: the modules that ``clr.CompileModules`` put there.

IronPython loads an assembly's modules if it has a public class ``DLRCachedCode`` with a static method
``GetScriptCodeInfo`` that is marked with ``DlrCachedCodeAttribute`` (``SavableScriptCode`` of the DLR).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pycinspect.dotnet.image import Window
from pycinspect.dotnet.tables import Metadata, compressed, read_metadata
from pycinspect.errors import PycInspectError

__all__ = ["IronModule", "IronPythonAssembly", "is_ironpython", "parse_ironpython"]

_TYPE_REF, _TYPE_DEF, _METHOD, _MEMBER_REF = 0x01, 0x02, 0x06, 0x0A
_ATTRIBUTE, _ASSEMBLY_REF = 0x0C, 0x23
#: Flags of types and methods (II.23.1.15, II.23.1.10).
_VISIBILITY, _PUBLIC = 0x07, 0x01
_STATIC, _SPECIAL_NAME = 0x0010, 0x0800
_CLASS, _ENTRY = "DLRCachedCode", "GetScriptCodeInfo"
_MARK = ("Microsoft.Scripting.Runtime", "DlrCachedCodeAttribute")
_GLOBALS = "CachedOptimizedCodeAttribute"
_PROLOG = b"\x01\0"
_NULL = 0xFF


class IronModule(NamedTuple):
    """A module in an assembly.

    Args:
        method: the method that runs it, ``"name$0"``.
        names: its global names, as the compiler found them.
    """

    method: str
    names: tuple[str, ...]


class IronPythonAssembly(NamedTuple):
    """An assembly that IronPython loads modules from.

    Args:
        made_with: the version of the assembly ``IronPython`` that it was compiled with; None without one.
        modules: its modules, in the order of their methods.
        functions: the methods of functions and class bodies, in their order: ``"name$1"``.
    """

    made_with: tuple[int, int, int, int] | None
    modules: tuple[IronModule, ...]
    functions: tuple[str, ...]


class _Method(NamedTuple):
    number: int
    flags: int
    name: str


def is_ironpython(data: bytes) -> bool:
    """Return whether a file is an assembly that IronPython would load modules from.

    Args:
        data: the file.

    >>> is_ironpython(b"MZ and what a DOS program has")
    False
    """
    try:
        parse_ironpython(data)
    except PycInspectError:
        return False
    return True


def parse_ironpython(data: bytes) -> IronPythonAssembly:
    """Read the modules of an assembly that IronPython's compiler wrote.

    Args:
        data: the file.

    Raises:
        PycInspectError: ``not-an-assembly``; ``not-ironpython`` for every other assembly;
            ``bad-metadata``, ``truncated``.
    """
    metadata = read_metadata(data)
    methods = list(_methods_of_class(metadata))
    marks = {(method, name): blob for method, name, blob in _attributes(metadata)}
    lists = {method: blob for (method, (_, name)), blob in marks.items() if name == _GLOBALS}
    entry = next((one for one in methods if one.name == _ENTRY and _is_entry(one)), None)
    if entry is None or (entry.number, _MARK) not in marks:
        message = "is a .NET assembly that IronPython loads no modules from"
        raise PycInspectError("not-ironpython", message, offset=0)
    names = _lists(metadata, lists, len(data))
    modules = [IronModule(one.name, names[one.number]) for one in methods if one.number in names]
    others = (one.name for one in methods if one.number not in names and "$" in one.name)
    return IronPythonAssembly(_version(metadata), tuple(modules), tuple(others))


def _is_entry(method: _Method) -> bool:
    return bool(method.flags & _STATIC and method.flags & _SPECIAL_NAME)


def _methods_of_class(metadata: Metadata) -> Iterator[_Method]:
    """Yield the methods of the public class ``DLRCachedCode`` without namespace."""
    types = list(metadata.rows(_TYPE_DEF))
    count = sum(1 for _ in metadata.rows(_METHOD))
    for index, row in enumerate(types):
        flags, name, namespace, first = row[0], row[1], row[2], row[5]
        if metadata.strings.text(name) != _CLASS or metadata.strings.text(namespace):
            continue
        if flags & _VISIBILITY != _PUBLIC:
            continue
        end = types[index + 1][5] if index + 1 < len(types) else count + 1
        for method in range(first, min(end, count + 1)):
            _, _, method_flags, method_name, *_ = metadata.row(_METHOD, method)
            yield _Method(method, method_flags, metadata.strings.text(method_name))


def _lists(metadata: Metadata, blobs: dict[int, int], room: int) -> dict[int, tuple[str, ...]]:
    """Read the global names of each module; all together they are no longer than the file."""
    found = {}
    for method, index in blobs.items():
        blob = metadata.blob(index)
        room -= len(blob)
        if room < 0:
            message = "attributes share their arguments as no compiler makes them do"
            raise PycInspectError("too-large", message, offset=metadata.blobs.start + index)
        found[method] = tuple(_names(blob))
    return found


def _attributes(metadata: Metadata) -> Iterator[tuple[int, tuple[str, str], int]]:
    """Yield the custom attributes of methods: the method, the attribute's class, its blob."""
    for parent, constructor, blob in metadata.rows(_ATTRIBUTE):
        table, method = metadata.coded("HasCustomAttribute", parent)
        kind, reference = metadata.coded("CustomAttributeType", constructor)
        if table != _METHOD or kind != _MEMBER_REF:
            continue
        owner, index = metadata.coded("MemberRefParent", metadata.row(_MEMBER_REF, reference)[0])
        if owner != _TYPE_REF:
            continue
        _, name, namespace = metadata.row(_TYPE_REF, index)
        names = metadata.strings.text(namespace), metadata.strings.text(name)
        yield method, names, blob


def _names(blob: bytes) -> Iterator[str]:
    """Read the only argument of an attribute, an array of strings (II.23.3)."""
    window = Window(blob, 0, len(blob))
    if window.bytes(0, 2) != _PROLOG:
        raise PycInspectError("bad-metadata", "an attribute has no prolog", offset=0)
    at = 6
    for _ in range(window.number(2, 4)):
        if window.number(at, 1) == _NULL:
            at += 1
            continue
        size, at = compressed(window, at)
        yield window.bytes(at, size).decode("utf-8", "replace")
        at += size


def _version(metadata: Metadata) -> tuple[int, int, int, int] | None:
    for row in metadata.rows(_ASSEMBLY_REF):
        if metadata.strings.text(row[6]) == "IronPython":
            return row[0], row[1], row[2], row[3]
    return None
