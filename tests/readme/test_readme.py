"""The examples of the documentation say what the tool says.

Each ``console`` block is a session: a line with ``$`` is run by a shell in the
world of ``demo.py``; what follows is compared with the output, times apart.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .demo import build
from .pages import PAGES, ROOT, commands, examples, files

#: The checkout first, and what there was: a plugin of pytest must be installed to be found.
PYTHONPATH = os.pathsep.join([os.fspath(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH}


def without_times(output: str) -> str:
    output = re.sub(r"[\d.,]+ s, [\d,]+ files/s", "… s, … files/s", output)
    return re.sub(r'"seconds": [\d.]+, "files_per_second": [\d.]+', '"seconds": …', output).strip()


@pytest.fixture
def world(tmp_path: Path) -> Path:
    build(tmp_path)
    return tmp_path


#: Programs that a session starts.
_PROGRAM = re.compile(r"^(?:pycinspect|pytest|python)\b|(?<=[|;] )pycinspect\b")


def _module(match: re.Match[str]) -> str:
    return f'"{sys.executable}"' + ("" if match[0] == "python" else f" -m {match[0]}")


@pytest.mark.skipif(os.name != "posix", reason="the sessions are those of a POSIX shell")
@pytest.mark.parametrize(("command", "output"), commands(), ids=lambda text: text[:40])
def test_session(command: str, output: str, world: Path) -> None:
    environment = {"LC_ALL": "C.UTF-8", "COLUMNS": "80", **ENVIRONMENT}
    done = subprocess.run(
        f"umask 022; {re.sub(_PROGRAM, _module, command)}",
        shell=True,
        cwd=world,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert without_times(done.stdout + done.stderr) == without_times(output)


@pytest.mark.parametrize("code", examples(), ids=lambda text: text[:40])
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
    assert len(commands()) >= 8
    assert examples()
    assert {"app/test_total.py", "app/report.py"} <= files().keys()


def test_the_first_page_is_short() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 200


def test_links_lead_somewhere() -> None:
    for page, text in PAGES.items():
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (ROOT / page).parent.joinpath(target).exists(), (page, target)


@pytest.mark.parametrize("checker", ["mypy --strict", "pyright"])
def test_a_program_of_a_user_is_well_typed(checker: str, world: Path) -> None:
    program, *options = checker.split()
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [program, *options, "app/report.py"],
        cwd=world,
        env={**os.environ, **ENVIRONMENT, "MYPYPATH": os.fspath(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
