"""Everything that plugins and pycinspect itself bring along, collected once."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import pluggy

from pycinspect import hookspecs
from pycinspect.auditing import Audit, Policy, Rule
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.dialects import DIALECTS, Dialect, DialectTable, FindMore
from pycinspect.diffing import EXPLANATIONS, Explanation
from pycinspect.errors import PycInspectError, described
from pycinspect.report import REPORTERS, Factory

__all__ = ["Registry", "audit", "load_registry"]


@dataclass(frozen=True, slots=True)
class Registry:
    """What is there to choose from.

    Args:
        dialects: every row.
        rules: the classes of the audit's rules by id.
        reporters: the audit's output formats by name.
        explanations: known differences between versions.
    """

    dialects: DialectTable
    rules: Mapping[str, type[Rule]]
    reporters: Mapping[str, Factory]
    explanations: Sequence[Explanation]


class _BuiltIn:
    """pycinspect's own contributions, through the same hooks as everybody's."""

    @hookspecs.hookimpl
    def pycinspect_dialects(self) -> Iterable[Dialect]:
        return DIALECTS

    @hookspecs.hookimpl
    def pycinspect_rules(self) -> Iterable[type[Rule]]:
        return BUILT_IN

    @hookspecs.hookimpl
    def pycinspect_reporters(self) -> Mapping[str, Factory]:
        return REPORTERS

    @hookspecs.hookimpl
    def pycinspect_explanations(self) -> Iterable[Explanation]:
        return EXPLANATIONS


def load_registry(plugins: Iterable[object] = (), *, entry_points: bool = True) -> Registry:
    """Collect dialects, rules, reporters and explanations.

    Args:
        plugins: modules or objects with hook implementations, beside the installed ones.
        entry_points: whether installed plugins are looked for.

    Raises:
        PycInspectError: ``bad-plugin`` where two contributions claim the same, or a plugin
            cannot be loaded or raises.
    """
    try:
        return _collected(_manager(plugins, entry_points=entry_points))
    except PycInspectError:
        raise
    except Exception as error:  # whatever a plugin raises when it is imported, or asked
        message = f"a plugin failed: {described(error)}"
        raise PycInspectError("bad-plugin", message) from error


def _manager(plugins: Iterable[object], *, entry_points: bool) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("pycinspect")
    manager.add_hookspecs(hookspecs)
    manager.register(_BuiltIn(), "pycinspect")
    if entry_points:
        manager.load_setuptools_entrypoints("pycinspect")
    for plugin in plugins:
        manager.register(plugin)
    return manager


def _collected(manager: pluggy.PluginManager) -> Registry:
    # pluggy calls the last registered first; what came first has the right of way.
    dialects = [row for rows in manager.hook.pycinspect_dialects()[::-1] for row in rows]
    rules = [rule for some in manager.hook.pycinspect_rules()[::-1] for rule in some]
    explanations = [row for rows in manager.hook.pycinspect_explanations()[::-1] for row in rows]
    reporters: dict[str, Factory] = {}
    for some in manager.hook.pycinspect_reporters():
        reporters.update(some)
    try:
        table = DialectTable(dialects, _finder(manager))
    except ValueError as error:
        raise PycInspectError("bad-plugin", str(error)) from error
    _refuse_twice("explanations", "slug", [row.slug for row in explanations])
    return Registry(table, _by_id(rules), MappingProxyType(reporters), tuple(explanations))


def audit(
    paths: Iterable[str | os.PathLike[str]],
    policy: Policy | None = None,
    *,
    registry: Registry | None = None,
) -> Audit:
    """Audit trees of caches with every rule that is installed.

    Args:
        paths: directories or files.
        policy: what is asked for; by default every rule, and the Pythons that the tree
            is for by the library that it lies in, by a pin, or by its caches.
        registry: the rules and dialects; by default those of all installed plugins.

    Returns:
        An iterable of findings in a stable order; its ``summary`` is complete when
        the last one was taken. Nothing is written, imported or run.

    Raises:
        PycInspectError: while iterating, if none of the paths can be audited: ``not-found``,
            ``nothing-to-audit`` for a directory without caches and sources, ``container`` or
            ``not-a-subject`` for a file that is neither. Otherwise the audit is not complete,
            and its ``refused`` says why.

    >>> run = audit([])
    >>> list(run), run.summary.files
    ([], 0)
    """
    registry = registry or load_registry()
    policy = replace(policy or Policy(), dialects=registry.dialects)
    return Audit(list(paths), registry.rules.values(), policy)


def _finder(manager: pluggy.PluginManager) -> FindMore | None:
    """Return what asks plugins for a row."""
    hook = manager.hook.pycinspect_find_dialect

    def find_more(magic: bytes, known: Dialect | None) -> Dialect | None:
        row: Dialect | None = hook(magic=magic, known=known)
        return row

    return find_more if hook.get_hookimpls() else None


#: A vendor's letters and a number: selectors tell by it a family from a vendor, and both from ALL.
_RULE_ID = re.compile(r"[A-Z]+[0-9]+")


def _by_id(rules: Sequence[type[Rule]]) -> Mapping[str, type[Rule]]:
    _refuse_twice("rules", "id", [rule.id for rule in rules])
    for rule in rules:
        if _RULE_ID.fullmatch(rule.id) is None:
            message = f"the rule id {rule.id!r} is not capital letters and a number, as ACME001"
            raise PycInspectError("bad-plugin", message)
    return MappingProxyType({rule.id: rule for rule in rules})


def _refuse_twice(what: str, key: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise PycInspectError("bad-plugin", f"two {what} have the {key} {name}")
