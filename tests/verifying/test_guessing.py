"""The path under which a cache was compiled is guessed right, or the guess does no harm."""

from __future__ import annotations

import marshal
import os
import py_compile
from pathlib import Path

import pytest

from pycinspect.pyc import read_pyc
from pycinspect.verifying import Rung
from pycinspect.verifying.guessing import guessed_path
from pycinspect.verifying.verifier import Verifier
from tests.oracles import Oracle

SOURCE = "def f():\n    return 'not m.py', '/elsewhere/m.py'\n\nclass C:\n    pass\n"


@pytest.mark.parametrize(
    "path",
    [
        "m.py",
        "/a/m.py",
        "/" + "d" * 300 + "/m.py",
        "/größe/m.py",
        "/" + "é" * 200 + "/m.py",
        "C:\\a\\m.py",
        "/by\udcfftes/m.py",
    ],
)
@pytest.mark.parametrize("version", [2, 4])
def test_it_is_found_however_it_is_spelled(path: str, version: int) -> None:
    code = compile("x = 1", "p.py", "exec", 0, True).replace(co_filename=path)
    assert guessed_path(marshal.dumps(code, version), 0, "m.py") == path


def test_every_python_s_caches(oracle: Oracle, tmp_path: Path) -> None:
    """It is that of the code, wherever the same name stands in it before."""
    script = "import py_compile; py_compile.compile('m.py', 'm.pyc', '/a/b/m.py', True)"
    if oracle.kind != "native":
        pytest.skip("it writes no files here")
    (tmp_path / "m.py").write_text(SOURCE.replace("'not m.py', '/elsewhere/m.py'", "1"))
    import subprocess

    subprocess.run([oracle.program, "-c", script], cwd=tmp_path, check=True)
    data = (tmp_path / "m.pyc").read_bytes()
    assert read_pyc(tmp_path / "m.pyc").code.filename == "/a/b/m.py"
    assert guessed_path(data, 8, "m.py") == "/a/b/m.py"


@pytest.mark.parametrize("dfile", [None, "/elsewhere/m.py", "other.py", "<string>"])
def test_a_wrong_guess_costs_time_alone(tmp_path: Path, dfile: str | None) -> None:
    source = tmp_path / "m.py"
    source.write_text(SOURCE)
    cache = py_compile.compile(os.fspath(source), dfile=dfile, doraise=True)
    with Verifier() as verifier:
        found = verifier.verify_file(cache)
    assert found.rung in {Rung.IDENTICAL, Rung.CANONICAL}
    assert (found.source, found.optimize) == (os.fspath(source), 0)


def test_bytes_without_a_path_have_none() -> None:
    for data in (b"", b"m.py", b"\xff\xffm.py", b"z\x05m.py", b"m.py" * 1000):
        assert guessed_path(data, 0, "m.py") is None
