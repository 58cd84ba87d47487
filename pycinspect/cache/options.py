"""How the import is started: the options that change what becomes of a cache."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pycinspect.cache.platform import Platform, running_platform
from pycinspect.dialects import Dialect, EnvironmentFlag
from pycinspect.values import HashCheckMode, shown

__all__ = ["ImportOptions", "options_from_environment"]

#: What C's ``strtol`` takes for a number.
_C_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]+")
_INT_MAX = 2**31 - 1
_LONG_MAX = 2**63 - 1


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

    def __repr__(self) -> str:
        return shown(self)


def options_from_environment(dialect: Dialect, environment: Mapping[str, str]) -> ImportOptions:
    """Return the options that a dialect's interpreter takes from variables.

    Args:
        dialect: whose rules apply: up to 3.6 any text switches a flag on
            (``Python/pylifecycle.c: add_flag``), since 3.7 a number 0 leaves it off
            (``Python/initconfig.c: _Py_get_env_flag``).
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
    if flag is EnvironmentFlag.NONEMPTY:
        return max(1, _atoi(text))
    if flag is EnvironmentFlag.PYTHON_INT:
        return max(1, _python_int(text))
    number = _C_NUMBER.fullmatch(text)
    level = -1 if number is None else int(number[0])
    return level if 0 <= level <= _INT_MAX else 1


def _atoi(text: str) -> int:
    """Return what glibc's ``atoi`` does: a ``long`` without its upper half."""
    number = _C_NUMBER.match(text)
    if number is None:
        return 0
    as_long = max(-_LONG_MAX - 1, min(int(number[0]), _LONG_MAX))
    return (as_long + _INT_MAX + 1) % (2 * (_INT_MAX + 1)) - _INT_MAX - 1


def _python_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # any other text switches on
        return 1
