"""Small programs that are drawn again and again, until two of them have the same form.

:mod:`tests.canonical.programs` writes programs in which everything occurs, and no two of them are
ever alike. These are a few statements of one theme, of three variables, so that by chance some are
the same in another way: other targets, another order, an object that is made once and not twice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

__all__ = ["THEMES", "sketch"]

#: What may stand in the place of a letter; more of them where it shall be likelier.
_WORDS: Mapping[str, Sequence[str]] = {
    "n": ["a", "b", "c"],
    "g": ["G", "G", "H", "a"],
    "k": ["0", "1", "None", "'s'", "True", "(1, 2)", "1.0"],
    "o": ["+", "-", "*", "<<"],
    "c": ["<", "==", "in", "not in", "is", "is not"],
    "t": ["{n}", "{n}", "{n}", "{n}", "{g}.p", "{n}[{l}]", "G"],
    "x": ["Error1", "Error2", "Error3", "(Error1, ValueError)", "UnboundLocalError"],
    "l": ["{n}", "{n}", "{n}", "{g}", "{k}"],
}
_EXPRESSIONS: Mapping[str, Sequence[str]] = {
    "walrus": ["({n} := {e})"],
    "pair": ["({e}, {e})", "[{e}, {e}]", "({e}, {e}, {e})", "[{e}]"],
    "bool": ["({e} and {e})", "({e} or {e})", "(not {e})", "({e} if {e} else {e})"],
    "is": ["({e} {c} {e})", "({e} is {e})", "({e} is None)"],
    "chain": ["({e} < {e} < {e})", "({e} is {e} is {e})"],
    "call": ["{n}({e})", "{g}()", "{n}({e}, k={e})", "{n}(*{e}, {e})", "{g}({e}, **{e})"],
    "attribute": ["{l}.p", "{l}[{e}]", "{e}.q", "{l}[{e}:{e}]"],
    "operator": ["({e} {o} {e})", "(-{e})"],
    "display": ["[*{e}, {e}]", "{{{e}, {e}}}", "{{{e}: {e}}}", "{{**{e}, {e}: {e}}}", "(*{e},)"],
    "text": ["f'{{{n}}}'", "f'{{{e}!r}}-{{{n}.p}}'", "f'{{{n}:{{{n}}}}}'"],
    "comprehension": [
        "[{e} for {n} in {e}]",
        "[{e} for {n} in {e} if {e}]",
        "[{e} for {n} in {e} for {n} in ({e},)]",
        "{{{e}: {e} for {n} in {e}}}",
        "{{{e} for {n} in {e}}}",
        "any({e} for {n} in {e})",
        "[[{e} for {n} in {e}] for {n} in {e}]",
    ],
    "lambda": ["(lambda: {e})", "(lambda v={e}: {e})", "(lambda {n}: {e})"],
    "yield": ["(yield {e})", "(yield)", "(yield from {e})"],
    "global": ["G", "G", "H"],
    "constant": ["{k}", "(1 + 2)", "-1"],
}
_STATEMENTS: Mapping[str, Sequence[str]] = {
    "assign": ["{n} = {e}", "{t} = {e}"],
    "many": ["{t}, {t} = {e}, {e}", "{n}, {n} = {e}, {e}", "{n}, {n}, {n} = {e}, {e}, {e}"],
    "unpack": ["{t}, {t} = {e}", "{n}, *{n} = {e}", "({n}, {t}), {t} = {e}, {e}"],
    "several": ["{n} = {n} = {e}", "{t} = {t} = {e}", "{n} = {t} = {n} = {e}"],
    "augmented": ["{n} {o}= {e}", "G {o}= {e}", "{g}.p {o}= {e}", "{l}[{e}] {o}= {e}"],
    "delete": ["del {n}", "del {n}, {n}", "del {l}.p", "del {l}[{e}]"],
    "alone": ["{e}", "{n}", "{n}({e})", "{e}"],
    "return": ["return {e}", "return {n}"],
    "if": ["if {e}:\n {S}", "if {e}:\n {S}\nelse:\n {S}", "if {e}:\n {S}\nelif {e}:\n {S}"],
    "for": [
        "for {t} in {e}:\n {S}",
        "for {n} in {e}:\n {S}\n if {e}: break\nelse:\n {S}",
        "for {n}, {n} in {e}:\n {S}\n if {e}: continue\n {S}",
    ],
    "while": ["while {e}:\n tick()\n {S}", "while True:\n tick()\n {S}\n if {e}: break"],
    "try": [
        "try:\n {S}\nexcept {x}:\n {S}",
        "try:\n {S}\nexcept {x} as {n}:\n {S}",
        "try:\n {S}\nfinally:\n {S}",
        "try:\n {S}\nexcept {x}:\n {S}\nelse:\n {S}\nfinally:\n {S}",
    ],
    "with": ["with {e}:\n {S}", "with {e} as {t}:\n {S}", "with {e} as {n}, {e} as {n}:\n {S}"],
    "raise": ["raise {x}", "raise {x} from {n}", "raise"],
    "assert": ["assert {e}", "assert {e}, {e}"],
    "nested": [
        "def {n}(v={e}):\n return {e}",
        "def {n}():\n nonlocal a\n {S}\n return {n}",
        "def {n}():\n {S}\n return {n}",
    ],
    "class": ["class {n}:\n {n} = {e}\n {S}", "class {n}:\n {S}\n def m(self): return {n}"],
    "import": ["import m as {n}", "from m import p as {n}, q as {n}"],
    "match": [
        "match {e}:\n case [{n}, {n}]:\n  {S}\n case {{'k0': {n}, **{n}}} if {e}:\n  {S}",
        "match {g}:\n case G.p:\n  {S}\n case 1 | None:\n  {S}\n case _:\n  {S}",
        "match {e}:\n case Proxy({n}, p={n}):\n  {S}\n case [{n}, *{n}] if {e}:\n  {S}",
        "match {e}, {e}:\n case ({n}, None):\n  {S}\n case {n}:\n  {S}",
    ],
}
#: Kinds of statements, and of expressions, that are drawn together.
THEMES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "assignments": (["assign", "many", "many", "several", "alone"], ["walrus", "pair", "constant"]),
    "targets": (["many", "several", "unpack", "augmented", "delete"], ["global", "pair", "call"]),
    "truths": (["assign", "alone", "if", "return"], ["bool", "bool", "is", "walrus", "global"]),
    "chains": (["assign", "many", "if"], ["chain", "is", "bool", "walrus", "global"]),
    "globals": (["assign", "many", "several", "return"], ["global", "call", "pair", "is", "bool"]),
    "loops": (["assign", "for", "while", "if", "many"], ["pair", "call", "walrus"]),
    "handlers": (["assign", "try", "raise", "delete", "alone", "return"], ["call", "pair"]),
    "managers": (["assign", "with", "return", "try"], ["call", "walrus", "global"]),
    "comprehensions": (["assign", "alone", "many"], ["comprehension", "walrus", "pair"]),
    "functions": (["assign", "nested", "many", "class"], ["lambda", "pair", "comprehension"]),
    "objects": (["assign", "many", "several", "alone"], ["pair", "display", "lambda", "is"]),
    "texts": (["assign", "many", "alone"], ["text", "call", "walrus"]),
    "generators": (["assign", "many", "for", "try", "alone"], ["yield", "pair", "walrus"]),
    "patterns": (["assign", "match", "many"], ["pair", "call", "attribute"]),
    "everything": ([*_STATEMENTS], [*_EXPRESSIONS]),
}
_PLACE = re.compile(r"\{([a-zS])\}")


def sketch(seed: int, theme: str = "", *, modern: bool = True) -> str:
    """Return a module's source, the same for a seed.

    Args:
        seed: any number.
        theme: one of ``THEMES``; any if there is none.
        modern: whether it may have what only 3.10 and later have.
    """
    rng = random.Random(seed)
    return _Sketch(rng, theme or rng.choice([*THEMES]), modern=modern).module()


class _Sketch:
    def __init__(self, rng: random.Random, theme: str, *, modern: bool) -> None:
        self._rng = rng
        kinds, forms = THEMES[theme]
        self._statements = [
            text for kind in kinds for text in _STATEMENTS[kind] if modern or kind != "match"
        ]
        self._forms = [text for form in forms for text in _EXPRESSIONS[form]]
        self._left = rng.choice([1, 1, 2, 2, 3])

    def module(self) -> str:
        choose = self._rng.random
        head = ["def f(a, b, c):"]
        if choose() < 0.4:
            head.append(" global G")
        if choose() < 0.3:
            name = self._rng.choice("abc")
            head += [" def turn(v):", f"  nonlocal {name}", f"  {name} = v", " hook(turn)"]
        body = self._block(" ", 0, self._left)
        return "\n".join([*head, body, self._filled(" return a, b, c", 0)]) + "\n"

    def _block(self, indent: str, depth: int, count: int) -> str:
        return "\n".join(self._statement(indent, depth) for _ in range(count))

    def _statement(self, indent: str, depth: int) -> str:
        choices = [
            s
            for s in self._statements
            if depth < 1 or (depth < 2 and self._rng.random() < 0.3) or "{S}" not in s
        ] or ["{n} = {e}"]
        text = self._rng.choice(choices)
        lines = []
        for line in text.split("\n"):
            inner = indent + line[: len(line) - len(line.lstrip())]
            if line.strip() == "{S}":
                lines.append(self._block(inner, depth + 1, self._rng.choice([1, 1, 1, 2])))
            else:
                lines.append(indent + self._filled(line, self._rng.choice([1, 2])))
        return "\n".join(lines)

    def _filled(self, template: str, depth: int) -> str:
        """Fill the places of a template; braces of its own are written twice."""
        parts: list[str] = []
        place = 0
        for match in _PLACE.finditer(template):
            parts.append(template[place : match.start()].replace("{{", "{").replace("}}", "}"))
            parts.append(self._word(match[1], depth))
            place = match.end()
        parts.append(template[place:].replace("{{", "{").replace("}}", "}"))
        return "".join(parts)

    def _word(self, letter: str, depth: int) -> str:
        if letter != "e":
            return self._filled(self._rng.choice(_WORDS[letter]), depth)
        if depth <= 0 or self._rng.random() < 0.45:
            return self._word("l", 0)
        return self._filled(self._rng.choice(self._forms), depth - 1)
