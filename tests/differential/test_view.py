"""The file system of another user, and of an image, against being that user, and in that image."""

from __future__ import annotations

import os
import py_compile
import stat
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pycinspect.auditing import Audit, Policy, Selection
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import (
    ImportOptions,
    Listing,
    User,
    Verdict,
    View,
    find_user,
    judge_module,
    why_not_written,
)
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from tests.differential.elsewhere import NEEDS_ROOT, as_user, below
from tests.differential.trees import workspace

pytestmark = pytest.mark.skipif(NEEDS_ROOT, reason="only root can become somebody else")

RUNNING = DIALECTS.running()
IDS = st.sampled_from([0, 1000, 1001, 1002])
MODES = st.integers(0, 0o777)


class Node:
    """A file or directory with an owner and a mode."""

    def __init__(self, uid: int, gid: int, mode: int) -> None:
        self.uid, self.gid, self.mode = uid, gid, mode

    def __repr__(self) -> str:
        return f"{self.uid}:{self.gid} {self.mode:04o}"

    def apply(self, path: Path, more: int = 0) -> None:
        os.chown(path, self.uid, self.gid)
        os.chmod(path, self.mode | more)


NODES = st.builds(Node, IDS, IDS, MODES)


def _answers(view: View, paths: Sequence[str]) -> list[object]:
    """Return all that can be asked of a file system."""
    writer = RUNNING.writer
    return [
        (
            path,
            view.is_file(path),
            view.is_dir(path),
            view.exists(path),
            view.lexists(path),
            view.is_link(path),
            view.may_read(path),
            view.is_dir(path) and view.may_change(path),
            Listing.of(path, view).names,
            _raised(view, path),
            why_not_written(os.path.join(path, "x.pyc"), writer, view),
            why_not_written(path, writer, view),
        )
        for path in paths
    ]


def _raised(view: View, path: str) -> str:
    try:
        return view.read_all(path, 100).decode()
    except (OSError, PycInspectError) as error:
        return type(error).__name__


@settings(max_examples=150, deadline=None)
@given(
    uid=IDS,
    groups=st.lists(IDS, min_size=1, max_size=3, unique=True),
    nodes=st.lists(NODES, min_size=6, max_size=6),
    sticky=st.booleans(),
)
def test_permissions_are_those_of_the_user(
    uid: int, groups: list[int], nodes: list[Node], sticky: bool
) -> None:
    with workspace() as root:
        root.chmod(0o755)
        inner, file, target = root / "outer/inner", root / "outer/inner/file", root / "other/target"
        inner.mkdir(parents=True)
        target.parent.mkdir()
        file.write_text("file")
        target.write_text("target")
        (root / "outer/link").symlink_to(target)
        (inner / "up").symlink_to("../../other")
        (inner / "dangling").symlink_to("nowhere")
        made = [file, target, inner, root / "outer", root / "other"]
        for path, node in zip(made, nodes, strict=False):
            node.apply(path, stat.S_ISVTX if sticky and path == inner else 0)
        paths = [
            *("outer", "outer/inner", "outer/inner/file", "outer/link", "other/target", "other"),
            *("outer/inner/up", "outer/inner/up/target", "outer/inner/up/../outer/inner/file"),
            *("outer/inner/dangling", "outer/none", "outer/none/deeper", "outer/inner/file/x"),
            *("outer/inner/file/../file", "outer/none/../inner"),
        ]
        full = [os.path.join(root, path) for path in paths]
        predicted = _answers(View(user=User(uid, frozenset(groups))), full)
        observed = as_user(uid, groups, lambda: _answers(View(), full))
        for path in made:
            os.chown(path, 0, 0)
            path.chmod(0o755)
    for ours, theirs in zip(predicted, observed, strict=True):
        assert ours == theirs


# --- A tree for somebody else ----------------------------------------------------------------


def _tree(root: Path) -> Path:
    """Make a tree that an ordinary user can use in part."""
    for name in ("fresh", "stale", "locked_cache", "locked_source", "stale_locked", "missing"):
        for place in ("open", "closed", "unlisted", "unsearched", "shared", "sticky"):
            source = root / place / f"{name}.py"
            source.parent.mkdir(exist_ok=True)
            source.write_text("answer = 42\n")
            os.utime(source, (1_700_000_000, 1_700_000_000))
            if name == "missing":
                continue
            cache = Path(py_compile.compile(os.fspath(source)))
            if name.startswith("stale"):
                os.utime(source, (1, 1))
            if name == "locked_cache":
                cache.chmod(0)
            if name in ("locked_source", "stale_locked"):
                source.chmod(0)
    (root / "closed/__pycache__").chmod(0o555)
    (root / "unlisted").chmod(0o711)
    (root / "unsearched").chmod(0o744)
    for name, mode in (("shared", 0o775), ("sticky", 0o1777)):
        for place in (root / name, root / name / "__pycache__"):
            os.chown(place, 0, 1234)
            place.chmod(mode)
    for place in (root / "open", root / "open/__pycache__"):
        os.chown(place, 1000, 1000)
    root.chmod(0o755)
    return root


def _audit(roots: Sequence[str], view: View) -> tuple[object, ...]:
    policy = Policy(selection=Selection(("PYC",)), dialect=RUNNING, deep=False, view=view)
    audit = Audit(roots, BUILT_IN, policy)
    findings = [(f.rule, f.severity, f.path, f.message, f.source) for f in audit]
    return findings, audit.summary.states, audit.summary.unread


def _told(verdict: Verdict) -> tuple[object, ...]:
    return verdict.message, verdict.found, verdict.writes, verdict.exception


def _verdicts(roots: Sequence[str], view: View) -> list[tuple[object, ...]]:
    options = ImportOptions(view=view)
    return [
        _told(judge_module(name, [root], RUNNING, options))
        for root in roots
        for name in ("fresh", "stale", "locked_cache", "locked_source", "stale_locked", "missing")
    ]


@pytest.mark.parametrize(
    ("uid", "groups"), [(1000, [1000]), (1001, [1001, 1234]), (1002, [1002]), (0, [0])]
)
def test_audit_and_check_as_if_the_user_ran_them(uid: int, groups: list[int]) -> None:
    with workspace() as directory:
        root = _tree(directory)
        places = [os.fspath(path) for path in sorted(root.iterdir())]
        view = View(user=User(uid, frozenset(groups)))
        predicted = _audit([os.fspath(root)], view), _verdicts(places, view)
        observed = as_user(
            uid, groups, lambda: (_audit([os.fspath(root)], View()), _verdicts(places, View()))
        )
        for place in places:
            os.chmod(place, 0o755)
    assert predicted == observed
    assert (uid == 0) == ("PYC109" not in {rule for rule, *_ in predicted[0][0]})  # type: ignore[attr-defined]


def test_a_real_import_of_that_user_leaves_what_was_predicted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The importer is run as the user: what it writes is what the verdict says."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # whoever runs the tests may say so
    import importlib.util

    from pycinspect.cache import cache_from_source

    wrong = []
    with workspace() as directory:
        root = _tree(directory)
        view = View(user=User(1001, frozenset({1001, 1234})))
        for place in sorted(root.iterdir()):
            for name in ("stale", "missing", "locked_cache"):
                verdict = judge_module(name, [os.fspath(place)], RUNNING, ImportOptions(view=view))
                source = os.path.join(place, f"{name}.py")
                cache = cache_from_source(source, RUNNING)

                def import_it(source: str = source) -> str | None:
                    spec = importlib.util.spec_from_file_location("m", source)
                    assert spec is not None
                    assert spec.loader is not None
                    try:
                        spec.loader.exec_module(importlib.util.module_from_spec(spec))
                    except OSError as error:
                        return type(error).__name__
                    return None

                def inode(cache: str = cache) -> int | None:
                    return os.stat(cache).st_ino if os.path.exists(cache) else None

                before = inode()
                raised = as_user(1001, [1001, 1234], import_it)
                was_written = inode() != before
                if verdict.found.path is None:  # the finder does not come to it
                    continue
                if (verdict.writes is not None) != was_written or verdict.exception != raised:
                    wrong.append((source, verdict.message, was_written, raised))
            os.chmod(place, 0o755)
    assert wrong == []


# --- An image ----------------------------------------------------------------------------------


def _image(root: Path) -> Path:
    """Make a root directory with links that lead elsewhere outside of it."""
    library = root / "usr/lib/python3.11"
    for name in ("fresh", "stale", "linked"):
        source = library / f"{name}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("answer = 42\n")
        os.utime(source, (1_700_000_000, 1_700_000_000))
        py_compile.compile(os.fspath(source), dfile=f"/usr/lib/python3.11/{name}.py")
    os.utime(library / "stale.py", (1, 1))
    shared = root / "opt/shared"
    shared.mkdir(parents=True)
    (library / "linked.py").rename(shared / "linked.py")
    (library / "linked.py").symlink_to("/opt/shared/linked.py")
    package = library / "package"
    package.mkdir()
    (package / "__init__.py").symlink_to("../../../../opt/shared/linked.py")
    (package / "escaping.py").symlink_to("../../../../../../../../../../opt/shared/linked.py")
    (package / "__pycache__").symlink_to("/opt/shared/caches")
    (shared / "caches").mkdir()
    py_compile.compile(
        os.fspath(shared / "linked.py"),
        os.fspath(shared / "caches/__init__.cpython-311.pyc"),
    )
    (root / "srv").mkdir()
    with zipfile.ZipFile(root / "srv/app.zip", "w") as archive:
        archive.write(library / "fresh.py", "zipped.py")
        archive.write(next((library / "__pycache__").glob("fresh.*")), "zipped.pyc")
    (root / "opt/link.zip").symlink_to("/srv/app.zip")
    (library / "dangling.py").symlink_to("/etc/hostname-of-the-host")
    (root / "lib").symlink_to("/usr/lib")
    (root / "usr/bin").mkdir()
    (root / "usr/bin/python3.11").write_text("")
    (root / "usr/bin/python3").symlink_to("/usr/bin/python3.11")
    return root


def _in_image(view: View) -> tuple[object, ...]:
    options = ImportOptions(view=view, current_directory="/")
    row = DIALECTS["cpython-3.11"]
    modules = ("fresh", "stale", "linked", "dangling", "package", "package.escaping", "none")
    return (
        _audit(["/usr"], view),
        _audit(["/lib/python3.11/package"], view),
        _audit(["/lib/python3.11/linked.py"], view),
        [_told(judge_module(name, ["/lib/python3.11"], row, options)) for name in modules],
        [
            _told(judge_module("zipped", [archive], row, options))
            for archive in ("/srv/app.zip", "/opt/link.zip", "opt/link.zip")
        ],
    )


def test_an_image_is_judged_as_from_inside(tmp_path: Path) -> None:
    root = _image(tmp_path / "image")
    predicted = _in_image(View(os.fspath(root)))
    observed = below(root, lambda: _in_image(View()))
    assert predicted == observed


def test_users_of_an_image(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:\nbad\napp:x:10:20::/app:\nno:x:x:y\n")
    (tmp_path / "etc/group").write_text("app:x:20:\nwww:x:33:other,app\nbad:x:x:app\n\n")
    root = os.fspath(tmp_path)
    assert find_user("app", root) == User(10, frozenset({20, 33}))
    assert find_user("10", root) == find_user("app", root)
    assert find_user("app:www", root) == User(10, frozenset({33}))
    assert find_user("77", root) == User(77, frozenset({0}))
    assert find_user("77:78", root) == User(77, frozenset({78}))
    for wanted in ("nobody", "no", "", "-1", "app:none", "4294967296", "10.0", "app:"):
        with pytest.raises(PycInspectError, match="is known in"):
            find_user(wanted, root)


def test_users_here() -> None:
    assert find_user("root").uid == 0
    assert find_user("0") == find_user("root")
    import pwd

    for row in pwd.getpwall():
        expected = frozenset(os.getgrouplist(row.pw_name, row.pw_gid))
        assert find_user(row.pw_name) == User(row.pw_uid, expected)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/b")
    (tmp_path / "b").symlink_to("/a")
    view = View(os.fspath(tmp_path))
    assert not view.exists("/a")
    assert view.is_link("/a")
    with pytest.raises(OSError, match="Too many levels"):
        view.stat("/a/x")
