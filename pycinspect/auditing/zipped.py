"""The cache files of a directory in an archive that Python imports from as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pycinspect.auditing.audience import Audience
from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Entry, Judgement, Outcome, judge_in_zip, level_of, zip_target
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import NameEnd

__all__ = ["ZippedExaminer"]

_PYO = NameEnd("", "", "pyo")


class ZippedExaminer:
    """Judges cache files as ``zipimport`` does.

    Args:
        policy: what the audit was told.
        audience: the Pythons that the tree is for.
        writer_of: finds whose magic number a file begins with.
    """

    def __init__(
        self,
        policy: Policy,
        audience: Audience,
        writer_of: Callable[[bytes, str | None], Dialect | None],
    ) -> None:
        self._policy = policy
        self._view = policy.view
        self._audience = audience
        self._writer_of = writer_of

    def caches(self, directory: Directory) -> Iterator[CacheFile]:
        """Yield the cache files of a directory, those in ``__pycache__`` first."""
        for cache in (directory.cache, directory.bypassed):
            for entry in () if cache is None else cache.entries:
                yield self._cache(entry, directory, entry.name.partition(".")[0])
        for entry in directory.bytecode:
            yield self._cache(entry, directory, entry.name.rpartition(".")[0])

    def _cache(self, entry: Entry, directory: Directory, stem: str) -> CacheFile:
        start, status = b"", entry.stat(follow_symlinks=False)
        failure: Judgement | None = None
        try:
            start, status = self._view.read_start(entry.path)
        except (OSError, PycInspectError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            failure = Judgement(Outcome.RECOMPILE, "cache-unreadable", "", reason, "OSError")
        writer = self._writer_of(start[:4], None)
        is_known = writer is not None and not writer.unchecked
        reader = self._audience.reader(directory, writer if is_known else None)
        source = directory.sources.get(stem)
        judgement = failure or self._judged(entry, reader)
        is_used = judgement.outcome is not Outcome.NO_CACHE
        return CacheFile(
            entry.path,
            directory,
            None,
            reader,
            writer,
            start,
            status,
            f"{directory.source_path}{stem}.py",
            None if source is None else source.stat(),
            judgement,
            entry.is_symlink(),
            is_module=is_used and source is None,
        )

    def _judged(self, entry: Entry, reader: Dialect) -> Judgement:
        target = zip_target(entry.path, self._view)
        assert target is not None
        if reader.zip_importer is None:
            why = f"{reader.name} imports nothing from zip files"
            return Judgement(Outcome.NO_CACHE, "not-a-cache-path", "", why)
        level = (level_of(_PYO) or 0) if entry.name.endswith(".pyo") else 0
        try:
            return judge_in_zip(target, reader, self._policy.options(level))[0]
        except PycInspectError as error:
            return Judgement(Outcome.RAISE, "not-a-zip-file", "", error.message, "ZipImportError")
