"""Jython as an oracle: is it here, and what does it say?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

CHILD = Path(__file__).with_name("child.py")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "jython"
#: Seconds; a start takes two, an import of a class a few milliseconds.
_TIMEOUT = 600


def program_or_skip(name: str) -> str:
    """Return a program on PATH; without it the test is skipped, in CI it fails."""
    hidden = os.environ.get("PYCINSPECT_NO_ORACLES", "0") not in {"", "0"}
    found = None if hidden else shutil.which(name)
    if found is None:
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain(f"{name} is not installed; see .ci/oracles")
    assert found is not None
    return found


def ask_jython(jython: str, request: dict[str, Any], options: Sequence[str] = ()) -> dict[str, Any]:
    """Run the child in Jython once, with a request of many questions."""
    child = subprocess.run(
        [jython, *options, str(CHILD)],
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        timeout=_TIMEOUT,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    answer: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return answer
