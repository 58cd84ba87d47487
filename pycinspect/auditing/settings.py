"""``[tool.pycinspect.audit]`` in pyproject.toml, and how it becomes a policy."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from itertools import accumulate
from reprlib import repr as shortened
from typing import Any, NamedTuple

from pycinspect.auditing.baseline import Baseline
from pycinspect.auditing.digests import Digests, read_digests
from pycinspect.auditing.findings import Severity
from pycinspect.auditing.policy import PROFILES, PathIgnore, Policy, Profile, Selection
from pycinspect.cache import View, named_view, options_from_environment
from pycinspect.dialects import Dialect, DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, read_all
from pycinspect.running import usable_cores
from pycinspect.values import HashCheckMode, InvalidationMode

__all__ = ["Settings", "SettingsFile", "find_settings", "named_settings"]

_TABLE = "tool.pycinspect.audit"
#: Largest file of settings, in bytes; it may be a stranger's.
_LIMIT = 1024 * 1024
#: Parts of a dotted key: tomllib keeps every beginning of a key, which takes memory and time in
#: proportion to their square (``Lib/tomllib/_parser.py: key_value_rule``).
_MOST_PARTS = 50
_LONG_KEY = re.compile(
    rb"""(?<![\w-]) (?: (?: [\w-]++ | "[^"\n]*+" | '[^'\n]*+' ) [ \t]*+ \. [ \t]*+ ){%d}"""
    % _MOST_PARTS,
    re.VERBOSE,
)
#: Tables and arrays in one another; the reader of TOML calls itself twice for each.
_MOST_NESTED = 100
_BRACKET = re.compile(rb"[][{}]")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user set; None where nothing was said. Names are those of the file."""

    profile: str | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    per_path_ignores: tuple[PathIgnore, ...] | None = None
    baseline: str | None = None
    digests: str | None = None
    fail_on: Severity | None = None
    dialect: str | None = None
    levels: tuple[int, ...] | None = None
    invalidation_mode: InvalidationMode | None = None
    check_hash_based_pycs: HashCheckMode | None = None
    pycache_prefix: str | None = None
    dont_write_bytecode: bool | None = None
    deep: bool | None = None
    verify: bool | None = None
    max_files: int | None = None
    max_seconds: float | None = None
    jobs: int | None = None
    environment: bool | None = None
    environment_file: str | None = None
    user: str | None = None
    read_only: bool | None = None
    root: str | None = None
    results: Callable[[], str] | None = None

    def over(self, others: Settings) -> Settings:
        """Return these settings, and the others' where these say nothing."""
        own = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return replace(others, **own)

    def without(self, others: Settings) -> Settings:
        """Return these settings where the others say nothing: what they still decide."""
        decided = {
            field.name: None for field in fields(self) if getattr(others, field.name) is not None
        }
        return replace(self, **decided)

    def chosen_profile(self) -> Profile:
        """Return the profile that gives all other defaults.

        Raises:
            PycInspectError: ``bad-setting`` for a name that is none.
        """
        name = self.profile or "default"
        if name not in PROFILES:
            raise PycInspectError(
                "bad-setting", f"profile {name!r} is none of {', '.join(PROFILES)}"
            )
        return PROFILES[name]

    def from_environment(self, dialect: Dialect, variables: Mapping[str, str]) -> Settings:
        """Return what variables say of the interpreter that imports; None where nothing.

        Args:
            dialect: whose rules of reading them apply.
            variables: such as ``os.environ``.
        """
        options = options_from_environment(dialect, variables)
        level = variables.get("PYTHONOPTIMIZE")
        return Settings(
            levels=(options.optimize,) if level else None,
            dont_write_bytecode=options.dont_write_bytecode or None,
            pycache_prefix=options.pycache_prefix,
        )

    def view(self) -> View:
        """Return the file system that the importer sees.

        Raises:
            PycInspectError: ``unknown-user``, or ``unsupported`` where there are no users.
        """
        return named_view(self.root, self.user, read_only=bool(self.read_only))

    def policy(self, dialects: DialectTable, baseline: Baseline | None = None) -> Policy:
        """Return the policy that these settings make.

        Raises:
            PycInspectError: ``bad-setting``, ``unknown-dialect``, ``unknown-user``.
        """
        profile = self.chosen_profile()
        return Policy(
            selection=Selection(
                self.select if self.select is not None else profile.select,
                (*profile.ignore, *(self.ignore or ()))
                if self.select is None
                else self.ignore or (),
                by_name=self.select is not None,
            ),
            path_ignores=self.per_path_ignores or (),
            baseline=baseline,
            digests=self._digests(),
            dialect=None if self.dialect is None else dialects[self.dialect],
            levels=self.levels or profile.levels,
            invalidation_mode=self.invalidation_mode,
            check_hash_based_pycs=self.check_hash_based_pycs or HashCheckMode.DEFAULT,
            pycache_prefix=self.pycache_prefix,
            dont_write_bytecode=bool(self.dont_write_bytecode),
            lists=profile.lists,
            needs_caches=profile.needs_caches,
            one_python=profile.one_python,
            deep=profile.deep if self.deep is None else self.deep,
            verify=self._verifies(profile),
            fails_closed=profile.fails_closed,
            max_files=self.max_files,
            max_seconds=self.max_seconds,
            jobs=usable_cores() if self.jobs is None else self.jobs,
            dialects=dialects,
            view=self.view(),
            results=self.results,
        )

    def _digests(self) -> Digests | None:
        """Read the digests; names in an image are relative to its root."""
        if self.digests is None:
            return None
        return read_digests(self.digests, None if self.root is None else os.sep)

    def _verifies(self, profile: Profile) -> bool:
        """Return whether caches are compared with their sources: not without their payloads."""
        if self.verify is not None:
            return self.verify
        return profile.verify and self.deep is not False


class SettingsFile(NamedTuple):
    """Settings, and whose word they are.

    Args:
        path: the file.
        settings: what it sets.
        inside: it lies in a tree that is audited, and nobody named it: what is audited says
            itself how.
        used: False where it was therefore not even read.
        accepted: findings that its baseline names.
    """

    path: str
    settings: Settings
    inside: bool = False
    used: bool = True
    accepted: int = 0


def find_settings(
    directory: str, roots: Sequence[str], *, trusts_tree: bool = True
) -> tuple[SettingsFile, ...]:
    """Read the nearest pyproject.toml at or above a directory.

    Args:
        directory: where the user stands.
        roots: what is audited.
        trusts_tree: whether a file that lies in one of these may be used; one that may not
            is passed over.

    Returns:
        The files that were met; only the last one may be used.

    Raises:
        PycInspectError: as :func:`named_settings`.
    """
    with errors_named(directory):
        homes = [_home(root) for root in roots]
        candidates = list(_candidates(os.path.abspath(directory)))
    met = []
    for path in candidates:
        inside = _home(os.path.dirname(path)).startswith(tuple(homes))
        if trusts_tree or not inside:
            met.append(named_settings(path)._replace(inside=inside))
            break
        met.append(SettingsFile(path, Settings(), inside=True, used=False))
    return tuple(met)


def _candidates(place: str) -> Iterator[str]:
    while True:
        candidate = os.path.join(place, "pyproject.toml")
        if os.path.isfile(candidate):
            yield candidate
        parent = os.path.dirname(place)
        if parent == place:
            return
        place = parent


def _home(root: str) -> str:
    """Return the directory that a path is, or lies in, spelled so that prefixes tell."""
    real = os.path.realpath(root)
    directory = real if os.path.isdir(real) else os.path.dirname(real)
    return os.path.normcase(os.path.join(directory, ""))


def named_settings(path: str) -> SettingsFile:
    """Read ``[tool.pycinspect.audit]`` of a TOML file.

    Paths in it are relative to the file.

    Raises:
        PycInspectError: ``bad-setting`` for a file that is not TOML, or larger than any that
            people write, a key that is unknown (the message names the nearest) or a value
            of the wrong kind; ``not-found``, ``not-a-file``, ``unreadable``.
    """
    return SettingsFile(path, _settings(_document(path), path))


def _document(path: str) -> Mapping[str, object]:
    try:
        with errors_named(path):
            content = read_all(path, _LIMIT)
    except PycInspectError as error:
        slug = "bad-setting" if error.slug == "too-large" else error.slug
        raise PycInspectError(slug, error.message, path=path) from error
    if _LONG_KEY.search(content):
        message = f"a key of more than {_MOST_PARTS} parts"
        raise PycInspectError("bad-setting", message, path=path)
    if _depth(content) > _MOST_NESTED:
        raise PycInspectError("bad-setting", "nested too deeply", path=path)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError as error:  # whoever called us has used up the stack
        raise PycInspectError("bad-setting", "nested too deeply", path=path) from error
    except ValueError as error:  # with TOMLDecodeError; int() has a limit of digits, too
        message = f"not a TOML file: {str(error)[:200]}"
        raise PycInspectError("bad-setting", message, path=path) from error


def _depth(content: bytes) -> int:
    """Return how deeply the brackets of a file are nested; those in strings count, too."""
    steps = (1 if bracket in b"[{" else -1 for bracket in _BRACKET.findall(content))
    return max(accumulate(steps), default=0)


def _settings(document: Mapping[str, object], path: str) -> Settings:
    table: object = document
    for part in _TABLE.split("."):
        table = table.get(part, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        raise PycInspectError("bad-setting", f"[{_TABLE}] is not a table", path=path)
    try:
        values: dict[str, Any] = {
            _READERS[_key(name)][0]: _READERS[name][1](value) for name, value in table.items()
        }
        settings = Settings(**values)
    except (ValueError, TypeError, OverflowError) as error:
        message = f"[{_TABLE}]: {str(error)[:200]}"
        raise PycInspectError("bad-setting", message, path=path) from error
    places: dict[str, Any] = {
        name: os.path.join(os.path.dirname(path), place)
        for name in _PLACES
        if (place := getattr(settings, name)) is not None
    }
    ignores = settings.per_path_ignores
    if ignores is not None:
        base = os.path.dirname(os.path.abspath(path))
        places["per_path_ignores"] = tuple(replace(row, base=base) for row in ignores)
    return replace(settings, **places)


#: Settings that are paths, relative to the file.
_PLACES = ("baseline", "digests", "environment_file", "root")


def _key(name: str) -> str:
    if name in _READERS:
        return name
    near = get_close_matches(name, _READERS, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown key {shortened(name)}{hint}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{shortened(value)} is not a string")
    return value


def _member(members: type[StrEnum], value: object) -> StrEnum:
    """Return the member of an enumeration that is spelled so."""
    name = _text(value)
    if name not in list(members):
        raise ValueError(f"{name!r} is none of {', '.join(members)}")
    return members(name)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{shortened(value)} is not a whole number")
    return value


def _user(value: object) -> str:
    return _text(value) if isinstance(value, str) else str(_number(value))


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{shortened(value)} is not a number")
    return float(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{shortened(value)} is not true or false")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{shortened(value)} is not a list")
    return tuple(_text(item) for item in value)


def _levels(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{shortened(value)} is not a list")
    return tuple(_number(item) for item in value)


def _path_ignores(value: object) -> tuple[PathIgnore, ...]:
    if not isinstance(value, dict):
        raise TypeError(f"{shortened(value)} is not a table")
    return tuple(PathIgnore(pattern, _texts(rules)) for pattern, rules in value.items())


#: Key of the file to field of :class:`Settings` and the reader of its value.
_READERS: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "profile": ("profile", _text),
    "select": ("select", _texts),
    "ignore": ("ignore", _texts),
    "per-path-ignores": ("per_path_ignores", _path_ignores),
    "baseline": ("baseline", _text),
    "digests": ("digests", _text),
    "fail-on": ("fail_on", partial(_member, Severity)),
    "as": ("dialect", _text),
    "levels": ("levels", _levels),
    "invalidation-mode": ("invalidation_mode", partial(_member, InvalidationMode)),
    "check-hash-based-pycs": (
        "check_hash_based_pycs",
        partial(_member, HashCheckMode),
    ),
    "pycache-prefix": ("pycache_prefix", _text),
    "dont-write-bytecode": ("dont_write_bytecode", _switch),
    "deep": ("deep", _switch),
    "verify": ("verify", _switch),
    "max-files": ("max_files", _number),
    "max-seconds": ("max_seconds", _seconds),
    "jobs": ("jobs", _number),
    "environment": ("environment", _switch),
    "environment-file": ("environment_file", _text),
    "user": ("user", _user),
    "read-only": ("read_only", _switch),
    "root": ("root", _text),
}
