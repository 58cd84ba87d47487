"""Is ``contains_code`` true of every statement of a source, and false after one change in it?

The statements are those of ``ast``; nothing here knows how the search works. In another
program, of files or of random modules::

    python -m tests.plugin.relations.statements --files 40 --seed 1
    python -m tests.plugin.relations.statements --random 300
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pycinspect.errors import PycInspectError
from pytest_pycinspect import Bytecode, bytecode_of
from tests.canonical.programs import program
from tests.plugin.facts.statements import goes_on

__all__ = ["Counted", "Function", "checked", "functions_in", "library"]

Def = ast.FunctionDef | ast.AsyncFunctionDef
_APART = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPUTED = (
    *(ast.Call, ast.Attribute, ast.Subscript, ast.BinOp, ast.Await, ast.Yield, ast.YieldFrom),
    *(ast.NamedExpr, ast.ListComp, ast.SetComp, ast.DictComp),
)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


@dataclass(frozen=True)
class Function:
    """A function of a source, and its code."""

    node: Def
    code: Bytecode

    @property
    def statements(self) -> Iterator[ast.stmt]:
        """Those in it that do something; not those of functions inside it."""
        overridden = {*_overridden(self.node.body)}
        for statement in _below(self.node.body):
            around = overridden.difference(_overridden([statement]))
            is_whole = around.isdisjoint(_below([statement]))
            if is_whole and _is_written(statement) and not _leaves(statement):
                yield statement


def _below(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, _APART):
            continue
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                yield from _below([child])
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from _below(child.body)


def _overridden(body: Sequence[ast.stmt]) -> Iterator[ast.Return]:
    """Yield each ``return`` that never returns what it says, because a ``finally`` leaves."""
    for statement in _below(body):
        if isinstance(statement, ast.Try | ast.TryStar) and not goes_on(statement.finalbody):
            guarded = [*statement.body, *statement.orelse, *statement.handlers]
            inside = (one for part in guarded for one in ast.walk(part))
            yield from (one for one in inside if isinstance(one, ast.Return))


def _is_written(statement: ast.stmt) -> bool:
    """Return whether a statement does something, and ``ast`` writes it so that it is read again.

    It writes ``with ((a, b)):`` without one pair of brackets.
    """
    if not _does_something(statement):
        return False
    return ast.dump(ast.parse(ast.unparse(statement)).body[0]) == ast.dump(statement)


def _does_something(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Break() | ast.Continue():
            return False
        case ast.Expr(value=value) if not isinstance(value, _COMPUTED):
            return False  # nobody takes what it makes, so the code does not make it
        case ast.AnnAssign(value=None) | ast.Assert():
            return False
        case (
            ast.Try(body=body, orelse=orelse, finalbody=[])
            | ast.TryStar(body=body, orelse=orelse, finalbody=[])
        ) if not any(map(_does_something, _below(body))):
            # Nothing can be raised, so no handler ever runs.
            return any(map(_does_something, _below(orelse)))
        case ast.If(test=ast.Constant()) | ast.While(test=ast.Constant()):
            return False
    return True


def _leaves(statement: ast.stmt) -> bool:
    """Return whether there is a ``break`` or ``continue`` of a loop around it."""
    if isinstance(statement, ast.Break | ast.Continue):
        return True
    if isinstance(statement, _APART):
        return False
    inner: list[ast.stmt] = []
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.ExceptHandler | ast.match_case):
            inner += child.body
        elif isinstance(child, ast.stmt):
            inner.append(child)
    if isinstance(statement, _LOOPS):
        inner = statement.orelse
    return any(map(_leaves, inner))


def functions_in(source: str) -> Iterator[Function]:
    """Yield the functions of a source, with those inside them."""
    module = bytecode_of(source + "\n# source\n")
    codes: dict[tuple[str, int], list[Bytecode]] = {}
    for part in module.tree:
        codes.setdefault((part.code.name, part.line), []).append(part)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            line = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            found = codes.get((node.name, line), [])
            if len(found) == 1:
                yield Function(node, found[0])


# --- One change ----------------------------------------------------------------------------------

_BINARY = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.BitOr, ast.BitAnd, ast.LShift]
_COMPARED = [ast.Lt, ast.LtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn, ast.Gt]


def changed(statement: ast.stmt, rng: random.Random) -> ast.stmt | None:
    """Return a statement in which one thing is another, None if nothing can be."""
    copy = ast.parse(ast.unparse(statement)).body[0]
    undocumented = {
        id(part.body[0].value)
        for part in ast.walk(copy)
        if isinstance(part, _APART[:3]) and isinstance(part.body[0], ast.Expr)
    }
    notes = {
        id(inner)
        for part in ast.walk(copy)
        for name in ("annotation", "returns")
        if isinstance(getattr(part, name, None), ast.AST)
        for inner in ast.walk(getattr(part, name))
    }
    unread = {id(part) for test in _unread(copy) for part in ast.walk(test)}
    unchanged = undocumented | notes | unread
    nodes = [node for node in ast.walk(copy) if id(node) not in unchanged]
    rng.shuffle(nodes)
    for node in nodes:
        changes = [change for kind, change in _CHANGES.items() if isinstance(node, kind)]
        if any(change(node, rng) for change in rng.sample(changes, len(changes))):
            return copy if _is_python(copy) else None
    return None


def _is_python(statement: ast.stmt) -> bool:
    """Return whether a statement can be read: ``case not 1`` cannot."""
    try:
        ast.parse(ast.unparse(statement))
    except SyntaxError:
        return False
    return True


def _unread(root: ast.AST) -> Iterator[ast.AST]:
    """Yield displays that are only tested, or dropped: nobody takes what is in them."""
    for node in ast.walk(root):
        match node:
            case ast.If(test=ast.Tuple(elts=[_, *_]) as test, orelse=never):
                yield from never
                tests = [test]
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                tests = [test]
            case ast.Expr(value=ast.IfExp(body=body, orelse=other)):
                tests = [body, other]
            case ast.Expr(value=value):
                tests = [value]
            case ast.Assert(test=test) | ast.UnaryOp(op=ast.Not(), operand=test):
                tests = [test]
            case ast.BoolOp(values=tests) | ast.comprehension(ifs=tests):
                pass
            case _:
                tests = []
        yield from (test for test in tests if isinstance(test, _DISPLAYS))


_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)


def _constant(node: ast.Constant, rng: random.Random) -> bool:
    match node.value:
        case bool():
            node.value = not node.value
        case int() | float():
            node.value += 7
        case str():
            node.value += "zq"
        case bytes():
            node.value += b"zq"
        case _:
            node.value = 977
    return True


def _name(node: ast.Name, rng: random.Random) -> bool:
    node.id += "_zq"
    return True


def _attribute(node: ast.Attribute, rng: random.Random) -> bool:
    node.attr += "_zq"
    return True


def _operator(node: ast.BinOp | ast.AugAssign, rng: random.Random) -> bool:
    node.op = rng.choice([kind for kind in _BINARY if not isinstance(node.op, kind)])()
    return True


def _comparison(node: ast.Compare, rng: random.Random) -> bool:
    place = rng.randrange(len(node.ops))
    node.ops[place] = rng.choice([k for k in _COMPARED if not isinstance(node.ops[place], k)])()
    return True


def _both(node: ast.BoolOp, rng: random.Random) -> bool:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return True


def _unary(node: ast.UnaryOp, rng: random.Random) -> bool:
    node.op = ast.Not() if isinstance(node.op, ast.USub) else ast.USub()
    return True


def _swapped(items: list[ast.expr]) -> bool:
    for place in range(len(items) - 1):
        one, other = items[place : place + 2]
        if ast.dump(one) != ast.dump(other) and not {type(one), type(other)} & {ast.Starred}:
            items[place : place + 2] = [other, one]
            return True
    return False


def _other_argument(node: ast.arg, rng: random.Random) -> bool:
    node.arg += "_zq"
    return True


def _keyword(node: ast.keyword, rng: random.Random) -> bool:
    if node.arg is not None:
        node.arg += "_zq"
    return node.arg is not None


def _alias(node: ast.alias, rng: random.Random) -> bool:
    if node.name == "*":
        return False
    if rng.random() < 0.5:
        node.asname = "other_zq"
    else:
        node.name += "_zq"
    return True


def _handler(node: ast.ExceptHandler, rng: random.Random) -> bool:
    if node.name is not None:
        node.name += "_zq"
    return node.name is not None


def _definition(node: Def | ast.ClassDef, rng: random.Random) -> bool:
    node.name += "_zq"
    return True


def _conversion(node: ast.FormattedValue, rng: random.Random) -> bool:
    node.conversion = -1 if node.conversion == ord("r") else ord("r")
    return True


def _branches(node: ast.IfExp, rng: random.Random) -> bool:
    node.body, node.orelse = node.orelse, node.body
    return True


def _slice(node: ast.Slice, rng: random.Random) -> bool:
    node.lower, node.upper = node.upper, node.lower
    return True


def _dict(node: ast.Dict, rng: random.Random) -> bool:
    if len(node.keys) > 1:
        node.keys[:2], node.values[:2] = node.keys[1::-1], node.values[1::-1]
    return len(node.keys) > 1


def _order(node: ast.stmt, rng: random.Random) -> bool:
    """Exchange two statements; a docstring stays the first."""
    body = getattr(node, rng.choice(["body", "orelse", "finalbody"]), [])
    first = int(bool(body) and isinstance(body[0], ast.Expr))
    if len(body) < first + 2:
        return False
    body[first], body[first + 1] = body[first + 1], body[first]
    return True


_CHANGES: dict[type[ast.AST], Callable[..., bool]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _operator,
    ast.AugAssign: _operator,
    ast.Compare: _comparison,
    ast.BoolOp: _both,
    ast.UnaryOp: _unary,
    ast.Call: lambda node, _: _swapped(node.args),
    ast.Tuple: lambda node, _: isinstance(node.ctx, ast.Load) and _swapped(node.elts),
    ast.arg: _other_argument,
    ast.keyword: _keyword,
    ast.alias: _alias,
    ast.ExceptHandler: _handler,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _definition,
    ast.FormattedValue: _conversion,
    ast.IfExp: _branches,
    ast.Slice: _slice,
    ast.Dict: _dict,
    ast.stmt: _order,
    ast.List: lambda node, _: isinstance(node.ctx, ast.Load) and _swapped(node.elts),
}


def _is_the_same_in_place(function: Function, statement: ast.stmt, *others: ast.stmt) -> bool:
    """Return whether other statements in the place of one change nothing, or what is left out."""
    wanted = (statement.lineno, statement.col_offset)

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
            place = getattr(node, "lineno", None), getattr(node, "col_offset", None)
            is_it = isinstance(node, ast.stmt) and place == wanted
            return [*others] if is_it else self.generic_visit(node)

    whole = ast.parse(ast.unparse(function.node)).body[0]
    again = ast.parse(ast.unparse(function.node)).body[0]
    places = [
        (a.lineno, a.col_offset)
        for a, b in zip(_statements_in(again), _statements_in(function.node), strict=True)
        if b is statement
    ]
    wanted = places[0]
    new = ast.unparse(ast.fix_missing_locations(Swap().visit(again)))
    try:
        one, two = (bytecode_of(f"{text}\n# source") for text in (ast.unparse(whole), new))
        return bool(one.children[0].same_as(two.children[0]))
    except PycInspectError:
        return True  # such as a return with a value in an asynchronous generator


def _statements_in(root: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements: texts that are written one after the other are one when unparsed."""
    return (node for node in ast.walk(root) if isinstance(node, ast.stmt))


_MARK = ast.parse("mark_zq()").body[0]


# --- All of them ---------------------------------------------------------------------------------


@dataclass
class Counted:
    """What was asked, and the answers that are wrong: (function, snippet)."""

    statements: int = 0
    mutants: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)
    invented: list[tuple[str, str, str]] = field(default_factory=list)
    errors: list[tuple[str, str, str]] = field(default_factory=list)


def _single(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield ``a = c`` and ``b = c`` of ``a = b = c``."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield ast.Assign([target], statement.value)


def checked(function: Function, counted: Counted, rng: random.Random) -> None:
    """Ask for each statement, and for one that differs in one thing."""
    own = list(function.statements)
    known = {ast.dump(part) for statement in own for part in (statement, *_single(statement))}
    for statement in own:
        snippet = ast.unparse(statement)
        counted.statements += 1
        try:
            if not function.code.contains_code(snippet):
                if _is_the_same_in_place(function, statement, _MARK, statement):
                    continue  # nothing reaches it
                counted.missed.append((function.code.name, snippet))
                continue
            other = changed(statement, rng)
            if other is None or ast.dump(other) in known:
                continue
            counted.mutants += 1
            mutant = ast.unparse(other)
            if function.code.contains_code(mutant) and not _is_the_same_in_place(
                function, statement, other
            ):
                counted.invented.append((function.code.name, snippet, mutant))
        except PycInspectError as error:
            counted.errors.append((function.code.name, snippet, str(error)))


def library() -> list[Path]:
    """Return the modules of the standard library, in an order that does not depend on anything."""
    root = Path(sysconfig.get_path("stdlib"))
    found = [p for p in root.rglob("*.py") if not {"test", "tests", "site-packages"} & {*p.parts}]
    return sorted(found, key=lambda path: str(path.relative_to(root)))


def _sources(arguments: argparse.Namespace, rng: random.Random) -> Iterator[tuple[str, str]]:
    paths = library()
    for path in rng.sample(paths, min(arguments.files, len(paths))):
        try:
            yield path.name, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    for seed in range(arguments.seed, arguments.seed + arguments.random):
        yield f"random {seed}", program(seed)


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=10**9, help="functions of one file")
    parser.add_argument("--seconds", type=float, default=10**9)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    rng = random.Random(arguments.seed)
    counted = Counted()
    until = time.monotonic() + arguments.seconds
    for name, source in _sources(arguments, rng):
        if time.monotonic() > until:
            break
        try:
            found = list(functions_in(source))
        except (SyntaxError, PycInspectError) as error:
            print(f"{name}: {error}")
            continue
        for function in rng.sample(found, min(len(found), arguments.most)):
            checked(function, counted, rng)
    for words in (counted.missed, counted.invented, counted.errors):
        for row in words:
            print(*(repr(part) for part in row), sep="\n      ")
        print("=" * 30)
    print(
        Counter(
            statement=counted.statements,
            mutants=counted.mutants,
            missed=len(counted.missed),
            invented=len(counted.invented),
            errors=len(counted.errors),
        )
    )
    return len(counted.missed) + len(counted.invented) + len(counted.errors)


if __name__ == "__main__":
    sys.exit(bool(_main()))
