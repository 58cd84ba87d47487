"""From pycinspect's reasons to the words of the sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.cache import (
    CacheBytes,
    ImportOptions,
    Subject,
    Verdict,
    cache_from_source,
    judge_cache,
)
from pycinspect.cache import Outcome as Deed
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.pyc import read_all, read_start
from pytest_pycinspect.sandbox.event import Outcome, Why

__all__ = ["OUTCOME_OF", "cache_reason", "level_elsewhere", "outcome_of", "why_of"]

_SOURCE_LIMIT = 64 * 1024 * 1024
_LEVELS = (0, 1, 2)

#: Reason of a verdict to the outcome.
OUTCOME_OF: Mapping[str, Outcome] = MappingProxyType(
    {
        "header-matches": "hit",
        "source-hash-matches": "hit",
        "unchecked-hash": "hit",
        "hash-not-checked": "hit",
        "class-is-fresh": "hit",
        "sourceless": "sourceless",
        "cache-absent": "miss",
        "cache-unreadable": "miss",
        "cache-not-regular": "miss",
        "source-unreadable": "miss",
        "source-does-not-compile": "miss",
        "mtime-overflow": "miss",
        "bad-magic": "invalid",
        "short-header": "invalid",
        "reserved-flags": "invalid",
        "hash-unavailable": "invalid",
        "empty-payload": "invalid",
        "payload-truncated": "invalid",
        "payload-bad-marshal": "invalid",
        "payload-bad-text": "invalid",
        "payload-null-object": "invalid",
        "payload-unhashable": "invalid",
        "payload-malformed-code": "invalid",
        "payload-not-code": "invalid",
        "class-not-readable": "invalid",
        "class-cut-short": "invalid",
        "class-api-version": "invalid",
        "class-does-not-load": "invalid",
        "mtime-differs": "stale",
        "mtime-never-matches": "stale",
        "source-size-differs": "stale",
        "source-hash-differs": "stale",
        "class-is-older": "stale",
        "class-records-later": "stale",
        "cache-without-source": "orphan",
        "extension-module": "bypassed",
        "namespace-package": "bypassed",
        "empty-package": "bypassed",
        "no-cache-tag": "bypassed",
        "dialect-without-cache": "bypassed",
        "shadowed": "bypassed",
        "source-shadowed": "bypassed",
        "not-a-cache-path": "bypassed",
        "built-in-module": "bypassed",
        "frozen-module": "bypassed",
        "module-not-found": "bypassed",
        "package-fails": "bypassed",
        "prefix-elsewhere": "bypassed",
        "tool-cache": "bypassed",
        "compiled-module": "bypassed",
        "compiled-mpy": "bypassed",
        "mpy-incompatible": "invalid",
        "mpy-damaged": "invalid",
        "mpy-unreadable": "invalid",
        "zip-pycache": "bypassed",
        "zip-source": "invalid",
        "zip-hash-refused": "invalid",
        "zip-nothing-usable": "invalid",
        "not-a-zip-file": "bypassed",
    }
)

#: Codes that are not the reason with underscores.
_CODES = MappingProxyType(
    {
        "cache-absent": "absent",
        "cache-unreadable": "unreadable",
        "cache-not-regular": "not_a_file",
        "bad-magic": "magic_other",
        "short-header": "header_short",
        "reserved-flags": "flags_unknown",
        "source-size-differs": "size_differs",
        "source-hash-differs": "hash_differs",
        "source-hash-matches": "hash_matches",
        "unchecked-hash": "hash_unchecked",
    }
)
#: Reasons that are best told by the two values alone.
_TWO_VALUES = frozenset({"mtime-differs", "source-size-differs", "source-hash-differs"})
_WHAT_FAILED_IS_THE_SOURCE = frozenset({"source-does-not-compile", "source-unreadable"})


def cache_reason(verdict: Verdict, options: ImportOptions) -> str:
    """Return what the verdict says of the cache alone, as a key of :data:`OUTCOME_OF`.

    A source that does not compile takes the place of the reason why it had to be compiled.
    """
    source, cache = verdict.found.path, verdict.cache_path
    if verdict.reason not in _WHAT_FAILED_IS_THE_SOURCE or source is None or cache is None:
        return verdict.reason
    try:
        start = read_start(cache)
        subject = Subject(
            verdict.dialect,
            CacheBytes(start.data, start.status.st_size),
            os.stat(source),
            lambda: read_all(source, _SOURCE_LIMIT),
            options.check_hash_based_pycs,
        )
        return judge_cache(subject).reason
    except FileNotFoundError:
        return "cache-absent"
    except (OSError, PycInspectError):  # the cache cannot be read, or is not a file
        return "cache-unreadable"


def outcome_of(reason: str, verdict: Verdict, *, source_differs: bool) -> Outcome:
    """Return the outcome of an import.

    Args:
        reason: what was wrong with the cache, see :func:`cache_reason`.
        verdict: what the importer does.
        source_differs: the code that ran is not what the source compiles to.
    """
    if verdict.found.is_bytecode and verdict.outcome is Deed.RAISE:
        return "invalid"
    outcome = OUTCOME_OF[reason]
    return "stale_hit" if outcome == "hit" and source_differs else outcome


def level_elsewhere(verdict: Verdict, options: ImportOptions) -> int | None:
    """Return a level whose cache is there, where the one asked for is not (PEP 488)."""
    source = verdict.found.path
    if verdict.reason != "cache-absent" or source is None:
        return None
    for level in _LEVELS:
        path = cache_from_source(
            source,
            verdict.dialect,
            optimization=level or "",
            pycache_prefix=options.pycache_prefix,
            current_directory=options.current_directory,
            platform=options.platform,
        )
        if path != verdict.cache_path and os.path.isfile(path):
            return level
    return None


def why_of(verdict: Verdict, outcome: Outcome, options: ImportOptions, other: int | None) -> Why:
    """Return the reason for an outcome.

    Args:
        verdict: what pycinspect said.
        outcome: the event's.
        options: how the import was started.
        other: see :func:`level_elsewhere`.
    """
    reason = verdict.reason
    if outcome == "stale_hit":
        return Why("source_differs", f"{verdict.why}, but the source compiles to other code")
    if other is not None:
        sentence = f"there is a cache of level {other}, but the level is {options.optimize}"
        return Why("wrong_opt_level", sentence)
    if outcome == "miss" and verdict.hindrance is not None and verdict.not_written is not None:
        return Why(verdict.hindrance.replace("-", "_"), verdict.not_written)
    if reason == "bad-magic":
        return _of_magic(verdict)
    code = _CODES.get(reason, reason.replace("-", "_"))
    if reason in _TWO_VALUES:
        return Why(code, f"header {verdict.actual}, source {verdict.expected}")
    return Why(code, verdict.why)


def _of_magic(verdict: Verdict) -> Why:
    owner = DIALECTS.find(bytes.fromhex(verdict.actual)) if verdict.actual != "absent" else None
    if owner is None:
        return Why("magic_unknown", verdict.why)
    return Why(_CODES["bad-magic"], owner.name)
