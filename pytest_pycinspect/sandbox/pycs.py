"""Writing caches on purpose: by py_compile, and field by field."""

from __future__ import annotations

import os
import py_compile
from collections.abc import Mapping

from pycinspect.cache import ImportOptions, cache_from_source
from pycinspect.dialects import DIALECTS, Dialect, HeaderField
from pycinspect.dialects.model import CRLF
from pycinspect.errors import PycInspectError
from pycinspect.values import U32_MASK, InvalidationMode
from pytest_pycinspect.sandbox.children import AnyInterpreter, Children
from pytest_pycinspect.sandbox.settings import ISOLATION, clean_environment

__all__ = ["compile_pyc", "corrupted", "magic_bytes", "pyc_path"]

#: For :func:`compile_pyc` in another interpreter: up to 3.6 there is one mode only.
_SCRIPT = """\
import py_compile, sys
source, cache, mode = sys.argv[1:]
modes = getattr(py_compile, "PycInvalidationMode", None)
options = {"invalidation_mode": modes[mode]} if modes else {}
py_compile.compile(source, cache, doraise=True, **options)
"""


def pyc_path(source: str, dialect: Dialect, options: ImportOptions) -> str:
    """Return where an interpreter looks for the cache of a source."""
    return cache_from_source(
        source,
        dialect,
        optimization=options.optimize or "",
        pycache_prefix=options.pycache_prefix,
        current_directory=options.current_directory,
    )


def compile_pyc(
    source: str,
    cache: str,
    mode: InvalidationMode,
    optimize: int,
    interpreter: AnyInterpreter,
    *,
    children: Children,
) -> None:
    """Write the cache of a source as ``py_compile.compile`` does.

    Args:
        source: its path.
        cache: where the cache comes; missing directories are made.
        mode: how it is tied to its source.
        optimize: how often ``-O`` is given.
        interpreter: who compiles.
        children: who starts it, if it is not the running one.

    Raises:
        PycInspectError: ``does-not-compile``, or ``no-source-hash`` for a hash-based cache of a
            Python before PEP 552.
    """
    dialect = interpreter.dialect
    if mode is not InvalidationMode.TIMESTAMP and dialect.source_hash is None:
        raise PycInspectError("no-source-hash", f"{dialect.name} has no hash-based caches")
    name = mode.name
    os.makedirs(os.path.dirname(cache), exist_ok=True)
    if interpreter == children.interpreter(None):
        try:
            chosen = py_compile.PycInvalidationMode[name]
            py_compile.compile(
                source, cache, doraise=True, optimize=optimize, invalidation_mode=chosen
            )
        except py_compile.PyCompileError as error:
            raise PycInspectError("does-not-compile", str(error), path=source) from error
        return
    arguments = [*ISOLATION, *["-O"] * optimize, "-c", _SCRIPT, source, cache, name]
    child = children.run(interpreter, arguments, clean_environment({}), os.path.dirname(source))
    if child.returncode:
        said = child.stderr.decode("utf-8", "replace").strip().splitlines()
        raise PycInspectError("does-not-compile", said[-1] if said else "no word", path=source)


def corrupted(
    data: bytes,
    dialect: Dialect,
    fields: Mapping[str, int | bytes | None],
    *,
    truncate: int | None = None,
    payload: bytes | None = None,
) -> bytes:
    """Return a cache with other fields.

    Args:
        data: the cache.
        dialect: whose layout it has.
        fields: header fields by the names of the layout; None leaves one as it is. A number
            is stored modulo 2**32.
        truncate: how many bytes are left.
        payload: what follows the header.

    Raises:
        PycInspectError: ``no-such-field`` for one that the layout does not have, ``bad-field``
            for bytes of another length.
    """
    layout = dialect.header
    if layout is None:
        raise PycInspectError("unsupported", f"caches of {dialect.name} are not .pyc files")
    changed = bytearray(data)
    columns = {column.name: column for column in (*layout.timestamp, *layout.hashed)}
    for name, value in fields.items():
        if value is not None:
            column = _column(columns, name, dialect)
            changed[column.offset : column.offset + column.size] = _field(value, column)
    if payload is not None:
        changed[layout.size :] = payload
    return bytes(changed[:truncate])


def _column(columns: Mapping[str, HeaderField], name: str, dialect: Dialect) -> HeaderField:
    if name not in columns:
        message = f"caches of {dialect.name} have no field {name}, only {', '.join(columns)}"
        raise PycInspectError("no-such-field", message)
    return columns[name]


def _field(value: int | bytes, column: HeaderField) -> bytes:
    if isinstance(value, int):
        return (value & U32_MASK).to_bytes(column.size, "little")
    if len(value) != column.size:
        message = f"{column.name} has {column.size} bytes, not {len(value)}"
        raise PycInspectError("bad-field", message)
    return value


def magic_bytes(magic: bytes | int | str | None) -> bytes | None:
    """Return the magic number that is meant by bytes, a word, or a dialect's name or version.

    Raises:
        PycInspectError: ``unknown-dialect``.
    """
    if isinstance(magic, int):
        return magic.to_bytes(2, "little") + CRLF
    if not isinstance(magic, str):
        return magic
    return DIALECTS[magic if magic[:1].isalpha() else f"cpython-{magic}"].magic
