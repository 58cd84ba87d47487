"""The README's examples say what the tool says.

Each ``console`` block is a session: a line with ``$`` is run by a shell in the
world of ``demo.py``; what follows is compared with the output, times apart.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .demo import build

README = Path(__file__).parents[2] / "README.md"
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```python\n(?!# app/)(.*?)^```$", re.MULTILINE | re.DOTALL)

#: The checkout first, and what there was: a plugin of pytest must be installed to be found.
PYTHONPATH = os.pathsep.join(
    [os.fspath(README.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
)
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH}

TEXT = README.read_text(encoding="utf-8")


def commands() -> list[tuple[str, str]]:
    """Return every command of the README with the output that follows it."""
    found = []
    for session in SESSION.findall(TEXT):
        for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def without_times(output: str) -> str:
    output = re.sub(r"[\d.,]+ s, [\d,]+ files/s", "… s, … files/s", output)
    return re.sub(r'"seconds": [\d.]+, "files_per_second": [\d.]+', '"seconds": …', output).strip()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    build(tmp_path)
    return tmp_path


def _module(match: re.Match[str]) -> str:
    return f'"{sys.executable}" -m {match[0]}'


@pytest.mark.skipif(os.name != "posix", reason="the sessions are those of a POSIX shell")
@pytest.mark.parametrize(("command", "output"), commands(), ids=lambda text: text[:40])
def test_session(command: str, output: str, world: Path) -> None:
    environment = {"LC_ALL": "C.UTF-8", "COLUMNS": "80", **ENVIRONMENT}
    done = subprocess.run(
        f"umask 022; {re.sub(r'^(pycinspect|pytest)|(?<=[|;] )(pycinspect)', _module, command)}",
        shell=True,
        cwd=world,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert without_times(done.stdout + done.stderr) == without_times(output)


@pytest.mark.parametrize("code", EXAMPLE.findall(TEXT), ids=lambda text: text[:40])
def test_python_example(code: str, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world)
    lines = code.splitlines()
    expected = [
        line.split("  # ")[1] for line in lines if line.startswith("print") and "  # " in line
    ]
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert expected
    assert done.stdout.splitlines() == expected


def test_there_is_something_to_test() -> None:
    assert len(commands()) >= 4
    assert EXAMPLE.findall(TEXT)
