"""What the operating system contributes to cache paths and module names."""

from __future__ import annotations

import ntpath
import sys
import sysconfig
from dataclasses import dataclass

from pycinspect.dialects.model import ExtensionSuffixes

__all__ = ["LINUX", "MACOS", "WINDOWS", "Platform", "running_platform"]

_WINDOWS_SEPARATORS = ("\\", "/")


@dataclass(frozen=True, slots=True)
class Platform:
    """The rules of an operating system.

    Args:
        name: ``"linux"`` (any other POSIX system counts as such), ``"macos"`` or
            ``"windows"``.
        multiarch: the platform in the suffixes of extension modules,
            ``x86_64-linux-gnu`` or ``win_amd64``.
        separators: what may stand between directories, the preferred one first.
        source_suffixes: suffixes of sources in the order of search.
        drives: paths may start with a drive letter and a colon.
    """

    name: str
    multiarch: str
    separators: str = "/"
    source_suffixes: tuple[str, ...] = (".py",)
    drives: bool = False

    def extension_suffixes(self, suffixes: ExtensionSuffixes) -> tuple[str, ...]:
        """Return the suffixes of extension modules here, in the order of search."""
        templates: tuple[str, ...] = getattr(suffixes, self.name)
        return tuple(
            template.format(multiarch=self.multiarch, windows=self.multiarch)
            for template in templates
        )

    def split(self, path: str) -> tuple[str, str]:
        """Split off the last component (importlib's ``_path_split``)."""
        at = max(path.rfind(separator) for separator in self.separators)
        return ("", path) if at < 0 else (path[:at], path[at + 1 :])

    def join(self, *parts: str) -> str:
        """Join parts that are not empty (importlib's ``_path_join``)."""
        separator = self.separators[0]
        if not self.drives:
            return separator.join(part.rstrip(separator) for part in parts if part)
        root, tails = "", [""]
        for new_root, tail in map(_split_root, parts):
            if new_root.startswith(_WINDOWS_SEPARATORS) or new_root.endswith(_WINDOWS_SEPARATORS):
                root = new_root.rstrip(self.separators) or root
                tails = [separator + tail]
            elif new_root.endswith(":") and root.casefold() != new_root.casefold():
                root, tails = new_root, [tail]
            else:
                tails.append(tail)
        tails = [tail.rstrip(self.separators) for tail in tails if tail]
        return root + (separator if tails == [""] else separator.join(tails))

    def is_absolute(self, path: str) -> bool:
        """Return whether a path needs no current directory (``_path_isabs``)."""
        if not self.drives:
            return path.startswith(self.separators)
        root, _ = _split_root(path.replace("/", "\\"))
        return len(root) > 1 and (root.startswith("\\\\") or root.endswith("\\"))


def _split_root(path: str) -> tuple[str, str]:
    """Split off drive or share, and the separator after it (``nt._path_splitroot``)."""
    rest = ntpath.splitdrive(path)[1]
    tail = rest[1:] if rest.startswith(_WINDOWS_SEPARATORS) else rest
    return path[: len(path) - len(tail)], tail


LINUX = Platform("linux", "x86_64-linux-gnu")
MACOS = Platform("macos", "")
WINDOWS = Platform(
    "windows",
    "win_amd64",
    separators="\\/",
    source_suffixes=(".py", ".pyw"),
    drives=True,
)


def running_platform() -> Platform:
    """Return the platform that runs this code."""
    if sys.platform == "win32":
        tag = sysconfig.get_platform().replace("-", "_")
        return Platform("windows", tag, WINDOWS.separators, WINDOWS.source_suffixes, drives=True)
    if sys.platform == "darwin":
        return MACOS
    return Platform("linux", sysconfig.get_config_var("MULTIARCH") or "")
