"""What an audit is asked to look for, and what counts as a failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

from pycinspect.auditing.baseline import Baseline
from pycinspect.auditing.digests import Digests
from pycinspect.auditing.findings import Severity
from pycinspect.auditing.selecting import ALL, is_named, strength
from pycinspect.cache import HERE, IMAGE_PATH, ImportOptions, View
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode, InvalidationMode, shown

__all__ = ["PROFILES", "PathIgnore", "Policy", "Profile", "Selection", "require_rules"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules run, by ids, their prefixes and ``ALL``, as ruff does it.

    The longest prefix that fits a rule decides, ``ALL`` after all others; ``ignore`` wins a draw.

    Args:
        select: rules to run.
        ignore: rules not to run.
        by_name: somebody has named these rules; those of a profile come with it.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    by_name: bool = True

    def takes(self, rule: str) -> bool:
        """Return whether the rule with this id runs."""
        return strength(self.select, rule) > strength(self.ignore, rule)

    def names(self, rule: str) -> bool:
        """Return whether the rule runs because it, or its family, was asked for."""
        return self.by_name and is_named(self.select, rule) and self.takes(rule)


def require_rules(selectors: Iterable[str], rules: Iterable[str]) -> None:
    """Refuse a selector that selects nothing: it has a mistake.

    Args:
        selectors: ids of rules, prefixes, or ``ALL``.
        rules: the ids of all rules.

    Raises:
        PycInspectError: ``unknown-rule``; the message names rules with a like id.
    """
    known = tuple(rules)
    for selector in selectors:
        if any(strength([selector], rule) for rule in known):
            continue
        families = dict.fromkeys(rule[:length] for length in (3, 4, 6) for rule in known)
        near = get_close_matches(selector.upper(), families)
        hint = f"; near are {', '.join(near)}" if near else ""
        raise PycInspectError("unknown-rule", f"no rule's id starts with {selector[:80]!r}{hint}")


@dataclass(frozen=True, slots=True)
class PathIgnore:
    """Rules that do not count for paths that fit a pattern.

    Args:
        pattern: ``fnmatch`` pattern of a path as reports print it; a pattern without a slash is
            matched with the name alone. See ``auditing.suppressions``.
        rules: ids, prefixes, or ``ALL``.
        base: the directory that the pattern is relative to; "" is the current one.
    """

    pattern: str
    rules: tuple[str, ...]
    base: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings for one use, by name.

    Args:
        select: rules to run.
        ignore: rules not to run.
        fail_on: the least severity that is a failure.
        levels: optimization levels whose caches are wanted.
        deep: whether payloads are decoded; None: where it costs little.
        lists: ids of rules that only count elsewhere, and whose findings are shown.
        one_python: a tree is one package for one Python.
        trusts_tree: whether a tree may bring its own settings.
        needs_caches: whether a source counts that has no cache and can get none.
        verify: whether caches are compared with their sources.
        fails_closed: what was not looked at is a finding.
    """

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: Severity
    levels: tuple[int, ...] = (0,)
    deep: bool | None = None
    lists: tuple[str, ...] = ()
    one_python: bool = False
    trusts_tree: bool = True
    needs_caches: bool = False
    verify: bool = False
    fails_closed: bool = False


#: What is looked for where nothing is said is ``default``: everything.
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "default": Profile((ALL,), (), Severity.WARNING),
        "dev": Profile((ALL,), ("PYC106", "PYC205", "PYC206", "PYC6", "PYC8"), Severity.ERROR),
        "deploy": Profile(
            (ALL,),
            ("PYC106", "PYC5", "PYC8"),
            Severity.WARNING,
            lists=("PYC108",),
            needs_caches=True,
        ),
        "distro": Profile(
            (ALL,),
            ("PYC106",),
            Severity.INFO,
            levels=(0, 1, 2),
            lists=("PYC205", "PYC308", "PYC402"),
        ),
        "repro": Profile(
            (ALL,),
            ("PYC106", "PYC2", "PYC5", "PYC6", "PYC8"),
            Severity.INFO,
            lists=("PYC308", "PYC402", "PYC406", "PYC407"),
        ),
        "security": Profile(
            (ALL,),
            ("PYC106", "PYC205", "PYC206", "PYC801"),
            Severity.INFO,
            deep=True,
            lists=("PYC308", "PYC508", "PYC604"),
            trusts_tree=False,
            verify=True,
            fails_closed=True,
        ),
        "wheel": Profile(
            (ALL,),
            ("PYC1", "PYC205", "PYC206", "PYC5", "PYC6", "PYC8"),
            Severity.INFO,
            lists=("PYC308", "PYC402"),
            one_python=True,
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that an audit is told.

    Args:
        selection: which rules run.
        path_ignores: findings that do not count.
        baseline: the files in which findings were accepted before.
        digests: what files are known to be (PYC512).
        dialect: the interpreter that the tree is for; None is told by the path
            (``lib/python3.12``), a pin, the image, or the caches (``auditing.audience``).
        levels: the optimization levels whose caches are wanted (PYC205).
        invalidation_mode: the mode that every cache should have (PYC110).
        check_hash_based_pycs: option of the interpreter that will import.
        pycache_prefix: option of the interpreter that will import.
        dont_write_bytecode: option of the interpreter that will import (PYC109).
        lists: ids of rules that only count elsewhere, and whose findings are shown here.
        needs_caches: a source without a cache is a warning where none can be written (PYC205).
        clock: seconds, for what compiling costs (PYC108).
        one_python: the tree is one package for one Python (PYC303).
        deep: whether payloads are decoded, for the rules that look at them; None: where it
            costs little or was asked for, that is for paths that are files, trees whose
            caches have together at most 4 MiB, and where such a rule is named.
        verify: whether caches are compared with what compiling their sources gives (PYC105,
            PYC306, PYC501 to PYC503, PYC513); payloads are decoded for it.
        fails_closed: what was not looked at is a finding (PYC901), and said in the answer.
        max_files: caches after which the audit stops (PYC901).
        max_seconds: time after which the audit stops (PYC901).
        jobs: processes in which payloads are read, and compared, at most.
        dialects: the rows to look in.
        view: the file system that the importer sees, and its permissions.
        results: tells the directory in which it is kept what bytes that are decoded say; None: it
            is not kept.
        programs: of an image, the directories in which its Python is looked for.
    """

    selection: Selection = Selection()
    path_ignores: tuple[PathIgnore, ...] = ()
    baseline: Baseline | None = None
    digests: Digests | None = None
    dialect: Dialect | None = None
    levels: tuple[int, ...] = (0,)
    invalidation_mode: InvalidationMode | None = None
    check_hash_based_pycs: HashCheckMode = HashCheckMode.DEFAULT
    pycache_prefix: str | None = None
    dont_write_bytecode: bool = False
    lists: tuple[str, ...] = ()
    needs_caches: bool = False
    clock: Callable[[], float] = time.perf_counter
    one_python: bool = False
    deep: bool | None = None
    verify: bool = False
    fails_closed: bool = False
    max_files: int | None = None
    max_seconds: float | None = None
    jobs: int = 1
    dialects: DialectTable = field(default=DIALECTS)
    view: View = HERE
    programs: tuple[str, ...] = IMAGE_PATH
    results: Callable[[], str] | None = None

    def __repr__(self) -> str:
        return shown(self)

    def only_counts(self, rule: str) -> bool:
        """Return whether the findings of a statistic are counted and not shown."""
        return not (rule in self.lists or self.selection.names(rule))

    def options(self, optimize: int = 0) -> ImportOptions:
        """Return how the importer is started, at one optimization level."""
        return ImportOptions(
            optimize=optimize,
            dont_write_bytecode=self.dont_write_bytecode,
            check_hash_based_pycs=self.check_hash_based_pycs,
            pycache_prefix=self.pycache_prefix,
            view=self.view,
        )

    def __post_init__(self) -> None:
        if self.max_files is not None and self.max_files < 0:
            raise PycInspectError("bad-setting", "max-files is negative")
        if self.jobs < 1:
            raise PycInspectError("bad-setting", "jobs is less than 1")
