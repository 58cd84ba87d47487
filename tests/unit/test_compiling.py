"""Sources to code, by this interpreter and by others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pycinspect.compiling import CompileLimits, Interpreter, compile_source, find_interpreter
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
        ("echo this is no Python", "no-interpreter"),
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
