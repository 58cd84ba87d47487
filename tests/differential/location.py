"""Where caches live: questions to ``importlib.util``'s two functions, and our answers.

    python -m tests.differential.location

asks the interpreters that are installed, and writes their answers down: ``tests/unit/test_outcomes.py``
compares with these where no interpreter is installed.
"""

from __future__ import annotations

import gzip
import json
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from pycinspect.cache import LINUX, cache_from_source, source_from_cache
from pycinspect.errors import PycInspectError
from tests.oracles import find_oracles

__all__ = [
    "CHILD",
    "DIRECTORY",
    "EXHAUSTIVE",
    "OPTIMIZATIONS",
    "OUTCOMES",
    "PREFIXES",
    "Question",
    "crashes",
    "outcomes",
    "predict",
]

#: What interpreters answered, by their names.
OUTCOMES = Path(__file__).parents[2] / "fixtures" / "outcomes" / "location.json.gz"
#: Where they stood.
DIRECTORY = "/tmp"
CHILD = Path(__file__).with_name("paths_child.py")


class Question(NamedTuple):
    function: str
    path: str
    optimization: int | str = ""
    prefix: str | None = None


DIRECTORIES = [
    "",
    "/",
    "//",
    "a/",
    "a//",
    "/a/b/",
    "./",
    "./a/",
    "././a/",
    "../",
    "a/../",
    "/a/./b/",
    "a b/",
    "new\nline/",
    "d\u00e9j\u00e0/\U0001f40d/",
    "a.b/",
    "c:/",
    "c:\\d/",
    "__pycache__/",
    "a/__pycache__/",
    "/p/a/",
    "/p/__pycache__/",
    "/pq/",
]
FILENAMES = [
    "mod.py",
    "mod",
    "b.c.py",
    ".py",
    ".hidden",
    ".",
    "..",
    "...",
    "mod.",
    "mod..py",
    "",
    "a b.py",
    "new\nline.py",
    "caf\u00e9.py",
    "\udcff.py",
    "mod.pyw",
    "mod.tar.gz",
    "a\\b.py",
]
CACHE_NAMES = [
    "mod.cpython-312.pyc",
    "mod.cpython-312.opt-1.pyc",
    "mod.cpython-312.opt-.pyc",
    "mod.cpython-312.opt-a-b.pyc",
    "mod.cpython-312.nonsense.pyc",
    "m.anything.xyz",
    "b.c.cpython-312.pyc",
    "b.c.cpython-312.opt-1.pyc",
    "..",
    "...",
    ".tag.pyc",
    "mod.pyc",
    "",
]
OPTIMIZATIONS: list[int | str] = ["", 0, 1, 2, 10, "abc", "-", "1-", " ", "\u00e9", "\u00b2", "1.2"]
PREFIXES = [None, "", "/p", "/p/", "/p//", "p", "p/", "./p", "/", "//", "../p"]

EXHAUSTIVE = [
    *(
        Question("cache_from_source", directory + filename, prefix=prefix)
        for directory, filename, prefix in product(DIRECTORIES, FILENAMES, PREFIXES)
    ),
    *(
        Question("cache_from_source", path, optimization, prefix)
        for path, optimization, prefix in product(
            ["mod.py", "/a/b.c.py", "foo"], OPTIMIZATIONS, [None, "/p"]
        )
    ),
    *(
        Question("source_from_cache", directory + filename, prefix=prefix)
        for directory, filename, prefix in product(
            DIRECTORIES, [*CACHE_NAMES, *FILENAMES], PREFIXES
        )
    ),
]


# --- Answers ----------------------------------------------------------------------


def predict(dialect: str, question: Question, directory: str) -> dict[str, str]:
    try:
        if question.function == "cache_from_source":
            path = cache_from_source(
                question.path,
                dialect,
                optimization=question.optimization,
                pycache_prefix=question.prefix,
                current_directory=directory,
                platform=LINUX,
            )
        else:
            path = source_from_cache(
                question.path, dialect, pycache_prefix=question.prefix, platform=LINUX
            )
    except PycInspectError:
        return {"error": "ValueError"}
    return {"path": path}


def crashes(question: Question, observed: dict[str, str]) -> bool:
    """Return whether the oracle has no answer: gh-82916, mended in 3.13.1.

    Under a prefix importlib looked at the second letter of the source's
    directory, which ``/`` and, from there, an empty directory do not have.
    """
    return observed.get("error") == "IndexError" and question.prefix is not None


# --- What was recorded ------------------------------------------------------------


def outcomes() -> dict[str, list[dict[str, str]]]:
    """Return what each dialect's interpreter answered to all questions."""
    recorded: dict[str, list[dict[str, str]]] = json.loads(gzip.decompress(OUTCOMES.read_bytes()))
    return recorded


def record() -> dict[str, Any]:
    """Ask all interpreters that are installed and keep caches apart from sources."""
    wanted = (oracle for name, oracle in find_oracles().items() if name != "cpython-2.7")
    batch = [(DIRECTORY, EXHAUSTIVE)]
    return {oracle.dialect: oracle.run(CHILD, batch)[0] for oracle in wanted}  # type: ignore[index]


if __name__ == "__main__":
    OUTCOMES.parent.mkdir(exist_ok=True)
    text = json.dumps(record(), sort_keys=True)
    OUTCOMES.write_bytes(gzip.compress(text.encode(), mtime=0))  # the same bytes each time
