"""With several jobs an audit finds what it finds with one, in the same order."""

from __future__ import annotations

import marshal
import os
import random
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pycinspect.auditing import Audit, Policy, Rule
from pycinspect.auditing.ahead import Ahead
from pycinspect.auditing.payload import Payload, read_payload
from pycinspect.auditing.rules import BUILT_IN
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from tests.audit.kit import MTIME, RUNNING, Tree, row, timestamp, unchecked
from tests.canonical.programs import program

#: A change of a fresh cache, a header and its payload.
_Change = Callable[[random.Random, bytes, bytes], bytes]


def _flipped(rng: random.Random, header: bytes, payload: bytes) -> bytes:
    place = rng.randrange(len(payload))
    return header + payload[:place] + bytes([rng.randrange(256)]) + payload[place + 1 :]


CHANGES: dict[str, _Change] = {
    "flipped": _flipped,
    "cut": lambda rng, header, payload: header + payload[: rng.randrange(len(payload))],
    "longer": lambda rng, header, payload: header + payload + b"more",
    "header": lambda rng, header, payload: rng.randbytes(16) + payload,
    "stale": lambda rng, header, payload: timestamp(RUNNING, 1, 1) + payload,
    "unchecked": lambda rng, header, payload: unchecked(RUNNING, rng.randbytes(8)) + payload,
    "another": lambda rng, header, payload: (
        header + marshal.dumps(compile("import pty", "x.py", "exec"))
    ),
    "empty": lambda rng, header, payload: b"",
    "old": lambda rng, header, payload: row("cpython-3.8").magic + header[4:] + payload,
    "prerelease": lambda rng, header, payload: (
        min(RUNNING.prereleases).to_bytes(2, "little") + header[2:] + payload
    ),
}


def _compiled(rng: random.Random, name: str) -> tuple[bytes, bytes]:
    """Return a random source that compiles, and its code."""
    while True:
        text = program(rng.randrange(10**6)).encode()
        with warnings.catch_warnings(action="ignore"), suppress(SyntaxError):
            return text, marshal.dumps(compile(text, name, "exec", 0, True))


def _tree(root: Path, seed: int, count: int = 70) -> Tree:
    """Make a tree in which a third of the caches have a defect."""
    rng = random.Random(seed)
    tree = Tree(root)
    for number in range(count):
        place = f"{rng.choice(('', 'a/', 'a/b/', 'é/'))}m{number}.py"
        text, payload = _compiled(rng, str(tree.root / place))
        source = tree.source(place, text)
        header = timestamp(RUNNING, MTIME, len(text))
        cache = tree.cache(place, header, payload=payload)
        if rng.random() < 0.35:
            change = CHANGES[rng.choice(sorted(CHANGES))]
            tree.file(tree.relative(str(cache)), change(rng, header, payload))
        if rng.random() < 0.1:
            source.unlink()
        if rng.random() < 0.1:
            tree.file(place + "c", header + payload)
    return tree


def _outcome(tree: Tree, jobs: int, **asked: Any) -> tuple[list[str], str]:
    run = Audit([tree.root], BUILT_IN, Policy(jobs=jobs, **asked))
    found = [repr((f, f.message, dict(f.data))) for f in run]
    run.summary.seconds = 0.0
    figures = {name: getattr(run.summary, name) for name in run.summary.__slots__}
    return found, repr(figures)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("asked", [{"deep": True}, {"verify": True, "fails_closed": True}])
def test_the_findings_are_the_same(tmp_path: Path, seed: int, asked: dict[str, bool]) -> None:
    tree = _tree(tmp_path / "tree", seed)
    found, figures = _outcome(tree, 1, **asked)
    assert len(found) > 10
    assert _outcome(tree, 2, **asked) == (found, figures)


def test_every_small_cache_is_read_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree(tmp_path / "tree")
    for number in range(150):
        tree.module(f"p{number % 7}/m{number}.py")
    taken: list[Payload | None] = []
    take = Ahead.take
    monkeypatch.setattr(Ahead, "take", lambda self, path: taken.append(take(self, path)))
    list(Audit([tree.root], BUILT_IN, Policy(jobs=2, deep=True)))
    assert len(taken) == 151
    assert all(payload is not None for payload in taken)


def test_an_archive_is_read_by_one_process(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree", 11)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tree.root)
    runs = [
        [repr(f) for f in Audit([archive], BUILT_IN, Policy(jobs=jobs, deep=True))]
        for jobs in (1, 2)
    ]
    assert runs[0] == runs[1] != []


def test_so_are_those_of_a_plugin_s_rule(tmp_path: Path) -> None:
    """It wants the code object itself, which does not come from another process."""

    class Names(Rule):
        id, name, title = "ACME001", "names", "Names"
        severity, message = BUILT_IN[0].severity, "{names}"

        def check_payload(self, cache: Any, payload: Payload) -> Any:
            return payload.code and self.of_cache(cache, names=payload.code.names)

    tree = _tree(tmp_path / "tree", 5)
    runs = [
        [f.message for f in Audit([tree.root], [Names], Policy(jobs=jobs, deep=True))]
        for jobs in (1, 2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 40


def test_a_process_that_dies_is_one_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = Tree(tmp_path / "tree")
    for number in range(60):
        tree.module(f"m{number}.py")
    tree.module("victim.py")
    monkeypatch.setattr(Ahead, "FACTORY", "tests.running.work:reader_that_dies")
    run = Audit([tree.root], BUILT_IN, Policy(jobs=2, deep=True))
    (found,) = list(run)
    assert found.rule == "PYC901"
    assert os.path.basename(found.path).startswith("victim.")
    assert found.message.endswith("the process that read it ended with 9")
    assert (run.summary.decoded, run.summary.complete) == (61, False)


def test_where_no_process_can_be_started_one_does_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = _tree(tmp_path / "tree", 7)
    expected = _outcome(tree, 1, deep=True)
    monkeypatch.setattr(Ahead, "FACTORY", "tests.running.work:fails")
    assert _outcome(tree, 2, deep=True) == expected


def test_few_caches_are_not_worth_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = _tree(tmp_path / "tree", 8, count=20)
    monkeypatch.setattr(Ahead, "FACTORY", "tests.running.work:reader_that_dies")
    tree.module("victim.py")
    found, _ = _outcome(tree, 2, deep=True)
    assert not [line for line in found if "ended with" in line]


def test_what_another_process_read_is_the_same_here(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    payload = read_payload(str(tree.module("m.py")), DIALECTS)
    from pycinspect.auditing.ahead import _dumps, _loads  # what travels

    there = _loads(_dumps(payload))
    assert "code" not in vars(there)
    assert there.header.dialect is payload.header.dialect
    assert (there.data, there.code, there.defects) == (payload.data, payload.code, payload.defects)


def test_there_is_at_least_one_job() -> None:
    with pytest.raises(PycInspectError, match="jobs is less than 1"):
        Policy(jobs=0)
