"""How often the canonical form differs although the source does not, and the other way round.

    python -m tests.differential.noise --pairs 3.8/3.13 3.11/3.12 --files 60 [--seed S]
    python -m tests.differential.noise --mutants 600 --pairs 3.11/3.11 3.11/3.14 --files 60
    python -m tests.differential.noise --tree site-packages --pairs 3.8/3.13 --files 20

Sources of a standard library, or of the packages in a folder (``--tree``), are compiled by both
interpreters of a pair. NOISE is the share of code objects whose forms differ and nothing explains
why, are missing on one side, or are not canonicalised. With ``--mutants`` one change is made in a source, and MISS is the share of changes that the form
of the first interpreter's original and the second's mutant do not show.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import hashlib
import random
import sys
import time
import tokenize
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pycinspect.canonical import Form, Level, Place, units
from pycinspect.dialects import find_dialect
from pycinspect.diffing import EXPLANATIONS, Diff, Op, Status, compare, diff_module
from pycinspect.pyc import Code, CodeFile, Header, unmarshal
from pycinspect.values import InvalidationMode
from tests.differential.equivalents import are_equivalent
from tests.differential.listings import unreasoned_of
from tests.differential.mutants import Mutant, mutants_of
from tests.differential.packages import Package, half_of, packages_in
from tests.oracles import WANTED, Oracle, find_oracles

CHILD = Path(__file__).with_name("noise_child.py")
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
#: Characters that one child compiles: Pyodide takes seconds to start, and minutes for megabytes.
_BATCH = 400_000


def oracle_of(version: str) -> Oracle:
    """Return the oracle of ``3.8`` or ``pypy3.9``."""
    wanted = {
        name.replace("cpython-", "").replace("pyodide-", "").replace("pypy-", "pypy"): name
        for name in WANTED
    }
    return find_oracles()[wanted[version]]


def library_of(version: str) -> Path:
    """Return the folder of an interpreter's standard library."""
    return next(oracle_of(version).program.parent.parent.glob("lib/python*"))


# --- Sources -------------------------------------------------------------------------------


def sources(
    library: Path, split: str, count: int, seed: int, only: Sequence[str] = ()
) -> dict[str, str]:
    """Return a sample of a library's sources, by name.

    Half of the files are for development (``tuned``), the others for the final figures.
    """
    names = sorted(
        str(path.relative_to(library))
        for path in library.rglob("*.py")
        if "site-packages" not in path.parts and "lib2to3/tests/data" not in str(path)
    )
    names = [name for name in names if split in ("all", half_of(name))]
    if only:
        names = [name for name in names if any(part in name for part in only)]
    chosen = random.Random(seed).sample(names, min(count, len(names)))
    return dict(_readable(library, sorted(chosen)))


def sources_of_packages(
    tree: Path, packages: Sequence[Package], count: int, seed: int
) -> dict[str, str]:
    """Return a sample of the sources of each package, by their paths in the folder."""
    names = (name for package in packages for name in package.sample(count, seed))
    return dict(_readable(tree, list(dict.fromkeys(names))))


def _readable(library: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        data = (library / name).read_bytes()
        try:
            encoding, _ = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)
            if encoding in ("utf-8", "utf-8-sig"):
                yield name, data.decode(encoding)
        except (SyntaxError, UnicodeDecodeError):
            continue


def payloads(
    version: str, texts: Sequence[str], cache: Path | None, hash_seed: int = 0
) -> list[bytes | None]:
    """Return what an interpreter compiles each source to, None where it does not compile."""
    oracle = oracle_of(version)
    environment = {**_ENVIRONMENT, "PYTHONHASHSEED": str(hash_seed)}
    places = [_cached(cache, oracle, text) for text in texts]
    missing = [i for i, place in enumerate(places) if place is None or not place.is_file()]
    found: dict[int, bytes | None] = {}
    for batch in _batches(missing, texts):
        request = {"sources": [texts[i] for i in batch]}
        answers = oracle.run(CHILD, request, environment=environment, directories=[CHILD.parent])
        assert isinstance(answers, list)
        for i, answer in zip(batch, answers, strict=True):
            found[i] = None if answer is None else base64.b64decode(answer)
            if (place := places[i]) is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(found[i] or b"")
    return [found[i] if i in found else _read(places[i]) for i in range(len(texts))]


def _batches(indexes: Sequence[int], texts: Sequence[str]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for index in indexes:
        if size > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(index)
        size += len(texts[index])
    if batch:
        yield batch


def _cached(cache: Path | None, oracle: Oracle, text: str) -> Path | None:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return None if cache is None else cache / f"{oracle.name}-{oracle.version}" / digest


def _read(place: Path | None) -> bytes | None:
    assert place is not None
    return place.read_bytes() or None


# --- Forms ----------------------------------------------------------------------------------


class Unit(NamedTuple):
    """What is compared of one form.

    Args:
        digest: equal for equal forms, None where there is a problem.
        planes: the digest of each plane.
        problem: why it is not canonicalised.
        notes: what was erased.
    """

    digest: bytes | None
    planes: Mapping[str, bytes]
    problem: str | None
    notes: frozenset[str]


Units = dict[Place, Unit]


def _unit(form: Form) -> Unit:
    planes = {plane.value: digest for plane, digest in form.planes.items()}
    return Unit(form.digest, planes, form.problem, form.notes)


def unit_forms(payload: bytes, dialect: str, level: Level = Level.SEMANTIC) -> Units:
    """Return what is compared of a module."""
    return {place: _unit(form) for place, form in _all_units(payload, dialect, level).items()}


def _all_units(payload: bytes, dialect: str, level: Level = Level.SEMANTIC) -> Mapping[Place, Form]:
    row = find_dialect(dialect)
    root = unmarshal(payload, row).value
    assert isinstance(root, Code)
    return units(root, row, level)


def _forms(job: tuple[bytes | None, str, Level]) -> tuple[Units | None, float]:
    payload, dialect, level = job
    started = time.process_time()
    found = None if payload is None else unit_forms(payload, dialect, level)
    return found, time.process_time() - started


class Timed(NamedTuple):
    forms: list[Units | None]
    seconds: float


def all_forms(
    version: str, compiled: Sequence[bytes | None], level: Level, pool: ProcessPoolExecutor
) -> Timed:
    dialect = oracle_of(version).dialect
    results = list(pool.map(_forms, [(p, dialect, level) for p in compiled], chunksize=4))
    return Timed([forms for forms, _ in results], sum(seconds for _, seconds in results))


def difference(one: Unit | None, other: Unit | None) -> str | None:
    """Return why two forms are not the same, None if they are."""
    if one is None or other is None:
        return "missing"
    if one.problem or other.problem:
        return f"not canonicalised: {one.problem or other.problem}"
    if one.digest == other.digest:
        return None
    uncompared = {"lines", "constants"}
    planes = (p for p in one.planes if p not in uncompared and one.planes[p] != other.planes[p])
    return " ".join(planes)


def differences(one: Units, other: Units) -> Iterator[tuple[Place, str]]:
    for place in {**one, **other}:
        why = difference(one.get(place), other.get(place))
        if why is not None:
            yield place, why


def dotted(place: Place) -> str:
    return ".".join(f"{name}#{n}" if n else name for name, n in place) or "<module>"


# --- NOISE -----------------------------------------------------------------------------------


class Noise(NamedTuple):
    """What differs between two interpreters' forms of the same sources.

    Args:
        total: code objects.
        found: each that differs: the name of the file, where it stands, and why.
        explained: those of which the compilers explain what differs, or what is erased of one.
        notes: how many of them have each explanation.
        left_out: files that one of the interpreters does not compile.
    """

    total: int
    found: Sequence[tuple[str, Place, str]]
    explained: int
    notes: Counter[str]
    left_out: int

    @property
    def share(self) -> float:
        """In per cent."""
        return 100 * len(self.found) / max(self.total, 1)


def noise_of(
    pair: str,
    names: Sequence[str],
    forms: Mapping[str, Timed],
    compiled: Mapping[str, Sequence[bytes | None]],
) -> Noise:
    one, _, other = pair.partition("/")
    total, explained, left_out, notes = 0, 0, 0, Counter[str]()
    found: list[tuple[str, Place, str]] = []
    for index, name in enumerate(names):
        ours, theirs = forms[one].forms[index], forms[other].forms[index]
        if ours is None or theirs is None:
            left_out += 1
            continue
        total += len({**ours, **theirs})
        differing = dict(differences(ours, theirs))
        erased = {
            place: ours[place].notes ^ theirs[place].notes
            for place in (ours.keys() & theirs.keys()) - differing.keys()
        }
        if differing:
            erased |= _explanations(compiled[one][index], compiled[other][index], pair, differing)
        found += [(name, place, why) for place, why in differing.items() if place not in erased]
        explained += sum(map(bool, erased.values()))
        notes.update(slug for slugs in erased.values() for slug in slugs)
    return Noise(total, found, explained, notes, left_out)


def _explanations(
    old: bytes | None, new: bytes | None, pair: str, places: Collection[Place]
) -> dict[Place, frozenset[str]]:
    """Return why those of some code objects differ of which all that differs has a reason."""
    assert old is not None
    assert new is not None
    dialects = (oracle_of(version).dialect for version in pair.split("/"))
    ours, theirs = (_all_units(*side) for side in zip((old, new), dialects, strict=True))
    compared = {
        place: compare(ours[place], theirs[place])
        for place in places
        if place in ours and place in theirs
    }
    return {
        place: frozenset(unit.explanations)
        for place, unit in compared.items()
        if unit.status is Status.EXPLAINED
    }


def print_noise(pair: str, noise: Noise, show: int) -> None:
    causes = Counter(why.partition(":")[0] for _, _, why in noise.found)
    print(
        f"{pair:12} {noise.total:6} code objects,"
        f" NOISE {noise.share:6.2f} % ({len(noise.found)}) {dict(causes)}"
    )
    print(f"             explained: {noise.explained} {dict(noise.notes.most_common())}")
    if noise.left_out:
        print(f"             files left out, as one does not compile them: {noise.left_out}")
    for name, place, why in noise.found[:show]:
        print(f"    {name} {dotted(place)}: {why}"[:240])
    sys.stdout.flush()


# --- MISS ------------------------------------------------------------------------------------


class Trio(NamedTuple):
    """What two interpreters made of a source and its mutant.

    Args:
        old: the source, by the first.
        new: the source, by the second.
        mutant: the mutant, by the second.
        dialects: who they are.
    """

    old: bytes
    new: bytes
    mutant: bytes
    dialects: tuple[str, str]


class Verdict(NamedTuple):
    """What a diff says of one mutant.

    Args:
        flagged: code objects that it shows.
        statements: lines of both sides that are not equal.
        is_equivalent: the interpreter that made the mutant runs the very same code.
        unreasoned: lines that it prints as gone and as come, without saying what differs.
    """

    flagged: int
    statements: int
    is_equivalent: bool
    unreasoned: Sequence[str]


def verdict(trio: Trio) -> Verdict:
    """Return what the diff of a source and its mutant says."""
    one, other = trio.dialects
    mutant = _file(trio.mutant, other)
    found = diff_module(("old", _file(trio.old, one)), ("new", mutant), Level.SEMANTIC)
    shown = [unit for unit in found.units if unit.status not in _UNCHANGED]
    pairs = [unit for unit in shown if unit.old is not None and unit.new is not None]
    changes = (change for unit in pairs for change in unit.changes if change.op is not Op.EQUAL)
    statements = sum(max(len(change.old), len(change.new)) for change in changes)
    same = not shown and _bare(_file(trio.new, other).code) == _bare(mutant.code)
    printed = Diff("old", "new", Level.SEMANTIC, (found,), EXPLANATIONS)
    return Verdict(len(shown), statements, same, unreasoned_of(printed))


_UNCHANGED = frozenset({Status.SAME, Status.EXPLAINED})


def _file(payload: bytes, dialect: str) -> CodeFile:
    row = find_dialect(dialect)
    code = unmarshal(payload, row).value
    assert isinstance(code, Code)
    header = Header(row, row.magic_word, None, InvalidationMode.TIMESTAMP, 0, 0, None, ())
    return CodeFile(header, code, 0)


def _bare(code: Code) -> Code:
    """Return a code object without its lines."""
    consts = tuple(_bare(part) if isinstance(part, Code) else part for part in code.consts)
    return replace(code, consts=consts, firstlineno=0, linetable=b"")


class Misses(NamedTuple):
    """What became of the mutants of a pair.

    Args:
        verdicts: of each that both interpreters compile and that is not equivalent.
        equivalent: how many are.
        silent: those that the diff does not show.
    """

    verdicts: Sequence[Verdict]
    equivalent: int
    silent: Sequence[Mutant]

    @property
    def share(self) -> float:
        """In per cent."""
        return 100 * len(self.silent) / max(len(self.verdicts), 1)

    @property
    def one_flagged(self) -> float:
        """Share of those of which one code object is shown, in per cent."""
        return 100 * sum(v.flagged == 1 for v in self.verdicts) / max(len(self.verdicts), 1)

    @property
    def unreasoned(self) -> Sequence[str]:
        """Lines that their diffs print as gone and as come, without saying what differs."""
        return [line for verdict in self.verdicts for line in verdict.unreasoned]

    def statements(self, percentile: int) -> int:
        """Return how many statements so many per cent of the mutants do not exceed."""
        sizes = sorted(verdict.statements for verdict in self.verdicts) or [0]
        return sizes[min(len(sizes) * percentile // 100, len(sizes) - 1)]


def compiled_mutants(
    changes: Sequence[Mutant], versions: Sequence[str], cache: Path | None
) -> Mapping[tuple[str, str], bytes | None]:
    """Return what each interpreter compiles each source and each mutant to."""
    wanted = list(dict.fromkeys(text for c in changes for text in (c.original, c.text)))
    return {
        (version, text): payload
        for version in versions
        for text, payload in zip(wanted, payloads(version, wanted, cache), strict=True)
    }


def misses_of(
    pair: str,
    changes: Sequence[Mutant],
    compiled: Mapping[tuple[str, str], bytes | None],
    pool: ProcessPoolExecutor,
) -> Misses:
    one, _, other = pair.partition("/")
    dialects = (oracle_of(one).dialect, oracle_of(other).dialect)
    trios: list[tuple[Mutant, Trio]] = []
    for change in changes:
        old, new = compiled[one, change.original], compiled[other, change.original]
        mutant = compiled[other, change.text]
        if old is not None and new is not None and mutant is not None:
            trios.append((change, Trio(old, new, mutant, dialects)))
    found = list(pool.map(verdict, [trio for _, trio in trios], chunksize=16))
    judged = [
        (change, result)
        for (change, _), result in zip(trios, found, strict=True)
        if result.flagged
        or not (result.is_equivalent or are_equivalent(change.original, change.text))
    ]
    silent = [change for change, result in judged if not result.flagged]
    return Misses([v for _, v in judged], len(found) - len(judged), silent)


def print_misses(pair: str, misses: Misses, show: int) -> None:
    print(
        f"{pair:12} {len(misses.verdicts):6} mutants (and {misses.equivalent} equivalent),"
        f" silent {misses.share:.2f} % ({len(misses.silent)}),"
        f" one unit flagged {misses.one_flagged:.1f} %,"
        f" changed statements median {misses.statements(50)}, p95 {misses.statements(95)},"
        f" lines gone and come alike {len(misses.unreasoned)}"
    )
    for change in misses.silent[:show]:
        print(f"    {change.name}:{change.line} {change.kind}: {change.what}"[:200])
    for line in misses.unreasoned[:show]:
        print(f"    alike: {line}"[:200])
    sys.stdout.flush()


# --- The command -----------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", required=True, metavar="A/B")
    parser.add_argument("--files", type=int, default=60, help="of the library, or each package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=["tuned", "held-out", "all"], default="tuned")
    parser.add_argument("--library", default="3.8", help="whose standard library is read")
    parser.add_argument("--tree", type=Path, help="a folder of packages, read in its place")
    parser.add_argument("--only", nargs="*", default=(), help="parts of names of files")
    parser.add_argument("--level", choices=[level.value for level in Level], default="semantic")
    parser.add_argument("--mutants", type=int, default=0, metavar="COUNT")
    parser.add_argument("--show", type=int, default=12)
    parser.add_argument("--silent", type=Path, help="a folder for mutants that do not show")
    parser.add_argument("--cache", type=Path, help="a folder for compiled sources")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    texts = _texts(options)
    versions = sorted({version for pair in options.pairs for version in pair.split("/")})
    with ProcessPoolExecutor(options.jobs) as pool:
        if options.mutants:
            return _misses(options, texts, versions, pool)
        compiled = {v: payloads(v, list(texts.values()), options.cache) for v in versions}
        level = Level(options.level)
        forms = {
            version: all_forms(version, compiled[version], level, pool) for version in versions
        }
        for version, timed in forms.items():
            count = sum(len(units) for units in timed.forms if units)
            print(
                f"{version:8} {count} code objects, {1000 * timed.seconds / max(count, 1):.2f} ms each"
            )
        for pair in options.pairs:
            print_noise(pair, noise_of(pair, list(texts), forms, compiled), options.show)
    return 0


def _texts(options: argparse.Namespace) -> dict[str, str]:
    if options.tree is None:
        library = library_of(options.library)
        return sources(library, options.split, options.files, options.seed, options.only)
    packages = packages_in(options.tree, options.split, options.only)
    print(f"{len(packages)} packages:", ", ".join(f"{p.name} {p.version}" for p in packages))
    return sources_of_packages(options.tree, packages, options.files, options.seed)


def _misses(
    options: argparse.Namespace,
    texts: Mapping[str, str],
    versions: Sequence[str],
    pool: ProcessPoolExecutor,
) -> int:
    changes = mutants_of(texts, options.mutants, options.seed)
    print(f"{len(changes)} mutants of {len({c.kind for c in changes})} kinds")
    made = compiled_mutants(changes, versions, options.cache)
    for pair in options.pairs:
        misses = misses_of(pair, changes, made, pool)
        print_misses(pair, misses, options.show)
        if options.silent is not None:
            _write(options.silent / pair.replace("/", "-"), misses.silent)
    return 0


def _write(folder: Path, silent: Sequence[Mutant]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, change in enumerate(silent):
        lines = difflib.unified_diff(change.original.splitlines(), change.text.splitlines(), n=99)
        (folder / f"{number}-{change.kind}.diff").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
