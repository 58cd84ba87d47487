"""The fixtures. What they need is imported inside them: pytest loads this at every start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import BytecodeOf, Compiled
    from pytest_pycinspect.golden import BytecodeGolden
    from pytest_pycinspect.interpreters import Interpreter, Interpreters
    from pytest_pycinspect.sandbox import Pycache, PycacheAudit
    from pytest_pycinspect.specialized import Specialized

__all__ = [
    "bytecode_golden",
    "bytecode_of",
    "compiled",
    "interpreter",
    "interpreters",
    "pycache",
    "pycache_audit",
    "specialized",
]


@pytest.fixture
def bytecode_of(request: pytest.FixtureRequest) -> BytecodeOf:
    """Return the bytecode of a function, class, module, code object, source or file."""
    from pytest_pycinspect.bytecode import BytecodeOf

    return BytecodeOf.for_item(request.node)


@pytest.fixture
def compiled(request: pytest.FixtureRequest) -> Compiled:
    """Return the bytecode of source text; nested code is found by its qualified name."""
    from pytest_pycinspect.bytecode import Compiled

    return Compiled.for_item(request.node)


@pytest.fixture
def bytecode_golden(request: pytest.FixtureRequest) -> BytecodeGolden:
    """Return what the bytecode was when it was last looked at, from a ``*.bytecode`` file."""
    from pytest_pycinspect.golden import BytecodeGolden
    from pytest_pycinspect.golden_session import begin

    begin(request.config)
    return BytecodeGolden.for_item(request.node)


@pytest.fixture
def specialized(request: pytest.FixtureRequest) -> Specialized:
    """Return a function's adaptive bytecode after it ran in a clean child process."""
    from pytest_pycinspect.specialized import Specialized

    return Specialized.for_item(request.node)


@pytest.fixture
def pycache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pycache]:
    """Yield a temporary project whose caches can be written, damaged and imported."""
    from pytest_pycinspect.sandbox import Pycache

    with Pycache.for_item(request.node, tmp_path_factory) as sandbox:
        yield sandbox


@pytest.fixture
def pycache_audit(request: pytest.FixtureRequest) -> Iterator[PycacheAudit]:
    """Yield what happens to the project's caches while the test runs."""
    from pytest_pycinspect.sandbox import PycacheAudit

    with PycacheAudit.for_item(request.node) as audit:
        yield audit


@pytest.fixture(scope="session")
def interpreters(request: pytest.FixtureRequest) -> Interpreters:
    """Return the Pythons that are installed here, found when they are asked for."""
    from pytest_pycinspect.interpreters import Interpreters

    return Interpreters.for_config(request.config)


@pytest.fixture
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    """Return the Python of this run of a test that is marked ``interpreters``."""
    from pytest_pycinspect.interpreters import interpreter_of

    return interpreter_of(request)
