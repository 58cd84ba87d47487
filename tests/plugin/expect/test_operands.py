"""An operand that an op never has is refused: that it is not there would always be true."""

from __future__ import annotations

import pytest

from pytest_pycinspect import PatternError, bytecode_of


@pytest.mark.parametrize(
    ("expected", "wanted"),
    [
        ("LOAD_CONST x", "a constant"),
        ("LOAD_FAST <code f>", "a name"),
        ("CALL x", "a number"),
        ("CALL_KW x", "a number and names"),
        ("RETURN_VALUE 1", "no operand"),
        ("JUMP x", "a target"),
        ("BINARY_OP <code f>", "an operator"),
        ("CONST x", "LOAD_CONST takes"),
    ],
)
def test_operand_of_another_kind(expected: str, wanted: str) -> None:
    code = bytecode_of("f(1)")
    with pytest.raises(PatternError, match=wanted):
        assert expected not in code
    with pytest.raises(PatternError, match=wanted):
        code.contains(f"...; never {expected}; ...")


def test_what_can_be_there_is_not_refused() -> None:
    code = bytecode_of("f(1)")
    for expected in ("LOAD_CONST 'x'", "LOAD_NAME 'x'", "CALL 7", "BINARY_OP +", "CALL _"):
        assert isinstance(expected in code, bool)
