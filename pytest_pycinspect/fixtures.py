"""The fixtures. What they need is imported inside them: pytest loads this at every start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pycinspect.asking import BytecodeOf, Compiled
    from pytest_pycinspect.golden.goldens import BytecodeGolden
    from pytest_pycinspect.imports.startup import ImportsAtStartup
    from pytest_pycinspect.interpreters import Interpreter, Interpreters
    from pytest_pycinspect.sandbox import Pycache, PycacheAudit
    from pytest_pycinspect.specialized.fixture import Specialized

__all__ = [
    "bytecode_golden",
    "bytecode_of",
    "compiled",
    "imports_at_startup",
    "interpreter",
    "interpreters",
    "pycache",
    "pycache_audit",
    "specialized",
]


@pytest.fixture
def bytecode_of(request: pytest.FixtureRequest) -> BytecodeOf:
    """Return the bytecode of a function, class, module, code object, source or file.

    bytecode_of(obj, *, view="ops", optimize=None, python=None, pristine=True) -> Bytecode

    view: "ops", the same on every Python; "raw" or "adaptive", the interpreter's own.
    optimize: how often -O is given; python: the version or path of another interpreter.
    pristine: compile its file anew, without what pytest makes of assertions.

    Example:
        def test_it(bytecode_of):
            assert "LOAD_GLOBAL" not in bytecode_of(total).loops[0]
    """
    from pytest_pycinspect.asking import BytecodeOf

    return BytecodeOf.for_item(request.node)


@pytest.fixture
def compiled(request: pytest.FixtureRequest) -> Compiled:
    """Return the bytecode of source text; nested code is found by its qualified name.

    compiled(source, *, name="m", optimize=None, python=None) -> Bytecode

    name: what it is called in messages; optimize, python: as those of bytecode_of.

    Example:
        def test_it(compiled):
            assert compiled("def f(): return 2 * 3", python="3.9")["f"].folds_to(6)
    """
    from pytest_pycinspect.asking import Compiled

    return Compiled.for_item(request.node)


@pytest.fixture
def bytecode_golden(request: pytest.FixtureRequest) -> BytecodeGolden:
    """Return what the bytecode was when it was last looked at, from a ``*.bytecode`` file.

    bytecode_golden(name) -> one more golden of the same test

    pytest --pycinspect-update writes the file, which is next to the test's.

    Example:
        def test_it(bytecode_of, bytecode_golden):
            assert bytecode_of(total) == bytecode_golden
    """
    from pytest_pycinspect.golden.goldens import BytecodeGolden
    from pytest_pycinspect.golden.session import begin

    begin(request.config)
    return BytecodeGolden.for_item(request.node)


@pytest.fixture
def specialized(request: pytest.FixtureRequest) -> Specialized:
    """Return a function's adaptive bytecode after it ran in a clean child process.

    specialized(f, *args, times=100, **kwargs) -> Bytecode

    times: how often it is called; args, kwargs: with what, which must be picklable.
    .then(*args): the same, called further; .deoptimized: what is not specialised as before

    Example:
        def test_it(specialized):
            assert "BINARY_OP_ADD_INT" in specialized(add, 1, 2)
    """
    from pytest_pycinspect.specialized.fixture import Specialized

    return Specialized.for_item(request.node)


@pytest.fixture
def pycache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pycache]:
    """Yield a temporary project whose caches can be written, damaged and imported.

    pycache.write("pkg.mod", source), .edit(…), .touch(…), .delete(…), .move(…): sources
    pycache.compile("mod", mode="checked-hash"), .corrupt("mod", magic=…): caches
    pycache.import_("mod"), .run("import mod", python="3.9", flags=["-B"]) -> CacheEvent
    pycache.run_module("mod"), .pack("lib.zip", "mod"): python -m, modules in zip files

    Example:
        def test_it(pycache):
            pycache.write("m", "x = 1")
            assert pycache.import_("m").written == "created"
            assert pycache.import_("m").hit
    """
    from pytest_pycinspect.sandbox.items import sandbox_of

    with sandbox_of(request.node, tmp_path_factory) as sandbox:
        yield sandbox


@pytest.fixture
def pycache_audit(request: pytest.FixtureRequest) -> Iterator[PycacheAudit]:
    """Yield what happens to the project's caches while the test runs.

    pycache_audit.created, .rewritten, .removed, .stale, .orphaned: lists of paths

    Example:
        def test_it(pycache_audit):
            run_my_tool()
            assert pycache_audit.rewritten == []
    """
    from pytest_pycinspect.sandbox import PycacheAudit

    with PycacheAudit.for_item(request.node) as audit:
        yield audit


@pytest.fixture
def imports_at_startup(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ImportsAtStartup:
    """Return what importing a module loads in a new process, and what it says it imports.

    imports_at_startup(module, *, site=False) -> StartupImports
    .loaded, .static: names of modules; "asyncio" in …: of what nobody can say it is an error

    Example:
        def test_it(imports_at_startup):
            assert "asyncio" not in imports_at_startup("json").loaded
    """
    from pytest_pycinspect.imports.startup import ImportsAtStartup

    return ImportsAtStartup.for_item(request.node, tmp_path_factory)


@pytest.fixture(scope="session")
def interpreters(request: pytest.FixtureRequest) -> Interpreters:
    """Return the Pythons that are installed here, found when they are asked for.

    interpreters[version] -> Interpreter; a missing one skips the test

    Example:
        def test_it(interpreters, compiled):
            assert compiled("x = 1", python=interpreters["3.9"]).consts == [1, None]
    """
    from pytest_pycinspect.interpreters import Interpreters

    return Interpreters.for_config(request.config)


@pytest.fixture
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    """Return the Python of this run of a test that is marked ``interpreters``.

    interpreter.version, .path, .name: "3.9.18", its executable, "cpython-3.9"

    Example:
        @pytest.mark.interpreters("3.9", "3.13")
        def test_it(interpreter, compiled):
            assert "x" in compiled("x = 1", python=interpreter).names
    """
    from pytest_pycinspect.interpreters import interpreter_of

    return interpreter_of(request)
