"""What every rule is made of.

A rule is a class in a file of its own under ``rules/``. It looks at each cache
file, at each directory, or at the tree as a whole; an audit makes one instance
for a run, so a rule may count. Its documentation is the docstring of its module,
under the headings of :data:`HEADINGS`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from pycinspect.auditing.audience import Audience
from pycinspect.auditing.cachefile import Alike, CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.missing import MissingCaches
from pycinspect.auditing.packages import FailingPackages
from pycinspect.auditing.place import Places
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.sources import Sources
from pycinspect.auditing.walk import Directory
from pycinspect.cache import Outcome
from pycinspect.dialects import Dialect

if TYPE_CHECKING:
    from pycinspect.auditing.copies import Copies
    from pycinspect.auditing.payload import Payload
    from pycinspect.auditing.verifications import Verifications

__all__ = ["HEADINGS", "Context", "Rule"]

#: Every rule's documentation has these parts, in this order.
HEADINGS = ("What it finds", "Why it matters", "What to do")


class Context(NamedTuple):
    """What a rule may know about the run.

    Args:
        root: the directory that is audited.
        policy: what the audit was told.
        audience: the Pythons that the tree is for; known when the first directory is shown.
        now: when the audit began, seconds since the epoch.
        places: which interpreter's library a directory lies in.
        counts: how many caches the importer judged so, by reason and outcome; the
            engine counts, and in ``finish`` the figures are complete.
        sources: knows of some sources that they do not compile.
        packages: knows of packages that cannot be imported.
        missing: knows which caches a directory lacks.
        verifications: compares caches with their sources, where that is asked for.
        copies: knows the caches of the other trees of the run.
    """

    root: str
    policy: Policy
    audience: Audience
    now: float
    places: Places
    counts: Mapping[tuple[str, Outcome], int]
    sources: Sources
    packages: FailingPackages
    missing: MissingCaches
    verifications: Verifications
    copies: Copies

    @property
    def dialect(self) -> Dialect:
        """The interpreter that the tree is for; of several, the one that was met first."""
        return self.audience.first


class Rule:
    """Base of all rules; a subclass overrides the methods that it needs.

    Each method sees the directories of a tree in their order, but the engine may call
    one method for some directories before it calls the next: what belongs to a
    directory is told by the directory itself, not by what was called before.

    Class attributes:
        id: ``"PYC101"``.
        name: a few words in lower case, joined by hyphens.
        title: what is found, in a few words.
        severity: how bad it is.
        message: one sentence; a finding's data fills it.
        needs_caches: :meth:`check_directory` sees only directories with a cache
            directory; most directories of a tree have none.
        needs_missing: :meth:`check_directory` sees only directories that lack caches
            (``context.missing``).
        needs_verification: it asks whether caches are what their sources say, and runs only where
            that is asked for (``policy.verify``).
        only_on_request: it answers a question that most people do not have, and runs only where it
            is named, or the profile lists it.
        needs_archive: it is about archives, and is not asked about directories.
        skips_ordinary_directories: :meth:`check_directory` never finds anything at a
            directory that ``is_ordinary``, and is not asked.
        about_run: a finding is about the audit, not about what is audited.
        about_tree: a finding is about a whole tree, and explains others.
        never_fails: its findings inform, and no audit fails because of them.
        is_statistic: most healthy trees have such findings, and nobody has to act on them:
            they are counted, and shown only where the rule is named.
        skips_ordinary: it never finds anything at a cache that ``is_ordinary``, and
            is not asked; in a healthy tree nearly all are.
        looks_at_reader: what it finds at a cache that ``is_ordinary`` depends on the directory and
            the reader only; where it finds nothing at one, it is not asked about others.
        yields_to: ids of rules whose finding at the same path, or at the directory of its
            source, already tells what a finding of this rule would: one fact, one finding.
        facts: attributes of :class:`Payload` that :meth:`check_payload` asks for: with several jobs
            they are computed where payloads are read.
        reasons: where set, :meth:`check_cache` sees only caches that the importer
            judges for one of these reasons.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity]
    message: ClassVar[str]
    needs_caches: ClassVar[bool] = False
    needs_missing: ClassVar[bool] = False
    needs_verification: ClassVar[bool] = False
    only_on_request: ClassVar[bool] = False
    needs_archive: ClassVar[bool] = False
    skips_ordinary_directories: ClassVar[bool] = False
    about_run: ClassVar[bool] = False
    about_tree: ClassVar[bool] = False
    never_fails: ClassVar[bool] = False
    is_statistic: ClassVar[bool] = False
    skips_ordinary: ClassVar[bool] = False
    looks_at_reader: ClassVar[bool] = False
    yields_to: ClassVar[frozenset[str]] = frozenset()
    facts: ClassVar[tuple[str, ...]] = ()
    #: An instance may have other reasons than its class, by its context.
    reasons: frozenset[str] = frozenset()

    def __init__(self, context: Context) -> None:
        self.context = context

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Look at one cache file."""

    def check_groups(self, groups: Sequence[Alike]) -> Iterable[Finding]:  # noqa: ARG002 - overridden
        """Look at all cache files of one directory, before each: for rules that add up."""
        return ()

    def check_directory(self, directory: Directory) -> Iterable[Finding]:  # noqa: ARG002 - overridden
        """Look at one directory, before its cache files."""
        return ()

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Look at what follows the header of one cache file, if payloads are decoded.

        A rule that overrides it is a deep rule. By then nothing is known of the directory
        but where it is: its listing is empty.
        """

    def finish(self) -> Iterable[Finding]:
        """Say what only the whole tree shows."""
        return ()

    @classmethod
    def is_asked(cls, policy: Policy) -> bool:
        """Return whether a policy asks what the rule answers, if it selects it."""
        if cls.needs_verification and not policy.verify:
            return False
        return not (cls.only_on_request and policy.only_counts(cls.id))

    @classmethod
    def documentation(cls) -> str:
        """Return the docstring of the rule's module."""
        return (sys.modules[cls.__module__].__doc__ or "").strip()

    def of_cache(self, cache: CacheFile, **data: object) -> Finding:
        """Make a finding about a cache file."""
        return Finding(
            self.id,
            self.severity,
            cache.path,
            self.message,
            data,
            cache.source,
            None if cache.reader is None else cache.reader.name,
        )

    def of_path(self, path: str, data: Mapping[str, object]) -> Finding:
        """Make a finding about a directory or any other path."""
        return Finding(self.id, self.severity, path, self.message, data)
