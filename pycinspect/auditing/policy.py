"""What an audit is asked to look for, and what counts as a failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType

from pycinspect.auditing.findings import Severity
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode, InvalidationMode, shown

__all__ = ["PROFILES", "PathIgnore", "Policy", "Profile", "Selection", "require_rules"]


#: The prefix of every built-in rule.
_EVERYTHING = "PYC"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules run, by ids and their prefixes, as ruff does it.

    The longest prefix that fits a rule decides; ``ignore`` wins a draw.

    Args:
        select: rules to run.
        ignore: rules not to run.
        by_name: somebody has named these rules; those of a profile come with it.
    """

    select: tuple[str, ...] = ("PYC",)
    ignore: tuple[str, ...] = ()
    by_name: bool = True

    def takes(self, rule: str) -> bool:
        """Return whether the rule with this id runs."""
        return _longest(self.select, rule) > _longest(self.ignore, rule)

    def names(self, rule: str) -> bool:
        """Return whether the rule runs because it, or its family, was asked for."""
        is_named = self.by_name and _longest(self.select, rule) > len(_EVERYTHING)
        return is_named and self.takes(rule)


def _longest(prefixes: tuple[str, ...], rule: str) -> int:
    return max((len(prefix) for prefix in prefixes if rule.startswith(prefix)), default=0)


def require_rules(selectors: Iterable[str], rules: Iterable[str]) -> None:
    """Refuse a selector that selects nothing: it has a mistake.

    Args:
        selectors: ids of rules, or prefixes.
        rules: the ids of all rules.

    Raises:
        PycInspectError: ``unknown-rule``; the message names rules with a like id.
    """
    known = tuple(rules)
    for selector in selectors:
        if selector and any(rule.startswith(selector) for rule in known):
            continue
        families = dict.fromkeys(rule[:length] for length in (3, 4, 6) for rule in known)
        near = get_close_matches(selector.upper(), families)
        hint = f"; near are {', '.join(near)}" if near else ""
        raise PycInspectError("unknown-rule", f"no rule's id starts with {selector[:80]!r}{hint}")


@dataclass(frozen=True, slots=True)
class PathIgnore:
    """Rules that do not count for paths that fit a pattern.

    Args:
        pattern: ``fnmatch`` pattern of a path relative to the audited root, with
            slashes; a pattern without a slash is matched with the name alone.
        rules: ids or prefixes.
    """

    pattern: str
    rules: tuple[str, ...]

    def covers(self, rule: str, path: str) -> bool:
        """Return whether a finding of ``rule`` at ``path`` is suppressed."""
        subject = path if "/" in self.pattern else path.rpartition("/")[2]
        return rule.startswith(self.rules) and fnmatchcase(subject, self.pattern)


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
    """

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: Severity
    levels: tuple[int, ...] = (0,)
    deep: bool | None = None
    lists: tuple[str, ...] = ()
    one_python: bool = False
    trusts_tree: bool = True


#: What is looked for where nothing is said is ``default``: everything.
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "default": Profile(("PYC",), (), Severity.WARNING),
        "dev": Profile(("PYC",), ("PYC106", "PYC205", "PYC206", "PYC6", "PYC8"), Severity.ERROR),
        "deploy": Profile(
            ("PYC0", "PYC1", "PYC2", "PYC3", "PYC6", "PYC9"), ("PYC106",), Severity.WARNING
        ),
        "distro": Profile(
            ("PYC",), ("PYC106",), Severity.INFO, levels=(0, 1, 2), lists=("PYC205", "PYC308")
        ),
        "repro": Profile(
            ("PYC0", "PYC1", "PYC3", "PYC9"), ("PYC106",), Severity.INFO, lists=("PYC308",)
        ),
        "security": Profile(
            ("PYC",),
            ("PYC106", "PYC205", "PYC206", "PYC801"),
            Severity.INFO,
            deep=True,
            lists=("PYC308", "PYC604"),
            trusts_tree=False,
        ),
        "wheel": Profile(
            ("PYC0", "PYC2", "PYC3", "PYC9"),
            ("PYC205", "PYC206"),
            Severity.INFO,
            lists=("PYC308",),
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
        baseline: findings that were accepted before, as (rule, path).
        dialect: the interpreter that the tree is for; None is told by the path
            (``lib/python3.12``), a pin, or the caches (``auditing.audience``).
        levels: the optimization levels whose caches are wanted (PYC205).
        invalidation_mode: the mode that every cache should have (PYC110).
        check_hash_based_pycs: option of the interpreter that will import.
        pycache_prefix: option of the interpreter that will import.
        dont_write_bytecode: option of the interpreter that will import (PYC109).
        lists: ids of rules that only count elsewhere, and whose findings are shown here.
        one_python: the tree is one package for one Python (PYC303).
        deep: whether payloads are decoded, for the rules that look at them; None: where it
            costs little or was asked for, that is for paths that are files, trees whose
            caches have together at most 4 MiB, and where such a rule is named.
        max_files: caches after which the audit stops (PYC901).
        max_seconds: time after which the audit stops (PYC901).
        dialects: the rows to look in.
    """

    selection: Selection = Selection()
    path_ignores: tuple[PathIgnore, ...] = ()
    baseline: frozenset[tuple[str, str]] = frozenset()
    dialect: Dialect | None = None
    levels: tuple[int, ...] = (0,)
    invalidation_mode: InvalidationMode | None = None
    check_hash_based_pycs: HashCheckMode = HashCheckMode.DEFAULT
    pycache_prefix: str | None = None
    dont_write_bytecode: bool = False
    lists: tuple[str, ...] = ()
    one_python: bool = False
    deep: bool | None = None
    max_files: int | None = None
    max_seconds: float | None = None
    dialects: DialectTable = field(default=DIALECTS)

    def __repr__(self) -> str:
        return shown(self)

    def only_counts(self, rule: str) -> bool:
        """Return whether the findings of a statistic are counted and not shown."""
        return not (rule in self.lists or self.selection.names(rule))

    def __post_init__(self) -> None:
        if self.max_files is not None and self.max_files < 0:
            raise PycInspectError("bad-setting", "max-files is negative")
