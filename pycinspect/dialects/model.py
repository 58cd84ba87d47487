"""The columns of a dialect row.

A column names a *behaviour*, so that no other room needs to know a version:
code asks ``dialect.cache_path.prefix``, never ``version >= (3, 8)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from struct import Struct
from types import MappingProxyType

from pycinspect.dialects.bytecode import Bytecode
from pycinspect.dialects.layouts import CodeLayout, MarshalFormat
from pycinspect.dialects.mpy import MpyFormat
from pycinspect.values import Implementation

__all__ = [
    "CRLF",
    "CachePath",
    "ClassRules",
    "Dialect",
    "EnvironmentFlag",
    "ExtensionSuffixes",
    "Finder",
    "HeaderField",
    "HeaderLayout",
    "Importer",
    "MtimeRounding",
    "MtimeWord",
    "OptimizationName",
    "SourceHash",
    "Tokenizer",
    "TooShort",
    "Writer",
    "ZipImporter",
]

#: Bytes 2 and 3 of a magic number since CPython 1.3: a file that was copied
#: in text mode no longer has them.
CRLF = b"\r\n"

_MTIME_SIZE = Struct("<II")
_FLAGS_MTIME_SIZE = Struct("<III")


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One little-endian unsigned number of a header."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class HeaderLayout:
    """What stands before the marshalled code object.

    Args:
        name: how the documentation calls it.
        size: length in bytes.
        timestamp: the fields of a cache that is tied to its source by time.
        hashed: the fields of a hash-based cache; empty where there is none.
            Bit 0 of ``flags`` chooses between the two.
    """

    name: str
    size: int
    timestamp: tuple[HeaderField, ...]
    hashed: tuple[HeaderField, ...] = ()

    @property
    def has_flags(self) -> bool:
        """Whether the second word holds the flags of PEP 552."""
        return bool(self.hashed)

    def pack_timestamp(self, magic: bytes, mtime: int, source_size: int) -> bytes:
        """Return the header of a timestamp cache; both numbers fit 32 bits."""
        if self.hashed:
            return magic + _FLAGS_MTIME_SIZE.pack(0, mtime, source_size)
        return (magic + _MTIME_SIZE.pack(mtime, source_size))[: self.size]


class OptimizationName(Enum):
    """How the optimization level shows in the name of a cache."""

    ABSENT = "absent"  # one file for all levels
    PYO = "pyo"  # any level but 0 is called .pyo
    OPT_TAG = "opt-tag"  # .opt-1, .opt-2 (PEP 488)


@dataclass(frozen=True, slots=True)
class CachePath:
    """Where a dialect keeps the cache of a source.

    Args:
        directory: the directory beside the source, "" for the source's own.
        optimization: how the level shows in the name.
        stem_ends_at_last_dot: whether ``b.c.py`` is cached as ``b.c.TAG.pyc``
            (``importlib.util.cache_from_source`` since 3.5) or ``b.TAG.pyc``.
        prefix: whether ``sys.pycache_prefix`` exists (3.8).
        drops_dot: whether ``./`` before a relative path is left out under a prefix.
        ending: what a cache's name ends in.
    """

    directory: str
    optimization: OptimizationName
    stem_ends_at_last_dot: bool = True
    prefix: bool = False
    drops_dot: bool = False
    ending: str = ".pyc"


class SourceHash(Enum):
    """The hash of PEP 552: SipHash with so many compression and finalization rounds."""

    SIPHASH_24 = "siphash-2-4"
    SIPHASH_13 = "siphash-1-3"


class MtimeRounding(Enum):
    """How fractions of a second are dropped."""

    #: ``int(st.st_mtime)``: the double, truncated towards zero.
    TRUNCATED_DOUBLE = "truncated-double"
    #: C's ``time_t``: whole seconds, rounded down.
    FLOOR = "floor"


class MtimeWord(Enum):
    """How a source's time is compared with the 32-bit word in a header."""

    #: Both modulo 2**32 (``importlib._bootstrap_external`` since 3.7).
    MASKED = "masked"
    #: The full number; times before 1970 or after 2106 never match (3.3 to 3.6).
    UNMASKED = "unmasked"
    #: The word is read as a signed number, the time is masked: times from
    #: 2**31 on never match where C's long has 64 bits (``Python/import.c``, 2.7).
    SIGN_EXTENDED = "sign-extended"
    #: The word is signed, the time is not limited (PyPy2).
    SIGNED = "signed"
    #: As SIGN_EXTENDED, but a time that needs more than 32 bits makes the
    #: import fail (``load_source_module``, 2.0 to 2.7.2 and 3.0 to 3.1).
    OVERFLOW_RAISES = "overflow-raises"


@dataclass(frozen=True, slots=True)
class Importer:
    """How a dialect's importer decides whether a cache is used.

    Args:
        checks: the header checks in the order in which they are made; the
            first that fails decides. ``cache.importer`` has one function each.
        mtime_rounding: see :class:`MtimeRounding`.
        mtime_word: see :class:`MtimeWord`.
        sourceless_checks: the checks of a cache that stands in the source's place.
        sourceless_errors: reason slug to the exception that the import raises.
        payload_errors: slug of ``pyc.unmarshal`` for the payload as a whole to the
            exception that the import raises, where it is not the usual one.
    """

    checks: tuple[str, ...]
    mtime_rounding: MtimeRounding
    mtime_word: MtimeWord
    sourceless_checks: tuple[str, ...]
    sourceless_errors: Mapping[str, str]
    payload_errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ClassRules:
    """How an importer decides whether a Java class file is used (Jython).

    Args:
        api_version: the version of the compiler that it demands.
        tolerance: milliseconds by which the recorded time may be after the source's.
        newest_read: the newest major version of a class file that its reader takes.
        loaded: the major versions with which Java loads what its compiler writes.
        newest_java: the newest major version of the Java that it was compared with.
    """

    api_version: int
    tolerance: int
    newest_read: int
    loaded: frozenset[int]
    newest_java: int


@dataclass(frozen=True, slots=True)
class Finder:
    """How a dialect looks for a module in one directory of the search path.

    Args:
        opens_candidates: candidates are opened, not asked for their type, so an
            unreadable source is passed over (``find_module`` in C, up to 3.2).
        package_needs_init: a directory without ``__init__`` is not a package;
            otherwise it is a portion of a namespace package (PEP 420).
        optimized_bytecode: the suffix of bytecode without source under ``-O``.
        missing: the exception when nothing is found.
        bytecode: what bytecode that stands in a source's place ends in; "" for ``.pyc``,
            where the implementation has any.
        directories_hide: a directory without ``__init__`` is a package of another kind
            (Java's), and hides a source of that name.
    """

    opens_candidates: bool
    package_needs_init: bool
    optimized_bytecode: str
    missing: str
    bytecode: str = ""
    directories_hide: bool = False


class EnvironmentFlag(Enum):
    """How a variable such as PYTHONOPTIMIZE is read; an empty one is always off."""

    #: Any text switches on, a number at its start is the level (C's ``atoi``).
    NONEMPTY = "nonempty"
    #: The whole text is a number that fits C's int, and 0 is off; any other
    #: text switches on (3.7).
    INTEGER = "integer"
    #: Any text switches on, what Python's ``int`` takes is the level (PyPy).
    PYTHON_INT = "python-int"


@dataclass(frozen=True, slots=True)
class Writer:
    """With which permissions a cache is written.

    Args:
        keep: the permission bits that are taken over from the source.
        add: the bits that are always added.
        makes_directories: missing parents are made.
        dont_write: how PYTHONDONTWRITEBYTECODE is read.
        never: the implementation never writes a cache.
        in_place: a cache that is there is written to, not replaced by another file.
    """

    keep: int
    add: int
    makes_directories: bool
    dont_write: EnvironmentFlag
    never: bool = False
    in_place: bool = False


class TooShort(Enum):
    """What a zip importer makes of bytecode that is shorter than a header."""

    #: Tested before the magic number: ZipImportError "bad pyc data" (in C).
    ZIP_IMPORT_ERROR = "zip-import-error"
    #: Tested after the magic number: EOFError (zipimport.py, since 3.8).
    EOF_ERROR = "eof-error"


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Which bytes of a source are refused before its grammar counts.

    Args:
        encoding: the encoding of a source that declares none, ``ascii`` or ``utf-8``; None
            where every byte is taken, or nobody looked.
        errors: how strictly it is decoded, as ``bytes.decode`` calls it.
        declared: whether a comment can declare another one (PEP 263).
        null: the exception that an import of a source with a null byte raises; None where
            that cannot be told from the source alone.
        reads_file: the import reads lines as strings of C, which end at a null byte, and
            refuses bytes that ``compile()`` takes.
    """

    encoding: str | None = None
    errors: str = "strict"
    declared: bool = False
    null: str | None = None
    reads_file: bool = False


@dataclass(frozen=True, slots=True)
class ZipImporter:
    """How a dialect chooses bytecode or source inside a zip file.

    Args:
        bytecode: suffixes of bytecode in the order of search, without ``-O``.
        too_short: see :class:`TooShort`.
        hash_checked: hash-based caches are checked against the source in the
            zip; otherwise they are taken or refused by their flags alone (3.7).
        size_compared: whether the source's size counts.
        comments: archives may end in a comment (3.8).
        implicit_directories: a directory without an entry of its own can be a
            portion of a namespace package (3.14).
        path_from_file: where a module is loaded in the place of a package, it still has
            a ``__path__``: the directory of its file (3.10).
        payload_errors: slug of ``pyc.unmarshal`` for the payload as a whole to the
            exception that the import raises, where it is not the usual one.
    """

    bytecode: tuple[str, ...]
    too_short: TooShort
    hash_checked: bool
    size_compared: bool
    comments: bool = False
    implicit_directories: bool = False
    path_from_file: bool = False
    payload_errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ExtensionSuffixes:
    """Suffixes of extension modules, in the order of search.

    ``{multiarch}`` stands for the platform (``x86_64-linux-gnu``) and
    ``{windows}`` for Windows' (``win_amd64``).
    """

    linux: tuple[str, ...]
    macos: tuple[str, ...]
    windows: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dialect:
    """One Python that writes, or once wrote, bytecode caches.

    A row is equal to itself alone: it is compared millions of times in an audit.

    Args:
        name: what the user calls it, ``cpython-3.12``.
        implementation: who made it.
        python: the version of the language.
        magic_word: bytes 0 and 1 that its importer accepts, as a number.
        cache_tags: ``sys.implementation.cache_tag``, the newest first; empty
            where cache names have no tag.
        cache_path: where caches are kept; None where there are none.
        header: what stands before the payload; None where the cache is not a .pyc file.
        importer: when a cache is used; None where the cache is not a .pyc file.
        finder: how modules are found.
        writer: how caches are written.
        zip_importer: the rules inside zip files, None where there is no zip importer.
        extensions: suffixes of extension modules.
        tokenizer: which bytes of a source it refuses.
        source_hash: the hash of PEP 552, None before it.
        marshal: how objects are read; None where the payload is not marshal's, or unknown.
        code: the fields of a code object, None where they are unknown.
        bytecode: how instructions, lines and literals are written; None where the numbers
            of its opcodes are not known.
        prerelease_bytecode: the same for words of ``prereleases``; a word that is not
            here had numbers that nobody captured.
        prereleases: other words seen in its development, never in a release.
        magic_tail: bytes 2 and 3.
        classes: when a Java class file is used; None where the cache is none.
        mpy: how a compiled module of MicroPython is written; None of all others.
        told_by_tag: a magic that it shares with an earlier row is its own only
            where the file's name has its tag.
        development: no release ever accepted its magic number.
        unchecked: what it says, or what its table of opcodes says, was compared with no
            interpreter: nothing that is bad may be concluded from it.
        note: what a reader of the table should know.
    """

    name: str
    implementation: Implementation
    python: tuple[int, int]
    magic_word: int
    cache_tags: tuple[str, ...]
    cache_path: CachePath | None
    header: HeaderLayout | None
    importer: Importer | None
    finder: Finder
    writer: Writer
    zip_importer: ZipImporter | None
    extensions: ExtensionSuffixes
    tokenizer: Tokenizer = Tokenizer()
    source_hash: SourceHash | None = None
    marshal: MarshalFormat | None = None
    code: CodeLayout | None = None
    bytecode: Bytecode | None = None
    prerelease_bytecode: Mapping[int, Bytecode] = field(
        default_factory=lambda: MappingProxyType({})
    )
    prereleases: frozenset[int] = field(default=frozenset())
    magic_tail: bytes = CRLF
    classes: ClassRules | None = None
    mpy: MpyFormat | None = None
    told_by_tag: bool = False
    note: str = ""
    development: bool = False
    unchecked: bool = False
    #: The four bytes that every cache of its starts with.
    magic: bytes = field(init=False)

    def __post_init__(self) -> None:
        magic = self.magic_word.to_bytes(2, "little") + self.magic_tail
        object.__setattr__(self, "magic", magic)

    def __repr__(self) -> str:
        return f"<Dialect {self.name}>"

    @property
    def cache_tag(self) -> str | None:
        """``sys.implementation.cache_tag``, or None where names have no tag."""
        return self.cache_tags[0] if self.cache_tags else None

    @property
    def version(self) -> str:
        """The version of the language as text, ``"3.12"``."""
        return "{}.{}".format(*self.python)

    def magics(self) -> Mapping[bytes, int]:
        """Return every four-byte magic number of its files, with the word."""
        words = {self.magic_word, *self.prereleases}
        return MappingProxyType(
            {word.to_bytes(2, "little") + self.magic_tail: word for word in sorted(words)}
        )

    def is_prerelease(self, magic_word: int) -> bool:
        """Return whether ``magic_word`` was only written before the release."""
        return self.development or magic_word != self.magic_word

    def at(self, magic_word: int) -> Dialect:
        """Return the row as it holds for files of one magic word.

        It is this one, but for a pre-release, whose opcodes had numbers of their own.
        """
        if not self.is_prerelease(magic_word):
            return self
        bytecode = self.prerelease_bytecode.get(magic_word)
        return replace(self, bytecode=bytecode, development=True)
