"""What users see of the fixtures: their types, and what ``pytest --fixtures`` says."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path

import pytest
from mypy import api

import pytest_pycinspect
from pytest_pycinspect import fixtures

TYPED = """
    from __future__ import annotations

    from pytest_pycinspect import (
        Bytecode, BytecodeGolden, BytecodeOf, CacheEvent, Compiled, Count, Instr, Interpreter,
        Interpreters, ImportsAtStartup, Match, Pycache, PycacheAudit, Relation, Specialized,
        SpecializedBytecode, StartupImports, Tree, op, pattern,
    )


    def add(a: int, b: int) -> int:
        return a + b


    def test_all(
        bytecode_of: BytecodeOf,
        compiled: Compiled,
        bytecode_golden: BytecodeGolden,
        specialized: Specialized,
        pycache: Pycache,
        pycache_audit: PycacheAudit,
        interpreters: Interpreters,
        interpreter: Interpreter,
        imports_at_startup: ImportsAtStartup,
    ) -> None:
        code: Bytecode = bytecode_of(add, optimize=1, python=interpreter)
        tree: Tree = code.tree
        first: Instr = code[0]
        matched: Match = code.matches([op.LOAD_FAST("a"), ..., pattern("RETURN_VALUE")])
        same: Relation = code.same_as(add)
        count: Count = tree.count("LOAD_FAST")
        event: CacheEvent = pycache.import_("m")
        assert matched and same and count == 2 and event.hit and first.opname
        assert code == bytecode_golden and code == bytecode_golden("more")
        assert "BINARY_OP_ADD_INT" in specialized(add, 1, 2, times=10)
        assert compiled("x = 1", python=interpreters["3.9"])["f"].folds_to(3)
        adaptive: SpecializedBytecode = specialized(add, 1, 2).then(3, 4)
        assert adaptive.deoptimized == ()
        imports: StartupImports = imports_at_startup("json")
        assert "asyncio" not in imports.loaded and "re" in imports.static
        assert pycache_audit.rewritten == [] and "LOAD_FAST" not in code.loops[0]
"""


def test_a_test_with_types_of_all_fixtures_is_well_typed(tmp_path: Path) -> None:
    test = tmp_path / "test_typed.py"
    test.write_text(textwrap.dedent(TYPED), "utf-8")
    cache = f"--cache-dir={tmp_path / 'cache'}"
    output, errors, status = api.run(["--strict", "--follow-imports=silent", cache, str(test)])
    assert (output.strip(), errors, status) == ("Success: no issues found in 1 source file", "", 0)


@pytest.mark.parametrize("name", fixtures.__all__)
def test_the_type_of_a_fixture_is_public(name: str) -> None:
    function = inspect.unwrap(getattr(fixtures, name)._get_wrapped_function())
    annotation = function.__annotations__["return"]
    kind = re.sub(r"Iterator\[(.*)\]", r"\1", annotation)
    assert kind in pytest_pycinspect.__all__
    assert getattr(pytest_pycinspect, kind).__name__ == kind


def test_pytest_shows_arguments_and_an_example_of_each(pytester: pytest.Pytester) -> None:
    output = pytester.runpytest_inprocess("--fixtures", "-v").stdout.str()
    for name in fixtures.__all__:
        text = re.search(
            rf"^{name}( \[session scope\])? -- .*\n((?:    .*\n|\n)+)", output, re.MULTILINE
        )
        assert text is not None, name
        assert "Example:" in text[2], name
        assert re.search(rf"def test_\w+\(.*\b{name}\b.*\):", text[2]), name
        assert re.search(rf"\b{name}(\(|\[|\.\w+)", text[2].partition("Example:")[0]), name
