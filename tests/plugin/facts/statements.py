"""What the ``ast`` of a source says of its loops: the oracle of ``Bytecode.loops``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Loop", "Scope", "goes_on", "scopes_of", "truth"]

_Looping = ast.For | ast.AsyncFor | ast.While


class Loop(NamedTuple):
    """A loop of the source.

    Args:
        first: the first line.
        last: the last one before its body.
    """

    first: int
    last: int


class Scope(NamedTuple):
    """What becomes a code object.

    Args:
        name: of the code object.
        line: its first one.
        body: its statements.
        owner: the class around it, which mangles names.
        has_annotations: those of functions are evaluated (PEP 563 makes strings of them).
    """

    name: str
    line: int
    body: Sequence[ast.stmt]
    owner: str | None = None
    has_annotations: bool = True

    def statements(self) -> list[ast.stmt]:
        """Return the statements that can be come to, those inside others, too."""
        return _Flow.of(self.body).live

    def loops(self) -> list[Loop]:
        """Return the loops that can come round again, in order; not those of nested code."""
        found = _Flow.of(self.body).loops
        merged = {id(inner) for loop in found for inner in _of_same_head(loop)}
        alone = [loop for loop in found if id(loop) not in merged]
        return sorted({_span(loop) for loop in alone})


def scopes_of(tree: ast.Module) -> Iterator[Scope]:
    """Yield the module, and all classes and functions in it."""
    is_evaluated = not any(map(_postpones, tree.body))
    yield Scope("<module>", 1, tree.body, None, is_evaluated)
    waiting: list[tuple[ast.AST, str | None]] = [(tree, None)]
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            lines = [one.lineno for one in node.decorator_list]
            owner = node.name if isinstance(node, ast.ClassDef) else owner
            first = min([*lines, node.lineno])
            yield Scope(node.name, first, node.body, owner, is_evaluated)
        waiting.extend((child, owner) for child in ast.iter_child_nodes(node))


def _postpones(node: ast.stmt) -> bool:
    is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    return is_future and any(alias.name == "annotations" for alias in node.names)


def _span(loop: _Looping) -> Loop:
    inner = next(_of_same_head(loop), None)  # up to 3.9 ``while True`` has no line of its own
    last = loop.body[0].lineno if inner is None else _span(inner).last
    return Loop(loop.lineno, max(loop.lineno, last))


def _of_same_head(loop: _Looping) -> Iterator[_Looping]:
    """Yield the loop that begins where an endless one does: no instruction tells them apart."""
    if isinstance(loop, ast.While) and truth(loop.test) is True:
        first = next((one for one in loop.body if not _does_nothing(one)), None)
        if isinstance(first, ast.While):
            yield first


def _does_nothing(node: ast.stmt) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant or isinstance(node, ast.Pass | ast.Global | ast.Nonlocal)


def _cannot_raise(body: Sequence[ast.stmt]) -> bool:
    """Return whether nothing can be raised until some statements end: no handler is left."""
    for node in body:
        if isinstance(node, ast.Return):
            return node.value is None or truth(node.value) is not None
        if isinstance(node, ast.Break | ast.Continue):
            return True
        if isinstance(node, ast.Try) and not node.orelse and not node.finalbody:
            if not _cannot_raise(node.body):
                return False
        elif not _does_nothing(node):
            return False
    return True


def truth(test: ast.expr) -> bool | None:
    """Return the truth of a test that compilers decide, None for any other."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple) and all(truth(one) is not None for one in test.elts):
        return bool(test.elts)
    if isinstance(test, ast.Name) and test.id == "__debug__":
        return True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = truth(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.UnaryOp) and isinstance(test.operand, ast.Constant):
        value = test.operand.value
        if isinstance(test.op, ast.Invert):
            return bool(~int(value)) if isinstance(value, int) else None
        return bool(value) if isinstance(value, int | float) else None
    if isinstance(test, ast.BoolOp):
        return _truth_of_all([truth(value) for value in test.values], isinstance(test.op, ast.And))
    return None


def _truth_of_all(truths: Sequence[bool | None], is_and: bool) -> bool | None:
    if (not is_and) in truths:
        return not is_and
    return None if None in truths else is_and


_NEXT, _BREAK, _CONTINUE = "next", "break", "continue"
_Ends = frozenset[str]


def goes_on(body: Sequence[ast.stmt]) -> bool:
    """Return whether what follows some statements can be come to from their end."""
    return _NEXT in _Flow().outcomes(body)


class _Flow:
    """How statements can end; notes those that can be come to, and the loops that can come round."""

    def __init__(self) -> None:
        self.live: list[ast.stmt] = []
        self.loops: list[_Looping] = []

    @classmethod
    def of(cls, body: Sequence[ast.stmt]) -> _Flow:
        """Return what is known of a body."""
        flow = cls()
        flow.outcomes(body)
        return flow

    def outcomes(self, body: Sequence[ast.stmt]) -> _Ends:
        """Return how some statements can end; nothing for ``return`` and ``raise`` alone."""
        found: set[str] = {_NEXT}
        for node in body:
            if _NEXT not in found:
                break
            found.discard(_NEXT)
            found |= self._one(node)
        return frozenset(found)

    def _one(self, node: ast.stmt) -> _Ends:
        self.live.append(node)
        handle = getattr(self, f"_{type(node).__name__.lower()}", None)
        return frozenset({_NEXT}) if handle is None else handle(node)

    def _return(self, _: ast.stmt) -> _Ends:
        return frozenset()

    _raise = _return

    def _break(self, _: ast.stmt) -> _Ends:
        return frozenset({_BREAK})

    def _continue(self, _: ast.stmt) -> _Ends:
        return frozenset({_CONTINUE})

    def _assert(self, node: ast.Assert) -> _Ends:
        return frozenset() if truth(node.test) is False else frozenset({_NEXT})

    def _if(self, node: ast.If) -> _Ends:
        known = truth(node.test)
        if known is not None:
            return self.outcomes(node.body if known else node.orelse)
        return self.outcomes(node.body) | self.outcomes(node.orelse)

    def _for(self, node: _Looping) -> _Ends:
        known = truth(node.test) if isinstance(node, ast.While) else None
        if known is False:
            return self.outcomes(node.orelse)
        place = len(self.loops)
        body = self.outcomes(node.body)
        if body & {_NEXT, _CONTINUE}:
            self.loops.insert(place, node)
        after = frozenset() if known else self.outcomes(node.orelse)
        left = frozenset({_NEXT}) if _BREAK in body else frozenset()
        return after | left

    _asyncfor = _while = _for

    def _with(self, node: ast.With) -> _Ends:
        return self.outcomes(node.body) | {_NEXT}  # __exit__ can handle what is raised

    _asyncwith = _with

    def _try(self, node: ast.Try) -> _Ends:
        found = set(self.outcomes(node.body))
        if _NEXT in found:
            found.discard(_NEXT)
            found |= self.outcomes(node.orelse)
        if not _cannot_raise(node.body):
            for handler in node.handlers:
                found |= self.outcomes(handler.body)
        last = self.outcomes(node.finalbody)
        return frozenset(found | last - {_NEXT}) if _NEXT in last else last

    _trystar = _try

    def _match(self, node: ast.Match) -> _Ends:
        found: set[str] = set()
        for case in node.cases:
            found |= self.outcomes(case.body)
            if case.guard is None and _is_irrefutable(case.pattern):
                return frozenset(found)
        return frozenset(found | {_NEXT})


def _is_irrefutable(pattern: ast.pattern) -> bool:
    if isinstance(pattern, ast.MatchOr):
        return any(map(_is_irrefutable, pattern.patterns))
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or _is_irrefutable(pattern.pattern)
    )
