"""CPython, 0.9.8 to 3.15: one row for each magic number that a release accepts.

Words are those of the release tags, not those of the comment in CPython's
source, which names the *next* pre-release and is wrong about 3.5.2. Words of
development versions stand with the series that they led to. Stackless writes
the same files under the same names (2.7 and 3.2 to 3.7), so these rows are
Stackless's too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from pycinspect.dialects import behaviours as b
from pycinspect.dialects import layouts
from pycinspect.dialects.bytecode import CPYTHON as BYTECODE
from pycinspect.dialects.bytecode import Bytecode
from pycinspect.dialects.model import Dialect, SourceHash
from pycinspect.values import Implementation

__all__ = ["rows"]

_STACKLESS = "Stackless writes the same files under the same names"

#: Bytes 2 and 3 of 0.9.9 to 1.2, whose magic is one 32-bit number 0x009999nn.
_TAIL_OF_1_0 = b"\x99\x00"


def _words(*parts: int | range) -> frozenset[int]:
    """Return single words and ranges of words as one set."""
    return frozenset(
        word for part in parts for word in (part if isinstance(part, range) else (part,))
    )


def _row(era: Dialect, python: tuple[int, int], word: int, *prereleases: int | range) -> Dialect:
    """Return the row of one release series of an era."""
    version = "{}.{}".format(*python)
    words = _words(*prereleases)
    return replace(
        era,
        name=f"cpython-{version}",
        python=python,
        magic_word=word,
        prereleases=words,
        bytecode=BYTECODE.get(version),
        prerelease_bytecode=_numbered_in(words | {word}),
    )


#: Words of pre-releases whose opcodes are known, because their tags are in the repository.
_NUMBERED = {
    **dict.fromkeys((62041, 62051), "2.4"),
    **dict.fromkeys((62092, 62111, 62121), "2.5"),
    62151: "2.6",
    62191: "2.7a1",
    **dict.fromkeys((3071, 3091), "3.0a1"),
    3103: "3.0a3",
    3111: "3.0a4",
    3160: "3.2a1",
    3170: "3.2a2",
    **dict.fromkeys((3210, 3220), "3.3a1"),
    **dict.fromkeys((3280, 3290, 3300), "3.4"),
    3320: "3.5a1",
    3330: "3.5b1",
    3340: "3.5b2",
    3361: "3.6a1",
    3372: "3.6a2",
    3377: "3.6b1",
    3378: "3.6",
    **dict.fromkeys((3390, 3391, 3392), "3.7a1"),
    3393: "3.7",
    **dict.fromkeys((3400, 3401, 3410, 3411, 3412), "3.8a1"),
}


def _numbered_in(words: frozenset[int]) -> Mapping[int, Bytecode]:
    known = {word: BYTECODE[_NUMBERED[word]] for word in words if word in _NUMBERED}
    return MappingProxyType(known)


def _tagged(era: Dialect, minor: int, word: int, *prereleases: int | range) -> Dialect:
    """Return the row of one release of Python 3 that has a cache tag (PEP 3147)."""
    return replace(
        _row(era, (3, minor), word, *prereleases),
        cache_tags=(f"cpython-3{minor}",),
    )


# --- Eras: what the series have in common ------------------------------------

_ERA_0_9 = Dialect(
    name="",
    implementation=Implementation.CPYTHON,
    python=(0, 9),
    magic_word=0,
    cache_tags=(),
    cache_path=b.BESIDE,
    header=b.MAGIC_MTIME,
    importer=b.IMPORT_C_SIGNED,
    finder=b.FIND_MODULE_PYPY2,  # no .pyo yet
    writer=b.WRITE_0666,
    zip_importer=None,
    extensions=b.EXTENSIONS_2,
)
_ERA_1_0 = replace(_ERA_0_9, magic_tail=_TAIL_OF_1_0)
_ERA_1_3 = replace(_ERA_0_9, marshal=layouts.MARSHAL_13, code=layouts.CODE_13)
_ERA_1_5 = replace(
    _ERA_1_3,
    cache_path=b.BESIDE_PYO,
    finder=b.FIND_MODULE_C,
    marshal=layouts.MARSHAL_15,
    code=layouts.CODE_15,
)
_ERA_2_0 = replace(_ERA_1_5, importer=b.IMPORT_C_OVERFLOW, marshal=layouts.MARSHAL_20)
_ERA_2_1 = replace(_ERA_2_0, code=layouts.CODE_21)
_ERA_2_3 = replace(
    _ERA_2_1,
    zip_importer=b.ZIP_C_PYO,
    tokenizer=b.TOKENIZER_23,
    marshal=layouts.MARSHAL_23,
    code=layouts.CODE_23,
)
_ERA_2_5 = replace(_ERA_2_3, tokenizer=b.TOKENIZER_25, marshal=layouts.MARSHAL_2)
_ERA_2_6 = replace(_ERA_2_5, writer=b.WRITE_C)
_ERA_2_7 = replace(
    _ERA_2_6,
    importer=b.IMPORT_C,
    note=_STACKLESS,
    marshal=layouts.MARSHAL_2_27,
)
_ERA_3_0 = replace(
    _ERA_2_6, tokenizer=b.TOKENIZER_30, marshal=layouts.MARSHAL_2_30, code=layouts.CODE_30
)
_ERA_3_2 = replace(
    _ERA_2_7,
    cache_path=b.PYCACHE_PYO,
    writer=b.WRITE_C_PYCACHE,
    extensions=b.extensions_32("cpython-32"),
    tokenizer=b.TOKENIZER_30,
    marshal=layouts.MARSHAL_2_30,
    code=layouts.CODE_30,
)
_ERA_3_3 = replace(
    _ERA_3_2,
    header=b.MAGIC_MTIME_SIZE,
    importer=b.IMPORTLIB_33,
    finder=b.FILE_FINDER_PYO,
    writer=b.WRITE_ATOMIC,
    tokenizer=b.TOKENIZER_33,
    marshal=layouts.MARSHAL_2_33,
    code=layouts.CODE_33,
)
_ERA_3_5 = replace(
    _ERA_3_3,
    cache_path=b.PYCACHE_OPT,
    finder=b.FILE_FINDER_35,
    zip_importer=b.ZIP_C,
    tokenizer=b.TOKENIZER_35,
    marshal=layouts.MARSHAL_4_34,
)
_ERA_3_6 = replace(_ERA_3_5, finder=b.FILE_FINDER, marshal=layouts.MARSHAL_4, code=layouts.CODE_36)
_ERA_3_7 = replace(
    _ERA_3_6,
    header=b.PEP_552,
    importer=b.IMPORTLIB_37,
    writer=b.WRITE_ATOMIC_37,
    source_hash=SourceHash.SIPHASH_24,
)
_ERA_3_8 = replace(
    _ERA_3_7,
    cache_path=b.PYCACHE_PREFIX,
    zip_importer=b.ZIP_38,
    note="",
    code=layouts.CODE_38,
)
_ERA_3_10 = replace(_ERA_3_8, zip_importer=b.ZIP_310)
_ERA_3_11 = replace(
    _ERA_3_10,
    source_hash=SourceHash.SIPHASH_13,
    tokenizer=b.TOKENIZER_311,
    code=layouts.CODE_311,
)
_ERA_3_12 = replace(_ERA_3_11, cache_path=b.PYCACHE_PREFIX_312)
_ERA_3_14 = replace(_ERA_3_12, zip_importer=b.ZIP_314, marshal=layouts.MARSHAL_5)


def _beside_the_source() -> Iterator[Dialect]:
    """Yield the rows up to 3.1, whose caches stand beside their sources."""
    yield replace(_row(_ERA_0_9, (0, 9), 0x9494), name="cpython-0.9.8", magic_tail=b"\x94\x00")
    yield replace(_row(_ERA_1_0, (0, 9), 0x9901), name="cpython-0.9.9")
    yield replace(_row(_ERA_1_0, (1, 0), 0x9902), marshal=layouts.MARSHAL_10, code=layouts.CODE_10)
    yield replace(
        _row(_ERA_1_0, (1, 2), 0x9903),
        note="1.1 and 1.2",
        marshal=layouts.MARSHAL_10,
        code=layouts.CODE_11,
    )
    yield replace(_row(_ERA_1_3, (1, 3), 11913), note="also 1.4b1")
    yield replace(_row(_ERA_1_3, (1, 4), 5892), marshal=layouts.MARSHAL_14)
    yield replace(_row(_ERA_1_5, (1, 5), 20121), note="also 1.6a1 and 1.6a2")
    yield replace(_row(_ERA_1_5, (1, 6), 50428), marshal=layouts.MARSHAL_16)
    yield replace(_row(_ERA_2_0, (2, 0), 50823), note="also 2.1a1")
    yield _row(_ERA_2_1, (2, 1), 60202)
    yield replace(_row(_ERA_2_1, (2, 2), 60717), marshal=layouts.MARSHAL_22)
    yield _row(_ERA_2_3, (2, 3), 62011, 62021)
    yield replace(_row(_ERA_2_3, (2, 4), 62061, 62041, 62051), marshal=layouts.MARSHAL_1)
    yield _row(_ERA_2_5, (2, 5), 62131, 62071, 62081, 62091, 62092, 62101, 62111, 62121)
    yield replace(
        _row(_ERA_2_3, (2, 5), 62135),
        name="dropbox-2.5",
        note="an altered interpreter with other opcodes",
        marshal=None,
        code=None,
        bytecode=None,
    )
    yield _row(_ERA_2_6, (2, 6), 62161, 62151)
    yield _row(_ERA_2_7, (2, 7), 62211, 62171, 62181, 62191, 62201)
    yield _row(
        _ERA_3_0,
        (3, 0),
        3131,  # import.c adds 1 to its constant, always: 3130 is in no file
        *range(3000, 3070, 10),
        *range(3001, 3071, 10),
        *(3071, 3081, 3091, 3101, 3103, 3111),
    )
    yield _row(_ERA_3_0, (3, 1), 3151, 3141)


def _unicode_literals(rows: tuple[Dialect, ...]) -> Iterator[Dialect]:
    """Yield the rows of ``python -U``, which accepts its magic number plus one.

    Python/import.c: _PyImport_Init (2.0 to 2.7).
    """
    for row in rows:
        if row.python[0] == 2 and row.name.startswith("cpython"):
            yield replace(
                row,
                name=f"{row.name}-U",
                magic_word=row.magic_word + 1,
                prereleases=frozenset(),
                note="option -U: all literals are unicode",
            )


def _in_pycache() -> Iterator[Dialect]:
    """Yield the rows since 3.2, whose caches stand in ``__pycache__``."""
    yield _tagged(_ERA_3_2, 2, 3180, 3160, 3170)
    # In development 3.3 still had 3.2's header.
    yield replace(
        _tagged(_ERA_3_2, 3, 3200, 3190),
        name="cpython-3.3a0",
        note="development only",
        development=True,
        bytecode=None,
    )
    yield replace(_tagged(_ERA_3_3, 3, 3230, 3210, 3220), extensions=b.extensions_33("cpython-33"))
    yield replace(
        _tagged(_ERA_3_3, 4, 3310, *range(3250, 3310, 10)),
        extensions=b.extensions_33("cpython-34"),
        marshal=layouts.MARSHAL_4_34,
    )
    extensions = b.extensions_35("cpython-35", "m", "cp35")
    yield replace(_tagged(_ERA_3_5, 5, 3351, 3320, 3330, 3340), extensions=extensions)
    # The change of 3351 came with 3.5.3, whatever CPython's comment says.
    yield replace(
        _tagged(_ERA_3_5, 5, 3350),
        name="cpython-3.5.2",
        extensions=extensions,
        note="3.5.0 to 3.5.2",
    )
    yield replace(
        _tagged(_ERA_3_6, 6, 3379, 3360, 3361, range(3370, 3374), range(3375, 3379)),
        extensions=b.extensions_35("cpython-36", "m", "cp36"),
    )
    extensions = b.extensions_35("cpython-37", "m", "cp37")
    # 3.7's first alphas still had 3.6's header.
    yield replace(
        _tagged(_ERA_3_6, 7, 3391, 3390),
        name="cpython-3.7a3",
        bytecode=BYTECODE["3.7a1"],
        extensions=extensions,
        note="development only",
        development=True,
    )
    yield replace(_tagged(_ERA_3_7, 7, 3394, 3392, 3393), extensions=extensions)
    yield _multiarch(_tagged(_ERA_3_8, 8, 3413, range(3410, 3413)))
    # 3.8's first alphas had no positional-only arguments (PEP 570).
    yield replace(
        _multiarch(_tagged(_ERA_3_8, 8, 3401, 3400)),
        name="cpython-3.8a3",
        bytecode=BYTECODE["3.8a1"],
        code=layouts.CODE_36,
        note="development only",
        development=True,
    )
    yield _multiarch(_tagged(_ERA_3_8, 9, 3425, range(3420, 3425)))
    yield replace(
        _multiarch(_tagged(_ERA_3_10, 10, 3439, range(3430, 3439))), code=layouts.CODE_310
    )
    # Since 3.11 the words of Python 3.n start at 2900 + 50 n.
    yield _multiarch(_tagged(_ERA_3_11, 11, 3495, 3494))
    # Before, the code object's fields changed six times.
    yield replace(
        _multiarch(_tagged(_ERA_3_11, 11, 3493, range(3450, 3493))),
        name="cpython-3.11a7",
        code=None,
        bytecode=None,
        note="development only",
        development=True,
    )
    yield _multiarch(_tagged(_ERA_3_12, 12, 3531, range(3500, 3531)))
    yield _multiarch(_tagged(_ERA_3_12, 13, 3571, range(3550, 3571)))
    yield _multiarch(_tagged(_ERA_3_14, 14, 3627, range(3600, 3627)))
    yield replace(
        _tagged(_ERA_3_14, 15, 3666, range(3650, 3666)),
        extensions=b.extensions_315("cpython-315", "cp315"),
        marshal=layouts.MARSHAL_6,
    )


def _multiarch(row: Dialect) -> Dialect:
    """Return a row of 3.8 to 3.14 with the suffixes of its extension modules."""
    tag = row.cache_tags[0]
    return replace(row, extensions=b.extensions_35(tag, "", tag.replace("cpython-", "cp")))


def rows() -> tuple[Dialect, ...]:
    """Return CPython's rows, the oldest first."""
    beside = tuple(_beside_the_source())
    return (*beside, *_unicode_literals(beside), *_in_pycache())
