"""Of trees that are well an audit says so in its first line, and finds nothing.

They are made as the tools leave them that make them, without a network. What needs one
is in ``tests/healthy/__main__.py``.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tests.healthy.layouts import (
    audit,
    compile_with,
    copy_package,
    library_of,
    program_of,
    run,
    venv,
    write_package,
)
from tests.oracles import Oracle, find_oracles

posix = pytest.mark.skipif(os.name != "posix", reason="links, and layouts of POSIX systems")
#: Small, pure, and installed wherever the tests are.
PACKAGES = ("click", "pluggy")
FRESH = "caches are fresh."


@pytest.fixture(scope="session")
def natives() -> list[Oracle]:
    """The interpreters that are installed here, but for the oldest."""
    found = [oracle for oracle in find_oracles().values() if oracle.kind == "native"]
    return [oracle for oracle in found if oracle.name != "cpython-2.7"]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A directory of packages without caches."""
    for name in PACKAGES:
        copy_package(name, tmp_path / "packages")
    return tmp_path / "packages"


def _is_good(answer: str, count: int | None = None) -> bool:
    said = "All " if count is None else f"All {count} "
    return answer.startswith(said) and answer.endswith(FRESH)


# --- Environments --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``python -m venv`` makes: pip is in it, compiled."""
    path = tmp_path_factory.mktemp("environment") / "venv"
    venv(sys.executable, path)
    return path


@pytest.mark.parametrize(
    "options",
    [
        (),
        pytest.param(("--deep",), marks=pytest.mark.slow),
        pytest.param(("--profile", "deploy"), marks=pytest.mark.slow),
    ],
)
def test_a_fresh_environment(environment: Path, options: tuple[str, ...]) -> None:
    assert _is_good(audit(environment, *options))
    assert _is_good(audit(library_of(program_of(environment)), *options))


@pytest.mark.parametrize("link", [False, True] if os.name == "posix" else [False])
@pytest.mark.parametrize("compiled", [False, True])
def test_an_environment_of_uv(tmp_path: Path, *, link: bool, compiled: bool) -> None:
    """It leaves ``bin/activate_this.py``, compiles the library alone, and may make links."""
    python = venv(sys.executable, tmp_path / "venv", "--without-pip")
    (python.parent / "activate_this.py").write_text('"""Activate."""\nimport os\n')
    library = library_of(python)
    for name in PACKAGES:
        copy_package(name, library, link=link)
    if not compiled:
        assert audit(tmp_path / "venv").startswith("No caches for ")
        return
    compile_with(python, library)
    assert _is_good(audit(tmp_path / "venv"))
    assert _is_good(audit(tmp_path / "venv", "--select", "PYC205"))


def test_extension_modules_beside_their_sources(tmp_path: Path) -> None:
    """mypyc and Cython compile sources that are shipped, too; installers compile all of them."""
    python = venv(sys.executable, tmp_path / "venv", "--without-pip")
    library = library_of(python)
    sources = copy_package("click", library)
    compile_with(python, library)
    for source in sources[:3]:
        source.with_suffix(EXTENSION_SUFFIXES[0]).touch()
    answer = audit(tmp_path / "venv")
    fresh = len(sources) - 3
    assert answer == (
        f"All {fresh} caches that are imported are fresh, 3 are hidden by other modules."
    )


def test_the_library_of_the_running_python() -> None:
    """Some of its modules are frozen, or built in: nobody reads their caches."""
    library = sysconfig.get_paths()["stdlib"]
    if not any(Path(library, "__pycache__").glob("*.pyc")):
        pytest.skip("it is not compiled")
    code = f"""
import sys
from pycinspect.auditing import Audit, Policy, Selection
from pycinspect.auditing.rules import BUILT_IN
audit = Audit([{library!r} + "/json", {library!r} + "/importlib"], BUILT_IN, Policy())
print([f for f in audit if f.severity != "info"], audit.summary.states)
"""
    found = run([sys.executable, "-c", code], PYTHONPATH=os.fspath(Path(__file__).parents[2]))
    assert found.startswith("[] ")


# --- Directories of packages -----------------------------------------------------------------------


def test_a_target_of_pip(packages: Path, tmp_path: Path) -> None:
    """``pip install --target`` puts scripts beside the packages, for whatever Python runs it."""
    script = packages / "bin" / "tool.py"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nimport click\n")
    compile_with(sys.executable, packages / "click", packages / "pluggy")
    assert _is_good(audit(packages))
    assert _is_good(audit(packages, "--profile", "deploy"))


def test_a_target_for_another_python(tmp_path: Path, natives: list[Oracle]) -> None:
    others = [o for o in natives if not o.version.startswith(sysconfig.get_python_version())]
    if not others:
        pytest.skip("there is no other Python")
    write_package(tmp_path / "target")
    compile_with(others[0].program, tmp_path / "target")
    assert _is_good(audit(tmp_path / "target"), 5)
    assert _is_good(audit(tmp_path / "target", "--select", "PYC205"), 5)


def test_an_unpacked_wheel(packages: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "click.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in packages.rglob("*"):
            archive.write(path, path.relative_to(packages))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    for options in ((), ("--profile", "wheel")):
        assert audit(tmp_path / "unpacked", *options).startswith("No caches for ")


@posix
def test_packages_of_a_distribution_for_several_pythons(
    tmp_path: Path, natives: list[Oracle]
) -> None:
    """Debian keeps the caches of all its Pythons in one place (``py3compile``, ``pypy3compile``)."""
    place = tmp_path / "python3" / "dist-packages"
    write_package(place)
    for oracle in natives:
        compile_with(oracle.program, place)
    assert _is_good(audit(place), 5 * len(natives))
    assert _is_good(audit(place, "--profile", "deploy"), 5 * len(natives))


@posix
def test_the_packages_of_this_debian() -> None:
    place = Path("/usr/lib/python3/dist-packages")
    if not shutil.which("py3compile") or not place.is_dir():
        pytest.skip("this is not a Debian")
    answer = audit(place)
    assert answer.startswith(("All ", "No caches "))
    assert "stale" not in answer


@posix
def test_equal_levels_that_are_linked(packages: Path) -> None:
    """Gentoo's gpep517 makes them links, ``compileall --hardlink-dupes`` one file."""
    compile_with(sys.executable, packages, options=["-o", "0", "-o", "1", "--hardlink-dupes"])
    assert _is_good(audit(packages))
    for cache in packages.rglob("*.opt-1.pyc"):
        plain = cache.with_name(cache.name.replace(".opt-1", ""))
        if plain.read_bytes() == cache.read_bytes():
            cache.unlink()
            cache.symlink_to(plain.name)
    assert _is_good(audit(packages))


@posix
def test_an_environment_of_conda(packages: Path, tmp_path: Path) -> None:
    """Its files, caches among them, are the same as those in its store."""
    compile_with(sys.executable, packages)
    shutil.copytree(packages, tmp_path / "environment", copy_function=os.link)
    assert _is_good(audit(tmp_path / "environment"))


# --- Projects ---------------------------------------------------------------------------------------


def _project(path: Path) -> Path:
    (path / "src" / "app").mkdir(parents=True)
    (path / "src" / "app" / "__init__.py").write_text("from app.total import total\n")
    (path / "src" / "app" / "total.py").write_text("def total(*n):\n    return sum(n)\n")
    (path / "tests").mkdir()
    (path / "tests" / "test_total.py").write_text(
        "from app import total\n\n\ndef test_total():\n    assert total(1, 2) == 3\n"
    )
    (path / "tests" / "conftest.py").write_text("")
    return path


def test_a_tree_of_three_pythons(tmp_path: Path, natives: list[Oracle]) -> None:
    """tox makes an environment for each, and the project's caches are those of all."""
    chosen = natives[-4:]
    project = _project(tmp_path / "project")
    for oracle in chosen:
        python = venv(oracle.program, project / ".tox" / oracle.name, "--without-pip")
        library = library_of(python)
        write_package(library)
        compile_with(python, library)
        run([python, "-c", "import app"], cwd=project, PYTHONPATH="src")
    assert _is_good(audit(project, "--no-deep"))
    assert _is_good(audit(".", "--no-deep", cwd=project))


def test_a_project_after_its_tests(tmp_path: Path) -> None:
    """pytest rewrites the tests, and keeps what it made of them beside the importer's caches."""
    project = _project(tmp_path / "project")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    run(command, cwd=project, PYTHONPATH="src")
    answer = audit(project)
    assert answer == "All 2 caches that are imported are fresh, 2 are tools' own."


def test_a_tree_below_a_cache_prefix(tmp_path: Path) -> None:
    project, prefix = _project(tmp_path / "project"), tmp_path / "prefix"
    option = f"pycache_prefix={prefix}"
    run([sys.executable, "-X", option, "-c", "import app"], cwd=project, PYTHONPATH="src")
    caches = sum(1 for _ in prefix.rglob("*.pyc"))
    assert _is_good(audit(prefix), caches)
    assert _is_good(audit(project, "--pycache-prefix", prefix), 2)
    assert audit(project).startswith("No caches for 4 sources")


def test_this_project() -> None:
    """What runs this test has compiled it; the names of ``fixtures`` are nobody's, which its settings say."""
    repository = Path(__file__).parents[2]
    for part in ("pycinspect", "pytest_pycinspect", "tests/healthy", "fixtures"):
        # Whoever works on a file has not imported it since.
        audit(part, "--ignore", "PYC101,PYC102,PYC107", cwd=repository, own=True)
