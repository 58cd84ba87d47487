"""All that the instructions of a code object do, on paths that a run takes and on others."""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.canonical.frames import is_lazy
from pycinspect.canonical.graph import (
    Site,
    build,
    lazy_annotations,
    without_annotations,
)
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.nested import children_of
from pycinspect.canonical.order import reverse_postorder
from pycinspect.canonical.rules import RULES
from pycinspect.canonical.states import Payload
from pycinspect.canonical.work import Work
from pycinspect.dialects import Dialect
from pycinspect.pyc import Code

__all__ = ["Happening", "Happenings", "happenings_of"]


class Happening(NamedTuple):
    """One event, at one instruction; of those paths that meet, each has its own.

    Args:
        payload: what happens: a word, then values and words.
        sites: where: the instruction; before it, those that evaluate comprehensions around it.
    """

    payload: Payload
    sites: tuple[Site, ...]


class Happenings(NamedTuple):
    """What a code object does.

    Args:
        events: each before those that it leads to, but for jumps back.
        children: code objects inside it, as ``Form.children``.
    """

    events: tuple[Happening, ...]
    children: tuple[Code, ...]


def happenings_of(code: Code, dialect: Dialect) -> Happenings:
    """Return all that the code does; nothing that the compiler kept is left out as dead.

    Comprehensions are part of it on all versions. Operators of constants are computed where
    the compiler did it, and annotations of variables are left out.

    Args:
        code: the code object.
        dialect: who wrote it, ``CodeFile.dialect``.

    Raises:
        PycInspectError: ``not-canonical``, with the reason; as ``lower``.
    """
    machine = Machine(dialect, RULES, Work.for_codes([code]), folds=False, everything=True)
    argument = machine.values.constant(1) if is_lazy(code) else None
    nodes = build(machine, code, argument)
    # Handlers of what cannot raise anything follow no event.
    followed = {index for node in nodes for index in node.after}
    roots = [0, *(index for index in range(1, len(nodes)) if index not in followed)]
    nodes, _ = without_annotations(nodes, machine.work)
    lazy_annotations(machine)  # what is inside them is inside the code
    children = children_of(code, machine.loaded, machine.inlined)
    order = reverse_postorder([node.after for node in nodes], roots)
    events = tuple(Happening(nodes[index].payload, nodes[index].sites) for index in order)
    return Happenings(events, children.codes)
