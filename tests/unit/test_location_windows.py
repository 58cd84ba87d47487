"""Cache paths under Windows, compared with importlib's own code for Windows.

The source of ``importlib._bootstrap_external`` is run once more with modules
that say it is on Windows; only what C does for it there, ``_path_splitroot``,
is done here by ``ntpath``.
"""

from __future__ import annotations

import builtins
import importlib
import ntpath
import os
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pycinspect.cache import WINDOWS, cache_from_source, source_from_cache
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError

CURRENT_DIRECTORY = "C:\\Users\\me"
RUNNING = DIALECTS.running()


def _split_root(path: str) -> tuple[str, str]:
    rest = ntpath.splitdrive(path)[1]
    tail = rest[1:] if rest[:1] in ("\\", "/") else rest
    return path.removesuffix(tail) if tail else path, tail


def _importlib_on_windows(prefix: str | None) -> Any:
    """Return importlib's functions as they are on Windows."""
    modules: dict[str, object] = {
        "sys": SimpleNamespace(
            platform="win32",
            implementation=sys.implementation,
            flags=sys.flags,
            pycache_prefix=prefix,
        ),
        "nt": SimpleNamespace(
            _path_splitroot=_split_root, getcwd=lambda: CURRENT_DIRECTORY, fspath=os.fspath
        ),
        "winreg": None,
    }

    def import_module(name: str, *arguments: Any) -> object:
        return modules[name] if name in modules else builtins.__import__(name, *arguments)

    source = Path(importlib.__path__[0]) / "_bootstrap_external.py"
    namespace: dict[str, Any] = {
        "__name__": "importlib_on_windows",
        "__builtins__": {**vars(builtins), "__import__": import_module},
    }
    exec(compile(source.read_text("utf-8"), str(source), "exec"), namespace)
    return SimpleNamespace(**namespace)


DIRECTORIES = [
    "",
    "C:\\",
    "C:",
    "c:/",
    "C:\\a\\",
    "D:\\a\\b\\",
    "C:/a/b/",
    "C:a\\",
    "D:a\\",
    "\\a\\",
    "/a/",
    "\\",
    "\\\\server\\share\\",
    "\\\\server\\share\\d\\",
    "//server/share/d/",
    "\\\\?\\C:\\a\\",
    ".\\",
    ".\\a\\",
    "./a/",
    ".\\.\\a\\",
    "..\\",
    "a b\\",
    "a/b\\",
]
FILENAMES = ["mod.py", "mod.pyw", "b.c.py", "mod", ".py", ".."]
CACHE_DIRECTORIES = [f"{directory}__pycache__\\" for directory in DIRECTORIES] + [
    f"{directory}__pycache__/" for directory in DIRECTORIES
]
CACHE_NAMES = ["mod.cpython-312.pyc", "mod.cpython-312.opt-1.pyc", "b.c.cpython-312.opt-1.pyc"]
PREFIXES = [None, "", "P", "C:\\P", "C:\\P\\", "C:/P", "D:", "D:\\", "\\P", "\\\\server\\share\\P"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_cache_from_source(prefix: str | None) -> None:
    theirs = _importlib_on_windows(prefix)
    for directory, filename in product(DIRECTORIES, FILENAMES):
        path = directory + filename
        ours = cache_from_source(
            path,
            RUNNING,
            pycache_prefix=prefix,
            current_directory=CURRENT_DIRECTORY,
            platform=WINDOWS,
        )
        assert ours == theirs.cache_from_source(path, optimization=""), (path, prefix)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_source_from_cache(prefix: str | None) -> None:
    theirs = _importlib_on_windows(prefix)
    under = [f"{(prefix or 'P').rstrip(chr(92))}\\{part}" for part in ("", "a\\", "Users/me/")]
    for directory, filename in product([*CACHE_DIRECTORIES, *DIRECTORIES, *under], CACHE_NAMES):
        path = directory + filename
        try:
            expected = theirs.source_from_cache(path)
        except ValueError:
            with pytest.raises(PycInspectError):
                source_from_cache(path, RUNNING, pycache_prefix=prefix, platform=WINDOWS)
        else:
            found = source_from_cache(path, RUNNING, pycache_prefix=prefix, platform=WINDOWS)
            assert found == expected, (path, prefix)


@pytest.mark.parametrize(
    ("path", "prefix", "cache"),
    [
        ("C:\\a\\mod.py", None, "C:\\a\\__pycache__\\mod.cpython-312.pyc"),
        ("C:/a/b/mod.py", None, "C:\\a/b\\__pycache__\\mod.cpython-312.pyc"),
        ("C:\\mod.py", None, "C:__pycache__\\mod.cpython-312.pyc"),
        ("C:\\a\\mod.py", "D:\\P", "D:\\P\\a\\mod.cpython-312.pyc"),
        ("E:\\a\\mod.py", "D:\\P", "D:\\P\\a\\mod.cpython-312.pyc"),
        ("\\\\srv\\share\\d\\mod.py", "D:\\P", "D:\\P\\srv\\share\\d\\mod.cpython-312.pyc"),
        ("mod.py", "D:\\P", "D:\\P\\Users\\me\\mod.cpython-312.pyc"),
        (".\\a\\mod.py", "D:\\P", "D:\\P\\Users\\me\\a\\mod.cpython-312.pyc"),
        ("..\\mod.py", "D:\\P", "D:\\P\\Users\\me\\..\\mod.cpython-312.pyc"),
    ],
)
def test_examples(path: str, prefix: str | None, cache: str) -> None:
    found = cache_from_source(
        path,
        "cpython-3.12",
        pycache_prefix=prefix,
        current_directory=CURRENT_DIRECTORY,
        platform=WINDOWS,
    )
    assert found == cache
