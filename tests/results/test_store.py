"""Results by their keys: what is kept is had again, and nothing else is believed."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pycinspect.results import Results, clear, figures, result_key, results_directory
from pycinspect.results import store as store_module

KEY = result_key("test", b"1")
OTHER = result_key("test", b"2")


def opened(directory: Path, *, may_write: bool = True) -> Results:
    return Results(lambda: os.fspath(directory), may_write=may_write)


def kept(directory: Path, text: str = "known") -> None:
    with opened(directory) as results:
        results.keep(KEY, text)
        assert results.problem is None


def found(directory: Path, key: bytes = KEY) -> str | None:
    with opened(directory) as results:
        return results.find(key)


def changed(directory: Path, statement: str, *values: object) -> None:
    database = sqlite3.connect(directory / "results.sqlite")
    with database:
        database.execute(statement, values)
    database.close()


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_keys_of_different_parts_differ(one: list[bytes], other: list[bytes]) -> None:
    assert (result_key("a", *one) == result_key("a", *other)) is (one == other)
    assert result_key("a", *one) != result_key("b", *one)


def test_what_is_kept_is_found_by_the_next_run(tmp_path: Path) -> None:
    assert found(tmp_path / "new") is None
    kept(tmp_path / "new", "caf\u00e9 \0")
    assert found(tmp_path / "new") == "caf\u00e9 \0"
    assert found(tmp_path / "new", OTHER) is None


def test_without_a_directory_this_run_knows_it() -> None:
    with Results(None) as results:
        results.keep(KEY, "known")
        assert results.find(KEY) == "known"


def test_a_hostile_tree_does_not_fill_the_memory() -> None:
    with Results(None) as results:
        for number in range(2 * store_module._REMEMBERED):
            results.keep(number.to_bytes(32, "little"), "")
        assert len(results._memory) == store_module._REMEMBERED


def test_nothing_is_opened_before_the_first_question(tmp_path: Path) -> None:
    with opened(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


# --- What is not believed -------------------------------------------------------------


def test_a_forged_entry_is_not_believed(tmp_path: Path) -> None:
    kept(tmp_path)
    changed(tmp_path, "UPDATE results SET text = 'forged'")
    assert found(tmp_path) is None
    kept(tmp_path)
    changed(tmp_path, "UPDATE results SET key = ?", OTHER)
    assert found(tmp_path, OTHER) is None


def test_entries_of_another_directory_are_not_believed(tmp_path: Path) -> None:
    kept(tmp_path / "mine", "mine")
    kept(tmp_path / "theirs", "theirs")
    (tmp_path / "theirs/results.sqlite").replace(tmp_path / "mine/results.sqlite")
    assert found(tmp_path / "mine") is None


@pytest.mark.parametrize("column", ["day", "code", "text"])
@pytest.mark.parametrize("value", [None, 1.5, b"bytes", "text", 7])
def test_values_of_other_types_are_not_believed(tmp_path: Path, column: str, value: object) -> None:
    kept(tmp_path)
    database = sqlite3.connect(tmp_path / "results.sqlite")
    try:
        with database:
            database.execute(f"UPDATE results SET {column} = ?", (value,))
    except sqlite3.IntegrityError:
        pass  # NOT NULL
    database.close()
    assert found(tmp_path) in (None, "known")


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0" + bytes(2000), b"x" * 5000])
def test_a_damaged_database_is_made_anew(tmp_path: Path, content: bytes) -> None:
    kept(tmp_path)
    (tmp_path / "results.sqlite").write_bytes(content)
    assert found(tmp_path) is None
    kept(tmp_path)
    assert found(tmp_path) == "known"


@pytest.mark.parametrize("start", [100, 2000, 4096, 5000])
def test_a_database_that_is_damaged_inside(tmp_path: Path, start: int) -> None:
    with opened(tmp_path) as results:
        for number in range(300):
            results.keep(result_key("test", str(number).encode()), "known" * 50)
    path = tmp_path / "results.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[:start] + b"\xa5" * (len(data) - start))
    for number in range(300):
        assert found(tmp_path, result_key("test", str(number).encode())) in (None, "known" * 50)
    kept(tmp_path)
    assert found(tmp_path) == "known"


def test_a_database_of_somebody_else_s_is_not_written(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "results.sqlite")
    database.execute("CREATE TABLE results (other)")
    database.close()
    with opened(tmp_path) as results:
        results.keep(KEY, "known")
        assert results.find(KEY) == "known"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_directory_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    kept(tmp_path)
    tmp_path.chmod(0o777)
    with opened(tmp_path) as results:
        assert results.find(KEY) is None
        assert results.problem is not None
        assert "others may write to it" in results.problem


@pytest.mark.parametrize("name", ["results.sqlite", "secret"])
def test_a_directory_in_the_place_of_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with opened(tmp_path) as results:
        results.keep(KEY, "known")
        assert results.find(KEY) == "known"
        results.close()
        assert results.problem is not None


def test_a_cut_secret(tmp_path: Path) -> None:
    kept(tmp_path)
    (tmp_path / "secret").write_bytes(b"short")
    with opened(tmp_path) as results:
        assert results.find(KEY) is None
        assert "delete it" in str(results.problem)


def test_a_full_disk(tmp_path: Path) -> None:
    """SQLite says it as it does where a limit of its own is reached."""
    kept(tmp_path)
    with opened(tmp_path) as results:
        assert results.find(OTHER) is None  # it is open
        assert results._database is not None
        results._database.execute("PRAGMA max_page_count = 3")
        for number in range(400):
            key = result_key("test", str(number).encode())
            results.keep(key, "x" * 1000)
            assert results.find(key) == "x" * 1000
        assert "full" in str(results.problem)
    assert found(tmp_path) == "known"


def test_another_process_that_writes(tmp_path: Path) -> None:
    kept(tmp_path)
    busy = sqlite3.connect(tmp_path / "results.sqlite", isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")
    with opened(tmp_path) as results:
        assert results.find(KEY) == "known"  # who writes keeps nobody from reading
        results.keep(OTHER, "new")
        assert results.find(OTHER) == "new"
    busy.execute("COMMIT")
    busy.close()
    assert found(tmp_path) == "known"


def test_many_at_once(tmp_path: Path) -> None:
    def run(number: int) -> bool:
        key = result_key("test", str(number).encode())
        with opened(tmp_path / "new") as results:
            results.keep(key, str(number))
        return found(tmp_path / "new", key) in (None, str(number))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(32)))


def test_what_was_not_used_for_long_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [result_key("row", str(number).encode()) for number in range(40)]
    with opened(tmp_path) as results:
        for key in keys:
            results.keep(key, "x" * 1000)
    for number, key in enumerate(keys):
        changed(tmp_path, "UPDATE results SET day = ? WHERE key = ?", number, key)
    monkeypatch.setattr(store_module, "_LARGEST", 1000)
    kept(tmp_path)
    monkeypatch.setattr(store_module, "_LARGEST", 1 << 30)
    left = [number for number, key in enumerate(keys) if found(tmp_path, key) is not None]
    assert left == list(range(10, 40))  # a quarter of them and the new one


# --- The directory ------------------------------------------------------------------------


def test_the_directory_that_a_variable_names() -> None:
    assert results_directory({"PYCINSPECT_CACHE_DIR": "/there"}) == "/there"
    assert "pycinspect" in results_directory({})


def test_clearing_deletes_results_and_nothing_else(tmp_path: Path) -> None:
    directory = tmp_path / "results"
    kept(directory)
    (directory / "mine").write_text("a file of the user's")
    size = figures(os.fspath(directory)).size
    assert size > 0
    assert clear(os.fspath(directory)).size == size
    assert os.listdir(directory) == ["mine"]
    (directory / "mine").unlink()
    kept(directory)
    clear(os.fspath(directory))
    assert not directory.exists()
    assert clear(os.fspath(directory)).size == 0
