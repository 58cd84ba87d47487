"""Programs that nobody wrote: small modules with a function ``f`` of three arguments.

Every construct whose order, exceptions or truth tests can be seen from outside is in them.
They are for :mod:`tests.canonical.worlds`, which runs them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

__all__ = ["program"]

_LOCALS = ["a", "b", "c", "x", "y", "z"]
_ERRORS = ["Error1", "Error2", "Error3", "(Error2, Error3)", "ValueError", "H.p"]
_CONSTANTS = ["0", "1", "2", "None", "True", "'k'", "-0.0", "1.5", "b''", "(1, 2)", "''", "..."]
_OPERATORS = ["+", "-", "*", "%", "//", "@", "&", "<<", "**"]
_COMPARISONS = ["<", "<=", "==", "!=", "is", "is not", "in", "not in"]


def program(seed: int, *, modern: bool = True) -> str:
    """Return a module's source, the same for a seed.

    Args:
        seed: any number.
        modern: whether it may have what only 3.11 and later have.
    """
    return _Writer(random.Random(seed), modern=modern).module()


class _Writer:
    """Writes one program; what may stand where depends on the functions around it."""

    def __init__(self, rng: random.Random, *, modern: bool) -> None:
        self._rng = rng
        self._modern = modern
        self._lines: list[str] = []
        self._depth = 0
        self._loops = 0
        self._kind = "plain"
        self._left = rng.choice([4, 8, 14, 22])
        self._nested = 0

    def module(self) -> str:
        if self._rng.random() < 0.05:
            self._many(1)
        self._left = self._rng.choice([4, 8, 14, 22])
        self._kind = self._rng.choice(["plain", "plain", "plain", "generator", "async", "agen"])
        prefix = "async " if self._kind in ("async", "agen") else ""
        head = self._rng.choice(["a, b, c", "a, b, c=1", "a, b, *c", "a, b, c, *y, **z"])
        self._write(f"{prefix}def f({head}):")
        self._depth += 1
        if self._rng.random() < 0.3:
            self._write("global G")
        if self._kind in ("generator", "agen"):
            self._write("yield a")
        for name in "xyz":  # else few programs come far
            if self._rng.random() < 0.8:
                self._write(f"{name} = {self._rng.choice(['a', 'b.p', 'H', 'a()'])}")
        self._many(3)
        self._write(f"return {self._expression(1)}" if self._kind != "agen" else "return")
        return "\n".join(self._lines) + "\n"

    def _write(self, line: str) -> None:
        self._lines.append("    " * self._depth + line)

    # --- Statements --------------------------------------------------------------------------

    def _many(self, least: int) -> None:
        for _ in range(self._rng.randint(least, least + 2)):
            self._statement()

    def _block(self, head: str, *first: str) -> None:
        self._write(head)
        self._depth += 1
        for line in first:
            self._write(line)
        self._many(1)
        self._depth -= 1

    def _statement(self) -> None:
        self._left -= 1
        simple = self._left <= 0 or self._depth > 5
        table = _SIMPLE if simple else _SIMPLE + _COMPOUND
        self._rng.choice(table)(self)

    def _assign(self) -> None:
        self._write(f"{self._target()} = {self._expression(2)}")

    def _assign_many(self) -> None:
        count = self._rng.randint(2, 3)
        targets = [self._target(simple=True) for _ in range(count)]
        if self._rng.random() < 0.2:
            targets[-1] = "*" + targets[-1]
        value = self._expression(1)
        if self._rng.random() < 0.7:
            value = ", ".join(self._expression(1) for _ in range(count))
        self._write(f"{', '.join(targets)} = {value}")

    def _assign_chain(self) -> None:
        self._write(f"{self._target()} = {self._target()} = {self._expression(1)}")

    def _in_place(self) -> None:
        operator = self._rng.choice(_OPERATORS)
        self._write(f"{self._target(simple=True)} {operator}= {self._expression(1)}")

    def _evaluate(self) -> None:
        self._write(self._expression(2))

    def _local(self) -> None:
        self._write(self._name())

    def _return(self) -> None:
        if self._kind in ("plain", "generator", "async") and self._depth:
            self._write(f"return {self._expression(1)}")
        else:
            self._evaluate()

    def _raise(self) -> None:
        error = self._rng.choice(["Error1(1)", "Error2", "ValueError('v')", self._expression(1)])
        form = self._rng.choice([f"raise {error}", f"raise {error} from {self._name()}", "raise"])
        self._write(form)

    def _delete(self) -> None:
        self._write(f"del {self._rng.choice([*_LOCALS, 'a.p', 'b[0]', 'x[1:]'])}")

    def _assert(self) -> None:
        self._write(f"assert {self._expression(1)}, {self._expression(1)}")

    def _leave_loop(self) -> None:
        self._write(self._rng.choice(["break", "continue"]) if self._loops else "pass")

    def _import(self) -> None:
        name = self._rng.choice(_LOCALS)
        form = ["import m.n", f"import m.n as {name}", f"from m import p as {name}", "import m"]
        self._write(self._rng.choice(form))

    def _if(self) -> None:
        self._block(f"if {self._expression(2)}:")
        if self._rng.random() < 0.3:
            self._block(f"elif {self._expression(1)}:")
        if self._rng.random() < 0.5:
            self._block("else:")

    def _looping(self, head: str) -> None:
        self._loops += 1
        self._block(head, "tick()")
        self._loops -= 1
        if self._rng.random() < 0.3:
            self._block("else:")

    def _while(self) -> None:
        self._looping(f"while {self._rng.choice([self._expression(1), 'True', '1'])}:")

    def _for(self) -> None:
        prefix = "async " if self._can_await() and self._rng.random() < 0.4 else ""
        target = self._rng.choice([self._target(), f"{self._name()}, {self._name()}"])
        self._looping(f"{prefix}for {target} in {self._expression(1)}:")

    def _try(self) -> None:
        self._block("try:")
        handlers = self._rng.randint(0, 2)
        star = "*" if self._modern and handlers and self._rng.random() < 0.1 else ""
        for _ in range(handlers):
            name = self._rng.choice(["", "", " as y"])
            self._handler(f"except{star} {self._rng.choice(_ERRORS)}{name}:", star)
        if handlers and not star and self._rng.random() < 0.2:
            self._block("except:")
        if handlers and self._rng.random() < 0.3:
            self._block("else:")
        if not handlers or self._rng.random() < 0.4:
            self._block("finally:")

    def _handler(self, head: str, star: str) -> None:
        loops = self._loops
        if star:  # neither break nor return may stand in ``except*``
            kind, self._kind, self._loops = self._kind, "agen?", 0
            self._block(head)
            self._kind = kind
        else:
            self._block(head)
        self._loops = loops

    def _with(self) -> None:
        prefix = "async " if self._can_await() and self._rng.random() < 0.4 else ""
        items = [
            _managing(self._expression(1)) + self._rng.choice(["", f" as {self._target()}"])
            for _ in range(self._rng.choice([1, 1, 2]))
        ]
        self._block(f"{prefix}with {', '.join(items)}:")

    def _match(self) -> None:
        if not self._modern:
            return self._if()
        self._write(f"match {self._expression(1)}:")
        self._depth += 1
        for _ in range(self._rng.randint(1, 3)):
            guard = self._rng.choice(["", "", f" if {self._expression(1)}"])
            self._block(f"case {self._pattern(2)}{guard}:")
        self._depth -= 1
        return None

    def _function(self) -> None:
        if self._nested > 1:
            return self._assign()
        self._nested += 1
        kept, self._kind, loops, self._loops = self._kind, "plain", self._loops, 0
        default = self._rng.choice(["", f"={self._expression(1)}"])
        self._write(f"def {self._rng.choice(['x', 'y'])}(v{default}):")
        self._depth += 1
        if kept == "plain" and self._depth > 1 and self._rng.random() < 0.3:
            self._write("nonlocal a")
        self._many(1)
        self._depth -= 1
        self._kind, self._loops = kept, loops
        self._nested -= 1
        return None

    def _class(self) -> None:
        if self._nested > 1:
            return self._assign()
        self._nested += 1
        kept, self._kind, loops, self._loops = self._kind, "class", self._loops, 0
        self._block(f"class {self._rng.choice(['x', 'y'])}:")
        self._kind, self._loops = kept, loops
        self._nested -= 1
        return None

    # --- Targets and patterns ------------------------------------------------------------------

    def _name(self) -> str:
        return self._rng.choice(_LOCALS)

    def _target(self, *, simple: bool = False) -> str:
        if self._rng.random() < 0.65:
            return self._rng.choice([*_LOCALS, *_LOCALS, "G"])
        if not simple and self._rng.random() < 0.3:
            return f"({self._target()}, {self._target()})"
        owner = self._expression(0)
        return self._rng.choice(["a.p", "b.q", f"a[{owner}]", "G.p", "x[1:2]", "b()[0]"])

    def _pattern(self, depth: int) -> str:
        simple = ["None", "1", "'text'", "_", "H.p", "-1", "True"]
        if depth == 0:
            return self._rng.choice(simple)
        one, two = self._pattern(depth - 1), self._pattern(depth - 1)
        parts = [
            f"[{one}, {two}]",
            f"[{one}, *z]",
            "{'k0': " + one + "}",
            "{'k1': " + one + ", **z}",
            f"Proxy({one})",
            f"Proxy(p={one}, q={two})",
            f"{self._rng.choice(simple[:3])} | {self._rng.choice(simple[:3])}",
            "Proxy(x, y)",
            "[x, *_, y]",
            "Proxy() as y",
            "None",
        ]
        return self._rng.choice(parts)

    # --- Expressions -----------------------------------------------------------------------------

    def _can_await(self) -> bool:
        return self._kind in ("async", "agen")

    def _expression(self, depth: int) -> str:
        if depth <= 0 or self._rng.random() < 0.15:
            return self._leaf()
        return self._rng.choice(_EXPRESSIONS)(self, depth - 1)

    def _leaf(self) -> str:
        if self._rng.random() < 0.1:
            return self._rng.choice(_CONSTANTS)
        return self._rng.choice([*_LOCALS, *_LOCALS, "G", "H", "a.p", "b()"])

    def _arguments(self, depth: int) -> str:
        forms = [
            "",
            "{0}",
            "{0}, {1}",
            "*{0}",
            "{0}, *{1}",
            "k={0}",
            "**{0}",
            "{0}, *{1}, k={2}, **a",
            "*{0}, *{1}",
        ]
        parts = [self._expression(depth) for _ in range(3)]
        return self._rng.choice(forms).format(*parts)

    def _yield(self, depth: int) -> str:
        inner = self._expression(depth)
        if self._kind == "generator":
            return self._rng.choice([f"(yield {inner})", f"(yield from {inner})", "(yield)"])
        if self._kind == "agen":
            return self._rng.choice([f"(yield {inner})", f"(await {inner})"])
        return f"(await {inner})" if self._kind == "async" else inner

    def _comprehension(self, depth: int) -> str:
        name, iterable = self._name(), self._expression(depth)
        condition = self._rng.choice(["", f" if {self._simple(depth)}"])
        head = f"for {name} in {iterable}{condition}"
        if self._rng.random() < 0.2:
            head += f" for {self._name()} in {self._leaf()}"
        element = self._simple(depth)
        forms = [
            f"[{element} {head}]",
            "{" + f"{element} {head}" + "}",
            "{" + f"{element}: {name} {head}" + "}",
            f"any({element} {head})",
            f"list({element} {head})",
        ]
        if self._kind == "class":
            forms = forms[:1]
        return self._rng.choice(forms)

    def _simple(self, depth: int) -> str:
        """Return an expression that may stand in a function of its own."""
        kept, self._kind = self._kind, "plain"
        text = self._rng.choice([self._leaf, lambda: self._plain(depth)])()
        self._kind = kept
        return text

    def _plain(self, depth: int) -> str:
        return self._rng.choice(_PLAIN)(self, depth - 1)


def _managing(text: str) -> str:
    """Return an expression that is one manager: brackets around several are the statement's (3.9)."""
    return f"({text})" if text.startswith("(") else text


_Statement = Callable[[_Writer], object]
_SIMPLE: list[_Statement] = [
    _Writer._assign,
    _Writer._assign,
    _Writer._assign_many,
    _Writer._assign_many,
    _Writer._assign_chain,
    _Writer._in_place,
    _Writer._evaluate,
    _Writer._evaluate,
    _Writer._local,
    _Writer._return,
    _Writer._raise,
    _Writer._delete,
    _Writer._assert,
    _Writer._leave_loop,
    _Writer._import,
]
_COMPOUND: list[_Statement] = [
    _Writer._if,
    _Writer._if,
    _Writer._while,
    _Writer._for,
    _Writer._for,
    _Writer._try,
    _Writer._try,
    _Writer._try,
    _Writer._with,
    _Writer._with,
    _Writer._match,
    _Writer._function,
    _Writer._class,
]

_Expression = Callable[[_Writer, int], str]


def _template(*forms: str) -> _Expression:
    """Return a writer that fills one of some forms with expressions."""

    def write(writer: _Writer, depth: int) -> str:
        parts: Sequence[str] = [writer._expression(depth) for _ in range(3)]
        return writer._rng.choice(forms).format(*parts, n=writer._name())

    return write


_PLAIN: list[_Expression] = [
    _template("{0}.p", "{0}.q"),
    _template("{0}[{1}]", "{0}[{1}:{2}]", "{0}[{1}, ...]"),
    lambda writer, depth: f"{writer._leaf()}({writer._arguments(depth)})",
    lambda writer, depth: f"{writer._expression(depth)}.p({writer._arguments(depth)})",
    lambda writer, depth: (
        f"({writer._expression(depth)} {writer._rng.choice(_OPERATORS)} {writer._expression(depth)})"
    ),
    lambda writer, depth: (
        f"({writer._expression(depth)} {writer._rng.choice(_COMPARISONS)} {writer._expression(depth)})"
    ),
    _template("({0} < {1} <= {2})", "({0} in {1} is {2})"),
    _template("(not {0})", "(-{0})", "(~{0})"),
    _template("({0} and {1})", "({0} or {1})", "({0} and {1} or {2})", "(not {0} or {1})"),
    _template("({0} if {1} else {2})"),
    _template("({0}, {1})", "[{0}, {1}]", "[*{0}, {1}]", "(*{0}, *{1})", "({0},)"),
    _template("{{{0}, {1}}}", "{{{0}: {1}}}", "{{**{0}, {1}: {2}}}", "{{1: {0}, 2: {1}}}"),
    _template("'%s' % ({0},)", "'%s-%r' % ({0}, {1})", "'%d' % {0}"),
    lambda writer, _: f"f'{{{writer._name()}}}'",
    lambda writer, _: f"f'{{{writer._name()}!r}}-{{{writer._name()}.p:>5}}'",
]
_EXPRESSIONS: list[_Expression] = [
    *_PLAIN,
    lambda writer, depth: f"(lambda v: {writer._simple(depth)})",
    lambda writer, depth: (
        f"({writer._name()} := {writer._expression(depth)})"
        if writer._kind != "class"
        else writer._leaf()
    ),
    _Writer._yield,
    _Writer._comprehension,
]
