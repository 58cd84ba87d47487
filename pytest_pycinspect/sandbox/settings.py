"""How the sandbox's imports are started, whatever the user's shell says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from getopt import GetoptError, getopt

from pycinspect.cache import ImportOptions, options_from_environment
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.values import HashCheckMode

__all__ = ["ISOLATION", "Settings", "clean_environment", "import_options", "pytest_environment"]

#: Neither the site's packages nor the user's: what ``-I -S`` keeps away, without its deafness
#: to the variables that a test gives.
ISOLATION = ("-S", "-s")

#: The interpreter's options (``Python/getopt.c: SHORT_OPTS``, with those of Python 2).
_SHORT = "3BbdEhiIJOPqQ:RsStuVW:xX:"
_LONG = ("check-hash-based-pycs=", "xoptions", "version", "help", "help-env", "help-xoptions")
_HASH_CHECKS = "--check-hash-based-pycs"
_PREFIX = "pycache_prefix"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the sandbox's own calls have set.

    Args:
        optimize: how often ``-O`` is given.
        dont_write_bytecode: option ``-B``.
        pycache_prefix: option ``-X pycache_prefix``, an absolute path.
    """

    optimize: int = 0
    dont_write_bytecode: bool = False
    pycache_prefix: str | None = None

    def flags(self, dialect: Dialect) -> list[str]:
        """Return the options of a dialect's interpreter that say the same."""
        flags = ["-O"] * self.optimize
        if self.dont_write_bytecode:
            flags.append("-B")
        has_prefix = dialect.cache_path is not None and dialect.cache_path.prefix
        if self.pycache_prefix is not None and has_prefix:
            flags += ["-X", f"{_PREFIX}={self.pycache_prefix}"]
        return flags


def clean_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a child: the shell's but for Python's own, and those given."""
    shell = {name: text for name, text in os.environ.items() if not _is_pythons(name)}
    return {**shell, "PYTHONIOENCODING": "utf-8", **given}


def _is_pythons(name: str) -> bool:
    return name.startswith(("PYTHON", "PYTEST_", "COVERAGE_", "COV_CORE_"))


def pytest_environment() -> dict[str, str]:
    """Return what a pytest needs in a child process: the same packages, and no plugins."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def import_options(
    flags: Sequence[str], environment: Mapping[str, str], dialect: Dialect, root: str
) -> ImportOptions:
    """Return what an interpreter makes of its options and variables.

    Args:
        flags: as on the command line.
        environment: its variables.
        dialect: which interpreter it is.
        root: its current directory.

    Raises:
        PycInspectError: ``bad-flag`` for an option that Python does not have.
    """
    try:
        pairs, rest = getopt(list(flags), _SHORT, list(_LONG))
    except GetoptError as error:
        raise PycInspectError("bad-flag", f"no option of Python: {error}") from None
    if rest:
        raise PycInspectError("bad-flag", f"no option of Python: {rest[0]!r}")
    names = [name for name, _ in pairs]
    is_deaf = "-E" in names or "-I" in names
    options = options_from_environment(dialect, {} if is_deaf else environment)
    prefix = _prefix(pairs, options.pycache_prefix)
    return replace(
        options,
        optimize=max(options.optimize, names.count("-O")),
        dont_write_bytecode=options.dont_write_bytecode or "-B" in names,
        pycache_prefix=None if prefix is None else os.path.join(root, prefix),
        check_hash_based_pycs=_hash_checks(pairs),
        current_directory=root,
    )


def _prefix(pairs: Sequence[tuple[str, str]], otherwise: str | None) -> str | None:
    """Return the last ``-X pycache_prefix=``; a blank one cancels the variable."""
    for name, text in reversed(pairs):
        key, _, prefix = text.partition("=")
        if name == "-X" and key == _PREFIX:
            return prefix or None
    return otherwise


def _hash_checks(pairs: Sequence[tuple[str, str]]) -> HashCheckMode:
    modes = [text for name, text in pairs if name == _HASH_CHECKS]
    try:
        return HashCheckMode(modes[-1]) if modes else HashCheckMode.DEFAULT
    except ValueError:
        message = f"{_HASH_CHECKS} is one of {', '.join(HashCheckMode)}, not {modes[-1]!r}"
        raise PycInspectError("bad-flag", message) from None
