"""Tiny trees with one defect each, and what an audit says of them."""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pycinspect.auditing import Audit, Finding, Policy, Rule, Selection
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.cache import cache_from_source
from pycinspect.dialects import DIALECTS, Dialect
from tests.unit.headers import checked, timestamp, unchecked

__all__ = [
    "MTIME",
    "PAYLOAD",
    "RUNNING",
    "SOURCE",
    "Tree",
    "checked",
    "row",
    "timestamp",
    "unchecked",
]

RUNNING = DIALECTS.running()
SOURCE = b"answer = 42\n"
#: When sources were last changed; caches are written an hour later.
MTIME = 1_700_000_000
PAYLOAD = marshal.dumps(compile(SOURCE, "<tree>", "exec"))


def row(name: str) -> Dialect:
    """Return the row with this name."""
    return DIALECTS[name]


class Tree:
    """A directory with a module ``clean`` and its fresh cache, for defects to be added.

    Paths are relative to it, with slashes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir(parents=True, exist_ok=True)
        self.module("clean.py")

    def source(self, path: str, content: bytes = SOURCE, mtime: int = MTIME) -> Path:
        """Write a source."""
        return self.file(path, content, mtime)

    def file(self, path: str, content: bytes, mtime: int = MTIME + 3600) -> Path:
        """Write any file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o644)
        os.utime(target, (mtime, mtime))
        return target

    def cache(
        self,
        source: str,
        header: bytes | None = None,
        *,
        dialect: Dialect = RUNNING,
        level: int | str = "",
        payload: bytes = PAYLOAD,
    ) -> Path:
        """Write the cache of a source, fresh unless a header is given."""
        path = cache_from_source(source, dialect, optimization=level)
        if header is None:
            header = timestamp(dialect, MTIME, len(SOURCE))
        return self.file(path, header + payload)

    def module(self, path: str, header: bytes | None = None, *, dialect: Dialect = RUNNING) -> Path:
        """Write a source and its cache, and return the cache."""
        self.source(path)
        return self.cache(path, header, dialect=dialect)

    def audit(self, policy: Policy, rules: Iterable[type[Rule]] = BUILT_IN) -> list[Finding]:
        """Audit the tree."""
        return list(Audit([self.root], rules, policy))

    def findings(self, rule: str, policy: Policy | None = None) -> dict[str, Finding]:
        """Return what one rule finds, by path; more than one finding at a path fails."""
        found = self.audit(replace(policy or Policy(), selection=Selection(select=(rule,))))
        by_path = {self.relative(finding.path): finding for finding in found}
        assert len(by_path) == len(found), found
        return by_path

    def relative(self, path: str) -> str:
        """Return a path as these trees write it."""
        return os.path.relpath(path, self.root).replace(os.sep, "/")
