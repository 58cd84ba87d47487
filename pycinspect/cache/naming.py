"""Which names an importer looks for: what a file's name says before anybody opens it.

The one place for that: ``judge_target`` and the audit of a tree ask here. Which of
several files with good names wins is the finder's question.
"""

from __future__ import annotations

import re

from pycinspect.dialects import Dialect, OptimizationName
from pycinspect.pyc import PYCACHE, NameEnd

__all__ = [
    "DottedName",
    "level_of",
    "module_objection",
    "reader_objection",
    "split_dotted",
]

#: What ``sys.flags.optimize`` looks like in a name (PEP 488); level 0 has none.
_LEVEL = re.compile(r"[1-9][0-9]*", re.ASCII)
#: ``sys.flags.optimize`` is a C int.
_LAST_LEVEL = 2**31 - 1

DottedName = tuple[str, str]


def module_objection(stem: str) -> str | None:
    """Return why no import comes to a file by its name; None if one can.

    Args:
        stem: the name without suffix. The parts of a module's name are what stands
            between its dots; ``importlib.import_module`` takes names that are no
            identifiers, too.
    """
    if not stem:
        return "there is no name before the dot"
    return "no part of a module's name has a dot in it" if "." in stem else None


def level_of(ending: NameEnd) -> int | None:
    """Return at which level an interpreter looks for a name; None if at none.

    ``opt-0``, ``opt-01`` and ``opt-any`` are names that ``cache_from_source`` makes for
    those who ask for them; importers pass ``sys.flags.optimize``.
    """
    if ending.extension == "pyo":
        return 1
    if not ending.optimization:
        return 0
    if _LEVEL.fullmatch(ending.optimization) is None:
        return None
    level = int(ending.optimization[: len(str(_LAST_LEVEL)) + 1])
    return level if level <= _LAST_LEVEL else None


def reader_objection(ending: NameEnd, dialect: Dialect) -> str | None:
    """Return why a dialect never looks for such a name in its cache directory.

    Args:
        ending: what follows the stem, with one of the dialect's tags.
        dialect: whose importer looks.

    Returns:
        A reason; None where it looks for the name at one level.
    """
    rule = dialect.cache_path
    if rule is None or not rule.directory:
        return f"{dialect.name} keeps no caches in {PYCACHE}"
    is_new = rule.optimization is OptimizationName.OPT_TAG
    if ending.extension not in (("pyc",) if is_new else ("pyc", "pyo")):
        return f"{dialect.name} has no caches that end in .{ending.extension}"
    if ending.optimization and not is_new:
        return f"{dialect.name} has no opt- in the names of its caches"
    if level_of(ending) is None:
        return f"{ending.optimization!r} is not an optimization level of an interpreter"
    return None


def split_dotted(filename: str) -> DottedName:
    """Split a cache's name at the tag, counted from its end.

    No import statement finds ``a.b.py``, but loaders that are given a path cache it
    as ``a.b.TAG.pyc`` (``cache_from_source``, since 3.5).

    >>> split_dotted("gunicorn.conf.cpython-312.opt-1.pyc")
    ('gunicorn.conf', 'cpython-312.opt-1.pyc')
    """
    parts = filename.split(".")
    length = 3 if len(parts) > 3 and parts[-2].startswith("opt-") else 2
    return ".".join(parts[:-length]), ".".join(parts[-length:])
