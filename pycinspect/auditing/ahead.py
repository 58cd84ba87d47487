"""Payloads that other processes read, and compare, before they are asked for.

The audit itself goes from one cache to the next as it does with one process, and in the same order:
what it finds is the same. A second walk, some caches ahead of it, hands paths to a pool. Whatever is
not there when it is asked for, the audit does itself: what is out of the ordinary, and every failure,
so that there is one place that says what is wrong. Only where a process dies of a cache nobody tries
again: that is a finding.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from pycinspect.auditing.known import Known, Source
from pycinspect.auditing.payload import Payload, read_payload
from pycinspect.auditing.policy import Policy
from pycinspect.auditing.rule import Rule
from pycinspect.auditing.verifications import started_verifier
from pycinspect.auditing.walk import Directory, Tree
from pycinspect.cache import (
    SOURCE_LIMIT,
    CacheBytes,
    Entry,
    Outcome,
    Subject,
    User,
    View,
    judge_cache,
    transformer_of,
)
from pycinspect.dialects import DIALECTS, Dialect
from pycinspect.errors import PycInspectError
from pycinspect.results import Results
from pycinspect.running import LOST, can_start
from pycinspect.values import HashCheckMode

if TYPE_CHECKING:
    from concurrent.futures import Future

    from pycinspect.running.pool import Pool

__all__ = ["Ahead", "reader"]

#: Caches of a tree from which on processes are worth starting.
_LEAST = 48
#: Of them, one in so many is looked up among results.
_TRIED = 16
#: Caches that are read ahead for each process, and bytes of one of them at most.
_EACH, _LARGEST = 24, 1024 * 1024


class _Plan(NamedTuple):
    """What the processes are told once.

    Args:
        facts: attributes of payloads that rules ask for.
        verify: whether caches are compared with their sources.
        root: of the view.
        user: likewise.
        results: the directory of those that are known; None for none.
    """

    facts: tuple[str, ...]
    verify: bool
    root: str | None
    user: User | None
    results: str | None


class _Item(NamedTuple):
    """A cache to be read.

    Args:
        path: where it is.
        source: where its source is, None for none.
    """

    path: str
    source: str | None


class _Asked(NamedTuple):
    """A cache that was handed out.

    Args:
        directory: the number of its directory in the walk.
        answer: what comes back; empty where the audit has to look itself.
    """

    directory: int
    answer: Future[bytes]


class Ahead:
    """Reads ahead; a context manager, which ends the processes.

    Args:
        policy: what is asked for; ``jobs`` says in how many processes.
        rules: those that run.
        is_known: whether it is known what is in a cache.
    """

    #: What does the work in the processes.
    FACTORY: ClassVar[str] = f"{__name__}:reader"

    def __init__(
        self,
        policy: Policy,
        rules: Sequence[type[Rule]],
        is_known: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._policy = policy
        self._is_known = is_known
        self._facts = tuple(dict.fromkeys(fact for rule in rules for fact in rule.facts))
        self._pool: Pool | None = None
        self._asked: dict[str, _Asked] = {}
        self._coming: Iterator[tuple[int, _Item]] = iter(())
        self._room = _EACH * policy.jobs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def begin(self, root: str, roots: Sequence[str]) -> None:
        """Read ahead in a tree, if there is enough in it."""
        self._asked.clear()
        self._coming = iter(())
        if self._policy.jobs < 2 or not can_start():
            return
        if self._policy.view.has_archives:  # their members are streams of this process
            return
        coming = self._items(Tree(root, self._policy.pycache_prefix, roots, self._policy.view))
        first = list(islice(coming, _LEAST))
        if len(first) == _LEAST and not self._are_known(first[::_TRIED]):
            self._coming = coming
            for number, item in first:
                self._ask(number, item)

    def _are_known(self, some: list[tuple[int, _Item]]) -> bool:
        """Return whether it is known what is in some caches: then processes are not worth it.

        A guess: of what it is wrong about, the audit decodes the rest itself.
        """
        return not self._policy.verify and all(self._is_known(item.path) for _, item in some)

    def take(self, path: str) -> Payload | None:
        """Return what was read of a cache, None where the audit has to read it itself.

        Raises:
            PycInspectError: ``process-lost`` where a process died of it.
        """
        asked = self._asked.pop(path, None)
        if asked is None:
            return None
        # Those of earlier directories will not be asked for any more.
        for other in [key for key, one in self._asked.items() if one.directory < asked.directory]:
            del self._asked[other]
        while len(self._asked) < self._room and (following := next(self._coming, None)):
            self._ask(*following)
        try:
            answer = asked.answer.result()
        except PycInspectError as error:
            if error.slug == LOST:
                raise
            return None
        return _loads(answer) if answer else None

    def _plan(self) -> _Plan:
        policy = self._policy
        results = None if policy.results is None else policy.results()
        return _Plan(self._facts, policy.verify, policy.view.root, policy.view.user, results)

    def _ask(self, number: int, item: _Item) -> None:
        from pycinspect.running.pool import Pool  # which imports subprocess, and so on

        if self._pool is None:
            self._pool = Pool(self._policy.jobs, self.FACTORY, pickle.dumps(self._plan()))
        self._asked[item.path] = _Asked(number, self._pool.submit(pickle.dumps(item)))

    def _items(self, tree: Tree) -> Iterator[tuple[int, _Item]]:
        try:
            for number, directory in enumerate(tree):
                yield from ((number, item) for item in _caches_in(directory))
        except PycInspectError:  # the audit's own walk meets it, too, and says so
            return


def _caches_in(directory: Directory) -> Iterator[_Item]:
    """Yield the caches of a directory that are worth handing out."""
    cached = () if directory.cache is None else directory.cache.entries
    for entry in cached:
        source = directory.sources.get(entry.name.partition(".")[0])
        yield from _item(entry, directory.source_path + source.name if source else None)
    for entry in directory.bytecode:
        yield from _item(entry, None)


def _item(entry: Entry, source: str | None) -> Iterator[_Item]:
    try:
        is_small = entry.stat().st_size <= _LARGEST
    except OSError:  # the audit says what is wrong with it
        return
    if is_small:
        yield _Item(entry.path, source)


# --- In the processes ------------------------------------------------------------------------------


def reader(plan: bytes) -> Callable[[bytes], bytes]:
    """Return what reads one cache after another, in a process of a pool."""
    return _Reader(pickle.loads(plan)).answer  # noqa: S301 - what Ahead wrote


class _Reader:
    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        directory = plan.results
        results = Results(None if directory is None else lambda: directory, may_write=False)
        self._view = View(plan.root, plan.user)
        self._verifier = started_verifier(DIALECTS) if plan.verify else None
        self._known = Known(results)

    def answer(self, item: bytes) -> bytes:
        """Return a payload with all that is asked of it; nothing where that fails.

        Then the audit looks itself, and says what is wrong.
        """
        path, source = pickle.loads(item)  # noqa: S301 - what Ahead wrote
        try:
            payload = read_payload(path, DIALECTS, self._view, self._known.decoded)
            if source is not None and payload.has_code:
                vars(payload)["compared"] = self._compared(payload, path, source)
            for fact in self._plan.facts:
                getattr(payload, fact)
            return _dumps(payload)
        except Exception:  # noqa: BLE001 - see above
            return b""

    def _compared(self, payload: Payload, path: str, source_path: str) -> Any:
        """Compare with the source, if an import would take the cache."""
        row = payload.header.dialect
        if self._verifier is None or row.importer is None:
            return None
        if transformer_of(os.path.basename(path)) is not None:
            return None
        source = self._view.read_all(source_path, SOURCE_LIMIT)
        status = self._view.stat(source_path)
        start = CacheBytes(payload.data[: payload.header.size], len(payload.data))
        subject = Subject(row, start, status, lambda: source, HashCheckMode.DEFAULT)
        if judge_cache(subject).outcome is not Outcome.LOAD:
            return None
        return self._known.compared(payload, Source(path, source_path, source), self._verifier)


# --- On the way --------------------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    """Writes rows by their names: they are the same on both sides, and large."""

    def persistent_id(self, value: object) -> str | None:
        """Return the name of a row that is shipped; others cannot travel."""
        if not isinstance(value, Dialect):
            return None
        if value not in DIALECTS:
            raise pickle.PicklingError(f"{value.name} is not a row that is shipped")
        return value.name


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, name: str) -> Dialect:
        """Return a row."""
        return DIALECTS[name]


def _dumps(payload: Payload) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(payload)
    return stream.getvalue()


def _loads(answer: bytes) -> Payload:
    """Return what a process of ours has written: nothing else comes through its pipe."""
    payload: Payload = _Unpickler(io.BytesIO(answer)).load()
    return payload
