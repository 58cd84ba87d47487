"""Container images: layers of tar files, one over the other.

Read are what ``docker save`` and ``podman save`` write (``manifest.json``) and OCI layouts in a tar
file (``index.json``, OCI image format specification). Layers are merged as it says: what is in a
later one replaces what was there, and names that begin with ``.wh.`` remove it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO, NamedTuple

from pycinspect.containers.archive import Archive, Layout
from pycinspect.containers.members import safe_name
from pycinspect.containers.streams import Budget, too_much
from pycinspect.containers.tars import TAR, TarFile
from pycinspect.errors import PycInspectError
from pycinspect.pyc import container_kind_of

__all__ = ["merged_image"]

#: Largest document, in bytes, that is read.
_LIMIT = 4 * 1024 * 1024
#: Layers of one image; overlayfs and containerd take 128.
_MOST_LAYERS = 500
#: Indices in indices that are followed.
_MOST_INDICES = 4
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
#: What AUFS keeps for itself.
_HIDDEN = ".wh..wh."


class _Image(NamedTuple):
    """One image.

    Args:
        name: what it is called, or for which platform it is.
        layers: the paths of its layers, the lowest first.
    """

    name: str
    layers: tuple[str, ...]


def merged_image(outer: Archive, budget: Budget) -> Archive | None:
    """Return what an image is when it runs, if an archive is one.

    Args:
        outer: the members of the file.
        budget: what may be unpacked.

    Returns:
        Its root directory; where the file holds several images, a directory for each. None
        for an archive that is not an image.

    Raises:
        PycInspectError: ``bad-archive``, ``container-limit``, ``unsupported``.
    """
    images = list(_images(outer))
    if not images:
        return None
    archive = Archive(outer.kind, budget.limits)
    archive.layout = Layout("image", is_image=len(images) == 1)
    names = _distinct_names(images)
    for image, name in zip(images, names, strict=True):
        if len(image.layers) > _MOST_LAYERS:
            raise too_much(f"an image in it has more than {_MOST_LAYERS} layers")
        top = f"{name}/" if len(images) > 1 else ""
        for number, path in enumerate(image.layers, 1):
            layer = _Layer(path, f"layer {number} ({_short(path)})", top)
            _apply(archive, outer, layer, budget)
    return archive


def _distinct_names(images: list[_Image]) -> list[str]:
    names = [safe_name(image.name.replace("/", "-")) or "image" for image in images]
    return [f"{number}-{name}" for number, name in enumerate(names, 1)]


def _short(path: str) -> str:
    """Return a few digits of the digest in a layer's path."""
    parts = [part for part in path.split("/") if len(part) >= 12]
    return (parts[-1] if parts else path)[:12]


# --- Which layers there are -------------------------------------------------------------------


def _images(outer: Archive) -> Iterator[_Image]:
    manifest = _document(outer, "manifest.json")
    if isinstance(manifest, list):
        for entry in manifest:
            if isinstance(entry, dict) and isinstance(entry.get("Layers"), list):
                names = entry.get("RepoTags") or [""]
                yield _Image(str(names[0]), tuple(map(str, entry["Layers"])))
        return
    if _document(outer, "oci-layout") is not None:
        yield from _of_index(outer, "index.json", _MOST_INDICES)


def _of_index(outer: Archive, path: str, depth: int) -> Iterator[_Image]:
    """Yield the images of an index, which may name others."""
    index = _document(outer, path)
    if not isinstance(index, dict) or not depth:
        return
    for entry in _dicts(index.get("manifests")):
        blob = _blob(entry)
        manifest = _document(outer, blob)
        if not isinstance(manifest, dict):
            raise _damaged(f"{blob} is not a manifest")
        if "manifests" in manifest:
            yield from _of_index(outer, blob, depth - 1)
            continue
        layers = list(_dicts(manifest.get("layers")))
        if any("tar" in str(layer.get("mediaType")) for layer in layers):  # others are attestations
            yield _Image(_platform(entry), tuple(map(_blob, layers)))


def _platform(entry: dict[str, Any]) -> str:
    platform = entry.get("platform")
    if not isinstance(platform, dict):
        return "image"
    return "-".join(str(platform.get(key, "")) for key in ("os", "architecture"))


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item


def _blob(descriptor: dict[str, Any]) -> str:
    algorithm, _, digest = str(descriptor.get("digest")).partition(":")
    return f"blobs/{algorithm}/{digest}"


def _document(outer: Archive, path: str) -> object:
    """Return a JSON document in the archive; None where there is none."""
    text = outer.read_text(path, _LIMIT)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a file of another program with that name
        return None


def _damaged(what: str) -> PycInspectError:
    return PycInspectError("bad-archive", f"a damaged image: {what}")


# --- One over the other -----------------------------------------------------------------------


class _Layer(NamedTuple):
    """One layer.

    Args:
        path: where it lies in the file.
        name: what reports call it.
        top: what its names are put below, "" or with a slash at its end.
    """

    path: str
    name: str
    top: str


def _apply(archive: Archive, outer: Archive, layer: _Layer, budget: Budget) -> None:
    """Put a layer over what is there."""
    path, name, top = layer
    place = safe_name(path)
    try:
        node = outer.find(place if place is not None else "")
    except OSError as error:
        raise _damaged(f"{path}, a layer of it, is missing") from error
    if node.is_directory:
        raise _damaged(f"{path}, a layer of it, is a directory")
    tar = _opened(outer.open(node), budget)
    keep = not (tar.is_seekable and outer.is_seekable)
    for member in tar.members():
        inside = safe_name(member.path)
        if inside is None:
            archive.add(member, None)
        elif not _remove(archive, f"{top}{inside}", name):
            archive.add(replace(member, layer=name), f"{top}{inside}", keep=keep)


def _opened(file: BinaryIO, budget: Budget) -> TarFile:
    kind = container_kind_of(file)
    file.seek(0)
    # An empty layer has zeros alone, which no signature tells.
    return TarFile(file, budget, None if kind in (None, TAR) else kind)


def _remove(archive: Archive, path: str, layer: str) -> bool:
    """Remove what a whiteout names; return whether it is one."""
    above, _, name = path.rpartition("/")
    if not name.startswith(_WHITEOUT):
        return False
    if name == _OPAQUE:
        archive.remove(above, layer, below=True)
    elif not name.startswith(_HIDDEN):
        gone = name.removeprefix(_WHITEOUT)
        archive.remove(f"{above}/{gone}" if above else gone, layer)
    return True
