"""Which findings do not count: those that a pattern ignores, or a baseline accepts.

Both name paths, each relative to a directory of its own. A path is compared as it is printed,
and, so that a tree is the same by whatever name, with the links above it resolved.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import NamedTuple

from pycinspect.auditing.baseline import Accepted
from pycinspect.auditing.digest import content_digest
from pycinspect.auditing.failures import FAULT
from pycinspect.auditing.findings import Finding
from pycinspect.auditing.policy import PathIgnore, Policy
from pycinspect.auditing.selecting import strength
from pycinspect.cache import View
from pycinspect.pyc import system_errors_named

__all__ = ["UNUSED", "Suppressions", "Unused"]

#: The rule that tells of suppressions; findings of these are the engine's.
UNUSED = "PYC903"
#: Rules of which nothing can be suppressed.
_NEVER = frozenset({FAULT, UNUSED})

_EXPIRED = "{}; it was accepted until {{accepted_until}}"


class Unused(NamedTuple):
    """A suppression that suppresses nothing: where it is told, and what it says."""

    path: str
    text: str
    rules: tuple[str, ...]


class Suppressions:
    """The suppressions of one run, and which of them were used.

    Args:
        policy: what the audit was told.
        roots: what is audited.
    """

    def __init__(self, policy: Policy, roots: Sequence[str]) -> None:
        self._view = policy.view
        self._paths = _Paths(roots, policy.view)
        self._patterns = [_Pattern(row, policy.view) for row in policy.path_ignores]
        self._base = "" if policy.baseline is None else policy.baseline.base
        self._accepted: dict[tuple[str, str], list[Accepted]] = {}
        for row in () if policy.baseline is None else policy.baseline.accepted:
            self._accepted.setdefault((row.rule, row.path), []).append(row)
        self._used: set[PathIgnore | Accepted] = set()
        self._today = datetime.now(UTC).date()

    def __bool__(self) -> bool:
        return bool(self._patterns or self._accepted)

    def ignores(self, finding: Finding) -> bool:
        """Return whether a pattern ignores a finding."""
        if finding.rule in _NEVER or not self._patterns:
            return False
        paths = self._paths.of(finding.path)
        for pattern in self._patterns:
            if strength(pattern.row.rules, finding.rule) and any(map(pattern.matches, paths)):
                self._used.add(pattern.row)
                return True
        return False

    def accepts(self, finding: Finding) -> Accepted | None:
        """Return the entry of the baseline that accepts a finding, None where none does."""
        if finding.rule in _NEVER or not self._accepted:
            return None
        for row in self._accepted.get((finding.rule, self._below_base(finding.path)), ()):
            if self._is_in_force(row) and row.digest == content_digest(finding.path, self._view):
                self._used.add(row)
                return row
        return None

    def marked(self, finding: Finding) -> Finding:
        """Return a finding that counts, with a word if it was accepted until it expired."""
        if not self._accepted or finding.rule in _NEVER:
            return finding
        for row in self._accepted.get((finding.rule, self._below_base(finding.path)), ()):
            if row.expires is None or self._is_in_force(row):
                continue
            if row.digest == content_digest(finding.path, self._view):
                self._used.add(row)
                data = {**finding.data, "accepted_until": row.expires.isoformat()}
                return finding._replace(template=_EXPIRED.format(finding.template), data=data)
        return finding

    def entry(self, finding: Finding) -> Accepted:
        """Return what a baseline has to say to accept a finding."""
        digest = content_digest(finding.path, self._view)
        return Accepted(finding.rule, self._below_base(finding.path), digest)

    def _is_in_force(self, row: Accepted) -> bool:
        return row.expires is None or self._today < row.expires

    def _below_base(self, path: str) -> str:
        return self._paths.below(path, self._base)

    def unused(self) -> Iterator[Unused]:
        """Yield what suppressed nothing, though what it names was audited, or is not there."""
        for pattern in self._patterns:
            row = pattern.row
            if row not in self._used and self._paths.may_hold(pattern.tops):
                text = f"{row.pattern}: {', '.join(row.rules)}"
                yield Unused(row.pattern, text, row.rules)
        for key in sorted(self._accepted):
            for entry in self._accepted[key]:
                path = os.path.join(self._base, entry.path)
                if entry not in self._used and self._paths.are_audited(path):
                    yield Unused(entry.path, self._told(entry, path), (entry.rule,))

    def _told(self, entry: Accepted, path: str) -> str:
        is_other = self._view.is_file(path) and entry.digest != content_digest(path, self._view)
        return f"baseline {entry.rule}{', for other content of the file' if is_other else ''}"


class _Paths:
    """Spells the paths of findings."""

    def __init__(self, roots: Sequence[str], view: View) -> None:
        self._view = view
        self._directories = {root: self._real(root) for root in roots if view.is_dir(root)}
        self._parents: dict[str, str] = {}
        self._roots = [self._canonical(root) for root in roots]
        self._bases: dict[str, str] = {}

    def of(self, path: str) -> list[str]:
        """Return a path from the root on, as it is printed, and without links above it."""
        return [_slashes(path) for path in {self._view.absolute(path): 0, self._canonical(path): 0}]

    def below(self, path: str, base: str) -> str:
        """Return a path relative to a directory; of an image, and on another drive, absolute."""
        canonical = self._canonical(path)
        if self._view.root is not None:
            return _slashes(canonical)
        if base not in self._bases:
            self._bases[base] = self._real(base)
        try:
            return _slashes(os.path.relpath(canonical, self._bases[base]))
        except ValueError:  # another drive
            return _slashes(canonical)

    def are_audited(self, path: str) -> bool:
        """Return whether a path lies in what is audited."""
        here = self._canonical(path)
        return any(
            here == root or here.startswith(os.path.join(root, "")) or _is_cache_of(here, root)
            for root in self._roots
        )

    def may_hold(self, tops: Sequence[str]) -> bool:
        """Return whether something below one of these directories was audited, or nothing is."""
        roots = [_slashes(root) for root in self._roots]
        return not any(map(self._view.is_dir, tops)) or any(
            posixpath.join(one, "").startswith(posixpath.join(other, ""))
            for top in tops
            for root in roots
            for one, other in ((top, root), (root, top))
        )

    def _canonical(self, path: str) -> str:
        """Resolve links down to the root that a path lies in, and none below it."""
        for root, real in self._directories.items():
            if path == root:
                return real
            if path.startswith(os.path.join(root, "")):
                return os.path.normpath(os.path.join(real, os.path.relpath(path, root)))
        parent, name = os.path.split(path)
        if parent not in self._parents:
            self._parents[parent] = self._real(parent or os.curdir)
        return os.path.normpath(os.path.join(self._parents[parent], name))

    def _real(self, path: str) -> str:
        try:
            return self._view.real(path)
        except (OSError, ValueError):  # what is wrong with it the walk says
            with system_errors_named(path):  # the current directory may have gone
                return self._view.absolute(path)


def _is_cache_of(path: str, source: str) -> bool:
    """Return whether a path lies where the caches of a file do that is audited by itself."""
    stem = os.path.splitext(os.path.basename(source))[0]
    home = os.path.dirname(source)
    is_near = os.path.dirname(path) in (home, os.path.join(home, "__pycache__"))
    return is_near and os.path.basename(path).partition(".")[0] == stem


def _slashes(path: str) -> str:
    """Return a path as patterns and baselines spell it on every system."""
    return os.path.normcase(path).replace(os.sep, "/")


class _Pattern:
    """Matches the paths that a pattern means.

    ``*`` matches slashes, too; ``**/`` any number of directories, also none; a slash at the end
    everything below. A pattern without any slash is one of names.
    """

    def __init__(self, row: PathIgnore, view: View) -> None:
        self.row = row
        pattern = _slashes(row.pattern)
        is_directory = pattern.endswith("/")
        pattern = posixpath.normpath(pattern) if pattern else ""
        end = "(?s:/.*)" if is_directory else ""
        #: Directories, without wildcards, in one of which is all that it can match; or none.
        self.tops: tuple[str, ...] = ()
        self._is_name = False
        if "/" not in pattern and not is_directory and pattern not in (".", ".."):
            self._regex = re.compile(_translated(pattern))
            self._is_name = True
            return
        starts = [("", pattern)]
        if not os.path.isabs(pattern):
            bases = ["/"] if view.root is not None else _spellings(row.base)
            starts = [_climbed(base, pattern) for base in bases]
        self.tops = tuple(base + _literal(rest, whole=is_directory) for base, rest in starts)
        regexes = (re.escape(base) + _translated(rest) for base, rest in starts)
        self._regex = re.compile(f"(?:{'|'.join(regexes)}){end}")

    def matches(self, path: str) -> bool:
        subject = path.rpartition("/")[2] if self._is_name else path
        return self._regex.fullmatch(subject) is not None


def _spellings(base: str) -> list[str]:
    """Return a directory as it is called, and without links."""
    return [_slashes(path) for path in {os.path.abspath(base): 0, os.path.realpath(base): 0}]


def _climbed(base: str, pattern: str) -> tuple[str, str]:
    """Resolve ``..`` at the start of a pattern; return a directory, and what is left with "/"."""
    parts = pattern.split("/")
    while parts and parts[0] in (".", ".."):
        if parts.pop(0) == "..":
            base = posixpath.dirname(base)
    return base.rstrip("/"), "".join(f"/{part}" for part in parts)


def _literal(pattern: str, *, whole: bool) -> str:
    """Return the directories at the start of a pattern that have no wildcards."""
    directories, _, last = pattern.rpartition("/")
    parts = directories.split("/") + ([last] if whole else [])
    return "/".join(takewhile(lambda part: not _WILD.search(part), parts))


_WILD = re.compile(r"[*?\[]")


def _translated(pattern: str) -> str:
    """Return a pattern as a regular expression; ``**/`` is not fnmatch's."""
    parts = [fnmatch.translate(part)[:-2] for part in pattern.split("**/")]
    return "(?s:.*/)?".join(parts)
