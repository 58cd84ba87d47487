"""No check passes because of a name: which opcodes can occur, and what became of the others.

``dis.opmap`` is no evidence: since 3.12 it has LOAD_METHOD, which only the compiler uses. All
is derived from the captured tables of opcodes and from the lowering table.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from pycinspect.dialects import (
    DIALECTS,
    Dialect,
    LinearOperand,
    Role,
    as_written,
    linear_ops,
    linear_rules,
    lowering_of,
)
from pycinspect.values import Implementation
from pytest_pycinspect.view.code import CodeView
from pytest_pycinspect.view.instr import Kind, raw_kind

__all__ = [
    "ImpossibleCountWarning",
    "OpcodeNameError",
    "UnknownOpcodeError",
    "VacuousCheckError",
    "check_name",
    "first_with",
    "note_count",
    "opcode_operand",
    "resolve_name",
    "words_of_opcodes",
]


class OpcodeNameError(AssertionError):
    """A check names an opcode that cannot be there, whatever the code does."""


class VacuousCheckError(OpcodeNameError):
    """It is an opcode of other Pythons, of another view, or only inside the compiler."""


class UnknownOpcodeError(OpcodeNameError):
    """No Python has it."""


class ImpossibleCountWarning(UserWarning):
    """An opcode was counted that cannot be there: it is 0 whatever the code does."""


def resolve_name(opname: str) -> str:
    """Return the canonical op that a short spelling stands for: ``CONST`` is LOAD_CONST.

    Any other name is returned as it is.
    """
    return _short_names().get(opname, opname)


@cache
def _short_names() -> Mapping[str, str]:
    rows = linear_ops().values()
    return MappingProxyType({short: row.name for row in rows for short in row.short})


def check_name(opname: str, code: CodeView, *, negative: bool | None = None) -> None:
    """Do nothing if an opcode can occur in code, whoever wrote the code.

    Args:
        opname: its name; in the view ``ops`` a short spelling, too.
        code: where it is looked for; what it was compiled by, and the view, count.
        negative: whether it is said that it is not there, which would always be true; None
            where that is not known, as for ``in``, which ``assert not`` can follow.

    Raises:
        VacuousCheckError: it cannot, on this Python or in this view; what became of it.
        UnknownOpcodeError: no Python has it; the message has a name like it.
    """
    __tracebackhide__ = True
    dialect, view = code.dialect, code.view
    name = resolve_name(opname) if view == "ops" else opname
    if not code.strict_names or name in _possible(dialect, view):
        return
    if name not in _known():
        raise UnknownOpcodeError(_unknown(opname, dialect, view))
    raise VacuousCheckError(
        f"{opname} cannot occur in {_VIEWS[view]} of Python {code.python},"
        f" so this check {_VERDICTS[negative]}: {_became(name, dialect, view)}"
    )


_VERDICTS: Mapping[bool | None, str] = MappingProxyType(
    {
        True: "would always pass",
        False: "can never be met",
        None: "has one answer whatever the code does",
    }
)


def note_count(opname: str, code: CodeView) -> None:
    """Warn if what is counted cannot be there: sums over the names of several Pythons have such.

    Raises:
        UnknownOpcodeError: no Python has it.
    """
    try:
        check_name(opname, code)
    except VacuousCheckError as error:
        warnings.warn(f"counted as 0: {error}", ImpossibleCountWarning, stacklevel=3)


_VIEWS: Mapping[str, str] = MappingProxyType(
    {"ops": "canonical ops", "raw": "the instructions", "adaptive": "the adaptive code"}
)


# --- What can occur ----------------------------------------------------------------------------

_IN_FILES = frozenset({Role.REAL})
_IN_MEMORY = frozenset({Role.REAL, Role.SPECIALISED, Role.INSTRUMENTED})


@lru_cache(maxsize=128)
def _possible(dialect: Dialect, view: str) -> frozenset[str]:
    if view == "ops":
        return _linear(dialect)
    return _opcodes(dialect, _IN_FILES if view == "raw" else _IN_MEMORY)


@lru_cache(maxsize=512)
def _opcodes(dialect: Dialect, roles: frozenset[Role]) -> frozenset[str]:
    if dialect.bytecode is None:
        return frozenset()
    return frozenset(row.name for row in dialect.bytecode.opcodes.opcodes if row.role in roles)


def _lowered(names: Iterable[str], dialect: Dialect) -> set[str]:
    """Return the canonical ops that opcodes are."""
    rows = lowering_of(dialect).rows
    return {
        template.kind.name for name in names for row in rows.get(name, ()) for template in row.ops
    }


#: What ``linearize`` makes of others by itself: a call with names, displays, threaded jumps.
_MADE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "KW_NAMES": frozenset({"CALL_KW"}),
        "BUILD_CONST_KEY_MAP": frozenset({"BUILD_MAP", "LOAD_CONST"}),
        "LIST_EXTEND": frozenset({"BUILD_LIST", "LOAD_CONST"}),
        "POP_JUMP_IF_TRUE": frozenset({"POP_JUMP_IF_FALSE"}),
        "POP_JUMP_IF_FALSE": frozenset({"POP_JUMP_IF_TRUE"}),
    }
)


@lru_cache(maxsize=128)
def _linear(dialect: Dialect) -> frozenset[str]:
    """Return the canonical ops that can occur in sequences of a dialect's code."""
    found = _lowered(_opcodes(dialect, _IN_FILES), dialect)
    rules = [rule for group in linear_rules(dialect).values() for rule in group]
    size = 0
    while size < len(found):
        size = len(found)
        for rule in rules:
            if all(term.name in found for term in rule.pattern):
                found.update(term.name for term in rule.becomes)
        for name in found & _MADE.keys():
            found |= _MADE[name]
    kinds = linear_ops()
    return frozenset(name for name in found if kinds[name].operand is not LinearOperand.DROPPED)


# --- What their operands are -----------------------------------------------------------------


def opcode_operand(opname: str, dialect: Dialect) -> Kind | None:
    """Return what the operand of an interpreter's opcode is, None for one that it has not."""
    known = None if dialect.bytecode is None else dialect.bytecode.opcodes.by_name.get(opname)
    return None if known is None else raw_kind(known.operand)


def first_with(op: str) -> str:
    """Return the first Python that has a canonical op as an opcode of its own."""
    return next((_number(row) for row in _dialects() if op in _opcodes(row, _IN_FILES)), "1.0")


@cache
def words_of_opcodes(op: str) -> Mapping[str, str]:
    """Return the operands of a canonical op by the ends of the opcodes that once were it.

    ``ADD`` of BINARY_ADD is ``+``.
    """
    found: dict[str, str] = {}
    for dialect in _dialects():
        for opcode, rows in lowering_of(dialect).rows.items():
            for template in rows[0].ops[:1]:
                if template.kind.name == op and isinstance(template.literal, str):
                    found.setdefault(opcode.partition("_")[2], as_written(template.literal))
    return MappingProxyType(found)


# --- What became of the others -----------------------------------------------------------------


@cache
def _dialects() -> tuple[Dialect, ...]:
    """Return the released CPythons and PyPys whose opcodes are known, the oldest first."""
    rows = (row for row in DIALECTS if row.bytecode is not None)
    wanted = (row for row in rows if row.implementation in _NAMED)
    return tuple(sorted(wanted, key=lambda row: row.python))


_NAMED = frozenset({Implementation.CPYTHON, Implementation.PYPY})


@cache
def _known() -> frozenset[str]:
    """Return every name that any Python has, and all canonical ops."""
    found = set(linear_ops())
    for dialect in _dialects():
        found.update(_opcodes(dialect, frozenset(Role)))
    return frozenset(found)


def _became(name: str, dialect: Dialect, view: str) -> str:
    """Return what a name was, until when, and what there is instead."""
    rows = [row for row in _dialects() if name in _opcodes(row, _IN_MEMORY)]
    owners = [row for row in rows if row.implementation is dialect.implementation] or rows
    if not owners:
        is_canonical = name in linear_ops()
        return _ONLY_CANONICAL if is_canonical else _ONLY_INSIDE
    instead = _instead(_ops_of(name, owners[-1]), dialect, view)
    if dialect not in owners:
        return f"it is an opcode of {_span(owners)}; {_when(owners, dialect)} {instead}"
    if name in _opcodes(dialect, _IN_FILES):
        return f"it is an opcode of its own instructions (see .raw); in canonical ops {instead}"
    return "it is an opcode of code that has run, only in memory (see .adaptive)"


_ONLY_CANONICAL = "there is no such opcode, and canonical ops leave it out or do not have it here"
_ONLY_INSIDE = "only the compiler, or the running interpreter, uses it"


def _ops_of(name: str, dialect: Dialect) -> list[str]:
    """Return the canonical ops of an opcode."""
    assert dialect.bytecode is not None
    base = dialect.bytecode.opcodes.by_name[name].base
    rows = lowering_of(dialect).rows.get(base, ())
    return list(dict.fromkeys(part.kind.name for row in rows for part in row.ops))


def _instead(ops: list[str], dialect: Dialect, view: str) -> str:
    """Return what a dialect has for canonical ops: them, or the opcodes that are most like them."""
    possible = _possible(dialect, view)
    names = [name for name in ops if name in possible]
    if view != "ops":
        wanted = set(ops) - _COMMON or set(ops)
        extra = {name: _lowered([name], dialect) - _COMMON or _COMMON for name in possible}
        fewest = min((len(made - wanted) for made in extra.values() if made & wanted), default=0)
        names = sorted(
            n for n, made in extra.items() if made & wanted and len(made - wanted) == fewest
        )
    if not names:
        return "nothing takes its place"
    return f"there is {' and '.join(names[:_MOST_NAMES])}"


_MOST_NAMES = 4
#: Ops that so many opcodes are made of that they tell nothing.
_COMMON = frozenset({"PUSH_NULL", "POP_TOP", "SWAP", "COPY", "LOAD_CONST", "TO_BOOL"})


def _number(dialect: Dialect) -> str:
    prefix = "PyPy " if dialect.implementation is Implementation.PYPY else ""
    return prefix + ".".join(map(str, dialect.python))


def _span(owners: list[Dialect]) -> str:
    first, last = _number(owners[0]), _number(owners[-1])
    return first if first == last else f"{first} to {last}"


def _when(owners: list[Dialect], dialect: Dialect) -> str:
    """Return since when, or until when, it is not there."""
    same = [row for row in _dialects() if row.implementation is dialect.implementation]
    after = [row for row in same if row.python > owners[-1].python]
    if after and after[0].python <= dialect.python:
        return f"since {_number(after[0])}"
    return f"in {_number(dialect)}"


def _unknown(opname: str, dialect: Dialect, view: str) -> str:
    from difflib import get_close_matches  # only for this message

    names = {*_possible(dialect, view), *(_short_names() if view == "ops" else ())}
    near = get_close_matches(opname, sorted(names), 2, 0.6)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no Python has an opcode {opname}{hint}"
