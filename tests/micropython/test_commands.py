"""``show``, ``check`` and ``audit`` of ``.mpy`` files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pycinspect.cache import Outcome, judge_target
from pycinspect.cli.check import command as check
from pycinspect.cli.show import command as show
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.micropython import parse_mpy
from pycinspect.programs.foreign import read_foreign
from tests.audit.kit import Tree
from tests.micropython.damage import FIXTURES, SAMPLES

SAMPLE = FIXTURES / "closures-6.mpy"
CONTENT = SAMPLE.read_bytes()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_json_has_every_instruction(path: Path) -> None:
    done = CliRunner().invoke(show, ["--json", str(path)])
    assert done.exit_code == 0, done.output
    value = json.loads(done.output)
    found = parse_mpy(path.read_bytes())
    assert value["dialect"] == f"micropython-{found.header.format.version}"
    assert value["implementation"] == "micropython"
    assert value["header"]["architecture"] == ("x64" if "x64" in path.stem else None)
    expected = [code for _, code in found.walk()]
    assert [row["name"] for row in value["codes"]] == [code.name for code in expected]
    for row, code in zip(value["codes"], expected, strict=True):
        assert [(one["offset"], one["line"]) for one in row["instructions"]] == [
            (one.offset, code.line_of(one.offset)) for one in code.instructions
        ]


def test_text_has_lines_names_and_targets() -> None:
    done = CliRunner().invoke(show, ["--code", "numbers", str(SAMPLE)])
    assert done.exit_code == 0
    assert "micropython-6, compiled module" in done.output
    assert "YIELD_VALUE" in done.output
    assert "outer" not in done.output
    lines = {int(line[:5]) for line in done.output.splitlines() if line[:5].strip().isdigit()}
    text = (FIXTURES / "closures.py").read_text(encoding="utf-8").splitlines()
    start = text.index("def numbers(count):") + 1
    assert lines == {start + 1, start + 2, start + 3}


def test_a_code_that_is_not_there_is_refused() -> None:
    done = CliRunner().invoke(show, ["--code", "nothing", str(SAMPLE)])
    assert done.exit_code == 2
    assert "there is no code object 'nothing'" in done.output


@pytest.mark.parametrize("content", [b"M", b"MIT License", b"M\6 is text", CONTENT[:200]])
def test_a_first_letter_makes_no_module(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "LICENSE"
    other.write_bytes(content)
    assert read_foreign(str(other)) is None
    with pytest.raises(PycInspectError, match="neither a source nor a cache"):
        judge_target(str(other))


def test_content_makes_a_module_whatever_its_name(tmp_path: Path) -> None:
    other = tmp_path / "firmware.bin"
    other.write_bytes(CONTENT)
    assert read_foreign(str(other)) == parse_mpy(CONTENT)
    assert judge_target(str(other)).reason == "compiled-mpy"


#: Content of ``m.mpy``, what lies beside it, and what becomes of it (spec: py/builtinimport.c).
SITUATIONS = {
    "alone": (CONTENT, "", Outcome.NO_CACHE, "compiled-mpy", None),
    "bytes behind its end": (CONTENT + b"more", "", Outcome.NO_CACHE, "compiled-mpy", None),
    "source": (CONTENT, "m.py", Outcome.NO_CACHE, "shadowed", None),
    "damaged, source": (CONTENT[:99], "m.py", Outcome.NO_CACHE, "shadowed", None),
    "directory": (CONTENT, "m/", Outcome.NO_CACHE, "shadowed", None),
    "cut": (CONTENT[:200], "", Outcome.RAISE, "mpy-damaged", None),
    "empty": (b"", "", Outcome.RAISE, "mpy-damaged", None),
    "text": (b"print(1)\n", "", Outcome.RAISE, "mpy-incompatible", "ValueError"),
    "next version": (b"M\7" + CONTENT[2:], "", Outcome.RAISE, "mpy-incompatible", "ValueError"),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_importers_outcome(tmp_path: Path, name: str) -> None:
    content, beside, outcome, reason, exception = SITUATIONS[name]
    module = tmp_path / "m.mpy"
    module.write_bytes(content)
    if beside.endswith("/"):
        (tmp_path / beside).mkdir()
    elif beside:
        (tmp_path / beside).touch()
    verdict = judge_target(str(module))
    assert verdict.dialect.name == "micropython-6"
    assert (verdict.outcome, verdict.reason, verdict.exception) == (outcome, reason, exception)


def test_another_version_is_incompatible_for_a_release() -> None:
    older = str(FIXTURES / "closures-5.mpy")
    assert judge_target(older).dialect.name == "micropython-5"
    assert judge_target(older).reason == "compiled-mpy"
    verdict = judge_target(older, DIALECTS["micropython-6"])
    assert (verdict.reason, verdict.exception) == ("mpy-incompatible", "ValueError")
    assert CliRunner().invoke(check, [older, "--as", "micropython-6"]).exit_code == 1


def test_an_audit_counts_modules_and_names_those_that_fail(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    tree.file("good.mpy", CONTENT)
    tree.file("older.mpy", (FIXTURES / "closures-4.mpy").read_bytes())
    tree.file("cut.mpy", CONTENT[:200])
    tree.file("text.mpy", b"print(1)\n")
    tree.source("beside.py")
    tree.file("beside.mpy", CONTENT[:200])
    assert {path: finding.dialect for path, finding in tree.findings("PYC309").items()} == {
        "beside.mpy": "micropython-6",
        "good.mpy": "micropython-6",
        "older.mpy": "micropython-4",
    }
    assert set(tree.findings("PYC011")) == {"cut.mpy", "text.mpy"}


def test_machine_code_of_older_versions_is_named_and_not_called_damaged(tmp_path: Path) -> None:
    older = bytearray((FIXTURES / "closures-5.mpy").read_bytes())
    older[5] |= 1  # its code's kind: the size is a number of two bytes
    older[6] |= 1
    module = tmp_path / "m.mpy"
    module.write_bytes(older)
    with pytest.raises(PycInspectError) as caught:
        read_foreign(str(module))
    assert caught.value.slug == "native-not-read"
    verdict = judge_target(str(module))
    assert verdict.reason == "compiled-mpy"
    assert "not read" in verdict.remark


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no fifos here")
def test_what_is_not_a_file_is_not_a_module(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    os.mkfifo(tree.root / "fifo.mpy")
    (tree.root / "directory.mpy").mkdir()
    (tree.root / "link.mpy").symlink_to("nowhere")
    tree.file("module.mpy", CONTENT)
    found = tree.findings("PYC309")
    assert list(found) == ["module.mpy"]
    assert list(tree.findings("PYC902")) == []
    for name in ("fifo.mpy", "directory.mpy"):
        done = CliRunner().invoke(check, [str(tree.root / name)])
        assert done.exit_code in (1, 2), done.output
