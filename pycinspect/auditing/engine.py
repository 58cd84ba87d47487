"""One pass over the trees: directories, caches, rules, findings."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.auditing.ahead import Ahead
from pycinspect.auditing.audience import Audience
from pycinspect.auditing.baseline import Accepted
from pycinspect.auditing.copies import Copies
from pycinspect.auditing.coverage import not_looked_at
from pycinspect.auditing.deep import Batch, Budget, Decoder, is_deep, when_to_decode
from pycinspect.auditing.examination import Examination
from pycinspect.auditing.examine import Examined, Examiner, grouped
from pycinspect.auditing.failures import INCOMPLETE, Failures, own_findings
from pycinspect.auditing.findings import Finding, Severity, Summary
from pycinspect.auditing.known import Known
from pycinspect.auditing.missing import MissingCaches
from pycinspect.auditing.packages import FailingPackages
from pycinspect.auditing.place import Places
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.ruleset import RuleSet
from pycinspect.auditing.selecting import strength
from pycinspect.auditing.sources import SourceBudget, Sources
from pycinspect.auditing.suppressions import UNUSED, Suppressions
from pycinspect.auditing.verifications import Verifications
from pycinspect.auditing.walk import Directory, Tree, distinct, lies_in
from pycinspect.cache import ARCHIVES, Outcome, View, containers_in, mounted
from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, subject_kind_of
from pycinspect.results import Results
from pycinspect.values import ARCHIVE_MARK, StrPath, cell

__all__ = ["Audit"]

#: Directories and caches that go through one step before the next step begins. The audit
#: of a healthy tree is a tenth faster than with one directory at a time: each step finds
#: its code in the processor's caches. With more, the steps do not find their data there.
_IN_A_ROW = 80

_STATES = {
    Outcome.LOAD: "fresh",
    Outcome.RECOMPILE: "stale",
    Outcome.RAISE: "raises",
    Outcome.NOT_FOUND: "orphaned",
    Outcome.NO_CACHE: "unused",
}
#: Reasons that are a state of their own.
_REASON_STATES = {
    "sourceless": "sourceless",
    "cache-unreadable": "unread",
    "cache-not-regular": "unread",
    "hash-unavailable": "unread",
    "source-shadowed": "hidden",
    "built-in-module": "hidden",
    "frozen-module": "hidden",
    "tool-cache": "transformed",
}
#: States of what nobody will use as it is.
_OF_NO_USE = frozenset({"stale", "raises", "orphaned", "hidden", "unused"})


class _Means(NamedTuple):
    """What all trees of a run ask with: processes, and results.

    Args:
        sources: whether sources compile.
        verifications: whether caches are what their sources say.
        ahead: reads in other processes.
        known: what was found out before.
    """

    sources: Sources
    verifications: Verifications
    ahead: Ahead
    known: Known


class Audit:
    """An audit of one or more trees, and its findings in a stable order.

    Args:
        paths: directories or files.
        rules: the classes of the rules; those that the policy does not select are
            not run.
        policy: what is asked for.

    Iterating runs the audit once; ``summary`` is complete afterwards. Findings
    come in the order of names, those of a whole tree after it.

    Raises (while iterating):
        PycInspectError: the first of :attr:`refused`, if there is nothing else to audit.
    """

    def __init__(
        self,
        paths: Sequence[StrPath],
        rules: Iterable[type[Rule]],
        policy: Policy | None = None,
    ) -> None:
        policy = policy or Policy()
        view, named = mounted([os.fsdecode(path) for path in paths], policy.view)
        self.policy = replace(policy, view=view)
        self.summary = Summary()
        #: Why paths could not be audited; complete when the last finding was taken.
        self.refused: list[PycInspectError] = []
        if view.root is not None:
            named = [view.absolute(path) for path in named]
        self._paths = distinct(named, view)
        self._known = tuple(rules)
        wanted = (rule for rule in self._known if rule.is_asked(self.policy))
        selected = (rule for rule in wanted if self.policy.selection.takes(rule.id))
        self._rules = sorted(selected, key=lambda rule: rule.id)
        only_counts = self.policy.only_counts
        self._statistics = {r.id for r in self._rules if r.is_statistic and only_counts(r.id)}
        self._progress: Callable[[Summary], None] | None = None
        self._began = time.monotonic()
        self._budget = Budget()
        self._failures = Failures(self.summary, self._rules)
        self._source_budget = SourceBudget()
        self._copies = Copies()
        self._is_late = False
        self._suppressions = Suppressions(self.policy, self._paths)
        self._show_accepted: Callable[[Finding, Accepted], None] = lambda *_: None

    def __repr__(self) -> str:
        return f"<Audit of {cell(self._paths)}>"

    @property
    def roots(self) -> tuple[str, ...]:
        """The directories and files that are audited; of those in one another, the outer ones."""
        return tuple(self._paths)

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of the rules that run, in their order."""
        return tuple(rule.id for rule in self._rules)

    def __iter__(self) -> Iterator[Finding]:
        self._began, self._is_late = time.monotonic(), False
        self._note_view()
        with (
            Known(Results(self.policy.results)) as known,
            Sources(self.policy, self.summary, self._source_budget) as sources,
            Verifications(self.policy, self.summary, known) as verifications,
            Ahead(self.policy, self._rules, known.has) as ahead,
        ):
            means = _Means(sources, verifications, ahead, known)
            for root in self._paths:
                try:
                    for findings in self._tree(root, means):
                        yield from self._counted(findings)
                except PycInspectError as error:
                    self.refused.append(error)
            if known.problem is not None:
                self.summary.notes.append(known.problem)
        if self.refused:
            yield from self._counted(self._refusals())
        if self.policy.fails_closed:
            yield from self._counted(list(self._shortfall()))
        elif self.policy.verify and self._has_compared_nothing():
            yield from self._counted(list(self._nothing_compared()))
        for finding in self._unused_suppressions():
            self.summary.add(finding)
            yield finding
        self.summary.seconds = time.monotonic() - self._began

    def _refusals(self) -> list[Finding]:
        """Return findings for the paths that could not be audited.

        Raises:
            PycInspectError: where there are no others.
        """
        if len(self.refused) == len(self._paths):
            raise self.refused[0]
        self.summary.unread += len(self.refused)
        told = [self._own(INCOMPLETE, e.path or "", {"reason": e.message}) for e in self.refused]
        return list(chain.from_iterable(told))

    def _has_compared_nothing(self) -> bool:
        """Return whether there are caches, nothing is said of them, and all are passed over."""
        summary = self.summary
        return bool(summary.files and not summary.verified.total() and not summary.findings)

    def _nothing_compared(self) -> Iterator[Finding]:
        """Tell who asked for a comparison that there was none."""
        whom = "any of them" if self.summary.files > 1 else "the one there is"
        reason = f"no cache was compared with its source: no import takes {whom}"
        self.summary.not_looked_at.append("whether caches do what their sources say")
        yield from self._own(INCOMPLETE, self._paths[0], {"reason": reason})

    def _shortfall(self) -> Iterator[Finding]:
        """Note what was not looked at; an audit that fails closed has a finding of it."""
        missing = self.summary.not_looked_at
        known = [rule.id for rule in self._known]
        missing += not_looked_at(known, self.rule_ids, self.summary)
        if missing:  # whoever leaves PYC901 out, too, has not made it whole by that
            reason: dict[str, object] = {"reason": ", ".join(missing)}
            yield from own_findings(self._known, INCOMPLETE, self._paths[0], reason)

    def _counted(self, findings: list[Finding]) -> list[Finding]:
        if self._suppressions:
            findings = list(self._left(findings))
        statistics, info = self._statistics, Severity.INFO
        if statistics:
            shown: list[Finding] = []
            counted: list[str] = []
            for finding in findings:  # of a healthy tree, nearly all are statistics
                rule, severity = finding[:2]
                if rule in statistics and severity is info:
                    counted.append(rule)
                else:
                    shown.append(finding)
            self.summary.statistics.update(counted)
            findings = shown
        self.summary.findings.update([finding[:2] for finding in findings])
        return findings

    def on_progress(self, show: Callable[[Summary], None]) -> None:
        """Call ``show`` with the figures so far after every few directories."""
        self._progress = show

    def on_fault(self, show: Callable[[Exception], None]) -> None:
        """Call ``show`` with each exception that becomes a finding of PYC902."""
        self._failures.show = show

    def on_accepted(self, show: Callable[[Finding, Accepted], None]) -> None:
        """Call ``show`` with each finding that the baseline accepts, and the entry that does."""
        self._show_accepted = show

    # --- One tree ------------------------------------------------------------

    def _tree(self, root: str, means: _Means) -> Iterator[list[Finding]]:
        """Yield the findings of some directories after others, then those of the tree."""
        counts: Counter[tuple[str, Outcome]] = Counter()
        with errors_named(root.removesuffix(ARCHIVE_MARK)):
            view = self.policy.view
            if view.exists(root) and not view.is_dir(root):
                subject_kind_of(root, self.policy.dialects, view.open)
            context = self._context(root, counts, means)
        audience = context.audience
        run = RuleSet(context, self._rules, self._failures)
        examine = Examination(Examiner(self.policy, audience), self._failures)
        decoder = self._decoder(root, run, means)
        if decoder.at_once:
            means.ahead.begin(root, self._paths)
        tree = Tree(root, self.policy.pycache_prefix, self._paths, self.policy.view)
        read_before = self.summary.directories
        limit: str | None = None
        length = 1 if self._is_limited() or decoder.at_once else _IN_A_ROW
        for some in _in_rows(audience.survey(tree), length):
            self.summary.directories = read_before + tree.directories
            examined = [examine.caches(directory) for directory in some]
            self._count_files(examined, audience)
            self._count_unread(some)
            yield examine.findings()
            for batch in decoder.take(some, examined):
                yield from self._batch(batch, run, decoder, counts)
            if self._progress is not None:
                self._progress(self.summary)
            limit = self._limit()
            if limit is not None:
                break
        for batch in decoder.finish():
            yield from self._batch(batch, run, decoder, counts)
        limit = limit or self._time_limit()
        if limit is not None:
            self.summary.limit = limit
            yield list(self._own(INCOMPLETE, root, {"reason": limit}))
        elif not tree.has_python:
            raise _nothing_in(root, self.policy.view)
        yield list(self._archives_in(root))
        self.summary.directories = read_before + tree.directories
        self.summary.sources += tree.sources
        self.summary.assumed.append(audience.assumed)
        self._note(tree, root, counts)
        for (reason, outcome), count in counts.items():
            self.summary.states[_state(outcome, reason)] += count
        yield run.finish()

    def _batch(
        self, batch: Batch, run: RuleSet, decoder: Decoder, counts: Counter[tuple[str, Outcome]]
    ) -> Iterator[list[Finding]]:
        """Yield the findings of some directories, payloads read first if they shall be."""
        at_payloads = list(self._at_payloads(batch, decoder)) if batch.is_deep else []
        if self._count_states(batch.examined, counts):
            run.note_failures(batch.examined)
        yield run.one_each([*run.findings(batch.directories, batch.examined), *at_payloads])

    def _at_payloads(self, batch: Batch, decoder: Decoder) -> Iterator[Finding]:
        """Decode until the time is up; what is like its neighbour may no longer be so."""
        for caches, groups in batch.examined:
            for cache in caches:
                if self._is_late:
                    return
                judgement = cache.judgement
                yield from decoder.decode(cache)
                if cache.judgement is not judgement:
                    groups[:] = grouped(caches)
                self._is_late = self._time_limit() is not None

    def _archives_in(self, root: str) -> Iterator[Finding]:
        """Tell of archives in an archive, which have to be named to be looked into."""
        place = self.policy.view.archive_of(root)
        if place is None:
            return
        names = [name for name, _ in place.archive.files(place.inside) if name.endswith(ARCHIVES)]
        if names:
            count = f"{len(names)} archive{'s' * (len(names) != 1)} in it"
            reason = f"{count}, such as {names[0]}, to be audited by name"
            yield from self._own(INCOMPLETE, root, {"reason": reason})

    def _note_view(self) -> None:
        """Tell whose file system was looked at."""
        view, notes = self.policy.view, self.summary.notes
        if view.root is not None:
            notes.append(f"Paths are those in the image {view.root}")
        if view.user is not None:
            groups = ", ".join(map(str, sorted(view.user.groups)))
            notes.append(f"Permissions are judged for user {view.user.uid}, groups {groups}")
        if view.read_only:
            notes.append("Nothing can be written, as --read-only says")

    def _note(self, tree: Tree, root: str, counts: Counter[tuple[str, Outcome]]) -> None:
        """Tell what a reader has to know about what was looked at, and what was not."""
        notes, prefix = self.summary.notes, self.policy.pycache_prefix
        if tree.recognised is not None:
            notes.append(
                f"{tree.recognised} is a cache prefix (PYTHONPYCACHEPREFIX):"
                " what lies below it was judged with the sources that it mirrors"
            )
        if prefix is None:
            return
        bypassed = counts["prefix-elsewhere", Outcome.NO_CACHE]
        if bypassed:
            noun = "cache" if bypassed == 1 else "caches"
            notes.append(
                f"{bypassed} {noun} in __pycache__ below {root}, where no importer with the"
                f" cache prefix {prefix} looks"
            )
        if not any(lies_in(prefix, path) for path in self._paths):
            notes.append(f"{prefix} was looked at only where it mirrors {root}")

    def _decoder(self, root: str, run: RuleSet, means: _Means) -> Decoder:
        rules = [rule for rule in self._rules if is_deep(rule)]
        when = when_to_decode(root, self.policy, rules) if rules else None
        return Decoder(
            when,
            self.policy,
            self.summary,
            self._budget,
            run.at_payload,
            failures=self._failures,
            ahead=means.ahead,
            known=means.known,
        )

    def _context(self, root: str, counts: Counter[tuple[str, Outcome]], means: _Means) -> Context:
        places = Places(self.policy.dialects)
        audience = Audience(root, self.policy, places)
        return Context(
            root,
            self.policy,
            audience,
            time.time(),
            places,
            MappingProxyType(counts),
            means.sources,
            FailingPackages(),
            MissingCaches(self.policy, audience),
            means.verifications,
            self._copies,
        )

    def _count_files(self, examined: list[Examined], audience: Audience) -> None:
        summary = self.summary
        for group in chain.from_iterable(groups for _, groups in examined):
            first = group.first
            summary.files += group.files
            summary.size += group.size
            if first.reader is not None:
                summary.tags[first.reader.name] += group.files
                if audience.is_open:
                    audience.add(first.reader, first.directory)

    def _count_states(self, examined: list[Examined], counts: Counter[tuple[str, Outcome]]) -> bool:
        """Count caches by state; return whether some make their imports fail."""
        fails = False
        for group in chain.from_iterable(groups for _, groups in examined):
            outcome, reason = group.first.judgement[:2]
            counts[reason, outcome] += group.files
            if outcome is Outcome.LOAD:
                continue
            fails = fails or outcome is Outcome.RAISE
            if _state(outcome, reason) in _OF_NO_USE:
                self.summary.reclaimable += group.size
        return fails

    def _count_unread(self, directories: list[Directory]) -> None:
        for directory in directories:
            cache = directory.cache
            self.summary.unread += directory.error is not None
            self.summary.unread += cache is not None and cache.error is not None

    def _is_limited(self) -> bool:
        """Return whether a limit has to be looked at after each directory."""
        return self.policy.max_files is not None or self.policy.max_seconds is not None

    def _limit(self) -> str | None:
        policy = self.policy
        if policy.max_files is not None and self.summary.files >= policy.max_files:
            return f"the limit of {policy.max_files} caches"
        return self._time_limit()

    def _time_limit(self) -> str | None:
        policy = self.policy
        if policy.max_seconds is not None and time.monotonic() - self._began >= policy.max_seconds:
            return f"the limit of {policy.max_seconds:g} seconds"
        return None

    # --- Suppressions ----------------------------------------------------------

    def _left(self, findings: list[Finding]) -> Iterator[Finding]:
        """Yield the findings that count."""
        suppressions = self._suppressions
        for finding in findings:
            entry = None
            is_ignored = suppressions.ignores(finding)
            if not is_ignored:
                entry = suppressions.accepts(finding)
            if entry is not None:
                self._show_accepted(finding, entry)
            if is_ignored or entry is not None:
                self.summary.suppressed += 1
            else:
                yield suppressions.marked(finding)

    def _unused_suppressions(self) -> Iterator[Finding]:
        if not self.summary.complete:
            return  # what was not looked at may still need them
        for path, text, rules in self._suppressions.unused():
            if any(self._has_looked(rule) for rule in self._rules if strength(rules, rule.id)):
                yield from self._own(UNUSED, path, {"suppression": text})

    def _has_looked(self, rule: type[Rule]) -> bool:
        """Return whether a rule was asked about all that it concerns."""
        return not (is_deep(rule) and self.summary.not_decoded)

    def acceptance(self, finding: Finding) -> Accepted:
        """Return what a baseline has to say so that a finding does not count."""
        return self._suppressions.entry(finding)

    def _own(self, rule_id: str, path: str, data: dict[str, object]) -> Iterator[Finding]:
        return own_findings(self._rules, rule_id, path, data)


def _state(outcome: Outcome, reason: str) -> str:
    return _REASON_STATES.get(reason) or _STATES[outcome]


def _nothing_in(root: str, view: View) -> PycInspectError:
    message = "there is neither a cache nor a source in it"
    found = next(containers_in(root, view), None)
    if found is not None:
        name, kind = found
        article = "an" if kind[0] in "aeiou" else "a"
        message += f", but {name}, {article} {kind}: audit it by its name"
    return PycInspectError("nothing-to-audit", message, path=root.removesuffix(ARCHIVE_MARK))


def _in_rows(directories: Iterable[Directory], length: int) -> Iterator[list[Directory]]:
    """Yield directories in rows that end where, with their caches, they are so many."""
    row: list[Directory] = []
    count = 0
    for directory in directories:
        row.append(directory)
        count += 1 if directory.cache is None else 1 + len(directory.cache.entries)
        if count >= length:
            yield row
            row, count = [], 0
    if row:
        yield row
