"""What is known of a payload, as JSON: to be kept, and to be had again without decoding.

Only what the bytes of a cache decide by themselves: neither its path nor any other file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pycinspect.auditing.deceptive import DeceptiveName
from pycinspect.auditing.obfuscation import Hidden
from pycinspect.auditing.payload import CodeDefect, Payload, decoded
from pycinspect.cache import HERE, PAYLOAD_LIMIT, View
from pycinspect.dialects import DIALECTS, Dialect, DialectTable
from pycinspect.disasm import Defect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Anomaly, Header, parse_header, tag_of
from pycinspect.results import Results, result_key
from pycinspect.verifying import Rung, Verification

if TYPE_CHECKING:
    from pycinspect.verifying.verifier import Verifier

__all__ = ["Known", "Source"]


def _pair(found: Any) -> object:
    return None if found is None else (found[0], found[1])


def _defects(found: Any) -> object:
    return tuple(CodeDefect(qualname, Defect(*defect)) for qualname, defect in found)


#: Attributes of a payload, and how they come back from JSON, in which tuples are lists.
_FACTS: Mapping[str, Callable[[Any], object]] = MappingProxyType(
    {
        "filename": lambda found: found,
        "stranger": _pair,
        "oversized": _pair,
        "anomalies": lambda found: tuple(Anomaly(*one) for one in found),
        "defects": _defects,
        "leftovers": _defects,
        "capabilities": lambda found: found,
        "hidden": lambda found: tuple(Hidden(*one) for one in found),
        "deceptive": lambda found: None if found is None else DeceptiveName(*found),
    }
)


class Known:
    """Has payloads again, and comparisons, whose bytes were seen before; a context manager.

    Args:
        results: where they are kept.
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._results.close()

    @property
    def problem(self) -> str | None:
        """Why nothing is kept where it should be; None while it is."""
        return self._results.problem

    def decoded(self, header: Header, data: bytes, dialects: DialectTable) -> Payload:
        """Return what is known of a cache; decode it where that is nothing.

        Args and errors are those of :func:`pycinspect.auditing.payload.decoded`.
        """
        row = header.dialect
        if row not in DIALECTS:  # a plugin's: nobody knows what it depends on
            return decoded(header, data, dialects)
        key = _key(row, data)
        text = self._results.find(key)
        if text is not None:
            return _told(text, header, data, dialects, key)
        payload = decoded(header, data, dialects)
        if payload.has_code and payload.dialect is row:
            vars(payload)["key"] = key
        return payload

    def has(self, path: str, view: View = HERE) -> bool:
        """Return whether it is known what is in a cache."""
        try:
            data = view.read_all(path, PAYLOAD_LIMIT)
            row = parse_header(data, tag=tag_of(path)).dialect
        except (OSError, PycInspectError):  # whoever reads it says what is wrong with it
            return False
        return self._results.find(_key(row, data)) is not None

    def note(self, payload: Payload) -> None:
        """Keep what was found out about a payload, if it is more than was known."""
        facts = _facts_of(payload)
        if payload.key and len(facts) > payload.known:
            text = json.dumps([payload.trailing, facts], separators=(",", ":"))
            self._results.keep(payload.key, text)

    def compared(self, payload: Payload, found: Source, verifier: Verifier) -> Verification:
        """Return what comparing a cache with its source gives, or has given.

        Args:
            payload: the cache.
            found: its path, and its source.
            verifier: who compares. Which program compiles counts, as much as the two files.
        """
        identity = verifier.identity(payload.header.dialect) if payload.key else None
        if identity is None:
            return verifier.verify(payload.stored, found.cache, found.content, found.path)
        parts = (found.cache, found.path, identity)
        key = result_key(
            "compared",
            payload.key,
            found.content,
            *(part.encode("utf-8", "surrogatepass") for part in parts),
        )
        text = self._results.find(key)
        if text is not None:
            rung, reason, detail, compiler, optimize = json.loads(text)
            return Verification(
                found.cache, found.path, Rung(rung), reason, detail, compiler, optimize
            )
        fresh = verifier.verify(payload.stored, found.cache, found.content, found.path)
        if fresh.is_verified and not fresh.differences and fresh.diff is None:
            kept = (fresh.rung.value, fresh.reason, fresh.detail, fresh.compiler, fresh.optimize)
            self._results.keep(key, json.dumps(kept))
        return fresh


class Source(NamedTuple):
    """A cache and its source.

    Args:
        cache: the path of the cache.
        path: that of the source.
        content: its bytes.
    """

    cache: str
    path: str
    content: bytes


def _key(row: Dialect, data: bytes) -> bytes:
    return result_key("payload", row.name.encode(), data)


def _facts_of(payload: Payload) -> dict[str, object]:
    """Return what was found out about a payload so far, by the names of its attributes."""
    found = vars(payload)
    return {name: found[name] for name in _FACTS if name in found}


def _told(text: str, header: Header, data: bytes, dialects: DialectTable, key: bytes) -> Payload:
    """Return a payload of which it is known what it is; what is missing it finds out itself."""
    trailing, facts = json.loads(text)
    payload = Payload(header, header.dialect, data, True, None, trailing, dialects, None, key)  # noqa: FBT003 - it has code
    found = {name: _FACTS[name](fact) for name, fact in facts.items()}
    vars(payload).update(found, known=len(found))
    return payload
