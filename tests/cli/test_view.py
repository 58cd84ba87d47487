"""``--user``, ``--read-only``, ``--root``, ``--environment``: judged as the Python that imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pycinspect.cache import parse_environment
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError

from .conftest import Run

POSIX = pytest.mark.skipif(os.name != "posix", reason="users and permissions of POSIX")
NOBODY = 4711  # no user has it


def audit(run: Run, *arguments: str | os.PathLike[str], **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("audit", *arguments, "--json", **more).stdout)
    return document


def rules(document: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in document["findings"]}


def check(run: Run, *arguments: str | os.PathLike[str], **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run("check", *arguments, "--json", **more).stdout)
    return answer


@pytest.fixture
def reachable(project: Path) -> Iterator[Path]:
    """The project, in directories that every user may search: pytest's are its own user's."""
    places = {place: place.stat().st_mode for place in (project, *project.parents[:3])}
    for place, mode in places.items():
        os.chmod(place, mode | 0o055)
    yield project
    for place, mode in places.items():
        os.chmod(place, mode)


# --- Who, and whether anything can be written --------------------------------------------------


def test_nothing_can_be_written(run: Run) -> None:
    (found,) = [f for f in audit(run, ".", "--read-only")["findings"] if f["rule"] == "PYC109"]
    assert found["data"]["hindrance"] == "the file system is read-only"
    answer = check(run, "stale.py", "--read-only")
    assert (answer["writes"], answer["hindrance"]) == (None, "read-only")
    assert answer["message"].endswith(
        "Nothing is written: the file system of __pycache__ is read-only."
    )
    assert check(run, "fresh.py", "--read-only")["verdict"] == "load"


def test_a_missing_cache_that_can_never_be_written_is_a_warning_where_it_is_deployed(
    run: Run, project: Path
) -> None:
    os.utime(project / "stale.py", (1_500_000_000, 1_500_000_000))
    for arguments, code in (
        ((), 0),
        (("--read-only",), 0),
        (("--profile", "deploy"), 0),
        (("--profile", "deploy", "--read-only"), 1),
        (("--profile", "deploy", "-B"), 1),
    ):
        result = run("audit", ".", *arguments)
        assert result.exit_code == code, result.stdout
        assert ("PYC205 warning  1 x" in result.stdout) == bool(code)
    (found,) = audit(run, ".", "--profile", "deploy", "-B", "--select", "PYC205")["findings"]
    assert found["path"] == "absent.py"
    assert found["message"].endswith(
        "and none can be written, as writing bytecode is switched off: every start compiles the"
        " source"
    )


@POSIX
def test_permissions_of_another_user(run: Run, reachable: Path) -> None:
    project = reachable
    assert "PYC109" in rules(audit(run, ".", "--user", str(NOBODY)))
    assert check(run, "stale.py", "--user", str(NOBODY))["hindrance"] == "dir-not-writable"
    os.chmod(project / "__pycache__", 0o777)
    assert "PYC109" not in rules(audit(run, ".", "--user", str(NOBODY), "--ignore", "PYC601"))
    assert check(run, "stale.py", "--user", str(NOBODY))["writes"] is not None
    os.chmod(project / "__pycache__", 0o1777)  # only the owner may replace what is there
    document = audit(run, ".", "--user", str(NOBODY))
    assert document["summary"]["importer"]["uid"] == NOBODY
    assert document["summary"]["importer"]["groups"] == [0]
    (found,) = [f for f in document["findings"] if f["rule"] == "PYC109"]
    assert "sticky bit" in found["data"]["hindrance"]
    assert check(run, "stale.py", "--user", str(NOBODY))["hindrance"] == "sticky"
    assert check(run, "absent.py", "--user", str(NOBODY))["writes"] is not None
    os.chmod(project / "stale.py", 0o600)
    assert check(run, "stale.py", "--user", str(NOBODY))["exception"] == "PermissionError"
    owner = str((project / "stale.py").stat().st_uid)
    assert check(run, "stale.py", "--user", owner)["verdict"] == "recompile"


@POSIX
@pytest.mark.usefixtures("reachable")
def test_who_was_asked_is_said(run: Run) -> None:
    text = " ".join(run("audit", ".", "--user", "4711:12", "--read-only").stdout.split())
    assert "Permissions are judged for user 4711, groups 12." in text
    assert "Nothing can be written, as --read-only says." in text


@POSIX
@pytest.mark.parametrize("user", ["5" * 5000, "0:" + "5" * 5000])
def test_a_number_of_thousands_of_digits_is_nobody_s(run: Run, user: str) -> None:
    result = run("audit", ".", "--user", user)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert len(result.stderr) < 500


@pytest.mark.parametrize("command", [("audit", "."), ("check", "fresh.py")])
def test_an_unknown_user_is_refused(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--user", "no such user")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    if os.name == "posix":
        assert result.stderr == "pycinspect: no user 'no such user' is known here\n"


# --- Variables -----------------------------------------------------------------------------------


def test_variables_of_this_shell(run: Run, project: Path) -> None:
    off = {"PYTHONDONTWRITEBYTECODE": "1"}
    assert "PYC109" not in rules(audit(run, ".", env=off))
    assert "PYC109" in rules(audit(run, ".", "--environment", env=off))
    assert "PYC109" not in rules(
        audit(run, ".", "--environment", env={"PYTHONDONTWRITEBYTECODE": "0"})
    )
    prefix = {"PYTHONPYCACHEPREFIX": os.fspath(project / "prefix")}
    document = audit(run, ".", "--environment", env=prefix)
    assert document["summary"]["caches"]["unused"] == 2
    assert document["summary"]["importer"]["pycache_prefix"] == prefix["PYTHONPYCACHEPREFIX"]
    missing = audit(run, ".", "--environment", "--select", "PYC205", env={"PYTHONOPTIMIZE": "1"})
    assert {finding["data"]["level"] for finding in missing["findings"]} == {1}
    assert len(missing["findings"]) == 3


def test_an_option_counts_more_than_a_variable_and_a_variable_more_than_a_setting(
    run: Run, project: Path
) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.pycinspect.audit]\nlevels = [2]\nenvironment = true\nselect = ['PYC205']\n"
    )

    def levels(*arguments: str, **env: str) -> set[int]:
        found = audit(run, ".", *arguments, env={"PYTHONOPTIMIZE": "", **env})["findings"]
        return {finding["data"]["level"] for finding in found}

    assert levels() == {2}
    assert levels(PYTHONOPTIMIZE="1") == {1}
    assert levels("-OO", PYTHONOPTIMIZE="1") == {2}
    assert levels("--levels", "0", PYTHONOPTIMIZE="1") == {0}


FILES = {
    "lines": "PATH=/bin\n\n# off\nPYTHONOPTIMIZE=2\nPYTHONDONTWRITEBYTECODE=x\nA=b=c\n",
    "proc": "PATH=/bin\0PYTHONOPTIMIZE=2\0PYTHONDONTWRITEBYTECODE=x\0",
    "docker": json.dumps(
        [{"Config": {"Env": ["PATH=/bin", "PYTHONOPTIMIZE=2", "PYTHONDONTWRITEBYTECODE=x"]}}]
    ),
    "oci": json.dumps({"config": {"Env": ["PYTHONOPTIMIZE=2", "PYTHONDONTWRITEBYTECODE=x"]}}),
    "list": json.dumps(["PYTHONOPTIMIZE=2", "PYTHONDONTWRITEBYTECODE=x"]),
}


@pytest.mark.parametrize("name", FILES)
def test_variables_of_a_file(run: Run, project: Path, name: str) -> None:
    (project / "env").write_text(FILES[name])
    found = audit(run, ".", "--environment-file", "env", "--select", "PYC109,PYC205")
    assert found["summary"]["importer"]["dont_write_bytecode"] is True
    assert found["summary"]["importer"]["levels"] == [2]
    answer = check(run, "stale.py", "--environment-file", "env")
    assert (answer["hindrance"], answer["reason"]) == ("write-disabled", "cache-absent")


@pytest.mark.parametrize(
    "content", ["no variables\n", "[1]", "{}", "[]x", "[" * 20_000, '[{"Config": null}]']
)
def test_a_file_without_variables_is_refused(run: Run, project: Path, content: str) -> None:
    (project / "env").write_text(content)
    for command in ("audit", "check"):
        result = run(command, "fresh.py", "--environment-file", "env")
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_an_empty_environment_says_nothing() -> None:
    assert parse_environment(b"") == parse_environment(b"\n\0") == parse_environment(b"[]") == {}
    with pytest.raises(PycInspectError, match="no NAME=VALUE"):
        parse_environment(b"export\n")


def test_one_environment_is_enough(run: Run) -> None:
    result = run("check", "fresh.py", "--environment", "--environment-file", "x")
    assert result.exit_code == 2
    assert "cannot both be given" in result.stderr


@POSIX
def test_variables_of_a_running_process(run: Run, project: Path) -> None:
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    variables = {**os.environ, "PYTHONOPTIMIZE": "1", "PYTHONDONTWRITEBYTECODE": "yes"}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        if not os.path.exists(f"/proc/{child.pid}/environ"):
            pytest.skip("no /proc")
        answer = check(run, "fresh.py", "--environment-file", f"/proc/{child.pid}/environ")
        assert child.stdin is not None
        child.stdin.close()
    assert answer["hindrance"] == "write-disabled"
    assert ".opt-1." in answer["cache_path"]


# --- Images ----------------------------------------------------------------------------------------


@pytest.fixture
def image(project: Path) -> Path:
    """An image with Python 3.9 and a cache that is fresh for it."""
    root = project / "image"
    app = root / "srv/app"
    app.mkdir(parents=True)
    source = app / "m.py"
    source.write_text("x = 1\n")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    row = DIALECTS["cpython-3.9"]
    assert row.header is not None
    header = row.header.pack_timestamp(row.magic, 1_700_000_000, 6)
    (app / "__pycache__").mkdir()
    (app / "__pycache__/m.cpython-39.pyc").write_bytes(header + b"N")
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/python3.9").write_text("never run")
    (root / "usr/bin/python3.8").write_text("")
    (root / "usr/bin/python3").symlink_to("/usr/bin/python3.9")
    (root / "opt").mkdir()
    (root / "opt/app").symlink_to("/srv/app")
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("app:x:77:78::/:\n")
    return root


@POSIX
def test_paths_and_python_are_those_of_the_image(run: Run, image: Path) -> None:
    answer = check(run, "/opt/app/m.py", "--root", image)
    assert (answer["dialect"], answer["target"]) == ("cpython-3.9", "/opt/app/m.py")
    assert answer["cache_path"] == "/opt/app/__pycache__/m.cpython-39.pyc"
    assert answer["reason"] == "payload-not-code"
    assert check(run, "-m", "m", "--path", "opt/app", "--root", image)["cache_path"] == (
        "/opt/app/__pycache__/m.cpython-39.pyc"
    )
    document = audit(run, "--root", image, "--select", "PYC005,PYC205,PYC302")
    (found,) = document["findings"]
    assert found["rule"] == "PYC005"
    assert found["path"] == "/srv/app/__pycache__/m.cpython-39.pyc"
    assert document["summary"]["pythons"] == {"cpython-3.9": 1}
    (note,) = document["summary"]["notes"]
    assert note == f"Paths are those in the image {image.resolve()}"
    (judged,) = document["summary"]["judged_for"]
    assert judged == {"path": "/", "pythons": ["cpython-3.9"], "reason": "image", "file": None}
    assert document["summary"]["importer"]["root"] == os.fspath(image.resolve())


@POSIX
def test_the_path_of_the_image_says_where_its_python_is(
    run: Run, image: Path, project: Path
) -> None:
    (image / "venv/bin").mkdir(parents=True)
    (image / "venv/bin/python").symlink_to("/usr/bin/python3.8")
    (project / "env").write_text("PATH=/venv/bin:/usr/bin\n")
    asked = ("/srv/app/m.py", "--root", image, "--environment-file", "env")
    assert check(run, *asked)["dialect"] == "cpython-3.8"
    assert check(run, *asked, "--as", "cpython-3.12")["dialect"] == "cpython-3.12"
    (image / "venv/bin/python").unlink()
    for name in ("python", "python3.12"):  # an environment with copies
        (image / "venv/bin" / name).write_text("")
    assert check(run, *asked)["dialect"] == "cpython-3.12"
    for name in ("python", "python3.12"):
        (image / "venv/bin" / name).unlink()
    (image / "usr/bin/python3").unlink()  # of several the latest
    assert check(run, *asked)["dialect"] == "cpython-3.9"


@POSIX
def test_an_image_without_python(run: Run, image: Path) -> None:
    for program in (image / "usr/bin").iterdir():
        program.unlink()
    result = run("check", "/srv/app/m.py", "--root", image)
    assert result.exit_code == 2
    assert result.stderr.endswith("--as names the one that is meant\n")
    cache = "/srv/app/__pycache__/m.cpython-39.pyc"
    assert check(run, cache, "--root", image)["dialect"] == "cpython-3.9"
    (judged,) = audit(run, "--root", image)["summary"]["judged_for"]
    assert (judged["pythons"], judged["reason"]) == (["cpython-3.9"], "caches")


@POSIX
def test_users_are_those_of_the_image(run: Run, image: Path) -> None:
    document = audit(run, "/srv", "--root", image, "--user", "app")
    importer = document["summary"]["importer"]
    assert (importer["uid"], importer["groups"]) == (77, [78])
    assert run("audit", "/srv", "--root", image, "--user", "root").exit_code == 2


@POSIX
def test_settings_name_them_too(run: Run, project: Path, image: Path) -> None:
    (project / "env").write_text("PYTHONOPTIMIZE=2\n")
    (project / "pyproject.toml").write_text(
        "[tool.pycinspect.audit]\nroot = 'image'\nuser = 'app'\nread-only = true\n"
        "environment-file = 'env'\n"
    )
    document = audit(run, "--select", "PYC205")
    (found,) = document["findings"]
    assert (found["path"], found["data"]["level"]) == ("/srv/app/m.py", 2)
    importer = document["summary"]["importer"]
    assert (importer["uid"], importer["read_only"], importer["levels"]) == (77, True, [2])
    (settings,) = document["summary"]["settings"]
    assert set(settings["sets"]) == {"root", "user", "read-only", "environment-file"}
    text = " ".join(run("audit").stdout.split())
    assert "permissions of user app; nothing can be written" in text


@POSIX
def test_a_root_that_is_not_there_is_refused(run: Run) -> None:
    assert run("audit", "--root", "nowhere").exit_code == 2
    assert run("check", "x.py", "--root", "fresh.py").exit_code == 2


@pytest.mark.parametrize("command", ["audit", "check"])
def test_help_has_examples(run: Run, command: str) -> None:
    text = run(command, "--help").stdout
    for option in ("--user", "--read-only", "--root", "--environment-file"):
        assert text.count(option) >= 2, option
