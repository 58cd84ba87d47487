"""Tables that are files: what is wrong with one is said where it is read."""

from __future__ import annotations

from importlib.resources import files

import pytest

from pycinspect import dialects
from pycinspect.dialects import DIALECTS, residents_of, tables
from pycinspect.dialects.tables import lines_of
from pycinspect.dialects.versions import fits, version_of

TABLES = sorted(path.name for path in files(dialects).iterdir() if path.name.endswith(".tsv"))


@pytest.mark.parametrize("name", TABLES)
def test_every_line_has_as_many_cells_as_the_heading(name: str) -> None:
    assert list(lines_of(name))


@pytest.mark.parametrize("line", ["a", "a\tb\tc", ""])
def test_a_line_with_other_cells_is_refused(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    content = f"name\twhy\na\tb\n{line}\n"
    monkeypatch.setattr(tables, "shipped_text", lambda package, name: content)
    with pytest.raises(ValueError, match=r"broken\.tsv:3: \d cells?, not 2"):
        list(lines_of("broken.tsv"))


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ("*", "cpython-3.9 cpython-3.12 pypy-3.9"),
        ("3.9", "cpython-3.9 pypy-3.9"),
        ("3.10-", "cpython-3.12"),
        ("-3.10", "cpython-3.9 pypy-3.9"),
        ("3.9-3.12", "cpython-3.9 cpython-3.12 pypy-3.9"),
        ("pypy", "pypy-3.9"),
        ("cpython", "cpython-3.9 cpython-3.12"),
        ("jython", ""),
    ],
)
def test_versions(versions: str, expected: str) -> None:
    names = ("cpython-3.9", "cpython-3.12", "pypy-3.9")
    assert [name for name in names if fits(versions, DIALECTS[name])] == expected.split()


@pytest.mark.parametrize("versions", ["", "3", "3.9-x", "3.9 -", "pipy", "3.9--", "v3.9"])
def test_versions_that_are_none_are_refused(versions: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid"):
        fits(versions, DIALECTS["cpython-3.9"])


@pytest.mark.parametrize("text", ["3", "3.x", "", "3.9.1", " 3.9"])
def test_a_version_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        version_of(text)


@pytest.mark.parametrize(
    ("name", "built_in", "frozen"),
    [
        ("cpython-2.7", "exceptions", "__hello__"),
        ("cpython-3.7", "_imp", "_frozen_importlib"),
        ("cpython-3.12", "_tokenize", "os"),
        ("cpython-3.15", "_typing", "os"),
    ],
)
def test_residents(name: str, built_in: str, frozen: str) -> None:
    residents = residents_of(DIALECTS[name])
    assert built_in in residents.built_in
    assert frozen in residents.frozen
    assert "exceptions" not in residents_of(DIALECTS["cpython-3.7"]).built_in


def test_where_nobody_looked_there_are_none() -> None:
    assert residents_of(DIALECTS["pypy-3.8"]) == (frozenset(), frozenset())


def test_neighbours_are_those_of_the_same_implementation_first() -> None:
    names = [row.name for row in DIALECTS.neighbours(DIALECTS["cpython-3.14"])]
    assert names[0] == "cpython-3.14"
    assert set(names[1:3]) == {"cpython-3.13", "cpython-3.15"}
    assert names.index("cpython-3.6") < names.index("pypy-3.9")
    assert not any(name.startswith("cpython-2") for name in names)
    assert DIALECTS.neighbours(DIALECTS["pypy-3.9"])[0].implementation == "pypy"
