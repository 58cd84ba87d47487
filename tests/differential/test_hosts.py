"""pycinspect runs on newer Pythons than the one that tests it, and says the same there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pycinspect.pyc import read_pyc
from pycinspect.report.code import code_objects
from tests.oracles import find_oracle
from tests.samples import ENTRIES, SAMPLES

CHILD = Path(__file__).with_name("host_child.py")
ROOT = Path(__file__).parent.parent.parent
HOSTS = ("cpython-3.11", "cpython-3.12", "cpython-3.13", "pyodide-3.14", "pyodide-3.15")


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_decodes_as_this_one_does(name: str) -> None:
    oracle = find_oracle(name)
    if oracle is None:
        pytest.skip(f"{name} is not installed")
    files = [SAMPLES / entry["file"] for entry in ENTRIES[::4]]
    request = {"root": str(ROOT), "files": [str(path) for path in files]}
    answers = oracle.run(CHILD, request, directories=[ROOT / "pycinspect", SAMPLES])
    assert isinstance(answers, list)
    for path, answer in zip(files, answers, strict=True):
        file = read_pyc(path)
        if file.dialect.bytecode is not None:
            ours = json.loads(json.dumps(code_objects(file.code, file.dialect)))
            assert answer == ours, path
    assert any(isinstance(answer, list) for answer in answers)
