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


# --- Of any number of files ---------------------------------------------------------


def times(count: int) -> list[float]:
    """Return times of sources that are a minute and more apart, half of them odd."""
    return [LONG_AGO + 61.0 * number + 0.25 * (number % 3) for number in range(count)]


def make(root: Path, count: int) -> Path:
    """Make so many modules without anything but sources, and compile them."""
    for number, mtime in enumerate(times(count)):
        source = root / f"m{number:03}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(f"number = {number}\n")
        date(source, mtime)
        date(Path(py_compile.compile(os.fspath(source))), LONG_AGO + 100_000)
    return root


@pytest.mark.parametrize("count", [2, 3, 5, 150])
def test_copies_of_any_size_are_not_taken_for_set_times(tmp_path: Path, count: int) -> None:
    """A fast disk copies hundreds of files within one second."""
    package = make(tmp_path / "package", count)
    copies = {
        "cp -r": lambda to: subprocess.run(["cp", "-r", package, to], check=True),
        "copytree": lambda to: shutil.copytree(package, to, copy_function=shutil.copy),
        "contents": lambda to: shutil.copytree(package, to, copy_function=shutil.copyfile),
        "extractall": lambda to: shutil.unpack_archive(
            shutil.make_archive(os.fspath(tmp_path / "packed"), "zip", package), to
        ),
    }
    for name, copy in copies.items():
        to = tmp_path / name
        copy(to)  # type: ignore[no-untyped-call]
        assert cause(to) == "copied-or-unpacked", name
    kept = tmp_path / "cp -p"
    subprocess.run(["cp", "-rp", package, kept], check=True)
    assert find(kept) is None


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
@pytest.mark.parametrize("count", [2, 150])
def test_rsync_without_times(tmp_path: Path, count: int) -> None:
    package = make(tmp_path / "package", count)
    subprocess.run(["rsync", "-r", f"{package}/", tmp_path / "copy"], check=True)
    assert cause(tmp_path / "copy") == "copied-or-unpacked"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("count", [2, 150])
def test_git_clone_of_any_size(tmp_path: Path, count: int) -> None:
    package = make(tmp_path / "package", count)
    git(package, "init", "--quiet")
    git(package, "add", "--force", ".")
    git(package, "commit", "--quiet", "--message", "all")
    git(tmp_path, "clone", "--quiet", os.fspath(package), "clone")
    assert cause(tmp_path / "clone") == "git-checkout"


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_of_dos_times_makes_half_of_them_stale(tmp_path: Path) -> None:
    package = make(tmp_path / "package", 20)
    archive = shutil.make_archive(os.fspath(tmp_path / "packed"), "zip", package)
    subprocess.run(["unzip", "-q", archive, "-d", tmp_path / "unpacked"], check=True)
    finding = find(tmp_path / "unpacked")
    assert finding is not None
    assert (finding.data["cause"], finding.data["stale"]) == ("two-seconds", 10)


ROUNDINGS: dict[str, Callable[[float], float]] = {
    "down, as FAT of Linux and zip": lambda mtime: mtime // 2 * 2,
    "up, as FAT of Windows": lambda mtime: -(-mtime // 2) * 2,
    "to the nearest": lambda mtime: round(mtime / 2) * 2,
}


@pytest.mark.parametrize("rounded", ROUNDINGS.values(), ids=ROUNDINGS)
@pytest.mark.parametrize("count", [6, 20, 150])
def test_two_seconds(tmp_path: Path, count: int, rounded: Callable[[float], float]) -> None:
    package = make(tmp_path / "package", count)
    for path in package.rglob("*"):
        date(path, rounded(path.stat().st_mtime))
    assert cause(package) == "two-seconds"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("count", [20, 150])
def test_any_share_can_be_clamped(tmp_path: Path, count: int, share: float) -> None:
    package = make(tmp_path / "package", count)
    latest = int(times(count)[round(count * (1 - share))]) - 1
    for path in package.rglob("*"):
        date(path, min(path.stat().st_mtime, latest))
    finding = find(package)
    assert finding is not None
    assert (finding.data["cause"], finding.data["stale"]) == ("clamped", round(count * share))


@pytest.mark.parametrize("count", [2, 3, 150])
def test_one_time_for_all(tmp_path: Path, count: int) -> None:
    package = make(tmp_path / "package", count)
    for path in package.rglob("*"):
        date(path, LONG_AGO + 1_000_000)
    assert cause(package) == "one-time"


def test_sources_compiled_while_they_had_one_time(tmp_path: Path) -> None:
    package = make(tmp_path / "package", 70)
    for number, source in enumerate(sources(package)):
        date(source, LONG_AGO)
        date(Path(py_compile.compile(os.fspath(source))), LONG_AGO + 5)
        date(source, LONG_AGO + 1_000_000 + 61 * number)
    assert cause(package) == "compiled-clamped"


def test_the_caches_of_one_source_are_no_tree(tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("")
    for level in (0, 1, 2):
        py_compile.compile(os.fspath(source), optimize=level)
    date(source, LONG_AGO)
    assert find(tmp_path) is None


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
