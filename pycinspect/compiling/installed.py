"""Whether sources compile, asked of the interpreter that would import them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pycinspect import cache
from pycinspect.cache import ImportOptions, Refusal, Verdict
from pycinspect.compiling.interpreter import Interpreter, find_interpreter
from pycinspect.compiling.source import Compilers
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.values import StrPath

__all__ = ["InstalledCompilers", "judge", "judge_module"]

#: Names of dialects that are names of interpreters, too.
_RELEASE = re.compile(r"(cpython|pypy)-\d+\.\d+")


class InstalledCompilers:
    """Asks installed interpreters: a ``cache.SourceCompiler``.

    Args:
        compilers: their processes, which the caller ends.
        dialects: the rows to look in.
    """

    def __init__(self, compilers: Compilers, *, dialects: DialectTable = DIALECTS) -> None:
        self._compilers = compilers
        self._dialects = dialects
        self._found: dict[str, Interpreter | PycInspectError | None] = {}

    def __call__(
        self, source: bytes, path: str, dialect: Dialect, optimize: int, /
    ) -> Refusal | None:
        """Return what compiling a source raises, None where it compiles.

        Raises:
            PycInspectError: ``no-interpreter`` where none of the dialect is installed, or as
                ``compile_source``.
        """
        interpreter = self.interpreter(dialect)
        return self._compilers.refusal(source, path, interpreter=interpreter, optimize=optimize)

    def interpreter(self, dialect: Dialect) -> Interpreter | None:
        """Return who compiles for a dialect, None for the running interpreter.

        Raises:
            PycInspectError: ``no-interpreter``.
        """
        if dialect.name not in self._found:
            self._found[dialect.name] = self._looked_for(dialect)
        found = self._found[dialect.name]
        if isinstance(found, PycInspectError):
            raise found
        return found

    def nearest(self, dialect: Dialect) -> Interpreter:
        """Return the installed interpreter whose version is nearest to a dialect's.

        Raises:
            PycInspectError: ``no-interpreter`` where none of its major version is installed.
        """
        rows = self._dialects.neighbours(dialect)
        for row in (row for row in rows if _RELEASE.fullmatch(row.name)):
            try:
                return find_interpreter(row.name, dialects=self._dialects)
            except PycInspectError as error:
                if error.slug != "no-interpreter":
                    raise
        message = f"no Python {dialect.python[0]} is installed here to ask"
        raise PycInspectError("no-interpreter", message)

    def _looked_for(self, dialect: Dialect) -> Interpreter | PycInspectError | None:
        if dialect.magic == self._dialects.running().magic:
            return None
        missing = PycInspectError("no-interpreter", f"no {dialect.name} is installed here to ask")
        if _RELEASE.fullmatch(dialect.name) is None:
            return missing
        try:
            found = find_interpreter(dialect.name, dialects=self._dialects)
        except PycInspectError as error:
            return missing if error.slug == "no-interpreter" else error
        return found if found.dialect.magic == dialect.magic else missing


def judge(
    source: StrPath,
    dialect: Dialect | str | None = None,
    options: ImportOptions | None = None,
) -> Verdict:
    """Decide what happens when the file ``source`` is imported.

    Args:
        source: a source, or a ``.pyc`` that stands in a source's place. What
            else lies beside it does not count; see :func:`judge_module`.
        dialect: a row or its name; None is the running interpreter's.
        options: how the import is started.

    Returns:
        The verdict; nothing is imported, run or written. A source that would be compiled is
        compiled by the dialect's interpreter, in another process with limits, if one is
        installed; else ``Verdict.doubt`` says that it was not.

    Raises:
        PycInspectError: ``unknown-dialect``, ``hash-unavailable``, ``too-large``,
            or ``unsupported`` where the dialect's caches are not read.

    The rules are those of ``importlib._bootstrap_external.SourceLoader.get_code``.

    >>> judge("no_such_module.py").outcome.value
    'not-found'
    """
    with Compilers() as compilers:
        asked = InstalledCompilers(compilers)
        return cache.judge(source, dialect, options, compiler=asked)


def judge_module(
    name: str,
    path: Sequence[StrPath] | None = None,
    dialect: Dialect | str | None = None,
    options: ImportOptions | None = None,
    *,
    package: str = "",
) -> Verdict:
    """Find a module as the importer would, and decide what happens to it.

    Args:
        name: the full name of the module.
        path: directories and zip files, in their order; None is ``sys.path``.
        dialect: a row or its name; None is the running interpreter's.
        options: how the import is started.
        package: the full name of the package whose ``__path__`` the path is.

    Returns:
        The verdict, as :func:`judge`.

    Raises:
        PycInspectError: as :func:`judge`, and ``bad-zip``.

    >>> verdict = judge_module("sys")
    >>> verdict.outcome.value, verdict.reason
    ('no-cache', 'built-in-module')
    """
    with Compilers() as compilers:
        asked = InstalledCompilers(compilers)
        return cache.judge_module(name, path, dialect, options, package=package, compiler=asked)
