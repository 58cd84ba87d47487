"""Sources to code, by this interpreter and by others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pycinspect.compiling import (
    UNGUARDED_SIZE,
    CompileLimits,
    Compilers,
    Interpreter,
    compile_source,
    find_interpreter,
)
from pycinspect.compiling import worker as worker_module
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.values import InvalidationMode
from tests.oracles import WANTED, Oracle, find_oracles

SOURCE = b'''\
"""Documentation."""
def f(a):
    assert a
    return "text"
'''
#: Its import would leave a file behind.
TRAITOR = "import os\nopen({!r}, 'w').close()\n"

NATIVE = [name for name in WANTED if not name.startswith("pyodide")]


@pytest.fixture(params=NATIVE)
def native(request: pytest.FixtureRequest) -> Oracle:
    found = find_oracles().get(request.param)
    if found is None:
        pytest.skip(f"oracle {request.param} is not installed")
    return found


def refused(source: bytes, filename: str = "a.py", by: Interpreter | None = None) -> str:
    with pytest.raises(PycInspectError) as caught:
        compile_source(source, filename, interpreter=by)
    assert caught.value.slug == "does-not-compile"
    return str(caught.value)


# --- By the running interpreter ----------------------------------------------------------


def test_the_running_interpreter() -> None:
    compiled = compile_source(SOURCE, "a.py")
    assert compiled.header.dialect is DIALECTS.running()
    assert compiled.header.mode is InvalidationMode.TIMESTAMP
    assert compiled.code.filename == "a.py"
    assert [code.qualname for code in compiled.code.walk()] == ["<module>", "f"]
    assert compiled.trailing == 0


@pytest.mark.parametrize("level", range(4))
def test_levels(level: int) -> None:
    code = compile_source(SOURCE, "a.py", optimize=level).code
    assert ("Documentation." in code.consts) == (level < 2)
    assert ("AssertionError" in code.find("f").names) <= (level == 0)


def test_a_source_that_does_not_compile_is_one_line_with_its_place() -> None:
    assert refused(b"x = 1\nx = = 2\n") == "a.py:2: SyntaxError: invalid syntax"


@pytest.mark.parametrize(
    "source",
    [b"\0", b"# coding: nobody-knows\n", b"x = '\xff'\n", b"return", b"(" * 500, b"-" * 100_000 + b"1"],
    ids=range(6),
)  # fmt: skip
def test_bad_sources(source: bytes) -> None:
    assert "\n" not in refused(source)


def test_bad_names() -> None:
    assert refused(b"", "a\0b.py").isprintable()
    assert refused(b"", "a\0b.py", find_interpreter(sys.executable)).isprintable()
    assert refused(b"", "\ud800.py", find_interpreter(sys.executable)).isprintable()


def test_bytes_of_a_name_that_are_no_text_are_kept() -> None:
    assert compile_source(b"", "\udcff.py").code.filename == "\udcff.py"


def test_warnings_are_nobodys_business() -> None:
    compile_source(b"x = 1 is 1\ny = '\\d'\n", "a.py")  # pytest turns warnings into errors


def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    compile_source(TRAITOR.format(os.fspath(trace)).encode(), "a.py")
    assert not trace.exists()


# --- By another one ------------------------------------------------------------------------


def test_every_interpreter(native: Oracle) -> None:
    other = find_interpreter(os.fspath(native.program))
    assert (other.dialect.name, other.version) == (native.dialect, native.version)

    code = compile_source(SOURCE, "ä\udcff.py", interpreter=other).code
    assert [inner.name for inner in code.walk()] == ["<module>", "f"]
    assert code.filename == "ä\udcff.py"
    assert "AssertionError" in code.find("f").names or other.dialect.python >= (3, 9)

    optimized = compile_source(SOURCE, "a.py", interpreter=other, optimize=2).code
    assert not {"Documentation.", b"Documentation."} & set(optimized.consts)
    assert refused(b"x = 1\nx = = 2\n", by=other) == "a.py:2: SyntaxError: invalid syntax"
    assert "\n" not in refused(b"x\n" * 3 + b"\0", by=other)


def test_nothing_is_run_there_either(native: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    trace = tmp_path / "trace"
    traitor = TRAITOR.format(os.fspath(trace))
    for module in ("marshal", "binascii", "site", "sitecustomize", "warnings", "encodings"):
        (tmp_path / f"{module}.py").write_text(traitor)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", os.fspath(tmp_path / "site.py"))
    other = find_interpreter(os.fspath(native.program))
    compile_source(traitor.encode(), "a.py", interpreter=other)
    assert not trace.exists()


def test_this_interpreter_twice() -> None:
    other = find_interpreter(sys.executable)
    here = compile_source(SOURCE, "a.py").code
    assert compile_source(SOURCE, "a.py", interpreter=other).code == here


def test_time_is_limited() -> None:
    other = find_interpreter(sys.executable)
    with pytest.raises(PycInspectError) as caught:
        compile_source(SOURCE, "a.py", interpreter=other, limits=CompileLimits(seconds=0.0001))
    assert caught.value.slug == "compile-timeout"


@pytest.mark.parametrize("name", ["cpython-2.7", "cpython-3.6", "pypy-3.9"])
def test_versions_are_found_by_name(name: str) -> None:
    if name not in find_oracles():
        pytest.skip(f"oracle {name} is not installed")
    implementation, _, version = name.partition("-")
    found = find_interpreter(version if implementation == "cpython" else name)
    assert found.dialect.name == name
    assert found.version.startswith(f"{version}.")


@pytest.mark.parametrize("wanted", ["0.1", "pypy1.0", "no-such-command", "/", "", "a\0b"])
def test_what_there_is_not(wanted: str) -> None:
    with pytest.raises(PycInspectError) as caught:
        find_interpreter(wanted)
    assert caught.value.slug == "no-interpreter"


@pytest.mark.skipif(os.name != "posix", reason="a script as an executable")
@pytest.mark.parametrize(
    ("answer", "slug"),
    [
        ("exit 1", "no-interpreter"),
        ("echo this is not Python", "no-interpreter"),
        ("echo zz - 3.9.1", "no-interpreter"),
        ("echo 00000d0a - 9.9.9", "unknown-dialect"),
    ],
)
def test_strange_executables(answer: str, slug: str, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    with pytest.raises(PycInspectError) as caught:
        find_interpreter(os.fspath(program))
    assert caught.value.slug == slug


@pytest.mark.skipif(os.name != "posix", reason="a script as an executable")
@pytest.mark.parametrize(
    "answer", ["exit 3", "echo 6", "echo zz", "echo; exit 65", "echo zz; exit 65"]
)
def test_an_interpreter_that_dies(answer: str, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    other = Interpreter(os.fspath(program), DIALECTS["cpython-3.9"], "3.9.1", ())
    with pytest.raises(PycInspectError) as caught:
        compile_source(SOURCE, "a.py", interpreter=other)
    assert caught.value.slug == "interpreter-failed"


# --- Limits --------------------------------------------------------------------------------

#: Compiling it takes 400 bytes of memory for each byte.
NESTED = b"x = [" + b"(1,), " * 50_000 + b"]\n"
MIB = 1024 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is not enforced everywhere")
def test_memory_is_limited(native: Oracle) -> None:
    other = find_interpreter(os.fspath(native.program))
    with Compilers(CompileLimits(memory=24 * MIB)) as compilers:
        with pytest.raises(PycInspectError) as caught:
            compilers.compile(NESTED, "a.py", interpreter=other)
        assert caught.value.slug == "compile-memory"
        assert caught.value.path == "a.py"
        # The next source has as much as any.
        assert compilers.refusal(SOURCE, "b.py", interpreter=other) is None
        assert compilers.refusal(b"x = = 2", "c.py", interpreter=other) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is not enforced everywhere")
def test_memory_is_limited_for_the_running_interpreter_too() -> None:
    with pytest.raises(PycInspectError) as caught:
        compile_source(NESTED, "a.py", limits=CompileLimits(memory=24 * MIB))
    assert caught.value.slug == "compile-memory"


def test_deep_nesting_is_no_lack_of_memory(native: Oracle) -> None:
    other = find_interpreter(os.fspath(native.program))
    with Compilers() as compilers:
        refusal = compilers.refusal(b"(" * 500, "a.py", interpreter=other)
    assert refusal is not None
    assert refusal.exception in {"SyntaxError", "MemoryError"}


def test_after_a_timeout_the_next_source_is_compiled() -> None:
    with Compilers(CompileLimits(seconds=0.0001)) as compilers:
        with pytest.raises(PycInspectError, match=r"more than 0\.0001 seconds"):
            compilers.compile(SOURCE, "a.py")
        compilers._limits = CompileLimits()
        assert compilers.compile(SOURCE, "a.py").code.find("f")


def test_bytecode_is_limited() -> None:
    with pytest.raises(PycInspectError) as caught:
        compile_source(
            b"x = " + repr("a" * 10_000).encode(), "a.py", limits=CompileLimits(answer=100)
        )
    assert caught.value.slug == "too-large"


# --- One process for many sources ------------------------------------------------------------


def test_one_process_serves_many_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    plain = worker_module.Worker
    monkeypatch.setattr(worker_module, "Worker", lambda *a: started.append(a) or plain(*a))
    with Compilers() as compilers:
        for number in range(20):
            file = compilers.compile(f"x = {number}".encode(), f"m{number}.py")
            assert (file.code.filename, number in file.code.consts) == (f"m{number}.py", True)
        assert compilers.refusal(b"(", "a.py") is not None
        assert compilers.refusal(b"x", "a.py", optimize=1) is None
    assert [level for _, level, _ in started] == [0, 1]


def test_a_process_that_died_is_replaced() -> None:
    with Compilers() as compilers:
        compilers.compile(SOURCE, "a.py")
        (worker,) = compilers._workers.values()
        worker._process.kill()
        worker._process.wait()
        assert compilers.compile(SOURCE, "a.py").code.find("f")


def test_processes_are_gone_at_the_end_whatever_happens() -> None:
    with pytest.raises(KeyboardInterrupt), Compilers() as compilers:  # noqa: PT012
        compilers.compile(SOURCE, "a.py")
        (worker,) = compilers._workers.values()
        raise KeyboardInterrupt
    assert worker._process.returncode is not None
    assert worker._process.stdin is not None
    assert worker._process.stdin.closed


def test_an_interrupt_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer would be taken for that of the next source."""

    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    with Compilers() as compilers:
        compilers.compile(SOURCE, "a.py")
        (worker,) = compilers._workers.values()
        monkeypatch.setattr(worker, "_asked", interrupt)
        with pytest.raises(KeyboardInterrupt):
            compilers.compile(SOURCE, "a.py")
        assert worker._process.returncode is not None
        assert compilers.compile(SOURCE, "a.py").code.find("f")


# --- Where no process can be started -----------------------------------------------------------


@pytest.mark.parametrize("executable", ["", None, "/usr/sbin/uwsgi", "/nowhere/python3"])
def test_without_processes_small_sources_are_compiled_here(
    executable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert compile_source(SOURCE, "a.py").code.find("f")
    assert refused(b"x = 1\nx = = 2\n") == "a.py:2: SyntaxError: invalid syntax"
    with pytest.raises(PycInspectError) as caught:
        compile_source(b"#" * (UNGUARDED_SIZE + 1), "a.py")
    assert caught.value.slug == "compile-unguarded"


def test_what_is_trusted_is_compiled_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "Worker", None)
    with Compilers(trusted=True) as compilers:
        assert compilers.compile(b"#" * (UNGUARDED_SIZE + 1), "a.py").code.names == ()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_crash_is_one_line(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    other = Interpreter(os.fspath(program), DIALECTS["cpython-3.9"], "3.9.1", ())
    with pytest.raises(PycInspectError, match="was killed by SIGSEGV") as caught:
        compile_source(SOURCE, "a.py", interpreter=other)
    assert caught.value.slug == "interpreter-failed"
