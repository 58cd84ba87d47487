"""What names in a cache directory say beyond PEP 3147 and PEP 488."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Transformer", "is_interrupted_write", "transformer_of"]


class Transformer(NamedTuple):
    """A tool that changes code before it is compiled, and marks the name of the cache.

    Args:
        name: the tool.
        version: as it stands in the name, None where it does not.
    """

    name: str
    version: str | None


#: pytest has a tag of its own (``_pytest/assertion/rewrite.py: PYTEST_TAG``, up to 4.x
#: ``-PYTEST``), under ``-O`` with the ending ``.pyo``.
_PYTEST = re.compile(r"-(?:pytest-(?P<version>.+?)|PYTEST)(?:\.opt-\w+)?\.py[co]$")
#: The others name an optimization (``optimization=`` of ``cache_from_source``); it
#: consists of letters and digits, so that the dots of their versions are lost.
_IMPORT_HOOK = re.compile(r"(?P<name>typeguard|jaxtyping|beartype)-?(?P<version>[\w.]*)\.py[co]$")

#: importlib/_bootstrap_external.py: _write_atomic, ``f'{path}.{id(path)}'``.
_INTERRUPTED = re.compile(r"\.py[co]\.\d+$")


def transformer_of(filename: str) -> Transformer | None:
    """Return the tool that a cache's name tells of, or None.

    >>> transformer_of("mod.cpython-311-pytest-9.2.0.pyc")
    Transformer(name='pytest', version='9.2.0')
    """
    _, _, end = filename.partition(".")  # the module may have a tool's name
    found = _PYTEST.search(end)
    if found is not None:
        return Transformer("pytest", found["version"])
    found = _IMPORT_HOOK.search(end)
    if found is not None:
        return Transformer(found["name"], found["version"] or None)
    return None


def is_interrupted_write(filename: str) -> bool:
    """Return whether a name is that of a temporary file of the importer.

    >>> is_interrupted_write("mod.cpython-312.pyc.139872034862080")
    True
    """
    return filename[-1:].isdecimal() and _INTERRUPTED.search(filename) is not None
