"""Compare the code lists of class files with those that Jython itself makes of them.

``python -m tests.jython.codes FOLDER`` takes all ``$py.class`` files below a folder.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from pycinspect.jvm import JythonCode, parse_jython_class
from tests.jython.kit import ask_jython

_FIELDS = ("method", "name", "first_line", "argument_count", "flags")
_NAMES = ("varnames", "cellvars", "freevars")


def described(code: JythonCode) -> dict[str, Any]:
    """Return a code object as the child describes its own."""
    plain = {name: getattr(code, name) for name in _FIELDS}
    return {**plain, **{name: list(getattr(code, name)) for name in _NAMES}}


def question(path: Path) -> tuple[str, str]:
    """Return what the child needs to know of a class file: its path and its class."""
    return str(path), parse_jython_class(path.read_bytes()).java.name.replace("/", ".")


def ours_of(path: Path) -> list[dict[str, Any]]:
    """Return the code list of a class file as we read it."""
    return [described(code) for code in parse_jython_class(path.read_bytes()).codes]


def main(folders: list[str]) -> int:
    """Compare all class files below some folders, and print what differs."""
    jython = shutil.which("jython")
    if jython is None:
        print("jython is not installed")
        return 2
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*$py.class"))
    answer = ask_jython(jython, {"codes": [question(path) for path in paths]})
    equal, differ = 0, 0
    for path, theirs in zip(paths, answer["codes"], strict=True):
        ours = ours_of(path)
        if ours == theirs:
            equal += len(ours)
            continue
        differ += 1
        print(path, *[f"\n  {a}\n  {b}" for a, b in zip(ours, theirs, strict=False) if a != b][:2])
    print(f"{len(paths)} classes: {equal} code objects are equal, {differ} classes differ")
    return 1 if differ or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
