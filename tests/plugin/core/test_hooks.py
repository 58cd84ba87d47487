"""What a conftest.py may change about instructions."""

from __future__ import annotations

import pytest


def test_constants_are_compared_as_a_plugin_wants_them(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_pycinspect_normalize_operand(value):
            return "<home>" if isinstance(value, str) and value.startswith("/home/") else None
        """
    )
    pytester.makepyfile(
        """
        def f():
            return "/home/me/app", "/tmp", g("/home/me")

        def test_it(bytecode_of):
            code = bytecode_of(f)
            assert "LOAD_CONST '<home>'" in code
            assert "LOAD_CONST '/tmp'" in code
            assert "LOAD_CONST '/home/me'" not in code
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
