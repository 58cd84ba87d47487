"""Runs as ``witness.py`` does, and above it: what does an import go through, and depend on?

It imports nothing but what every Python has built in: what the user's code imports is part of the
report. That code may replace whatever it likes, so no function of a module is looked up while it
runs, and the builtins are a copy.
"""
# ruff: noqa: UP036 - it does run on 2.7

import marshal
import sys

try:
    import posix as system
except ImportError:  # Windows
    import nt as system  # type: ignore[no-redef]
try:
    import _thread as threads
except ImportError:  # 2.7
    import thread as threads  # type: ignore[import-not-found,no-redef]

__all__ = [
    "ZIP_CODE",
    "dumps",
    "environment",
    "helpers",
    "identity",
    "is_among",
    "listed",
    "place",
    "system",
    "text",
    "texts",
    "threads",
    "watched",
]

TYPE_CHECKING = False  # an import of typing would be reported
if TYPE_CHECKING:  # for the comments that are types
    from collections.abc import Iterator  # noqa: F401
    from types import CodeType  # noqa: F401
    from typing import Any  # noqa: F401

if sys.version_info >= (3,):  # in 2.7 code with other builtins is restricted
    import builtins

    __builtins__ = dict(vars(builtins))  # type: ignore[assignment] # as functions find them
dumps, identity = marshal.dumps, threads.get_ident
_getcwd, _umask, _geteuid = system.getcwd, system.umask, getattr(system, "geteuid", None)
_frames = getattr(sys, "_current_frames", dict)

#: Modules that an import goes through, and which of their functions; none is all of them.
_MACHINERY = (
    ("_frozen_importlib", ()),
    ("_frozen_importlib_external", ()),
    ("zipimport", ()),
    ("_imp", ()),
    ("marshal", ("loads", "dumps")),
    ("_io", ("open_code", "open", "FileIO", "BytesIO")),
    ("builtins", ("compile", "exec")),
    (
        system.__name__,
        ("stat", "open", "replace", "rename", "mkdir", "listdir", "getcwd", "unlink"),
    ),
)
#: What a zip importer asks for code, whoever asks it.
ZIP_CODE = "_get_module_code"
#: Class, function and kind of what gives the code of a module. The C of 2.7, and that of
#: zipimport up to 3.7, cannot be seen.
_LOADERS = (
    ("_frozen_importlib_external", "SourceFileLoader", "get_code", "source"),
    ("_frozen_importlib_external", "SourcelessFileLoader", "get_code", "sourceless"),
    ("zipimport", "zipimporter", ZIP_CODE, "zip"),
)


def _machinery():  # type: () -> Iterator[tuple[Any, str, str, object]]
    """Yield every function that an import goes through, and where it is kept."""
    for module, names in _MACHINERY:
        place = vars(sys.modules.get(module, object))
        for name in names or list(place):
            value = place.get(name)
            if callable(value):
                yield place, name, module + "." + name, value
            if isinstance(value, type) and value.__module__ == module:
                for key, part in list(vars(value).items()):
                    if callable(part) or isinstance(part, (staticmethod, classmethod)):
                        yield vars(value), key, name + "." + key, part


_AS_IT_WAS = tuple(_machinery())


def watched():  # type: () -> list[tuple[CodeType, str, type]]
    """Return the code of the functions that give the code of modules."""
    found = []  # type: list[tuple[CodeType, str, type]]
    for module, class_name, function, kind in _LOADERS:
        place = sys.modules.get(module)
        loader = getattr(place, class_name, None)
        get_code = getattr(place if kind == "zip" else loader, function, None)
        if hasattr(get_code, "__code__"):
            found.append((get_code.__code__, kind, loader))  # type: ignore[union-attr,arg-type] # found
    return found


def environment(finders):  # type: (list[object]) -> dict[str, object]
    """Return what an import depends on at this moment, besides files.

    Args:
        finders: those that are not the program's own.
    """
    mask = _umask(0o77)
    _umask(mask)
    implementation = getattr(sys, "implementation", None)
    checks = getattr(sys.modules.get("_imp"), "check_hash_based_pycs", "default")
    return {
        "directory": place(),
        "no_write": bool(sys.dont_write_bytecode),
        "prefix": text(getattr(sys, "pycache_prefix", None)),
        "tag": text(getattr(implementation, "cache_tag", "")),
        "level": getattr(sys.flags, "optimize", None),
        "hash_checks": str(checks),
        "umask": mask,
        "user": None if _geteuid is None else _geteuid(),
        "replaced": [label for owner, key, label, part in _AS_IT_WAS if owner.get(key) is not part],
        "foreign": [type(one).__name__ for one in sys.meta_path if not is_among(one, finders)],
    }


def is_among(value, values):  # type: (object, list[object]) -> bool
    """Return whether a value is one of some, whatever it says that it is equal to."""
    return any(value is other for other in values)


def place():  # type: () -> str | None
    """Return the current directory, None where it is gone."""
    try:
        return _getcwd()
    except OSError:
        return None


def helpers():  # type: () -> tuple[int, list[str]]
    """Return how many threads there are, and which modules that start other processes."""
    starters = ["_posixsubprocess", "_winapi"]
    starters = [name for name in starters if name in sys.modules]
    return len(_frames()), starters


def text(value):  # type: (object) -> object
    """Return a text or None as it is; of anything else, which importers do not take, a tuple."""
    if sys.version_info < (3,) and isinstance(value, str):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, str) else (str(type(value)),)


def texts(values):  # type: (Any) -> list[object]
    """Return the texts among some values."""
    return [text(value) for value in values if isinstance(value, str)]


def listed(path):  # type: (Any) -> list[object]
    """Return a ``__path__``, unless it can be gone through only once."""
    return list(path) if hasattr(path, "__len__") else []
