"""How the import is started: the options that change what becomes of a cache."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from pycinspect.cache.platform import Platform, running_platform
from pycinspect.dialects import Dialect, EnvironmentFlag
from pycinspect.values import HashCheckMode

__all__ = ["ImportOptions", "options_from_environment"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The command-line options of the interpreter that would import.

    Args:
        optimize: how often ``-O`` was given.
        dont_write_bytecode: option ``-B``.
        check_hash_based_pycs: option ``--check-hash-based-pycs``.
        pycache_prefix: option ``-X pycache_prefix``; ignored before 3.8.
        current_directory: where relative paths start; None is this process's.
        umask: permission bits that new files do not get; None is this process's.
        platform: the operating system.
    """

    optimize: int = 0
    dont_write_bytecode: bool = False
    check_hash_based_pycs: HashCheckMode = HashCheckMode.DEFAULT
    pycache_prefix: str | None = None
    current_directory: str | None = None
    umask: int | None = None
    platform: Platform = field(default_factory=running_platform)


def options_from_environment(dialect: Dialect, environment: Mapping[str, str]) -> ImportOptions:
    """Return the options that a dialect's interpreter takes from variables.

    Args:
        dialect: whose rules apply: up to 3.6 any text switches a flag on, since
            3.7 a number 0 leaves it off (``Python/initconfig.c: _Py_get_env_flag``).
        environment: such as ``os.environ``.
    """
    flag = dialect.writer.dont_write
    prefix = environment.get("PYTHONPYCACHEPREFIX") or None
    has_prefix = dialect.cache_path is not None and dialect.cache_path.prefix
    return ImportOptions(
        optimize=_level(flag, environment.get("PYTHONOPTIMIZE", "")),
        dont_write_bytecode=_level(flag, environment.get("PYTHONDONTWRITEBYTECODE", "")) > 0,
        pycache_prefix=prefix if has_prefix else None,
    )


def current_umask() -> int:
    """Return this process's umask."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _level(flag: EnvironmentFlag, text: str) -> int:
    """Return the number that a variable's text stands for; 0 is off."""
    if not text:
        return 0
    try:
        level = int(text, 10)
    except ValueError:
        return 1  # any other text switches on
    if level < 0 or (level == 0 and flag is EnvironmentFlag.NONEMPTY):
        return 1
    return level
