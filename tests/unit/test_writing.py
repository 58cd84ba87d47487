"""Files are written as a whole or not at all, wherever writing fails."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from pycinspect import writing
from pycinspect.auditing.baseline import Accepted, read_baseline, write_baseline
from pycinspect.errors import PycInspectError
from pycinspect.writing import Attributes, replacing, write_whole
from pytest_pycinspect.golden.update import Planned

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions, links and fifos of POSIX")
NEW = "x" * 100_000  # more than any buffer holds


def _report(path: str) -> None:
    with replacing(path) as stream:
        stream.write(NEW)


def _baseline(path: str) -> None:
    write_baseline(path, [Accepted("PYC101", f"{number}.pyc") for number in range(3000)])


def _golden(path: str) -> None:
    Planned(path, "", f"[test]\n{NEW}\n", (), ()).write()


WRITERS = pytest.mark.parametrize("write", [_report, _baseline, _golden])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    target = tmp_path / "target"
    target.write_text("old")
    return target


def _left(target: Path) -> tuple[str, list[str]]:
    return target.read_text(), sorted(os.listdir(target.parent))


class Failing:
    """Makes the n-th call of a function of the system fail, and remembers its name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> None:
        self.calls: list[str] = []
        self._at, self._error = at, error
        names = ("stat", "open", "chmod", "replace", "close")
        failing = {name: self._wrapped(name, getattr(os, name)) for name in names}
        # Not in os itself: others use it, too.
        monkeypatch.setattr(writing, "os", SimpleNamespace(**{**vars(os), **failing}))
        monkeypatch.setattr(writing._Sink, "write", self._wrapped("write", writing._Sink.write))

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) == self._at:
                raise self._error
            return function(*arguments, **named)

        return call


def _calls(write: Callable[[str], None], path: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        seen = Failing(patch, 0, OSError())
        write(path)
    return seen.calls


@WRITERS
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_an_error_at_any_call_leaves_what_was_there(
    target: Path, write: Callable[[str], None], number: int
) -> None:
    other = target.parent / "other"
    other.write_text("old")
    calls = _calls(write, os.fspath(other))
    other.unlink()
    assert {"stat", "open", "replace", "write"} <= {*calls}
    for at, name in enumerate(calls, 1):
        if name == "write":  # its errors are named inside of it
            continue
        with pytest.MonkeyPatch.context() as patch:
            Failing(patch, at, OSError(number, os.strerror(number)))
            with pytest.raises(PycInspectError) as caught:
                write(os.fspath(target))
        assert (caught.value.slug, caught.value.path) == ("unwritable", os.fspath(target))
        assert os.strerror(number) in caught.value.message
        assert _left(target) == ("old", ["target"]), (at, name)


@WRITERS
def test_an_interruption_at_any_call_leaves_what_was_there(
    target: Path, write: Callable[[str], None]
) -> None:
    other = target.parent / "other"
    other.write_text("old")
    calls = _calls(write, os.fspath(other))
    other.unlink()
    for at in range(1, len(calls) + 1):
        with pytest.MonkeyPatch.context() as patch:
            Failing(patch, at, KeyboardInterrupt())
            with pytest.raises(KeyboardInterrupt):
                write(os.fspath(target))
        assert _left(target) == ("old", ["target"]), (at, calls[at - 1])


def test_an_error_of_the_block_is_not_called_one_of_writing(target: Path) -> None:
    def fail() -> None:
        with replacing(os.fspath(target)) as stream:
            stream.write(NEW)
            raise OSError(errno.EIO, "of something else")

    with pytest.raises(OSError, match="of something else"):
        fail()
    assert _left(target) == ("old", ["target"])


@POSIX
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_one_clear_line() -> None:
    with pytest.raises(PycInspectError, match="No space left") as caught:
        _report("/dev/full")
    assert str(caught.value) == "/dev/full: cannot be written: No space left on device"


@POSIX
@WRITERS
def test_a_file_that_cannot_grow_is_left_as_it_was(
    target: Path, write: Callable[[str], None]
) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # Python ignores SIGXFSZ
    try:
        with pytest.raises(PycInspectError, match="cannot be written: File too large"):
            write(os.fspath(target))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert _left(target) == ("old", ["target"])


@POSIX
@WRITERS
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o750])
def test_the_mode_is_kept(target: Path, write: Callable[[str], None], mode: int) -> None:
    target.chmod(mode)
    write(os.fspath(target))
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_text() != "old"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@POSIX
@WRITERS
def test_a_new_file_has_the_mode_that_the_umask_gives(
    tmp_path: Path, umask: None, write: Callable[[str], None]
) -> None:
    write(os.fspath(tmp_path / "new"))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["new"]


@POSIX
@WRITERS
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed_and_stays(
    tmp_path: Path, write: Callable[[str], None], there: bool
) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    if there:
        (place / "file").write_text("old")
    (tmp_path / "link").symlink_to(os.path.join("elsewhere", "file"))
    write(os.fspath(tmp_path / "link"))
    assert os.readlink(tmp_path / "link") == os.path.join("elsewhere", "file")
    assert (place / "file").read_text() != "old"
    assert os.listdir(place) == ["file"]


@POSIX
def test_a_fifo_is_written_to(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = Thread(target=_report, args=(os.fspath(fifo),))
    writer.start()
    content = fifo.read_text()
    writer.join()
    assert content == NEW
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@POSIX
def test_devices_are_written_to() -> None:
    _report(os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="no /dev/fd")
def test_a_file_that_is_open_already_is_not_replaced(target: Path) -> None:
    with open(target, "r+", encoding="utf-8") as stream:
        _report(f"/dev/fd/{stream.fileno()}")
        assert stream.read() == NEW
        assert os.fstat(stream.fileno()).st_nlink == 1


@WRITERS
def test_a_directory_is_refused(tmp_path: Path, write: Callable[[str], None]) -> None:
    with pytest.raises(PycInspectError) as caught:
        write(os.fspath(tmp_path))
    assert caught.value.slug == "unwritable"
    assert os.listdir(tmp_path) == []


@POSIX
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write it")
def test_a_file_that_is_read_only_is_refused_as_open_does(target: Path) -> None:
    target.chmod(0o444)
    with pytest.raises(PycInspectError, match="Permission denied"):
        _report(os.fspath(target))
    assert _left(target) == ("old", ["target"])


@POSIX
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write it")
def test_a_read_only_directory_is_one_clear_line(target: Path) -> None:
    target.parent.chmod(0o555)
    try:
        with pytest.raises(PycInspectError, match="Permission denied"):
            _report(os.fspath(target))
    finally:
        target.parent.chmod(0o755)
    assert _left(target) == ("old", ["target"])


@POSIX
@pytest.mark.parametrize("name", ["fifo", "directory"])
def test_a_baseline_that_is_no_file_is_refused_and_not_waited_for(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(PycInspectError) as caught:
        read_baseline(os.fspath(path))
    assert caught.value.slug == "not-a-file"


# --- Files of bytes ------------------------------------------------------------------------------


def _whole(target: Path, *, is_new: bool = False) -> None:
    temporary = os.fspath(target.with_name("temporary"))
    attributes = Attributes(0o640, mtime_ns=1_500_000_000 * 10**9)
    content = NEW.encode("ascii")
    write_whole(os.fspath(target), content, attributes, temporary=temporary, is_new=is_new)


def test_bytes_come_with_mode_and_time(target: Path) -> None:
    _whole(target)
    assert _left(target) == (NEW, ["target"])
    assert target.stat().st_mtime == 1_500_000_000
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("has_links", [True, False])
def test_what_should_be_new_replaces_nothing(
    target: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", refusing, raising=False)
    with pytest.raises(FileExistsError):
        _whole(target, is_new=True)
    assert _left(target) == ("old", ["target"])
    target.unlink()
    _whole(target, is_new=True)
    assert _left(target) == (NEW, ["target"])


@pytest.mark.parametrize("name", ["write", "fsync", "chmod", "utime", "replace"])
def test_bytes_that_cannot_be_written_leave_the_old_ones(
    name: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, failing)
    with pytest.raises(OSError, match="No space"):
        _whole(target)
    assert _left(target) == ("old", ["target"])
