"""Whole programs: what must be the same, and what must not."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pycinspect
from pycinspect.canonical import Level
from pycinspect.diffing import Op, Status, aligned
from pycinspect.report.diff import diff_lines, diff_object, marking
from tests.samples import ENTRIES, SAMPLES

from .kit import differences, statuses

#: Larger samples, and optimized ones, take longer and have nothing that these have not.
LARGEST = 2_000
SMALL = [e["file"] for e in ENTRIES if e["size"] < LARGEST and e["file"].count(".") == 2]

# --- The same ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_a_file_is_the_same_as_itself(name: str) -> None:
    diff = pycinspect.diff(SAMPLES / name, SAMPLES / name)
    for unit in diff.units:
        assert unit.status is Status.SAME
        assert not unit.planes
        assert not unit.changes
    assert sum(diff.summary.values()) == len(list(diff.units))


@pytest.mark.parametrize("level", Level)
def test_a_source_is_the_same_as_itself(level: Level) -> None:
    diff = differences(SOURCE, SOURCE, level=level.value)
    assert {unit.status for unit in diff.units} == {Status.SAME}
    assert diff.is_same


# --- Mutants -----------------------------------------------------------------------------------

SOURCE = '''
import os

class Stock:
    limit: int = 3

    def take(self, count):
        """Take some."""
        if count > self.left + 1:
            raise ValueError(count)
        self.left -= count
        return [item * 2 for item in self.items if item < 7]

    async def wait(self, source):
        async with source as s:
            async for part in s:
                if part == 5:
                    yield part + 1

def outer(n):
    try:
        total = n % 9
    except (KeyError, os.error):
        total = 11
    finally:
        n.close(13)
    def inner(x):
        while x < total:
            x += 17
        return (lambda y: y + 19)(x)
    return inner

def last(*names, **options):
    return f"{names[23]!r:>{options['width'] + 29}}"
'''


class Place(ast.NodeVisitor):
    """The nodes of each code object; those of comprehensions belong to the one around."""

    def __init__(self) -> None:
        self.found: list[tuple[str, ast.AST]] = []
        self._names: list[str] = []

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Lambda):
            self._inside("<lambda>", node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._inside(node.name, *node.body)
        else:
            self.found.append(("".join(self._names).removesuffix(".") or "<module>", node))
            self.generic_visit(node)

    def _inside(self, name: str, *body: ast.AST) -> None:
        self._names.append(name + ".")
        for node in body:
            self.visit(node)
        self._names.pop()


def _plus_one(node: Any) -> bool:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
        return True
    return False


def _other_comparison(node: Any) -> bool:
    if isinstance(node, ast.Compare):
        node.ops = [ast.NotEq()]
        return True
    return False


def _other_operator(node: Any) -> bool:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        node.op = ast.BitXor()
        return True
    return False


def _other_attribute(node: Any) -> bool:
    if isinstance(node, ast.Attribute):
        node.attr += "_"
        return True
    return False


def _other_exception(node: Any) -> bool:
    if isinstance(node, ast.Raise | ast.ExceptHandler):
        field = "exc" if isinstance(node, ast.Raise) else "type"
        setattr(node, field, ast.Name("Other", ast.Load()))
        return True
    return False


KINDS = [_plus_one, _other_comparison, _other_operator, _other_attribute, _other_exception]


def mutants() -> Iterator[Any]:
    """Yield each change with the name of the code object that it is in."""
    tree = ast.parse(SOURCE)
    count = len(_nodes(tree))
    for kind in KINDS:
        for index in range(count):
            changed = copy.deepcopy(tree)
            name, node = _nodes(changed)[index]
            if kind(node):
                text = ast.unparse(ast.fix_missing_locations(changed))
                yield pytest.param(name, text, id=f"{kind.__name__[1:]}-{name}-{index}")


def _nodes(tree: ast.AST) -> list[tuple[str, ast.AST]]:
    visitor = Place()
    visitor.visit(tree)
    return visitor.found


@pytest.mark.parametrize(("name", "text"), list(mutants()))
def test_a_mutant_shows_in_one_place(name: str, text: str) -> None:
    diff = differences(SOURCE, text)
    found = {unit.replace(".<locals>", ""): status for unit, status in statuses(diff).items()}
    assert found == {name: "changed"}
    (unit,) = (unit for unit in diff.units if unit.status is not Status.SAME)
    changed = [change for change in unit.changes if change.op is not Op.EQUAL]
    assert 1 <= sum(max(len(c.old), len(c.new)) for c in changed) <= 6


# --- Statuses ------------------------------------------------------------------------------------


def test_planes_are_told_apart() -> None:
    diff = differences(
        'def f(a):\n    "One."\n    return 1\n', 'def f(b):\n    "Two."\n    return 1\n'
    )
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    assert [plane.value for plane in unit.planes] == ["signature", "docstring"]
    assert unit.changes == ()
    assert not diff.is_same
    assert text(diff)[4:] == [
        "    - signature: (a)",
        "    + signature: (b)",
        "    - docstring: One.",
        "    + docstring: Two.",
    ]


def test_equal_statements_that_lead_elsewhere_are_shown() -> None:
    old = "def f(a, b):\n    for x in a:\n        if x:\n            b.one()\n        b.two()\n"
    new = old.replace("        b.two()", "        else:\n            b.two()")
    diff = differences(old, new)
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    (change,) = (change for change in unit.changes if change.op is not Op.EQUAL)
    assert change.op is Op.REPLACE
    assert all("b.one()" in side[0] for side in (change.old, change.new))
    assert change.old != change.new


def test_a_rename_shows_its_changes() -> None:
    body = "(a):\n    a.one()\n    a.two()\n    a.three()\n    a.four()\n    return a.{}\n"
    diff = differences(f"def f{body.format('x')}", f"def g{body.format('y')}")
    (unit,) = (unit for unit in diff.units if unit.status is Status.RENAMED)
    assert unit.old is not None
    assert unit.new is not None
    assert (unit.old.qualname, unit.new.qualname) == ("f", "g")
    assert [change.op for change in unit.changes] == [Op.EQUAL, Op.REPLACE]


def test_structural_ignores_the_names_of_locals() -> None:
    old, new = (
        "def f(a):\n    b = a + 1\n    return b\n",
        "def f(c):\n    d = c + 1\n    return d\n",
    )
    assert not differences(old, new).is_same
    assert differences(old, new, level="structural").is_same


def test_the_very_same_code_needs_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycinspect.canonical.form.build", _refuse)
    (unit,) = differences("x = 1", "x = 1").units
    assert unit.status is Status.SAME


def test_what_is_not_canonicalised_is_never_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycinspect.canonical.form.build", _refuse)
    diff = differences("x = 1", "x = 2")
    (unit,) = diff.units
    assert unit.status is Status.NOT_CANONICALISED
    assert unit.explanations == ()
    assert unit.problem == "not-canonical: too \x1b[31mlarge"
    assert not diff.is_same
    assert text(diff)[3:] == ["? <module>  line 1", r"    not-canonical: too \x1b[31mlarge"]


def _refuse(*_: object) -> None:
    raise pycinspect.PycInspectError("not-canonical", "too \x1b[31mlarge")


# --- Levels --------------------------------------------------------------------------------------


def test_level_exact_needs_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycinspect.canonical.form.build", _refuse)
    diff = differences("def f(a): return a.x", "def f(a): return a.y", level="exact")
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    assert {plane.value for plane in unit.planes} == {"constants"}
    (change,) = (change for change in unit.changes if change.op is not Op.EQUAL)
    assert "LOAD_ATTR" in change.old[0]


@pytest.mark.parametrize(
    ("old", "new", "plane"),
    [
        ("x = 1", "\nx = 1", "lines"),
        ("x = 1", "x = 2", "constants"),
        ("x = 1", "y = 1", "constants"),
        ("def f(a, b): return a", "def f(a, b): return b", "instructions"),
        ("def f(a): return a + 1", "def f(a): return a - 1", "instructions"),
        ("def f(): 'Text.'", "def f(): 'Other.'", "docstring"),
    ],
)
def test_every_byte_counts_at_level_exact(old: str, new: str, plane: str) -> None:
    diff = differences(old, new, level="exact")
    assert plane in {plane.value for unit in diff.units for plane in unit.planes}
    assert not diff.is_same
    assert differences(old, old, level="exact").is_same


REWRITES = [
    (
        "def f(a):\n    x = 1\n    y = 2\n    return g(x, y)",
        "def f(a):\n    y = 2\n    x = 1\n    return g(x, y)",
        "f: 1 store reordered",
    ),
    (
        "def f(a):\n    x = 1\n    x = 2\n    return g(x)",
        "def f(a):\n    x = 2\n    return g(x)",
        "f: 1 store fewer",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), REWRITES)
def test_an_equivalent_rewrite_is_one_line(old: str, new: str, said: str) -> None:
    diff = differences(old, new)
    assert diff.is_same
    assert f"equivalent rewrite (differs at level strict): {said}" in text(diff)
    assert not differences(old, new, level="strict").is_same


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def f(a): return 1", "def f(a): return 2"),
        ("def f(a): return 1", "\ndef f(a): return 1"),
        ("def f(a): return 60 * 60", "def f(a): return 3600"),
    ],
)
def test_what_is_no_rewrite_is_not_called_so(old: str, new: str) -> None:
    assert not any("rewrite" in line for line in text(differences(old, new)))


# --- Planes of their own -------------------------------------------------------------------------


@pytest.mark.parametrize("head", ["", "class C:\n    ", "def f():\n    "])
def test_a_docstring_is_no_instruction(head: str) -> None:
    (unit,) = (
        unit
        for unit in differences(f"{head}'Old.'", f"{head}'New.'").units
        if unit.status is Status.CHANGED
    )
    assert [plane.value for plane in unit.planes] == ["docstring"]
    lines = text(differences(f"{head}'Old.'", f"{head}'New.'"))
    assert lines[4:] == ["    - docstring: Old.", "    + docstring: New."]


def test_a_docstring_that_stays_is_not_named() -> None:
    diff = differences("'Text.'\nx = 1", "'Text.'\nx = 1\ny()")
    (unit,) = diff.units
    assert [plane.value for plane in unit.planes] == ["instructions"]


def test_a_second_docstring_is_not_lost() -> None:
    old = "class C:\n    'Text.'\n    __doc__ = 'Old.'"
    diff = differences(old, old.replace("Old", "New"))
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    assert [plane.value for plane in unit.planes] == ["docstring"]


def test_a_docstring_does_not_hide_a_change_beside_it() -> None:
    diff = differences("class C:\n    'Old.'\n    x = 1", "class C:\n    'New.'\n    x = 2")
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    assert [plane.value for plane in unit.planes] == ["instructions", "docstring"]


def test_an_annotation_of_a_function_is_no_instruction() -> None:
    diff = differences("def f(a: 'x'): pass", "def f(a: 'y'): pass")
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    assert [plane.value for plane in unit.planes] == ["annotations"]
    (change,) = (change for change in unit.changes if change.op is not Op.EQUAL)
    assert "'y'" in change.new[0]
    diff = differences("def f(a: 'x' = 1): pass", "def f(a: 'y' = 2): pass")
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    assert [plane.value for plane in unit.planes] == ["instructions", "annotations"]


# --- Formats -----------------------------------------------------------------------------------

NAME = {"type": ["string", "null"]}
TEXTS = {"type": "array", "items": {"type": "string"}}
LINES = {"type": "array", "items": {"type": ["integer", "null"]}}


def closed(**properties: object) -> dict[str, object]:
    """Return the schema of an object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def array(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


CHANGE = closed(
    op={"enum": ["delete", "insert", "replace", "equal"]},
    old=TEXTS,
    new=TEXTS,
    old_lines=LINES,
    new_lines=LINES,
)
STATUSES = ["same", "explained", "changed", "renamed", "added", "removed", "not-canonicalised"]
UNIT = closed(
    old=NAME,
    new=NAME,
    status={"enum": STATUSES},
    planes=TEXTS,
    explanations=TEXTS,
    changes=array(CHANGE),
)
SCHEMA = closed(
    schema={"const": "pycinspect.diff/1"},
    level={"enum": ["exact", "strict", "semantic", "structural"]},
    old={"type": "string"},
    new={"type": "string"},
    summary=closed(**{status: {"type": "integer"} for status in STATUSES}),
    modules=array(closed(old=NAME, new=NAME, units=array(UNIT))),
)


def text(diff: pycinspect.Diff, **options: Any) -> list[str]:
    lines = diff_lines(diff, titles=("old", "new"), **options)
    return ["".join(piece for piece, _ in line) for line in lines]


def test_json_is_what_the_schema_says() -> None:
    diff = differences(SOURCE, SOURCE.replace("count", "number").replace("def last", "def first"))
    found = json.loads(json.dumps(diff_object(diff)))
    jsonschema.validate(found, SCHEMA)
    assert found["summary"]["changed"]
    for unit in found["modules"][0]["units"]:
        for change in unit["changes"]:
            assert len(change["old"]) == len(change["old_lines"])
            assert len(change["new"]) == len(change["new_lines"])


def test_json_says_why_something_is_not_canonicalised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pycinspect.canonical.form.build", _refuse)
    ((unit,),) = (
        module["units"] for module in diff_object(differences("x = 1", "x = 2"))["modules"]
    )
    assert unit["status"] == "not-canonicalised"
    assert unit["explanations"] == []
    assert unit["problem"].startswith("not-canonical: too ")


def test_a_change_far_inside_a_long_statement_is_seen() -> None:
    names = [f"name_{i}" for i in range(90)]
    old, new = f"__all__ = {names}", f"__all__ = {[*names[:60], 'other', *names[61:]]}"
    lines = text(differences(old, new))
    (before, after) = (line for line in lines if line[13:14] in ("-", "+"))
    assert "'name_60'" in before
    assert "'other'" in after
    assert max(len(before), len(after)) < 300


def test_json_takes_lone_surrogates() -> None:
    diff = differences(r"x = '\ud800'", r"x = '\ud801'")
    json.dumps(diff_object(diff), ensure_ascii=False).encode()


def test_the_text_begins_with_the_summary() -> None:
    lines = text(differences("def f(): return 1", "def f(): return 2"))
    assert lines[:4] == [
        "old -> new  level semantic",
        "1 same, 0 explained, 1 changed, 0 renamed, 0 added, 0 removed, 0 not canonicalised",
        "",
        "~ f  line 1  instructions",
    ]


def test_the_text_has_the_lines_of_both_sides() -> None:
    lines = text(
        differences("def f(a):\n    a.b()\n    a.c()\n", "def f(a):\n\n    a.b()\n    a.d()\n")
    )
    marked = [line for line in lines if line[12:14].strip() in ("-", "+")]
    assert [line[:14].split() for line in marked] == [["3", "-"], ["4", "+"]]


def test_the_part_that_changed_stands_out() -> None:
    diff = differences("def f(a): return a.one(1, 2)", "def f(a): return a.two(1, 2)")
    pieces = [piece for line in diff_lines(diff, titles=("old", "new")) for piece in line]
    assert ("one", "delete-part") in pieces
    assert ("two", "insert-part") in pieces


def test_what_is_far_from_a_change_is_left_out() -> None:
    calls = "".join(f"    a.m{i}()\n" for i in range(20))
    lines = text(differences(f"def f(a):\n{calls}    a.x()\n", f"def f(a):\n{calls}    a.y()\n"))
    assert not any("m16" in line for line in lines)
    assert any("m17" in line for line in lines)


def test_what_moved_is_said_to_have() -> None:
    old = "def f(): one(); two(); three(); four()"
    lines = text(differences(old, "def f(): two(); three(); one(); four()"))
    moved = [line for line in lines if line.endswith("one()  (moved)")]
    assert [line[13] for line in moved] == ["-", "+"]


def test_many_differences_are_listed_first() -> None:
    source = "".join(f"def f{i}(): return {i}\n" for i in range(5))
    lines = text(differences(source, source.replace("return ", "return 1")))
    assert [line for line in lines if line.startswith("~ f3")] == ["~ f3  line 4  instructions"] * 2


def test_labels_stay_where_statements_stay() -> None:
    old = "def f(a):\n    for x in a:\n        if x: continue\n        y(x)\n    return a\n"
    diff = differences(old, old.replace("for", "if a: b()\n    for"))
    (unit,) = (unit for unit in diff.units if unit.status is Status.CHANGED)
    equal = [change for change in unit.changes if change.op is Op.EQUAL]
    assert equal
    for change in equal:
        assert change.old == change.new


def test_what_came_is_beside_what_is_like_it() -> None:
    old = "def f(a):\n    a.one(1, 2)\n    a.two(3)\n"
    new = "def f(a):\n    b()\n    a.one(1, 9)\n    c()\n    a.two(9)\n"
    (unit,) = (u for u in differences(old, new).units if u.status is Status.CHANGED)
    changed = [(change.op, len(change.new)) for change in unit.changes if change.op is not Op.EQUAL]
    assert changed == [(Op.INSERT, 1), (Op.REPLACE, 1), (Op.INSERT, 1), (Op.REPLACE, 1)]


@pytest.mark.parametrize("width", [40, 80, 141, 200])
def test_two_columns_fit(width: int) -> None:
    old = "def f(a): return a.b(1, 'a long text, much longer than that')"
    lines = text(differences(old, old.replace("a.b", "a.c")), width=width, raw=True)
    rows = [line for line in lines if " | " in line]
    assert rows
    assert len({line.index(" | ") for line in rows}) == 1
    if width >= 80:
        assert max(map(len, rows)) <= width
    whole = "".join(line.partition(" | ")[2][7:] for line in rows).replace(" ", "")
    assert "'alongtext,muchlongerthanthat'" in whole


def test_raw_instructions_have_their_offsets() -> None:
    diff = differences("def f(a): return a.one", "def f(a): return a.two")
    lines = text(diff, raw=True)
    assert any("LOAD_ATTR" in line and "two" in line and "+" in line for line in lines)
    assert not any("LOAD_ATTR" in line for line in text(diff))


def test_hostile_names_stay_in_their_lines() -> None:
    lines = text(differences(r"x = '\x1b[31m\n'", r"x = '\x1b[32m\n'"), raw=True)
    assert all(line.isprintable() for line in lines)


def test_a_notebook_gets_escaped_html() -> None:
    html = differences("def f(a): return lambda: 1", "def f(a): return lambda: 2")._repr_html_()
    assert "f.&lt;locals&gt;.&lt;lambda&gt;" in html
    assert "<lambda>" not in html


# --- The call ------------------------------------------------------------------------------------


def test_paths_and_code_can_be_compared(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    diff = pycinspect.diff(source, str(source), level="strict")
    assert diff.is_same
    assert diff.level is Level.STRICT
    assert diff.old == str(source)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(pycinspect.PycInspectError, match="'vague' is not a level"):
        differences("x = 1", "x = 1", level="vague")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(pycinspect.PycInspectError, match="no such file"):
        pycinspect.diff("missing.py", "missing.py")


def test_a_line_with_nothing_like_it_is_not_compared_word_by_word(monkeypatch):
    """Most lines of a long listing that came or went have no line to be compared with."""
    compared = []

    def counted(old, new):
        compared.append((old, new))
        return aligned(old, new)

    monkeypatch.setattr(marking, "aligned", counted)
    marker = marking.Marker()
    for other in ("", "x", "CALL"):
        assert marker.marked("LOAD_NAME 0 (a)", other, Op.INSERT) == (
            ("LOAD_NAME 0 (a)", "insert"),
        )
    assert not compared
    assert len(marker.marked("LOAD_NAME 0 (a)", "LOAD_NAME 0 (b)", Op.INSERT)) == 3
    assert len(compared) == 1
