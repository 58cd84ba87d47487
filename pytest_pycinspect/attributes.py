"""What the attributes of objects are, without running any code of theirs."""

from __future__ import annotations

import sys
from types import (
    ClassMethodDescriptorType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import NamedTuple

__all__ = ["UNKNOWN", "Instance", "New", "attribute", "in_classes"]


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


def attribute(owner: object, name: str) -> list[object]:
    """Return what an attribute of an object may be, without running any code."""
    if owner is UNKNOWN or isinstance(owner, New):
        return [UNKNOWN]
    if isinstance(owner, ModuleType):
        submodule = sys.modules.get(f"{owner.__name__}.{name}", UNKNOWN)
        return [vars(owner).get(name, submodule)]
    if isinstance(owner, Instance):
        found = in_classes(owner.cls, name)
        is_method = isinstance(found, (FunctionType, *_DESCRIPTORS))
        has_others = bool(owner.cls.__dictoffset__)
        return [found if is_method else UNKNOWN, *([UNKNOWN] if has_others else [])]
    if isinstance(type(owner).__getattribute__, FunctionType):
        return [UNKNOWN]
    if isinstance(owner, type):
        found = in_classes(owner, name)
        if found is not UNKNOWN:
            return [_bound(found, None, owner)]
    own = getattr(owner, "__dict__", {})
    found = in_classes(type(owner), name)
    if name in own and not hasattr(type(found), "__set__"):
        return [own[name]]
    return [_bound(found, owner, type(owner))]


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
    if isinstance(found, staticmethod):
        return found.__func__
    if isinstance(found, classmethod):
        return MethodType(found.__func__, cls)
    if isinstance(found, FunctionType):
        return found if owner is None else MethodType(found, owner)
    if isinstance(found, _DESCRIPTORS):
        return found.__get__(owner, cls)
    return UNKNOWN if hasattr(type(found), "__get__") else found
