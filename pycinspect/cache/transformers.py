"""Tools that change code before it is compiled, and the names that they give their caches."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Transformer", "transformer_of"]


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
