"""From the bytes of a container to the tree of its members: one row for each format.

What a file is, its content says (``pyc.container_kind_of``); its name says nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import BinaryIO

from pycinspect.containers.archive import Archive, Layout
from pycinspect.containers.images import merged_image
from pycinspect.containers.limits import DEFAULT_CONTAINER_LIMITS, ContainerLimits
from pycinspect.containers.members import installed_name, safe_name
from pycinspect.containers.streams import Budget
from pycinspect.containers.tars import TAR, TarFile
from pycinspect.containers.zips import ZIP, zip_members
from pycinspect.errors import PycInspectError
from pycinspect.pyc import container_kind_of

__all__ = ["FORMATS", "read_archive"]

_Reader = Callable[[BinaryIO, str, Budget], Archive]


def read_archive(
    file: BinaryIO,
    size: int,
    limits: ContainerLimits = DEFAULT_CONTAINER_LIMITS,
) -> Archive:
    """Read which members a container has; of their content nothing, if it can be read later.

    Args:
        file: the container, which stays open as long as the archive is used.
        size: its bytes.
        limits: what may be taken for it.

    Raises:
        PycInspectError: ``not-a-container``; ``unsupported`` for a format that cannot be looked
            into; ``bad-archive``; ``container-limit``, with the limit.

    >>> import io, zipfile
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("app/m.py", "total = 1")
    >>> tree = read_archive(file, len(file.getvalue()))
    >>> [path for path, node in tree.files()], tree.layout.kind
    (['app/m.py'], 'zip archive')
    """
    file.seek(0)
    kind = container_kind_of(file)
    if kind is None:
        raise PycInspectError("not-a-container", "not an archive, or of a kind that is not known")
    file.seek(0)
    read = FORMATS.get(kind)
    if read is None:
        known = ", ".join(FORMATS)
        message = f"a container ({kind}), which cannot be looked into (only {known}); unpack it"
        raise PycInspectError("unsupported", message)
    return read(file, kind, Budget(limits, size))


# --- Zip ------------------------------------------------------------------------------------


def _read_zip(file: BinaryIO, kind: str, budget: Budget) -> Archive:
    members = list(zip_members(file, budget))
    layout = _zip_layout(member.path for member in members)
    archive = Archive(kind, budget.limits)
    archive.layout = layout
    for member in members:
        path = safe_name(member.path)
        if path is not None and layout.kind == _WHEEL:
            path = installed_name(path)
        archive.add(member, path)
    return archive


_WHEEL = "wheel"
#: What a member of the archive's root says of it, and what its Python does with it: an egg and a
#: zipapp are on ``sys.path`` as they are (``zipimport``, PEP 441), a wheel is installed (PEP 427).
_ZIP_SIGNS: Mapping[str, Layout] = MappingProxyType(
    {
        "__main__.py": Layout("zipapp", is_imported=True),
        "__main__.pyc": Layout("zipapp", is_imported=True),
        "EGG-INFO/PKG-INFO": Layout("egg", is_imported=True),
    }
)


def _zip_layout(names: Iterable[str]) -> Layout:
    found = Layout(ZIP)
    for name in names:
        first, _, rest = name.partition("/")
        if rest == "WHEEL" and first.endswith(".dist-info"):
            return Layout(_WHEEL)
        found = _ZIP_SIGNS.get(name, found)
    return found


# --- Tar ------------------------------------------------------------------------------------


def _read_tar(file: BinaryIO, kind: str, budget: Budget, compression: str | None = None) -> Archive:
    tar = TarFile(file, budget, compression)
    archive = Archive(kind, budget.limits)
    archive.is_seekable = tar.is_seekable
    for member in tar.members():
        archive.add(member, safe_name(member.path), keep=not tar.is_seekable)
    archive.layout = _tar_layout(archive, kind)
    return merged_image(archive, budget) or archive


def _tar_layout(archive: Archive, kind: str) -> Layout:
    children = archive.root.children or {}
    if len(children) == 1:
        (top,) = children.values()
        if top.children is not None and "PKG-INFO" in top.children:  # PEP 643
            return Layout("sdist")
    return Layout(kind)


def _read_compressed(file: BinaryIO, kind: str, budget: Budget) -> Archive:
    return _read_tar(file, f"{TAR} in a {kind}", budget, kind)


#: Formats that are looked into, as ``pyc.container_kind_of`` names them.
FORMATS: Mapping[str, _Reader] = MappingProxyType(
    {
        ZIP: _read_zip,
        TAR: _read_tar,
        "gzip file": _read_compressed,
        "bzip2 file": _read_compressed,
        "xz file": _read_compressed,
        "Zstandard file": _read_compressed,
    }
)
