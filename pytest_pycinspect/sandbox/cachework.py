"""What is done to the caches of a sandbox."""

from __future__ import annotations

from pycinspect.errors import PycInspectError
from pycinspect.values import InvalidationMode
from pytest_pycinspect.sandbox.bench import Mode
from pytest_pycinspect.sandbox.cachefile import CacheFile, read_cache_file
from pytest_pycinspect.sandbox.children import Python, python_name
from pytest_pycinspect.sandbox.pycs import compile_pyc, corrupted, magic_bytes, pyc_path
from pytest_pycinspect.sandbox.sources import SourceWork

__all__ = ["CacheWork"]


class CacheWork(SourceWork):
    """A sandbox whose caches can be written, read and damaged."""

    def pyc(self, name: str, *, python: Python = None, optimize: int | None = None) -> str:
        """Return where the cache of a module is looked for.

        Args:
            name: the module.
            python: by whom; see :meth:`run`.
            optimize: at which level; None is the sandbox's.
        """
        interpreter = self._children.interpreter(python)
        options = self._options(interpreter, optimize=optimize)
        return pyc_path(self._project.path(name), interpreter.dialect, options)

    def cache(self, name: str, *, python: Python = None, optimize: int | None = None) -> CacheFile:
        """Return what the cache of a module is: its mode, how it is tied to the source, its level.

        Args:
            name: the module, or the path of a cache.
            python: whose cache; see :meth:`run`.
            optimize: of which level; None is the sandbox's.

        Raises:
            PycInspectError: ``not-found`` where there is no such file.
        """
        is_path = name.endswith((".pyc", ".pyo"))
        path = name if is_path else self.pyc(name, python=python, optimize=optimize)
        found = self._project.require(path)
        facts = read_cache_file(found, self._children.interpreter(python).dialect)
        if facts is None:
            raise PycInspectError(
                "not-found", f"{self._shown(found)} is not a file that can be read"
            )
        return facts

    def compile(
        self,
        name: str,
        mode: Mode | None = None,
        *,
        optimize: int | None = None,
        python: Python = None,
        legacy: bool = False,
    ) -> str:
        """Write a module's cache as ``py_compile`` does.

        Args:
            name: the module.
            mode: how it is tied to the source; None is the sandbox's, ``"timestamp"`` unless
                the mark says otherwise.
            optimize: the level; None is the sandbox's.
            python: who compiles; see :meth:`run`.
            legacy: the cache comes beside the source, where it is found without it.

        Returns:
            The path of the cache.

        Raises:
            PycInspectError: ``not-found``, ``does-not-compile``, ``no-source-hash`` for a
                hash-based cache of a Python that has none.
        """
        source = self._project.require(name)
        interpreter = self._children.interpreter(python)
        level = self._settings.optimize if optimize is None else optimize
        cache = f"{source}c" if legacy else self.pyc(name, python=python, optimize=level)
        chosen = self._mode if mode is None else InvalidationMode(mode)
        with self._doing() as touched:
            compile_pyc(source, cache, chosen, level, interpreter, children=self._children)
            touched.append(cache)
        self._say(f"compile {name} ({chosen}, level {level}, Python {python_name(interpreter)})")
        return cache

    def corrupt(
        self,
        name: str,
        *,
        magic: bytes | int | str | None = None,
        flags: int | None = None,
        mtime: int | None = None,
        size: int | None = None,
        hash: bytes | None = None,  # noqa: A002 - the field's name
        truncate: int | None = None,
        payload: bytes | None = None,
        python: Python = None,
    ) -> str:
        """Change fields of a cache.

        Args:
            name: the module whose cache is meant, or the path of a cache.
            magic: four bytes, a magic word, or whose: ``"3.12"``, ``"pypy-3.9"``.
            flags: of PEP 552.
            mtime: the source's time in seconds.
            size: the source's size in bytes.
            hash: the source's hash, eight bytes.
            truncate: how many bytes of the file are left.
            payload: what follows the header.
            python: whose cache; see :meth:`run`.

        Returns:
            The path of the cache.

        Raises:
            PycInspectError: ``not-found`` where there is no cache, ``no-such-field`` for one
                that caches of this Python do not have, ``bad-field``, ``unknown-dialect``.
        """
        dialect = self._children.interpreter(python).dialect
        is_path = name.endswith((".pyc", ".pyo"))
        path = self._project.require(name if is_path else self.pyc(name, python=python))
        values = {"flags": flags, "mtime": mtime, "source_size": size, "source_hash": hash}
        fields = {"magic": magic_bytes(magic), **values}
        with self._doing() as touched, open(path, "r+b") as stream:
            data = corrupted(stream.read(), dialect, fields, truncate=truncate, payload=payload)
            stream.seek(0)
            stream.write(data)
            stream.truncate()
            touched.append(path)
        given = {"magic": magic, **values, "truncate": truncate, "payload": payload}
        changed = ", ".join(f"{key}={value!r}" for key, value in given.items() if value is not None)
        self._say(f"corrupt {self._shown(name)} ({changed})")
        return path
