"""From the bytes of a container to the tree of its members: one row for each format.

What a file is, its content says (``pyc.container_kind_of``); its name says nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from pycinspect.containers.archive import Archive, Layout
from pycinspect.containers.bundles import BUNDLE, bundle_members
from pycinspect.containers.images import merged_image
from pycinspect.containers.limits import DEFAULT_CONTAINER_LIMITS, ContainerLimits
from pycinspect.containers.members import Member, installed_name, safe_name
from pycinspect.containers.packages import (
    AR,
    RPM,
    conda_members,
    deb_members,
    is_conda,
    rpm_members,
)
from pycinspect.containers.streams import Budget
from pycinspect.containers.tars import TAR, TarFile
from pycinspect.containers.zips import ZIP, is_zip, zip_members
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
    if is_conda([member.path for member in members]):
        return _packed(kind, _CONDA, conda_members(members, budget), budget)
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


class _Sign(NamedTuple):
    """What a zip file is if it has all of some members."""

    names: frozenset[str]
    layout: Layout


#: The first sign that is there counts. A pex and a shiv unpack themselves at their first start, and
#: are imported from there; a zipapp and an egg stand on ``sys.path`` as they are (PEP 441).
_ZIP_SIGNS = tuple(
    _Sign(frozenset(names), layout)
    for names, layout in (
        (("PEX-INFO", "__main__.py"), Layout("pex")),
        (("environment.json", "_bootstrap/__init__.py"), Layout("shiv")),
        (("__main__.py",), Layout("zipapp", is_imported=True)),
        (("__main__.pyc",), Layout("zipapp", is_imported=True)),
        (("EGG-INFO/PKG-INFO",), Layout("egg", is_imported=True)),
    )
)


def _zip_layout(paths: Iterable[str]) -> Layout:
    """Tell what a zip file is by its members: a wheel (PEP 427), or by the signs above."""
    names = frozenset(paths)
    parts = [name.partition("/") for name in names if name.endswith(".dist-info/WHEEL")]
    if [rest for _, _, rest in parts] == ["WHEEL"]:  # of two, installers take neither
        return Layout(_WHEEL)
    return next((sign.layout for sign in _ZIP_SIGNS if sign.names <= names), Layout(ZIP))


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
            return Layout(_SDIST)
    info = children.get("info")
    if info is not None and info.children is not None and "index.json" in info.children:
        return Layout(_CONDA)  # of the first version
    return Layout(kind)


def _read_compressed(file: BinaryIO, kind: str, budget: Budget) -> Archive:
    return _read_tar(file, f"{TAR} in a {kind}", budget, kind)


_SDIST, _CONDA = "sdist", "conda package"


# --- Packages -------------------------------------------------------------------------------


def _packed(kind: str, name: str, members: Iterable[Member], budget: Budget) -> Archive:
    """Return the tree of a package whose members come in one stream."""
    archive = Archive(kind, budget.limits)
    archive.layout = Layout(name)
    archive.is_seekable = False
    for member in members:
        archive.add(member, safe_name(member.path), keep=True)
    return archive


def _read_deb(file: BinaryIO, kind: str, budget: Budget) -> Archive:
    return _packed(kind, "Debian package", deb_members(file, budget), budget)


def _read_rpm(file: BinaryIO, kind: str, budget: Budget) -> Archive:
    return _packed(kind, RPM, rpm_members(file, budget), budget)


# --- Executables ----------------------------------------------------------------------------


def _read_executable(file: BinaryIO, kind: str, budget: Budget) -> Archive:
    """Read what follows a program: PyInstaller's archive, or a zip file."""
    members = bundle_members(file, budget)
    if members is None:
        file.seek(0)
        if not is_zip(file):
            message = f"{_named(kind)} without an archive that is known (PyInstaller's, zip)"
            raise PycInspectError("unsupported", message)
        return _read_zip(file, kind, budget)
    archive = Archive(BUNDLE, budget.limits)
    archive.layout = Layout(BUNDLE, is_bundle=True)
    for member in members:
        archive.add(member, safe_name(member.path))
    return archive


def _named(kind: str) -> str:
    """Return a kind of file with its article."""
    return f"{'an' if kind[0] in 'aeiouE' else 'a'} {kind}"


#: Formats that are looked into, as ``pyc.container_kind_of`` names them.
FORMATS: Mapping[str, _Reader] = MappingProxyType(
    {
        ZIP: _read_zip,
        TAR: _read_tar,
        "gzip file": _read_compressed,
        "bzip2 file": _read_compressed,
        "xz file": _read_compressed,
        "Zstandard file": _read_compressed,
        AR: _read_deb,
        RPM: _read_rpm,
        "ELF file": _read_executable,
        "Mach-O file": _read_executable,
        "Windows executable": _read_executable,
    }
)
