"""Programs with equal forms give equal results: the search for two that do not.

    python -m tests.canonical.soundness --count 10000 [--seed S] [--level semantic]
    python -m tests.canonical.soundness --count 1000 --versions 3.8 3.13

A seed makes a program (:mod:`tests.canonical.programs`), changes make variants of it
(:mod:`tests.canonical.rewrites`). Where the forms of two are equal and their bytecode is not,
both run in the same worlds (:mod:`tests.canonical.worlds`), and must write the same logs. With
``--versions`` the same program runs under two interpreters wherever their forms are equal.
"""

from __future__ import annotations

import argparse
import ast
import faulthandler
import marshal
import random
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from pycinspect.canonical import Level, Note, Place, units
from pycinspect.pyc import Code, unmarshal
from tests.canonical.kit import RUNNING
from tests.canonical.programs import program
from tests.canonical.rewrites import rewritten
from tests.canonical.worlds import observed

CHILD = Path(__file__).with_name("worlds.py")
VARIANTS = 24
WORLDS = 4
#: Seconds for one program; only one that loops without a line in its log needs them.
_LONGEST = 300


class Difference(NamedTuple):
    """Two programs with equal forms, and a world in which they differ."""

    one: str
    other: str
    seed: int
    log: list[str]
    other_log: list[str]

    def __str__(self) -> str:
        pairs = enumerate(zip(self.log, self.other_log, strict=False))
        same = next((i for i, (left, right) in pairs if left != right), len(self.log))
        place = max(same - 3, 0)
        return "\n".join(
            [
                self.one,
                "--- has the same form as",
                self.other,
                f"--- but in world {self.seed}, from line {place} on",
                *self.log[place : same + 2],
                "--- and",
                *self.other_log[place : same + 2],
            ]
        )


def compiled(source: str) -> CodeType | None:
    """Return what a source compiles to, None if it does not compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(source, "generated", "exec", 0, True)
        except (SyntaxError, ValueError, RecursionError):
            return None


Key = tuple[tuple[Place, bytes | None], ...]


def key_of(code: CodeType, level: Level) -> Key | None:
    """Return the forms of a module and all inside it, None if one cannot be canonicalised."""
    root = unmarshal(marshal.dumps(code), RUNNING).value
    assert isinstance(root, Code)
    found = tuple((place, form.digest) for place, form in units(root, RUNNING, level).items())
    return None if any(digest is None for _, digest in found) else found


def groups(seed: int, level: Level) -> Iterator[dict[str, CodeType]]:
    """Yield programs of one form and different bytecode, by source."""
    source = program(seed)
    code = compiled(source)
    if code is None:
        return
    rng = random.Random(seed)
    tree = ast.parse(source)
    sources = [source, *(rewritten(tree, rng) for _ in range(VARIANTS))]
    found: dict[Key, dict[bytes, tuple[str, CodeType]]] = {}
    for text in sources:
        code = compiled(text) if text is not None else None
        if text is None or code is None:
            continue
        key = key_of(code, level)
        if key is not None:
            found.setdefault(key, {}).setdefault(_shape(code), (text, code))
    for group in found.values():
        if len(group) > 1:
            yield dict(group.values())


def _shape(code: CodeType) -> bytes:
    """Return what tells bytecode apart, without lines and columns."""
    parts = [_shape(part) if isinstance(part, CodeType) else part for part in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_name)
    table = getattr(code, "co_exceptiontable", b"")
    return repr((code.co_code, table, parts, names, code.co_flags)).encode()


def compared(group: dict[str, CodeType], seeds: range) -> Iterator[Difference]:
    """Yield for each pair of neighbours in a group the first world in which they differ."""
    logs = {source: [observed(code, seed) for seed in seeds] for source, code in group.items()}
    for one, other in pairwise(group):
        for seed, left, right in zip(seeds, logs[one], logs[other], strict=True):
            if left != right:
                yield Difference(one, other, seed, left, right)
                break


def search(count: int, seed: int, level: Level, show: int) -> tuple[int, list[Difference]]:
    """Compare at least so many pairs; return how many, and those that differ.

    Prints the first of those, and from time to time how far it is, unless ``show`` is 0.
    """
    pairs, found = 0, []
    while pairs < count:
        seed += 1
        faulthandler.dump_traceback_later(_LONGEST, exit=True)
        for group in groups(seed, level):
            pairs += len(group) - 1
            for difference in compared(group, range(seed * 100, seed * 100 + WORLDS)):
                found.append(difference)
                if len(found) <= show:
                    print(f"==== program {seed}\n{difference}\n", flush=True)
        faulthandler.cancel_dump_traceback_later()
        if show and seed % 20 == 0:
            print(f"{pairs} pairs by program {seed}", flush=True)
    return pairs, found


# --- Across versions ---------------------------------------------------------------------------


class Across(NamedTuple):
    """What programs do under two versions.

    Args:
        equal: programs of equal forms.
        explained: those of them that do not the same, as their notes say.
        differing: the others that do not.
    """

    equal: int
    explained: Counter[str]
    differing: int


#: Notes of what a program's log shows.
SHOWN = frozenset(
    {
        *(Note.UNPACKING_ORDER, Note.PERCENT_FORMAT, Note.ASSERT_BUILTIN),
        Note.TRUTH_ASKED_AGAIN,
    }
)
#: Exceptions of the interpreter that are others in some versions, whatever the bytecode: of what
#: is not a context manager (3.11), and of unbound variables in a comprehension (3.12).
_RENAMED = {"AttributeError": "TypeError", "UnboundLocalError": "NameError"}


def across(one: str, other: str, count: int, seed: int, show: int) -> Across:
    """Run programs under two versions, and compare what those of equal forms do."""
    from tests.differential.noise import differences, oracle_of, payloads, unit_forms

    sources = [program(seed + number, modern=False) for number in range(count)]
    forms = {}
    logs = {}
    for version in (one, other):
        oracle = oracle_of(version)
        made = payloads(version, sources, None)
        forms[version] = [p and unit_forms(p, oracle.dialect) for p in made]
        seeds = [[seed + number, seed + number + 1] for number in range(count)]
        jobs = {"jobs": list(zip(sources, seeds, strict=True))}
        answers = oracle.run(CHILD, jobs, directories=[CHILD.parent])
        assert isinstance(answers, list)
        logs[version] = answers
    equal = differing = 0
    causes, explained = Counter[str](), Counter[str]()
    for number, source in enumerate(sources):
        left, right = forms[one][number], forms[other][number]
        if not left or not right:
            continue
        why = [cause for _, cause in differences(left, right)]
        causes.update(why)
        if why:
            if sum(causes.values()) <= show:
                print(f"==== noise: {why}\n{source}", flush=True)
            continue
        equal += 1
        found = _parted(source, logs[one][number], logs[other][number])
        notes = {note for place in left for note in left[place].notes ^ right[place].notes}
        if found and notes & SHOWN:
            explained.update(notes & SHOWN)
        elif found:
            differing += 1
            if differing <= show:
                print(found, flush=True)
    print(f"{one}/{other}: not equal: {dict(causes)}")
    return Across(equal, explained, differing)


def _parted(
    source: str, logs: Sequence[Sequence[str]], other_logs: Sequence[Sequence[str]]
) -> Difference | None:
    """Return the first world in which a program does not the same under another version."""
    for world, pair in enumerate(zip(logs, other_logs, strict=True)):
        ours, theirs = ([*map(_plain, log)] for log in pair)
        if ours != theirs:
            return Difference(source, "(itself)", world, ours, theirs)
    return None


#: Which of two is asked by ``in``: since 3.9 the one that is looked for (bpo-37648).
_ASKED = re.compile(r"(p\d+) eq (p\d+)")


def _plain(line: str) -> str:
    for name, other in _RENAMED.items():
        line = line.replace(name, other)
    return _ASKED.sub(lambda found: " eq ".join(sorted(found.groups())), line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="pairs to compare")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--level", choices=["strict", "semantic"], default="semantic")
    parser.add_argument("--versions", nargs=2)
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args()
    if options.versions:
        found = across(*options.versions, options.count, options.seed, options.show)
        print(
            f"{found.equal} programs of equal form, {dict(found.explained)} explained,"
            f" {found.differing} differ"
        )
        return 1 if found.differing else 0
    pairs, differences = search(options.count, options.seed, Level(options.level), options.show)
    print(f"{pairs} pairs of equal form at {options.level} level, {len(differences)} differ")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
