"""Do the tests notice a change of our own source? Random mutants, without any real interpreter.

    python -m tests.mutation --count 100 --seed 1 [--room cache] [--seconds 600]

Each mutant is one change in one module of a copy of the checkout; the tests of its room are run
there until one fails. No oracle is asked: this is what a contributor has who has one Python. What
survives is printed with its place, to be looked at: it is equivalent, or a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("pycinspect", "pytest_pycinspect")
COPIED = (*PACKAGES, "tests", "fixtures", "pyproject.toml", "README.md")

#: The tests of each room, those that fail soonest first.
TESTS: Mapping[str, tuple[str, ...]] = {
    "pycinspect/dialects": ("tests/unit", "tests/canonical"),
    "pycinspect/pyc": ("tests/unit", "tests/report", "tests/fuzz"),
    "pycinspect/cache": ("tests/unit", "tests/cli", "tests/audit"),
    "pycinspect/disasm": ("tests/unit", "tests/report"),
    "pycinspect/canonical": ("tests/canonical", "tests/diffing"),
    "pycinspect/compiling": ("tests/unit/test_compiling.py", "tests/cli"),
    "pycinspect/programs": ("tests/unit/test_programs.py", "tests/diffing", "tests/cli"),
    "pycinspect/auditing": ("tests/audit", "tests/cli", "tests/healthy"),
    "pycinspect/diffing": ("tests/diffing", "tests/cli/test_diff.py"),
    "pycinspect/verifying": (
        "tests/audit/test_verification_rules.py",
        "tests/cli/test_verify.py",
        "tests/verifying",
    ),
    "pycinspect/report": ("tests/report", "tests/diffing", "tests/cli"),
    "pycinspect/cli": ("tests/cli", "tests/readme"),
    "pycinspect": ("tests/unit", "tests/cli"),
    "pytest_pycinspect": ("tests/plugin",),
}


# --- What can be changed ------------------------------------------------------------------------

_COMPARISONS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,  # not the other way round: types are written so
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


def _compare(node: ast.Compare) -> ast.expr | None:
    swapped = _COMPARISONS[type(node.ops[0])]()
    return ast.Compare(node.left, [swapped, *node.ops[1:]], node.comparators)


def _arithmetic(node: ast.BinOp) -> ast.expr | None:
    swapped = _ARITHMETIC.get(type(node.op))
    return None if swapped is None else ast.BinOp(node.left, swapped(), node.right)


def _logic(node: ast.BoolOp) -> ast.expr | None:
    return ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _negation(node: ast.UnaryOp) -> ast.expr | None:
    return node.operand if isinstance(node.op, ast.Not) else None


def _constant(node: ast.Constant) -> ast.expr | None:
    if isinstance(node.value, bool):
        return ast.Constant(not node.value)
    return ast.Constant(node.value + 1) if isinstance(node.value, int) else None


def _choice(node: ast.IfExp) -> ast.expr | None:
    return ast.IfExp(node.test, node.orelse, node.body)


def _branch(node: ast.If) -> ast.stmt | None:
    return ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _answer(node: ast.Return) -> ast.stmt | None:
    return None if node.value is None else ast.Return(ast.Constant(None))


def _part(node: ast.comprehension) -> ast.comprehension | None:
    return ast.comprehension(node.target, node.iter, [], node.is_async) if node.ifs else None


_CHANGES: Mapping[type[ast.AST], Callable[[Any], ast.AST | None]] = {
    ast.Compare: _compare,
    ast.BinOp: _arithmetic,
    ast.BoolOp: _logic,
    ast.UnaryOp: _negation,
    ast.Constant: _constant,
    ast.IfExp: _choice,
    ast.If: _branch,
    ast.Return: _answer,
    ast.comprehension: _part,
}


class Mutant(NamedTuple):
    """One changed module.

    Args:
        path: of the module, from the root of the checkout.
        line: where it is changed.
        before: what was there.
        after: what is there now.
        text: the changed module.
    """

    path: str
    line: int
    before: str
    after: str
    text: str


class _Exchange(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> Any:
        if node is self._old:
            return ast.copy_location(self._new, node)
        return self.generic_visit(node)


def mutants(paths: Sequence[Path], seed: int) -> Iterator[Mutant]:
    """Yield changes without end, each room as often as every other, all of one seed alike."""
    chance = random.Random(seed)
    rooms: dict[str, list[Path]] = {}
    for path in paths:
        rooms.setdefault(room_of(path.relative_to(ROOT).as_posix()), []).append(path)
    while True:
        for room in sorted(rooms):
            found = _mutant(chance.choice(rooms[room]), chance)
            if found is not None:
                yield found


def _mutant(path: Path, chance: random.Random) -> Mutant | None:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = [node for node in ast.walk(tree) if type(node) in _CHANGES]
    if not nodes:
        return None
    node = chance.choice(nodes)
    new = _CHANGES[type(node)](node)
    if new is None:
        return None
    before, after = _line(node), _line(new)
    if before == after:
        return None
    line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
    changed = ast.fix_missing_locations(_Exchange(node, new).visit(tree))
    name = path.relative_to(ROOT).as_posix()
    return Mutant(name, line, before, after, ast.unparse(changed))


def _line(node: ast.AST) -> str:
    return ast.unparse(node).strip().partition("\n")[0]


def room_of(name: str) -> str:
    """Return the room that a module is in, a key of :data:`TESTS`."""
    return max((room for room in TESTS if name.startswith(f"{room}/")), key=len)


# --- Whether a test fails -----------------------------------------------------------------------


def outcome_of(mutant: Mutant, copy: Path, seconds: float) -> str:
    """Run the tests of a mutant's room: ``killed``, ``survived`` or ``took too long``."""
    target = copy / mutant.path
    original = target.read_bytes()
    target.write_text(mutant.text, "utf-8")
    try:
        return "killed" if _fails(TESTS[room_of(mutant.path)], copy, seconds) else "survived"
    except subprocess.TimeoutExpired:
        return "took too long"
    finally:
        target.write_bytes(original)


def _fails(tests: Sequence[str], copy: Path, seconds: float) -> bool:
    # In the order of the table, so that the soonest fails first.
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": os.fspath(copy),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYCINSPECT_NO_ORACLES": "1",
    }
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, timeout=seconds, check=False
    )
    return done.returncode != 0


def _copied(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / name)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", help="only modules whose path has this in it")
    parser.add_argument("--seconds", type=float, default=600, help="for the tests of one mutant")
    given = parser.parse_args()
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    wanted = [path for path in paths if (given.room or "") in path.relative_to(ROOT).as_posix()]
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        for _, mutant in zip(range(given.count), mutants(wanted, given.seed), strict=False):
            outcome = outcome_of(mutant, copy, given.seconds)
            outcomes[outcome] += 1
            place = f"{mutant.path}:{mutant.line}"
            print(f"{outcome:13} {place}: {mutant.before} -> {mutant.after}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())))


if __name__ == "__main__":
    main()
