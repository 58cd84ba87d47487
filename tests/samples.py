"""Real files by Pythons that cannot be installed any more, and what those say of them.

``manifest.json`` says who wrote each file and how its importer reads the header.
``truths.json.gz`` has, for each file, for each code object depth first, what the same
interpreter's ``marshal`` (``fields``) and ``dis`` say of it: ``instructions`` as [offset,
opcode, name, argument, its text], ``labels``, ``linestarts`` (2.4), ``consts_repr``.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["ENTRIES", "ROWS", "SAMPLES", "truths"]

SAMPLES = Path(__file__).parent.parent / "fixtures" / "samples"
ENTRIES: list[dict[str, Any]] = json.loads((SAMPLES / "manifest.json").read_text("utf-8"))

#: Where the row is not called after the version that wrote the sample.
ROWS = {"stackless-3.7": "cpython-3.7"}


@cache
def truths() -> dict[str, list[dict[str, Any]]]:
    """Return what is true of each file's code objects."""
    text: dict[str, list[dict[str, Any]]] = json.loads(
        gzip.decompress((SAMPLES / "truths.json.gz").read_bytes())
    )
    return text
