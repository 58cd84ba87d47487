"""What each canonical op does to the symbolic stack: one function an op."""

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.canonical.machine import Rule
from pycinspect.canonical.rules import (
    blocks,
    calls,
    displays,
    jumps,
    operators,
    patterns,
    python2,
    variables,
)

__all__ = ["RULES"]

_ROOMS = (variables, operators, displays, calls, jumps, blocks, patterns, python2)

RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for room in _ROOMS for name, rule in room.RULES.items()}
)
