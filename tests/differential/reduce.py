"""A source of which something is to be seen, made shorter while it is still to be seen."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence

__all__ = ["reduced", "shorter"]

#: Sources that are asked about at once: what asks starts interpreters.
_AT_ONCE = 50
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def reduced(source: str, shows: Callable[[Sequence[str]], Sequence[bool]]) -> str:
    """Return a source of which no part can be left out.

    Args:
        source: that shows it.
        shows: says of each of some sources whether it shows it, too.
    """
    best = ast.unparse(ast.parse(source))
    for kind in (ast.stmt, ast.AST):  # statements first: there are fewer of them
        while found := _first(sorted(dict.fromkeys(shorter(best, kind)), key=len), shows):
            best = found
    return best


def _first(
    candidates: Sequence[str], shows: Callable[[Sequence[str]], Sequence[bool]]
) -> str | None:
    for start in range(0, len(candidates), _AT_ONCE):
        some = candidates[start : start + _AT_ONCE]
        for candidate, does in zip(some, shows(some), strict=True):
            if does:
                return candidate
    return None


def shorter(source: str, kind: type[ast.AST] = ast.AST) -> Iterator[str]:
    """Yield the source without a statement, or with a part of an expression in its place.

    Args:
        source: that is made shorter.
        kind: of what there is less.
    """
    tree = ast.parse(source)
    for place, _ in enumerate(ast.walk(tree)):
        for changed in _without(tree, place, kind):
            try:
                text = ast.unparse(ast.fix_missing_locations(changed))
                ast.parse(text)
            except (ValueError, AttributeError, TypeError, SyntaxError):  # no source can say it
                continue
            if len(text) < len(source):
                yield text


def _without(tree: ast.Module, place: int, kind: type[ast.AST]) -> Iterator[ast.Module]:
    """Yield copies of a tree with less in one of its nodes."""
    node = [*ast.walk(tree)][place]
    for field, value in ast.iter_fields(node):
        if not isinstance(value[0] if isinstance(value, list) and value else value, kind):
            continue
        for new in _less(field, value):
            changed = copy.deepcopy(tree)
            setattr([*ast.walk(changed)][place], field, copy.deepcopy(new))
            yield changed


def _less(field: str, value: object) -> Iterator[object]:
    """Yield what may stand in a field in the place of its value."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            before, behind = value[:i], value[i + 1 :]
            yield before + behind or ([ast.Pass()] if field == "body" else [])
            for inner in _inside(item):
                yield before + inner + behind
    elif isinstance(value, (ast.expr, ast.pattern)):
        yield from (inner for (inner,) in filter(_is_one, _inside(value)))
        yield None


def _is_one(nodes: Sequence[ast.AST]) -> bool:
    return len(nodes) == 1


def _inside(node: object) -> Iterator[list[ast.AST]]:
    """Yield what may stand in the place of a node: its blocks, or a part of it."""
    if isinstance(node, ast.stmt):
        blocks = (getattr(node, name, None) for name in _BLOCKS)
        yield from (block for block in blocks if block and isinstance(block[0], ast.stmt))
        yield from ([ast.Expr(part)] for part in _parts(node, ast.expr))
    elif isinstance(node, ast.expr) and not isinstance(node, ast.Constant):
        yield from ([part] for part in _parts(node, ast.expr))
        yield from ([ast.Constant(1)], [ast.Name("a", ast.Load())])
    elif isinstance(node, ast.pattern):
        yield from ([part] for part in _parts(node, ast.pattern))


def _parts(node: ast.AST, kind: type[ast.AST]) -> Iterator[ast.AST]:
    return (part for part in ast.iter_child_nodes(node) if isinstance(part, kind))
