"""Which settings an audit took from a file, and what they keep it from saying."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from pycinspect.auditing import PathIgnore, SettingsFile
from pycinspect.report.words import counted, shown_path
from pycinspect.values import visible

__all__ = ["settings_lines", "settings_objects"]

#: Field of Settings to its value in words.
_PHRASES: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "profile": "profile {}".format,
        "select": lambda ids: f"selects {_listed(ids)}",
        "ignore": lambda ids: f"ignores {_listed(ids)}",
        "per_path_ignores": lambda rows: "; ".join(map(_path_ignore, rows)),
        "baseline": "baseline {}".format,
        "fail_on": lambda severity: f"fails on {severity.value}",
        "dialect": "as {}".format,
        "levels": lambda levels: f"levels {_listed(map(str, levels))}",
        "invalidation_mode": lambda mode: f"invalidation mode {mode.value}",
        "check_hash_based_pycs": lambda mode: f"checks hash-based caches: {mode.value}",
        "pycache_prefix": "cache prefix {}".format,
        "dont_write_bytecode": lambda off: "writes no bytecode" if off else "writes bytecode",
        "deep": lambda deep: f"decodes {'all' if deep else 'no'} payloads",
        "verify": lambda on: f"compares {'all' if on else 'no'} caches with their sources",
        "max_files": lambda number: f"stops after {counted(number, 'cache', 'caches')}",
        "max_seconds": "stops after {:g} seconds".format,
        "environment": lambda on: "reads this shell's variables" if on else "reads no variables",
        "environment_file": "variables of {}".format,
        "user": "permissions of user {}".format,
        "read_only": lambda on: "nothing can be written" if on else "files can be written",
        "root": "root directory {}".format,
    }
)


def settings_lines(files: Sequence[SettingsFile], base: str | None) -> list[str]:
    """Return a line for each file that was met, and says something or was passed over.

    Args:
        files: with what the command line left of their settings.
        base: the directory that paths are shown relative to.
    """
    return [visible(line) for file in files if (line := _line(file, base)) is not None]


def _line(file: SettingsFile, base: str | None) -> str | None:
    name = shown_path(file.path, base)
    where = f"{name}, which lies in the audited tree" if file.inside else name
    if not file.used:
        return f"{where}: not used (--config names it if it is to be)"
    phrases = [_PHRASES[key](value) for key, value in _set(file)]
    if file.settings.baseline is not None:
        phrases.append(f"the baseline accepts {counted(file.accepted, 'finding', 'findings')}")
    return f"{where}: {'; '.join(phrases)}" if phrases else None


def settings_objects(files: Sequence[SettingsFile], base: str | None) -> list[dict[str, object]]:
    """Return what :func:`settings_lines` says for machines."""
    return [
        {
            "file": shown_path(file.path, base),
            "inside_tree": file.inside,
            "used": file.used,
            "sets": {key.replace("_", "-"): _plain(value) for key, value in _set(file)},
            "baseline_accepts": file.accepted,
        }
        for file in files
        if not file.used or _set(file)
    ]


def _set(file: SettingsFile) -> list[tuple[str, Any]]:
    """Return the fields that say something, in their order."""
    named = [(field.name, getattr(file.settings, field.name)) for field in fields(file.settings)]
    return [(name, value) for name, value in named if value is not None]


def _plain(value: Any) -> object:
    if isinstance(value, PathIgnore):
        return {"pattern": value.pattern, "rules": list(value.rules)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _path_ignore(row: PathIgnore) -> str:
    return f"ignores {_listed(row.rules)} at {row.pattern}"


#: More of them are counted.
_MOST = 20


def _listed(words: Iterable[str]) -> str:
    names = list(words)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}" if names else "nothing"
