"""The fixtures in a real session of pytest."""

from __future__ import annotations

from contextvars import Context
from pathlib import Path

import pytest

from pytest_pycinspect.subjects.sources import Request, sources_here


def test_the_fixtures_and_the_import(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import time
        from pytest_pycinspect import Bytecode, bytecode_of as imported, op

        def price(x):
            assert x, "a price"
            return x * 3

        def test_fixture(bytecode_of):
            code = bytecode_of(price)
            assert isinstance(code, Bytecode)
            assert code.notes == ()
            assert "time" not in code.globals
            assert code.at(6).matches("LOAD_FAST x; CONST 3; BINARY *; RETURN")
            assert imported(price) == code

        def test_compiled(compiled):
            module = compiled('''
                def f():
                    return 2 * 3
            ''', name="made")
            assert module["f"].folds_to(6)
            assert module.path == "made.py"

        def test_broken(bytecode_of):
            assert "BINARY *" not in bytecode_of(price)

        def test_vacuous(bytecode_of):
            assert "BINARY_MULTIPLY" not in bytecode_of(price)
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "*BINARY_MULTIPLY cannot occur in canonical ops of Python*, so this check*",
            "*it is an opcode of * to 3.10; since 3.11 there is BINARY_OP*",
        ]
    )


def test_strict_names_is_a_setting(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\npycinspect_strict_names = false\n")
    pytester.makepyfile(
        """
        def test_vacuous(bytecode_of, compiled):
            assert "BINARY_MULTIPLY" not in bytecode_of(test_vacuous)
            assert "BINARY_MULTIPLY" not in compiled("x = 1")
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_file_is_compiled_once_in_a_session(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from pycinspect import programs

        @pytest.fixture(autouse=True, scope="module")
        def counted():
            calls, plain = [], programs.read_subject
            patch = pytest.MonkeyPatch()
            patch.setattr(programs, "read_subject", lambda *a: calls.append(a) or plain(*a))
            yield
            patch.undo()
            assert len(calls) == 2, calls

        @pytest.mark.parametrize("number", range(5))
        def test_one(bytecode_of, number):
            assert "LOAD_FAST" in bytecode_of(test_one)

        def test_other_level(bytecode_of):
            assert "RETURN" in bytecode_of(test_one, optimize=1)
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=6)


def test_a_file_that_changes_is_compiled_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os

        def test_it(bytecode_of, tmp_path):
            path = tmp_path / "m.py"
            path.write_text("x = 1")
            assert 1 in bytecode_of(path).consts
            path.write_text("x = 2")
            os.utime(path, ns=(0, 1))
            assert 2 in bytecode_of(path).consts
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--assert=plain", "--assert=rewrite"])
def test_pristine_code_is_the_same_however_assertions_are_made(
    pytester: pytest.Pytester, option: str
) -> None:
    pytester.makepyfile(
        """
        class K:
            @staticmethod
            def method(x):
                assert x > 1 and x < 5
                return [y for y in range(x) if y]

        def test_it(bytecode_of):
            code = bytecode_of(K.method)
            assert code.notes == ()
            assert code.count("COMPARE") == 2
            assert "_call_reprcompare" not in code.names
            assert code.count("RAISE") == 1
        """
    )
    pytester.runpytest_inprocess(option).assert_outcomes(passed=1)


def test_the_imported_function_compiles_a_file_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import unittest
        from pytest_pycinspect import bytecode_of
        from pytest_pycinspect.subjects.sources import Sources

        def first(): return 1
        def second(): return 2

        read = Sources._read
        files = []
        Sources._read = lambda self, path, request: (files.append(path), read(self, path, request))[1]

        class Tests(unittest.TestCase):
            def test_first(self):
                assert bytecode_of(first).folds_to(1)

            def test_second(self):
                assert bytecode_of(second).folds_to(2)
                assert bytecode_of(first).folds_to(1)

            def test_with_the_fixture(self):
                assert len(files) == 1

        def test_fixture(bytecode_of):
            assert bytecode_of(first).folds_to(1)
            assert len(files) == 1
            Sources._read = read
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=4)


def test_without_pytest_a_file_is_compiled_once_a_process(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("x = 1\n")

    def compiled() -> object:
        return sources_here().file(str(source), Request())

    first, second = Context().run(compiled), Context().run(compiled)
    assert first is second
