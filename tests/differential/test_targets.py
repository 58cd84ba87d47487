"""A file is judged as the module that it belongs to.

What importers do with modules is compared in ``test_imports``; here the other
public question, about a file, must lead to the same answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pycinspect.cache import Verdict, judge_module, judge_target
from pycinspect.dialects import DIALECTS
from tests.differential.compare import import_options
from tests.differential.kit import Kit, kit_of
from tests.differential.situations import Situation
from tests.differential.tables import table_situations
from tests.differential.trees import build, ordinary_user, remove, workspace
from tests.oracles import Oracle


def _answer(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.outcome, verdict.reason, verdict.cache_path, verdict.exception, verdict.writes)


def _targets(verdict: Verdict) -> Iterator[str]:
    """Yield the files that a user can name for a module."""
    names = (verdict.found.path, verdict.cache_path)
    yield from (name for name in names if name is not None and os.path.isfile(name))


def _differences(kit: Kit, situation: Situation, root: Path) -> Iterator[str]:
    row = DIALECTS[kit.oracle.dialect]
    path = [entry.format(root=root) for entry in situation.path]
    options = import_options(kit, situation.start, root)
    build(root, situation.nodes)
    with ordinary_user(root):
        verdict = judge_module(situation.module, path, row, options)
        # Nobody names an extension module to ask about its cache.
        targets = _targets(verdict) if verdict.reason != "extension-module" else ()
        for target in targets:
            other = judge_target(target, row, options)
            if _answer(other) != _answer(verdict):
                yield f"{situation.name}: {target}\n  {other.message}\n  {verdict.message}"
    remove(root)


def test_target_is_judged_as_its_module(oracle: Oracle) -> None:
    if oracle.kind != "native":
        pytest.skip("asks pycinspect alone; the rows of native oracles are enough")
    kit = kit_of(oracle)
    with workspace() as directory:
        differences = [
            difference
            for number, situation in enumerate(table_situations(kit))
            if situation.module == "m" and situation.path == ("{root}/d",)
            for difference in _differences(kit, situation, directory / str(number))
        ]
    assert differences == []
