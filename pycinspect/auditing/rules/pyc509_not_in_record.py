"""What it finds
=============
A cache of a wheel that its ``RECORD`` does not list; a cache, or the source of one, whose hash or size is
not that of ``RECORD``, in a wheel or where it is installed; and, in an installed
distribution, bytecode in a source's place that ``RECORD`` does not list, or a cache of a listed
source in a ``__pycache__`` of which it lists the others. Where it lists no caches, as after
``uv pip install`` and ``pip install --no-compile``, those that imports write are no finding. Hashes are
compared where payloads are decoded (``--deep``).

Why it matters
==============
Installers copy what is in a wheel, also what its ``RECORD`` does not name, and an import runs a cache
without a look at ``RECORD``. A file that was added to a wheel after it was built, or changed where
it is installed, is found by nobody else: attacks have hidden their code there.

What to do
==========
Find out who added or changed the file. Take the wheel from where it was built, or install the distribution
again; caches are made again at the first import.
"""

import os

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.records import Record, Records
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import SOURCE_LIMIT
from pycinspect.errors import PycInspectError

__all__ = ["NotInRecord"]

_UNLISTED = "is in the wheel, and its RECORD does not list it"
_NO_RECORD = "is in a wheel without a RECORD"
_NOBODYS = "is imported without source, and no RECORD lists it"
_LEFT_OUT = "is not listed in RECORD, where the caches beside it are"
_SOURCE = "its source {source_name} {reason}"


class NotInRecord(Rule):
    """PYC509."""

    id = "PYC509"
    name = "not-in-record"
    title = "Not what RECORD says"
    severity = Severity.SECURITY
    message = "{reason}"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        view = context.policy.view
        place = view.archive_of(context.root)
        self._archive = None if place is None else place.archive
        self._is_wheel = place is not None and place.archive.layout.kind == "wheel"
        self._records = Records(context.root if place is None else place.mount, view)
        if not self._is_wheel:  # of others, listings alone tell little
            self.reasons = frozenset({"sourceless"})

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache that is not listed where it should be."""
        record = self._record(cache)
        if record is None:
            return self.of_cache(cache, reason=_NO_RECORD) if self._is_wheel else None
        name = self._name(cache.path, record)
        if name in record.files:
            return None
        if self._is_wheel:
            return self.of_cache(cache, reason=_UNLISTED)
        if name.partition("/")[0] not in record.tops:
            return None
        finding = self.of_cache(cache, reason=_NOBODYS)
        return finding._replace(severity=Severity.WARNING)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report a cache, or a source, that is not what is noted of it."""
        record = self._record(cache)
        if record is None:
            return None
        noted = record.files.get(self._name(cache.path, record))
        objection = None if noted is None or not payload.data else noted.objection(payload.data)
        if objection is not None:
            return self.of_cache(cache, reason=objection)
        if noted is None and not self._is_wheel and self._has_listed_neighbours(cache, record):
            finding = self.of_cache(cache, reason=_LEFT_OUT)
            return finding._replace(severity=Severity.WARNING)
        return self._of_source(cache, record)

    def _of_source(self, cache: CacheFile, record: Record) -> Finding | None:
        if cache.source_status is None:
            return None
        noted = record.files.get(self._name(cache.source, record))
        if noted is None:
            return None
        try:
            content = self.context.policy.view.read_all(cache.source, SOURCE_LIMIT)
        except (OSError, PycInspectError):  # other rules say what cannot be read
            return None
        objection = noted.objection(content)
        if objection is None:
            return None
        name = os.path.basename(cache.source)
        finding = self.of_cache(cache, reason=objection, source_name=name)
        severity = Severity.SECURITY if self._is_wheel else Severity.WARNING
        return finding._replace(template=_SOURCE, severity=severity)

    def _has_listed_neighbours(self, cache: CacheFile, record: Record) -> bool:
        """Return whether an installer that lists what it compiles has left out a cache."""
        if self._name(cache.source, record) not in record.files:
            return False
        folder, _, file = self._name(cache.path, record).rpartition("/")
        return (folder, file.partition(".")[2]) in record.caches

    def _record(self, cache: CacheFile) -> Record | None:
        return self._records.of(cache.directory.source_path.rstrip("/" + os.sep))

    def _name(self, path: str, record: Record) -> str:
        """Return what RECORD calls a file; in a wheel that need not be where it is installed."""
        below = os.path.relpath(path, record.site).replace(os.sep, "/")
        if self._archive is None or not self._is_wheel:
            return below
        return self._archive.find(below, follow=False).member.path
