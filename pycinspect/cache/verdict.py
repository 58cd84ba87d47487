"""What an importer does with a cache, and why: a value with words for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects import Dialect
from pycinspect.values import byte_count, moment, shown

__all__ = [
    "REASONS",
    "Comparison",
    "FinderKind",
    "Found",
    "Outcome",
    "Verdict",
    "Write",
    "reason_text",
]


class Outcome(StrEnum):
    """What happens at the import."""

    LOAD = "load"
    RECOMPILE = "recompile"
    RAISE = "raise"
    NOT_FOUND = "not-found"
    NO_CACHE = "no-cache"


class FinderKind(StrEnum):
    """Which kind of thing the finder hands to a loader."""

    SOURCE = "source"
    SOURCELESS = "sourceless"
    PACKAGE = "package"
    EXTENSION = "extension"
    EMPTY_PACKAGE = "empty-package"
    NAMESPACE = "namespace"
    #: In the interpreter itself: no file is looked for.
    BUILT_IN = "built-in"
    FROZEN = "frozen"
    NONE = "none"


#: Why no file is looked for, as a key of REASONS.
_RESIDENT = MappingProxyType(
    {FinderKind.BUILT_IN: "built-in-module", FinderKind.FROZEN: "frozen-module"}
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the finder chose.

    Args:
        kind: see :class:`FinderKind`.
        path: the file, the directory of a namespace portion, or None.
        ignored: other candidates that lost against it, in the order of search.
        search_path: for a package, where its submodules are looked for.
    """

    kind: FinderKind
    path: str | None = None
    ignored: tuple[str, ...] = ()
    search_path: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return shown(self)

    @property
    def resident(self) -> str | None:
        """Why no file is looked for, as a key of REASONS; None where the interpreter has none."""
        return _RESIDENT.get(self.kind)

    @property
    def is_bytecode(self) -> bool:
        """Whether the importer is handed bytecode without looking for a source."""
        return self.path is not None and self.path.endswith((".pyc", ".pyo", "$py.class"))


@dataclass(frozen=True, slots=True)
class Write:
    """A cache file that the import would leave behind.

    Args:
        path: where.
        flags: the flags of PEP 552, None where the header has none.
        mode: its permission bits.
    """

    path: str
    flags: int | None
    mode: int

    def __repr__(self) -> str:
        return shown(self)


#: Reason slug to a sentence; ``{expected}`` and ``{found}`` are the two values
#: that were compared.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        # load
        "header-matches": "the header records the source's time {found}",
        "source-hash-matches": "the source hash {found} is that of the source",
        "unchecked-hash": "an unchecked hash-based cache is used without looking at the source",
        "hash-not-checked": "hash-based caches are not checked (--check-hash-based-pycs never)",
        "sourceless": "it stands in the place of the source, which is not looked for",
        "class-is-fresh": (
            "its time is not before the source's, and the time that it records not after it"
        ),
        # recompile
        "cache-absent": "there is no cache",
        "cache-unreadable": "the cache cannot be read ({found})",
        "cache-not-regular": "the cache is a {found}, not a file",
        "bad-magic": "the magic number is {found}, but {expected} is expected",
        "short-header": "the file has {found} bytes, but its header has {expected}",
        "reserved-flags": "the flags are {found}, but only bits 0 and 1 may be set",
        "mtime-differs": "the header records the source's time {found}, but the source has {expected}",
        "mtime-never-matches": (
            "no header matches the source's time {expected}, not even one with {found}:"
            " every import compiles it again"
        ),
        "source-size-differs": (
            "the header records {found} of source, but the source has {expected}"
        ),
        "source-hash-differs": "the source hash is {found}, but the source has {expected}",
        "class-is-older": "the class file's time {found} is before the source's {expected}",
        "class-records-later": (
            "the class file records the source's time {found}, but the source has {expected}"
        ),
        "class-api-version": "the class file has the API version {found}, not {expected}",
        "class-cut-short": "the class file ends within its constants",
        "class-does-not-load": "Java does not load the class ({found})",
        # raise
        "class-not-readable": "the class file cannot be read for its annotations",
        "empty-payload": "nothing follows the header of {expected} bytes",
        "payload-truncated": "the payload ends too early ({found})",
        "payload-bad-marshal": "the payload is damaged ({found})",
        "payload-bad-text": "the payload has a string that is not UTF-8 ({found})",
        "payload-null-object": "the payload has a NULL object ({found})",
        "payload-unhashable": "the payload has a container in a set ({found})",
        "payload-malformed-code": "the payload is not a valid code object ({found})",
        "payload-not-code": "the payload is a {found}, not a code object",
        "mtime-overflow": "the source's time {found} needs more than 32 bits",
        "hash-unavailable": "the source hash cannot be computed: {found}",
        "source-unreadable": "the source cannot be read ({found})",
        "zip-source": "the bytecode in the zip file is passed over ({found})",
        "zip-hash-refused": "hash-based bytecode with flags {found} is refused in zip files",
        "package-fails": "the import of its package {found} fails",
        "source-does-not-compile": "the source does not compile ({found})",
        "zip-nothing-usable": "no candidate in the zip file can be used ({found})",
        "not-a-zip-file": "the archive cannot be read ({found})",
        "mpy-damaged": (
            "the .mpy file is damaged ({found}), which nothing looks for before it is run"
        ),
        "mpy-unreadable": "the .mpy file cannot be read ({found})",
        "mpy-incompatible": "incompatible .mpy file ({found})",
        # not found
        "module-not-found": "no file for it is in the search path",
        "cache-without-source": "a cache in __pycache__ is never imported without its source",
        # no cache
        "extension-module": "an extension module has no bytecode",
        "namespace-package": "a namespace package has no bytecode",
        "empty-package": "no __init__ of the package can be opened: it is imported without",
        "compiled-module": (
            "a compiled module, not a cache: {found} does not check it against its source, and"
            " once it is loaded it wins over every source"
        ),
        "compiled-mpy": (
            "a compiled module, not a cache: {found} does not compare it with a source, and loads"
            " it where there is none"
        ),
        "no-cache-tag": "the interpreter has no cache tag",
        "dialect-without-cache": "{found} keeps no cache files",
        "shadowed": "the finder takes {found} before it",
        "source-shadowed": "the finder takes {found} before its source",
        "not-a-cache-path": "no importer looks for it ({found})",
        "tool-cache": "{found} wrote it under a name that it alone looks for",
        "zip-pycache": "Python imports from the zip file, and never from a __pycache__ in it",
        "prefix-elsewhere": "with a cache prefix, no cache beside its source is looked for",
        "built-in-module": "the interpreter has this module built in",
        "frozen-module": "the interpreter has this module frozen in",
    }
)


def _time(text: str) -> str:
    return moment(int(text))


def _milliseconds(text: str) -> str:
    """Return a time in milliseconds; what is no date of people's calendar stays a number."""
    try:
        return f"{moment(int(text) // 1000)} + {int(text) % 1000} ms"
    except (OverflowError, ValueError, OSError):
        return f"{text} ms"


def _size(text: str) -> str:
    return byte_count(int(text))


#: Reasons whose two values are times, or numbers of bytes.
_READ_AS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "header-matches": _time,
        "mtime-differs": _time,
        "mtime-never-matches": _time,
        "mtime-overflow": _time,
        "source-size-differs": _size,
        "class-is-older": _milliseconds,
        "class-records-later": _milliseconds,
    }
)


def reason_text(reason: str, expected: str, found: str) -> str:
    """Return a reason as a sentence without a full stop, times and sizes as people read them.

    Args:
        reason: a key of :data:`REASONS`.
        expected: what is wanted, "" where nothing is.
        found: what there is, likewise.
    """
    as_read = _READ_AS.get(reason)
    if as_read is not None:
        expected, found = (as_read(text) if text else text for text in (expected, found))
    return REASONS[reason].format(expected=expected, found=found)


class Comparison(NamedTuple):
    """What a check of a header compared.

    Args:
        reason: a key of :data:`REASONS` where they differ, else "".
        expected: the value that the importer wants, as text.
        actual: the value that the cache has, as text.
        check: the name of the check, as rows have it (``Importer.checks``).
    """

    reason: str
    expected: str
    actual: str
    check: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would happen if the module were imported now.

    Args:
        dialect: whose importer was asked.
        found: what the finder chose.
        cache_path: the cache that the importer looks at, None where there is none.
        outcome: what happens.
        reason: why, as a key of :data:`REASONS`.
        expected: the value that the importer wants, as text.
        actual: the value that the cache has, as text.
        exception: the type that the import raises, None where it does not, or none is known.
        writes: the cache that would be written, None for none.
        not_written: why a recompiled cache would not be written, or None.
        hindrance: the same as a slug (``"write-disabled"``), or None.
        payload_read: whether the code after the header was decoded too.
        remark: what else has to be known to understand the reason, a sentence without a
            full stop; or "".
        doubt: of RECOMPILE, why it is not known whether the source compiles; None where
            it is known.
        runs_old_code: the cache is loaded without a look at the source, whose hash is
            another.
        compared: what the importer compared of the header, in its order; a difference is the last.
            Nothing where no header was read, or the file is in a zip file.
    """

    dialect: Dialect
    found: Found
    cache_path: str | None
    outcome: Outcome
    reason: str
    expected: str = ""
    actual: str = ""
    exception: str | None = None
    writes: Write | None = None
    not_written: str | None = None
    hindrance: str | None = None
    payload_read: bool = False
    remark: str = ""
    doubt: str | None = None
    runs_old_code: bool = False
    compared: tuple[Comparison, ...] = ()

    def __repr__(self) -> str:
        return shown(self)

    @property
    def compiles(self) -> bool | None:
        """Whether the source compiles: None where nobody is asked, or can tell."""
        if self.outcome is Outcome.RECOMPILE:
            return None if self.doubt is not None else True
        return False if self.reason == "source-does-not-compile" else None

    @property
    def why(self) -> str:
        """The reason as a sentence without a full stop."""
        return reason_text(self.reason, self.expected, self.actual)

    @property
    def message(self) -> str:
        """The whole verdict as one paragraph."""
        return " ".join(_sentences(self))


#: What becomes of a file that nobody looks at before it is run.
_NOT_KNOWN = "some exception, or hangs"


def _sentences(verdict: Verdict) -> list[str]:
    deed = {
        Outcome.LOAD: "{dialect} loads the cache",
        Outcome.RECOMPILE: "{dialect} compiles the source",
        Outcome.RAISE: "the import by {dialect} raises {exception}",
        Outcome.NOT_FOUND: "{dialect} does not find the module ({exception})",
        Outcome.NO_CACHE: "{dialect} uses no cache",
    }[verdict.outcome].format(
        dialect=verdict.dialect.name, exception=verdict.exception or _NOT_KNOWN
    )
    lines = [f"{deed}: {verdict.why}."]
    if verdict.remark:
        lines.append(f"{verdict.remark[0].upper()}{verdict.remark[1:]}.")
    if verdict.runs_old_code:
        lines.append("Old code runs: the source's hash is not the one that the cache records.")
    if verdict.outcome is Outcome.LOAD and not verdict.payload_read:
        lines.append("Only the header was judged: payload not read.")
    doubt = "" if verdict.doubt is None else f" if it compiles ({verdict.doubt})"
    if verdict.writes is not None:
        flags = "" if verdict.writes.flags is None else f", flags {verdict.writes.flags}"
        write = f"{verdict.writes.path} (mode {verdict.writes.mode:04o}{flags})"
        lines.append(f"It writes {write},{doubt}." if doubt else f"It writes {write}.")
    elif verdict.not_written is not None:
        lines.append(f"Nothing is written: {verdict.not_written}.")
    if verdict.found.ignored:
        lines.append(f"Ignored: {', '.join(verdict.found.ignored)}.")
    return lines
