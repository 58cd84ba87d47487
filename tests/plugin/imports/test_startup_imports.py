"""What an import loads is seen in another process; what was not seen is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect import VacuousCheckError
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.imports.startup import ImportsAtStartup
from pytest_pycinspect.sandbox.children import Children
from pytest_pycinspect.subjects.sources import Sources

MODULES = {
    "eager/__init__.py": "from . import part\nfrom .part import x\n",
    "eager/part.py": "import colorsys, xml.dom as d\nx = 1\n",
    "eager/sub/__init__.py": "",
    "eager/sub/other.py": "from ..part import x\nfrom .. import part\nfrom ... import y\n",
    "lazy.py": "def f():\n    import colorsys\n    return colorsys\n",
    "called.py": "def f():\n    import colorsys\nf()\n",
    "in_class.py": "class K:\n    import colorsys\n    class L:\n        from wave import open\n",
    "typed.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import colorsys\n",
    "optional.py": "try:\n    import not_installed_here\nexcept ImportError:\n    pass\n",
    "probes.py": "from importlib.util import find_spec\nhas = find_spec('colorsys') is not None\n",
    "forgets.py": "import sys, colorsys\ndel sys.modules['colorsys']\n",
    "dynamic.py": "import importlib\nm = importlib.import_module('color' + 'sys')\n",
    "bad.py": "import colorsys\n1 / 0\nimport wave\n",
    "dies.py": "import os\nos._exit(3)\n",
    "threads.py": (
        "import threading, time\n"
        "def later():\n    time.sleep(1000)\n    import colorsys\n"
        "threading.Thread(target=later, daemon=True).start()\n"
    ),
    "prints.py": "print('hello')\nimport colorsys\nprint('pycinspect')\n",
    "star.py": "from colorsys import *\n",
}


@pytest.fixture
def imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportsAtStartup:
    for name, text in MODULES.items():
        path = tmp_path / "modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    return ImportsAtStartup(Children(60, str(tmp_path)), BytecodeOf(Sources()))


@pytest.mark.parametrize(
    ("module", "loaded", "static"),
    [
        ("eager", True, False),
        ("eager.part", True, True),
        ("lazy", False, False),
        ("called", True, False),
        ("in_class", True, True),
        ("typed", False, True),
        ("probes", False, False),
        ("forgets", True, True),
        ("prints", True, True),
        ("star", True, True),
    ],
)
def test_seen_and_said(imports: ImportsAtStartup, module: str, loaded: bool, static: bool) -> None:
    found = imports(module)
    assert ("colorsys" in found.loaded) is ("colorsys" in found) is loaded
    assert ("colorsys" in found.static) is static
    assert module in found.loaded
    assert found.raised is None


def test_names_are_those_of_modules(imports: ImportsAtStartup) -> None:
    found = imports("eager.sub.other")
    assert list(found.static) == ["eager", "eager.part", "eager.part.x"]
    assert [name for name in found if name in ("eager", "eager.part", "colorsys")] == [
        "colorsys", "eager.part", "eager",
    ]  # fmt: skip
    assert imports("eager").static.names == ("eager", "eager.part", "eager.part.x")
    assert imports("eager.part").static.names == ("colorsys", "xml", "xml.dom")
    assert imports("in_class").static.names == ("colorsys", "wave", "wave.open")
    assert "xml.dom" in found.loaded


def test_what_is_loaded_is_what_another_process_says(imports: ImportsAtStartup) -> None:
    program = (
        "import sys; before = set(sys.modules); import json; print(sorted({*sys.modules} - before))"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert sorted(imports("json")) == eval(result.stdout)


@pytest.mark.parametrize(
    ("module", "name", "message"),
    [
        ("lazy", "colorsis", "there is no module colorsis here, so it cannot be loaded"),
        ("lazy", "time", "whether lazy imports time was not seen: it is loaded before"),
        ("optional", "not_installed_here", "not_installed_here here, .*; optional looked for it"),
        ("bad", "wave", "was not seen: the import ended with ZeroDivisionError: division by zero"),
        ("threads", "colorsys", "was not seen: 1 threads that it started still run"),
    ],
)
def test_what_was_not_seen_is_refused(
    imports: ImportsAtStartup, module: str, name: str, message: str
) -> None:
    found = imports(module)
    with pytest.raises(VacuousCheckError, match=message):
        assert name not in found.loaded
    with pytest.raises(VacuousCheckError, match=message):
        assert name not in found


def test_what_the_code_does_not_say_is_refused(imports: ImportsAtStartup) -> None:
    with pytest.raises(VacuousCheckError, match="dynamic also uses import_module"):
        assert "colorsys" not in imports("dynamic").static
    assert "colorsys" in imports("dynamic").loaded
    with pytest.raises(VacuousCheckError, match="there is no module colorsis"):
        assert "colorsis" not in imports("lazy").static
    with pytest.raises(PycInspectError, match="module time has no source"):
        imports("time").static  # noqa: B018 - it raises


def test_an_import_that_fails(imports: ImportsAtStartup) -> None:
    found = imports("bad")
    assert found.raised == "ZeroDivisionError: division by zero"
    assert "colorsys" in found.loaded
    assert repr(found).endswith("modules, and raised ZeroDivisionError: division by zero>")
    assert imports("not_installed_here").raised is not None
    with pytest.raises(PycInspectError, match="imported dies ended with 3"):
        imports("dies")


@pytest.mark.parametrize("name", ["", "a b", "import os", "a.", "1", "os; 1"])
def test_what_is_not_a_name(imports: ImportsAtStartup, name: str) -> None:
    with pytest.raises(PycInspectError, match="is not the name of a module"):
        imports(name)


def test_other_things_than_names(imports: ImportsAtStartup) -> None:
    with pytest.raises(TypeError, match="is not the name of a module"):
        assert sys not in imports("lazy").loaded


def test_as_python_starts_usually(imports: ImportsAtStartup) -> None:
    """Then more is loaded before, and of that nobody can say who imports it."""
    assert "os" in imports("shutil").loaded
    with pytest.raises(VacuousCheckError, match="loaded before"):
        assert "os" not in imports("lazy", site=True).loaded


def test_the_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        app="def f():\n    import colorsys\n",
        test_app="""
        def test_lazy(imports_at_startup):
            assert "colorsys" not in imports_at_startup("app").loaded
            assert "colorsys" not in imports_at_startup("app").static

        def test_not(imports_at_startup):
            assert "colorsys" in imports_at_startup("app").loaded
        """,
    )
    result = pytester.runpytest("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E *assert 'colorsys' in ?'app'*"])
