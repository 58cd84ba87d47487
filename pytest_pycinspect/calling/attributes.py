"""What the attributes of objects are, without running any code of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from types import (
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import NamedTuple

__all__ = ["UNKNOWN", "Instance", "New", "attribute", "in_classes", "is_a", "lacks"]


class Unknown:
    """What an expression is of which nothing is known."""


UNKNOWN = Unknown()


class New(NamedTuple):
    """An object that the code itself makes, such as a function in it."""

    kind: str


class Instance(NamedTuple):
    """An object of which only the class is known."""

    cls: type


_DESCRIPTORS = (MethodDescriptorType, WrapperDescriptorType, ClassMethodDescriptorType)


def is_a(value: object, *classes: type) -> bool:
    """Return whether an object is of a class, as ``isinstance``, which asks the object, too."""
    return issubclass(type(value), classes)


def attribute(owner: object, name: str) -> list[object]:
    """Return what an attribute of an object may be, without running any code."""
    if owner is UNKNOWN or type(owner) is New:
        return [UNKNOWN]
    if type(owner) is ModuleType:
        return [vars(owner).get(name, UNKNOWN)]
    if type(owner) is Instance:
        return _of_instance(owner.cls, name)
    cls = type(owner)
    if is_a(cls.__getattribute__, FunctionType):
        return [UNKNOWN]
    if isinstance(owner, type):
        found = in_classes(owner, name)
        if found is not UNKNOWN:
            return [_bound(found, None, owner)]
    own = _variables(owner)
    found = in_classes(cls, name)
    if name in own and not hasattr(type(found), "__set__"):
        return [own[name]]
    return [_bound(found, owner, cls)]


def lacks(owner: object, name: str) -> bool:
    """Return whether an object has no attribute of a name, and makes none when it is asked for.

    Only of modules, classes and objects whose attributes are looked up as usual.
    """
    if type(owner) is ModuleType:
        own = vars(owner)  # PEP 562: __getattr__
        return not {name, "__getattr__"} & own.keys() and not _is_submodule(own, name)
    if is_a(owner, Unknown, New, Instance):
        return False
    cls = type(owner)
    usual = type if issubclass(cls, type) else object
    if (
        cls.__getattribute__ is not usual.__getattribute__
        or in_classes(cls, "__getattr__") is not UNKNOWN
    ):
        return False
    bases = owner.__mro__ if isinstance(owner, type) else ()
    classes = (*bases, *cls.__mro__)
    return name not in _variables(owner) and all(name not in vars(base) for base in classes)


def _is_submodule(package: Mapping[str, object], name: str) -> bool:
    """Return whether a package has a module of a name, which may not be imported as yet."""
    path = package.get("__path__")
    full = f"{package.get('__name__')}.{name}"
    return isinstance(path, Iterable) and PathFinder.find_spec(full, [*path]) is not None


def _of_instance(cls: type, name: str) -> list[object]:
    """Return what an attribute of any object of a class may be."""
    found = in_classes(cls, name)
    known = found if is_a(found, FunctionType, *_DESCRIPTORS) else UNKNOWN
    return [known, UNKNOWN] if cls.__dictoffset__ else [known]


def _variables(owner: object) -> Mapping[str, object]:
    """Return the ``__dict__`` of an object, if it is one that the interpreter made."""
    found = in_classes(type(owner), "__dict__")
    if not is_a(found, GetSetDescriptorType, MemberDescriptorType):
        return {}
    variables = found.__get__(owner, type(owner))  # type: ignore[attr-defined] # just found
    return variables if isinstance(variables, Mapping) else {}


def in_classes(cls: type, name: str) -> object:
    """Return what a class or one of its bases has under a name."""
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), UNKNOWN)


def _bound(found: object, owner: object | None, cls: type) -> object:
    """Return what the lookup of an attribute makes of what the class has.

    Args:
        found: what the class has.
        owner: the object; None for the class itself.
        cls: the class.
    """
    if is_a(found, staticmethod):
        return found.__func__  # type: ignore[attr-defined] # just found
    if is_a(found, classmethod):
        return MethodType(found.__func__, cls)  # type: ignore[attr-defined] # just found
    if is_a(found, FunctionType):
        return found if owner is None else MethodType(found, owner)  # type: ignore[arg-type]
    if is_a(found, *_DESCRIPTORS):
        return found.__get__(owner, cls)  # type: ignore[attr-defined] # just found
    return UNKNOWN if hasattr(type(found), "__get__") else found
