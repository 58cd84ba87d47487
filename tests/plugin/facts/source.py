"""What the ``ast`` of a source says of its facts: the oracle of calls, imports and the like."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tests.plugin.facts.statements import Scope, truth

__all__ = ["Facts", "facts_of", "plain"]

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_CONSTANTS = ("None", "True", "False")
_HEADS = ("test", "items", "iter", "target", "subject")
_Nested = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Facts(NamedTuple):
    """The facts of one scope."""

    calls: Counter[str]
    imports: set[str]
    attributes: set[str]


def plain(text: str) -> str:
    """Return what is called if it is a dotted name, else a word for all others."""
    is_name = _DOTTED.fullmatch(text) and text.partition(".")[0] not in _CONSTANTS
    return text if is_name else "<expression>"


def facts_of(scope: Scope) -> Facts:
    """Return the facts of a scope, without those of nested code."""
    facts = Facts(Counter(), set(), set())
    for statement in scope.statements():
        for node in _evaluated(statement, scope):
            _note(node, facts, scope.owner)
    return facts


def _note(node: ast.AST, facts: Facts, owner: str | None) -> None:
    if isinstance(node, ast.Call):
        facts.calls[plain(_text(node.func, owner))] += 1
    elif isinstance(node, _Nested):
        facts.calls.update(plain(_text(one, owner)) for one in node.decorator_list)
    elif isinstance(node, ast.Assert) and node.msg is not None and truth(node.test) is not True:
        facts.calls["AssertionError"] += 1
    elif isinstance(node, ast.Attribute):
        facts.attributes.add(_mangled(node.attr, owner))
    elif isinstance(node, ast.MatchClass):
        facts.attributes.update(_mangled(name, owner) for name in node.kwd_attrs)
    elif isinstance(node, ast.Import):
        facts.imports.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        facts.imports.add(module)
        separator = "." if node.module else ""
        facts.imports.update(
            f"{module}{separator}{_mangled(alias.name, owner)}"
            for alias in node.names
            if alias.name != "*"
        )


def _text(node: ast.expr, owner: str | None) -> str:
    return " or ".join(sorted(_texts(node, owner)))


def _texts(node: ast.expr, owner: str | None) -> set[str]:
    """Return what an expression may be: those that are alike on all paths are one."""
    if isinstance(node, ast.Attribute):
        return {f"{text}.{_mangled(node.attr, owner)}" for text in _texts(node.value, owner)}
    if isinstance(node, ast.IfExp):
        known = truth(node.test)
        if known is not None:
            return _texts(node.body if known else node.orelse, owner)
        return _texts(node.body, owner) | _texts(node.orelse, owner)
    if isinstance(node, ast.NamedExpr):
        return _texts(node.value, owner)
    if isinstance(node, ast.BoolOp):
        return {text for value in node.values for text in _texts(value, owner)}
    if isinstance(node, ast.Yield):
        return {"sent"}
    return {_mangled(node.id, owner) if isinstance(node, ast.Name) else "?"}


def _mangled(name: str, owner: str | None) -> str:
    is_private = name.startswith("__") and not name.endswith("__") and "." not in name
    stripped = (owner or "").lstrip("_")
    return f"_{stripped}{name}" if is_private and stripped else name


def _evaluated(statement: ast.stmt, scope: Scope) -> Iterator[ast.AST]:
    """Yield all that a statement evaluates itself, not what is in its body."""
    yield statement
    waiting: list[ast.AST] = list(_of_statement(statement, scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.expr | ast.pattern | ast.comprehension | ast.withitem):
            yield node
        waiting.extend(_of_expression(node))


def _of_statement(node: ast.stmt, scope: Scope) -> Iterator[ast.AST]:
    if isinstance(node, ast.ClassDef):
        yield from node.decorator_list
        if not getattr(node, "type_params", []):  # else they are in code of its own
            yield from [*node.bases, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        args = node.args
        yield from [*node.decorator_list, *args.defaults, *filter(None, args.kw_defaults)]
        if scope.has_annotations and not getattr(node, "type_params", []):
            every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
            yield from (arg.annotation for arg in every if arg and arg.annotation)
            yield from filter(None, [node.returns])
    elif isinstance(node, ast.Try | ast.TryStar):
        yield from (handler.type for handler in node.handlers if handler.type)
    elif isinstance(node, ast.Match):
        yield node.subject
        for case in node.cases:
            yield from filter(None, [case.pattern, case.guard])
    elif isinstance(node, ast.AnnAssign):
        # ``x: int`` of a variable is no fact; targets that are not names are evaluated, but not
        # the attribute of ``x.y: int``.
        is_bare = node.value is None and isinstance(node.target, ast.Attribute)
        yield from filter(None, [node.value, node.target.value if is_bare else node.target])
    elif isinstance(node, ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith):
        for name in _HEADS:
            part = getattr(node, name, [])
            yield from part if isinstance(part, list) else [part]
    elif not isinstance(node, ast.Assert) or truth(node.test) is not True:
        yield from ast.iter_child_nodes(node)


def _of_expression(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Lambda):
        yield from [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.GeneratorExp):
        yield node.generators[0].iter
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield value
            if truth(value) is isinstance(node.op, ast.Or):
                return
    elif isinstance(node, ast.IfExp) and truth(node.test) is not None:
        yield node.body if truth(node.test) else node.orelse
    else:
        yield from ast.iter_child_nodes(node)
