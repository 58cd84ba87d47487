"""PYC107: trees made stale by real tools and by their marks, and the cause that is named."""

from __future__ import annotations

import os
import py_compile
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.auditing import Audit, Finding
from pycinspect.auditing.rules.pyc107_tree_stale import TreeStale

LONG_AGO = 1_600_000_000


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A small installation, compiled long ago: ten modules, one of them compiled C."""
    root = tmp_path / "site"
    for number in range(10):
        source = root / f"package{number % 3}" / f"module{number}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(f"number = {number}\n")
        date(source, LONG_AGO + 60 * number)
        date(Path(py_compile.compile(os.fspath(source))), LONG_AGO + 1000)
    compiled = root / "package0" / "_speedups.so"
    compiled.write_bytes(b"")
    compiled.chmod(0o755)
    return root


def date(path: Path, seconds: float) -> None:
    os.utime(path, ns=(round(seconds * 1e9),) * 2)


def sources(root: Path) -> list[Path]:
    return sorted(root.rglob("*.py"))


def find(root: Path) -> Finding | None:
    findings = list(Audit([root], [TreeStale]))
    return findings[0] if findings else None


def cause(root: Path) -> object:
    finding = find(root)
    assert finding is not None
    return finding.data["cause"]


# --- Real tools --------------------------------------------------------------------


def test_cp_r(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for path in sorted(site.rglob("*")):  # what cp -r does: contents and modes, no times
        target = copy / path.relative_to(site)
        if path.is_dir():
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    assert cause(copy) == "copied"


def test_zipfile_extractall(site: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(os.fspath(tmp_path / "site"), "zip", site)
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as file:
        file.extractall(unpacked)
    assert cause(unpacked) == "zipfile"


def test_without_files_that_had_permissions_both_are_named(site: Path, tmp_path: Path) -> None:
    (site / "package0" / "_speedups.so").unlink()
    copy = tmp_path / "copy"
    shutil.copytree(site, copy, copy_function=shutil.copy)
    finding = find(copy)
    assert finding is not None
    assert finding.data["cause"] == "copied-or-unpacked"
    assert "cp -r" in finding.message
    assert "zipfile" in finding.message


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_clone(site: Path, tmp_path: Path) -> None:
    git(site, "init", "--quiet")
    git(site, "add", "--force", ".")
    git(site, "commit", "--quiet", "--message", "all")
    git(tmp_path, "clone", "--quiet", os.fspath(site), "clone")
    assert cause(tmp_path / "clone") == "git-checkout"
    assert find(site) is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_checkout_under_caches_that_are_not_tracked(site: Path) -> None:
    (site / ".gitignore").write_text("__pycache__/\n")
    git(site, "init", "--quiet")
    git(site, "add", ".")
    git(site, "commit", "--quiet", "--message", "all")
    date(site / ".git" / "config", LONG_AGO)
    for source in sources(site):
        source.unlink()
    git(site, "checkout", "--quiet", "--", ".")
    assert cause(site) == "git-checkout"


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True)


# --- The marks of tools that are not here -------------------------------------------


def all_at(seconds: int) -> Callable[[int, float], float]:
    return lambda number, mtime: seconds


def shifted(by: float) -> Callable[[int, float], float]:
    return lambda number, mtime: mtime + by


@pytest.mark.parametrize(
    ("mark", "slug"),
    [
        pytest.param(all_at(0), "mtime-0", id="ostree"),
        pytest.param(all_at(1), "nix", id="nix"),
        pytest.param(all_at(315_532_800), "zip-epoch", id="lambda"),
        pytest.param(all_at(315_532_800 - 3600), "zip-epoch", id="lambda-in-another-zone"),
        pytest.param(all_at(499_162_500), "npm", id="npm"),
        pytest.param(all_at(946_684_800), "bazel", id="bazel"),
        pytest.param(all_at(1_750_000_000), "one-time", id="SOURCE_DATE_EPOCH"),
        pytest.param(shifted(3600), "hour-shift", id="summer-time"),
        pytest.param(shifted(-7200), "hour-shift", id="zone"),
        pytest.param(shifted(-7201), "hour-shift", id="zone-and-dos-time"),
        pytest.param(shifted(77), "uniform-shift", id="clock"),
        pytest.param(lambda number, mtime: LONG_AGO + 5000 + number * 7, "sources-replaced", id="update"),
        pytest.param(lambda number, mtime: mtime - 10_000 * number - 5, "unknown", id="chaos"),
    ],
)  # fmt: skip
def test_marks(site: Path, mark: Callable[[int, float], float], slug: str) -> None:
    for number, source in enumerate(sources(site)):
        date(source, mark(number, source.stat().st_mtime))
        for cache in source.parent.glob(f"__pycache__/{source.stem}.*"):
            date(cache, LONG_AGO - 100_000)
    assert cause(site) == slug


def test_times_of_a_fat_file_system_are_even(site: Path) -> None:
    for number, source in enumerate(sources(site)):
        odd = LONG_AGO + 60 * number + 1
        date(source, odd)
        py_compile.compile(os.fspath(source))
        date(source, odd + 1 - 2 * (number % 2))  # rounded up or down, as the tool likes
    assert cause(site) == "two-seconds"


def test_only_odd_times_are_rounded(site: Path) -> None:
    for number, source in enumerate(sources(site)):
        date(source, LONG_AGO + 61 * number)
        py_compile.compile(os.fspath(source))
        date(source, (LONG_AGO + 61 * number) // 2 * 2)
    finding = find(site)
    assert finding is not None
    assert finding.data["cause"] == "two-seconds"
    assert finding.message.startswith("5 of 10 ")
    date(sources(site)[0], LONG_AGO + 1)  # a file system that holds odd times
    assert find(site) is None


@pytest.mark.parametrize("count", [3, 6, 7])
def test_the_newest_times_are_clamped(site: Path, count: int) -> None:
    latest = LONG_AGO + 60 * (10 - count) - 30
    for source in sources(site):
        date(source, min(source.stat().st_mtime, latest))
    finding = find(site)
    assert finding is not None
    assert finding.data["cause"] == "clamped"
    assert finding.data["stale"] == count


def test_an_older_release_of_one_package_is_not_clamped(site: Path) -> None:
    for source in sources(site)[:3]:
        date(source, LONG_AGO - 1000)
    assert find(site) is None


def test_a_few_files_that_were_copied_were_not_set_to_one_time(tmp_path: Path) -> None:
    package, copy = tmp_path / "package", tmp_path / "copy"
    package.mkdir()
    for number in range(3):
        source = package / f"m{number}.py"
        source.write_text("")
        date(source, LONG_AGO)
        py_compile.compile(os.fspath(source))
    shutil.copytree(package, copy, copy_function=shutil.copy)
    for path in copy.rglob("*"):
        date(path, LONG_AGO + 7777.25)
    assert cause(copy) == "copied-or-unpacked"


def test_one_edited_file_is_no_tree(site: Path) -> None:
    date(sources(site)[0], LONG_AGO + 77)
    assert find(site) is None


def test_a_fresh_tree_is_none_either(site: Path) -> None:
    assert find(site) is None
