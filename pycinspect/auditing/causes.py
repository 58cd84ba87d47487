"""Why is a whole tree stale? Evidence that is collected in passing, and its reading.

Times are kept as figures over all files (smallest, largest, a few counts), so
that the memory does not grow with the tree. One of the tables of causes is tried
from the top; the first cause whose signs are all there is named.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pycinspect.errors import PycInspectError
from pycinspect.pyc import read_all

__all__ = ["Cause", "Evidence", "find_cause"]

_HOUR = 3600
#: The widest shift between two time zones, in seconds (UTC-12 to UTC+14).
_WIDEST_SHIFT = 26 * _HOUR
#: Times that tools set, in seconds since the epoch: 1980-01-01, the first day of DOS and so of
#: zip files; what npm packs with (1985-10-26 08:15 UTC); Bazel's ``pkg_tar`` (2000-01-01).
_DOS_EPOCH = 315_532_800
_NPM_TIME = 499_162_500
_BAZEL_TIME = 946_684_800
#: Files from which on it is no chance that they share a sign.
_FEW = 3
#: A tree that is copied or unpacked gets its times within this many seconds.
_COPYING_TIME = 3600
#: Distinct values that are counted; more of them are no sign of anything.
_MANY = 64
#: Sources with stale caches that are enough to speak of a tree.
_FEWEST = 2
#: Share of the stale caches that must show a sign.
_MOST = 0.95
#: What of a git repository's files is read, in bytes.
_GIT_LIMIT = 64 * 1024 * 1024


@dataclass(slots=True)
class Evidence:
    """What was seen of the stale timestamp caches of a tree, and of the fresh ones.

    Times are seconds since the epoch; an offset is the header's time minus the
    source's.
    """

    fresh: int = 0
    stale: int = 0
    #: Sources of the stale caches; those of one come in a row.
    sources: int = 0
    offsets: Counter[int] = field(default_factory=Counter)
    source_times: Counter[int] = field(default_factory=Counter)
    header_times: Counter[int] = field(default_factory=Counter)
    newest_source: float = float("-inf")
    oldest_source: float = float("inf")
    newer_sources: int = 0
    even_sources: int = 0
    whole_seconds: int = 0
    later_headers: int = 0
    rewritten_caches: int = 0
    executable_files: int = 0
    sample: str = ""
    latest: str = ""

    def add_stale(
        self, header_mtime: int, source: os.stat_result, cache: os.stat_result, path: str
    ) -> None:
        """Count a cache whose time does not.

        Args:
            header_mtime: the source's time as the header has it.
            source: ``os.stat`` of the source.
            cache: ``os.stat`` of the cache.
            path: the source.
        """
        mtime = int(source.st_mtime)
        self.stale += 1
        self.sources += path != self.latest
        self.sample, self.latest = self.sample or path, path
        for counter, value in (
            (self.offsets, header_mtime - mtime),
            (self.source_times, mtime),
            (self.header_times, header_mtime),
        ):
            if value in counter or len(counter) < _MANY:
                counter[value] += 1
        self.newest_source = max(self.newest_source, source.st_mtime)
        self.oldest_source = min(self.oldest_source, source.st_mtime)
        self.newer_sources += mtime > header_mtime
        self.later_headers += header_mtime > mtime
        self.whole_seconds += source.st_mtime_ns % 1_000_000_000 == 0
        self.even_sources += mtime % 2 == 0
        self.rewritten_caches += abs(cache.st_mtime - source.st_mtime) < _COPYING_TIME
        self.executable_files += bool((source.st_mode | cache.st_mode) & stat.S_IXUSR)

    def is_whole_tree(self) -> bool:
        """Return whether nearly all caches are stale, and enough to speak of a tree."""
        return self.stale >= 0.8 * (self.stale + self.fresh)

    def most(self, counter: Counter[int]) -> int | None:
        """Return the value that nearly all stale caches share, None where there is none."""
        value, count = counter.most_common(1)[0]
        return value if self.are_most(count) else None

    def are_most(self, count: int) -> bool:
        """Return whether so many are nearly all stale caches."""
        return count >= _MOST * self.stale

    def window(self) -> float:
        """Return the seconds between the oldest and the newest stale source."""
        return self.newest_source - self.oldest_source


class Cause(NamedTuple):
    """A named reason: a slug, and a sentence that says what to do about it."""

    slug: str
    text: str


def find_cause(evidence: Evidence, root: str) -> Cause | None:
    """Name what made a tree stale, or that part of it that a cause reaches.

    Args:
        evidence: figures of the tree.
        root: the tree, beside or above which a git repository is looked for.

    Returns:
        The cause; None where only some caches are stale and no known cause is to blame.
    """
    if evidence.sources < _FEWEST:
        return None
    causes = _CAUSES_OF_WHOLE_TREES if evidence.is_whole_tree() else _CAUSES_OF_PARTS
    for applies, cause in causes:
        if applies(evidence, root):
            return cause
    return _UNKNOWN if evidence.is_whole_tree() else None


# --- Signs ---------------------------------------------------------------------


def _sources_all_at(*times: int, tolerance: int = 0) -> Callable[[Evidence, str], bool]:
    def applies(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - one signature for all
        value = evidence.most(evidence.source_times)
        return value is not None and any(abs(value - time) <= tolerance for time in times)

    return applies


def _sources_share_a_time(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    """One time without a fraction is set, and not written.

    Thousands of files can be copied within one second, but not at the start of it.
    """
    is_set = evidence.are_most(evidence.whole_seconds)
    return is_set and evidence.most(evidence.source_times) is not None


def _newest_sources_clamped(evidence: Evidence, root: str) -> bool:
    """What was newer than a time has that time now; what was older is fresh.

    Of an older release of one package among others, the others are newer.
    """
    latest = evidence.most(evidence.source_times)
    if latest is None or not evidence.are_most(evidence.later_headers):
        return False
    if not _sources_share_a_time(evidence, root):
        return False
    others = [mtime > latest for mtime in _source_times(root) if mtime != latest]
    return sum(others) < len(others) / 2


def _headers_all_zero(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    return evidence.most(evidence.header_times) == 0


def _headers_share_a_time(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    """Many sources can have been written, and compiled, within one second before they were copied."""
    return (
        evidence.sources > _MANY
        and evidence.most(evidence.header_times) is not None
        and evidence.most(evidence.source_times) is None
        and not evidence.are_most(evidence.rewritten_caches)
    )


def _shifted_by_hours(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    whole_hours = sum(
        count
        for offset, count in evidence.offsets.items()
        # DOS times are even: up to two seconds are lost besides.
        if min(offset % _HOUR, -offset % _HOUR) <= 2 and _HOUR - 2 <= abs(offset) <= _WIDEST_SHIFT
    )
    return evidence.are_most(whole_hours)


def _rounded_to_two_seconds(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    near = sum(count for offset, count in evidence.offsets.items() if abs(offset) <= 2)
    return evidence.are_most(near) and evidence.are_most(evidence.even_sources)


def _odd_sources_rounded(evidence: Evidence, root: str) -> bool:
    """The caches of sources with odd times are stale, and no source has an odd time now."""
    by_one = evidence.offsets[1] + evidence.offsets[-1]
    return (
        evidence.are_most(by_one)
        and evidence.are_most(evidence.even_sources)
        and not any(mtime % 2 for mtime in _source_times(root))
    )


def _shifted_evenly(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    """Sources were given other times where they are: the caches' own times are older."""
    return (
        evidence.stale >= _FEW
        and evidence.most(evidence.offsets) is not None
        and not evidence.are_most(evidence.rewritten_caches)
    )


def _sources_newer(evidence: Evidence, root: str) -> bool:  # noqa: ARG001 - likewise
    return evidence.are_most(evidence.newer_sources) and evidence.window() <= _COPYING_TIME


def _copied_with_caches(evidence: Evidence, root: str) -> bool:
    """Sources and caches were written together, long after the caches were made."""
    return _sources_newer(evidence, root) and evidence.are_most(evidence.rewritten_caches)


def _unpacked_by_zipfile(evidence: Evidence, root: str) -> bool:
    """Python's zipfile drops permissions as well as times; cp -r keeps the x bits."""
    return (
        _copied_with_caches(evidence, root)
        and not evidence.executable_files
        and _permissions_dropped(root)
    )


def _copied_with_permissions(evidence: Evidence, root: str) -> bool:
    return _copied_with_caches(evidence, root) and (
        bool(evidence.executable_files) or _has_executables(root)
    )


def _checked_out_by_git(evidence: Evidence, root: str) -> bool:
    """The tree is tracked, and git wrote its index when the sources were written."""
    git = _git_directory(root)
    if git is None or not _sources_newer(evidence, root):
        return False
    times = [_mtime(os.path.join(git, name)) for name in ("index", "config")]
    index_time, config_time = times
    if index_time is None or index_time < evidence.oldest_source - 2:
        return False
    if not _is_tracked(git, evidence.sample):
        return False
    if any(evidence.oldest_source - 2 <= t <= evidence.newest_source + 2 for t in _reflog(git)):
        return True
    # A copied repository has copied settings, too: those are as new as the sources.
    return config_time is not None and config_time < evidence.oldest_source - 2


# --- The rest of the tree, looked at only when it is stale ---------------------------

_SOURCES = (".py", ".pyw")
#: Files that wheels install with x bits: where they lost them, permissions were dropped.
_COMPILED = (".so", ".pyd", ".dylib")
_LOOK_AT = 20_000


def _files(root: str) -> Iterator[str]:
    """Yield the paths of a tree's files, until so many have been seen."""
    seen = 0
    for directory, _, names in os.walk(root):
        seen += len(names)
        yield from (os.path.join(directory, name) for name in names)
        if seen > _LOOK_AT:
            return


def _modes_of_compiled(root: str) -> list[int]:
    compiled = (path for path in _files(root) if _is_compiled(os.path.basename(path)))
    return [mode for path in compiled if (mode := _mode(path)) is not None]


def _is_compiled(name: str) -> bool:
    return name.endswith(_COMPILED) or ".so." in name


def _source_times(root: str) -> Iterator[int]:
    """Yield the times of a tree's sources in whole seconds."""
    times = (_mtime(path) for path in _files(root) if path.endswith(_SOURCES))
    return (int(mtime) for mtime in times if mtime is not None)


def _permissions_dropped(root: str) -> bool:
    modes = _modes_of_compiled(root)
    return bool(modes) and not any(mode & stat.S_IXUSR for mode in modes)


def _has_executables(root: str) -> bool:
    return any(mode & stat.S_IXUSR for mode in _modes_of_compiled(root))


def _mode(path: str) -> int | None:
    try:
        return os.lstat(path).st_mode
    except OSError:  # gone since
        return None


def _mtime(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:  # a repository without that file
        return None


def _git_directory(root: str) -> str | None:
    place = os.path.abspath(root)
    while True:
        git = os.path.join(place, ".git")
        if os.path.isdir(git):
            return git
        parent = os.path.dirname(place)
        if parent == place:
            return None
        place = parent


def _is_tracked(git: str, path: str) -> bool:
    """Return whether git's index names a file (gitformat-index, versions 2 and 3)."""
    name = os.path.relpath(os.path.abspath(path), os.path.dirname(git)).replace(os.sep, "/")
    return os.fsencode(name) + b"\0" in _content(os.path.join(git, "index"))


def _reflog(git: str) -> list[int]:
    """Return when the checked-out commit changed, seconds since the epoch."""
    times = []
    for line in _content(os.path.join(git, "logs", "HEAD")).splitlines():
        fields = line.partition(b"\t")[0].split()
        if len(fields) > 2 and fields[-2].isdigit():
            times.append(int(fields[-2]))
    return times


def _content(path: str) -> bytes:
    try:
        return read_all(path, _GIT_LIMIT)
    except (OSError, PycInspectError):  # no evidence is what it gives
        return b""


_DROPPED = "times were not kept"

_UNKNOWN = Cause("unknown", "the times follow no pattern that has a known cause")

#: Signs, and what they are signs of; the first cause whose signs are all there is named.
_Causes = tuple[tuple[Callable[[Evidence, str], bool], Cause], ...]

_TWO_SECONDS = Cause(
    "two-seconds",
    "all sources have even times: they went through a zip file or a FAT file system, which hold"
    " times in steps of two seconds; compile afterwards, or use hash-based caches",
)

_CLAMPED = Cause(
    "clamped",
    "the stale ones are those whose header is later than the one time that their sources have:"
    " later times were clamped to it, as RPM, dpkg, image builders (BuildKit) and others do with"
    " SOURCE_DATE_EPOCH; compile after that step, or use hash-based caches",
)

#: Causes that leave the caches of some sources fresh.
_CAUSES_OF_PARTS: _Causes = (
    (_odd_sources_rounded, _TWO_SECONDS),
    (_newest_sources_clamped, _CLAMPED),
)

_CAUSES_OF_WHOLE_TREES: _Causes = (
    (
        _sources_all_at(0),
        Cause(
            "mtime-0",
            "every source has time 0, as ostree, flatpak and images with zeroed times set it:"
            " compile after that step, or use hash-based caches",
        ),
    ),
    (
        _sources_all_at(1),
        Cause(
            "nix",
            "every source has time 1, as the Nix store sets it: compile with"
            " SOURCE_DATE_EPOCH=1, or use hash-based caches",
        ),
    ),
    (
        _sources_all_at(_DOS_EPOCH, tolerance=_WIDEST_SHIFT),
        Cause(
            "zip-epoch",
            "every source has the first time that a zip file can hold (1980-01-01), as"
            " reproducible archives and AWS Lambda builds set it: use hash-based caches",
        ),
    ),
    (
        _headers_all_zero,
        Cause(
            "header-0",
            "every header records time 0: the caches were compiled from sources with zeroed"
            " times, or their writing was interrupted",
        ),
    ),
    (
        _shifted_by_hours,
        Cause(
            "hour-shift",
            "all times are shifted by whole hours: unpacked or copied in another time zone or"
            " across a change to summer time (zip files and FAT hold local time)",
        ),
    ),
    (_rounded_to_two_seconds, _TWO_SECONDS),
    (
        _sources_all_at(_NPM_TIME),
        Cause(
            "npm",
            "every source has the time 1985-10-26 08:15 UTC, which npm packs all files with:"
            " compile after the installation, or use hash-based caches",
        ),
    ),
    (
        _sources_all_at(_BAZEL_TIME),
        Cause(
            "bazel",
            "every source has the time 2000-01-01 00:00 UTC, which Bazel's packages have:"
            " compile after that step, or use hash-based caches",
        ),
    ),
    (_newest_sources_clamped, _CLAMPED),
    (
        _sources_share_a_time,
        Cause(
            "one-time",
            "all sources have one time, as SOURCE_DATE_EPOCH, tar --mtime and image builders"
            " (BuildKit's rewrite-timestamp) set it: compile after that step, or use hash-based"
            " caches",
        ),
    ),
    (
        _headers_share_a_time,
        Cause(
            "compiled-clamped",
            "every header records one and the same time, but the sources have others: the"
            " caches were compiled while the sources' times were set to a fixed value",
        ),
    ),
    (
        _shifted_evenly,
        Cause(
            "uniform-shift",
            "all times are shifted by the same number of seconds: the sources were touched"
            " by a tool, or the clock was set",
        ),
    ),
    (
        _checked_out_by_git,
        Cause(
            "git-checkout",
            "the sources were written by git (checkout, clone or pull), which gives files the"
            " time of the checkout: do not track caches, and compile after the checkout",
        ),
    ),
    (
        _unpacked_by_zipfile,
        Cause(
            "zipfile",
            "the tree was unpacked with Python's zipfile (extractall), which keeps neither"
            " times nor permissions: compile afterwards, or unpack with unzip",
        ),
    ),
    (
        _copied_with_permissions,
        Cause(
            "copied",
            f"the tree was copied and its {_DROPPED} (cp -r, COPY in an image): copy with"
            " cp -p or rsync -t, or compile afterwards",
        ),
    ),
    (
        _copied_with_caches,
        Cause(
            "copied-or-unpacked",
            f"sources and caches were written together and their {_DROPPED}: copied with"
            " cp -r (use cp -p) or unpacked with Python's zipfile (use unzip); or compile"
            " afterwards",
        ),
    ),
    (
        _sources_newer,
        Cause(
            "sources-replaced",
            "the sources were written anew after they were compiled (an update, an unpacked"
            " archive, git, touch): compile again",
        ),
    ),
)
