"""What it finds
=============
How many seconds of a start go into compiling sources again, because their caches are stale, or are
missing and cannot be written. It is an estimate: some of the user's own sources are compiled, in a
process with limits, by the Python that they are for, or by the running one where that is not
installed, and the time is scaled to the bytes of all.

Why it matters
==============
Nothing else shows this time: the importer says nothing, and a profile has it among the imports. A
command that is started often, and a function in a cloud, pay it each time.

What to do
==========
See the findings about the caches themselves, PYC107 first. It is only a statistic: it is measured
where it is listed (``--select PYC108``, ``--profile deploy``), and no audit fails because of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.cost import Sample
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rewriting import COMPILED_AFTER, Rewriting
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Outcome, cache_from_source, level_of
from pycinspect.dialects import Dialect

__all__ = ["Cost"]

_UNMEASURED = (
    "a start of {dialect} that imports everything compiles {files} {sources} of {size}"
    " bytes{often}; how long that takes could not be measured ({why})"
)
_OFTEN = {
    "never": ", until the caches are written",
    "always": ", each time, as the caches cannot be written",
    "some": ", and {unwritable} of the caches cannot be written",
}


@dataclass(slots=True)
class _Share:
    """What one Python compiles at one optimization level."""

    files: int = 0
    size: int = 0
    unwritable: int = 0
    unwritable_size: int = 0
    sample: Sample = field(default_factory=Sample)

    def add(self, path: str, size: int, *, writable: bool) -> None:
        self.files += 1
        self.size += size
        if not writable:
            self.unwritable += 1
            self.unwritable_size += size
        self.sample.add(path)

    @property
    def often(self) -> str:
        if not self.unwritable:
            return _OFTEN["never"]
        kind = "always" if self.unwritable == self.files else "some"
        return _OFTEN[kind].format(unwritable=self.unwritable)


class Cost(Rule):
    """PYC108."""

    id = "PYC108"
    name = "cost"
    title = "Cost of stale caches"
    severity = Severity.INFO
    is_statistic = True
    never_fails = True
    about_tree = True
    message = (
        "a start of {dialect} that imports everything takes about {about} s longer{often}: it"
        " compiles {files} {sources}; estimated from {sampled} of them, of which {compiler}"
        " compiled {rate} kB a second here"
    )
    reasons = COMPILED_AFTER
    needs_missing = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._shares: dict[tuple[str, int], _Share] = {}
        self._dialects: dict[str, Dialect] = {}
        self._rewriting = Rewriting(context.policy)
        self._only_counts = context.policy.only_counts(self.id)

    def check_cache(self, cache: CacheFile) -> None:
        """Add a cache after which the source is compiled."""
        reader, status = cache.reader, cache.source_status
        if cache.judgement.outcome is not Outcome.RECOMPILE or reader is None or status is None:
            return
        level = 0 if cache.ending is None else level_of(cache.ending) or 0
        writable = self._rewriting.hindrance(cache.path, reader) is None
        self._share(reader, level).add(cache.source, status.st_size, writable=writable)

    def check_directory(self, directory: Directory) -> Iterable[Finding]:
        """Add the sources without a cache that can get none."""
        policy = self.context.policy
        if self._only_counts:
            return ()
        for stem, level, dialect in self.context.missing.of(directory):
            path = directory.sources[stem].path
            cache = cache_from_source(
                path, dialect, optimization=level or "", pycache_prefix=policy.pycache_prefix
            )
            if self._rewriting.hindrance(cache, dialect) is None:
                continue
            if self.context.sources.refusal(directory.path, path, dialect) is not None:
                continue
            try:
                size = policy.view.stat(path).st_size
            except OSError:  # it has gone since the listing
                continue
            self._share(dialect, level).add(path, size, writable=False)
        return ()

    def _share(self, dialect: Dialect, level: int) -> _Share:
        self._dialects[dialect.name] = dialect
        return self._shares.setdefault((dialect.name, level), _Share())

    def finish(self) -> Iterator[Finding]:
        """Report the cost of each Python and level, measured if anybody will see it."""
        for (name, level), share in sorted(self._shares.items()):
            dialect = self._dialects[name]
            data = {
                "dialect": f"{name} {'-' + 'O' * level}" if level else name,
                "level": level,
                "files": share.files,
                "sources": "source" if share.files == 1 else "sources",
                "size": share.size,
                "unwritable": share.unwritable,
                "often": share.often,
            }
            if self._only_counts:
                yield self.of_path(self.context.root, data)
                continue
            yield self._measured(dialect, share, data)

    def _measured(self, dialect: Dialect, share: _Share, data: dict[str, object]) -> Finding:
        rate, why = self.context.sources.rate(share.sample.paths, dialect)
        if rate is None:
            finding = self.of_path(self.context.root, {**data, "why": why})
            return finding._replace(template=_UNMEASURED, dialect=dialect.name)
        measured = {
            "about": _shown(rate.seconds_for(share.size)),
            "seconds": round(rate.seconds_for(share.size), 3),
            "seconds_at_every_start": round(rate.seconds_for(share.unwritable_size), 3),
            "sampled": rate.files,
            "sampled_bytes": rate.size,
            "compiler": rate.compiler,
            "rate": round(rate.bytes_per_second / 1000),
        }
        finding = self.of_path(self.context.root, data | measured)
        return finding._replace(dialect=dialect.name)


def _shown(seconds: float) -> str:
    """Return a time with as many digits as an estimate has."""
    if seconds >= 10:
        return f"{seconds:.0f}"
    return f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.1g}"
