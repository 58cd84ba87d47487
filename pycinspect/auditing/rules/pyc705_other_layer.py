"""What it finds
=============
In a container image, a cache that comes with another layer than its source, and a cache whose source a
later layer removed.

Why it matters
==============
Layers are built, cached and replaced one by one. A cache that comes later was written when something
ran, not when the source was installed: it takes the space again in each layer that writes it, and
it is not what the layer with the source was checked to be. One that comes earlier is of another
source than the one that is there now; by its time it is stale, or, if the times are set to one value,
taken for fresh. And what a later layer removes is still in the image.

What to do
==========
Compile in the step that installs (``python -m compileall``), or keep Python from writing in the others
(``PYTHONDONTWRITEBYTECODE=1``); remove files in the step that made them.
"""

import os

from pycinspect.auditing.archives import archive_place
from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.rule import Context, Rule
from pycinspect.cache import ArchivePlace

__all__ = ["OtherLayer"]

_REMOVED = "comes with {layer}, and {source_layer} removed its source"


class OtherLayer(Rule):
    """PYC705."""

    id = "PYC705"
    name = "other-layer"
    title = "Cache and source in different layers"
    severity = Severity.WARNING
    message = "comes with {layer}, and its source with {source_layer}"
    needs_archive = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._place = archive_place(context, "image")

    def check_cache(self, cache: CacheFile) -> Finding | None:
        """Report a cache of an image."""
        place = self._place
        if place is None or cache.is_module:
            return None
        layer = _layer(place, cache.path)
        if cache.source_status is None:
            removed = _removed(place, cache.source)
            if removed is None:
                return None
            finding = self.of_cache(cache, layer=layer, source_layer=removed)
            return finding._replace(template=_REMOVED)
        source_layer = _layer(place, cache.source)
        if layer == source_layer:
            return None
        return self.of_cache(cache, layer=layer, source_layer=source_layer)


def _inside(place: ArchivePlace, path: str) -> str:
    return path.removeprefix(place.mount).replace(os.sep, "/").strip("/")


def _layer(place: ArchivePlace, path: str) -> str:
    return place.archive.find(_inside(place, path)).member.layer


def _removed(place: ArchivePlace, path: str) -> str | None:
    """Return the layer that removed a path, or a directory above it."""
    inside = _inside(place, path)
    while inside:
        if inside in place.archive.removed:
            return place.archive.removed[inside]
        inside = inside.rpartition("/")[0]
    return None
