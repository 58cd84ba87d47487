"""Files of an archive that Python imports from as it is: whose question is whose?

A zipapp or an egg stands on the search path itself, so that its modules are found by
``zipimport``: never in ``__pycache__``, and bytecode before the source beside it.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from pycinspect.cache.importer import Judgement
from pycinspect.cache.judge import judge_module
from pycinspect.cache.options import ImportOptions
from pycinspect.cache.verdict import Outcome, Verdict
from pycinspect.cache.view import ArchivePlace, View
from pycinspect.dialects import Dialect
from pycinspect.pyc import PYCACHE

__all__ = ["ZipTarget", "judge_in_zip", "zip_target"]

_INIT = "__init__"
_IGNORED = Judgement(Outcome.NO_CACHE, "zip-pycache")


class ZipTarget(NamedTuple):
    """A file of a zip file that Python imports from.

    Args:
        path: as the view has it, ``app.pyz!/pkg/m.pyc``.
        entry: what stands on the search path for it, ``app.pyz/pkg``.
        name: of the module that it would be.
        own: what an importer calls it, ``app.pyz/pkg/m.pyc``.
    """

    path: str
    entry: str
    name: str
    own: str

    @property
    def is_cached(self) -> bool:
        """Whether it lies in a ``__pycache__``."""
        return os.path.basename(os.path.dirname(self.path)) == PYCACHE


def zip_target(path: str, view: View) -> ZipTarget | None:
    """Return how a file is imported from the archive that it lies in.

    Args:
        path: of a source, a cache, or the directory of a package.
        view: the file system.

    Returns:
        None where it is not imported from an archive as it is.
    """
    place = view.archive_of(path)
    if place is None or not place.archive.layout.is_imported:
        return None
    own = _own(path.rstrip("/" + os.sep), place)
    entry, name = os.path.split(own)
    stem = os.path.splitext(name)[0] if not view.is_dir(path) else name
    if stem == _INIT and place.inside.count("/"):
        entry, stem = os.path.split(entry)
    return ZipTarget(path, entry, stem, own)


def _own(path: str, place: ArchivePlace) -> str:
    """Return the path that the importer has for a member."""
    return place.mount[:-1] + path.removeprefix(place.mount)


def judge_in_zip(
    target: ZipTarget, dialect: Dialect, options: ImportOptions
) -> tuple[Judgement, Verdict | None]:
    """Decide what an import does with a file in a zip file.

    Args:
        target: the file.
        dialect: whose importer is asked.
        options: how the import is started.

    Returns:
        What becomes of the file, and the verdict on the module; None where nobody looks for it.

    Raises:
        PycInspectError: as :func:`judge_module`.
    """
    if target.is_cached:
        return _IGNORED, None
    verdict = judge_module(target.name, [target.entry], dialect, options)
    found = verdict.found.path
    is_refused = verdict.cache_path == target.own and verdict.outcome is Outcome.RECOMPILE
    if found != target.own and not is_refused:
        shown = os.path.basename(found or "")
        return Judgement(Outcome.NO_CACHE, "shadowed", "", shown), verdict
    judgement = Judgement(
        verdict.outcome, verdict.reason, verdict.expected, verdict.actual, verdict.exception
    )
    return judgement, verdict
