"""Trees, and archives that are made of them."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pycinspect.auditing import Audit, Finding, Policy
from pycinspect.auditing.rules import BUILT_IN

__all__ = ["PACKERS", "TARS", "found", "members_zip", "pack_tar", "pack_zip"]


def pack_tar(folder: Path, archive: Path, mode: str = "w") -> Path:
    """Pack what is in a folder, as ``tar -C folder .`` does."""
    with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder), recursive=False)
    return archive


def pack_zip(folder: Path, archive: Path) -> Path:
    """Pack what is in a folder, as ``zip -r`` does; links are followed."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    return archive


def members_zip(archive: Path, members: Iterable[tuple[str, bytes]], prefix: bytes = b"") -> Path:
    """Make a zip file of names and contents."""
    with archive.open("wb") as file:
        file.write(prefix)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in members:
                packed.writestr(name, content)
    return archive


def _tar_packer(mode: str) -> Callable[[Path, Path], Path]:
    return lambda folder, archive: pack_tar(folder, archive, mode)


#: Suffix to what packs a folder; these keep all that a file system has.
TARS: Mapping[str, Callable[[Path, Path], Path]] = {
    "tar": _tar_packer("w"),
    "tar.gz": _tar_packer("w:gz"),
    "tar.bz2": _tar_packer("w:bz2"),
    "tar.xz": _tar_packer("w:xz"),
}
PACKERS = {**TARS, "zip": pack_zip}


def found(path: str | os.PathLike[str], policy: Policy | None = None) -> list[Finding]:
    """Audit a tree or an archive; paths are those below it."""
    run = Audit([path], BUILT_IN, policy or Policy(deep=True))
    top = os.fspath(path)
    return [_below(finding, top) for finding in run]


def _below(finding: Finding, top: str) -> Finding:
    def short(text: str) -> str:
        return text.replace(f"{top}!", "TOP").replace(top, "TOP")

    data = {
        key: short(value) if isinstance(value, str) else value
        for key, value in finding.data.items()
    }
    source = None if finding.source is None else short(finding.source)
    return finding._replace(path=short(finding.path), source=source, data=data)
