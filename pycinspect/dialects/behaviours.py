"""Named column values: what the rows of several Pythons have in common.

Each comment names the place in CPython that the value was read from.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from pycinspect.dialects.model import (
    CachePath,
    ClassRules,
    EnvironmentFlag,
    ExtensionSuffixes,
    Finder,
    HeaderField,
    HeaderLayout,
    Importer,
    MtimeRounding,
    MtimeWord,
    OptimizationName,
    Tokenizer,
    TooShort,
    Writer,
    ZipImporter,
)

# --- Header layouts ---------------------------------------------------------

_MAGIC = HeaderField("magic", 0, 4)

#: Python/import.c: write_compiled_module, up to 3.2.
MAGIC_MTIME = HeaderLayout("magic-mtime", 8, (_MAGIC, HeaderField("mtime", 4, 4)))

#: importlib/_bootstrap.py: _code_to_bytecode, 3.3 (bpo-13645).
MAGIC_MTIME_SIZE = HeaderLayout(
    "magic-mtime-size",
    12,
    (_MAGIC, HeaderField("mtime", 4, 4), HeaderField("source_size", 8, 4)),
)

#: importlib/_bootstrap_external.py: _classify_pyc, 3.7.
PEP_552 = HeaderLayout(
    "pep-552",
    16,
    timestamp=(
        _MAGIC,
        HeaderField("flags", 4, 4),
        HeaderField("mtime", 8, 4),
        HeaderField("source_size", 12, 4),
    ),
    hashed=(_MAGIC, HeaderField("flags", 4, 4), HeaderField("source_hash", 8, 8)),
)

# --- Where caches are kept ---------------------------------------------------

BESIDE = CachePath("", OptimizationName.ABSENT)
BESIDE_PYO = CachePath("", OptimizationName.PYO)
#: PEP 3147; imp.cache_from_source cuts the name at its first dot up to 3.4.
PYCACHE_PYO = CachePath("__pycache__", OptimizationName.PYO, stem_ends_at_last_dot=False)
#: PEP 488.
PYCACHE_OPT = CachePath("__pycache__", OptimizationName.OPT_TAG)
#: sys.pycache_prefix, 3.8.
PYCACHE_PREFIX = CachePath("__pycache__", OptimizationName.OPT_TAG, prefix=True)
#: importlib/_bootstrap_external.py: _path_abspath, 3.12.
PYCACHE_PREFIX_312 = CachePath("__pycache__", OptimizationName.OPT_TAG, prefix=True, drops_dot=True)
#: org/python/core/imp.java: makeCompiledFilename.
PY_CLASS = CachePath("", OptimizationName.ABSENT, ending="$py.class")

#: org/python/core/imp.java: getVersion, loadFromSource, createFromPyClass; AnnotationReader with
#: the ASM 9.4 of Debian. From major version 53 on, Java refuses that the constructor sets final
#: fields, below 49 it has no annotations;
#: 61 is Java 17.
CLASSES_273 = ClassRules(39, 2000, newest_read=64, loaded=frozenset(range(49, 53)), newest_java=61)

# --- When a cache is used ----------------------------------------------------

_SOURCELESS_C = MappingProxyType({"bad-magic": "ImportError", "empty-payload": "EOFError"})
_SOURCELESS_IMPORTLIB = MappingProxyType(
    {
        "bad-magic": "ImportError",
        "short-header": "EOFError",
        "reserved-flags": "ImportError",
        "empty-payload": "EOFError",
    }
)


def _importer_in_c(mtime_word: MtimeWord) -> Importer:
    """Return the rules of Python/import.c: check_compiled_module, up to 3.2."""
    return Importer(
        checks=("magic", "length", "mtime", "payload"),
        mtime_rounding=MtimeRounding.FLOOR,
        mtime_word=mtime_word,
        sourceless_checks=("magic", "payload"),
        sourceless_errors=_SOURCELESS_C,
        # PyObject_Call complains of the NULL, not marshal.c.
        payload_errors=MappingProxyType({"null-object": "SystemError"}),
    )


#: 0.9.8 to 1.6, and PyPy2.
IMPORT_C_SIGNED = _importer_in_c(MtimeWord.SIGNED)
#: 2.0 to 2.7.2, 3.0 and 3.1.
IMPORT_C_OVERFLOW = _importer_in_c(MtimeWord.OVERFLOW_RAISES)
#: 2.7.3 and 3.2.3 on.
IMPORT_C = _importer_in_c(MtimeWord.SIGN_EXTENDED)

#: importlib/_bootstrap.py: SourceLoader.get_code, 3.3 to 3.6.
IMPORTLIB_33 = Importer(
    checks=("magic", "length", "mtime", "source-size", "payload"),
    mtime_rounding=MtimeRounding.TRUNCATED_DOUBLE,
    mtime_word=MtimeWord.UNMASKED,
    sourceless_checks=("magic", "length", "payload"),
    sourceless_errors=_SOURCELESS_IMPORTLIB,
)

#: importlib/_bootstrap_external.py: SourceLoader.get_code, 3.7 to 3.15.
IMPORTLIB_37 = Importer(
    checks=("magic", "length", "flags", "source-hash", "mtime", "source-size", "payload"),
    mtime_rounding=MtimeRounding.TRUNCATED_DOUBLE,
    mtime_word=MtimeWord.MASKED,
    sourceless_checks=("magic", "length", "flags", "payload"),
    sourceless_errors=_SOURCELESS_IMPORTLIB,
)

# --- How modules are found ---------------------------------------------------

#: Python/import.c: find_module.
FIND_MODULE_C = Finder(
    opens_candidates=True,
    package_needs_init=True,
    optimized_bytecode=".pyo",
    missing="ImportError",
)
#: PyPy2 knows no .pyo.
FIND_MODULE_PYPY2 = Finder(
    opens_candidates=True,
    package_needs_init=True,
    optimized_bytecode=".pyc",
    missing="ImportError",
)
#: py/builtinimport.c: stat_file_py_or_mpy.
FIND_MICROPYTHON = Finder(
    opens_candidates=False,
    package_needs_init=False,
    optimized_bytecode=".mpy",
    missing="ImportError",
    bytecode=".mpy",
    directories_hide=True,
)
#: org/python/core/imp.java: loadFromSource.
FIND_JYTHON = Finder(
    opens_candidates=False,
    package_needs_init=True,
    optimized_bytecode="$py.class",
    missing="ImportError",
    bytecode="$py.class",
    directories_hide=True,
)
#: importlib/_bootstrap.py: FileFinder, 3.3 and 3.4.
FILE_FINDER_PYO = Finder(
    opens_candidates=False,
    package_needs_init=False,
    optimized_bytecode=".pyo",
    missing="ImportError",
)
FILE_FINDER_35 = Finder(
    opens_candidates=False,
    package_needs_init=False,
    optimized_bytecode=".pyc",
    missing="ImportError",
)
#: ModuleNotFoundError is new in 3.6.
FILE_FINDER = Finder(
    opens_candidates=False,
    package_needs_init=False,
    optimized_bytecode=".pyc",
    missing="ModuleNotFoundError",
)

# --- How caches are written --------------------------------------------------

#: Python/import.c: open_exclusive with 0666, up to 2.5.
WRITE_0666 = Writer(
    keep=0,
    add=0o666,
    makes_directories=False,
    dont_write=EnvironmentFlag.NONEMPTY,
)
#: Python/import.c: write_compiled_module, 2.6 to 3.1: all but the x bits are kept.
WRITE_C = Writer(
    keep=0o7666,
    add=0,
    makes_directories=False,
    dont_write=EnvironmentFlag.NONEMPTY,
)
#: The same in 3.2, which makes __pycache__.
WRITE_C_PYCACHE = Writer(
    keep=0o7666,
    add=0,
    makes_directories=True,
    dont_write=EnvironmentFlag.NONEMPTY,
)
#: importlib: _calc_mode and _write_atomic.
WRITE_ATOMIC = Writer(
    keep=0o666,
    add=0o200,
    makes_directories=True,
    dont_write=EnvironmentFlag.NONEMPTY,
)
WRITE_ATOMIC_37 = Writer(
    keep=0o666,
    add=0o200,
    makes_directories=True,
    dont_write=EnvironmentFlag.INTEGER,
)
#: pypy/interpreter/app_main.py: parse_env.
WRITE_C_PYPY = replace(WRITE_C, dont_write=EnvironmentFlag.PYTHON_INT)
WRITE_C_PYCACHE_PYPY = replace(WRITE_C_PYCACHE, dont_write=EnvironmentFlag.PYTHON_INT)
WRITE_ATOMIC_PYPY = replace(WRITE_ATOMIC, dont_write=EnvironmentFlag.PYTHON_INT)
#: org/python/core/imp.java: cacheCompiledSource writes a private file.
WRITE_PRIVATE = Writer(
    keep=0,
    add=0o600,
    makes_directories=False,
    dont_write=EnvironmentFlag.NONEMPTY,
    in_place=True,
)
WRITE_NEVER = Writer(
    keep=0,
    add=0,
    makes_directories=False,
    dont_write=EnvironmentFlag.NONEMPTY,
    never=True,
)

# --- Which bytes of a source are refused --------------------------------------

#: Parser/tokenizer.c: decoding_fgets, 2.3 and 2.4 (PEP 263): undeclared bytes get a warning.
TOKENIZER_23 = Tokenizer(declared=True, reads_file=True)
#: The same, 2.5 to 2.7: "Non-ASCII character", but only where a file is read.
TOKENIZER_25 = Tokenizer(encoding="ascii", declared=True, reads_file=True)
#: The same, 3.0 to 3.2 (PEP 3120): valid_utf8 looks at each line, comments included.
TOKENIZER_30 = Tokenizer(encoding="utf-8", declared=True, reads_file=True)
#: importlib compiles bytes: Python/bltinmodule.c: source_as_string, 3.3 and 3.4.
TOKENIZER_33 = Tokenizer(encoding="utf-8", declared=True, null="TypeError")
#: Python/pythonrun.c: _Py_SourceAsString, 3.5 to 3.11.3.
TOKENIZER_35 = replace(TOKENIZER_33, null="ValueError")
#: The same, 3.11.4 on (gh-96670).
TOKENIZER_311 = replace(TOKENIZER_33, null="SyntaxError")
#: pypy/interpreter/pyparser/pyparse.py: a lone surrogate is a character.
TOKENIZER_PYPY = replace(TOKENIZER_35, errors="surrogatepass")

# --- Inside zip files --------------------------------------------------------

#: zipimport.c: unmarshal_code passes a NULL on without an exception.
_ZIP_PAYLOAD_C = MappingProxyType({"not-code": "TypeError", "null-object": "SystemError"})
#: zipimport.py: _unmarshal_code, "compiled module ... is not a code object".
_ZIP_PAYLOAD = MappingProxyType({"not-code": "TypeError"})

#: Modules/zipimport.c, 2.3 to 3.4.
ZIP_C_PYO = ZipImporter(
    bytecode=(".pyc", ".pyo"),
    too_short=TooShort.ZIP_IMPORT_ERROR,
    hash_checked=False,
    size_compared=False,
    payload_errors=_ZIP_PAYLOAD_C,
)
#: Modules/zipimport.c, 3.5 to 3.7.
ZIP_C = ZipImporter(
    bytecode=(".pyc",),
    too_short=TooShort.ZIP_IMPORT_ERROR,
    hash_checked=False,
    size_compared=False,
    payload_errors=_ZIP_PAYLOAD_C,
)
#: Lib/zipimport.py: _unmarshal_code, 3.8.
ZIP_38 = ZipImporter(
    bytecode=(".pyc",),
    too_short=TooShort.EOF_ERROR,
    hash_checked=True,
    size_compared=True,
    payload_errors=_ZIP_PAYLOAD,
    comments=True,
)
#: Lib/zipimport.py: find_spec, 3.10.
ZIP_310 = replace(ZIP_38, path_from_file=True)
#: Lib/zipimport.py: _read_directory, 3.14.
ZIP_314 = replace(ZIP_310, implicit_directories=True)

# --- Extension modules -------------------------------------------------------

#: Python/dynload_shlib.c and dynload_win.c: _PyImport_DynLoadFiletab.
EXTENSIONS_2 = ExtensionSuffixes(
    linux=(".so", "module.so"), macos=(".so", "module.so"), windows=(".pyd",)
)
NO_EXTENSIONS = ExtensionSuffixes((), (), ())


def extensions_32(tag: str) -> ExtensionSuffixes:
    """Return the suffixes of 3.2 (PEP 3149), ABI flags as of a plain build."""
    soabi = f".{tag}mu.so"
    posix = (soabi, f"module{soabi}", ".abi3.so", "module.abi3.so", ".so", "module.so")
    return ExtensionSuffixes(posix, posix, (".pyd",))


def extensions_33(tag: str) -> ExtensionSuffixes:
    """Return the suffixes of 3.3 and 3.4, whose tag has the ABI flag "m"."""
    posix = (f".{tag}m.so", ".abi3.so", ".so")
    return ExtensionSuffixes(posix, posix, (".pyd",))


def extensions_35(tag: str, abi_flags: str, windows_tag: str) -> ExtensionSuffixes:
    """Return the suffixes since 3.5, which name the platform."""
    soabi = f"{tag}{abi_flags}"
    return ExtensionSuffixes(
        linux=(f".{soabi}-{{multiarch}}.so", ".abi3.so", ".so"),
        macos=(f".{soabi}-darwin.so", ".abi3.so", ".so"),
        windows=(f".{windows_tag}-{{windows}}.pyd", ".pyd"),
    )


def extensions_315(tag: str, windows_tag: str) -> ExtensionSuffixes:
    """Return the suffixes of 3.15, which adds abi3t and platform tags (PEP 803)."""
    return ExtensionSuffixes(
        linux=(
            f".{tag}-{{multiarch}}.so",
            ".abi3-{multiarch}.so",
            ".abi3.so",
            ".abi3t-{multiarch}.so",
            ".abi3t.so",
            ".so",
        ),
        macos=(f".{tag}-darwin.so", ".abi3-darwin.so", ".abi3.so", ".abi3t.so", ".so"),
        windows=(f".{windows_tag}-{{windows}}.pyd", ".pyd"),
    )


def extensions_pypy(soabi: str) -> ExtensionSuffixes:
    """Return the one suffix that PyPy looks for."""
    return ExtensionSuffixes(
        linux=(f".{soabi}-{{multiarch}}.so",),
        macos=(f".{soabi}-darwin.so",),
        windows=(f".{soabi}-{{windows}}.pyd",),
    )
