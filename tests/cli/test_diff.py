"""``pycinspect diff``: two programs, whatever Python wrote them."""

from __future__ import annotations

import json
import os
import py_compile
import re
import shutil
import subprocess
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from tests.oracles import Oracle, find_oracle

from .conftest import Run

SOURCE = '''
class Cart:
    def total(self, rate):
        """The total.

        With tax.
        """
        prices = [price * rate for price in self.prices]
        try:
            return sum(prices)
        except TypeError as error:
            raise ValueError(f"{self!r}: {rate}") from error
        finally:
            self.seen += 1
'''


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """``old.py``, ``new.py`` with one change, ``same.py`` with other lines."""
    (tmp_path / "old.py").write_text(SOURCE)
    (tmp_path / "same.py").write_text("\n\n# A comment.\n" + SOURCE)
    (tmp_path / "new.py").write_text(SOURCE.replace("+= 1", "+= 2"))
    (tmp_path / "bad.py").write_text("x = = 1\n")
    return tmp_path


# --- Exit codes and text -----------------------------------------------------------------------


def test_the_same(run: Run, files: Path) -> None:
    result = run("diff", files / "old.py", files / "same.py")
    assert result.exit_code == 0
    title, summary = result.stdout.splitlines()
    assert title.endswith("same.py  level semantic")
    assert summary.startswith("3 same, 0 explained, 0 changed")


def test_a_change(run: Run, files: Path) -> None:
    result = run("diff", files / "old.py", files / "new.py")
    assert result.exit_code == 1
    assert "2 same, 0 explained, 1 changed" in result.stdout
    assert "~ Cart.total  line 3  instructions" in result.stdout
    changed = [line for line in result.stdout.splitlines() if line[12:13] in ("-", "+")]
    assert len(changed) == len({line[12:] for line in changed})
    assert "\x1b" not in result.stdout


def test_raw_instructions(run: Run, files: Path) -> None:
    assert "LOAD_" not in run("diff", files / "old.py", files / "new.py").stdout
    assert "LOAD_" in run("diff", files / "old.py", files / "new.py", "--raw").stdout


def test_lines_count_at_level_exact(run: Run, files: Path) -> None:
    result = run("diff", files / "old.py", files / "same.py", "--level", "exact")
    assert result.exit_code == 1
    assert "level exact" in result.stdout


def test_json(run: Run, files: Path) -> None:
    old, new = os.fspath(files / "old.py"), os.fspath(files / "new.py")
    result = run("diff", old, new, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["schema"], found["old"], found["new"]) == ("pycinspect.diff/1", old, new)
    assert (found["level"], found["summary"]["changed"]) == ("semantic", 1)


def test_levels_of_optimization(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("def f(a):\n    'Text.'\n    assert a\n    return a\n")
    result = run("diff", source, "--optimize", "0", "--optimize", "2")
    assert result.exit_code == 0
    assert f"{source} -> {source} (-OO)" in result.stdout
    assert "  explained by stripped-docstring: 1  (docstring left out by -OO)" in result.stdout
    assert "  explained by stripped-assert: 1  (assert left out by -O)" in result.stdout
    other = tmp_path / "b.py"
    other.write_text(source.read_text().replace("return a", "return -a"))
    result = run("diff", source, other, "--optimize", "0", "--optimize", "2")
    assert result.exit_code == 1
    assert "+ return -a" in result.stdout


def test_what_is_compared_is_in_the_help(run: Run) -> None:
    result = run("diff", "--help")
    assert result.exit_code == 0
    assert "pycinspect diff app.py --python 3.8 --python 3.13" in result.stdout


# --- Trouble -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.py", "old.py"], "missing.py: no such file"),
        (["old.py", "bad.py"], "bad.py:1: "),
        ([".", "old.py"], "a directory can be compared with a directory only"),
        (["old.py", "new.py", "--python", "99.1"], "no interpreter 99.1"),
        (["old.py", "new.py", "--python", "./no-such-python"], "no executable"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_trouble_is_one_line(
    run: Run, files: Path, arguments: list[str], said: str, options: list[str]
) -> None:
    result = run("diff", *arguments, *options)
    assert files.samefile(".")
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("pycinspect: ")
    assert said in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.py"],
        ["a.py", "--python", "3.8"],
        ["a.py", "b.py", "c.py"],
        ["a.py", "b.py", *["--python", "3.8"] * 3],
        ["a.py", "b.py", "--optimize", "3"],
        ["a.py", "b.py", "--level", "vague"],
        ["a.py", "b.py", "--rev", "HEAD"],
        ["a.py", "b.py", "--python", "3.11..3.13"],
        ["a.py", "--rev", "one", "--rev", "two", *["--python", "3.8"] * 3],
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: list[str]) -> None:
    result = run("diff", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


# --- Directories -----------------------------------------------------------------------------------


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two releases: one module the same, one changed, one removed, one added."""
    old, new = tmp_path / "one", tmp_path / "two"
    for directory in (old, new):
        (directory / "pkg").mkdir(parents=True)
        (directory / "same.py").write_text(SOURCE)
    (old / "pkg" / "mod.py").write_text("def f(): return 1\n")
    (new / "pkg" / "mod.py").write_text("def f(): return 2\n")
    (old / "gone.py").write_text("")
    (new / "come.py").write_text("")
    return old, new


def modules(result_text: str) -> dict[tuple[str, str], list[str]]:
    found = json.loads(result_text)["modules"]
    return {
        (Path(m["old"] or "").name, Path(m["new"] or "").name): [u["status"] for u in m["units"]]
        for m in found
    }


def test_directories(run: Run, trees: tuple[Path, Path]) -> None:
    result = run("diff", *trees, "--json")
    assert result.exit_code == 1
    assert modules(result.stdout) == {
        ("", "come.py"): ["added"],
        ("gone.py", ""): ["removed"],
        ("mod.py", "mod.py"): ["same", "changed"],
        ("same.py", "same.py"): ["same"] * 3,
    }


def test_directories_as_text(run: Run, trees: tuple[Path, Path]) -> None:
    lines = run("diff", *trees).stdout.splitlines()
    assert lines[1].startswith("4 same, 0 explained, 1 changed, 0 renamed, 1 added, 1 removed")
    assert f"+ {trees[1] / 'come.py'}  1 code object" in lines
    assert f"- {trees[0] / 'gone.py'}  1 code object" in lines
    assert not any("same.py" in line for line in lines)


def test_caches_are_paired_with_sources(run: Run, trees: tuple[Path, Path]) -> None:
    old, new = trees
    for source in new.rglob("*.py"):
        py_compile.compile(os.fspath(source))
        source.unlink()
    py_compile.compile(os.fspath(old / "same.py"))
    result = run("diff", old, new)
    assert result.exit_code == 1
    assert "read: 1 cache, 2 sources (not 1 source) -> 3 caches" in result.stdout
    assert "4 same, 0 explained, 1 changed, 0 renamed, 1 added, 1 removed" in result.stdout


def test_what_an_import_would_run_is_read(run: Run, trees: tuple[Path, Path]) -> None:
    """A wheel against an installation whose cache is another program."""
    wheel, installed = trees[0], trees[0].parent / "installed"
    shutil.copytree(wheel, installed)
    source = installed / "same.py"
    cache = py_compile.compile(os.fspath(source))
    other = installed.parent / "other.py"
    other.write_text(SOURCE.replace("+= 1", "+= 99"))
    code = Path(py_compile.compile(os.fspath(other), cfile=f"{other}c")).read_bytes()[16:]
    Path(cache).write_bytes(Path(cache).read_bytes()[:16] + code)
    result = run("diff", wheel, installed)
    assert result.exit_code == 1
    assert "1 changed" in result.stdout
    assert "read: 3 sources -> 1 cache, 2 sources (not 1 source)\n" in result.stdout
    assert run("diff", "--sources", wheel, installed).exit_code == 0
    os.utime(source, (1, 1))  # stale: an import compiles the source
    result = run("diff", wheel, installed)
    assert (result.exit_code, "3 sources -> 3 sources (not 1 cache)\n" in result.stdout) == (
        0,
        True,
    )
    caches = run("diff", "--caches", installed, installed)
    assert (caches.exit_code, "read: 1 cache (not 3 sources)\n" in caches.stdout) == (0, True)


def test_caches_against_their_sources(run: Run, trees: tuple[Path, Path]) -> None:
    tree = trees[0]
    for source in tree.rglob("*.py"):
        py_compile.compile(os.fspath(source))
    result = run("diff", tree)
    assert result.exit_code == 0
    first, summary, read = result.stdout.splitlines()
    assert first == f"sources of {tree} -> caches of {tree}  level semantic"
    assert summary.startswith("6 same")
    assert read == "read: 3 sources -> 3 caches"
    (tree / "pkg" / "mod.py").write_text("def f(): return 7\n")
    (tree / "gone.py").unlink()
    result = run("diff", tree)
    assert result.exit_code == 1
    assert "5 same, 0 explained, 1 changed" not in result.stdout
    assert "1 changed, 0 renamed, 1 added" in result.stdout
    assert "+ return 1" in result.stdout
    (cache,) = (tree / "pkg" / "__pycache__").iterdir()
    assert run("diff", cache).exit_code == 1
    assert run("diff", cache, "--sources").exit_code == 2


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_cache_is_compared_with_what_its_own_python_compiles(
    run: Run, oracle: Oracle, tmp_path: Path, level: int
) -> None:
    if oracle.kind != "native":
        pytest.skip("no program that could be started")
    source = tmp_path / "lib" / "m.py"
    source.parent.mkdir()
    source.write_text("def f(a):\n    'Say.'\n    assert a\n    return __debug__\n")
    options = [*["-O"] * level, "-m", "compileall", "-q", os.fspath(source.parent)]
    subprocess.run([oracle.program, *options], check=True)
    result = run("diff", source.parent)
    assert (result.exit_code, result.stderr) == (0, ""), result.stdout
    assert "2 same" in result.stdout


def test_a_cache_of_another_level_than_its_name_says_is_told_so(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text("def f(a):\n    assert a\n    return a\n")
    py_compile.compile(os.fspath(source), cfile=f"{source}c", optimize=1)
    result = run("diff", f"{source}c")
    assert result.exit_code == 1
    assert "    agrees with its source compiled with -O" in result.stdout.splitlines()
    source.write_text("def f(a):\n    assert a\n    return -a\n")
    assert "agrees" not in run("diff", f"{source}c").stdout


def test_the_directory_of_caches_is_paired_with_that_of_sources(
    run: Run, trees: tuple[Path, Path]
) -> None:
    for source in trees[0].rglob("*.py"):
        py_compile.compile(os.fspath(source))
    pkg = trees[0] / "pkg"
    result = run("diff", pkg / "__pycache__", pkg)
    assert (result.exit_code, "2 same" in result.stdout) == (0, True)


def test_caches_beside_the_source(run: Run, trees: tuple[Path, Path]) -> None:
    old, new = trees
    for source in new.rglob("*.py"):
        py_compile.compile(os.fspath(source), cfile=f"{source}c")
        source.unlink()
    assert "4 same, 0 explained, 1 changed, 0 ren" in run("diff", old, new).stdout


def test_two_caches_of_one_module_are_not_chosen_from(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "__pycache__"
    shutil.rmtree(directory)
    (tmp_path / "fresh.py").unlink()
    directory.mkdir()
    for tag in ("cpython-38", "cpython-39"):
        (directory / f"fresh.{tag}.pyc").write_bytes(b"")
    result = run("diff", tmp_path, tmp_path)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "caches of one module" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["empty"], "empty: there is no cache to compare with its source"),
        (["sources"], "sources: there is no cache to compare with its source"),
        (["empty", "other"], "empty and other: there is nothing to compare, neither a source"),
        (["--caches", "sources", "empty"], "sources and empty: there is nothing to compare"),
        (["missing", "empty"], "missing: no such file"),
        (["empty", "missing"], "missing: no such file"),
    ],
)
def test_nothing_is_not_the_same_as_nothing(
    run: Run, files: Path, arguments: list[str], said: str
) -> None:
    for name in ("empty", "other", "sources"):
        (files / name).mkdir()
    (files / "sources" / "m.py").write_text("")
    result = run("diff", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert said in line


def test_a_broken_module_does_not_hide_the_others(run: Run, trees: tuple[Path, Path]) -> None:
    (trees[0] / "bad.py").write_text("x = = 1\n")
    result = run("diff", *trees)
    assert result.exit_code == 2
    assert "bad.py:1: " in result.stderr
    assert "1 changed" in result.stdout


# --- What is shown, and of what ------------------------------------------------------------------


@pytest.fixture
def releases(tmp_path: Path) -> tuple[Path, Path]:
    """Two releases: a class and a module are new, a docstring and annotations changed."""
    old, new = tmp_path / "one", tmp_path / "two"
    for directory in (old, new):
        (directory / "shop").mkdir(parents=True)
    (old / "shop" / "cart.py").write_text("def total(a: int):\n    'Say.'\n    return a\n")
    (new / "shop" / "cart.py").write_text(
        "def total(a: str):\n    'Said.'\n    return a\n"
        "class Cart:\n    'Of a cart.'\n    def add(self, item=1):\n        'Adds.'\n"
        "        return self.items.append(item)\n"
    )
    (new / "shop" / "__init__.py").write_text("rate = lambda x: x * 2\n")
    return old, new


def test_bodies_of_what_is_new_and_gone_are_shown(run: Run, releases: tuple[Path, Path]) -> None:
    for sides, mark in ((releases, "+"), (releases[::-1], "-")):
        lines = run("diff", *sides).stdout.splitlines()
        assert f"{mark} Cart.add  line 6" in lines
        assert f"    {mark} signature: (self, item)" in lines
        assert f"    {mark} docstring: Of a cart." in lines
        ends = [line.lstrip(" 0123456789") for line in lines]
        assert f"{mark} return self.items.append(item)" in ends
        assert f"{mark} return x * 2" in ends
        named = run("diff", *sides, "--no-bodies").stdout
        assert f"{mark} Cart.add  line 6" in named.splitlines()
        assert "append" not in named
        assert "x * 2" not in named


def test_bodies_as_instructions(run: Run, releases: tuple[Path, Path]) -> None:
    lines = run("diff", *releases, "--raw").stdout.splitlines()
    assert [line for line in lines if "+ STORE_NAME" in line and line.endswith("rate")]
    assert (
        "STORE_NAME" not in run("diff", *releases, "--raw", "--no-bodies", "--only", "Cart").stdout
    )


def test_bodies_in_json(run: Run, releases: tuple[Path, Path]) -> None:
    def changes(*options: str) -> dict[str, list[dict[str, object]]]:
        found = json.loads(run("diff", *releases, "--json", *options).stdout)
        names = [module["name"] for module in found["modules"]]
        assert names == ["shop", "shop.cart"]
        return {unit["new"]: unit["changes"] for m in found["modules"] for unit in m["units"]}

    (body,) = changes()["Cart.add"]
    assert body["op"] == "insert"
    assert body["new"] == ["return self.items.append(item)"]
    assert (body["old"], body["new_lines"]) == ([], [8])
    assert changes("--no-bodies")["Cart.add"] == []
    assert changes("--no-bodies")["<module>"]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["shop.cart*"], {"<module>", "total", "Cart", "Cart.add"}),
        (["shop.cart"], {"<module>", "total", "Cart", "Cart.add"}),
        (["shop.cart.Cart*"], {"Cart", "Cart.add"}),
        (["Cart.*", "total"], {"Cart.add", "total"}),
        (["shop"], {"<module>", "<lambda>"}),
        (["*<lambda>"], {"<lambda>"}),
    ],
)
def test_only_what_is_asked_for(
    run: Run, releases: tuple[Path, Path], patterns: list[str], names: set[str]
) -> None:
    options = [part for pattern in patterns for part in ("--only", pattern)]
    found = json.loads(run("diff", *releases, "--json", *options).stdout)
    assert {unit["new"] for module in found["modules"] for unit in module["units"]} == names
    assert found["only"] == patterns
    assert f"only: {', '.join(patterns)}" in run("diff", *releases, *options).stdout.splitlines()


def test_what_nothing_is_called_is_not_the_same(run: Run, releases: tuple[Path, Path]) -> None:
    result = run("diff", *releases, "--only", "shop.card*")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "pycinspect: nothing is called 'shop.card*'\n"


def test_what_is_ignored_is_counted(run: Run, releases: tuple[Path, Path]) -> None:
    only = ["--only", "total", "--only", "shop.cart"]
    total = run("diff", *releases, "--only", "total", "--ignore", "docstrings")
    assert total.exit_code == 0
    assert "0 same, 1 explained, 0 changed" in total.stdout
    assert "ignored: docstrings\n" in total.stdout
    assert "  explained by ignored-docstrings: 1  (docstring, ignored as asked)" in total.stdout
    assert run("diff", *releases, "--only", "total", "--ignore", "lines").exit_code == 1
    assert run("diff", *releases, *only, "--ignore", "docstrings, annotations").exit_code == 1
    (releases[1] / "shop" / "cart.py").write_text("def total(a): return a\n")
    options = [*only, "--ignore", "docstrings,annotations"]
    assert run("diff", *releases, *options).exit_code == 0
    result = run("diff", *releases, "--ignore", "docstring")
    assert result.exit_code == 2
    assert "--ignore takes docstrings, annotations, lines, and not 'docstring'" in result.stderr


def test_lines_are_ignored_at_level_exact(run: Run, files: Path) -> None:
    def exact(new: str) -> tuple[int, str]:
        names = [str(files / "old.py"), str(files / new)]
        result = run("diff", *names, "--level", "exact", "--ignore", "lines", "--only", "Cart.*")
        return result.exit_code, result.stdout

    (files / "lines.py").write_text("# A comment.\n" + SOURCE)
    for name in ("old.py", "lines.py"):  # of one file name
        os.rename(files / name, files / "m.py")
        py_compile.compile(os.fspath(files / "m.py"), cfile=os.fspath(files / name))
    assert run("diff", files / "old.py", files / "lines.py", "--level", "exact").exit_code == 1
    code, told = exact("lines.py")
    assert (code, "explained by ignored-lines: " in told) == (0, True), told
    assert exact("new.py")[0] == 1


def test_at_level_exact_the_answer_has_the_files(run: Run, trees: tuple[Path, Path]) -> None:
    """Their headers differ, and no code object does."""
    old, new = trees[0] / "same.pyc", trees[1] / "same.pyc"
    py_compile.compile(os.fspath(trees[0] / "same.py"), cfile=os.fspath(old))
    data = bytearray(old.read_bytes())
    data[8] ^= 1  # the time
    new.write_bytes(data)
    result = run("diff", old, new, "--level", "exact")
    assert result.exit_code == 1
    answer = result.stdout.splitlines()[1]  # comprehensions have code of their own up to 3.11
    assert re.match(r"the file differs; code objects: \d same, 0 explained, 0 changed", answer)
    assert json.loads(run("diff", old, new, "--level", "exact", "--json").stdout)["files"] == 1
    shutil.copy(old, old.with_name("more.pyc"))
    shutil.copy(new, new.with_name("more.pyc"))
    for tree in trees:
        for source in tree.rglob("*.py"):
            source.unlink()
    result = run("diff", *trees, "--level", "exact")
    answer = result.stdout.splitlines()[1]
    assert re.match(r"2 files differ; code objects: \d same, 0 explained, 0 changed", answer)


def test_how_much_differs(run: Run, releases: tuple[Path, Path]) -> None:
    result = run("diff", *releases, "--stat")
    assert result.exit_code == 1
    _, _, _, first, second = result.stdout.splitlines()
    assert first.split() == [str(releases[1] / "shop" / "__init__.py"), "2", "added", "+3", "-0"]
    assert second.startswith(str(releases[1] / "shop" / "cart.py"))
    assert "2 changed, 2 added" in second
    assert run("diff", *releases, "--stat", "--json").exit_code == 2


def test_a_comment_for_a_reviewer(run: Run, releases: tuple[Path, Path]) -> None:
    name = releases[1] / "shop" / "__init__.py"
    name.write_text('x = """\n```\n**<b>**"""\ndef f_a(): return "````"\n')
    result = run("diff", *releases, "--format", "markdown")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("**0 same, 0 explained, 2 changed")
    assert f"<details><summary>{name}: + f_a  line 4</summary>" in lines
    assert "```diff" in lines
    assert lines.count("<details>") == 0
    assert sum("<details>" in line for line in lines) == lines.count("</details>") == 6
    assert [line for line in lines if line.startswith("| ") and line.endswith(" | +4 -0 |")]
    brief = run("diff", *releases, "--format", "markdown", "--stat").stdout
    assert "<details>" not in brief
    assert "| module | what differs | statements |" in brief


# --- Two interpreters ----------------------------------------------------------------------------


def native(name: str) -> Oracle:
    oracle = find_oracle(name)
    if oracle is None or oracle.kind != "native":
        explain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        explain(f"oracle {name} is not installed; see .ci/oracles")
    assert oracle is not None
    return oracle


@pytest.mark.parametrize(
    ("old", "new"), [("cpython-3.8", "cpython-3.13"), ("cpython-3.11", "cpython-3.12")]
)
def test_one_source_and_two_interpreters(run: Run, files: Path, old: str, new: str) -> None:
    pythons = [os.fspath(native(name).program) for name in (old, new)]
    options = ["--python", pythons[0], "--python", pythons[1]]
    result = run("diff", files / "old.py", *options)
    assert result.exit_code == 0, result.stdout
    assert f"({old}) -> {files / 'old.py'} ({new})" in result.stdout
    assert "0 changed" in result.stdout
    assert (
        "  explained by pep-709-inlined-comprehension: 1  (comprehension inlined)" in result.stdout
    )


@pytest.mark.parametrize(
    "body",
    [
        "return [[x for x in i] for i in q]",
        "return {x: {o: (o.text or '') for o in p(x)} for x in q}",
        "a = [x for x in q]; return {x: [x for x in p(x)] for x in a}",
        "return [0 for a in q for y in [x for x in p] for x in q if [x for x in y]]",
        "return {i: [(x, i) for x in p if x.s(f'{i}')] for i in q}, (lambda: q)",
    ],
)
def test_comprehensions_inside_each_other_are_the_same_program(
    run: Run, tmp_path: Path, body: str
) -> None:
    """3.12 saves the variables of the inner one before the outer one begins, too."""
    source = tmp_path / "m.py"
    source.write_text(f"def f(q, p):\n    {body}\n")
    result = run("diff", source, *chained("cpython-3.8", "cpython-3.13"))
    assert result.exit_code == 0, result.stdout
    assert run("diff", source, *chained("cpython-3.11", "cpython-3.12")).exit_code == 0


def test_python_2_has_docstrings_of_bytes_and_with_blocks(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "old.py"
    source.write_text(
        "'Of a module.'\ndef f(a):\n    'Text.'\n    with a as b:\n        return b\n"
    )
    result = run("diff", source, *chained("cpython-2.7", "cpython-3.13"))
    assert result.exit_code == 0, result.stdout
    assert "2 same" in result.stdout


def test_a_change_across_versions(run: Run, files: Path) -> None:
    pythons = [os.fspath(native(name).program) for name in ("cpython-3.8", "cpython-3.13")]
    options = ["--python", pythons[0], "--python", pythons[1]]
    result = run("diff", files / "old.py", files / "new.py", *options)
    assert result.exit_code == 1
    assert "~ Cart.total" in result.stdout
    assert "1 changed" in result.stdout


# --- Chains --------------------------------------------------------------------------------------


def chained(*names: str) -> list[str]:
    return [part for name in names for part in ("--python", os.fspath(native(name).program))]


CHAIN = ("cpython-3.10", "cpython-3.11", "cpython-3.12")


def test_a_chain_has_a_line_for_each_pair(run: Run, files: Path) -> None:
    result = run("diff", files / "old.py", *chained(*CHAIN))
    assert result.exit_code == 0, result.stdout
    first, second, *rest = result.stdout.splitlines()
    assert "(cpython-3.10) -> " in first
    assert "(cpython-3.12)  " in second
    assert "  3 same, 0 explained, 0 changed" in first
    assert "  2 same, 1 explained, 0 changed" in second
    # What is the same all over has no more to say.
    assert [line for line in rest if "level semantic" in line] == [rest[1]]
    assert "explained by pep-709-inlined-comprehension: 1  (comprehension inlined)" in rest[3]


def test_a_chain_as_json_is_a_line_for_each_pair(run: Run, files: Path) -> None:
    result = run("diff", files / "old.py", *chained(*CHAIN), "--json")
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["schema"] for one in found] == ["pycinspect.diff/1"] * 2
    assert [one["summary"]["explained"] for one in found] == [0, 1]


def test_a_range_is_a_chain_of_what_is_installed(run: Run, files: Path) -> None:
    native("cpython-3.11"), native("cpython-3.12")
    result = run("diff", files / "old.py", "--python", "3.11..3.12")
    assert result.exit_code == 0, result.stderr
    assert "(cpython-3.11) -> " in result.stdout
    assert "(cpython-3.12)" in result.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("3.12..3.11", "the oldest first"),
        ("3.11..pypy3.11", "the oldest first"),
        ("3.11..", "'' is not a version"),
        ("3.11..3.99", "no dialect is called 'cpython-3.99'"),
        ("3.0..3.1", "fewer than two of these are installed"),
    ],
)
def test_a_range_that_is_none(run: Run, files: Path, asked: str, said: str) -> None:
    result = run("diff", files / "old.py", "--python", asked)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]


def test_a_chain_ends_with_its_worst_result(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("def f(a): return a / 2\n")
    pythons = chained("cpython-2.7", "cpython-3.12", "cpython-3.12")
    result = run("diff", source, *pythons)
    assert result.exit_code == 1
    assert "+ return a / 2" in result.stdout
    source.write_text("match x:\n    case 1: pass\n")
    result = run("diff", source, *chained("cpython-3.9", "cpython-3.10", "cpython-3.11"))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "(cpython-3.10) -> " in result.stdout


# --- Revisions -----------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """``old.py`` in two revisions, ``one`` and ``two``."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "repo"
    root.mkdir()
    for tag, text in (("one", SOURCE), ("two", SOURCE.replace("+= 1", "+= 2"))):
        (root / "old.py").write_text(text)
        for arguments in (["init", "-q"], ["add", "old.py"], ["commit", "-qm", tag], ["tag", tag]):
            who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
            subprocess.run(["git", *who, *arguments], cwd=root, check=True)
    return root


def test_two_revisions(run: Run, repository: Path) -> None:
    path = repository / "old.py"
    result = run("diff", path, "--rev", "one", "--rev", "two")
    assert result.exit_code == 1
    title, summary = result.stdout.splitlines()[:2]
    assert title == f"one:{path} -> two:{path}  level semantic"
    assert summary.startswith("2 same, 0 explained, 1 changed")


def test_a_revision_and_the_file_of_today(run: Run, repository: Path) -> None:
    assert run("diff", repository / "old.py", "--rev", "two").exit_code == 0
    assert run("diff", repository / "old.py", "--rev", "one").exit_code == 1
    result = run("diff", repository, "--rev", "one", "--json")
    (module,) = json.loads(result.stdout)["modules"]
    assert module["old"] == f"one:{repository / 'old.py'}"
    assert module["new"] == str(repository / "old.py")


def test_revisions_compiled_by_two_interpreters(run: Run, repository: Path) -> None:
    revisions = ["--rev", "one", "--rev", "one"]
    pythons = chained("cpython-3.8", "cpython-3.13")
    result = run("diff", repository / "old.py", *revisions, *pythons)
    assert result.exit_code == 0, result.stdout
    assert "(cpython-3.8) -> one:" in result.stdout


def test_an_unknown_revision_is_one_line(run: Run, repository: Path) -> None:
    result = run("diff", repository / "old.py", "--rev", "three")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "pycinspect: there is no revision 'three'\n"


# --- Two columns, and strangers ------------------------------------------------------------------


def test_two_columns(run: Run, files: Path) -> None:
    options = ["--side-by-side", "--raw"]
    result = run("diff", files / "old.py", files / "new.py", *options, env={"COLUMNS": "160"})
    assert result.exit_code == 1
    changed = [line for line in result.stdout.splitlines() if "self.seen += 1" in line]
    assert changed
    assert all("self.seen += 2" in line and " | " in line for line in changed)
    assert all(len(line) <= 160 for line in result.stdout.splitlines()[3:])


STRANGERS = {
    "truncated.pyc": MAGIC_NUMBER + bytes(12) + b"\xe3\0\0",
    "empty.pyc": b"",
    "random.pyc": bytes(range(256)) * 4,
    "binary": b"\x7fELF\0\0\0\0",
    "null.py": b"x = 1\0\n",
    "latin.py": b"x = '\xff'\n",
    "Jython$py.class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(40),
}


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("level", ["semantic", "exact"])
def test_what_is_no_program_is_one_line(run: Run, files: Path, name: str, level: str) -> None:
    (files / name).write_bytes(STRANGERS[name])
    for arguments in ([name, "old.py"], ["old.py", name]):
        result = run("diff", *arguments, "--level", level)
        assert result.exit_code == 2
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"pycinspect: {name}")
