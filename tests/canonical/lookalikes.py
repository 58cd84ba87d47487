"""Programs that are not made of one another, and have one form: they must do the same.

    python -m tests.canonical.lookalikes --count 20000 [--seed S] [--level semantic]
        [--version 3.8] [--theme truths]

:mod:`tests.canonical.soundness` rewrites programs; what no rewriting does, it does not find. Here
small programs are drawn (:mod:`tests.canonical.sketches`), with a few near neighbours each, and
grouped by their form. Those of one form and other bytecode run in the same worlds
(:mod:`tests.canonical.worlds`), half of which change variables after a program's back, and must
write the same logs.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from pycinspect.canonical import Level, units
from pycinspect.dialects import find_dialect
from pycinspect.pyc import Code, unmarshal
from tests.canonical.rewrites import rewritten
from tests.canonical.sketches import THEMES, sketch
from tests.canonical.soundness import CHILD, SHOWN, Difference
from tests.differential.noise import oracle_of, payloads

#: What is drawn of one seed: a program and so many neighbours.
_NEIGHBOURS = 5
#: Programs of one form that are run.
_MOST_ALIKE = 8
_WORLDS = 4
#: Programs that one child runs.
_BATCH = 2_000
RUNNING = "{}.{}".format(*sys.version_info[:2])

Tree = ast.AST


# --- Neighbours --------------------------------------------------------------------------------


def neighbour(source: str, rng: random.Random) -> str | None:
    """Return a program with one small change, None if that did not fit."""
    tree = ast.parse(source)
    if rng.random() < 0.3:
        return rewritten(tree, rng)
    tree = copy.deepcopy(tree)
    rng.choice(_CHANGES)(tree, rng)
    try:
        return ast.unparse(ast.fix_missing_locations(tree))
    except (ValueError, AttributeError, TypeError):  # a neighbour that no source can say
        return None


def _swapped(tree: Tree, rng: random.Random) -> None:
    """Swap two expressions of one statement, neither of which is inside the other."""
    statement = rng.choice([node for node in ast.walk(tree) if isinstance(node, ast.stmt)])
    places = [*_places(statement)]
    if len(places) < 2:
        return
    one, other = rng.sample(places, 2)
    left, right = _at(one), _at(other)
    if right not in ast.walk(left) and left not in ast.walk(right):
        _put(one, right)
        _put(other, left)


def _other_name(tree: Tree, rng: random.Random) -> None:
    """Let a target, or what is read, be another variable."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and len(node.id) == 1]
    rng.choice(names).id = rng.choice("abcG")


def _target_twice(tree: Tree, rng: random.Random) -> None:
    """Let two targets of one statement be the same variable."""
    found = [
        [part for part in ast.walk(node) if _is_target(part)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
    ]
    found = [targets for targets in found if len(targets) > 1]
    if found:
        one, other = rng.sample(rng.choice(found), 2)
        one.id = other.id


def _is_target(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _moved(tree: Tree, rng: random.Random) -> None:
    """Move a statement to another place of any block."""
    blocks = [
        block
        for node in ast.walk(tree)
        if not isinstance(node, ast.Module)  # its variables are bound nowhere else
        for _, block in ast.iter_fields(node)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt)
    ]
    source, target = rng.choice(blocks), rng.choice(blocks)
    statement = source.pop(rng.randrange(len(source)))
    if target is not source and any(target is part for part in _blocks_in(statement)):
        target = source
    target.insert(rng.randint(0, len(target)), statement)
    if not source:
        source.append(ast.Pass())


def _blocks_in(statement: ast.stmt) -> Iterator[object]:
    for node in ast.walk(statement):
        for _, block in ast.iter_fields(node):
            yield block


def _split_assignment(tree: Tree, rng: random.Random) -> None:
    """Give a value another way into its variables: several targets, or a walrus."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    if not found:
        return
    node = rng.choice(found)
    name = rng.choice("abc")
    if rng.random() < 0.5:
        node.targets.append(ast.Name(name, ast.Store()))
    else:
        node.value = ast.NamedExpr(ast.Name(name, ast.Store()), node.value)


def _named(tree: Tree, rng: random.Random) -> None:
    """Give a name to some expression on the way, or read that name in its place."""
    places = [*_places(tree)]
    if not places:
        return
    place, name = rng.choice(places), rng.choice("abc")
    named = ast.NamedExpr(ast.Name(name, ast.Store()), _at(place))
    _put(place, rng.choice([named, ast.Name(name, ast.Load())]))


_CHANGES = [_swapped, _swapped, _other_name, _other_name, _target_twice, _moved, _named]
_CHANGES += [_split_assignment]

#: A node, one of its fields, and the place in it if it is a list.
_Place = tuple[ast.AST, str, int | None]


def _places(tree: Tree) -> Iterator[_Place]:
    """Yield where expressions stand that are read."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            parts = enumerate(value) if isinstance(value, list) else [(None, value)]
            for index, part in parts:
                context = getattr(part, "ctx", None)
                if isinstance(part, ast.expr) and not isinstance(context, ast.Store | ast.Del):
                    yield node, field, index


def _at(place: _Place) -> ast.expr:
    node, field, index = place
    value = getattr(node, field)
    return value if index is None else value[index]


def _put(place: _Place, value: ast.expr) -> None:
    node, field, index = place
    if index is None:
        setattr(node, field, value)
    else:
        getattr(node, field)[index] = value


# --- Which are alike ---------------------------------------------------------------------------


def drawn(count: int, seed: int, theme: str, *, modern: bool) -> list[str]:
    """Return so many sources, each once: sketches, and neighbours of each."""
    found: dict[str, None] = {}
    while len(found) < count:
        rng = random.Random(seed)
        source = sketch(seed, theme, modern=modern)
        seed += 1
        found[source] = None
        try:
            compile(source, "generated", "exec", ast.PyCF_ONLY_AST)
        except SyntaxError:
            continue
        for _ in range(_NEIGHBOURS):
            other = neighbour(source, rng)
            if other is not None:
                found[other] = None
    return [*islice(found, count)]


def alike(version: str, sources: Sequence[str], level: Level) -> tuple[int, list[list[str]]]:
    """Return how many have a form, and the groups of one form and different bytecode."""
    row = find_dialect(oracle_of(version).dialect)
    groups: dict[object, dict[object, str]] = {}
    count = 0
    for source, payload in zip(sources, payloads(version, sources, None), strict=True):
        root = None if payload is None else unmarshal(payload, row).value
        if not isinstance(root, Code):
            continue
        forms = units(root, row, level)
        if all(form.problem is None for form in forms.values()):
            count += 1
            # What is the same but for such a note is called explained, not the same.
            key = tuple((at, form.digest, form.notes & SHOWN) for at, form in forms.items())
            groups.setdefault(key, {}).setdefault(_shape(root), source)
    return count, [[*group.values()] for group in groups.values() if len(group) > 1]


def _shape(code: Code) -> object:
    """Return what tells bytecode apart, without lines and columns."""
    constants = tuple(
        _shape(part) if isinstance(part, Code) else (type(part), repr(part)) for part in code.consts
    )
    names = code.names, code.varnames, code.freevars, code.cellvars, code.name, code.flags
    return code.code, code.exceptiontable, constants, names


# --- What they do ------------------------------------------------------------------------------


class Found(NamedTuple):
    """What a search has found.

    Args:
        programs: that have a form.
        pairs: of one form and different bytecode.
        differences: those that do not the same.
    """

    programs: int
    pairs: int
    differences: list[Difference]


def search(
    count: int,
    seed: int,
    *,
    level: Level = Level.SEMANTIC,
    version: str = RUNNING,
    theme: str = "",
) -> Found:
    """Draw so many programs, and run those of one form."""
    modern = tuple(map(int, version.split("."))) >= (3, 10)
    programs, groups = alike(version, drawn(count, seed, theme, modern=modern), level)
    groups = [group[:_MOST_ALIKE] for group in groups]
    logs = observed(version, [source for group in groups for source in group], seed)
    found = []
    for first, *others in groups:
        for other in others:
            found.extend(_first_difference(first, other, seed, logs))
    return Found(programs, sum(len(group) - 1 for group in groups), found)


Logs = Sequence[Sequence[str]]


def _first_difference(
    one: str, other: str, seed: int, logs: Mapping[str, Logs]
) -> Iterator[Difference]:
    for number, (left, right) in enumerate(zip(logs[one], logs[other], strict=True)):
        if left != right:
            yield Difference(one, other, seed + number, [*left], [*right])
            return


def observed(version: str, sources: Sequence[str], seed: int) -> Mapping[str, Logs]:
    """Return what each program does in some worlds of either kind."""
    found: dict[str, Logs] = {}
    oracle, worlds = oracle_of(version), [*range(seed, seed + _WORLDS)]
    for start in range(0, len(sources), _BATCH):
        batch = sources[start : start + _BATCH]
        jobs = [(source, worlds) for source in batch]
        both = []
        for restless in (False, True):
            request = {"jobs": jobs, "restless": restless}
            answer = oracle.run(CHILD, request, directories=[CHILD.parent])
            assert isinstance(answer, list)
            both.append(answer)
        for source, still, turning in zip(batch, *both, strict=True):
            found[source] = [*still, *turning]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000, help="programs to draw")
    parser.add_argument("--seed", type=int, default=0)
    levels = [level.value for level in Level if level is not Level.EXACT]
    parser.add_argument("--level", choices=levels, default="semantic")
    parser.add_argument("--version", default=RUNNING)
    parser.add_argument("--theme", choices=[*THEMES], default="")
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    found = search(
        options.count,
        options.seed,
        level=Level(options.level),
        version=options.version,
        theme=options.theme,
    )
    for difference in found.differences[: options.show]:
        print(f"==== {difference}\n")
    print(
        f"{options.version}, level {options.level}, seed {options.seed}: {found.programs} programs,"
        f" {found.pairs} pairs of one form, {len(found.differences)} differ"
    )
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main())
