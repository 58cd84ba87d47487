"""Situations by hand: every rule of the importer, and every trap that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from struct import pack

from tests.differential.kit import SOURCES, Kit
from tests.differential.situations import (
    T_NS,
    Directory,
    File,
    Link,
    Node,
    Situation,
    Start,
)

__all__ = ["TABLES", "table_situations"]

_SECOND = 10**9
_SOURCE = SOURCES["source"]
_PLAIN = Start()

# Modes are checked as an ordinary user, see tests.privileges.
_UNREADABLE = 0o000
_UNWRITABLE = 0o555


def _module(
    kit: Kit,
    name: str,
    cache: bytes | None = None,
    *more: Node,
    source: bytes = _SOURCE,
    mtime_ns: int = T_NS,
    mode: int = 0o644,
    start: Start = _PLAIN,
) -> Situation:
    """Return the plain situation: ``d/m.py``, perhaps its cache, perhaps more."""
    nodes: list[Node] = [File("d/m.py", source, mtime_ns, mode)]
    if cache is not None:
        nodes.append(File(kit.cache_path("d/m.py", start.optimize), cache))
    return Situation(name, (*nodes, *more), start=start)


def _tree(name: str, *nodes: Node, start: Start = _PLAIN, module: str = "m") -> Situation:
    return Situation(name, nodes, start=start, module=module)


# --- Headers ------------------------------------------------------------------------


def headers(kit: Kit) -> Iterator[Situation]:
    """Each field right and wrong; importer.md 4.1, 4.4 and 4.5."""
    yield _module(kit, "no cache")
    yield _module(kit, "fresh", kit.timestamp())
    yield _module(kit, "trailing bytes", kit.timestamp() + b"tail")
    for off in (1, -1, 5, 2**31, 86400):
        yield _module(kit, f"mtime off by {off}", kit.timestamp(mtime_off=off))
    for off in (1, -1, 2**31):
        yield _module(kit, f"size off by {off}", kit.timestamp(size_off=off))
    yield _module(kit, "mtime and size off", kit.timestamp(mtime_off=1, size_off=1))
    for marker, source in SOURCES.items():
        yield _module(kit, f"source: {marker}", source=source)
        fresh = kit.timestamp(source=source)
        yield _module(kit, f"source: {marker}, fresh", fresh, source=source)
        stale = kit.timestamp(source=source, mtime_off=1)
        yield _module(kit, f"source: {marker}, stale", stale, source=source)
    yield _module(kit, "raising cache", kit.timestamp("raising cache"))


def cuts(kit: Kit) -> Iterator[Situation]:
    """Every length up to that of the header, of good and bad caches; 4.2."""
    bad_magic = b"\x00\x00\r\n"
    caches = {
        "fresh": kit.timestamp(),
        "stale": kit.timestamp(mtime_off=1),
        "bad magic": kit.timestamp(magic=bad_magic),
    }
    if kit.has_flags:
        caches["checked"] = kit.hashed()
        caches["unchecked"] = kit.hashed(flags=0b01)
        caches["wrong hash"] = kit.hashed(right=False)
        caches["unknown flag"] = kit.timestamp(flags=0b100)
    for kind, whole in caches.items():
        for length in range(kit.header_size + 1):
            yield _module(kit, f"{kind}, cut at {length}", whole[:length])
            yield _tree(f"sourceless {kind}, cut at {length}", File("d/m.pyc", whole[:length]))
    yield _module(kit, "stale, one byte of code", caches["stale"][: kit.header_size + 1])


def magics(kit: Kit) -> Iterator[Situation]:
    """Other interpreters' numbers, and files that went through text mode."""
    own = kit.magic
    others = {
        "cpython-2.7": 62211,
        "cpython-3.6": 3379,
        "cpython-3.8": 3413,
        "cpython-3.12": 3531,
        "pypy-3.9": 336,
        "one more": int.from_bytes(own[:2], "little") + 1,
        "one less": int.from_bytes(own[:2], "little") - 1,
    }
    numbers = {name: pack("<H", word) + b"\r\n" for name, word in others.items()}
    tails = {
        f"own with {tail!r}": own[:2] + tail for tail in (b"\n\x00", b"\n\r", b"\r\r", b"\0\0")
    }
    for name, magic in {**numbers, **tails, "zeros": bytes(4)}.items():
        yield _module(kit, f"magic: {name}", kit.timestamp(magic=magic))
        sourceless = kit.timestamp(magic=magic)
        yield _tree(f"sourceless magic: {name}", File("d/m.pyc", sourceless))


def flags(kit: Kit) -> Iterator[Situation]:
    """The flags of PEP 552 and what --check-hash-based-pycs makes of them; 4.1."""
    if not kit.has_flags:
        return
    for bits in (*range(8), 0x100, 0x1_0001, 0x8000_0000, 0x8000_0003, 0xFFFF_FFFF):
        for mode in ("default", "always", "never"):
            start = Start(check_hash_based_pycs=mode)
            name = f"flags {bits:#x}, {mode}"
            yield _module(kit, f"{name}, right hash", kit.hashed(flags=bits), start=start)
            wrong = kit.hashed(flags=bits, right=False)
            yield _module(kit, f"{name}, wrong hash", wrong, start=start)
            yield _module(kit, f"{name}, right mtime", kit.timestamp(flags=bits), start=start)
            stale = kit.timestamp(flags=bits, mtime_off=1)
            yield _module(kit, f"{name}, wrong mtime", stale, start=start)
            yield _tree(f"{name}, sourceless", File("d/m.pyc", wrong), start=start)


def hashed_sources(kit: Kit) -> Iterator[Situation]:
    """Hashes are of the raw bytes, and a hash does not need a readable source; 4.1."""
    if not kit.has_flags:
        return
    for marker, source in SOURCES.items():
        for bits in (0b01, 0b11):
            name = f"{marker}, flags {bits}"
            cache = kit.hashed(source=source, flags=bits)
            yield _module(kit, f"hash of {name}", cache, source=source)
            wrong = kit.hashed(source=source, flags=bits, right=False)
            yield _module(kit, f"wrong hash of {name}", wrong, source=source)
    touched = kit.hashed()
    yield _module(kit, "hash, source touched", touched, mtime_ns=T_NS + 9 * _SECOND)
    bad = kit.hashed(magic=b"\x00\x00\r\n")
    yield _module(kit, "hash, bad magic", bad)
    for bits in (0b01, 0b11):
        for mode in ("default", "always", "never"):
            start = Start(check_hash_based_pycs=mode)
            cache = kit.hashed(flags=bits)
            name = f"flags {bits}, {mode}, unreadable source"
            yield _module(kit, name, cache, mode=_UNREADABLE, start=start)


# --- Times and sizes -----------------------------------------------------------------

#: Times in nanoseconds by what is special about them; importer.md 4.3.
_TIMES: Mapping[str, int] = {
    **{
        f"fraction {fraction}": T_NS + fraction
        for fraction in (1, 5 * 10**8, 999_999_879, 999_999_880, 999_999_881, 999_999_999)
    },
    "1970": 0,
    "a second into 1970": _SECOND,
    "half a second before 1970": -_SECOND // 2,
    "a second before 1970": -_SECOND,
    "1.5 s before 1970": -_SECOND * 3 // 2,
    "1965": -5 * 365 * 86400 * _SECOND,
    "smallest signed word": -(2**31) * _SECOND,
    "largest signed word": (2**31 - 1) * _SECOND,
    "2038": 2**31 * _SECOND,
    "2038 and a fraction": 2**31 * _SECOND + 999_999_999,
    "largest word": (2**32 - 1) * _SECOND,
    "largest word, rounded up": (2**32 - 1) * _SECOND + 999_999_999,
    "2106": 2**32 * _SECOND,
    "2106 and 5 s": (2**32 + 5) * _SECOND,
    "2106 and 2**31 s": (2**32 + 2**31) * _SECOND,
}


def times(kit: Kit) -> Iterator[Situation]:
    """Times that do not fit the word, and fractions that a double rounds; 4.3."""
    for name, mtime_ns in _TIMES.items():
        yield _module(kit, f"time: {name}, no cache", mtime_ns=mtime_ns)
        for off in (0, 1, -1):
            cache = kit.timestamp(mtime_ns=mtime_ns, mtime_off=off)
            yield _module(kit, f"time: {name}, off by {off}", cache, mtime_ns=mtime_ns)
        hashed = kit.hashed() if kit.has_flags else kit.timestamp(mtime_ns=mtime_ns)
        yield _module(kit, f"time: {name}, hash", hashed, mtime_ns=mtime_ns)


def sizes(kit: Kit) -> Iterator[Situation]:
    """A source of 4 GiB and some: sizes are compared modulo 2**32."""
    source = File("d/m.py", _SOURCE, sparse_size=2**32 + len(_SOURCE))
    cache = File(kit.cache_path("d/m.py"), kit.timestamp())
    yield _tree("4 GiB source, fresh", source, cache)


# --- Files that are not plain files ------------------------------------------------------


def links(kit: Kit) -> Iterator[Situation]:
    """Links are followed when reading and replaced when writing; 4.2 and 5."""
    cache = kit.cache_path("d/m.py")
    source, name = File("d/m.py", _SOURCE), kit.cache_name("d/m.py") if kit.tag else "m.pyc"
    up = "../x/" if kit.tag is None else "../../x/"
    for kind, content in {"fresh": kit.timestamp(), "stale": kit.timestamp(mtime_off=1)}.items():
        target = File("x/cache", content)
        yield _tree(f"link to a {kind} cache", source, target, Link(cache, f"{up}cache"))
        real = File("x/m.py", _SOURCE)
        yield _tree(
            f"link to source, {kind}", Link("d/m.py", "../x/m.py"), real, File(cache, content)
        )
        beside = File(kit.cache_path("x/m.py"), content)
        yield _tree(f"linked source, {kind} there", Link("d/m.py", "../x/m.py"), real, beside)
        directory = Link("d/__pycache__", "../x")
        yield _tree(f"linked directory, {kind}", source, directory, File(f"x/{name}", content))
        inside = File(kit.cache_path("x/m.py"), content)
        yield _tree(f"linked search path, {kind}", Link("d", "x"), real, inside)
    yield _tree("dangling link to a cache", source, Link(cache, f"{up}nothing"))
    yield _tree("link to itself as cache", source, Link(cache, name))
    yield _tree("link to a directory as cache", source, Link(cache, "."))
    legacy = File("d/m.pyc", kit.timestamp("legacy"))
    yield _tree("dangling source", Link("d/m.py", "nothing"), legacy)
    yield _tree(
        "dangling source and cache", Link("d/m.py", "nothing"), File(cache, kit.timestamp())
    )
    yield _tree("dangling directory for caches", source, Link("d/__pycache__", "nothing"))


def in_the_way(kit: Kit) -> Iterator[Situation]:
    """Directories where files should be, and the other way round; 3.4 and 4.2."""
    cache = kit.cache_path("d/m.py")
    source = File("d/m.py", _SOURCE)
    yield _tree("cache is a directory", source, Directory(cache))
    yield _tree("cache is a full directory", source, File(f"{cache}/x", b"x"))
    yield _tree("__pycache__ is a file", source, File("d/__pycache__", b"x"))
    yield _tree("source is a directory", Directory("d/m.py"))
    legacy = File("d/m.pyc", kit.timestamp("legacy"))
    yield _tree("source is a directory, legacy cache", Directory("d/m.py"), legacy)
    yield _tree("legacy cache is a directory", Directory("d/m.pyc"))
    yield _tree("package's init is a directory", Directory("d/m/__init__.py"), source)
    yield _tree("package is a file", File("d/m", b"x"), source)
    yield _tree("extension is a directory", Directory(f"d/m{kit.extensions[0]}"), source)
    yield _tree("search path is a file", File("d", b"x"))
    yield _tree("search path is missing", File("e/m.py", _SOURCE))


# --- Rights -----------------------------------------------------------------------------


def modes(kit: Kit) -> Iterator[Situation]:
    """The source's mode goes into the cache's, less the umask; 5."""
    stale = kit.timestamp(mtime_off=1)
    for mode in (
        0o400,
        0o444,
        0o600,
        0o604,
        0o644,
        0o664,
        0o666,
        0o755,
        0o777,
        0o1644,
        0o2755,
        0o4777,
    ):
        for umask in (0o000, 0o022, 0o077, 0o027):
            start = Start(umask=umask)
            name = f"source {mode:04o}, umask {umask:03o}"
            yield _module(kit, f"{name}, no cache", mode=mode, start=start)
            yield _module(kit, f"{name}, stale", stale, mode=mode, start=start)
    for umask in (0o777, 0o333, 0o222, 0o400, 0o200, 0o100):
        start = Start(umask=umask)
        yield _module(kit, f"umask {umask:03o}, no directory", start=start)
        yield _module(kit, f"umask {umask:03o}, stale", stale, start=start)


def rights(kit: Kit) -> Iterator[Situation]:
    """What cannot be read, written or searched; 4.1 and 4.2."""
    path = kit.cache_path("d/m.py")
    source = File("d/m.py", _SOURCE)
    fresh, stale = kit.timestamp(), kit.timestamp(mtime_off=1)
    legacy = File("d/m.pyc", kit.timestamp("legacy"))
    for kind, content in {"fresh": fresh, "stale": stale}.items():
        yield _tree(f"unreadable {kind} cache", source, File(path, content, mode=_UNREADABLE))
        yield _tree(f"read-only {kind} cache", source, File(path, content, mode=0o444))
        yield _tree(f"execute-only {kind} cache", source, File(path, content, mode=0o111))
        for mode in (0o555, 0o444, 0o333, 0o300, 0o666, 0o000):
            for directory in {"d", path.rpartition("/")[0]}:
                nodes = (source, File(path, content), Directory(directory, mode))
                yield _tree(f"{kind} cache, {directory} {mode:03o}", *nodes)
        yield _module(kit, f"unreadable source, {kind}", content, mode=_UNREADABLE)
        yield _module(kit, f"unreadable source, {kind}, legacy", content, legacy, mode=_UNREADABLE)
        yield _module(kit, f"write-only source, {kind}", content, mode=0o200)
    yield _module(kit, "unreadable source, no cache", mode=_UNREADABLE)
    yield _tree("no cache, unwritable directory", source, Directory("d", _UNWRITABLE))
    yield _tree("no cache, empty unwritable", source, Directory("d/__pycache__", _UNWRITABLE))
    yield _tree("unreadable legacy cache", File("d/m.pyc", fresh, mode=_UNREADABLE))
    sub, legacy_init = File("d/m/s.py", SOURCES["crlf"]), File("d/m/__init__.pyc", fresh)
    for mode in (0o000, 0o200, 0o400):
        init = File("d/m/__init__.py", SOURCES["elsewhere"], mode=mode)
        for module in ("m", "m.s"):
            name = f"{module} with package's init {mode:03o}"
            yield _tree(name, init, sub, source, module=module)
            yield _tree(f"{name} and bytecode", init, sub, legacy_init, module=module)
    for mode in (0o000, 0o444, 0o111):
        package = (File("d/m/__init__.py", SOURCES["elsewhere"]), Directory("d/m", mode))
        yield _tree(f"package {mode:03o}", *package)
        yield _tree(f"package {mode:03o} and module", *package, source)


# --- Starting the import ------------------------------------------------------------------


def options(kit: Kit) -> Iterator[Situation]:
    """-B and -O; 3.1 and 3.3."""
    stale = kit.timestamp(mtime_off=1)
    unwritten = Start(dont_write_bytecode=True)
    yield _module(kit, "-B, no cache", start=unwritten)
    yield _module(kit, "-B, fresh", kit.timestamp(), start=unwritten)
    yield _module(kit, "-B, stale", stale, start=unwritten)
    yield _module(kit, "-B, bad cache", b"", start=unwritten)
    for level in (0, 1, 2, 3):
        start = Start(optimize=level)
        yield _module(kit, f"-O * {level}, no cache", start=start)
        yield _module(kit, f"-O * {level}, fresh", kit.timestamp(), start=start)
        yield _module(kit, f"-O * {level}, stale", stale, start=start)
        for other in {0, 1, 2} - {level}:
            cache = File(kit.cache_path("d/m.py", other), kit.timestamp("other cache"))
            if kit.tag is not None:
                yield _module(kit, f"-O * {level}, only {other}", None, cache, start=start)
        for suffix in (".pyc", ".pyo"):
            file = File(f"d/m{suffix}", kit.timestamp("legacy"))
            yield _tree(f"-O * {level}, only m{suffix}", file, start=start)
        both = [File(f"d/m{suffix}", kit.timestamp("legacy")) for suffix in (".pyc", ".pyo")]
        yield _tree(f"-O * {level}, both", *both, start=start)
        yield _tree(f"-O * {level}, both and source", File("d/m.py", _SOURCE), *both, start=start)


#: Values of sys.pycache_prefix, and where the tree has them.
_PREFIXES = {
    "{root}/p": "p",
    "{root}/p/": "p",
    "{root}/p/../q": "q",
    "p": "p",
    "./p": "p",
    "p/../q": "q",
    "{root}//p": "p",
}


def prefixes(kit: Kit) -> Iterator[Situation]:
    """Caches under another root; before 3.8 the prefix is ignored; 3.2."""
    fresh, stale = kit.timestamp(), kit.timestamp(mtime_off=1)
    beside = File(kit.cache_path("d/m.py"), kit.timestamp("other cache"))
    for prefix, directory in _PREFIXES.items():
        start = Start(pycache_prefix=prefix)
        place = Directory(directory)
        yield _module(kit, f"prefix {prefix}, no directory", start=start)
        yield _module(kit, f"prefix {prefix}, no cache", None, place, start=start)
        yield _module(kit, f"prefix {prefix}, only beside", None, place, beside, start=start)
        if kit.tag is None:
            continue
        # The directory "p" makes "p/../q" a path that exists.
        for kind, content in {"fresh": fresh, "stale": stale}.items():
            cache = File(kit.prefixed(directory, "d/m.py"), content)
            nodes = (cache, Directory("p"))
            yield _module(kit, f"prefix {prefix}, {kind}", None, *nodes, start=start)
            yield _module(kit, f"prefix {prefix}, {kind}, both", None, *nodes, beside, start=start)
    start = Start(pycache_prefix="{root}/p")
    yield _module(kit, "prefix is a file", None, File("p", b"x"), start=start)
    yield _module(kit, "unwritable prefix", None, Directory("p", _UNWRITABLE), start=start)
    yield _module(kit, "empty prefix", fresh, start=Start(pycache_prefix=""))
    source = (File("d/m.py", _SOURCE),)
    yield Situation("prefix, relative path", source, path=("d",), start=start)


def search_paths(kit: Kit) -> Iterator[Situation]:
    """Relative entries, empty entries, odd spellings, several of them; 3.2 and 3.4."""
    fresh = kit.timestamp()
    nodes: tuple[Node, ...] = (File("d/m.py", _SOURCE), File(kit.cache_path("d/m.py"), fresh))
    for entry in ("d", "./d", "d/", "d/.", "d/../d", "{root}/d/", "{root}//d", "{root}/e/../d"):
        for kind, tree in {"no cache": nodes[:1], "fresh": nodes}.items():
            situation = (*tree, Directory("e"))
            yield Situation(f"path {entry!r}, {kind}", situation, path=(entry,))
            prefix = Start(pycache_prefix="p")
            name = f"path {entry!r}, {kind}, prefix"
            yield Situation(name, situation, path=(entry,), start=prefix)
    here = (File("m.py", _SOURCE), File(kit.cache_path("m.py"), fresh))
    for entry in ("", ".", "{root}", "{root}/"):
        yield Situation(f"path {entry!r}", here[:1], path=(entry,))
        yield Situation(f"path {entry!r}, fresh", here, path=(entry,))
        start = Start(pycache_prefix="p")
        yield Situation(f"path {entry!r}, prefix", here[:1], path=(entry,), start=start)
    yield Situation("no path", nodes, path=())
    second = (*nodes, File("e/m.py", SOURCES["elsewhere"]))
    for first in (second[1:], second, second[:2]):
        yield Situation(f"two entries, {len(first)} files", first, path=("{root}/e", "{root}/d"))


# --- Which file ---------------------------------------------------------------------------


def candidates(kit: Kit) -> Iterator[Situation]:
    """Every pair of files that a name can stand for; 3.4."""
    fresh = kit.timestamp()
    files: dict[str, Node] = {
        "source": File("d/m.py", _SOURCE),
        "bytecode": File("d/m.pyc", kit.timestamp("legacy")),
        "optimized bytecode": File("d/m.pyo", kit.timestamp("legacy")),
        "stale bytecode": File("d/m.pyc", kit.timestamp("legacy", mtime_off=1)),
        "cache": File(kit.cache_path("d/m.py"), fresh),
        "directory": Directory("d/m"),
        "package": File("d/m/__init__.py", SOURCES["elsewhere"]),
        "package's bytecode": File("d/m/__init__.pyc", kit.timestamp("other cache")),
        "package's cache": File(kit.cache_path("d/m/__init__.py"), kit.timestamp("third cache")),
        "package's extension": File(f"d/m/__init__{kit.extensions[0]}", b"garbage"),
        **{f"extension {suffix}": File(f"d/m{suffix}", b"garbage") for suffix in kit.extensions},
        "foreign extension": File("d/m.cpython-01-x.so", b"garbage"),
        "windows source": File("d/m.pyw", _SOURCE),
    }
    names = list(files)
    for number, name in enumerate(names):
        yield _tree(f"only {name}", files[name])
        for other in names[number + 1 :]:
            if files[name].path != files[other].path:
                yield _tree(f"{name} and {other}", files[name], files[other])


def packages(kit: Kit) -> Iterator[Situation]:
    """Packages, their submodules and namespace packages; 3.4."""
    init, sub = File("d/m/__init__.py", SOURCES["elsewhere"]), File("d/m/s.py", _SOURCE)
    fresh = (
        File(kit.cache_path("d/m/__init__.py"), kit.timestamp("other cache", source=init.content)),
        File(kit.cache_path("d/m/s.py"), kit.timestamp()),
    )
    yield _tree("package", init)
    yield _tree("submodule", init, sub, module="m.s")
    yield _tree("submodule, fresh", init, sub, *fresh, module="m.s")
    yield _tree("submodule, one fresh", init, sub, fresh[1], module="m.s")
    yield _tree("submodule, missing", init, module="m.s")
    yield _tree("submodule of nothing", sub, module="x.s")
    yield _tree("submodule of a module", File("d/m.py", _SOURCE), module="m.s")
    yield _tree(
        "sourceless package", File("d/m/__init__.pyc", kit.timestamp("legacy")), sub, module="m.s"
    )
    yield _tree(
        "package that raises", File("d/m/__init__.py", SOURCES["raises"]), sub, module="m.s"
    )
    bad = File("d/m/__init__.py", SOURCES["syntax error"])
    yield _tree("package that does not compile", bad, sub, module="m.s")
    yield _tree(
        "package with a bad cache",
        init,
        File(kit.cache_path(init.path), kit.timestamp(source=init.content)[: kit.header_size]),
        sub,
        module="m.s",
    )
    yield _tree(
        "deep",
        init,
        File("d/m/n/__init__.py", SOURCES["crlf"]),
        File("d/m/n/s.py", _SOURCE),
        module="m.n.s",
    )
    # Namespace packages.
    yield _tree("namespace", sub, module="m.s")
    yield _tree("namespace alone", sub)
    yield _tree("namespace, fresh submodule", sub, fresh[1], module="m.s")
    yield _tree("namespace, cached init alone", fresh[0], sub, module="m.s")
    both = ("{root}/d", "{root}/e")
    elsewhere = File("e/m/t.py", SOURCES["elsewhere"])
    for module in ("m", "m.s", "m.t", "m.u"):
        yield Situation(f"namespace of two portions: {module}", (sub, elsewhere), module, both)
    later = File("e/m.py", SOURCES["elsewhere"])
    yield Situation("namespace, later module", (sub, later), "m", both)
    package = File("e/m/__init__.py", SOURCES["elsewhere"])
    yield Situation("namespace, later package", (sub, package), "m.s", both)
    yield Situation(
        "empty directory, later bytecode",
        (Directory("d/m"), File("e/m.pyc", kit.timestamp("legacy"))),
        "m",
        both,
    )


def names(kit: Kit) -> Iterator[Situation]:
    """Letters of another case, of another alphabet and of none; no cache tag at all; 3.1."""
    fresh = kit.timestamp()
    for file in ("d/M.py", "d/m.PY", "d/m.Py", "d/m.pyC", "d/m.py.py", "d/.py", "d/m."):
        yield _tree(f"only {file}", File(file, _SOURCE))
    yield _tree("package M", File("d/M/__init__.py", _SOURCE))
    if kit.tag is None:
        return
    for name in ("\u00fcml\u00e4ut", "\u540d", "a" * 200, "_"):
        nodes = (File(f"d/{name}.py", _SOURCE), File(kit.cache_path(f"d/{name}.py"), fresh))
        yield _tree(f"module {name}, no cache", *nodes[:1], module=name)
        yield _tree(f"module {name}, fresh", *nodes, module=name)
    untagged = Start(has_tag=False)
    yield _module(kit, "no tag, no cache", start=untagged)
    yield _module(kit, "no tag, fresh", fresh, start=untagged)
    yield _tree("no tag, sourceless", File("d/m.pyc", fresh), start=untagged)
    yield _tree("no tag, missing", start=untagged)
    if kit.oracle.kind == "native":  # node knows no such names
        odd = "o\udcff"
        nodes = (File(f"{odd}/m.py", _SOURCE), File(kit.cache_path(f"{odd}/m.py"), fresh))
        yield Situation("undecodable path", nodes[:1], path=(f"{{root}}/{odd}",))
        yield Situation("undecodable path, fresh", nodes, path=(f"{{root}}/{odd}",))


def sourceless(kit: Kit) -> Iterator[Situation]:
    """Bytecode in the source's place: nothing falls back; 4.6."""
    header = kit.timestamp()[: kit.header_size]
    contents = {
        "good": kit.timestamp("legacy"),
        "empty": b"",
        "without code": header,
        "with garbage": b"garbage",
        "bad magic": kit.timestamp(magic=b"\x00\x00\r\n"),
        "wrong numbers": kit.timestamp("legacy", mtime_off=1, size_off=1),
    }
    later = File("e/m.py", SOURCES["elsewhere"])
    for name, content in contents.items():
        for level in (0, 1):
            start = Start(optimize=level)
            suffix = ".pyo" if kit.tag is None and level else ".pyc"
            file = File(f"d/m{suffix}", content)
            yield _tree(f"sourceless {name}, -O * {level}", file, start=start)
        both = ("{root}/d", "{root}/e")
        yield Situation(
            f"sourceless {name}, later source", (File("d/m.pyc", content), later), path=both
        )
        package = File("d/m/__init__.pyc", content)
        yield _tree(f"sourceless package {name}", package, File("d/m.py", _SOURCE))


#: Every table by its name.
TABLES: Mapping[str, Callable[[Kit], Iterable[Situation]]] = {
    table.__name__: table
    for table in (
        headers,
        cuts,
        magics,
        flags,
        hashed_sources,
        times,
        sizes,
        links,
        in_the_way,
        modes,
        rights,
        options,
        prefixes,
        search_paths,
        candidates,
        packages,
        names,
        sourceless,
    )
}


def table_situations(kit: Kit) -> list[Situation]:
    """Return every situation of every table."""
    return [situation for table in TABLES.values() for situation in table(kit)]
