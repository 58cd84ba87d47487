"""``[tool.pycinspect.audit]`` in pyproject.toml, and how it becomes a policy."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from pycinspect.auditing.findings import Severity
from pycinspect.auditing.policy import PROFILES, PathIgnore, Policy, Profile, Selection
from pycinspect.dialects import DialectTable
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode, InvalidationMode

__all__ = ["Settings", "find_settings", "read_settings"]

_TABLE = "tool.pycinspect.audit"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user set; None where nothing was said. Names are those of the file."""

    profile: str | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    per_path_ignores: tuple[PathIgnore, ...] | None = None
    baseline: str | None = None
    fail_on: Severity | None = None
    dialect: str | None = None
    levels: tuple[int, ...] | None = None
    invalidation_mode: InvalidationMode | None = None
    check_hash_based_pycs: HashCheckMode | None = None
    pycache_prefix: str | None = None
    dont_write_bytecode: bool | None = None
    deep: bool | None = None
    max_files: int | None = None
    max_seconds: float | None = None

    def over(self, others: Settings) -> Settings:
        """Return these settings, and the others' where these say nothing."""
        own = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return replace(others, **own)

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

    def policy(
        self, dialects: DialectTable, baseline: frozenset[tuple[str, str]] = frozenset()
    ) -> Policy:
        """Return the policy that these settings make.

        Raises:
            PycInspectError: ``bad-setting`` or ``unknown-dialect``.
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
            dialect=None if self.dialect is None else dialects[self.dialect],
            levels=self.levels or profile.levels,
            invalidation_mode=self.invalidation_mode,
            check_hash_based_pycs=self.check_hash_based_pycs or HashCheckMode.DEFAULT,
            pycache_prefix=self.pycache_prefix,
            dont_write_bytecode=bool(self.dont_write_bytecode),
            lists=profile.lists,
            deep=profile.deep if self.deep is None else self.deep,
            max_files=self.max_files,
            max_seconds=self.max_seconds,
            dialects=dialects,
        )


def find_settings(directory: str) -> Settings:
    """Read the nearest pyproject.toml at or above a directory; without one, nothing is set.

    Raises:
        PycInspectError: as :func:`read_settings`.
    """
    place = os.path.abspath(directory)
    while True:
        candidate = os.path.join(place, "pyproject.toml")
        if os.path.isfile(candidate):
            return read_settings(candidate)
        parent = os.path.dirname(place)
        if parent == place:
            return Settings()
        place = parent


def read_settings(path: str) -> Settings:
    """Read ``[tool.pycinspect.audit]`` of a TOML file.

    Paths in it are relative to the file.

    Raises:
        PycInspectError: ``bad-setting`` for a file that is no TOML, a key that is
            unknown (the message names the nearest) or a value of the wrong kind;
            ``unreadable``.
    """
    try:
        with open(path, "rb") as stream:
            document = tomllib.load(stream)
    except OSError as error:
        raise PycInspectError("unreadable", error.strerror or str(error), path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PycInspectError("bad-setting", f"not a TOML file: {error}", path=path) from error
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
    except (ValueError, TypeError) as error:
        raise PycInspectError("bad-setting", f"[{_TABLE}]: {error}", path=path) from error
    if settings.baseline is None:
        return settings
    home = os.path.dirname(path)
    return replace(settings, baseline=os.path.join(home, settings.baseline))


def _key(name: str) -> str:
    if name in _READERS:
        return name
    near = get_close_matches(name, _READERS, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown key {name!r}{hint}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return tuple(_text(item) for item in value)


def _levels(value: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return tuple(_number(item) for item in value)


def _path_ignores(value: object) -> tuple[PathIgnore, ...]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not a table")
    return tuple(PathIgnore(pattern, _texts(rules)) for pattern, rules in value.items())


#: Key of the file to field of :class:`Settings` and the reader of its value.
_READERS: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "profile": ("profile", _text),
    "select": ("select", _texts),
    "ignore": ("ignore", _texts),
    "per-path-ignores": ("per_path_ignores", _path_ignores),
    "baseline": ("baseline", _text),
    "fail-on": ("fail_on", lambda value: Severity(_text(value))),
    "as": ("dialect", _text),
    "levels": ("levels", _levels),
    "invalidation-mode": ("invalidation_mode", lambda value: InvalidationMode(_text(value))),
    "check-hash-based-pycs": (
        "check_hash_based_pycs",
        lambda value: HashCheckMode(_text(value)),
    ),
    "pycache-prefix": ("pycache_prefix", _text),
    "dont-write-bytecode": ("dont_write_bytecode", _switch),
    "deep": ("deep", _switch),
    "max-files": ("max_files", _number),
    "max-seconds": ("max_seconds", _seconds),
}
