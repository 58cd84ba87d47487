"""Sources that are run, or only kept, and never imported."""

from __future__ import annotations

import os
from typing import NamedTuple

from pycinspect.auditing.walk import Directory
from pycinspect.cache import HERE, View
from pycinspect.errors import PycInspectError

__all__ = ["is_run"]

_SHEBANG = b"#!"
#: What marks an environment (PEP 405).
_ENVIRONMENT = "pyvenv.cfg"


class _Kind(NamedTuple):
    """What a directory of this name is.

    Args:
        is_data: in an environment it holds no modules: only the library is searched for them.
        has_scripts: a file in it that begins with a shebang is a script.
    """

    is_data: bool = True
    has_scripts: bool = True


#: Names of directories as sysconfig's schemes have them, and as projects call theirs.
_KINDS = {
    "bin": _Kind(),
    "Scripts": _Kind(),
    "scripts": _Kind(is_data=False),
    "sbin": _Kind(),
    "libexec": _Kind(),
    "include": _Kind(has_scripts=False),
    "Include": _Kind(has_scripts=False),
    "share": _Kind(has_scripts=False),
    "etc": _Kind(has_scripts=False),
}


def is_run(directory: Directory, stem: str, view: View = HERE) -> bool:
    """Return whether it is certain that no import comes to a source.

    Args:
        directory: where it lies.
        stem: its name without suffix.
        view: the file system that it is in.

    Modules of libraries begin with a shebang, too (``pdb``): where a file lies has to say it
    as well, and that it is in no package.
    """
    if "__init__" in directory.sources:
        return False
    place, name = os.path.split(view.absolute(directory.source_path))
    kind = _KINDS.get(name)
    if kind is not None and kind.has_scripts and _has_shebang(directory.sources[stem].path, view):
        return True
    while name:
        if name in _KINDS and _KINDS[name].is_data and _is_environment(place, view):
            return True
        place, name = os.path.split(place)
    return False


def _is_environment(path: str, view: View) -> bool:
    return view.is_file(os.path.join(path, _ENVIRONMENT))


def _has_shebang(path: str, view: View) -> bool:
    try:
        return view.read_start(path, len(_SHEBANG)).data == _SHEBANG
    except (OSError, PycInspectError):  # what cannot be read is missed as a module
        return False
