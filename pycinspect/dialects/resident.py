"""Modules that never come from a file: built into the interpreter, or frozen into it.

Captured from POSIX builds of the interpreters with ``sys.builtin_module_names`` and
``_imp._frozen_module_names()`` (before 3.11 with ``imp.is_frozen``). Built in are only
the modules that every build has (``Modules/config.c.in`` and ``Setup.bootstrap``):
distributions add others. Frozen ones are found as such unless the interpreter runs
with ``-X frozen_modules=off``.
"""

from __future__ import annotations

__all__ = [
    "BUILT_IN_27",
    "BUILT_IN_33",
    "BUILT_IN_38",
    "BUILT_IN_311",
    "BUILT_IN_313",
    "BUILT_IN_PYPY_39",
    "FROZEN_27",
    "FROZEN_33",
    "FROZEN_38",
    "FROZEN_311",
    "FROZEN_315",
]

#: 2.7.
BUILT_IN_27 = frozenset(
    [
        "__builtin__",
        "__main__",
        "_ast",
        "_codecs",
        "_sre",
        "_symtable",
        "_warnings",
        "_weakref",
        "errno",
        "exceptions",
        "gc",
        "imp",
        "marshal",
        "posix",
        "pwd",
        "signal",
        "sys",
        "thread",
        "xxsubtype",
        "zipimport",
    ]
)

#: 3.3 to 3.7; seen in 3.6.
BUILT_IN_33 = frozenset(
    [
        "_ast",
        "_codecs",
        "_collections",
        "_functools",
        "_imp",
        "_io",
        "_locale",
        "_operator",
        "_signal",
        "_sre",
        "_stat",
        "_string",
        "_symtable",
        "_thread",
        "_tracemalloc",
        "_warnings",
        "_weakref",
        "atexit",
        "builtins",
        "errno",
        "faulthandler",
        "gc",
        "itertools",
        "marshal",
        "posix",
        "pwd",
        "sys",
        "time",
        "xxsubtype",
        "zipimport",
    ]
)

#: 3.8 to 3.10.
BUILT_IN_38 = frozenset(
    [
        "_abc",
        "_ast",
        "_codecs",
        "_collections",
        "_functools",
        "_imp",
        "_io",
        "_locale",
        "_operator",
        "_signal",
        "_sre",
        "_stat",
        "_string",
        "_symtable",
        "_thread",
        "_tracemalloc",
        "_warnings",
        "_weakref",
        "atexit",
        "builtins",
        "errno",
        "faulthandler",
        "gc",
        "itertools",
        "marshal",
        "posix",
        "pwd",
        "sys",
        "time",
        "xxsubtype",
    ]
)

#: 3.11 and 3.12.
BUILT_IN_311 = frozenset(
    [
        "_abc",
        "_ast",
        "_codecs",
        "_collections",
        "_functools",
        "_imp",
        "_io",
        "_locale",
        "_operator",
        "_signal",
        "_sre",
        "_stat",
        "_string",
        "_symtable",
        "_thread",
        "_tokenize",
        "_tracemalloc",
        "_warnings",
        "_weakref",
        "atexit",
        "builtins",
        "errno",
        "faulthandler",
        "gc",
        "itertools",
        "marshal",
        "posix",
        "sys",
        "time",
    ]
)

#: 3.13 on.
BUILT_IN_313 = frozenset(
    [
        "_abc",
        "_ast",
        "_codecs",
        "_collections",
        "_functools",
        "_imp",
        "_io",
        "_locale",
        "_operator",
        "_signal",
        "_sre",
        "_stat",
        "_string",
        "_suggestions",
        "_symtable",
        "_sysconfig",
        "_thread",
        "_tokenize",
        "_tracemalloc",
        "_typing",
        "_warnings",
        "_weakref",
        "atexit",
        "builtins",
        "errno",
        "faulthandler",
        "gc",
        "itertools",
        "marshal",
        "posix",
        "sys",
        "time",
    ]
)

#: PyPy 7.3.11 for Python 3.9.
BUILT_IN_PYPY_39 = frozenset(
    [
        "__exceptions__",
        "__pypy__",
        "__pypy__._pypydatetime",
        "__pypy__.bufferable",
        "__pypy__.builders",
        "__pypy__.intop",
        "__pypy__.os",
        "__pypy__.thread",
        "__pypy__.time",
        "_abc",
        "_ast",
        "_bz2",
        "_cffi_backend",
        "_codecs",
        "_collections",
        "_continuation",
        "_cppyy",
        "_csv",
        "_hpy_universal",
        "_imp",
        "_io",
        "_jitlog",
        "_locale",
        "_lsprof",
        "_md5",
        "_minimal_curses",
        "_multibytecodec",
        "_multiprocessing",
        "_opcode",
        "_operator",
        "_pickle_support",
        "_posixsubprocess",
        "_pypyjson",
        "_random",
        "_rawffi",
        "_rawffi.alt",
        "_signal",
        "_socket",
        "_sre",
        "_string",
        "_struct",
        "_testing",
        "_thread",
        "_vmprof",
        "_warnings",
        "_weakref",
        "array",
        "atexit",
        "binascii",
        "builtins",
        "cmath",
        "cpyext",
        "errno",
        "faulthandler",
        "fcntl",
        "gc",
        "itertools",
        "marshal",
        "math",
        "mmap",
        "parser",
        "posix",
        "pwd",
        "pyexpat",
        "pyexpat.errors",
        "pyexpat.model",
        "pypyjit",
        "select",
        "symbol",
        "sys",
        "termios",
        "time",
        "token",
        "unicodedata",
        "zlib",
    ]
)

#: 2.7.
FROZEN_27 = frozenset(["__hello__", "__phello__", "__phello__.spam"])

#: 3.3 to 3.7; seen in 3.6.
FROZEN_33 = frozenset(
    [
        "__hello__",
        "__phello__",
        "__phello__.spam",
        "_frozen_importlib",
        "_frozen_importlib_external",
    ]
)

#: 3.8 to 3.10.
FROZEN_38 = frozenset(
    [
        "__hello__",
        "__phello__",
        "__phello__.spam",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "zipimport",
    ]
)

#: 3.11 to 3.14.
FROZEN_311 = frozenset(
    [
        "__hello__",
        "__hello_alias__",
        "__hello_only__",
        "__phello__",
        "__phello__.__init__",
        "__phello__.ham",
        "__phello__.ham.__init__",
        "__phello__.ham.eggs",
        "__phello__.spam",
        "__phello_alias__",
        "__phello_alias__.spam",
        "_collections_abc",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "_sitebuiltins",
        "abc",
        "codecs",
        "genericpath",
        "importlib.machinery",
        "importlib.util",
        "io",
        "ntpath",
        "os",
        "posixpath",
        "runpy",
        "site",
        "stat",
        "zipimport",
    ]
)

#: 3.15.
FROZEN_315 = frozenset(
    [
        "__hello__",
        "__hello_alias__",
        "__hello_only__",
        "__phello__",
        "__phello__.__init__",
        "__phello__.ham",
        "__phello__.ham.__init__",
        "__phello__.ham.eggs",
        "__phello__.spam",
        "__phello_alias__",
        "__phello_alias__.spam",
        "_collections_abc",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "_sitebuiltins",
        "abc",
        "codecs",
        "encodings",
        "encodings._win_cp_codecs",
        "encodings.aliases",
        "encodings.utf_8",
        "genericpath",
        "importlib.machinery",
        "importlib.util",
        "io",
        "linecache",
        "ntpath",
        "os",
        "posixpath",
        "runpy",
        "site",
        "stat",
        "zipimport",
    ]
)
