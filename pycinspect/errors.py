"""The one exception type of pycinspect."""

from __future__ import annotations

from pycinspect.values import visible

__all__ = ["PycInspectError", "described"]

#: Characters of a stranger's message that are shown.
_LONGEST = 500


class PycInspectError(Exception):
    """Say in one line what about a file, or a request, could not be answered.

    Every failure that bad input can cause is raised as this type, so that a
    caller needs a single ``except``.

    Attributes:
        slug: stable, machine-readable name of the failure (``"short-header"``).
        message: one sentence for a person, without the path.
        path: the file as the caller named it, or None for bytes in memory.
        offset: bytes from the start of the file, or None where there is none.
        line: a line of the source, or None where it is not about one.
    """

    def __init__(
        self,
        slug: str,
        message: str,
        *,
        path: str | None = None,
        offset: int | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(slug, message)
        self.slug = slug
        self.message = message
        self.path = path
        self.offset = offset
        self.line = line

    def at(self, path: str) -> PycInspectError:
        """Return the same failure, located in the file ``path``."""
        return PycInspectError(
            self.slug, self.message, path=path, offset=self.offset, line=self.line
        )

    def __str__(self) -> str:
        """Return one line, whatever characters the path has."""
        where = [] if self.path is None else [self.path]
        if self.line is not None:
            where = [f"{self.path}:{self.line}" if self.path else f"line {self.line}"]
        if self.offset is not None:
            where.append(f"offset {self.offset}")
        return visible(": ".join([*where, self.message]))


def described(error: BaseException) -> str:
    r"""Return any exception as one line of bounded length, without control characters.

    >>> described(KeyError("a\nb")), described(MemoryError())
    ("KeyError: 'a\\nb'", 'MemoryError')
    """
    name = type(error).__name__
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a plugin's exception may be as broken as its code
        return name
    cut = message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"
    return visible(f"{name}: {cut}" if cut else name)
