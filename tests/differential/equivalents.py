"""Which mutants are the same program, by rules that can be proved.

Both sources are brought into a normal form; if those are equal, so are the programs. Each rule
says why nobody can tell what it changes. Whatever no rule covers is a mutant that must show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["are_equivalent"]


def are_equivalent(one: str, other: str) -> bool:
    """Return whether two sources are the same program, as far as the rules know."""
    return ast.dump(_Normal().visit(ast.parse(one))) == ast.dump(_Normal().visit(ast.parse(other)))


class _Normal(ast.NodeTransformer):
    """The rules, each where its node is."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        elsewhere = {
            name
            for part in ast.walk(node)
            if isinstance(part, ast.Global | ast.Nonlocal)
            for name in part.names
        }
        for part in ast.walk(node):
            for _, value in ast.iter_fields(part):
                if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                    value[:] = _sorted(value, elsewhere)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        """Storing in a variable what it holds."""
        self.generic_visit(node)
        is_same = isinstance(node.value, ast.Name) and node.value.id == node.target.id
        return node.value if is_same else node

    def visit_Set(self, node: ast.Set) -> ast.AST:
        """A set keeps the first of equal constants."""
        self.generic_visit(node)
        if all(isinstance(item, ast.Constant) for item in node.elts):
            items: Any = node.elts
            node.elts = list({item.value: item for item in reversed(items)}.values())[::-1]
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        """The compiler asks a constant for its truth; who leaves at the end never comes back."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            node.test = ast.Constant(bool(node.test.value))
            return node
        is_once = isinstance(node.body[-1], ast.Return | ast.Raise)
        goes_on = any(isinstance(part, ast.Break | ast.Continue) for part in ast.walk(node))
        return ast.If(node.test, node.body, node.orelse) if is_once and not goes_on else node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """What can raise nothing may be inside or after."""
        self.generic_visit(node)
        if _leaves(node.body):
            node.orelse = []  # nothing reaches it
        known = {name for part in node.body for name in _stored(part)}
        if node.handlers and all(_is_quiet(part, known) for part in node.orelse):
            node.body, node.orelse = [*node.body, *node.orelse], []
        return node


# --- Statements that do nothing but store ------------------------------------------------------


def _sorted(body: Sequence[ast.stmt], elsewhere: set[str]) -> list[ast.stmt]:
    """Sort stores that follow each other: of values that nothing is asked for, in variables of
    the function, each in one. Of two in the same variable nobody sees the first.
    """
    found: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for statement in body:
        for part in _single(statement):
            names = set(_stored(part))
            if not _is_quiet(part, set()) or names & elsewhere:
                found += [*_in_order(run), part]
                run = []
            else:
                run = [*(other for other in run if names.isdisjoint(_stored(other))), part]
    return [*found, *_in_order(run)]


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Return whether control never comes to the end of statements."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _leaves(last.body) and _leaves(last.orelse)
    if isinstance(last, ast.Try):
        bodies = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return all(map(_leaves, bodies))
    return isinstance(last, ast.Raise | ast.Return | ast.Break | ast.Continue)


def _in_order(run: Sequence[ast.stmt]) -> list[ast.stmt]:
    return sorted(run, key=ast.dump)


def _single(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield an assignment of values to as many names as one of each."""
    is_tuple = (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        and len(node.targets[0].elts) == len(node.value.elts)
        and all(map(_is_value, node.value.elts))
    )
    if not is_tuple:
        yield node
        return
    assignment: Any = node
    for target, value in zip(assignment.targets[0].elts, assignment.value.elts, strict=True):
        yield ast.Assign([target], value)


def _stored(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0].id
    elif isinstance(node, ast.FunctionDef):
        yield node.name


def _is_quiet(node: ast.stmt, known: set[str]) -> bool:
    """Return whether a statement only stores, in one variable, what cannot raise."""
    if isinstance(node, ast.Global):
        return True
    if isinstance(node, ast.FunctionDef):
        arguments = node.args
        asked = [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults, node.returns]
        annotated = [part.annotation for part in ast.walk(arguments) if isinstance(part, ast.arg)]
        return not any([*asked, *annotated])
    return (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and (_is_value(node.value) or (_is_name(node.value) and node.value.id in known))
    )


def _is_name(node: Any) -> bool:
    return isinstance(node, ast.Name)


def _is_value(node: ast.expr | None) -> bool:
    """Return whether an expression is a constant, or a new list or dict of such."""
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(_is_value, node.elts))
    if isinstance(node, ast.Dict):
        constant = all(isinstance(key, ast.Constant) for key in node.keys)
        return constant and all(map(_is_value, node.values))
    return isinstance(node, ast.Constant)
