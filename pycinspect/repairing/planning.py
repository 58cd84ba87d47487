"""From findings to what is done about them: one repair for each change of a file.

Nothing is changed here. What has to be known of the files is asked of a ``Looker``, new content of
a ``Maker``; what becomes of it is decided by the table of remedies alone.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType

from pycinspect.auditing import Finding
from pycinspect.auditing.names import is_interrupted_write
from pycinspect.dialects import DIALECTS, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import PYCACHE
from pycinspect.repairing.damage import Damage, Looker
from pycinspect.repairing.folder import DIRECTORY, LINK, REGULAR, digest_of
from pycinspect.repairing.making import Made, Maker
from pycinspect.repairing.modes import mode_change, with_mode
from pycinspect.repairing.remedies import LEFT_TO_PEOPLE, OF_OTHERS, REMEDIES, DeleteIf, Remedy
from pycinspect.repairing.repair import FileState, Repair, RepairKind, RepairPlan, Spot, Unmended

__all__ = ["Asked", "Planner"]

#: The rule that finds what is left when the last cache of a directory goes.
_EMPTY_DIRECTORY = "PYC210"
#: Seconds after which nobody is still writing a temporary file of the importer.
_WRITING = 60.0
#: Why a source cannot be compiled again, for which deleting its cache makes up.
_NEVER_MADE = frozenset({"no-interpreter", "does-not-compile"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be done.

    Args:
        sourceless: delete also what an import takes, and what cannot be made again.
        recompile: compile sources again; else what is stale is deleted.
        undo: what is done can be taken back.
    """

    sourceless: bool = False
    recompile: bool = True
    undo: bool = True


class Planner:
    """Decides what is done about findings.

    Args:
        looker: looks at files.
        maker: makes new content.
        asked: what may be done.
        dialects: the rows to look in.
    """

    def __init__(
        self, looker: Looker, maker: Maker, asked: Asked, *, dialects: DialectTable = DIALECTS
    ) -> None:
        self._looker = looker
        self._maker = maker
        self._asked = asked
        self._dialects = dialects

    def plan(self, findings: Iterable[Finding]) -> RepairPlan:
        """Return what mends findings, in the order of paths.

        Args:
            findings: of an audit, in any order.

        Returns:
            The repairs, one for each path, a directory after what was in it. Whatever is left has
            a reason.

        >>> import pathlib, tempfile
        >>> from pycinspect import audit
        >>> from pycinspect.repairing import Grounds
        >>> with tempfile.TemporaryDirectory() as place, Maker() as maker:
        ...     caches = pathlib.Path(place, "__pycache__")
        ...     caches.mkdir()
        ...     _ = (caches / "gone.cpython-312.pyc").write_bytes(bytes(20))
        ...     looker = Looker(Grounds([place], "__pycache__"), None)
        ...     plan = Planner(looker, maker, Asked()).plan(audit(place))
        ...     [repair.kind.value for repair in plan.repairs]
        ['delete', 'remove-directory']
        """
        repairs: list[Repair] = []
        unmended: list[Unmended] = []
        mendable: list[Finding] = []
        for finding in findings:
            if finding.rule in REMEDIES:
                mendable += self._parts(finding)
            elif finding.rule not in OF_OTHERS:
                reason = LEFT_TO_PEOPLE.get(finding.rule, _NO_REMEDY)
                unmended.append(Unmended(finding.rule, finding.path, reason))
        for path, group in groupby(sorted(mendable, key=_by_path), key=_by_path):
            repair, left = self._of_path(self._looker.damage(path, group))
            repairs += [] if repair is None else [repair]
            unmended += left
        files = [repair for repair in repairs if repair.kind is not _RMDIR]
        found = [repair for repair in repairs if repair.kind is _RMDIR]
        directories, full = self._directories(files, found)
        return RepairPlan(_without_needless(files, directories), (*unmended, *full))

    def _parts(self, finding: Finding) -> Iterator[Finding]:
        """Yield a finding, once for each file that has to go for it."""
        yield finding
        if REMEDIES[finding.rule].is_whole and self._asked.sourceless:
            for path in self._looker.below(finding.path):
                yield finding._replace(path=path)

    def _of_path(self, damage: Damage) -> tuple[Repair | None, list[Unmended]]:
        """Return what is done about one path, and the findings about it that are left."""
        problem = damage.problem or _untouchable(damage.seen.state)
        if problem:
            return None, [Unmended(rule, damage.path, problem) for rule in damage.findings]
        attempts = list(self._attempts(damage))
        repair = next((one for one in attempts if isinstance(one, Repair)), None)
        left = [one for one in attempts if isinstance(one, Unmended)]
        if repair is not None:
            repair = replace(repair, rules=tuple(sorted(_mended(repair, damage.findings))))
        if repair is None or repair.after is not None:
            mode, objections = mode_change(damage, is_replaced=repair is not None)
            repair = with_mode(repair, mode)
            left += objections
        mended = () if repair is None else repair.rules
        return repair, [one for one in left if one.rule not in mended]

    def _attempts(self, damage: Damage) -> Iterator[Repair | Unmended]:
        """Yield what can be done about the content, the most thorough first; then stop."""
        for kind in _THOROUGH:
            rules = [rule for rule in damage.findings if REMEDIES[rule].kind is kind]
            for rule in rules:
                found = self._attempt(rule, damage)
                yield found
                if isinstance(found, Repair):
                    return

    def _attempt(self, rule: str, damage: Damage) -> Repair | Unmended:
        remedy = REMEDIES[rule]
        state = damage.seen.state
        if state is not None and state.kind == REGULAR and remedy.is_whole:
            return self._deleted(rule, _PART, damage, "")
        if state is None or state.kind != _EXPECTED[remedy.kind]:
            kind = "nothing" if state is None else f"a {state.kind}"
            return Unmended(rule, damage.path, f"it is {kind}, and is left as it is")
        if remedy.kind is RepairKind.REMOVE_DIRECTORY:
            if remedy.is_whole and not self._asked.sourceless:
                return Unmended(rule, damage.path, _NAMESPACE)
            return damage.repaired(remedy.kind, rule)
        if remedy.kind is RepairKind.DELETE:
            return self._deleted(rule, remedy, damage, "")
        if remedy.kind is RepairKind.CONVERT:
            return self._made(rule, damage, remedy.kind, self._maker.converted)
        if not self._asked.recompile:
            return self._otherwise(rule, remedy, damage, "nothing is compiled (--no-recompile)")
        return self._made(rule, damage, remedy.kind, self._maker.recompiled)

    def _made(
        self, rule: str, damage: Damage, kind: RepairKind, make: Callable[[Damage], Made]
    ) -> Repair | Unmended:
        try:
            made = make(damage)
        except PycInspectError as error:
            if error.slug in _NEVER_MADE:
                return self._otherwise(rule, REMEDIES[rule], damage, error.message)
            return Unmended(rule, damage.path, error.message)
        before = damage.seen.state
        assert before is not None
        if made.content == damage.seen.content:
            return Unmended(rule, damage.path, _THE_SAME)
        after = before._replace(digest=digest_of(made.content), size=len(made.content))
        span = self._maker.keep(made.content)
        repair = damage.repaired(kind, rule)
        return replace(repair, after=after, content=span, source=made.source)

    def _otherwise(self, rule: str, remedy: Remedy, damage: Damage, why: str) -> Repair | Unmended:
        if not remedy.deletes_otherwise:
            return Unmended(rule, damage.path, why)
        return self._deleted(rule, remedy, damage, why)

    def _deleted(self, rule: str, remedy: Remedy, damage: Damage, why: str) -> Repair | Unmended:
        objection = None
        if not self._asked.sourceless or remedy.condition in _ALWAYS:
            objection = self._objection(remedy.condition, damage)
        if objection is not None:
            return Unmended(rule, damage.path, objection)
        absent = None
        if remedy.condition is DeleteIf.ORPHAN:
            absent = damage.findings[rule].source
        return replace(damage.repaired(RepairKind.DELETE, rule), why=why, absent=absent or "")

    def _objection(self, condition: DeleteIf, damage: Damage) -> str | None:
        """Return why a file may not be deleted, without a full stop."""
        if condition is DeleteIf.KNOWN and is_interrupted_write(os.path.basename(damage.path)):
            condition = DeleteIf.LEFT_BEHIND
        if condition is DeleteIf.KNOWN:
            is_known = self._dialects.find(damage.start[:4]) is not None
            return None if is_known and damage.is_among_caches else _UNKNOWN
        if condition is DeleteIf.LEFT_BEHIND:
            return None if damage.age >= _WRITING else _YOUNG
        if condition is DeleteIf.ORPHAN and damage.source is not None:
            return _NO_ORPHAN
        if condition is DeleteIf.ORPHAN:
            return None if self._asked.undo else _NO_WAY_BACK
        if condition is DeleteIf.SOURCE:
            return None if damage.source is not None else _NO_SOURCE
        return _TAKEN

    # --- Directories -----------------------------------------------------------------------

    def _directories(
        self, files: Iterable[Repair], found: Iterable[Repair]
    ) -> tuple[list[Repair], list[Unmended]]:
        """Return the directories that go, the inner ones first, and those that do not.

        Args:
            files: what is done about files.
            found: directories that should go. Those of caches go, too, with their last file.
        """
        gone: dict[Spot, set[str]] = defaultdict(set)
        wanted = {repair.spot: repair for repair in found}
        for repair in files:
            directory, name = _split(repair.spot)
            if repair.kind is RepairKind.DELETE:
                gone[directory].add(name)
                if os.path.basename(directory.below) == PYCACHE and directory not in wanted:
                    damage = self._looker.damage(os.path.dirname(repair.path), ())
                    if damage.seen.state is not None:
                        wanted[directory] = damage.repaired(_RMDIR, _EMPTY_DIRECTORY)
        done: list[Repair] = []
        left: list[Unmended] = []
        for repair in sorted(wanted.values(), key=_by_depth):
            if self._is_all(repair.spot, gone[repair.spot]):
                directory, name = _split(repair.spot)
                gone[directory].add(name)
                done.append(repair)
            elif repair.rules != (_EMPTY_DIRECTORY,):
                left += [Unmended(rule, repair.path, _FULL) for rule in repair.rules]
        return done, left

    def _is_all(self, spot: Spot, names: set[str]) -> bool:
        try:
            return set(self._looker.names_in(spot)) == names
        except (OSError, PycInspectError):  # then the directory stays, and may be found empty
            return False


#: Repairs of content, the most thorough first: one makes the others needless.
_THOROUGH = (
    RepairKind.REMOVE_DIRECTORY,
    RepairKind.DELETE,
    RepairKind.RECOMPILE,
    RepairKind.CONVERT,
)
#: To what it is done.
_EXPECTED: Mapping[RepairKind, str] = MappingProxyType(
    dict.fromkeys(_THOROUGH, REGULAR) | {RepairKind.REMOVE_DIRECTORY: DIRECTORY}
)
#: What a repair mends beside its own kind.
_INCLUDED: Mapping[RepairKind, frozenset[RepairKind]] = MappingProxyType(
    {
        RepairKind.DELETE: frozenset(RepairKind),
        RepairKind.REMOVE_DIRECTORY: frozenset(RepairKind),
        RepairKind.RECOMPILE: frozenset({RepairKind.RECOMPILE, RepairKind.CONVERT}),
        RepairKind.CONVERT: frozenset({RepairKind.CONVERT}),
    }
)
_RMDIR = RepairKind.REMOVE_DIRECTORY
#: What is done with a file that has to go with its directory.
_PART = Remedy(RepairKind.DELETE, DeleteIf.KNOWN)
#: Conditions that hold even for who wants to be rid of everything.
_ALWAYS = frozenset({DeleteIf.KNOWN, DeleteIf.LEFT_BEHIND})
_NO_REMEDY = "nothing is known here that mends it"
_THE_SAME = "what would be written is what is there"
_FULL = "something in it stays"
_NAMESPACE = "imports take it for a namespace package: --delete-sourceless deletes it"
_UNKNOWN = "nobody here knows what it is"
_YOUNG = "it is less than a minute old: a program may be writing it"
_NO_ORPHAN = "its source is there, and no import comes to it: that is left to you"
_NO_WAY_BACK = (
    "it cannot be made again, and with --no-undo nothing is kept: --delete-sourceless deletes it"
)
_NO_SOURCE = "its source is not there, and it cannot be made again: --delete-sourceless deletes it"
_TAKEN = "imports take it, and it cannot be made again: --delete-sourceless deletes it"


def _without_needless(files: Iterable[Repair], directories: Iterable[Repair]) -> tuple[Repair, ...]:
    """Return repairs without the changes of permissions of directories that go."""
    gone = {repair.spot: repair for repair in directories}
    kept: list[Repair] = []
    for repair in files:
        if repair.spot in gone:
            rules = {*repair.rules, *gone[repair.spot].rules}
            gone[repair.spot] = replace(gone[repair.spot], rules=tuple(sorted(rules)))
        else:
            kept.append(repair)
    return (*kept, *gone.values())


def _split(spot: Spot) -> tuple[Spot, str]:
    """Return the directory in which something is, and its name there."""
    directory, name = os.path.split(spot.below)
    return Spot(spot.top, directory), name


def _by_depth(repair: Repair) -> tuple[int, str]:
    """Put what lies deeper first."""
    return -repair.spot.path.count(os.sep), repair.path


def _by_path(finding: Finding) -> str:
    return finding.path


def _untouchable(state: FileState | None) -> str:
    """Return why nothing is done with what is there; "" where something may be."""
    if state is None:
        return "it has gone since it was found"
    if state.kind == LINK:
        return "it is a symbolic link: what it leads to is left alone"
    return "" if state.kind in {REGULAR, DIRECTORY} else f"it is a {state.kind}"


def _mended(repair: Repair, rules: Iterable[str]) -> set[str]:
    kinds = _INCLUDED[repair.kind]
    return {*repair.rules, *(rule for rule in rules if REMEDIES[rule].kind in kinds)}
