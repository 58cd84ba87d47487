"""Rules about archives: PYC509 and the PYC7 family."""

from __future__ import annotations

import base64
import hashlib
import io
import marshal
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import pycinspect
from pycinspect.auditing import Finding, Policy
from pycinspect.cache import source_hash
from pycinspect.containers import read_archive
from tests.audit.kit import MTIME, PAYLOAD, RUNNING, SOURCE, Tree, timestamp
from tests.cli.conftest import Run, project, run
from tests.containers.kit import found, members_zip, pack_tar, pack_zip

__all__ = ["project", "run"]

TAG = RUNNING.cache_tag
CACHE = f"app/__pycache__/m.{TAG}.pyc"
FORGED = marshal.dumps(compile("answer = 43\n", "<tree>", "exec"))
FRESH = timestamp(RUNNING, MTIME, len(SOURCE))
UNCHECKED = RUNNING.magic + b"\1\0\0\0" + source_hash(SOURCE, RUNNING)
INFO = "app-1.0.dist-info"
FILES = {
    "app/__init__.py": b"",
    "app/m.py": SOURCE,
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: app\nVersion: 1.0\n",
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def _line(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def _wheel(
    place: Path,
    added: Mapping[str, bytes] | None = None,
    *,
    listed: Mapping[str, bytes] | None = None,
) -> Path:
    """Make a wheel; what is added is not in its RECORD, if it is not listed, too."""
    lines = [_line(name, content) for name, content in {**FILES, **(listed or {})}.items()]
    record = "".join(lines) + f"{INFO}/RECORD,,\n"
    members = {**FILES, **(added or {}), f"{INFO}/RECORD": record.encode()}
    return members_zip(place / "app-1.0-py3-none-any.whl", members.items())


def _of(rule: str, findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.path, finding.message) for finding in findings if finding.rule == rule]


# --- PYC509, PYC701 -----------------------------------------------------------------------------


def test_a_wheel_without_caches_is_clean(run: Run, tmp_path: Path) -> None:
    result = run("audit", _wheel(tmp_path))
    assert (result.exit_code, "PYC" in result.stdout) == (0, False)
    assert run("verify", _wheel(tmp_path)).exit_code == 0


def test_a_cache_that_was_added_to_a_wheel_is_on_the_first_screen(run: Run, tmp_path: Path) -> None:
    wheel = _wheel(tmp_path, {CACHE: UNCHECKED + FORGED})
    for arguments in (("audit",), ("verify",), ("audit", "--profile", "security")):
        result = run(*arguments, wheel)
        assert result.exit_code == 1
        screen = result.stdout.splitlines()[:24]
        assert any(f"whl!/{CACHE}" in line for line in screen)
        assert "its RECORD does not list it" in result.stdout


def test_the_api_looks_into_archives(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path, {CACHE: UNCHECKED + FORGED})
    assert pycinspect.verify_source(f"{wheel}!/{CACHE}").rung.value == "mismatch"
    diff = pycinspect.diff(f"{wheel}!/{CACHE}", f"{wheel}!/app/m.py")
    assert not diff.is_same
    code = compile(SOURCE, "app/m.py", "exec", dont_inherit=True)
    good = _wheel(tmp_path, {CACHE: UNCHECKED + marshal.dumps(code)})
    assert pycinspect.verify_source(f"{good}!/{CACHE}").rung.value in ("identical", "canonical")


def test_installers_install_it_and_python_runs_it(tmp_path: Path) -> None:
    """That it matters: pip copies the cache, and the import runs it."""
    wheel = _wheel(tmp_path, {CACHE: UNCHECKED + FORGED})
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile"]
    done = subprocess.run([*pip, "--target", tmp_path / "site", wheel], capture_output=True)
    if b"No module named pip" in done.stderr:
        pytest.skip("pip is not installed")
    code = "import app.m; print(app.m.answer)"
    environment = {**os.environ, "PYTHONPATH": os.fspath(tmp_path / "site")}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert ran.stdout.strip() == b"43"


def test_what_a_wheel_lists_is_compared_with_its_hash(tmp_path: Path) -> None:
    good = _wheel(tmp_path, {CACHE: UNCHECKED + PAYLOAD}, listed={CACHE: UNCHECKED + PAYLOAD})
    assert _of("PYC509", found(good)) == []
    assert _of("PYC701", found(good)) == [("TOP", f"the wheel has 1 cache, such as {CACHE}")]
    changed = _wheel(tmp_path, {CACHE: UNCHECKED + FORGED}, listed={CACHE: UNCHECKED + PAYLOAD})
    ((path, message),) = _of("PYC509", found(changed))
    assert (path, message) == (f"TOP/{CACHE}", "does not have the sha256 that RECORD says")
    longer = {CACHE: UNCHECKED + PAYLOAD + b"more"}
    ((_, message),) = _of("PYC509", found(_wheel(tmp_path, longer, listed={CACHE: b"x"})))
    assert "and not the 1 of RECORD" in message


def test_a_source_that_is_not_what_the_wheel_lists(tmp_path: Path) -> None:
    other = b"answer = 44\n"
    added = {CACHE: UNCHECKED + PAYLOAD, "app/m.py": SOURCE}
    wheel = _wheel(tmp_path, added, listed={CACHE: added[CACHE], "app/m.py": other})
    ((_, message),) = _of("PYC509", found(wheel))
    assert message == "its source m.py does not have the sha256 that RECORD says"


def test_a_wheel_whose_files_lie_in_its_data_directory(tmp_path: Path) -> None:
    """``purelib`` is installed beside the rest; RECORD names files as they are in the wheel."""
    cache = f"app-1.0.data/purelib/{CACHE.replace('app/', 'other/')}"
    added = {"app-1.0.data/purelib/other/m.py": SOURCE, cache: UNCHECKED + PAYLOAD}
    assert _of("PYC509", found(_wheel(tmp_path, added, listed=added))) == []
    ((path, _),) = _of("PYC509", found(_wheel(tmp_path, added)))
    assert path == f"TOP/other/__pycache__/m.{TAG}.pyc"


def test_a_wheel_without_a_record(tmp_path: Path) -> None:
    wheel = members_zip(tmp_path / "a.whl", [*FILES.items(), (CACHE, UNCHECKED + PAYLOAD)])
    assert _of("PYC509", found(wheel)) == [(f"TOP/{CACHE}", "is in a wheel without a RECORD")]


@pytest.mark.parametrize("line", ["x" * 200_000, '"open', "a,sha256=,-1", "a,md5=x,9" * 3, "\0,,"])
def test_a_record_that_is_none_lists_nothing(tmp_path: Path, line: str) -> None:
    members = [*FILES.items(), (CACHE, UNCHECKED + PAYLOAD), (f"{INFO}/RECORD", line.encode())]
    assert _of("PYC509", found(members_zip(tmp_path / "a.whl", members)))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site-packages as pip leaves it."""
    site = tmp_path / "site"
    for name, content in FILES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)
        os.utime(site / name, (MTIME, MTIME))
    (site / "app/__pycache__").mkdir()
    (site / CACHE).write_bytes(FRESH + PAYLOAD)
    empty = timestamp(RUNNING, MTIME, 0) + marshal.dumps(compile("", "app/__init__.py", "exec"))
    (site / f"app/__pycache__/__init__.{TAG}.pyc").write_bytes(empty)
    lines = [_line(name, content) for name, content in FILES.items()]
    caches = [f"app/__pycache__/{name}.{TAG}.pyc,,\n" for name in ("m", "__init__")]
    (site / INFO / "RECORD").write_text("".join([*lines, *caches]))
    return site


def test_what_pip_installs_is_what_record_says(site: Path) -> None:
    assert _of("PYC509", found(site)) == []


def test_caches_that_imports_wrote_need_not_be_listed(site: Path) -> None:
    record = site / INFO / "RECORD"
    record.write_text(
        "".join(line for line in record.read_text().splitlines(True) if ".pyc" not in line)
    )
    assert _of("PYC509", found(site)) == []


def test_a_cache_that_is_left_out_of_record(site: Path) -> None:
    record = site / INFO / "RECORD"
    record.write_text(record.read_text().replace(f"{CACHE},,\n", ""))
    ((path, message),) = _of("PYC509", found(site))
    assert (path, message) == (
        f"TOP/{CACHE}",
        "is not listed in RECORD, where the caches beside it are",
    )


def test_bytecode_that_was_added_to_an_installed_package(site: Path) -> None:
    (site / "app/backdoor.pyc").write_bytes(FRESH + PAYLOAD)
    ((path, _),) = _of("PYC509", found(site, Policy(deep=False)))
    assert path == "TOP/app/backdoor.pyc"


def test_a_source_that_was_changed_where_it_is_installed(site: Path) -> None:
    (site / "app/m.py").write_bytes(SOURCE.replace(b"2", b"3"))
    os.utime(site / "app/m.py", (MTIME, MTIME))
    ((_, message),) = _of("PYC509", found(site))
    assert message == "its source m.py does not have the sha256 that RECORD says"


# --- PYC702, PYC704, PYC708 ---------------------------------------------------------------------


def test_caches_in_a_source_distribution(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree" / "app-1.0")
    assert _of("PYC702", found(pack_tar(tmp_path / "tree", tmp_path / "a.tar.gz", "w:gz"))) == []
    tree.file("PKG-INFO", b"Name: app\n")
    archive = pack_tar(tmp_path / "tree", tmp_path / "app-1.0.tar.gz", "w:gz")
    ((path, message),) = _of("PYC702", found(archive))
    assert (
        message
        == f"the source distribution has 1 cache, such as app-1.0/__pycache__/clean.{TAG}.pyc"
    )
    assert path == "TOP"


def _unpack_zipfile(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(target)


def _unpack_unzip(archive: Path, target: Path) -> None:
    subprocess.run(["unzip", "-q", archive, "-d", target], check=True)


def _unpack_tarfile(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extractall(target, filter="data")


@pytest.mark.parametrize(
    ("pack", "unpack", "is_fresh"),
    [
        (pack_zip, _unpack_zipfile, False),
        (pack_zip, _unpack_unzip, True),
        (pack_tar, _unpack_tarfile, True),
    ],
)
def test_what_unpackers_make_of_times(
    tmp_path: Path, pack: object, unpack: object, is_fresh: bool
) -> None:
    """What PYC704 says is what the unpackers do."""
    if unpack is _unpack_unzip and shutil.which("unzip") is None:
        pytest.skip("unzip is not installed")
    tree = Tree(tmp_path / "tree")
    assert callable(pack)
    assert callable(unpack)
    archive = pack(tree.root, tmp_path / "a.archive")
    unpack(archive, tmp_path / "out")
    stale = {finding.rule for finding in found(tmp_path / "out")} & {"PYC101"}
    assert bool(stale) is not is_fresh
    assert bool(_of("PYC704", found(archive))) == (pack is pack_zip)


def test_caches_by_hash_do_not_depend_on_times(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    tree.cache("clean.py", UNCHECKED)
    assert _of("PYC704", found(pack_zip(tree.root, tmp_path / "a.zip"))) == []


def test_an_archive_without_sources(tmp_path: Path) -> None:
    members = [(f"app/{name}.pyc", FRESH + PAYLOAD) for name in ("__init__", "a", "b")]
    archive = members_zip(tmp_path / "a.zip", members)
    assert _of("PYC708", found(archive)) == [
        ("TOP", "all of its 3 modules are bytecode without source")
    ]
    assert _of("PYC708", found(members_zip(archive, [*members, ("app/c.py", b"")]))) == []


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("PEX-INFO", "__main__.py"), "pex"),
        (("environment.json", "_bootstrap/__init__.py", "__main__.py"), "shiv"),
        (("__main__.py",), "zipapp"),
        (("EGG-INFO/PKG-INFO",), "egg"),
        ((f"{INFO}/WHEEL", "__main__.py"), "wheel"),
        (("a.dist-info/WHEEL", "b.dist-info/WHEEL"), "zip archive"),
        (("a/__main__.py", "a/b.dist-info/WHEEL"), "zip archive"),
    ],
)
def test_what_a_zip_file_is_its_members_tell(
    tmp_path: Path, names: tuple[str, ...], kind: str
) -> None:
    members_zip(tmp_path / "a", [(name, b"") for name in names])
    data = (tmp_path / "a").read_bytes()
    layout = read_archive(io.BytesIO(data), len(data)).layout
    assert (layout.kind, layout.is_imported) == (kind, kind in ("zipapp", "egg"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "bad.whl"),
        ("verify", "bad.whl"),
        ("diff", "bad.whl", "bad.whl"),
        ("show", "bad.whl!/m.py"),
        ("check", "bad.whl!/m.py"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_each_command_says_that_an_archive_is_damaged(
    run: Run, project: Path, arguments: tuple[str, ...]
) -> None:
    (project / "bad.whl").write_bytes(b"PK\3\4 and no directory")
    result = run(*arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("pycinspect: bad.whl")
    assert "a damaged zip archive" in line
