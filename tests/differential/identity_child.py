"""Runs inside an oracle, under any Python from 2.7 on: says who it is.

Reads {"source": text, "mtime": seconds, "hashed": [[hex, count], ...]} as JSON
from standard input.
"""

import binascii
import json
import marshal
import os
import py_compile
import shutil
import sys
import tempfile

SIZES = (8, 12, 16)


def hexadecimal(data):
    return binascii.hexlify(data).decode("ascii")


def identity(request):
    return {
        "magic": hexadecimal(magic()),
        "tag": getattr(getattr(sys, "implementation", None), "cache_tag", None),
        "suffixes": suffixes(),
        "hashes": [source_hash(*pattern) for pattern in request["hashed"]],
        "caches": dict(caches(request["source"], request["mtime"])),
    }


def magic():
    if sys.version_info[0] == 2:  # noqa: UP036 - not only our own Pythons run this
        import imp

        return imp.get_magic()
    from importlib.util import MAGIC_NUMBER

    return MAGIC_NUMBER


def suffixes():
    """Return suffixes by kind, in the order of search."""
    if sys.version_info[0] == 2:  # noqa: UP036 - not only our own Pythons run this
        import imp

        kinds = {"extension": imp.C_EXTENSION, "source": imp.PY_SOURCE, "bytecode": imp.PY_COMPILED}
        return {
            name: [suffix for suffix, _, kind in imp.get_suffixes() if kind == wanted]
            for name, wanted in kinds.items()
        }
    from importlib import machinery

    return {
        "extension": machinery.EXTENSION_SUFFIXES,
        "source": machinery.SOURCE_SUFFIXES,
        "bytecode": machinery.BYTECODE_SUFFIXES,
    }


def source_hash(pattern, count):
    try:
        from importlib.util import source_hash
    except ImportError:  # before 3.7
        return None
    return hexadecimal(source_hash(binascii.unhexlify(pattern) * count))


def caches(source, mtime):
    """Yield what py_compile writes in each mode: bytes, and where code is in them."""
    folder = tempfile.mkdtemp()
    try:
        path = os.path.join(folder, "mod.py")
        with open(path, "wb") as stream:
            stream.write(source.encode("ascii"))
        os.utime(path, (mtime, mtime))
        modes = getattr(py_compile, "PycInvalidationMode", None)
        for mode in modes or [None]:
            options = {"invalidation_mode": mode} if modes else {}
            py_compile.compile(path, path + "c", doraise=True, **options)
            with open(path + "c", "rb") as stream:
                data = stream.read()
            name = mode.name.lower().replace("_", "-") if modes else "timestamp"
            yield (
                name,
                {"data": hexadecimal(data), "starts": [n for n in SIZES if is_code(data[n:])]},
            )
    finally:
        shutil.rmtree(folder)


def is_code(data):
    try:
        return type(marshal.loads(data)) is type(is_code.__code__)
    except (EOFError, TypeError, ValueError):
        return False


if __name__ == "__main__":
    json.dump(identity(json.load(sys.stdin)), sys.stdout)
