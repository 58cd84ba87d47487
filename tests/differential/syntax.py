"""NOISE and MISS on syntax that 3.8 and later brought, in sources that nobody wrote.

    python -m tests.differential.syntax --pairs 3.12/3.13 3.14/3.15 --count 200 [--seed S]
    python -m tests.differential.syntax --pairs 3.13/3.14 --count 200 --mutants 300

Each feature has forms with holes for expressions, targets and patterns, which a seed fills; a
module of each feature is compiled by both interpreters of a pair that have it.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.differential.mutants import mutants_of
from tests.differential.noise import differences, dotted, oracle_of, payloads, unit_forms

__all__ = ["FEATURES", "Feature", "source", "versions"]

_NAMES = ["a", "b", "c", "x", "y", "self.p"]
_CLASSES = ["int", "C", "m.D", "str"]


class Feature(NamedTuple):
    """One kind of syntax.

    Args:
        since: the minor version of Python 3 that brought it.
        forms: bodies of functions; ``{e}`` is an expression, ``{n}`` a name, ``{p}`` a pattern,
            ``{c}`` a class, ``{k}`` a constant.
        outside: whether a form is a statement of a module, not of a function.
    """

    since: int
    forms: tuple[str, ...]
    outside: bool = False


FEATURES: Mapping[str, Feature] = {
    "match": Feature(
        10,
        (
            "match {e}:\n    case {p}: return {e}\n    case {p} if {e}: {n} = {e}\n    case _: pass",
            "match {e}, {e}:\n    case {p}, {p}: {n}({e})\n    case [{p}, *r] | {{'k': [*r]}}: return r",
            "for q in {e}:\n    match q:\n        case {p}: continue\n        case {p}: break",
            "try:\n    match {e}:\n        case {p} as w: return w\nfinally: {n}({e})",
            "while {e}:\n    match {e}:\n        case {p} | {p0}: yield {e}\n        case {{{k}: {p}, **r}}: return r",
        ),
    ),
    "except*": Feature(
        11,
        (
            "try: {n}({e})\nexcept* {c}: {e}\nexcept* ({c}, {c}) as w: {n} = w",
            "try: return {e}\nexcept* {c} as w: raise\nelse: {n}({e})\nfinally: {e}",
            "for q in {e}:\n    try: q({e})\n    except* {c}: raise {n} from {e}",
            "try:\n    try: {e}\n    except* {c}: {n}()\nexcept {c}: return {e}",
            "with {e} as w:\n    try: w({e})\n    except* {c} as v: {n} = [v, {e}]",
        ),
    ),
    "walrus": Feature(
        8,
        (
            "while (w := {e}) > {e}: yield w",
            "if (w := {e}) and (v := {e}): return w, v",
            "return [w for q in {e} if (w := q({e}))]",
            "return {n}(w := {e}, *(v := {e}), k=(u := {e}))",
            "{n} = (w := {e}, w + {e}, (w := {e}))",
        ),
    ),
    "type parameters": Feature(
        12,
        (
            "type A[T: {c}, *Ts, **P] = {c}[T, {e}]",
            "def g[T: ({c}, {c})](q: T, *r: T, s: {c} = {e}) -> {c}[T]:\n    return lambda: (T, {e})",
            "class K[T]({c}[T], k={e}):\n    z: T = {e}\n    def m[U](self, q: U = {e}) -> T: return {e}",
            "@{n}({e})\nclass K[T: {c}]: pass",
            "type B = {c} | {e}",
            "async def g[*Ts](*q: *Ts): return [await w for w in {e}]",
        ),
        outside=True,
    ),
    "defaults of type parameters": Feature(
        13,
        (
            "type A[T = {c}, *Ts = *tuple[{c}, ...], **P = [{c}]] = T | {e}",
            "def g[T: {c} = {c}](q: T = {e}) -> T: return {e}",
            "class K[T = {c}, U = T]: z: U = {e}",
        ),
        outside=True,
    ),
    "positional-only": Feature(
        8,
        (
            "def g(q, r={e}, /, s={e}, *, t={e}): return q, {e}",
            "return lambda q, /, r={e}, *s: {e}",
        ),
    ),
    "parenthesised with": Feature(
        10,
        (
            "with ({e} as v, {e}): {n}(v, {e})",
            "with (\n    {e} as v,\n    {e} as w,\n):\n    return v, w",
        ),
    ),
    "template": Feature(
        14,
        (
            "return t'a {{{e}}} b {{{e}!r}} {{{e}:>{{{n}}}}}'",
            "{n} = t'{{{e}:x}}' t'{{{e}=}}'",
            "try: return t'{{{n}}}'\nexcept {c}: return t'text'",
        ),
    ),
    "lazy import": Feature(
        15,
        (
            "lazy import m.n",
            "lazy import m.n as q, r",
            "lazy from m.n import q as r, s",
            "lazy from . import q",
            "import t\nlazy import t.u",
        ),
        outside=True,
    ),
    "unpacking in comprehensions": Feature(
        15,
        (
            "return [*q for q in {e}]",
            "return {{*q for q in {e} if {e}}}",
            "return {{**q for q in {e}}}",
            "return list(*q for q in {e})",
            "return [*q, *{e}]",
            "return [*r for q in {e} for r in q({e})]",
        ),
    ),
    "except without parentheses": Feature(
        14,
        ("try: {e}\nexcept {c}, {c}: {n}({e})", "try: {n}()\nexcept* {c}, {c}: {e}"),
    ),
    "f-string": Feature(
        12,
        (
            "return f'{{ {e} }} {{f'{{ {e} }}'}} {{'x' + 'y'!r:>{{ {n} }}}}'",
            "return f'''{{\n    {e}  # why\n}}'''",
            "return f'{{ {e} = }} {{ {e} = !s:^9}}'",
            "return f'{{x:{{y:{{ {n} }}}}}}'",
        ),
    ),
    "async comprehension": Feature(
        8,
        (
            "return [q async for q in {e} if await {n}]",
            "return {{q: r async for q, r in {e} for s in {e}}}",
            "return [await q for q in {e}], {{r async for r in {e}}}",
            "return (q async for q in {e})",
            "async with {e} as v, {e}:\n    async for w in v: {n}({e})\n    else: return {e}",
        ),
    ),
    "return in finally": Feature(
        8,
        (
            "try: return {e}\nfinally: return {e}",
            "for q in {e}:\n    try: {n}(q)\n    finally: continue",
            "while {e}:\n    try: return {e}\n    except {c}: {e}\n    finally: break",
            "try:\n    try: raise {n}\n    finally: return {e}\nfinally: {n}()",
        ),
    ),
    "star in index and return": Feature(
        11,
        (
            "return {n}[*{e}, {e}]",
            "return {e}, *{n}, *{e}",
            "{n}[*{e}] = {e}\ndel {n}[*{e}]",
            "yield {e}, *{e}",
            "for q in {e}, *{e}: {n}(q)",
            "def g(*q: *{n}): return {e}",
        ),
    ),
    "dict union and any decorator": Feature(
        9,
        (
            "return {n} | {e} | {{'k': {e}, **{e}}}",
            "{n} |= {e}",
            "@{e}[{k}].q({e})\n@(lambda f: {e})\ndef g(): return {e}",
            "@({e} or {e})\nclass K: z = {e}",
        ),
    ),
}


def source(feature: str, seed: int) -> str:
    """Return a module with each form of a feature, its holes filled."""
    rng = random.Random(f"{feature} {seed}")
    found = FEATURES[feature]
    parts = []
    for number, form in enumerate(found.forms):
        body = _filled(form, rng)
        if not found.outside:
            prefix = "async " if "async" in form or "await" in form else ""
            lines = "\n".join("    " + line for line in body.splitlines())
            body = f"{prefix}def f{number}(self, a, b, c):\n{lines}"
        parts.append(body)
    rng.shuffle(parts)
    return "\n".join(parts) + "\n"


def _filled(form: str, rng: random.Random) -> str:
    for hole, fill in _HOLES.items():
        while hole in form:
            form = form.replace(hole, fill(rng, 2), 1)
    return form.replace("{{", "{").replace("}}", "}")


def _expression(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice([*_NAMES, "G", "1", "x.q", "b()"])
    one, two = _expression(rng, depth - 1), _expression(rng, depth - 1)
    forms = [
        f"{one}({two})",
        f"({one} + {two})",
        f"({one} if {two} else c)",
        f"({rng.choice(_NAMES)} and not {one})",  # 3.14 loses handlers of nested ones
        f"[{one}, {two}]",
        f"{one}.r",
        f"({one} < {two} < 3)",
        f"x[{one}:{two}]",
        f"[q for q in {one}]",
        f"(lambda q: ({one}, {rng.random():.6f}))",  # equal ones are one constant up to 3.10
    ]
    return rng.choice(forms)


def _pattern(rng: random.Random, depth: int) -> str:
    simple = ["None", "1", "-2.5", "'k'", "b'k'", "True", "m.K", "1 + 2j", "_"]
    if depth == 0 or rng.random() < 0.25:
        return rng.choice(simple[:-1])
    one, two = _pattern(rng, depth - 1), _pattern(rng, depth - 1)
    forms = [
        f"[{one}, {two}]",
        f"({one}, _, {two})",
        f"[{one}, *_]",
        "{" + f"'k': {one}, 2: {two}" + "}",
        "{" + f"m.K: {one}" + "}",
        f"C({one}, q={two})",
        f"m.D(r={one})",
        "str()",
        f"({rng.choice(simple[:-1])} | {one})",
        "[]",
        "{}",
    ]
    return rng.choice(forms)


_HOLES: Mapping[str, Callable[[random.Random, int], str]] = {
    "{e}": _expression,
    "{n}": lambda rng, _: rng.choice(_NAMES[:5]),
    "{p0}": lambda rng, _: _pattern(rng, 0),
    "{p}": _pattern,
    "{c}": lambda rng, _: rng.choice(_CLASSES),
    "{k}": lambda rng, _: rng.choice(["0", "'k'", "m.K"]),
}


def versions(feature: str, known: Sequence[str]) -> list[str]:
    """Return those of some versions, such as ``3.14``, that have a feature."""
    return [v for v in known if int(v.partition(".")[2]) >= FEATURES[feature].since]


# --- The command --------------------------------------------------------------------------------


def print_noise(pair: str, feature: str, texts: Sequence[str], show: int) -> tuple[int, int]:
    """Compare the modules of a feature; return how many code objects there are and differ."""
    one, other = pair.split("/")
    made = [payloads(version, texts, None) for version in (one, other)]
    dialects = [oracle_of(version).dialect for version in (one, other)]
    total = compiled = 0
    found: list[tuple[str, str]] = []
    for text, left, right in zip(texts, *made, strict=True):
        if left is None or right is None:
            continue
        compiled += 1
        ours, theirs = unit_forms(left, dialects[0]), unit_forms(right, dialects[1])
        total += len({**ours, **theirs})
        found += [(text, f"{dotted(p)}: {why}") for p, why in differences(ours, theirs)]
    print(
        f"{pair:10} {feature:30} {compiled:4} modules {total:6} code objects, differ {len(found)}"
    )
    for text, why in found[:show]:
        print(f"---- {why}\n{text}")
    sys.stdout.flush()
    return total, len(found)


def print_misses(pair: str, texts: Mapping[str, str], count: int, seed: int, show: int) -> None:
    """Change the modules, and print which changes the forms do not show."""
    one, other = pair.split("/")
    changes = mutants_of(texts, count, seed)
    before = dict(zip(texts.values(), payloads(one, [*texts.values()], None), strict=True))
    originals = list(dict.fromkeys(change.original for change in changes))
    before = dict(zip(originals, payloads(one, originals, None), strict=True))
    after = payloads(other, [change.text for change in changes], None)
    kinds, silent = Counter[str](), []
    for change, payload in zip(changes, after, strict=True):
        base = before[change.original]
        if payload is None or base is None:
            continue
        kinds[change.kind] += 1
        ours = unit_forms(base, oracle_of(one).dialect)
        if not any(differences(ours, unit_forms(payload, oracle_of(other).dialect))):
            silent.append(change)
    print(f"{pair:10} {kinds.total()} mutants of {len(kinds)} kinds, silent {len(silent)}")
    for change in silent[:show]:
        print(f"---- {change.kind}, line {change.line}: {change.what}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", required=True, metavar="A/B")
    parser.add_argument("--count", type=int, default=50, help="modules of each feature")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--features", nargs="*", choices=FEATURES, default=[*FEATURES])
    parser.add_argument("--mutants", type=int, default=0)
    parser.add_argument("--show", type=int, default=2)
    options = parser.parse_args()
    for pair in options.pairs:
        chosen = [f for f in options.features if len(versions(f, pair.split("/"))) == 2]
        texts = {f: [source(f, options.seed + n) for n in range(options.count)] for f in chosen}
        counts = [print_noise(pair, f, texts[f], options.show) for f in chosen]
        total, found = (sum(column) for column in zip(*counts, strict=True))
        print(
            f"{pair:10} {total} code objects, NOISE {100 * found / max(total, 1):.3f} % ({found})"
        )
        if options.mutants:
            named = {f"{f} {n}": text for f in chosen for n, text in enumerate(texts[f])}
            print_misses(pair, named, options.mutants, options.seed, options.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
