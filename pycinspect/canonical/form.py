"""The canonical form of a code object: what it means, whatever Python wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from html import escape
from types import MappingProxyType

from pycinspect.canonical.assignments import Order, by_name, in_parallel, without_unused
from pycinspect.canonical.frames import is_lazy, parameters
from pycinspect.canonical.graph import (
    Annotation,
    Node,
    build,
    lazy_annotations,
    without_annotations,
    without_safe_loads,
)
from pycinspect.canonical.machine import Machine
from pycinspect.canonical.minimise import Merged, classes_of, graph_digest, merged, numbered
from pycinspect.canonical.nested import Children, children_of
from pycinspect.canonical.notes import Note
from pycinspect.canonical.optimizing import KEEPS_DOCSTRINGS
from pycinspect.canonical.order import reverse_postorder
from pycinspect.canonical.planes import (
    Plane,
    annotations_plane,
    has_indented_docstring,
    named_parameters,
    outer_planes,
)
from pycinspect.canonical.rules import RULES
from pycinspect.canonical.statements import Statement, labels_of, raw_statements, statements_of
from pycinspect.canonical.structural import nameless_order, renamed
from pycinspect.canonical.text import Budget
from pycinspect.canonical.values import Value, Values, digest_of
from pycinspect.canonical.work import Work
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.values import Level, brief, visible

__all__ = ["Form", "Level", "canonicalize"]


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
        planes: the digest of each plane that the level compares.
        children: code objects inside it, in the order of their lines; comprehensions and
            ``__annotate__`` are not among them, but what is inside those is.
        notes: what was erased although a program could see it.
        problem: why it is not canonicalised, else None.
    """

    code: Code
    dialect: Dialect
    level: Level
    graph: tuple[Merged, ...]
    planes: Mapping[Plane, bytes]
    children: tuple[Code, ...]
    notes: frozenset[Note]
    problem: str | None = field(default=None)

    def __repr__(self) -> str:
        return f"<Form of {brief(self.code.qualname)}, {self.level.value}>"

    @cached_property
    def digest(self) -> bytes | None:
        """16 bytes that are the same for equal forms; None where there is a problem."""
        if self.problem is not None:
            return None
        hashed = blake2b(self.level.value.encode(), digest_size=16)
        for plane in Plane:
            hashed.update(self.planes.get(plane, b""))
        return hashed.digest()

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The instructions, as a person reads them; at level exact as they are."""
        if self.level is Level.EXACT:
            return raw_statements(self.code, self.dialect)
        return statements_of(self.graph, Budget(self.code))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Form):
            return NotImplemented
        return self.digest is not None and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def _repr_html_(self) -> str:
        """Return the statements as a table, for a notebook."""
        labels = labels_of(self.statements)
        rows = "".join(
            f"<tr><td>{'' if row.line is None else row.line}</td><td>{labels.get(place, '')}</td>"
            f"<td><code>{_html(row.shown(labels) + row.guarded(labels))}</code></td></tr>"
            for place, row in enumerate(self.statements)
        )
        title = _html(f"{self.code.qualname}, level {self.level.value}")
        problem = "" if self.problem is None else f"<p>{_html(self.problem)}</p>"
        return f"<p>{title}</p>{problem}<table>{rows}</table>"

    def differing(self, other: Form) -> list[Plane]:
        """Return the planes, of those that the level compares, that differ."""
        ours, theirs = self.planes, other.planes
        return [plane for plane in Plane if ours.get(plane) != theirs.get(plane)]


def _html(text: str) -> str:
    return escape(visible(text))


def canonicalize(
    code: Code,
    dialect: Dialect,
    level: Level = Level.SEMANTIC,
    *,
    work: Work | None = None,
    optimize: int = 0,
) -> Form:
    """Return the canonical form of a code object, not of those inside it.

    Args:
        code: the code object; any at all can be asked about.
        dialect: who wrote it, ``CodeFile.dialect``.
        level: how much must be the same for two forms to be equal.
        work: what that may cost, together with other code objects; None for this one alone.
        optimize: the form is that of the code without what ``-O`` (1) or ``-OO`` (2) leaves
            out, if it was compiled at a lower level; not at level exact.

    Returns:
        The form. Where a limit is reached, or the code makes no sense, its ``problem`` says
        so, and it is equal to no other.

    Raises:
        PycInspectError: ``unknown-opcodes`` where nobody captured the dialect's opcodes.
    """
    try:
        if level is Level.EXACT:
            return _exact(code, dialect)
        return _form(code, dialect, level, work or Work.for_codes([code]), optimize)
    except PycInspectError as error:
        if error.slug == "unknown-opcodes":
            raise
        return _refused(code, dialect, level, error)


def _form(code: Code, dialect: Dialect, level: Level, work: Work, optimize: int) -> Form:
    machine = Machine(
        dialect,
        RULES,
        work,
        folds=level is not Level.STRICT,
        closures=level is Level.STRUCTURAL,
        optimize=optimize,
    )
    outer = outer_planes(code, dialect, level, has_docstring=optimize <= KEEPS_DOCSTRINGS)
    graph, annotations, children = _graph(machine, code, level)
    if optimize <= KEEPS_DOCSTRINGS and has_indented_docstring(code, dialect):
        machine.notes.add(Note.DOCSTRING_DEDENT)
    if not optimize and _has_dead_functions(code, machine):  # else those of assertions are, too
        machine.notes.add(Note.DEAD_CODE)
    planes = {
        Plane.INSTRUCTIONS: graph_digest(graph),
        Plane.ANNOTATIONS: annotations_plane(annotations),
        **outer,
    }
    return Form(
        code,
        dialect,
        level,
        tuple(graph),
        MappingProxyType(planes),
        children.codes,
        frozenset(machine.notes),
    )


def _exact(code: Code, dialect: Dialect) -> Form:
    """Return the form of the bytes as they are, which need not make any sense."""
    constants = Values().constant((code.code, code.exceptiontable, code.flags, code.stacksize))
    planes = {
        Plane.INSTRUCTIONS: digest_of(constants),
        Plane.ANNOTATIONS: b"",  # they are instructions
        **outer_planes(code, dialect, Level.EXACT),
    }
    inside = tuple(part for part in code.consts if isinstance(part, Code))
    exact = MappingProxyType(planes)
    return Form(code, dialect, Level.EXACT, (), exact, inside, frozenset())


def _has_dead_functions(code: Code, machine: Machine) -> bool:
    """Return whether there is code inside it that no path loads."""
    inside = (part for part in code.consts if isinstance(part, Code))
    return any(id(part) not in machine.loaded for part in inside)


def _refused(code: Code, dialect: Dialect, level: Level, error: PycInspectError) -> Form:
    known = Level.STRICT if level is Level.EXACT else level  # constants may be what is too much
    planes = {
        Plane.INSTRUCTIONS: b"",
        Plane.ANNOTATIONS: b"",
        **outer_planes(code, dialect, known),
    }
    inside = {id(part): part for part in code.consts if isinstance(part, Code)}
    children, problem = children_of(code, inside).codes, f"{error.slug}: {error.message}"
    return Form(code, dialect, level, (), MappingProxyType(planes), children, frozenset(), problem)


def _at_once(machine: Machine, nodes: list[Node], order: Order) -> list[Node]:
    """Return the graph with stores to local variables that happen at once, and what they need."""
    stored = in_parallel(nodes, machine.values, machine.notes, order)
    has_gone = Note.DEAD_STORES in machine.notes  # what was kept for it is kept for nobody
    return without_unused(stored, machine.values) if has_gone else stored


def _notes_of_unbound(nodes: Sequence[Node], machine: Machine) -> Iterator[Note]:
    """Yield what was erased that shows where a variable is not bound, and that may be so."""
    if not machine.notes_of_unbound:
        return
    for index in reverse_postorder([node.after for node in nodes]):
        word, *parts = nodes[index].payload
        read = parts[0] if word == "load" else None
        if isinstance(read, Value) and read in machine.notes_of_unbound:
            yield machine.notes_of_unbound[read]


def _graph(
    machine: Machine, code: Code, level: Level
) -> tuple[list[Merged], list[Annotation], Children]:
    format_value = machine.values.constant(1) if is_lazy(code) else None
    nodes: list[Node] = build(machine, code, format_value)
    nodes = without_safe_loads(nodes, parameters(code), code.freevars, classes_of)
    machine.notes.update(_notes_of_unbound(nodes, machine))
    nodes, annotations = without_annotations(nodes, machine.work)
    annotations += lazy_annotations(machine)
    nodes = without_unused(nodes, machine.values)
    children = children_of(code, machine.loaded, machine.inlined)
    machine.values.tell_apart(children.ordinals)  # before anything is sorted by its digest
    if level is Level.STRICT:
        return numbered(nodes), annotations, children
    if level is Level.SEMANTIC:
        return merged(_at_once(machine, nodes, by_name)), annotations, children
    graph = merged(_at_once(machine, nodes, nameless_order(machine.values)))
    first = (*named_parameters(code), *machine.free_variables(code))
    return renamed(graph, machine.values, first), annotations, children
