"""The variables of another process, from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pycinspect.errors import PycInspectError
from pycinspect.pyc import errors_named, read_all

__all__ = ["parse_environment", "read_environment"]

#: Largest file of variables, in bytes; Linux gives a process no more than this by default.
_LIMIT = 2 * 1024 * 1024


def read_environment(path: str) -> dict[str, str]:
    """Read variables from a file.

    Raises:
        PycInspectError: ``bad-environment`` as :func:`parse_environment`; ``not-found``,
            ``not-a-file``, ``too-large``, ``unreadable``.
    """
    with errors_named(path):
        return parse_environment(read_all(path, _LIMIT))


def parse_environment(content: bytes) -> dict[str, str]:
    r"""Read variables: lines of ``env`` or of a ``--env-file``, or what tools print.

    Args:
        content: lines ``NAME=VALUE``, of which blank ones, comments and those without a name do
            not count; the same with null characters for line ends (``/proc/PID/environ``); or
            JSON of ``docker inspect``, ``podman inspect`` or an OCI image's configuration.

    Raises:
        PycInspectError: ``bad-environment`` where there is no variable in it.

    >>> parse_environment(b"# of the image\nPYTHONOPTIMIZE=1\n")
    {'PYTHONOPTIMIZE': '1'}
    """
    text = content.decode("utf-8", "surrogateescape")
    if text.lstrip()[:1] in ("[", "{"):
        return _variables(_listed(text))
    lines = text.split("\0") if "\0" in text else text.splitlines()
    found = _variables(line for line in lines if not line.startswith("#"))
    if not found and text.strip("\0 \t\r\n"):
        raise PycInspectError("bad-environment", "there is no NAME=VALUE in it")
    return found


def _variables(lines: Iterable[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value for name, equals, value in pairs if name.strip() and equals}


def _listed(text: str) -> list[str]:
    """Return the list ``Env`` of a container's, or an image's, configuration."""
    import json

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PycInspectError("bad-environment", f"not JSON: {str(error)[:200]}") from error
    first = document[0] if isinstance(document, list) and len(document) == 1 else document
    if isinstance(first, Mapping):
        config = first.get("Config") or first.get("config") or first
        document = config.get("Env") if isinstance(config, Mapping) else None
    if isinstance(document, list) and all(isinstance(line, str) for line in document):
        return document
    message = "there is no list Env in it, as docker inspect prints one for a container or an image"
    raise PycInspectError("bad-environment", message)
