"""PyPy, GraalPy and the other implementations."""

from __future__ import annotations

from dataclasses import replace

from pycinspect.dialects import behaviours as b
from pycinspect.dialects import layouts
from pycinspect.dialects.bytecode import PYPY
from pycinspect.dialects.model import Dialect, SourceHash, Tokenizer
from pycinspect.dialects.mpy import MPY_FORMATS
from pycinspect.values import Implementation

__all__ = ["rows"]

# --- PyPy --------------------------------------------------------------------
# pypy/interpreter/pycode.py: pypy_incremental_magic; PyPy3's words are steps of
# 16 and below 3000. Tags had PyPy's version up to 7.3.0, Python's since.

_PYPY_2 = Dialect(
    name="pypy-2.7",
    implementation=Implementation.PYPY,
    python=(2, 7),
    magic_word=62218,
    cache_tags=(),
    cache_path=b.BESIDE,
    header=b.MAGIC_MTIME,
    importer=b.IMPORT_C_SIGNED,
    finder=b.FIND_MODULE_PYPY2,
    writer=b.WRITE_C_PYPY,
    zip_importer=b.ZIP_C,
    extensions=b.extensions_pypy("pypy-73"),
    marshal=layouts.MARSHAL_2_PYPY,
    code=layouts.CODE_23,
    bytecode=PYPY["2.7"],
)
_PYPY_32 = replace(
    _PYPY_2,
    python=(3, 2),
    cache_path=b.PYCACHE_PYO,
    writer=b.WRITE_C_PYCACHE_PYPY,
    marshal=layouts.MARSHAL_2_PYPY3,
    code=layouts.CODE_32_PYPY,
    bytecode=None,  # nobody has its opcodes' numbers
)
_PYPY_33 = replace(
    _PYPY_32,
    header=b.MAGIC_MTIME_SIZE,
    importer=b.IMPORTLIB_33,
    finder=b.FILE_FINDER_35,
    writer=b.WRITE_ATOMIC_PYPY,
    marshal=layouts.MARSHAL_4_PYPY,
    code=layouts.CODE_33,
    bytecode=PYPY["3.3"],
)
_PYPY_35 = replace(
    _PYPY_33, cache_path=b.PYCACHE_OPT, tokenizer=b.TOKENIZER_PYPY, bytecode=PYPY["3.5"]
)
_PYPY_36 = replace(_PYPY_35, finder=b.FILE_FINDER, bytecode=PYPY["3.6"])
_PYPY_37 = replace(
    _PYPY_36,
    header=b.PEP_552,
    importer=b.IMPORTLIB_37,
    source_hash=SourceHash.SIPHASH_24,
    bytecode=PYPY["3.7"],
)
_PYPY_38 = replace(
    _PYPY_37,
    cache_path=b.PYCACHE_PREFIX,
    zip_importer=b.ZIP_38,
    code=layouts.CODE_38_PYPY,
    bytecode=PYPY["3.8"],
)
_PYPY_39 = replace(_PYPY_38, marshal=layouts.MARSHAL_4_PYPY39, bytecode=PYPY["3.9"])
_PYPY_310 = replace(_PYPY_38, zip_importer=b.ZIP_310, bytecode=PYPY["3.10"])
_PYPY_311_OLD = replace(_PYPY_310, bytecode=PYPY["3.11-magic-400"])
_PYPY_311 = replace(_PYPY_310, code=layouts.CODE_311_PYPY, bytecode=PYPY["3.11"])
_PYPY_311_TABLE = replace(
    _PYPY_311, code=layouts.CODE_311_TABLE_PYPY, bytecode=PYPY["3.11-magic-432"]
)
_PYPY_312 = replace(
    _PYPY_311_TABLE, cache_path=b.PYCACHE_PREFIX_312, bytecode=None
)  # in development


def _pypy(
    era: Dialect,
    minor: int,
    word: int,
    tags: tuple[str, ...],
    *,
    release: str = "",
    prereleases: frozenset[int] = frozenset(),
) -> Dialect:
    """Return the row of PyPy3 for Python 3.``minor``; ``release`` if not its newest."""
    return replace(
        era,
        name=f"pypy-3.{minor}{release}",
        python=(3, minor),
        magic_word=word,
        cache_tags=tags,
        extensions=b.extensions_pypy(f"pypy3{minor}-pp73"),
        prereleases=prereleases,
    )


_PYPY = (
    _PYPY_2,
    replace(
        _PYPY_2,
        name="pypy-2.7-v2.0",
        magic_word=62215,
        bytecode=PYPY["2.7-before-7.0"],  # a superset of what 1.5 to 2.0 write
        note="PyPy 1.5 to 2.2",
    ),
    replace(
        _PYPY_2,
        name="pypy-2.7-v2.0-plain",
        magic_word=62213,
        bytecode=PYPY["2.7-v2.0-beta"],
        note="without CALL_METHOD",
    ),
    _pypy(_PYPY_32, 2, 3187, ("pypy3-24", "pypy3-23", "pypy3-22", "pypy3-21", "pypy3-20")),
    _pypy(_PYPY_32, 2, 48, ("pypy3-24",), release="-v2.4"),
    _pypy(_PYPY_33, 3, 64, ("pypy3-55", "pypy3-52")),
    _pypy(_PYPY_35, 5, 112, tuple(f"pypy3-{v}" for v in (70, 60, 510, 59, 58, 57))),
    _pypy(_PYPY_36, 6, 192, ("pypy36", "pypy3-72")),
    _pypy(
        replace(_PYPY_36, bytecode=PYPY["3.6-magic-160"]),
        6,
        160,
        ("pypy3-71", "pypy3-70"),
        release="-v7.1",
    ),
    _pypy(_PYPY_37, 7, 240, ("pypy37",)),
    _pypy(
        replace(_PYPY_37, bytecode=PYPY["3.7-magic-224"]), 7, 224, ("pypy37",), release="-v7.3.3"
    ),
    _pypy(_PYPY_38, 8, 256, ("pypy38",)),
    replace(
        _pypy(_PYPY_38, 8, 3413, ("pypy38",), release="-cpython-magic"),
        told_by_tag=True,
        note="releases that write CPython's magic number",
    ),
    _pypy(_PYPY_39, 9, 336, ("pypy39",), prereleases=frozenset({304})),
    _pypy(_PYPY_39, 9, 320, ("pypy39",), release="-v7.3.8"),
    replace(
        _pypy(_PYPY_39, 9, 3425, ("pypy39",), release="-cpython-magic"),
        told_by_tag=True,
        note="releases that write CPython's magic number",
    ),
    _pypy(_PYPY_310, 10, 384, ("pypy310",)),
    _pypy(_PYPY_311_TABLE, 11, 432, ("pypy311",)),
    _pypy(_PYPY_311, 11, 416, ("pypy311",), release="-v7.3.22"),
    _pypy(_PYPY_311_OLD, 11, 400, ("pypy311",), release="-v7.3.18"),
    _pypy(_PYPY_312, 12, 448, ("pypy312",)),
)

# --- GraalPy -----------------------------------------------------------------
# lib-python/3/importlib/_bootstrap_external.py: 21000 + 10 * BYTECODE_VERSION.

_GRAALPY = replace(
    _PYPY_38,
    bytecode=None,
    implementation=Implementation.GRAALPY,
    marshal=None,
    code=None,
    writer=b.WRITE_ATOMIC_37,
    extensions=b.extensions_35("graalpy", "", "graalpy"),
    tokenizer=Tokenizer(),
    source_hash=SourceHash.SIPHASH_13,
)


def _graalpy(
    release: str,
    minor: int,
    word: int,
    tags: tuple[str, ...],
    *,
    told_by_tag: bool = False,
    magic_tail: bytes = b"\r\n",
) -> Dialect:
    """Return the row of one GraalPy release series."""
    return replace(
        _GRAALPY,
        name=f"graalpy-{release}",
        python=(3, minor),
        magic_word=word,
        cache_tags=tags,
        told_by_tag=told_by_tag,
        magic_tail=magic_tail,
    )


_GRAALPYS = (
    replace(
        _graalpy("19", 7, 0xAF0C, ("graalpython",), magic_tail=b"\xaf\xe1"),
        cache_path=b.PYCACHE_OPT,
    ),
    _graalpy("20.3", 8, 3413, ("graalpython-38",), told_by_tag=True),
    _graalpy("21.0", 8, 21070, ("graalpython-38",)),
    _graalpy("22.0", 8, 21150, ("graalpython-38",)),
    _graalpy("22.2", 8, 21210, ("graalpython-38",)),
    _graalpy("22.3", 8, 21260, ("graalpy-38",)),
    _graalpy("23.0", 10, 21270, ("graalpy230-310",)),
    _graalpy("23.1", 10, 21280, ("graalpy231-310", "graalpy240-310")),
    _graalpy("24.2", 11, 21290, ("graalpy242-311", "graalpy241-311")),
    *(
        replace(row, cache_path=b.PYCACHE_PREFIX_312)
        for row in (
            _graalpy("25.0", 12, 21290, ("graalpy250-312",), told_by_tag=True),
            _graalpy("25.1", 12, 21320, ("graalpy250-312",)),
            _graalpy("25.2", 12, 21330, ("graalpy250-312",)),
            _graalpy("25.3", 13, 21330, ("graalpy253-313",), told_by_tag=True),
        )
    ),
)

# --- RustPython, Pyston, Skybison ---------------------------------------------
# RustPython copies importlib; its words are CPython's or made up. Reported by
# others, not run: crates/vm/src/version.rs and the tables of xdis.

_RUSTPYTHON = replace(
    _PYPY_38,
    bytecode=None,
    name="rustpython-3.14",
    implementation=Implementation.RUSTPYTHON,
    marshal=None,
    code=None,
    python=(3, 14),
    magic_word=2997,
    cache_tags=("rustpython-314",),
    cache_path=b.PYCACHE_PREFIX_312,
    writer=b.WRITE_ATOMIC_37,
    extensions=b.NO_EXTENSIONS,
    tokenizer=Tokenizer(),
    source_hash=SourceHash.SIPHASH_13,
    prereleases=frozenset({2994, 12641, 12897, 13413, 24881, 35310}),
)
_PYSTON = replace(
    _PYPY_2,
    bytecode=None,
    writer=b.WRITE_C,
    name="pyston-0.6.1",
    implementation=Implementation.PYSTON,
    marshal=None,
    code=None,
    magic_word=2657,
    importer=b.IMPORT_C,
    finder=b.FIND_MODULE_C,
    cache_path=b.BESIDE_PYO,
    zip_importer=b.ZIP_C_PYO,
    extensions=b.EXTENSIONS_2,
)
_STRANGERS = (
    _RUSTPYTHON,
    replace(
        _RUSTPYTHON,
        name="rustpython-3.14-cpython-magic",
        magic_word=3627,
        prereleases=frozenset(),
        told_by_tag=True,
    ),
    replace(
        _RUSTPYTHON,
        name="rustpython-3.13",
        python=(3, 13),
        magic_word=3531,
        cache_tags=("rustpython-313",),
        prereleases=frozenset(),
        told_by_tag=True,
    ),
    _PYSTON,
    replace(_PYSTON, name="pyston-0.6", magic_word=22138),
    replace(
        _RUSTPYTHON,
        name="skybison-3.8",
        implementation=Implementation.SKYBISON,
        python=(3, 8),
        magic_word=1005,
        cache_tags=("skybison-38",),
        cache_path=b.PYCACHE_PREFIX,
        prereleases=frozenset(),
        magic_tail=b"Y\n",
    ),
)

# --- Jython and IronPython: the cache is not a .pyc file -------------------------------

_JYTHON = replace(
    _PYPY_2,
    bytecode=None,
    name="jython-2.7",
    implementation=Implementation.JYTHON,
    marshal=None,
    code=None,
    magic_word=0xFECA,  # CA FE BA BE: a Java class file
    magic_tail=b"\xba\xbe",
    cache_path=b.PY_CLASS,
    header=None,
    importer=None,
    classes=b.CLASSES_273,
    finder=b.FIND_JYTHON,
    writer=b.WRITE_PRIVATE,
    zip_importer=None,
    extensions=b.NO_EXTENSIONS,
    note="Java class files; imp.get_magic() pretends CPython 2.7's number",
)
_IRONPYTHON = replace(
    _JYTHON,
    name="ironpython-2.7",
    implementation=Implementation.IRONPYTHON,
    magic_word=0x5A4D,  # MZ: a .NET assembly
    magic_tail=b"\x90\x00",
    cache_path=None,
    classes=None,
    finder=b.FIND_MODULE_PYPY2,
    writer=b.WRITE_NEVER,
    note="no cache files; clr.CompileModules makes .NET assemblies",
)
_OTHER_CACHES = (
    _JYTHON,
    _IRONPYTHON,
    replace(
        _IRONPYTHON,
        name="ironpython-3.4",
        python=(3, 4),
        cache_tags=("ironpython-34",),
        finder=b.FILE_FINDER_35,
    ),
)

# --- MicroPython: a compiled module, which is taken where there is no source ----------

_MICROPYTHON = replace(
    _IRONPYTHON,
    implementation=Implementation.MICROPYTHON,
    python=(3, 4),
    magic_tail=b"\0\x1f",
    finder=b.FIND_MICROPYTHON,
    note="no cache files; mpy-cross makes compiled modules",
)
_MICROPYTHONS = tuple(
    replace(
        _MICROPYTHON,
        name=f"micropython-{version}",
        magic_word=version << 8 | ord("M"),
        mpy=MPY_FORMATS[version],
    )
    for version in sorted(MPY_FORMATS, reverse=True)
)


def rows() -> tuple[Dialect, ...]:
    """Return the rows of every implementation but CPython."""
    return (*_PYPY, *_GRAALPYS, *_STRANGERS, *_OTHER_CACHES, *_MICROPYTHONS)
