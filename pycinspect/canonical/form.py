"""The canonical form of a code object: what it means, whatever Python wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType

from pycinspect.canonical.graph import (
    Annotation,
    Node,
    build,
    in_parallel,
    lazy_annotations,
    without_annotations,
    without_safe_loads,
)
from pycinspect.canonical.machine import Machine, is_lazy
from pycinspect.canonical.minimise import Merged, classes_of, merged, numbered
from pycinspect.canonical.nested import children_of
from pycinspect.canonical.planes import Plane, annotations_plane, outer_planes, parameters
from pycinspect.canonical.rules import RULES
from pycinspect.canonical.statements import Statement, payload_digest, statements_of
from pycinspect.canonical.structural import renamed
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import Level

__all__ = ["Form", "Level", "canonicalize"]


_COMPARED: Mapping[Level, frozenset[Plane]] = MappingProxyType(
    {
        Level.EXACT: frozenset(Plane),
        **dict.fromkeys(
            (Level.STRICT, Level.SEMANTIC, Level.STRUCTURAL),
            frozenset(
                {
                    Plane.INSTRUCTIONS,
                    Plane.SIGNATURE,
                    Plane.DOCSTRING,
                    Plane.ANNOTATIONS,
                    Plane.NAMES,
                }
            ),
        ),
    }
)


@dataclass(frozen=True, eq=False, repr=False)
class Form:
    """What one code object means; of those inside it, ``children`` says it.

    Two are equal if they were made at the same level, both could be canonicalised, and the
    planes that the level compares are equal.

    Args:
        code: the code object.
        dialect: who wrote it.
        level: how much must be the same.
        graph: its events, numbered depth first; empty where there is a problem.
        planes: the digest of each plane.
        children: code objects inside it, in the order of their lines; comprehensions and
            ``__annotate__`` are not among them, but what is inside those is.
        notes: slugs of what was erased although a program could see it.
        problem: why it is not canonicalised, else None.
    """

    code: Code
    dialect: Dialect
    level: Level
    graph: tuple[Merged, ...]
    planes: Mapping[Plane, bytes]
    children: tuple[Code, ...]
    notes: frozenset[str]
    problem: str | None = field(default=None)

    def __repr__(self) -> str:
        return f"<Form of {self.code.qualname}, {self.level.value}>"

    @cached_property
    def digest(self) -> bytes | None:
        """16 bytes that are the same for equal forms; None where there is a problem."""
        if self.problem is not None:
            return None
        hashed = blake2b(self.level.value.encode(), digest_size=16)
        for plane in Plane:
            if plane in _COMPARED[self.level]:
                hashed.update(self.planes[plane])
        return hashed.digest()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The instructions, as a person reads them."""
        return statements_of(self.graph)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Form):
            return NotImplemented
        return self.digest is not None and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def differing(self, other: Form) -> list[Plane]:
        """Return the planes, of those that the level compares, that differ."""
        return [
            plane
            for plane in Plane
            if plane in _COMPARED[self.level] and self.planes[plane] != other.planes[plane]
        ]


def canonicalize(code: Code, dialect: Dialect, level: Level = Level.SEMANTIC) -> Form:
    """Return the canonical form of a code object, not of those inside it.

    Args:
        code: the code object; any at all can be asked about.
        dialect: who wrote it, ``CodeFile.dialect``.
        level: how much must be the same for two forms to be equal.

    Returns:
        The form. Where a limit is reached, or the code makes no sense, its ``problem`` says
        so, and it is equal to no other.

    Raises:
        PycInspectError: ``unknown-opcodes`` where nobody captured the dialect's opcodes.
    """
    machine = Machine(dialect, RULES)
    try:
        graph, annotations = _graph(machine, code, level)
    except PycInspectError as error:
        if error.slug == "unknown-opcodes":
            raise
        return _refused(code, dialect, level, error)
    planes = {
        Plane.INSTRUCTIONS: _digest(graph),
        Plane.ANNOTATIONS: annotations_plane(annotations),
        **outer_planes(code, dialect, structural=level is Level.STRUCTURAL),
    }
    return Form(
        code,
        dialect,
        level,
        tuple(graph),
        MappingProxyType(planes),
        children_of(code, machine.made),
        frozenset(machine.notes),
    )


def _refused(code: Code, dialect: Dialect, level: Level, error: PycInspectError) -> Form:
    planes = {
        Plane.INSTRUCTIONS: b"",
        Plane.ANNOTATIONS: b"",
        **outer_planes(code, dialect, structural=level is Level.STRUCTURAL),
    }
    made = {id(part): part for part in code.consts if isinstance(part, Code)}
    children, problem = children_of(code, made), f"{error.slug}: {error.message}"
    return Form(code, dialect, level, (), MappingProxyType(planes), children, frozenset(), problem)


def _graph(machine: Machine, code: Code, level: Level) -> tuple[list[Merged], list[Annotation]]:
    format_value = machine.values.constant(1) if is_lazy(code) else None
    nodes: list[Node] = build(machine, code, format_value)
    machine.values.tell_apart(children_of(code, machine.made))
    nodes = without_safe_loads(nodes, parameters(code), code.freevars, classes_of)
    nodes, annotations = without_annotations(nodes)
    annotations += lazy_annotations(machine)
    if level in (Level.EXACT, Level.STRICT):
        return numbered(nodes), annotations
    graph = merged(in_parallel(nodes, machine.values))
    if level is Level.STRUCTURAL:
        graph = renamed(graph, machine.values)
    return graph, annotations


# --- Digest ---------------------------------------------------------------------------------


def _digest(graph: list[Merged]) -> bytes:
    """Return 16 bytes that are the same for equal graphs, in any process."""
    hashed = blake2b(digest_size=16)
    for node in graph:
        hashed.update(payload_digest(node.payload))
        hashed.update(repr((node.successors, node.handler)).encode())
    return hashed.digest()
