"""How often the canonical form differs although the source does not, and the other way round.

    python -m tests.differential.noise --pairs 3.8/3.13 3.11/3.12 --files 60 [--seed S]
    python -m tests.differential.noise --mutants 600 --pairs 3.11/3.11 3.11/3.14 --files 60

Sources of a standard library are compiled by both interpreters of a pair. NOISE is the share
of code objects whose forms differ, are missing on one side, or are not canonicalised. With
``--mutants`` one change is made in a source, and MISS is the share of changes that the form
of the first interpreter's original and the second's mutant do not show.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import random
import sys
import time
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from pycinspect.canonical import Form, Level, Place, units
from pycinspect.dialects import find_dialect
from pycinspect.pyc import Code, unmarshal
from tests.differential.mutants import Mutant, mutants_of
from tests.oracles import WANTED, Oracle, find_oracles

CHILD = Path(__file__).with_name("noise_child.py")
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
_BATCH = 60


def oracle_of(version: str) -> Oracle:
    """Return the oracle of ``3.8`` or ``pypy3.9``."""
    wanted = {
        name.replace("cpython-", "").replace("pyodide-", "").replace("pypy-", "pypy"): name
        for name in WANTED
    }
    return find_oracles()[wanted[version]]


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
    names = [name for name in names if split in ("all", _half(name))]
    if only:
        names = [name for name in names if any(part in name for part in only)]
    chosen = random.Random(seed).sample(names, min(count, len(names)))
    return dict(_readable(library, sorted(chosen)))


def _half(name: str) -> str:
    return "tuned" if hashlib.sha256(name.encode()).digest()[0] % 2 else "held-out"


def _readable(library: Path, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        data = (library / name).read_bytes()
        try:
            encoding, _ = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)
            if encoding in ("utf-8", "utf-8-sig"):
                yield name, data.decode(encoding)
        except (SyntaxError, UnicodeDecodeError):
            continue


def payloads(version: str, texts: Sequence[str], cache: Path | None) -> list[bytes | None]:
    """Return what an interpreter compiles each source to, None where it does not compile."""
    oracle = oracle_of(version)
    places = [_cached(cache, oracle, text) for text in texts]
    missing = [i for i, place in enumerate(places) if place is None or not place.is_file()]
    found: dict[int, bytes | None] = {}
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        request = {"sources": [texts[i] for i in batch]}
        answers = oracle.run(CHILD, request, environment=_ENVIRONMENT, directories=[CHILD.parent])
        assert isinstance(answers, list)
        for i, answer in zip(batch, answers, strict=True):
            found[i] = None if answer is None else base64.b64decode(answer)
            if (place := places[i]) is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(found[i] or b"")
    return [found[i] if i in found else _read(places[i]) for i in range(len(texts))]


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
    row = find_dialect(dialect)
    root = unmarshal(payload, row).value
    assert isinstance(root, Code)
    return {place: _unit(form) for place, form in units(root, row, level).items()}


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


def print_noise(pair: str, names: Sequence[str], forms: Mapping[str, Timed], show: int) -> None:
    one, _, other = pair.partition("/")
    total, explained, notes = 0, 0, Counter[str]()
    found: list[str] = []
    causes = Counter[str]()
    for name, ours, theirs in zip(names, forms[one].forms, forms[other].forms, strict=True):
        if ours is None or theirs is None:
            continue
        total += len({**ours, **theirs})
        for place in ours.keys() & theirs.keys():
            erased = ours[place].notes ^ theirs[place].notes
            explained += bool(erased)
            notes.update(erased)
        for place, why in differences(ours, theirs):
            causes[why.partition(":")[0]] += 1
            found.append(f"    {name} {dotted(place)}: {why}")
    share = 100 * len(found) / max(total, 1)
    print(f"{pair:12} {total:6} code objects, NOISE {share:6.2f} % ({len(found)}) {dict(causes)}")
    print(f"             notes on one side only: {explained} {dict(notes.most_common())}")
    for line in found[:show]:
        print(line[:240])
    sys.stdout.flush()


# --- MISS ------------------------------------------------------------------------------------


def print_misses(
    pair: str,
    changes: Sequence[Mutant],
    compiled: Mapping[tuple[str, str], bytes | None],
    pool: ProcessPoolExecutor,
    show: int,
) -> None:
    one, _, other = pair.partition("/")
    sources = list(dict.fromkeys(change.original for change in changes))
    level = Level.SEMANTIC
    before = all_forms(one, [compiled[one, source] for source in sources], level, pool).forms
    base = dict(zip(sources, before, strict=True))
    after = all_forms(other, [compiled[other, c.text] for c in changes], level, pool).forms
    flagged, silent = Counter[int](), []
    for change, forms in zip(changes, after, strict=True):
        original = base[change.original]
        if forms is None or original is None:
            continue
        count = sum(1 for _ in differences(original, forms))
        flagged[count] += 1
        if not count:
            silent.append(change)
    total = flagged.total()
    print(
        f"{pair:12} {total:6} mutants, silent {100 * len(silent) / max(total, 1):.2f} %"
        f" ({len(silent)}), one unit flagged {100 * flagged[1] / max(total, 1):.1f} %"
    )
    for change in silent[:show]:
        print(f"    {change.name}:{change.line} {change.kind}: {change.what}"[:200])
    sys.stdout.flush()


# --- The command -----------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", required=True, metavar="A/B")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=["tuned", "held-out", "all"], default="tuned")
    parser.add_argument("--library", default="3.8", help="whose standard library is read")
    parser.add_argument("--only", nargs="*", default=(), help="parts of names of files")
    parser.add_argument("--level", choices=[level.value for level in Level], default="semantic")
    parser.add_argument("--mutants", type=int, default=0, metavar="COUNT")
    parser.add_argument("--show", type=int, default=12)
    parser.add_argument("--cache", type=Path, help="a folder for compiled sources")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    library = next(oracle_of(options.library).program.parent.parent.glob("lib/python*"))
    texts = sources(library, options.split, options.files, options.seed, options.only)
    versions = sorted({version for pair in options.pairs for version in pair.split("/")})
    compiled = {v: payloads(v, list(texts.values()), options.cache) for v in versions}
    with ProcessPoolExecutor(options.jobs) as pool:
        if options.mutants:
            return _misses(options, texts, compiled, pool)
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
            print_noise(pair, list(texts), forms, options.show)
    return 0


def _misses(
    options: argparse.Namespace,
    texts: Mapping[str, str],
    compiled: Mapping[str, Sequence[bytes | None]],
    pool: ProcessPoolExecutor,
) -> int:
    everywhere = {
        name: text
        for i, (name, text) in enumerate(texts.items())
        if all(column[i] is not None for column in compiled.values())
    }
    changes = mutants_of(everywhere, options.mutants, options.seed)
    print(f"{len(changes)} mutants of {len({c.kind for c in changes})} kinds")
    wanted = list(dict.fromkeys(text for c in changes for text in (c.original, c.text)))
    made = {
        (version, text): payload
        for version in compiled
        for text, payload in zip(wanted, payloads(version, wanted, options.cache), strict=True)
    }
    for pair in options.pairs:
        print_misses(pair, changes, made, pool, options.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
