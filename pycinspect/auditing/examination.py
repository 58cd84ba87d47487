"""Files that make the examiner fail do not stop the audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pycinspect.auditing.examine import Examined, Examiner
from pycinspect.auditing.failures import Failures
from pycinspect.auditing.findings import Finding
from pycinspect.auditing.walk import Directory

__all__ = ["Examination"]


class Examination:
    """An examiner that goes on with the next file where one makes it fail."""

    def __init__(self, examiner: Examiner, failures: Failures) -> None:
        self._examiner = examiner
        self._failures = failures
        self._found: list[Finding] = []

    def caches(self, directory: Directory) -> Examined:
        """Return the cache files of a directory but for those that cannot be examined."""
        try:
            return self._examiner.caches(directory)
        except Exception:  # noqa: BLE001 - whose fault it is turns out now
            return self._one_by_one(directory)

    def findings(self) -> list[Finding]:
        """Return what is to be said of the others, once."""
        found, self._found = self._found, []
        return found

    def _one_by_one(self, directory: Directory) -> Examined:
        whole = Examined([], [])
        for path, alone in _apart(directory):
            try:
                examined = self._examiner.caches(alone)
            except Exception as error:  # noqa: BLE001 - a bug is a finding
                self._found += self._failures.of_step("reading the header", path, error)
                continue
            whole.caches.extend(replace(cache, directory=directory) for cache in examined.caches)
            whole.groups.extend(examined.groups)
        return whole


def _apart(directory: Directory) -> Iterator[tuple[str, Directory]]:
    """Yield a directory once for each of its cache files, as if that were the only one."""
    cache = directory.cache
    if cache is not None:
        for entry in cache.entries:
            alone = replace(cache, entries=(entry,))
            yield entry.path, replace(directory, cache=alone, bytecode=())
    for entry in directory.bytecode:
        yield entry.path, replace(directory, cache=None, bytecode=(entry,))
