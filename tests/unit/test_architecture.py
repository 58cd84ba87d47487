"""Version numbers stand in ``dialects`` and nowhere else (see the design)."""

from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pycinspect

PACKAGE = Path(next(iter(pycinspect.__path__)))
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if "dialects" not in path.relative_to(PACKAGE).parts
)

#: Attributes that hold a version; comparing one decides by version.
VERSION_ATTRIBUTES = {"python", "version", "version_info", "hexversion"}
#: Languages whose versions look like pairs of small numbers.
MAJORS = range(4)


def _is_version_tuple(node: ast.expr) -> bool:
    """Return whether a node is such as ``(3, 8)``."""
    if not isinstance(node, ast.Tuple) or not 1 <= len(node.elts) <= 3:
        return False
    values = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
    return all(type(value) is int for value in values) and values[0] in MAJORS


def _is_version(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _is_version(node.value)
    return isinstance(node, ast.Attribute) and node.attr in VERSION_ATTRIBUTES


def _comparisons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comparison with a version, and every match on one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            is_choice = all(isinstance(op, ast.In | ast.NotIn) for op in node.ops)
            if any(map(_is_version, operands)) or (
                not is_choice and any(map(_is_version_tuple, operands))
            ):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Match) and _is_version(node.subject):
            yield node.lineno, f"match {ast.unparse(node.subject)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_decision_by_version_outside_dialects(path: Path) -> None:
    assert list(_comparisons(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "if dialect.python >= (3, 8): pass",
        "x = (3, 8) <= dialect.python < (3, 11)",
        "y = sys.version_info[:2] == minimum",
        "y = sys.version_info[1] > 7",
        "y = row.version in ('3.8', '3.9')",
        "y = key < (2, 7, 3)",
        "match row.python:\n    case (3, 8): pass",
    ],
)
def test_the_test_sees_decisions_by_version(code: str) -> None:
    assert list(_comparisons(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "if dialect.cache_path.prefix: pass",
        "python = '{}.{}'.format(*row.python)",
        "if count in ('', '0'): pass",
        "if flags in (1, 3): pass",
        "'.'.join(sys.version.split())",
    ],
)
def test_the_test_lets_other_code_pass(code: str) -> None:
    assert not list(_comparisons(ast.parse(code)))


#: What asks the system about a file. Where a subject is judged, a view is asked: it knows whose
#: permissions count and where links lead.
ASKED_OF_VIEWS = {
    *("os.stat", "os.lstat", "os.access", "os.listdir", "os.scandir", "os.readlink", "os.statvfs"),
    *("os.path.isfile", "os.path.isdir", "os.path.islink", "os.path.exists", "os.path.lexists"),
    *("os.path.realpath", "read_all", "read_start", "read_listed", "open_regular"),
}
NOT_ABOUT_SUBJECTS = {
    "cache/view.py": "the view itself",
    "cache/environment.py": "a file that the user names",
    "auditing/baseline.py": "a file that the user names",
    "auditing/digests.py": "a file that the user names",
    "auditing/settings.py": "files of settings",
    "auditing/causes.py": "is given paths of this machine",
    "auditing/suppressions.py": "directories that patterns are relative to",
}


def _asked(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {ast.unparse(function) for function in calls} & ASKED_OF_VIEWS


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in {"cache", "auditing"}],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_subjects_are_looked_at_through_a_view(path: Path) -> None:
    asked = _asked(ast.parse(path.read_text("utf-8")))
    assert bool(asked) == (path.relative_to(PACKAGE).as_posix() in NOT_ABOUT_SUBJECTS), asked


def test_no_room_has_the_name_of_a_public_function() -> None:
    """Importing a room binds its name in the package, over whatever was there."""
    rooms = {info.name for info in pkgutil.iter_modules(pycinspect.__path__)}
    assert not rooms & set(pycinspect.__all__)


def test_the_public_api_is_all_there() -> None:
    code = (
        "import pycinspect.plugins, pycinspect.cli.audit, pycinspect\n"
        "values = {name: getattr(pycinspect, name) for name in pycinspect.__all__}\n"
        "print([name for name, value in values.items() if type(value).__name__ == 'module'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
