"""Does Jython use a class file? Our answer first, then Jython's import, situation by situation.

``python -m tests.jython.situations --examples 500 --seed 1`` makes situations by chance, after the list.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pycinspect.cache import Outcome, Verdict, judge_module
from pycinspect.jvm import parse_class
from tests.jython.kit import FIXTURES, ask_jython

CLASS = (FIXTURES / "mod$py.class").read_bytes()
#: The source's time, in milliseconds: the one that the class file records.
T = 1_700_000_000_000
_SOURCE = "made = 'source'\n"


@dataclass(frozen=True)
class Situation:
    """A source and a class file.

    Args:
        source: the text; None for no source, "/" for a directory of that name.
        data: the class file; None for none, b"/" for a directory of that name.
        source_ns: the source's time in nanoseconds after T.
        class_ns: the class file's, likewise.
        package: both are the ``__init__`` of a package.
    """

    name: str
    source: str | None = _SOURCE
    data: bytes | None = CLASS
    source_ns: int = 0
    class_ns: int = 0
    package: bool = False

    def build(self, folder: Path) -> None:
        """Make the files."""
        place, stem = (folder / "mod", "__init__") if self.package else (folder, "mod")
        place.mkdir(parents=True)
        _make(place / f"{stem}.py", self.source, self.source_ns)
        data = None if self.data is None else self.data.decode("latin-1")
        _make(place / f"{stem}$py.class", data, self.class_ns)


def _make(path: Path, text: str | None, after: int) -> None:
    if text is None:
        return
    if text == "/":
        path.mkdir()
    else:
        path.write_bytes(text.encode("latin-1"))
    moment = T * 10**6 + after
    os.utime(path, ns=(moment, moment))


# --- Class files with other contents -----------------------------------------------


def _patched(kind: str, number: int, size: int) -> bytes:
    """Return the class with another value in its only constant of a kind."""
    (entry,) = (one for one in parse_class(CLASS).pool.entries if one and one.kind == kind)
    raw = (number % 256**size).to_bytes(size)
    return CLASS[: entry.offset + 1] + raw + CLASS[entry.offset + 1 + size :]


def with_mtime(mtime: int) -> bytes:
    """Return the class with another MTime, in milliseconds."""
    return _patched("Long", mtime, 8)


def with_api(version: int) -> bytes:
    """Return the class with another API version."""
    return _patched("Integer", version, 4)


def with_major(major: int) -> bytes:
    """Return the class with another major version of the format."""
    return CLASS[:6] + major.to_bytes(2) + CLASS[8:]


def _without(annotation: str) -> bytes:
    name = f"Lorg/python/compiler/{annotation};".encode()
    assert name in CLASS
    return CLASS.replace(name, name[:-2] + b"X;")


def _invisible() -> bytes:
    """Return the class with its annotations in the attribute that Java's reflection passes over."""
    old, new = b"\0\x19RuntimeVisibleAnnotations", b"\0\x1bRuntimeInvisibleAnnotations"
    assert CLASS.count(old) == 1
    return CLASS.replace(old, new)


def listed() -> Iterator[Situation]:
    """Yield the situations that were thought of."""
    yield Situation("plain")
    for after in (1, 10**6, 10**9, -1000, -999_000, -(10**6), -(10**9)):
        yield Situation(f"class file after {after} ns", class_ns=after)
    yield Situation("fractions of a millisecond", source_ns=900_000, class_ns=100_000)
    times = (-(10**12), -1000, -1, 0, 1, 1999, 2000, 2001, 10_000)
    for mtime in (*(T + one for one in times), 0, -1, 2**63 - 1, -(2**63), -(2**63) + T):
        yield Situation(f"MTime {mtime}", data=with_mtime(mtime))
        yield Situation(f"MTime {mtime}, alone", None, with_mtime(mtime))
    for seconds in (-T - 1, -T, -T - 5000, 2**32 * 1000 + 5000 - T):
        after = seconds * 10**6
        yield Situation(f"source {seconds} ms", None or _SOURCE, CLASS, after, after)
        fitting = with_mtime(T + seconds)
        yield Situation(f"source {seconds} ms, fitting", _SOURCE, fitting, after, after)
    contents = {
        **{f"API {one}": with_api(one) for one in (-1, 0, 38, 40, 2**31 - 1)},
        **{f"no {one}": _without(one) for one in ("APIVersion", "MTime", "Filename")},
        **{f"major {one}": with_major(one) for one in (45, 48, 49, 51, 52, 53, 55, 58, 61, 62)},
        **{f"major {one}": with_major(one) for one in (64, 65, 100, 0x8000)},
        "invisible annotations": _invisible(),
        "empty": b"",
        "bad magic": b"\xca\xfe\xba\xbf" + CLASS[4:],
        "trailing": CLASS + b"\0",
        "text": b"print('this is no class file at all, it is a source')\n" * 9,
        "zeros": bytes(1000),
        "pyc": bytes.fromhex("03f30d0a d2029649 63000000 00000000 00010000 00400000") * 4,
        "directory": b"/",
    }
    for name, data in contents.items():
        yield Situation(name, data=data)
        yield Situation(f"{name}, alone", None, data)
        yield Situation(f"{name}, source is a directory", "/", data)
    for source in ("", "def f(:\n", "raise ValueError(1)\n"):
        yield Situation(f"source {source!r}", source)
        if source != "raise ValueError(1)\n":
            yield Situation(f"source {source!r}, stale", source, class_ns=-(10**9))
    yield Situation("no class file", data=None)
    yield Situation("nothing", None, None)
    yield Situation("package", package=True)
    yield Situation("package, alone", None, package=True)
    yield Situation("package, stale", class_ns=-(10**9), package=True)


def truncated(step: int) -> Iterator[Situation]:
    """Yield the class file cut at every ``step``-th byte, with a source and without."""
    for length in range(0, len(CLASS), step):
        yield Situation(f"cut at {length}", data=CLASS[:length])
        yield Situation(f"cut at {length}, alone", None, CLASS[:length])


def made(count: int, seed: int) -> Iterator[Situation]:
    """Yield situations by chance: times, MTimes, API versions, cuts, and the source there or not."""
    chance = random.Random(seed)
    for number in range(count):
        mtime = T + chance.choice([0, chance.randint(-3000, 3000), chance.randint(-(2**62), 2**62)])
        data = chance.choice([CLASS, with_mtime(mtime), with_api(chance.randint(37, 41))])
        if chance.random() < 0.2:
            data = data[: chance.randrange(len(data))]
        if chance.random() < 0.1:
            data = data[:6] + chance.randint(49, 66).to_bytes(2) + data[8:]
        situation = Situation(f"made {number}", data=data, package=chance.random() < 0.2)
        situation = replace(situation, source=chance.choice([_SOURCE, _SOURCE, None]))
        scale = chance.choice([1, 10**6, 10**9])
        yield replace(
            situation,
            source_ns=chance.choice([0, chance.randint(-3, 3) * scale]),
            class_ns=chance.choice([0, chance.randint(-3, 3) * scale]),
        )


# --- Comparing ---------------------------------------------------------------------


def expected(verdict: Verdict) -> str:
    """Return what we say, in the child's words; a missing class file is told as the source."""
    if verdict.outcome in (Outcome.RAISE, Outcome.NOT_FOUND):
        return f"raise {verdict.exception}"
    return {Outcome.LOAD: "class", Outcome.RECOMPILE: "source"}.get(verdict.outcome, "no cache")


def compare(situations: Sequence[Situation], jython: str, folder: Path) -> list[str]:
    """Return a line for each situation in which Jython decides otherwise."""
    places = [folder / str(number) for number in range(len(situations))]
    ours = []
    for situation, place in zip(situations, places, strict=True):
        situation.build(place)
        verdict = judge_module("mod", [str(place)], "jython-2.7")
        written = None if verdict.writes is None else verdict.writes.path
        ours.append((expected(verdict), written))
    before = [_stamp(situation, place) for situation, place in zip(situations, places, strict=True)]
    answer = ask_jython(jython, {"imports": [(str(place), "mod") for place in places]})
    lines = []
    for index, theirs in enumerate(answer["imports"]):
        situation, (said, written) = situations[index], ours[index]
        did = theirs["outcome"]
        did = f"raise {theirs['exception']}" if did == "raise" else did
        has_written = _stamp(situation, places[index]) != before[index]
        expects_source = situation.source not in ("", _SOURCE, None, "/") and said == "source"
        if expects_source and did.startswith("raise SyntaxError"):
            continue  # whether it compiles is Jython's to say
        if situation.source == "" and said == "source" and did == "nothing":
            continue
        if said != did or has_written != (written is not None):
            lines.append(f"{situation.name}: {said}, writes {written}; {did}, {has_written}")
    return lines


def _stamp(situation: Situation, place: Path) -> tuple[int, int] | None:
    path = place / ("mod/__init__$py.class" if situation.package else "mod$py.class")
    if not path.is_file():
        return None
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def main() -> int:
    """Compare the list, all truncations and situations by chance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    jython = shutil.which("jython")
    if jython is None:
        print("jython is not installed")
        return 2
    situations = [*listed(), *truncated(1), *made(given.examples, given.seed)]
    with tempfile.TemporaryDirectory() as folder:
        lines = compare(situations, jython, Path(folder))
    print("\n".join([*lines, f"{len(situations)} situations, {len(lines)} disagreements"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
