"""Caches as an interpreter writes them, and the same after somebody had been at them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pycinspect.dialects import DIALECTS
from pycinspect.verifying import Rung
from tests.oracles import Oracle

__all__ = ["EXPECTED", "Tampered", "tampered", "written"]

_MTIME = 1_700_000_000
_CHILD = Path(__file__).with_name("tamper_child.py")

_ELSEWHERE = frozenset({Rung.SAME_CODE})
_OTHER = frozenset({Rung.MISMATCH})
_MAY_MEAN_THE_SAME = frozenset({Rung.SAME_MEANING, Rung.MISMATCH})

#: On which rungs each kind of tampering may be found; those that are not here: another program.
EXPECTED = {
    **dict.fromkeys(
        (
            "first line",
            "line table",
            "path of one",
            "bytes after the code",
            "an integer as a long",
            "a string as a longer one",
        ),
        _ELSEWHERE,
    ),
    **dict.fromkeys(
        ("NOP", "dead code", "load and pop", "opcode", "exception table", "-O", "-OO"),
        _MAY_MEAN_THE_SAME,
    ),
}


class Tampered(NamedTuple):
    """A source, what its interpreter makes of it, and what somebody made of that."""

    source: str
    plain: bytes
    kinds: dict[str, bytes]

    @staticmethod
    def rungs(kind: str) -> frozenset[Rung]:
        """Return where a kind may be found."""
        return EXPECTED.get(kind, _OTHER)


def tampered(oracle: Oracle, sources: Sequence[str], seed: int) -> list[Tampered]:
    """Have an interpreter compile sources, and change what it made of them."""
    answers: Any = oracle.run(_CHILD, {"sources": list(sources), "seed": seed})
    return [
        Tampered(
            source,
            bytes.fromhex(answer["plain"]),
            {kind: bytes.fromhex(data) for kind, data in answer["tampered"].items()},
        )
        for source, answer in zip(sources, answers, strict=True)
    ]


def written(directory: Path, source: str, payload: bytes, dialect: str, level: str = "") -> str:
    """Write a source, and a cache of it whose header fits; return the path of the cache."""
    row = DIALECTS[dialect]
    assert row.header is not None
    path = directory / "module.py"
    content = source.encode()
    path.write_bytes(content)
    os.utime(path, (_MTIME, _MTIME))
    cache = directory / "__pycache__" / f"module.{row.cache_tag}{level}.pyc"
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(row.header.pack_timestamp(row.magic, _MTIME, len(content)) + payload)
    return str(cache)
