"""Zip files as situations: which members, and how the import is started."""

from __future__ import annotations

import calendar
import io
import time
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from tests.differential.kit import SOURCES, Kit
from tests.differential.situations import T_NS

__all__ = ["Archive", "Member", "ZipSituation", "dos_time", "zip_situations", "zone_situations"]

SOURCE, ELSEWHERE = SOURCES["source"], SOURCES["elsewhere"]
CHECK_MODES = ("default", "always", "never")
#: Larger than every header.
LONGEST = 17

#: The time of every member that has no other, in seconds.
T = T_NS // 10**9

DosTime = tuple[int, int, int, int, int, int]


def dos_time(seconds: int) -> DosTime:
    """Return a time of UTC as zip files tell it."""
    return time.gmtime(seconds)[:6]


_WHEN = dos_time(T)


@dataclass(frozen=True)
class Member:
    """A file in an archive; a name that ends in a slash is a directory."""

    name: str
    content: bytes = b""
    when: DosTime = _WHEN
    compression: int = zipfile.ZIP_STORED


@dataclass(frozen=True)
class Archive:
    """A zip file, with what else stands in the file before and after."""

    members: tuple[Member, ...]
    before: bytes = b""
    comment: bytes = b""

    def to_bytes(self) -> bytes:
        stream = io.BytesIO(self.before)
        stream.seek(0, io.SEEK_END)
        with (
            warnings.catch_warnings(action="ignore"),  # two members may have one name
            zipfile.ZipFile(stream, "a" if self.before else "w") as archive,
        ):
            for member in self.members:
                info = zipfile.ZipInfo(member.name, member.when)
                archive.writestr(info, member.content, member.compression)
            archive.comment = self.comment
        return stream.getvalue()


@dataclass(frozen=True)
class ZipSituation:
    """One question: what does ``import module`` do with an archive in ``sys.path``?

    Args:
        name: says what is special about it.
        archive: the archive, or bytes that are none.
        module: the full name.
        inside: what follows the archive's name in ``sys.path``.
        checks: option ``--check-hash-based-pycs``.
        optimize: how often ``-O`` is given.
        code_raises: what the code raises when it runs, of which pycinspect knows nothing.
    """

    name: str
    archive: Archive | bytes
    module: str = "m"
    inside: str = ""
    checks: str = "default"
    optimize: int = 0
    code_raises: str | None = None


def _situation(name: str, *members: Member, **rest: object) -> ZipSituation:
    return replace(ZipSituation(name, Archive(members)), **rest)  # type: ignore[arg-type]


SOURCE_MEMBER = Member("m.py", SOURCE)
#: With the source beside, and without.
COMPANIES: tuple[tuple[str, tuple[Member, ...]], ...] = (
    ("beside the source", (SOURCE_MEMBER,)),
    ("alone", ()),
)


def zip_situations(kit: Kit) -> Iterator[ZipSituation]:
    """Yield every situation for an oracle."""
    for situations in (_times, _odd_times, _headers, _flags, _hashes, _payloads):
        yield from situations(kit)
    for situations in (_search_order, _places, _directories, _archives):
        yield from situations(kit)


def _times(kit: Kit) -> Iterator[ZipSituation]:
    for off in (-3600, -3, -2, -1, 0, 1, 2, 3, 3600):
        cache = Member("m.pyc", kit.timestamp(mtime_off=off))
        yield _situation(f"time {off:+} s", SOURCE_MEMBER, cache)
        yield _situation(f"time {off:+} s, no source", cache)
    for off in (-1, 1, 2**31):
        cache = Member("m.pyc", kit.timestamp(size_off=off))
        yield _situation(f"size {off:+}", SOURCE_MEMBER, cache)
    both = Member("m.pyc", kit.timestamp(size_off=1, mtime_off=2))
    yield _situation("time and size", SOURCE_MEMBER, both)


def _odd_times(kit: Kit) -> Iterator[ZipSituation]:
    """Yield times that zip files cannot tell, or that no calendar has."""
    strange: dict[str, tuple[DosTime, int]] = {
        "odd second": ((*_WHEN[:5], _WHEN[5] + 1), T),
        "31 February": ((2023, 2, 31, 0, 0, 0), calendar.timegm((2023, 3, 3, 0, 0, 0))),
        "month 15": ((2023, 15, 1, 0, 0, 0), calendar.timegm((2024, 3, 1, 0, 0, 0))),
        "25 o'clock": ((2023, 1, 1, 25, 61, 62), calendar.timegm((2023, 1, 2, 2, 2, 2))),
        "2038": (dos_time(2**31), 2**31),
        "2106": (dos_time(2**32), 2**32),
        "2107": ((2107, 12, 31, 23, 59, 58), calendar.timegm((2107, 12, 31, 23, 59, 58))),
    }
    if not kit.oracle.name.startswith("pypy"):  # its mktime takes month 0 for January
        zero = calendar.timegm((1979, 11, 30, 0, 0, 0))
        strange["all zero"] = ((1980, 0, 0, 0, 0, 0), zero)
    for name, (when, seconds) in strange.items():
        for off in (-2, -1, 0, 1, 2):
            cache = kit.timestamp(mtime_ns=seconds * 10**9, mtime_off=off)
            yield _situation(
                f"{name} {off:+} s", Member("m.py", SOURCE, when), Member("m.pyc", cache)
            )


def _headers(kit: Kit) -> Iterator[ZipSituation]:
    good = kit.timestamp()
    magics = {"zero": bytes(4), "text mode": good[:2] + b"\n\0", "other": b"\xff\xff\r\n"}
    for company, members in COMPANIES:
        for name, magic in magics.items():
            cache = Member("m.pyc", kit.timestamp(magic=magic))
            yield _situation(f"magic {name}, {company}", *members, cache)
        for length in range(LONGEST):
            cache = Member("m.pyc", good[:length])
            name = f"{length} bytes, {company}"
            yield _situation(name, *members, cache)
            cache = Member("m.pyc", (b"\0" + good[1:])[:length])
            yield _situation(f"{length} bytes, bad magic, {company}", *members, cache)


def _flags(kit: Kit) -> Iterator[ZipSituation]:
    if not kit.has_flags:
        return
    for (company, members), flags, mode in product(
        COMPANIES, (0, 1, 2, 3, 4, 5, 6, 7, 2**31), CHECK_MODES
    ):
        for off in (0, 2):
            cache = Member("m.pyc", kit.timestamp(flags=flags, mtime_off=off))
            name = f"flags {flags}, time {off:+} s, {mode}, {company}"
            yield _situation(name, *members, cache, checks=mode)


def _hashes(kit: Kit) -> Iterator[ZipSituation]:
    if not kit.has_flags:
        return
    for (company, members), flags, right, mode in product(
        COMPANIES, (1, 2, 3), (True, False), CHECK_MODES
    ):
        for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            packed = [replace(member, compression=compression) for member in members]
            cache = Member("m.pyc", kit.hashed(flags=flags, right=right), compression=compression)
            name = f"hash {right}, flags {flags}, {mode}, {company}, compression {compression}"
            yield _situation(name, *packed, cache, checks=mode)


def _payloads(kit: Kit) -> Iterator[ZipSituation]:
    good = kit.timestamp()
    header = good[: kit.header_size]
    stale = kit.timestamp(mtime_off=2)[: kit.header_size]
    for company, members in COMPANIES:
        for name, content in (("header alone", header), ("stale header alone", stale)):
            yield _situation(f"{name}, {company}", *members, Member("m.pyc", content))
        for name, content in (
            ("not code", header + b"N"),
            ("unknown letter", header + b"?"),
            ("cut off", good[:-20]),
            ("null", header + b"0"),
        ):
            yield _situation(f"{name}, {company}", *members, Member("m.pyc", content))
        cache = Member("m.pyc", stale + b"?")
        yield _situation(f"stale and broken, {company}", *members, cache)
        cache = Member("m.pyc", kit.timestamp("raising cache"))
        yield _situation(f"raises, {company}", *members, cache, code_raises="RuntimeError")


def _search_order(kit: Kit) -> Iterator[ZipSituation]:
    """Yield all sets of candidates: bytecode fresh, stale, of another Python or absent."""
    off: dict[str, Any] = {
        "fresh": {},
        "stale": {"mtime_off": 2},
        "bad": {"magic": bytes(4)},
        "none": None,
    }
    optimized = ("fresh", "none") if kit.tag is None else ("none",)
    suffixes = ("/__init__.pyc", ".pyc", ".pyo", "/__init__.pyo")
    markers = ("cache", "other cache", "legacy", "third cache")
    sources = (Member("m/__init__.py", ELSEWHERE), SOURCE_MEMBER)
    for kinds in product(off, off, optimized, optimized):
        bytecode = [
            Member(f"m{suffix}", kit.timestamp(marker, **off[kind]))
            for suffix, kind, marker in zip(suffixes, kinds, markers, strict=True)
            if kind != "none"
        ]
        for beside in ((), sources[:1], sources[1:], sources):
            names = [*kinds, *(member.name for member in beside)]
            for optimize in (0, 1):
                name = f"search {' '.join(names)} -O{optimize}"
                yield _situation(name, *beside, *bytecode, optimize=optimize)
    wrong_size = kit.timestamp(source=ELSEWHERE)
    yield _situation("fits the other source", *sources, Member("m.pyc", wrong_size))
    yield _situation("source", SOURCE_MEMBER)
    yield _situation("crlf", Member("m.py", SOURCES["crlf"]))
    yield _situation("empty source", Member("m.py"))
    yield _situation("nothing", Member("n.py", SOURCE))
    yield _situation("other case", Member("M.py", SOURCE), Member("M.pyc", kit.timestamp()))
    tag = kit.tag or "none"
    cached = Member(f"__pycache__/m.{tag}.pyc", kit.timestamp())
    yield _situation("__pycache__ beside the source", SOURCE_MEMBER, cached)
    yield _situation("__pycache__ alone", cached)


def _places(kit: Kit) -> Iterator[ZipSituation]:
    cache = kit.timestamp()
    deep = (Member("sub/m.py", SOURCE), Member("sub/m.pyc", cache), Member("m.py", ELSEWHERE))
    slash = ("/",) if kit.tag is not None else ()  # to 2.7 a directory without a name
    for inside in ("", *slash, "/sub", "/sub/", "/missing", "/sub/m.py", "/sub/deeper"):
        yield _situation(f"place {inside!r}", *deep, inside=inside)
    deeper = (Member("a/b/m.pyc", cache), Member("a/m.py", SOURCE))
    for inside in ("/a", "/a/b", "/b"):
        yield _situation(f"place {inside!r}, deeper", *deeper, inside=inside)
    package = (Member("p/__init__.py", ELSEWHERE), Member("p/m.py", SOURCE))
    stale = Member("p/m.pyc", kit.timestamp(mtime_off=2))
    fresh = Member("p/m.pyc", cache)
    for name, members in (("source", ()), ("stale", (stale,)), ("fresh", (fresh,))):
        yield _situation(f"submodule: {name}", *package, *members, module="p.m")
    yield _situation("submodule missing", *package, module="p.q")
    yield _situation("package missing", *package, module="q.m")
    yield _situation("submodule of a module", SOURCE_MEMBER, module="m.x")
    bytecode = (Member("p/__init__.pyc", cache), Member("p/m.pyc", kit.timestamp("other cache")))
    yield _situation("bytecode only", *bytecode, module="p.m")
    bad = Member("p/__init__.pyc", kit.timestamp(magic=bytes(4)))
    hidden = (bad, Member("p.py", ELSEWHERE), Member("p/m.py", SOURCE))
    yield _situation("module in the place of a package", *hidden, module="p")
    yield _situation("submodule of a module in the place of a package", *hidden, module="p.m")
    beside = Member("m.py", SOURCE)
    yield _situation("beside a module in the place of a package", *hidden, beside, module="p.m")
    yield _situation("package that fails", bad, Member("p/m.py", SOURCE), module="p.m")


def _directories(kit: Kit) -> Iterator[ZipSituation]:
    inner = Member("m/x.py", SOURCE)
    entry = Member("m/")
    text = Member("m/data.txt", b"text")
    deep = Member("m/a/b/x.py", SOURCE)
    for module in ("m", "m.x", "m.y"):
        yield _situation(f"implicit directory: {module}", inner, module=module)
        yield _situation(f"explicit directory: {module}", entry, inner, module=module)
        yield _situation(f"explicit directory last: {module}", inner, entry, module=module)
    yield _situation("directory of texts", text)
    yield _situation("empty directory", entry)
    for module in ("m", "m.a", "m.a.b", "m.a.b.x"):
        yield _situation(f"deep implicit directory: {module}", deep, module=module)
        entries = (Member("m/"), Member("m/a/"), Member("m/a/b/"))
        yield _situation(f"deep explicit directory: {module}", *entries, deep, module=module)
        yield _situation(f"one explicit directory: {module}", entries[1], deep, module=module)
    yield _situation("directory beside a module", entry, inner, SOURCE_MEMBER)
    yield _situation("directory under its archive", entry, inner, module="x", inside="/m")
    yield _situation("no directory under its archive", inner, module="x", inside="/m")


def _archives(kit: Kit) -> Iterator[ZipSituation]:
    cache = Member("m.pyc", kit.timestamp())
    stale = Member("m.pyc", kit.timestamp("other cache", mtime_off=2))
    other = Member("m.py", ELSEWHERE)
    for order in ((cache, stale), (stale, cache)):
        names = " ".join("fresh" if member is cache else "stale" for member in order)
        yield _situation(f"twice: {names}", SOURCE_MEMBER, *order)
    yield _situation("two sources", SOURCE_MEMBER, other)
    yield _situation("two sources, one cache", other, SOURCE_MEMBER, cache)
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        members = [replace(member, compression=compression) for member in (SOURCE_MEMBER, cache)]
        yield _situation(f"compression {compression}", *members)
        yield _situation(f"compression {compression}, source", members[0])
    both = (SOURCE_MEMBER, cache)
    yield ZipSituation("archive after a program", Archive(both, before=b"#!/bin/sh\n" * 9))
    yield ZipSituation("empty archive", Archive(()))
    yield ZipSituation("no archive", b"This is text.\n")
    yield ZipSituation("empty file", b"")
    yield ZipSituation("archive that is cut off", Archive(both).to_bytes()[:-30])
    yield ZipSituation("archive with a comment", Archive(both, comment=b"comment"))


#: Hours that a clock with daylight saving time skips or shows twice are among them.
_ZONE_TIMES = (
    (2023, 11, 14, 22, 13, 20),
    (2023, 7, 1, 12, 0, 0),
    (2023, 3, 12, 2, 30, 0),
    (2023, 11, 5, 1, 30, 0),
    (1980, 1, 1, 0, 0, 0),
)


def zone_situations(kit: Kit) -> Iterator[ZipSituation]:
    """Yield caches that are fresh in one time zone and stale in others."""
    for when in _ZONE_TIMES:
        utc = calendar.timegm(when)
        for hours in (-9, -5.75, 0, 4, 5):
            for off in (-2, -1, 0, 1, 2):
                cache = kit.timestamp(mtime_ns=int(utc + hours * 3600) * 10**9, mtime_off=off)
                members = (Member("m.py", SOURCE, when), Member("m.pyc", cache))
                yield _situation(f"{when} {hours:+} h {off:+} s", *members)
