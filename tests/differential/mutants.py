"""One change in a source, that a reader would call a change of what it does.

Each kind is one function from a node to the changed nodes that it can become; the sources
are parsed, changed and written again by ``ast``. Changes that make no other bytecode are
left out by whoever compiles them.
"""

from __future__ import annotations

import ast
import copy
import random
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["KINDS", "Mutant", "mutants_of"]


class Mutant(NamedTuple):
    """One changed source.

    Args:
        name: of the file.
        original: its source, as ``ast`` writes it.
        text: the changed source.
        kind: what was done, a key of :data:`KINDS`.
        line: of ``original``.
        what: the changed node.
    """

    name: str
    original: str
    text: str
    kind: str
    line: int
    what: str


_Change = Callable[[Any], Iterator[Any]]
KINDS: dict[str, tuple[tuple[type[ast.AST], ...], _Change]] = {}

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
_BODIES = (*_DEFINITIONS, ast.Module)


def _kind(name: str, *nodes: type[ast.AST]) -> Callable[[_Change], _Change]:
    def register(change: _Change) -> _Change:
        KINDS[name] = (nodes, change)
        return change

    return register


def _field(name: str, node_type: type[ast.AST], field: str, new: Callable[[Any], Any]) -> None:
    """Add a kind that replaces one field; ``new`` returns None where that cannot be."""

    def change(node: Any) -> Iterator[Any]:
        value = new(node)
        if value is not None:
            setattr(node, field, value)
            yield node

    KINDS[name] = ((node_type,), change)


# --- Constants ------------------------------------------------------------------------------


def _constant(name: str, fits: Callable[[Any], bool], new: Callable[[Any], Any]) -> None:
    def change(node: ast.Constant) -> Iterator[ast.Constant]:
        if fits(node.value):
            node.value = new(node.value)
            yield node

    KINDS[name] = ((ast.Constant,), change)


_constant("int-plus-one", lambda v: type(v) is int, lambda v: v + 1)
_constant("int-to-float", lambda v: type(v) is int and abs(v) < 2**50, float)
_constant("int-to-bool", lambda v: type(v) is int and v in (0, 1), bool)
_constant("bool-flip", lambda v: type(v) is bool, lambda v: not v)
_constant("bool-to-int", lambda v: type(v) is bool, int)
_constant("none-to-false", lambda v: v is None, lambda v: False)
_constant("str-append", lambda v: type(v) is str, lambda v: v + "x")
_constant("str-to-bytes", lambda v: type(v) is str and v.isascii(), lambda v: v.encode())
_constant("str-empty", lambda v: type(v) is str and v != "", lambda v: "")
_constant("bytes-append", lambda v: type(v) is bytes, lambda v: v + b"x")
_constant("float-negative-zero", lambda v: type(v) is float and v == 0, lambda v: -0.0)

# --- Operators ------------------------------------------------------------------------------

_BINARY: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.FloorDiv,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitXor,
    ast.BitXor: ast.BitAnd,
}
_COMPARE: dict[type, type] = {
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
_UNARY: dict[type, type] = {ast.USub: ast.Invert, ast.Invert: ast.USub, ast.UAdd: ast.USub}


def _other(table: dict[type, type]) -> Callable[[Any], Any]:
    return lambda node: table[type(node.op)]() if type(node.op) in table else None


_field("binary-operator", ast.BinOp, "op", _other(_BINARY))
_field("in-place-operator", ast.AugAssign, "op", _other(_BINARY))
_field("unary-operator", ast.UnaryOp, "op", _other(_UNARY))
_field("and-or", ast.BoolOp, "op", lambda n: ast.Or() if isinstance(n.op, ast.And) else ast.And())


@_kind("swap-operands", ast.BinOp)
def _(node: ast.BinOp) -> Iterator[ast.AST]:
    node.left, node.right = node.right, node.left
    yield node


@_kind("comparison", ast.Compare)
def _(node: ast.Compare) -> Iterator[ast.AST]:
    node.ops[0] = _COMPARE[type(node.ops[0])]()
    yield node


@_kind("eq-to-is", ast.Compare)
def _(node: ast.Compare) -> Iterator[ast.AST]:
    if isinstance(node.ops[0], ast.Eq):
        node.ops[0] = ast.Is()
        yield node


@_kind("swap-compared", ast.Compare)
def _(node: ast.Compare) -> Iterator[ast.AST]:
    node.left, node.comparators[0] = node.comparators[0], node.left
    yield node


@_kind("drop-chained", ast.Compare)
def _(node: ast.Compare) -> Iterator[ast.AST]:
    if len(node.ops) > 1:
        node.ops.pop()
        node.comparators.pop()
        yield node


@_kind("drop-not", ast.UnaryOp)
def _(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


@_kind("drop-bool-operand", ast.BoolOp)
def _(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield node.values[0]


@_kind("swap-bool-operands", ast.BoolOp)
def _(node: ast.BoolOp) -> Iterator[ast.AST]:
    node.values[0], node.values[1] = node.values[1], node.values[0]
    yield node


@_kind("swap-if-expression", ast.IfExp)
def _(node: ast.IfExp) -> Iterator[ast.AST]:
    node.body, node.orelse = node.orelse, node.body
    yield node


# --- Names, attributes, calls -----------------------------------------------------------------


@_kind("load-other-name", ast.Name)
def _(node: ast.Name) -> Iterator[ast.AST]:
    if isinstance(node.ctx, ast.Load):
        node.id += "_"
        yield node


_field("other-attribute", ast.Attribute, "attr", lambda n: n.attr + "_")


@_kind("drop-argument", ast.Call)
def _(node: ast.Call) -> Iterator[ast.AST]:
    if node.args:
        node.args.pop()
        yield node


@_kind("swap-arguments", ast.Call)
def _(node: ast.Call) -> Iterator[ast.AST]:
    if len(node.args) > 1:
        node.args[0], node.args[1] = node.args[1], node.args[0]
        yield node


@_kind("add-argument", ast.Call)
def _(node: ast.Call) -> Iterator[ast.AST]:
    node.args.append(ast.Constant(None))
    yield node


@_kind("drop-keyword", ast.Call)
def _(node: ast.Call) -> Iterator[ast.AST]:
    if node.keywords:
        node.keywords.pop()
        yield node


@_kind("rename-keyword", ast.keyword)
def _(node: ast.keyword) -> Iterator[ast.AST]:
    if node.arg:
        node.arg += "_"
        yield node


@_kind("star-argument", ast.Call)
def _(node: ast.Call) -> Iterator[ast.AST]:
    if node.args and not isinstance(node.args[-1], ast.Starred):
        node.args[-1] = ast.Starred(node.args[-1], ast.Load())
        yield node


@_kind("drop-call", ast.Call)
def _(node: ast.Call) -> Iterator[ast.AST]:
    yield node.func


@_kind("list-to-tuple", ast.List)
def _(node: ast.List) -> Iterator[ast.AST]:
    if isinstance(node.ctx, ast.Load):
        yield ast.Tuple(node.elts, node.ctx)


@_kind("drop-element", ast.Tuple)
def _(node: ast.Tuple) -> Iterator[ast.AST]:
    if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        node.elts.pop()
        yield node


@_kind("swap-elements", ast.Tuple)
def _(node: ast.Tuple) -> Iterator[ast.AST]:
    if len(node.elts) > 1:
        node.elts[0], node.elts[1] = node.elts[1], node.elts[0]
        yield node


@_kind("swap-dict-keys", ast.Dict)
def _(node: ast.Dict) -> Iterator[ast.AST]:
    if len(node.keys) > 1:
        node.keys[0], node.keys[1] = node.keys[1], node.keys[0]
        yield node


@_kind("drop-dict-item", ast.Dict)
def _(node: ast.Dict) -> Iterator[ast.AST]:
    if node.keys:
        node.keys.pop()
        node.values.pop()
        yield node


@_kind("slice-bound", ast.Slice)
def _(node: ast.Slice) -> Iterator[ast.AST]:
    node.lower, node.upper = node.upper, node.lower
    yield node


@_kind("comprehension-condition", ast.comprehension)
def _(node: ast.comprehension) -> Iterator[ast.AST]:
    if node.ifs:
        node.ifs[0] = ast.UnaryOp(ast.Not(), node.ifs[0])
        yield node


@_kind("format-conversion", ast.FormattedValue)
def _(node: ast.FormattedValue) -> Iterator[ast.AST]:
    node.conversion = ord("r") if node.conversion != ord("r") else ord("s")
    yield node


@_kind("drop-comprehension-condition", ast.comprehension)
def _(node: ast.comprehension) -> Iterator[ast.AST]:
    if node.ifs:
        node.ifs.pop()
        yield node


@_kind("swap-generators", ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.generators) > 1:
        _swap(node.generators, 0, 1)
        yield node


@_kind("list-to-set", ast.ListComp)
def _(node: ast.ListComp) -> Iterator[ast.AST]:
    yield _as(ast.SetComp, node)


@_kind("list-to-generator", ast.ListComp)
def _(node: ast.ListComp) -> Iterator[ast.AST]:
    yield _as(ast.GeneratorExp, node)


@_kind("generator-to-list", ast.GeneratorExp)
def _(node: ast.GeneratorExp) -> Iterator[ast.AST]:
    yield _as(ast.ListComp, node)


@_kind("swap-key-and-value", ast.DictComp)
def _(node: ast.DictComp) -> Iterator[ast.AST]:
    node.key, node.value = node.value, node.key
    yield node


@_kind("set-to-list", ast.Set)
def _(node: ast.Set) -> Iterator[ast.AST]:
    yield ast.List(node.elts, ast.Load())


@_kind("drop-set-element", ast.Set)
def _(node: ast.Set) -> Iterator[ast.AST]:
    if len(node.elts) > 1:
        node.elts.pop()
        yield node


@_kind("drop-star", ast.Starred)
def _(node: ast.Starred) -> Iterator[ast.AST]:
    yield node.value


@_kind("format-text", ast.JoinedStr)
def _(node: ast.JoinedStr) -> Iterator[ast.AST]:
    node.values.append(ast.Constant("x"))
    yield node


@_kind("format-spec", ast.FormattedValue)
def _(node: ast.FormattedValue) -> Iterator[ast.AST]:
    if node.format_spec is None:
        node.format_spec = ast.JoinedStr([ast.Constant(">7")])
        yield node


@_kind("drop-walrus", ast.NamedExpr)
def _(node: ast.NamedExpr) -> Iterator[ast.AST]:
    yield node.value


@_kind("yield-from-to-yield", ast.YieldFrom)
def _(node: ast.YieldFrom) -> Iterator[ast.AST]:
    yield ast.Yield(node.value)


# --- Statements -------------------------------------------------------------------------------


class _Several(ast.If):
    """Statements that stand in the place of one; spliced in, it is never written."""

    def __init__(self, statements: Sequence[ast.stmt]) -> None:
        super().__init__(ast.Constant(value=True))
        self.statements = statements


def _swap(items: list[Any], one: int, other: int) -> None:
    items[one], items[other] = items[other], items[one]


def _as(kind: type[Any], node: ast.AST) -> ast.AST:
    """Return a node of another type with the same fields."""
    return kind(**{**dict(ast.iter_fields(node)), **_place(node)})


def _place(node: ast.AST) -> Mapping[str, object]:
    return {name: getattr(node, name) for name in node._attributes if hasattr(node, name)}


@_kind("drop-target", ast.Assign)
def _(node: ast.Assign) -> Iterator[ast.AST]:
    if len(node.targets) > 1:
        node.targets.pop()
        yield node


@_kind("drop-assert-message", ast.Assert)
def _(node: ast.Assert) -> Iterator[ast.AST]:
    if node.msg is not None:
        node.msg = None
        yield node


@_kind("drop-cause", ast.Raise)
def _(node: ast.Raise) -> Iterator[ast.AST]:
    if node.cause is not None:
        node.cause = None
        yield node


@_kind("rename-caught", ast.ExceptHandler)
def _(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    if node.name is not None:
        node.name += "_"
        yield node


@_kind("bare-except", ast.ExceptHandler)
def _(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    if node.type is not None and node.name is None:
        node.type = None
        yield node


@_kind("swap-handlers", ast.Try)
def _(node: ast.Try) -> Iterator[ast.AST]:
    if len(node.handlers) > 1:
        _swap(node.handlers, 0, 1)
        yield node


@_kind("drop-try-else", ast.Try)
def _(node: ast.Try) -> Iterator[ast.AST]:
    if node.orelse:
        node.orelse = []
        yield node


@_kind("drop-with-target", ast.withitem)
def _(node: ast.withitem) -> Iterator[ast.AST]:
    if node.optional_vars is not None:
        node.optional_vars = None
        yield node


@_kind("swap-with-items", ast.With, ast.AsyncWith)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.items) > 1:
        _swap(node.items, 0, 1)
        yield node


@_kind("async-with-to-with", ast.AsyncWith)
def _(node: ast.AsyncWith) -> Iterator[ast.AST]:
    yield _as(ast.With, node)


@_kind("async-for-to-for", ast.AsyncFor)
def _(node: ast.AsyncFor) -> Iterator[ast.AST]:
    yield _as(ast.For, node)


@_kind("import-as-other", ast.alias)
def _(node: ast.alias) -> Iterator[ast.AST]:
    if node.name != "*":
        node.asname = "other_"
        yield node


@_kind("drop-import-name", ast.ImportFrom)
def _(node: ast.ImportFrom) -> Iterator[ast.AST]:
    if len(node.names) > 1:
        node.names.pop()
        yield node


@_kind("swap-import-names", ast.ImportFrom, ast.Import)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.names) > 1:
        _swap(node.names, 0, 1)
        yield node


@_kind("drop-global-name", ast.Global, ast.Nonlocal)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.names) > 1:
        node.names.pop()
        yield node


@_kind("drop-delete-target", ast.Delete)
def _(node: ast.Delete) -> Iterator[ast.AST]:
    if len(node.targets) > 1:
        node.targets.pop()
        yield node


# --- Patterns, generic parameters, exception groups -------------------------------------------


@_kind("drop-case", ast.Match)
def _(node: ast.Match) -> Iterator[ast.AST]:
    if len(node.cases) > 1:
        node.cases.pop(0)
        yield node


@_kind("swap-cases", ast.Match)
def _(node: ast.Match) -> Iterator[ast.AST]:
    if len(node.cases) > 1:
        _swap(node.cases, 0, 1)
        yield node


@_kind("drop-guard", ast.match_case)
def _(node: ast.match_case) -> Iterator[ast.AST]:
    if node.guard is not None:
        node.guard = None
        yield node


@_kind("rename-capture", ast.MatchAs, ast.MatchStar)
def _(node: Any) -> Iterator[ast.AST]:
    if node.name is not None:
        node.name += "_"
        yield node


@_kind("drop-subpattern", ast.MatchSequence, ast.MatchOr)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.patterns) > 1:
        node.patterns.pop()
        yield node


@_kind("swap-subpatterns", ast.MatchSequence, ast.MatchOr, ast.MatchClass)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.patterns) > 1:
        _swap(node.patterns, 0, 1)
        yield node


@_kind("match-attribute", ast.MatchClass)
def _(node: ast.MatchClass) -> Iterator[ast.AST]:
    if node.kwd_attrs:
        node.kwd_attrs[0] += "_"
        yield node


@_kind("match-rest", ast.MatchMapping)
def _(node: ast.MatchMapping) -> Iterator[ast.AST]:
    node.rest = None if node.rest else "rest_"
    yield node


@_kind("plain-except", ast.TryStar)
def _(node: ast.TryStar) -> Iterator[ast.AST]:
    yield _as(ast.Try, node)


@_kind("negate-if", ast.If)
def _(node: ast.If) -> Iterator[ast.AST]:
    node.test = ast.UnaryOp(ast.Not(), node.test)
    yield node


@_kind("negate-while", ast.While)
def _(node: ast.While) -> Iterator[ast.AST]:
    node.test = ast.UnaryOp(ast.Not(), node.test)
    yield node


@_kind("negate-assert", ast.Assert)
def _(node: ast.Assert) -> Iterator[ast.AST]:
    node.test = ast.UnaryOp(ast.Not(), node.test)
    yield node


@_kind("drop-else", ast.If)
def _(node: ast.If) -> Iterator[ast.AST]:
    if node.orelse:
        node.orelse = []
        yield node


@_kind("if-to-while", ast.If)
def _(node: ast.If) -> Iterator[ast.AST]:
    yield ast.While(node.test, node.body, node.orelse)


@_kind("drop-loop-else", ast.For)
def _(node: ast.For) -> Iterator[ast.AST]:
    if node.orelse:
        node.orelse = []
        yield node


@_kind("break-to-continue", ast.Break)
def _(node: ast.Break) -> Iterator[ast.AST]:
    yield ast.Continue()


@_kind("continue-to-break", ast.Continue)
def _(node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.Break()


@_kind("drop-statement", ast.Expr)
def _(node: ast.Expr) -> Iterator[ast.AST]:
    if not isinstance(node.value, ast.Constant):
        yield ast.Pass()


@_kind("drop-assignment", ast.Assign)
def _(node: ast.Assign) -> Iterator[ast.AST]:
    yield ast.Expr(node.value)


@_kind("drop-in-place", ast.AugAssign)
def _(node: ast.AugAssign) -> Iterator[ast.AST]:
    yield ast.Pass()


@_kind("in-place-to-assign", ast.AugAssign)
def _(node: ast.AugAssign) -> Iterator[ast.AST]:
    yield ast.Assign([node.target], node.value, lineno=node.lineno)


@_kind("return-none", ast.Return)
def _(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None and not isinstance(node.value, ast.Constant):
        node.value = None
        yield node


@_kind("drop-return", ast.Return)
def _(node: ast.Return) -> Iterator[ast.AST]:
    yield ast.Expr(node.value) if node.value is not None else ast.Pass()


@_kind("drop-raise", ast.Raise)
def _(node: ast.Raise) -> Iterator[ast.AST]:
    yield ast.Pass()


@_kind("bare-raise", ast.Raise)
def _(node: ast.Raise) -> Iterator[ast.AST]:
    if node.exc is not None:
        node.exc = node.cause = None
        yield node


@_kind("other-exception", ast.ExceptHandler)
def _(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    if node.type is not None:
        node.type = ast.Name("ZeroDivisionError", ast.Load())
        yield node


@_kind("drop-handler", ast.Try)
def _(node: ast.Try) -> Iterator[ast.AST]:
    if len(node.handlers) > 1:
        node.handlers.pop(0)
        yield node


@_kind("drop-finally", ast.Try)
def _(node: ast.Try) -> Iterator[ast.AST]:
    if node.finalbody and node.handlers:
        node.finalbody = []
        yield node


@_kind("else-into-try", ast.Try)
def _(node: ast.Try) -> Iterator[ast.AST]:
    if node.orelse and node.handlers:
        node.body, node.orelse = node.body + node.orelse, []
        yield node


@_kind("with-to-body", ast.With)
def _(node: ast.With) -> Iterator[ast.AST]:
    yield ast.If(ast.Name("x_", ast.Load()), node.body, [])


@_kind("import-other", ast.alias)
def _(node: ast.alias) -> Iterator[ast.AST]:
    if node.name != "*":
        node.asname = node.asname or node.name.split(".")[0]
        node.name += "_"
        yield node


@_kind("import-level", ast.ImportFrom)
def _(node: ast.ImportFrom) -> Iterator[ast.AST]:
    if node.module != "__future__":
        node.level += 1
        yield node


@_kind("yield-none", ast.Yield)
def _(node: ast.Yield) -> Iterator[ast.AST]:
    if node.value is not None:
        node.value = None
        yield node


@_kind("del-to-load", ast.Delete)
def _(node: ast.Delete) -> Iterator[ast.AST]:
    yield ast.Pass()


@_kind("global-to-nothing", ast.Global)
def _(node: ast.Global) -> Iterator[ast.AST]:
    yield ast.Pass()


@_kind("drop-nonlocal", ast.Nonlocal)
def _(node: ast.Nonlocal) -> Iterator[ast.AST]:
    yield ast.Pass()


@_kind("swap-statements", *_BODIES)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.body) > 2:
        # Anywhere, and the same for a source.
        place = 1 + len(ast.dump(node)) % (len(node.body) - 2)
        _swap(node.body, place, place + 1)
        yield node


@_kind("out-of-block", ast.If, ast.For, ast.While, ast.With, ast.Try)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.body) > 1:
        yield _Several([node, node.body.pop()])


@_kind("drop-first-of-block", ast.If, ast.For, ast.While, ast.With, ast.Try)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.body) > 1:
        node.body.pop(0)
        yield node


# --- Functions and classes --------------------------------------------------------------------


@_kind("rename-definition", *_DEFINITIONS)
def _(node: Any) -> Iterator[ast.AST]:
    node.name += "_"
    yield node


@_kind("drop-default", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if node.defaults:
        node.defaults.pop(0)
        yield node


@_kind("rename-argument", ast.arg)
def _(node: ast.arg) -> Iterator[ast.AST]:
    node.arg += "_"
    yield node


@_kind("keyword-only", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if node.args and not node.vararg and not node.defaults:
        node.kwonlyargs.insert(0, node.args.pop())
        node.kw_defaults.insert(0, None)
        yield node


@_kind("drop-star-parameter", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if node.vararg:
        node.args.append(node.vararg)
        node.vararg = None
        yield node


@_kind("drop-decorator", *_DEFINITIONS)
def _(node: Any) -> Iterator[ast.AST]:
    if node.decorator_list:
        node.decorator_list.pop()
        yield node


@_kind("drop-base", ast.ClassDef)
def _(node: ast.ClassDef) -> Iterator[ast.AST]:
    if node.bases:
        node.bases.pop()
        yield node


@_kind("docstring", *_BODIES)
def _(node: Any) -> Iterator[ast.AST]:
    if ast.get_docstring(node, clean=False) is not None:
        node.body[0] = ast.Expr(ast.Constant("another text"))
        yield node


@_kind("drop-docstring", *_BODIES)
def _(node: Any) -> Iterator[ast.AST]:
    if ast.get_docstring(node, clean=False) is not None:
        node.body[0] = ast.Pass()
        yield node


@_kind("return-annotation", *_FUNCTIONS)
def _(node: Any) -> Iterator[ast.AST]:
    if node.returns is not None:
        node.returns = ast.Name("another_", ast.Load())
        yield node


@_kind("swap-decorators", *_DEFINITIONS)
def _(node: Any) -> Iterator[ast.AST]:
    if len(node.decorator_list) > 1:
        _swap(node.decorator_list, 0, 1)
        yield node


@_kind("drop-class-keyword", ast.ClassDef)
def _(node: ast.ClassDef) -> Iterator[ast.AST]:
    if node.keywords:
        node.keywords.pop()
        yield node


@_kind("async-to-plain", ast.AsyncFunctionDef)
def _(node: ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    yield _as(ast.FunctionDef, node)


@_kind("plain-to-async", ast.FunctionDef)
def _(node: ast.FunctionDef) -> Iterator[ast.AST]:
    yield _as(ast.AsyncFunctionDef, node)


@_kind("add-return-annotation", *_FUNCTIONS)
def _(node: Any) -> Iterator[ast.AST]:
    if node.returns is None:
        node.returns = ast.Name("another_", ast.Load())
        yield node


@_kind("add-annotation", ast.arg)
def _(node: ast.arg) -> Iterator[ast.AST]:
    if node.annotation is None:
        node.annotation = ast.Name("another_", ast.Load())
        yield node


@_kind("drop-kwonly-default", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if any(node.kw_defaults):
        node.kw_defaults = [None] * len(node.kw_defaults)
        yield node


@_kind("drop-double-star", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if node.kwarg:
        node.kwarg = None
        yield node


@_kind("positional-only", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if node.args and not node.posonlyargs:
        node.posonlyargs = [node.args.pop(0)]
        yield node


@_kind("swap-parameters", ast.arguments)
def _(node: ast.arguments) -> Iterator[ast.AST]:
    if len(node.args) > 1:
        _swap(node.args, 0, 1)
        yield node


@_kind("drop-annotation", ast.AnnAssign)
def _(node: ast.AnnAssign) -> Iterator[ast.AST]:
    yield ast.Pass() if node.value is None else ast.Assign([node.target], node.value)


@_kind("annotation", ast.AnnAssign)
def _(node: ast.AnnAssign) -> Iterator[ast.AST]:
    node.annotation = ast.Name("another_", ast.Load())
    yield node


@_kind("argument-annotation", ast.arg)
def _(node: ast.arg) -> Iterator[ast.AST]:
    if node.annotation is not None:
        node.annotation = ast.Name("another_", ast.Load())
        yield node


@_kind("await-nothing", ast.Await)
def _(node: ast.Await) -> Iterator[ast.AST]:
    yield node.value


# --- Pieces -------------------------------------------------------------------------------------


#: Characters of a piece that is changed: each mutant costs two compilations of all of it.
_LONGEST = 2_500


def _pieces(tree: ast.Module) -> Iterator[ast.Module]:
    """Yield small modules that have, together, everything of a large one.

    Each has one function, with the classes around it; or the outline of a module or class, in
    which functions and classes have no body. What is said of the future stands in each.
    """
    future = [node for node in tree.body if _is_future(node)]
    yield from (_module([*future, *body]) for body in _parts(tree))


def _module(body: list[ast.stmt]) -> ast.Module:
    return ast.Module(body, [])


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _parts(owner: ast.Module | ast.ClassDef) -> Iterator[list[ast.stmt]]:
    yield [_stub(node) for node in owner.body if not _is_future(node)]
    for node in owner.body:
        if isinstance(node, ast.ClassDef):
            yield from ([_with_body(node, body)] for body in _parts(node))
        elif isinstance(node, _FUNCTIONS):
            yield [node]


def _stub(node: ast.stmt) -> ast.stmt:
    return _with_body(node, [ast.Pass()]) if isinstance(node, _DEFINITIONS) else node


def _with_body(node: Any, body: list[ast.stmt]) -> ast.stmt:
    changed = copy.copy(node)
    changed.body = body
    return changed


# --- Choosing -----------------------------------------------------------------------------------


class _Original(NamedTuple):
    name: str
    text: str


def mutants_of(texts: Mapping[str, str], count: int, seed: int) -> list[Mutant]:
    """Return so many changed pieces of sources, about as many of each kind.

    The same for a seed.
    """
    rng = random.Random(seed)
    originals = [piece for name, text in texts.items() for piece in _originals(name, text)]
    places: dict[str, list[tuple[_Original, int]]] = defaultdict(list)
    for original in originals:
        for index, node in enumerate(_nodes(ast.parse(original.text))):
            for kind in _KINDS_OF[type(node)]:
                places[kind].append((original, index))
    for found in places.values():
        rng.shuffle(found)
    chosen: list[Mutant] = []
    while len(chosen) < count and any(places.values()):
        for kind in sorted(places):
            mutant = _next(kind, places[kind])
            if mutant is not None and len(chosen) < count:
                chosen.append(mutant)
    return chosen


def _kinds_of() -> Mapping[type[ast.AST], list[str]]:
    found: dict[type[ast.AST], list[str]] = defaultdict(list)
    for name, (node_types, _) in KINDS.items():
        for node_type in node_types:
            found[node_type].append(name)
    return found


_KINDS_OF = _kinds_of()


def _originals(name: str, text: str) -> Iterator[_Original]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except SyntaxError:
            return
        for piece in _pieces(tree):
            written = ast.unparse(ast.fix_missing_locations(piece))
            if len(written) < _LONGEST:
                yield _Original(name, written)


def _nodes(tree: ast.Module) -> Sequence[ast.AST]:
    """Return the nodes that may be changed: no docstrings, no parts of f-strings."""
    skipped: set[int] = set()
    nodes = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in ast.walk(node) if isinstance(part, ast.Constant))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if id(node) not in skipped:
            nodes.append(node)
    return nodes


def _next(kind: str, places: list[tuple[_Original, int]]) -> Mutant | None:
    """Return the next mutant of a kind whose source compiles to other bytecode here."""
    for _ in range(min(len(places), 20)):
        original, index = places.pop()
        mutant = _changed(kind, original, index)
        if mutant is not None:
            return mutant
    return None


def _changed(kind: str, original: _Original, index: int) -> Mutant | None:
    tree = ast.parse(original.text)
    node = _nodes(tree)[index]
    line = getattr(node, "lineno", 0)
    before = "arguments" if isinstance(node, ast.arguments) else ast.unparse(node)
    for new in KINDS[kind][1](node):
        if new is not node:
            _replace(tree, node, new)
        text = ast.unparse(ast.fix_missing_locations(tree))
        shape = _shape_of(text)
        if shape is not None and shape != _shape_of(original.text):
            what = before.splitlines()[0][:120]
            return Mutant(original.name, original.text, text, kind, line, what)
    return None


def _spliced(new: ast.AST, around: Sequence[ast.AST]) -> Sequence[ast.AST]:
    if isinstance(new, _Several):
        return new.statements
    # A ``pass`` would leave a NOP, for those who trace lines.
    return [] if isinstance(new, ast.Pass) and len(around) > 1 else [new]


def _shape_of(text: str) -> object:
    """Return what a source compiles to, None if it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _shape(compile(text, "x", "exec"))
        except (SyntaxError, ValueError, TypeError):
            return None


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                place = next(place for place, item in enumerate(value) if item is old)
                value[place : place + 1] = _spliced(new, value)


def _shape(code: Any) -> object:
    constants = [_shape(c) if hasattr(c, "co_code") else (type(c), repr(c)) for c in code.co_consts]
    return (
        code.co_code,
        code.co_exceptiontable,
        constants,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_flags,
        code.co_name,
        code.co_argcount,
        code.co_kwonlyargcount,
        code.co_posonlyargcount,
    )
