"""Changes that are likely to leave the canonical form as it is, rightly or not.

:data:`tests.differential.mutants.KINDS` are changes that a reader would see; these are those
that a form may lose: the order of things, where blocks begin and end, what is done twice.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator

from tests.differential.mutants import KINDS, _replace

__all__ = ["rewritten"]

_Block = list[ast.stmt]
_Rewrite = Callable[[_Block, int, random.Random], bool]


def rewritten(tree: ast.Module, rng: random.Random) -> str | None:
    """Return the source of a tree with one random change, None if that change did not fit."""
    tree = copy.deepcopy(tree)
    change = _in_block if rng.random() < 0.7 else _of_node
    if not change(tree, rng):
        return None
    try:
        return ast.unparse(ast.fix_missing_locations(tree))
    except (ValueError, AttributeError, TypeError):  # a mutant that no source can say
        return None


def _of_node(tree: ast.Module, rng: random.Random) -> bool:
    kind, change = rng.choice([*KINDS.values()])
    nodes = [node for node in ast.walk(tree) if type(node) is kind]
    if not nodes:
        return False
    node = rng.choice(nodes)
    for new in change(node):
        if new is not node:
            _replace(tree, node, new)
        return True
    return False


def _in_block(tree: ast.Module, rng: random.Random) -> bool:
    block = rng.choice([*_blocks(tree)])
    return rng.choice(_REWRITES)(block, rng.randrange(len(block)), rng)


def _blocks(tree: ast.Module) -> Iterator[_Block]:
    """Yield the lists of statements, the longer ones more often."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block:
                yield from [block] * len(block)


# --- One change of a block each; true if it was made --------------------------------------------


def _swap(block: _Block, place: int, _: random.Random) -> bool:
    if place == 0:
        return False
    block[place - 1], block[place] = block[place], block[place - 1]
    return True


def _drop(block: _Block, place: int, _: random.Random) -> bool:
    block[place] = ast.Pass()
    return True


def _twice(block: _Block, place: int, _: random.Random) -> bool:
    block.insert(place, copy.deepcopy(block[place]))
    return True


def _permute_targets(block: _Block, place: int, rng: random.Random) -> bool:
    """Make ``y, x = 1, 2`` of ``x, y = 1, 2``."""
    target = _targets(block[place])
    if target is None:
        return False
    rng.shuffle(target.elts)
    return True


def _permute_both(block: _Block, place: int, rng: random.Random) -> bool:
    """Make ``y, x = 2, 1`` of ``x, y = 1, 2``."""
    target, statement = _targets(block[place]), block[place]
    if target is None or not isinstance(statement, ast.Assign):
        return False
    value = statement.value
    if not isinstance(value, ast.Tuple) or len(value.elts) != len(target.elts):
        return False
    order = rng.sample(range(len(value.elts)), len(value.elts))
    target.elts = [target.elts[i] for i in order]
    value.elts = [value.elts[i] for i in order]
    return True


def _targets(statement: ast.stmt) -> ast.Tuple | None:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
        return statement.targets[0]
    return None


def _one_by_one(block: _Block, place: int, _: random.Random) -> bool:
    """Make ``x = 1; y = 2`` of ``x, y = 1, 2``."""
    target, statement = _targets(block[place]), block[place]
    if target is None or not isinstance(statement, ast.Assign):
        return False
    if not isinstance(statement.value, ast.Tuple):
        return False
    pairs = zip(target.elts, statement.value.elts, strict=False)
    block[place : place + 1] = [ast.Assign([t], v, lineno=1) for t, v in pairs]
    return True


def _all_at_once(block: _Block, place: int, _: random.Random) -> bool:
    """Make ``x, y = 1, 2`` of ``x = 1; y = 2``."""
    pair = block[place : place + 2]
    if len(pair) < 2:
        return False
    one, two = pair
    if not (isinstance(one, ast.Assign) and isinstance(two, ast.Assign)):
        return False
    targets = ast.Tuple([one.targets[0], two.targets[0]], ast.Store())
    values = ast.Tuple([one.value, two.value], ast.Load())
    block[place : place + 2] = [ast.Assign([targets], values, lineno=1)]
    return True


_BODIES = (ast.Try, ast.With, ast.If, ast.For, ast.While)


def _out_above(block: _Block, place: int, _: random.Random) -> bool:
    """Move the first statement of a block before it."""
    statement = block[place]
    if not isinstance(statement, _BODIES) or len(statement.body) < 2:
        return False
    block.insert(place, statement.body.pop(0))
    return True


def _out_below(block: _Block, place: int, _: random.Random) -> bool:
    """Move the last statement of a block after it."""
    statement = block[place]
    if not isinstance(statement, _BODIES) or len(statement.body) < 2:
        return False
    block.insert(place + 1, statement.body.pop())
    return True


def _in_from_above(block: _Block, place: int, _: random.Random) -> bool:
    statement = block[place]
    if not isinstance(statement, _BODIES) or place == 0:
        return False
    statement.body.insert(0, block.pop(place - 1))
    return True


def _in_from_below(block: _Block, place: int, _: random.Random) -> bool:
    statement = block[place]
    if not isinstance(statement, _BODIES) or place + 1 == len(block):
        return False
    statement.body.append(block.pop(place + 1))
    return True


def _into_else(block: _Block, place: int, _: random.Random) -> bool:
    statement = block[place]
    if not isinstance(statement, ast.If | ast.For | ast.While | ast.Try) or place + 1 == len(block):
        return False
    if isinstance(statement, ast.Try) and not statement.handlers:
        return False
    statement.orelse = [*statement.orelse, *block[place + 1 :]]
    del block[place + 1 :]
    return True


def _swap_branches(block: _Block, place: int, rng: random.Random) -> bool:
    """Swap the branches of an ``if``, half of the time with its condition negated."""
    statement = block[place]
    if not isinstance(statement, ast.If):
        return False
    statement.body, statement.orelse = statement.orelse or [ast.Pass()], statement.body
    if rng.random() < 0.5:
        statement.test = ast.UnaryOp(ast.Not(), statement.test)
    return True


def _around(block: _Block, place: int, rng: random.Random) -> bool:
    """Put a statement into a block that changes nothing, or little."""
    statement = block[place]
    handler = ast.ExceptHandler(ast.Name("Error1", ast.Load()), None, [ast.Pass()])
    again = ast.ExceptHandler(None, None, [ast.Raise()])
    block[place] = rng.choice(
        [
            ast.If(ast.Constant(True), [statement], []),
            ast.Try([statement], [], [], [ast.Pass()]),
            ast.Try([statement], [again], [], []),
            ast.Try([statement], [handler], [], []),
            ast.If(ast.Name("a", ast.Load()), [statement], [copy.deepcopy(statement)]),
        ]
    )
    return True


def _finally_to_end(block: _Block, place: int, _: random.Random) -> bool:
    statement = block[place]
    if not isinstance(statement, ast.Try) or not statement.finalbody:
        return False
    if not statement.handlers:
        return False
    block[place + 1 : place + 1] = statement.finalbody
    statement.finalbody = []
    return True


def _other_handler(block: _Block, place: int, _: random.Random) -> bool:
    statement = block[place]
    if not isinstance(statement, ast.Try) or not statement.handlers:
        return False
    statement.handlers[0].body = [ast.Expr(ast.Name("H", ast.Load()))]
    return True


def _handlers_turned(block: _Block, place: int, _: random.Random) -> bool:
    statement = block[place]
    if not isinstance(statement, ast.Try) or len(statement.handlers) < 2:
        return False
    statement.handlers.reverse()
    return True


def _other_name(block: _Block, place: int, rng: random.Random) -> bool:
    names = [node for node in ast.walk(block[place]) if isinstance(node, ast.Name)]
    if not names:
        return False
    rng.choice(names).id = rng.choice(names).id
    return True


def _swap_constants(block: _Block, place: int, rng: random.Random) -> bool:
    constants = [node for node in ast.walk(block[place]) if isinstance(node, ast.Constant)]
    if len(constants) < 2:
        return False
    one, two = rng.sample(constants, 2)
    one.value, two.value = two.value, one.value
    return True


def _swap_functions(block: _Block, place: int, rng: random.Random) -> bool:
    """Swap the bodies of two lambdas."""
    found = [node for part in block for node in ast.walk(part) if isinstance(node, ast.Lambda)]
    if len(found) < 2:
        return False
    one, two = rng.sample(found, 2)
    if two in ast.walk(one) or one in ast.walk(two):
        return False
    one.body, two.body = two.body, one.body
    return True


def _value_dropped(block: _Block, place: int, _: random.Random) -> bool:
    """Make ``1; return`` of ``return 1``, and ``1`` of ``x = 1``."""
    statement = block[place]
    value = getattr(statement, "value", None)
    if value is None:
        return False
    block[place] = ast.Expr(value)
    return True


_REWRITES: list[_Rewrite] = [
    _swap,
    _swap,
    _drop,
    _drop,
    _twice,
    _permute_targets,
    _permute_both,
    _one_by_one,
    _all_at_once,
    _out_above,
    _out_below,
    _in_from_above,
    _in_from_below,
    _into_else,
    _swap_branches,
    _around,
    _around,
    _finally_to_end,
    _other_handler,
    _handlers_turned,
    _other_name,
    _swap_constants,
    _swap_functions,
    _value_dropped,
]
