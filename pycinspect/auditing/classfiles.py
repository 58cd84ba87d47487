"""Java class files beside their sources: the caches of Jython, each with its judgement."""

from __future__ import annotations

from collections.abc import Callable

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.walk import CLASS_SUFFIX, Directory
from pycinspect.cache import (
    SOURCE_LIMIT,
    Entry,
    Found,
    Judgement,
    Outcome,
    View,
    judge_class,
    milliseconds,
)
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.jvm import is_jython_class

__all__ = ["ClassExaminer"]

#: What a finder takes for a name in a directory, for a dialect.
_Finds = Callable[[str, Directory, Dialect, int], Found]
#: Bytes of a file that rules look at: a magic number and what follows it.
_START = 16


class ClassExaminer:
    """Reads and judges ``$py.class`` files.

    Args:
        dialects: the rows to look in: the one with rules for class files reads them.
        view: the file system that they are in.
        finds: asks the finder.
    """

    def __init__(self, dialects: DialectTable, view: View, finds: _Finds) -> None:
        self._view = view
        self._finds = finds
        self._reader = next((row for row in dialects if row.classes is not None), None)

    def examine(self, entry: Entry, directory: Directory) -> CacheFile:
        """Return one class file of a directory with what Jython's importer does with it."""
        stem = entry.name.removesuffix(CLASS_SUFFIX)
        data, failure = self._read(entry)
        found = None
        if self._reader is not None:
            found = self._finds(stem, directory, self._reader, 0)
        is_module = found is not None and found.path == entry.path
        source = f"{directory.source_path}{stem}.py"
        is_cache = found is not None and found.path == source
        judgement = failure
        if judgement is None and (is_module or is_cache):
            judgement = self._judge(entry, data, None if is_module else source)
        return CacheFile(
            entry.path,
            directory,
            None,
            self._reader,
            self._reader if is_jython_class(data) else None,
            data[:_START],
            entry.stat(follow_symlinks=False),
            source,
            directory.sources[stem].stat() if stem in directory.sources else None,
            judgement or _loses(found, directory),
            entry.is_symlink(),
            is_module=is_module,
        )

    def _read(self, entry: Entry) -> tuple[bytes, Judgement | None]:
        try:
            return self._view.read_all(entry.path, SOURCE_LIMIT), None
        except PycInspectError as error:
            return b"", Judgement(Outcome.RECOMPILE, "cache-not-regular", "", error.message)
        except OSError as error:
            why = error.strerror or type(error).__name__
            return b"", Judgement(Outcome.RECOMPILE, "cache-unreadable", "", why)

    def _judge(self, entry: Entry, data: bytes, source: str | None) -> Judgement:
        assert self._reader is not None
        assert self._reader.classes is not None
        source_time = None if source is None else milliseconds(self._view.stat(source))
        class_time = milliseconds(self._view.stat(entry.path))
        return judge_class(data, self._reader.classes, class_time, source_time)


def _loses(found: Found | None, directory: Directory) -> Judgement:
    """Say what an import takes instead of a class file."""
    if found is None or found.path is None:
        return Judgement(Outcome.NOT_FOUND, "module-not-found")
    winner = found.path.removeprefix(directory.source_path)
    return Judgement(Outcome.NO_CACHE, "shadowed", "", winner)
