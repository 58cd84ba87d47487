"""The pages of documentation whose examples are run, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "pycinspect/README.md", "tests/README.md")
}

_SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"^```python\n(?!# app/)(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A file of the world in which the examples run, named in its first line.
_FILE = re.compile(r"^```python\n# (app/\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return every command with the output that follows it."""
    found = []
    for session in (match for text in PAGES.values() for match in _SESSION.findall(text)):
        for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def examples() -> list[str]:
    """Return the programs that print what their comments say."""
    return [example for text in PAGES.values() for example in _EXAMPLE.findall(text)]


def files() -> dict[str, str]:
    """Return the files that the pages show, by their paths."""
    return {path: code for text in PAGES.values() for path, code in _FILE.findall(text)}
