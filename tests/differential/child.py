"""Runs inside an oracle, under any Python from 2.7 on: imports, and reports.

Reads a request as JSON from standard input: {"task": ..., ...}.
"""
# ruff: noqa: BLE001, UP036 - it does run on 2.7, and reports whatever is raised
# mypy: ignore-errors

import binascii
import json
import marshal
import os
import sys
import zlib  # noqa: F401 - zipimport would look for it on the path of the situation

try:
    import _imp
except ImportError:  # 2.7
    _imp = None
try:
    from importlib.util import source_hash
except ImportError:  # before 3.7
    source_hash = None
try:
    from js import process  # Pyodide: the file system is node's, so its user counts
except ImportError:
    process = os


# --- What the harness must know before it can build caches ----------------------


def facts(request):
    return {
        "magic": _hex(_magic()),
        "tag": getattr(getattr(sys, "implementation", None), "cache_tag", None),
        "has_prefix": hasattr(sys, "pycache_prefix"),
        "umask": None if process is os else _umask_of_files(),
        "extensions": _extension_suffixes(),
        "payloads": {marker: _payload(text) for marker, text in request["payloads"].items()},
        "hashes": {text: _source_hash(text) for text in request["sources"]},
        "compile_errors": {text: _compile_error(text) for text in request["sources"]},
    }


def _umask_of_files():
    """Return the permissions that a new file in Pyodide lacks, whatever the umask."""
    descriptor = os.open("/umask", os.O_CREAT | os.O_WRONLY, 0o666)
    os.close(descriptor)
    return 0o666 & ~os.stat("/umask").st_mode


def _hex(data):
    return binascii.hexlify(data).decode("ascii")


def _magic():
    if sys.version_info[0] == 2:
        import imp

        return imp.get_magic()
    from importlib.util import MAGIC_NUMBER

    return MAGIC_NUMBER


def _extension_suffixes():
    if sys.version_info[0] == 2:
        import imp

        return [suffix for suffix, _, kind in imp.get_suffixes() if kind == imp.C_EXTENSION]
    from importlib.machinery import EXTENSION_SUFFIXES

    return EXTENSION_SUFFIXES


def _payload(text):
    return _hex(marshal.dumps(compile(text, "<a cache>", "exec", dont_inherit=True)))


def _source_hash(text):
    return source_hash and _hex(source_hash(text.encode("latin-1")))


def _compile_error(text):
    if sys.version_info[0] == 2 and "coding" not in text and max(text + "\0") > "\x7f":
        return "SyntaxError"  # PEP 263; 2.7's compile() is not that strict
    try:
        compile(text.encode("latin-1"), "<a source>", "exec", dont_inherit=True)
    except Exception as error:
        return type(error).__name__


def hash_checks(request):
    """Return what ``_start`` sets, as the command line set it."""
    return _imp.check_hash_based_pycs


# --- Importing --------------------------------------------------------------------


def imports(request):
    b"a".decode("cp437")  # zipimport does so; another user may not read the codec's module
    return [_import(situation, request["user"]) for situation in request["situations"]]


def _import(situation, user):
    """Import one module under clean conditions; say what ran and what was raised."""
    modules = set(sys.modules)
    distorted = _distorted(situation)
    if distorted:
        return {"distorted": distorted}
    _start(situation)
    umask = os.umask(situation["umask"]) if process is os else 0
    if user is not None:
        process.seteuid(user)
    sys.ran, raised, text = [], None, ""
    try:
        __import__(situation["module"])
    except BaseException as error:
        raised, text = type(error).__name__, str(error)
    finally:
        if user is not None:
            process.seteuid(0)
        if process is os:
            os.umask(umask)
        for name in set(sys.modules) - modules:
            del sys.modules[name]
    return {"ran": sys.ran, "raised": raised, "text": text}


def _start(situation):
    os.chdir(situation["root"])
    sys.path[:] = [str(entry) for entry in situation["path"]]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = situation["dont_write_bytecode"]
    sys.pycache_prefix = situation["pycache_prefix"]
    if hasattr(sys, "implementation"):
        sys.implementation.cache_tag = situation["cache_tag"]
    # What the option --check-hash-based-pycs sets.
    if hasattr(_imp, "check_hash_based_pycs"):
        _imp.check_hash_based_pycs = situation["check_hash_based_pycs"]


def _distorted(situation):
    """Return the files that look otherwise here than they were built.

    Pyodide sees the host's files through node, whose times are milliseconds.
    """
    looks = situation["looks"] if process is not os else {}
    return sorted(path for path in looks if _look(path) not in (looks[path], None))


def _look(path):
    try:
        status = os.lstat(path)
    except OSError:  # in a locked directory, where the import will not see it either
        return None
    return [status.st_mode, status.st_size, status.st_mtime_ns]


if __name__ == "__main__":
    request = json.load(sys.stdin)
    task = {"facts": facts, "imports": imports, "hash_checks": hash_checks}[request["task"]]
    json.dump(task(request), sys.stdout)
