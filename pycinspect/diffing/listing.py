"""The statements of two forms, side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from pycinspect.canonical import Form, Statement
from pycinspect.canonical.hidden import Hidden
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.planes import docstring
from pycinspect.canonical.statements import (
    docstring_of,
    labels_of,
    payload_digest,
)
from pycinspect.canonical.text import Budget
from pycinspect.canonical.values import Value, Values, digest_of
from pycinspect.diffing.align import Span, aligned
from pycinspect.diffing.changes import Change, Op
from pycinspect.diffing.rewriting import Rewriting, unchanged

__all__ = ["Code", "body_of", "changes_between", "code_in", "docstring_in"]

_Labels = Mapping[int, str]

# --- What the code has that is a plane of its own ------------------------------------------------


def docstring_in(form: Form) -> str | None:
    """Return the docstring of a function, class or module; None where there is none."""
    stored = (docstring_of(node.payload) for node in form.graph)
    found = next((text for text in stored if text is not None), None)
    return docstring(form.code, form.dialect) if found is None else found


class Code(NamedTuple):
    """A graph without what its docstring and the annotations of functions say.

    Args:
        nodes: what is left of it.
        docstrings: what is stored in ``__doc__``.
        annotations: of the functions that it makes.
    """

    nodes: Sequence[tuple[object, ...]]
    docstrings: Sequence[str]
    annotations: Sequence[bytes]


def code_in(form: Form) -> Code:
    """Return what two forms share that differ in docstrings and annotations alone."""
    annotations: list[bytes] = []

    def without(values: Values, value: Value, parts: list[object]) -> Value:
        if value.kind == "func" and value.value(_ANNOTATIONS).kind != "null":
            annotations.append(digest_of(value.value(_ANNOTATIONS)))
            parts[_ANNOTATIONS] = values.null
        return unchanged(values, value, parts)

    rewriting = Rewriting(without)
    stored = [docstring_of(node.payload) for node in form.graph]
    kept = _kept([text is not None for text in stored], form.graph)
    nodes = [
        (
            payload_digest(rewriting.payload(node.payload)),
            tuple(kept[successor] for successor in node.successors),
            kept.get(node.handler, node.handler),
        )
        for node, text in zip(form.graph, stored, strict=True)
        if text is None
    ]
    return Code(nodes, [text for text in stored if text is not None], annotations)


def _kept(is_gone: Sequence[bool], graph: Sequence[Merged]) -> Mapping[int, int]:
    """Return the new number of each node; of one that is gone, that of what follows it."""
    numbers = list(accumulate((not gone for gone in is_gone), initial=0))
    ends = dict(enumerate(numbers[:-1]))
    for place in range(len(graph) - 1, -1, -1):
        if is_gone[place]:
            ends[place] = ends[graph[place].successors[0]]
    return ends


#: Which part of a function its annotations are.
_ANNOTATIONS = 4


# --- Statements ----------------------------------------------------------------------------------


def changes_between(old: Form, new: Form) -> tuple[Change, ...]:
    """Return all statements of two forms, aligned."""
    ours, theirs = old.statements, new.statements
    found = aligned([part.digest for part in ours], [part.digest for part in theirs])
    refined = _Refining(ours, theirs)
    spans = [part for span in found for part in refined(span)]
    labels = labels_of(ours)
    other_labels = _like(labels, labels_of(theirs), spans)
    hidden = Hidden(Budget(old.code))
    return tuple(
        Change(
            op,
            tuple(_shown(ours, i, labels) for i in before),
            tuple(_shown(theirs, j, other_labels) for j in after),
            tuple(ours[i].line for i in before),
            tuple(theirs[j].line for j in after),
            ""
            if op is Op.EQUAL
            else _reason(
                hidden, ours[before.start : before.stop], theirs[after.start : after.stop]
            ),
        )
        for op, before, after in _rerouted(spans, ours, theirs)
    )


#: Of two equal statements.
_ELSEWHERE = "what follows it, or handles its errors, is another statement"


def _reason(hidden: Hidden, old: Sequence[Statement], new: Sequence[Statement]) -> str:
    """Return what differs between two statements that are written alike; "" for all others."""
    if len(old) != 1 or len(new) != 1 or old[0].text != new[0].text:
        return ""
    return hidden.difference(old[0], new[0]) or _ELSEWHERE


def body_of(form: Form, op: Op) -> tuple[Change, ...]:
    """Return all statements of what is on one side only, as one change; none where there are none.

    Args:
        form: of the code object.
        op: INSERT for what is new, DELETE for what is gone.
    """
    statements = form.statements
    labels = labels_of(statements)
    texts = tuple(_shown(statements, number, labels) for number in range(len(statements)))
    lines = tuple(statement.line for statement in statements)
    if not texts:
        return ()
    is_new = op is Op.INSERT
    return (Change(op, (), texts, (), lines) if is_new else Change(op, texts, (), lines, ()),)


def _shown(statements: Sequence[Statement], number: int, labels: _Labels) -> str:
    statement = statements[number]
    label = f"{labels[number]}: " if number in labels else ""
    return label + statement.shown(labels) + statement.guarded(labels)


def _like(labels: _Labels, others: _Labels, spans: Sequence[Span]) -> _Labels:
    """Return the labels of the new side: those of the old one where there is a counterpart."""
    pairs = [*_equal_pairs(spans), *_replaced_pairs(spans, labels, others)]
    known = {j: labels[i] for i, j in pairs if i in labels and j in others}
    rest = [place for place in sorted(others) if place not in known]
    return {
        **known,
        **{place: f"L{number}" for number, place in enumerate(rest, len(labels) + 1)},
    }


def _replaced_pairs(
    spans: Sequence[Span], labels: _Labels, others: _Labels
) -> Iterator[tuple[int, int]]:
    """Yield the statements with labels of what became something else, one after the other."""
    for span in spans:
        if span.op is Op.REPLACE:
            ours = (i for i in span.old if i in labels)
            yield from zip(ours, (j for j in span.new if j in others), strict=False)


def _equal_pairs(spans: Sequence[Span]) -> list[tuple[int, int]]:
    equal = (span for span in spans if span.op is Op.EQUAL)
    return [pair for span in equal for pair in zip(span.old, span.new, strict=True)]


def _rerouted(
    spans: Sequence[Span], ours: Sequence[Statement], theirs: Sequence[Statement]
) -> Iterator[Span]:
    """Split equal statements off from which control goes somewhere else.

    Where it went to, or goes to, what is there on one side only, that says it already.
    """
    to_new: dict[int | None, int | None] = {None: None, **dict(_equal_pairs(spans))}
    known = set(to_new.values())

    def op_of(pair: tuple[int, int]) -> Op:
        before, after = ours[pair[0]].targets, theirs[pair[1]].targets
        ends = zip(before, after, strict=False)
        is_elsewhere = any(a in to_new and b in known and to_new[a] != b for a, b in ends)
        return Op.REPLACE if is_elsewhere else Op.EQUAL

    for span in spans:
        if span.op is not Op.EQUAL:
            yield span
            continue
        for op, group in groupby(zip(span.old, span.new, strict=True), op_of):
            run = list(group)
            sizes = [len(run)] if op is Op.EQUAL else [1] * len(run)  # each has a reason
            for (i, j), size in zip(run[:: sizes[0]], sizes, strict=True):
                yield Span(op, range(i, i + size), range(j, j + size))


# --- What became what ----------------------------------------------------------------------------

#: Words that two statements share, of the words of both: less is another statement.
_ALIKE = 0.5
#: Pairs of statements that are looked at in one replacement.
_MOST_PAIRS = 2_500
#: Words of pairs of statements that are looked at in all. What is more stays as it is.
_MOST_WORDS = 1_000_000
_WORD = re.compile(r"\w+")


class _Refining:
    """Splits replacements into statements that became others, and those that came or went.

    Args:
        ours: the statements of the old side.
        theirs: those of the new side.
    """

    def __init__(self, ours: Sequence[Statement], theirs: Sequence[Statement]) -> None:
        self._ours = ours
        self._theirs = theirs
        self._left = _MOST_WORDS

    def __call__(self, span: Span) -> Iterator[Span]:
        """Yield the parts of a span."""
        words = self._words(span)
        if words is None:
            yield from self._written_alike(span)
            return
        i, j = span.old.start, span.new.start
        for k, m in _alike(span, *words):
            yield from _changed(range(i, k), range(j, m))
            yield Span(Op.REPLACE, range(k, k + 1), range(m, m + 1))
            i, j = k + 1, m + 1
        yield from _changed(range(i, span.old.stop), range(j, span.new.stop))

    def _written_alike(self, span: Span) -> Iterator[Span]:
        """Yield the parts of a span: of statements that are written alike each is one."""
        if span.op is not Op.REPLACE:
            yield span
            return
        old, new = [self._ours[i].text for i in span.old], [self._theirs[j].text for j in span.new]
        for op, before, after in aligned(old, new):
            ours, theirs = span.old[before.start : before.stop], span.new[after.start : after.stop]
            if op is Op.EQUAL:
                for i, j in zip(ours, theirs, strict=True):
                    yield Span(Op.REPLACE, range(i, i + 1), range(j, j + 1))
            else:
                yield from _changed(ours, theirs)

    def _words(self, span: Span) -> tuple[list[_Words], list[_Words]] | None:
        """Return the words of each statement, None for those that are not looked at."""
        if span.op is not Op.REPLACE or len(span.old) * len(span.new) > _MOST_PAIRS:
            return None
        old = [Counter(_WORD.findall(self._ours[i].text)) for i in span.old]
        new = [Counter(_WORD.findall(self._theirs[j].text)) for j in span.new]
        self._left -= sum(map(len, old)) * len(new) + sum(map(len, new)) * len(old)
        return None if self._left < 0 else (old, new)


_Words = Counter[str]


def _changed(old: range, new: range) -> Iterator[Span]:
    if old and new:
        yield Span(Op.REPLACE, old, new)
    elif old or new:
        yield Span(Op.DELETE if old else Op.INSERT, old, new)


def _alike(span: Span, old: Sequence[_Words], new: Sequence[_Words]) -> list[tuple[int, int]]:
    """Return pairs of statements, in order on both sides, that are most alike in all."""
    best: list[list[tuple[float, int, int]]] = [[(0.0, 0, 0)] * (len(new) + 1)]
    for i, words in enumerate(old):
        row = [(0.0, 0, 0)]
        for j, others in enumerate(new):
            alike = _shared(words, others)
            both = (best[i][j][0] + alike, 1, 1) if alike >= _ALIKE else (-1.0, 1, 1)
            row.append(max(both, (best[i][j + 1][0], 1, 0), (row[j][0], 0, 1)))
        best.append(row)
    pairs, i, j = [], len(old), len(new)
    while i and j:
        _, back, up = best[i][j]
        if back and up:
            pairs.append((span.old[i - 1], span.new[j - 1]))
        i, j = i - back, j - up
    return pairs[::-1]


def _shared(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0
