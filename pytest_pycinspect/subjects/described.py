"""What an object is that has no bytecode, in words: it is not said by its type alone."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from types import MappingProxyType, ModuleType

from pycinspect.values import brief

__all__ = ["described", "is_written_in_c", "unread_module"]

#: ``Py_TPFLAGS_HEAPTYPE`` (``Include/object.h``): of what a ``class`` statement makes, among others.
_HEAP_TYPE = 1 << 9
_METHOD = "method"
_NATIVE: Mapping[type, str] = MappingProxyType(
    {
        types.BuiltinFunctionType: "function",
        types.MethodDescriptorType: _METHOD,
        types.ClassMethodDescriptorType: "class method",
        types.WrapperDescriptorType: _METHOD,
        types.MethodWrapperType: _METHOD,
        types.GetSetDescriptorType: "attribute",
        types.MemberDescriptorType: "attribute",
    }
)
_IN_C = "written in C: it has no bytecode"


def described(wanted: object) -> str:
    """Return what an object without code is.

    >>> described(len)
    'len is a function written in C: it has no bytecode'
    >>> described(3)
    '3 is an object of class int: it has no bytecode, its methods may have'
    """
    kind = type(wanted)
    native = next((word for base, word in _NATIVE.items() if isinstance(wanted, base)), None)
    if native is not None:
        owner = getattr(wanted, "__self__", None)
        is_method = owner is not None and not isinstance(owner, ModuleType)
        article = "an" if native[0] in "aeiou" else "a"
        return f"{_name(wanted)} is {article} {_METHOD if is_method else native} {_IN_C}"
    has = f"{kind.__qualname__}.__call__ may have" if callable(wanted) else "its methods may have"
    what = brief(_shown(wanted), _SHOWN)
    return f"{what} is an object of class {kind.__qualname__}: it has no bytecode, {has}"


#: Characters of a ``repr`` in a message.
_SHOWN = 80


def _name(wanted: object) -> str:
    return str(getattr(wanted, "__qualname__", None) or _shown(wanted))


def _shown(wanted: object) -> str:
    try:
        return repr(wanted)
    except Exception as error:  # noqa: BLE001 - whatever somebody's own repr raises
        return f"<{type(wanted).__qualname__}, whose repr raises {type(error).__name__}>"


def is_written_in_c(wanted: type) -> bool:
    """Return whether no ``class`` statement made a class."""
    return not wanted.__flags__ & _HEAP_TYPE


def unread_module(module: ModuleType | None, name: str) -> str | None:
    """Return why there is no source or cache of a module to read, None if there may be.

    Args:
        module: the module, None where it is not imported any more.
        name: its name.
    """
    if module is None:
        return f"module {name} is not in sys.modules"
    why = _why(module, name)
    return None if why is None else f"module {name} comes from no Python file: {why}"


def _why(module: ModuleType, name: str) -> str | None:
    spec = getattr(module, "__spec__", None)
    file = getattr(module, "__file__", None)
    if name in sys.builtin_module_names or str(file).endswith(tuple(EXTENSION_SUFFIXES)):
        return "it is written in C"
    if isinstance(file, str):
        archive = _archive(file)
        return None if archive is None else f"it is in the archive {archive}"
    if name == "__main__":
        return "it is a REPL's, or that of python -c"
    if spec is not None and spec.submodule_search_locations is not None:
        return "it is a namespace package"
    return "it was made while the program ran"


def _archive(file: str) -> str | None:
    """Return the file that a path goes on below, as zipimport's do; None for a usual one."""
    if os.path.exists(file):
        return None
    parent = os.path.dirname(file)
    while parent != os.path.dirname(parent):
        if os.path.isfile(parent):
            return parent
        parent = os.path.dirname(parent)
    return None
