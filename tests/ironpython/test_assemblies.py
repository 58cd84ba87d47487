"""Assemblies: what IronPython's compiler wrote is read, and nothing else is taken for it."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from pycinspect.cache import Outcome, judge_target
from pycinspect.cli.show import command as show
from pycinspect.dialects import DIALECTS
from pycinspect.dotnet import is_ironpython, parse_ironpython
from pycinspect.errors import PycInspectError
from tests.jython.kit import program_or_skip

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ironpython"
SAMPLES = {version: FIXTURES / f"closures-{version}.dll" for version in ("2.7", "3.4")}

#: What the real compiler's assemblies refer to, as far as the loader looks.
_STUBS = """
namespace Microsoft.Scripting.Runtime {
    public class DlrCachedCodeAttribute : System.Attribute {}
    public class CachedOptimizedCodeAttribute : System.Attribute {
        public CachedOptimizedCodeAttribute(string[] names) {}
    }
}
"""
_STAND_IN = """
using Microsoft.Scripting.Runtime;
%(namespace)s
%(public)s class %(class)s {
    %(special)s %(mark)s public static object GetScriptCodeInfo() { return null; }
    [CachedOptimizedCode(new string[] { "__name__", "total", null, "\\u00e9" })]
    public static object app() { return null; }
}
%(end)s
"""
_REAL = {"namespace": "", "public": "public", "class": "DLRCachedCode", "end": ""}
_REAL |= {
    "mark": "[DlrCachedCode]",
    "special": "[System.Runtime.CompilerServices.SpecialName]",
}
_DECOYS = {
    "no attribute": {"mark": ""},
    "no special name": {"special": ""},
    "not public": {"public": "internal"},
    "in a namespace": {"namespace": "namespace Other {", "end": "}"},
    "another class": {"class": "CachedCode"},
}


@pytest.mark.parametrize("version", SAMPLES)
def test_modules_names_and_functions_are_read(version: str) -> None:
    found = parse_ironpython(SAMPLES[version].read_bytes())
    (module,) = found.modules
    assert found.made_with is not None
    assert f"{found.made_with[0]}.{found.made_with[1]}" == version
    assert module.method.startswith("closures$")
    assert {"outer", "recursive", "only_star", "__name__"} <= set(module.names)
    functions = {name.rpartition("$")[0] for name in found.functions}
    assert {"outer", "fact", "Holder", "get"} <= functions
    assert ".ctor" not in found.functions


@pytest.mark.parametrize("version", SAMPLES)
def test_an_assembly_is_a_module_and_no_cache(version: str) -> None:
    verdict = judge_target(str(SAMPLES[version]))
    assert verdict.dialect.name == f"ironpython-{version}"
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_CACHE, "compiled-module")


def test_show_prints_the_modules() -> None:
    path = str(SAMPLES["3.4"])
    text = CliRunner().invoke(show, [path])
    assert "closures$5: module" in text.output
    value = json.loads(CliRunner().invoke(show, ["--json", path]).output)
    assert (value["dialect"], value["error"]) == ("ironpython-3.4", None)
    assert value["codes"][0]["method"] == "closures$5"


@pytest.mark.parametrize("data", [b"MZ", b"MZ\x90\0" + bytes(200), b"MZ" + b"\xff" * 300])
def test_a_dos_program_is_not_ironpythons(tmp_path: Path, data: bytes) -> None:
    assert DIALECTS.find(data[:4]) is None
    assert not is_ironpython(data)
    path = tmp_path / "program.exe"
    path.write_bytes(data)
    result = CliRunner().invoke(show, ["--json", str(path)])
    value = json.loads(result.output)
    assert value["dialect"] is None
    assert "Windows executable" in value["error"]["message"]


def _compiled(folder: Path, name: str, text: str, *references: str) -> Path:
    (folder / f"{name}.cs").write_text(text, encoding="utf-8")
    target = folder / f"{name}.dll"
    options = [f"-r:{folder / reference}.dll" for reference in references]
    command = ["mcs", "-target:library", f"-out:{target}", *options, str(folder / f"{name}.cs")]
    subprocess.run(command, check=True, capture_output=True)
    return target


def test_only_what_the_loader_demands_is_ironpythons(tmp_path: Path) -> None:
    program_or_skip("mcs")
    _compiled(tmp_path, "Stubs", _STUBS)
    for name, changes in {"real": {}, **_DECOYS}.items():
        source = _STAND_IN % {**_REAL, **changes}
        target = _compiled(tmp_path, name.replace(" ", "_"), source, "Stubs")
        data = target.read_bytes()
        assert is_ironpython(data) is (name == "real"), name
        if name == "real":
            (module,) = parse_ironpython(data).modules
            assert module.names == ("__name__", "total", "\u00e9")


@pytest.mark.parametrize("version", SAMPLES)
def test_damage_raises_one_type_of_exception(version: str) -> None:
    whole = SAMPLES[version].read_bytes()
    chance = random.Random(34)
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = chance.choice([len(data), len(data), chance.randrange(len(data))])
        try:
            parse_ironpython(bytes(data[:cut]))
        except PycInspectError:
            refused += 1
    assert refused > 50
