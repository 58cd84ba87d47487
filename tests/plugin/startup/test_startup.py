"""What pytest imports where the plugin is installed, and nothing needs it."""

from __future__ import annotations

import sys

import pytest

OURS = {f"pytest_pycinspect{name}" for name in ("", ".fixtures", ".plugin", ".session")}
#: Of the standard library, if nobody else had imported them.
SMALL = {"contextvars", "_contextvars"}
CONFTEST = """
    import sys

    def pytest_sessionfinish():
        print("modules:", *sorted(sys.modules), file=open("modules.txt", "w"))
"""


def modules(pytester: pytest.Pytester, *options: str) -> set[str]:
    """Return what a run of pytest has imported in the end."""
    result = pytester.runpytest_subprocess("-p", "no:randomly", *options)
    assert result.ret == pytest.ExitCode.OK
    return set((pytester.path / "modules.txt").read_text("utf-8").split()[1:])


@pytest.fixture
def unused(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_it(number, tmp_path):
            assert number in (0, 1, 2)
    """)
    return pytester


def test_unused_it_imports_four_small_modules(unused: pytest.Pytester) -> None:
    plain = modules(unused, "-p", "no:pycinspect")
    assert modules(unused) - plain - SMALL == OURS


def test_a_failing_test_of_somebody_else_imports_nothing_more(unused: pytest.Pytester) -> None:
    unused.makepyfile("""
        import pytest

        @pytest.mark.xfail
        def test_it():
            assert [1, 2] == [1, 3]
    """)
    plain = modules(unused, "-p", "no:pycinspect")
    assert modules(unused) - plain - SMALL == OURS


def test_the_library_is_imported_as_it_is_and_not_rewritten(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from pytest_pycinspect import op")
    pytester.makepyfile("""
        import sys

        def test_it(bytecode_of):
            import pycinspect
            assert "LOAD_FAST" in bytecode_of(lambda x: x)
            ours = [module for name, module in sys.modules.items() if name.startswith("pycinspect")]
            assert len(ours) > 10
            kinds = {type(module.__loader__).__name__ for module in ours}
            assert kinds == {"SourceFileLoader"}
    """)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_the_import_system_is_left_as_it_was(pytester: pytest.Pytester) -> None:
    before = list(sys.meta_path)
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    assert sys.meta_path == before
