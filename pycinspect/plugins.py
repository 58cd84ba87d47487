"""Everything that plugins and pycinspect itself bring along, collected once."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pycinspect.dialects import DIALECTS, Dialect, DialectTable, FindMore
from pycinspect.errors import PycInspectError, described
from pycinspect.values import StrPath

if TYPE_CHECKING:
    import pluggy

    from pycinspect.auditing import Audit, Policy, Rule
    from pycinspect.diffing import Explanation
    from pycinspect.report.base import Factory

__all__ = ["Registry", "audit", "load_registry"]

_T = TypeVar("_T")

#: A vendor's letters and a number: selectors tell by it a family from a vendor, and both from ALL.
_RULE_ID = re.compile(r"[A-Z]+[0-9]+")


class Registry:
    """What there is to choose from. Each part is collected when it is first asked for.

    Args:
        load: returns the plugins' manager; what it costs is paid only where one is needed.

    Raises (where a part is asked for):
        PycInspectError: ``bad-plugin`` where two contributions claim the same, or a plugin
            cannot be loaded or raises.
    """

    def __init__(self, load: Callable[[], pluggy.PluginManager]) -> None:
        self._load = load

    def __repr__(self) -> str:
        return f"<Registry of {len(self.dialects)} dialects, {len(self.rules)} rules>"

    @cached_property
    def dialects(self) -> DialectTable:
        """Every row; for what our own can tell, no plugin is loaded."""
        return _BackedTable(DIALECTS, lambda: self._asked(_dialects))

    @cached_property
    def rules(self) -> Mapping[str, type[Rule]]:
        """The classes of the audit's rules by id."""
        return self._asked(_rules)

    @cached_property
    def reporters(self) -> Mapping[str, Factory]:
        """The audit's output formats by name."""
        return self._asked(_reporters)

    @cached_property
    def explanations(self) -> Sequence[Explanation]:
        """Known differences between versions."""
        return self._asked(_explanations)

    @cached_property
    def _manager(self) -> pluggy.PluginManager:
        return self._load()

    def _asked(self, collect: Callable[[pluggy.PluginManager], _T]) -> _T:
        try:
            return collect(self._manager)
        except PycInspectError:
            raise
        except Exception as error:  # whatever a plugin raises when it is imported, or asked
            message = f"a plugin failed: {described(error)}"
            raise PycInspectError("bad-plugin", message) from error


def load_registry(plugins: Iterable[object] = (), *, entry_points: bool = True) -> Registry:
    """Return the dialects, rules, reporters and explanations of pycinspect and of all plugins.

    Args:
        plugins: modules or objects with hook implementations, beside the installed ones.
        entry_points: whether installed plugins are looked for.

    >>> load_registry().rules["PYC101"].title
    "Stale: the source's time differs"
    """
    return Registry(lambda: _manager(plugins, entry_points=entry_points))


def _manager(plugins: Iterable[object], *, entry_points: bool) -> pluggy.PluginManager:
    import pluggy

    from pycinspect import builtin, hookspecs

    manager = pluggy.PluginManager("pycinspect")
    manager.add_hookspecs(hookspecs)
    manager.register(builtin, "pycinspect")
    if entry_points:
        manager.load_setuptools_entrypoints("pycinspect")
    for plugin in plugins:
        manager.register(plugin)
    return manager


# pluggy calls the last registered first; what came first has the right of way.


def _dialects(manager: pluggy.PluginManager) -> DialectTable:
    rows = [row for some in manager.hook.pycinspect_dialects()[::-1] for row in some]
    try:
        return DialectTable(rows, _finder(manager))
    except ValueError as error:
        raise PycInspectError("bad-plugin", str(error)) from error


def _rules(manager: pluggy.PluginManager) -> Mapping[str, type[Rule]]:
    rules = [rule for some in manager.hook.pycinspect_rules()[::-1] for rule in some]
    _refuse_twice("rules", "id", [rule.id for rule in rules])
    for rule in rules:
        if _RULE_ID.fullmatch(rule.id) is None:
            message = f"the rule id {rule.id!r} is not capital letters and a number, as ACME001"
            raise PycInspectError("bad-plugin", message)
    return MappingProxyType({rule.id: rule for rule in rules})


def _reporters(manager: pluggy.PluginManager) -> Mapping[str, Factory]:
    found: dict[str, Factory] = {}
    for some in manager.hook.pycinspect_reporters():
        found.update(some)
    return MappingProxyType(found)


def _explanations(manager: pluggy.PluginManager) -> Sequence[Explanation]:
    rows = [row for some in manager.hook.pycinspect_explanations()[::-1] for row in some]
    _refuse_twice("explanations", "slug", [row.slug for row in rows])
    return tuple(rows)


class _BackedTable(DialectTable):
    """Our own rows, and those of plugins where ours have no answer.

    Args:
        rows: those that are at hand.
        load: returns the table of all rows, which begins with these.
    """

    def __init__(self, rows: Iterable[Dialect], load: Callable[[], DialectTable]) -> None:
        super().__init__(rows)
        self._load = load

    @cached_property
    def _all(self) -> DialectTable:
        return self._load()

    def __iter__(self) -> Iterator[Dialect]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, name: str) -> Dialect:
        return super().__getitem__(name) if name in self._by_name else self._all[name]

    def find(self, magic: bytes, tag: str | None = None) -> Dialect | None:
        row = super().find(magic, tag)
        if row is None:
            return self._all.find(magic, tag) if _may_be_magic(magic) else None
        # A plugin's row may share the number of one of ours, and be told by its tag.
        is_sure = tag is None or tag in row.cache_tags
        return row if is_sure else self._all.find(magic, tag)

    def at(self, row: Dialect, magic_word: int) -> Dialect:
        exact = row.at(magic_word)
        return exact if exact.bytecode is not None else self._all.at(row, magic_word)

    def tagged(self, tag: str) -> tuple[Dialect, ...]:
        return self._all.tagged(tag)


def _may_be_magic(start: bytes) -> bool:
    """Return whether a file may be a cache: text is not, unless it ends as magic numbers do."""
    return not start.isascii() or start.endswith(b"\r\n") or b"\0" in start


def audit(
    paths: StrPath | Iterable[StrPath],
    policy: Policy | None = None,
    *,
    dialect: Dialect | str | None = None,
    registry: Registry | None = None,
) -> Audit:
    """Audit trees of caches with every rule that is installed.

    Args:
        paths: a directory, an archive or a file, or several; ``app.whl!/app`` is a path in an archive.
        policy: what is asked for; by default every rule, and the Pythons that the tree
            is for by the library that it lies in, by a pin, or by its caches.
        dialect: the Python that the tree is for, a row or its name; by default the policy's.
        registry: the rules and dialects; by default those of all installed plugins.

    Returns:
        An iterable of findings in a stable order; its ``summary`` is complete when
        the last one was taken. Nothing is written, imported or run.

    Raises:
        PycInspectError: while iterating, if none of the paths can be audited: ``not-found``,
            ``nothing-to-audit`` for a directory without caches and sources, ``not-a-subject`` for a
            file that is neither; ``bad-archive``, ``unsupported`` or ``container-limit`` for an
            archive that cannot be looked into. Otherwise the audit is not complete,
            and its ``refused`` says why.

    >>> run = audit([])
    >>> list(run), run.summary.files
    ([], 0)
    """
    from dataclasses import replace

    from pycinspect.auditing import Audit, Policy

    registry = registry or load_registry()
    policy = replace(policy or Policy(), dialects=registry.dialects)
    if dialect is not None:
        policy = replace(policy, dialect=registry.dialects.resolve(dialect))
    several = [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)
    return Audit(several, registry.rules.values(), policy)


def _finder(manager: pluggy.PluginManager) -> FindMore | None:
    """Return what asks plugins for a row."""
    hook = manager.hook.pycinspect_find_dialect

    def find_more(magic: bytes, known: Dialect | None) -> Dialect | None:
        row: Dialect | None = hook(magic=magic, known=known)
        return row

    return find_more if hook.get_hookimpls() else None


def _refuse_twice(what: str, key: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise PycInspectError("bad-plugin", f"two {what} have the {key} {name}")
