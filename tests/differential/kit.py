"""What situations are built from: one oracle's magic number, payloads and names.

Everything here comes from the oracle or from the definition of the format, not
from pycinspect, which is on trial.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from struct import pack
from typing import Any

from pycinspect.cache import Refusal
from pycinspect.dialects import Dialect
from tests.differential.situations import T_NS
from tests.oracles import Oracle

__all__ = ["CHILD", "SOURCES", "Kit", "kit_of", "mtime_word"]

CHILD = Path(__file__).with_name("child.py")


def _code(marker: str) -> str:
    """Return code that reports its marker when it runs."""
    return f"import sys; sys.ran.append({marker!r})\n"


#: Sources by their markers; each says its own when it runs.
SOURCES: Mapping[str, bytes] = {
    marker: text.encode("latin-1")
    for marker, text in {
        "source": _code("source"),
        "elsewhere": _code("elsewhere"),
        "crlf": _code("crlf").replace("\n", "\r\n"),
        "empty": "",
        "no line end": _code("no line end").rstrip(),
        "coding": "# coding: latin-1\n" + _code("coding") + "# \xe4\n",
        "raises": _code("raises") + "raise RuntimeError\n",
        "syntax error": _code("syntax error") + "(\n",
        "bad coding": "# coding: nonsense\n" + _code("bad coding"),
        "not utf-8": _code("not utf-8") + "'\xe4'\n",
        "indentation": _code("indentation") + "  1\n",
    }.items()
}

#: Code of caches by their markers.
_PAYLOADS = {
    **{marker: _code(marker) for marker in ("cache", "other cache", "legacy", "third cache")},
    "raising cache": _code("raising cache") + "raise RuntimeError\n",
}
#: Markers of code that fails when it runs.
RAISING = frozenset({"raises", "raising cache"})

_MASK = 0xFFFF_FFFF


def mtime_word(mtime_ns: int) -> int:
    """Return the word that Python 3 writes for a source's time."""
    seconds, nanoseconds = divmod(mtime_ns, 10**9)
    return int(seconds + 1e-9 * nanoseconds) & _MASK


@dataclass(frozen=True)
class Kit:
    """The parts for one oracle's situations.

    Args:
        oracle: the interpreter.
        magic: the four bytes that its caches start with.
        tag: its cache tag; None for caches beside their sources.
        has_prefix: whether ``sys.pycache_prefix`` exists.
        umask: what Pyodide gives all files, None where the process may choose.
        extensions: its suffixes of extension modules.
        payloads: marker to marshalled code.
        hashes: source to its hash; None before PEP 552.
        compile_errors: source to the exception that compiling it raises.
    """

    oracle: Oracle
    magic: bytes
    tag: str | None
    has_prefix: bool
    umask: int | None
    extensions: tuple[str, ...]
    payloads: Mapping[str, bytes]
    hashes: Mapping[bytes, bytes | None]
    compile_errors: Mapping[bytes, str | None]

    @property
    def has_flags(self) -> bool:
        """Whether headers are those of PEP 552."""
        return self.hashes[b""] is not None

    @property
    def header_size(self) -> int:
        if self.has_flags:
            return 16
        return 8 if self.tag is None else 12

    def cache_path(self, source: str, level: int = 0) -> str:
        """Return where the oracle looks for the cache of a source."""
        if self.tag is None:
            return source + ("o" if level else "c")
        return os.path.join(os.path.dirname(source), "__pycache__", self.cache_name(source, level))

    def cache_name(self, source: str, level: int = 0) -> str:
        stem = os.path.basename(source).removesuffix(".py")
        return f"{stem}.{self.tag}{f'.opt-{level}' if level else ''}.pyc"

    def prefixed(self, prefix: str, source: str, level: int = 0) -> str:
        """Return where the cache is under ``sys.pycache_prefix``."""
        return f"{prefix}{{root}}/{os.path.dirname(source)}/{self.cache_name(source, level)}"

    def timestamp(
        self,
        marker: str = "cache",
        *,
        source: bytes = SOURCES["source"],
        mtime_ns: int = T_NS,
        magic: bytes | None = None,
        flags: int = 0,
        mtime_off: int = 0,
        size_off: int = 0,
    ) -> bytes:
        """Return a cache tied by time to a source; what is "off" is not as it should be."""
        mtime = mtime_word(mtime_ns) + mtime_off & _MASK
        size = len(source) + size_off & _MASK
        words = (flags, mtime, size) if self.has_flags else (mtime, size, 0)
        header = (self.magic if magic is None else magic) + pack("<III", *words)
        return header[: self.header_size] + self.payloads[marker]

    def hashed(
        self,
        marker: str = "cache",
        *,
        source: bytes = SOURCES["source"],
        magic: bytes | None = None,
        flags: int = 0b11,
        right: bool = True,
    ) -> bytes:
        """Return a hash-based cache of a source (PEP 552)."""
        digest = self.hashes[source] or bytes(8)
        if not right:
            digest = bytes([digest[0] ^ 1]) + digest[1:]
        header = (self.magic if magic is None else magic) + pack("<I", flags) + digest
        return header + self.payloads[marker]

    def refusal(
        self, source: bytes, path: str, dialect: Dialect, optimize: int, /
    ) -> Refusal | None:
        """Answer as a ``SourceCompiler`` what the oracle's compiler said of a source."""
        error = self.compile_errors.get(source)
        return None if error is None else Refusal(error, f"{self.oracle.name} says so of {path}")

    def marker_of(self, content: bytes) -> str | None:
        """Return which source or which cache's code this is, None for none."""
        for marker, source in SOURCES.items():
            if content == source != b"":
                return marker
        for marker, payload in self.payloads.items():
            if payload in content:
                return marker
        return None


@cache
def kit_of(oracle: Oracle) -> Kit:
    """Ask an oracle for its parts, once."""
    sources = [source.decode("latin-1") for source in SOURCES.values()]
    request = {"task": "facts", "payloads": _PAYLOADS, "sources": sources}
    answer: Any = oracle.run(CHILD, request, arguments=["-B"])
    return Kit(
        oracle=oracle,
        magic=bytes.fromhex(answer["magic"]),
        tag=answer["tag"],
        has_prefix=answer["has_prefix"],
        umask=answer["umask"],
        extensions=tuple(answer["extensions"]),
        payloads={marker: bytes.fromhex(code) for marker, code in answer["payloads"].items()},
        hashes={
            text.encode("latin-1"): digest and bytes.fromhex(digest)
            for text, digest in answer["hashes"].items()
        },
        compile_errors={
            text.encode("latin-1"): error for text, error in answer["compile_errors"].items()
        },
    )
