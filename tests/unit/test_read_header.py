"""``read_header`` on every kind of thing that a path can lead to."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.pyc import read_all, read_header
from tests.privileges import unprivileged
from tests.unit.headers import timestamp

CPYTHON_38 = DIALECTS["cpython-3.8"]
HEADER = timestamp(CPYTHON_38, 1_700_000_000, 42)

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def _refusal(path: Path | str) -> PycInspectError:
    with pytest.raises(PycInspectError) as caught:
        read_header(path)
    assert caught.value.path == os.fspath(path)
    assert len(caught.value.message.splitlines()) == 1
    return caught.value


# --- Files that can be read --------------------------------------------------------


def test_file_is_read_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mod.cpython-38.pyc"
    path.write_bytes(HEADER + b"payload")
    before = path.stat()

    header = read_header(path)

    assert (header.mtime, header.source_size) == (1_700_000_000, 42)
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (before.st_mtime_ns, before.st_size)


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("mod.cpython-38.pyc", "cpython-3.8"),
        ("mod.cpython-38.opt-1.pyc", "cpython-3.8"),
        ("mod.graalpython-38.pyc", "graalpy-20.3"),
        ("mod.graalpython-38.opt-1.pyc", "graalpy-20.3"),
        ("mod.pyc", "cpython-3.8"),
        ("no suffix at all", "cpython-3.8"),
    ],
)
def test_tag_in_the_name_decides(tmp_path: Path, name: str, dialect: str) -> None:
    path = tmp_path / name
    path.write_bytes(HEADER)
    assert read_header(path).dialect.name == dialect


@posix_only
@pytest.mark.parametrize(
    "name",
    [b"new\nline.pyc", b"caf\xe9.pyc", b"\xff\xfe.pyc", b" .pyc", b"-.pyc", b"a\tb\x1b[31m.pyc"],
    ids=repr,
)
def test_odd_names_are_read(tmp_path: Path, name: bytes) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))
    try:
        Path(path).write_bytes(HEADER)
    except OSError:
        pytest.skip("the file system refuses this name")
    assert read_header(path).mtime == 1_700_000_000


@posix_only
def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(HEADER)
    link = tmp_path / "mod.graalpython-38.pyc"
    link.symlink_to("target")
    assert read_header(link).dialect.name == "graalpy-20.3"  # the link's name counts


@pytest.mark.parametrize("length", range(16))
def test_short_file(tmp_path: Path, length: int) -> None:
    path = tmp_path / "mod.pyc"
    path.write_bytes(HEADER[:length])
    error = _refusal(path)
    assert error.slug == ("short-header" if length else "empty-file")
    assert error.offset == length
    assert str(error).startswith(f"{path}: offset {length}: ")


# --- What is not a file ---------------------------------------------------------------


def _directory(path: Path) -> None:
    path.mkdir()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def _dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def _link_loop(path: Path) -> None:
    path.symlink_to(path.name)


def _link_to_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def _nothing(path: Path) -> None:
    pass


@posix_only
@pytest.mark.parametrize(
    ("make", "slug", "says"),
    [
        (_directory, "not-a-file", "a directory, not a file"),
        (_fifo, "not-a-file", "a fifo, not a file"),
        (_link_to_fifo, "not-a-file", "a fifo, not a file"),
        (_link_to_device, "not-a-file", "a character device, not a file"),
        (_dangling_link, "not-found", "no such file"),
        (_nothing, "not-found", "no such file"),
        (_link_loop, "unreadable", "cannot be read: "),
    ],
)
def test_what_is_no_file_is_named(
    tmp_path: Path, make: Callable[[Path], None], slug: str, says: str
) -> None:
    """A fifo without a writer must not hang, a device must not be opened."""
    path = tmp_path / "mod.pyc"
    make(path)
    error = _refusal(path)
    assert error.slug == slug
    assert says in error.message
    assert error.offset is None


@posix_only
def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("mod.pyc")
        assert "a socket, not a file" in _refusal("mod.pyc").message


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("", "not-found"),
        ("no/such/directory/mod.pyc", "not-found"),
        ("null\0character.pyc", "not-found"),
        ("surrogate\ud800.pyc", "not-found"),
    ],
    ids=["empty", "no directory", "null", "surrogate"],
)
def test_path_that_leads_nowhere(path: str, slug: str) -> None:
    assert _refusal(path).slug == slug


@posix_only
def test_name_that_is_too_long() -> None:
    assert _refusal("x" * 10_000).slug == "unreadable"


@posix_only
def test_file_in_the_place_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert _refusal(tmp_path / "file" / "mod.pyc").slug == "unreadable"


@posix_only
def test_permission_denied(tmp_path: Path) -> None:
    path = tmp_path / "mod.pyc"
    path.write_bytes(HEADER)
    path.chmod(0)
    with unprivileged():
        error = _refusal(path)
    assert error.slug == "unreadable"
    assert "Permission denied" in error.message


# --- Reading whole files -------------------------------------------------------------


def test_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mod.py"
    path.write_bytes(b"12345")
    assert read_all(str(path), 5) == b"12345"


@pytest.mark.parametrize("limit", [0, 4])
def test_file_over_the_limit_is_refused(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "mod.py"
    path.write_bytes(b"12345")
    with pytest.raises(PycInspectError, match=f"more than {limit} bytes") as caught:
        read_all(str(path), limit)
    assert caught.value.slug == "too-large"


@posix_only
def test_file_that_hides_its_size_is_limited_all_the_same() -> None:
    """Files of ``/proc`` say that they are empty."""
    path = "/proc/self/status"
    if not os.path.exists(path) or os.stat(path).st_size:
        pytest.skip("no /proc")
    with pytest.raises(PycInspectError, match="more than 10 bytes"):
        read_all(path, 10)
