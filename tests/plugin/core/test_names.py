"""No check passes because an opcode has gone: every name that a Python lacks is refused."""

from __future__ import annotations

import dis
from dataclasses import replace

import pytest

from pycinspect.dialects import DIALECTS, Dialect, Role, linear_ops
from pytest_pycinspect import Bytecode, VacuousCheckError, bytecode_of
from pytest_pycinspect.view.names import UnknownOpcodeError, check_name, resolve_name

#: Releases since 3.8, as hosts or as compilers.
DIALECT_NAMES = [*(f"cpython-3.{minor}" for minor in range(8, 16)), "pypy-3.9"]


def opcodes(dialect: Dialect, *roles: Role) -> set[str]:
    assert dialect.bytecode is not None
    return {row.name for row in dialect.bytecode.opcodes.opcodes if row.role in roles}


def every_opcode() -> set[str]:
    """Return the opcodes of code of every release since 3.8."""
    return set().union(*(opcodes(DIALECTS[name], Role.REAL) for name in DIALECT_NAMES))


def lost(dialect: Dialect) -> list[str]:
    """Return the opcodes that a release since 3.8 has, and this one has not."""
    return sorted(every_opcode() - opcodes(dialect, Role.REAL))


def some_function(x):
    return x.name


FUNCTION = bytecode_of(some_function)


def code_of(name: str, view: str = "raw") -> Bytecode:
    """Return code of which a name is checked as if another Python had made it."""
    code = FUNCTION
    origin = replace(code._origin, dialect=DIALECTS[name])
    return Bytecode(code.code, origin, view)


RUNNING = DIALECTS.running()


@pytest.mark.parametrize("opname", lost(RUNNING))
def test_a_negative_check_of_an_opcode_that_this_python_lost_raises(opname: str) -> None:
    code = code_of(RUNNING.name)
    with pytest.raises(VacuousCheckError, match=rf"^{opname} cannot occur .*: it is an opcode of"):
        assert opname not in code


@pytest.mark.parametrize("opname", sorted(every_opcode() - set(linear_ops())))
def test_a_negative_check_of_what_is_no_canonical_op_raises(opname: str) -> None:
    code = code_of(RUNNING.name, "ops")
    with pytest.raises(VacuousCheckError, match=rf"^{opname} cannot occur in canonical ops of"):
        assert opname not in code


@pytest.mark.parametrize("name", DIALECT_NAMES)
def test_every_opcode_that_a_version_lacks_is_refused_in_its_code(name: str) -> None:
    code, missing = code_of(name), lost(DIALECTS[name])
    assert missing
    for opname in missing:
        for negative in (True, False):
            with pytest.raises(VacuousCheckError):
                check_name(opname, code, negative=negative)


@pytest.mark.parametrize("name", DIALECT_NAMES)
def test_every_opcode_that_a_version_has_can_be_asked_for(name: str) -> None:
    for opname in opcodes(DIALECTS[name], Role.REAL):
        check_name(opname, code_of(name), negative=True)


@pytest.mark.parametrize("name", DIALECT_NAMES)
def test_an_opcode_that_canonical_ops_merge_is_refused_everywhere(name: str) -> None:
    for opname in ("LOAD_METHOD", "BINARY_ADD", "RETURN_CONST", "RESUME", "DUP_TOP", "PUSH_NULL"):
        with pytest.raises(VacuousCheckError):
            check_name(opname, code_of(name, "ops"), negative=True)


@pytest.mark.parametrize(
    ("opname", "message"),
    [
        (
            "LOAD_METHOD",
            (
                "LOAD_METHOD cannot occur in canonical ops of Python {}, so this check would always"
                " pass: it is an opcode of 3.7 to 3.11; since 3.12 there is LOAD_ATTR"
            ),
        ),
        ("BINARY_ADD", "an opcode of 1.0 to 3.10; since 3.11 there is BINARY_OP"),
        ("JUMP_ABSOLUTE", "an opcode of 1.0 to 3.10; since 3.11 there is JUMP"),
        ("SETUP_WITH", "an opcode of 2.7 to 3.10; since 3.11 there is BEFORE_WITH"),
        ("LOAD_SMALL_INT", "it is an opcode of 3.14 to 3.15; in 3.13 there is LOAD_CONST"),
        ("END_FINALLY", "since 3.9 nothing takes its place"),
    ],
)
def test_the_message_says_what_became_of_it(opname: str, message: str) -> None:
    code = code_of("cpython-3.13", "ops")
    with pytest.raises(VacuousCheckError) as caught:
        check_name(opname, code, negative=True)
    assert message.format(code.python) in str(caught.value)


def test_a_name_that_only_the_compiler_uses_is_no_evidence() -> None:
    pseudo = opcodes(RUNNING, Role.PSEUDO) & set(dis.opmap)
    for opname in pseudo - opcodes(RUNNING, Role.REAL):
        with pytest.raises(VacuousCheckError):
            assert opname not in FUNCTION.raw


def test_specialised_instructions_are_in_memory_only() -> None:
    specialised = min(opcodes(RUNNING, Role.SPECIALISED))
    assert specialised not in FUNCTION.adaptive
    for code in (FUNCTION, FUNCTION.raw):
        with pytest.raises(VacuousCheckError, match="only in memory"):
            assert specialised not in code


@pytest.mark.parametrize(("wrong", "right"), [("LOAD_FAZT", "LOAD_FAST"), ("RETRUN", "RETURN")])
def test_a_misspelt_name_is_an_error_with_a_suggestion(wrong: str, right: str) -> None:
    with pytest.raises(UnknownOpcodeError, match=rf"did you mean {right}"):
        assert wrong not in FUNCTION


def test_other_ways_to_ask_refuse_it_as_well() -> None:
    code = FUNCTION
    for check in (
        lambda: "BINARY_ADD" in code.tree,
        lambda: code.index("BINARY_ADD"),
        lambda: code.find("BINARY_ADD"),
        lambda: code.contains("BINARY_ADD"),
        lambda: not code.matches("...; BINARY_ADD; ..."),
        lambda: code.matches("never BINARY_ADD"),
        lambda: "BINARY_ADD _" not in code,
    ):
        with pytest.raises(VacuousCheckError):
            check()


def test_strict_names_can_be_switched_off() -> None:
    code = FUNCTION
    code = Bytecode(code.code, replace(code._origin, strict_names=False))
    assert "BINARY_ADD" not in code


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("CONST", "LOAD_CONST"),
        ("RETURN", "RETURN_VALUE"),
        ("BINARY", "BINARY_OP"),
        ("COMPARE", "COMPARE_OP"),
        ("JUMP_IF_FALSE", "POP_JUMP_IF_FALSE"),
        ("JUMP_IF_TRUE", "POP_JUMP_IF_TRUE"),
        ("LOAD_FAST", "LOAD_FAST"),
        ("NOTHING", "NOTHING"),
    ],
)
def test_short_spellings(short: str, full: str) -> None:
    assert resolve_name(short) == full
