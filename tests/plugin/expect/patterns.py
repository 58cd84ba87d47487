"""Expectations that hypothesis makes up."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from pycinspect.pyc.constants import FrozenDict, Long, Slice
from pytest_pycinspect.expect import model

#: Few of each, so that they meet.
OPNAMES = st.sampled_from(["LOAD_FAST", "LOAD_CONST", "CALL", "POP_TOP", "SLICE+1", "<200>"])
NAMES = st.sampled_from(["x", "y", "os.path", ".0", "zähler", "not_a", "x2"])
IDENTIFIERS = st.sampled_from(["loop", "end", "L1", "total_", "anything"])

#: An expectation can say that a number is NaN, and not which of them.
_FLOATS = st.floats().map(lambda number: math.nan if math.isnan(number) else number)

CONSTANTS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.just(...),
        st.integers(),
        st.integers().map(lambda n: n << 9000),
        st.integers().map(Long),
        _FLOATS,
        st.builds(complex, _FLOATS, _FLOATS),
        st.text(),
        st.binary(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(inner.filter(lambda value: not isinstance(value, Slice)), max_size=3),
        st.builds(Slice, inner, inner, inner),
        st.lists(st.tuples(inner, inner), max_size=2).map(FrozenDict),
    ),
    max_leaves=6,
)
REGEXES = st.sampled_from([r"^a\d/b$", "x", r"a\/b", r"\\", "[ ]x", "ß|é", "a#b;c"]).map(
    model.Regex
)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False))
OPERANDS = st.one_of(
    st.just(model.ANY),
    CONSTANTS.map(model.Literal),
    NAMES.map(model.Name),
    st.sampled_from(["+", "+=", "/", "//=", "is not", "in", "<", "[]", "**", "/_classic"]).map(
        model.Word
    ),
    st.sampled_from(["g", "<lambda>", "<genexpr>"]).map(model.CodeName),
    st.builds(
        model.Arguments,
        st.none() | st.integers(0, 300),
        st.lists(st.text(), max_size=3).map(tuple),
    ),
    REGEXES,
    st.builds(model.Capture, IDENTIFIERS, st.none() | REGEXES),
    st.builds(model.Compare, st.sampled_from(sorted(model.COMPARISONS)), NUMBERS),
    st.lists(CONSTANTS.map(model.Literal) | NAMES.map(model.Name), min_size=1, max_size=3).map(
        lambda options: model.OneOf(tuple(options))
    ),
    st.builds(model.Target, st.none() | IDENTIFIERS),
)
PLACES = st.none() | st.one_of(
    st.builds(model.At, st.integers(0, 99)),
    st.builds(model.At, st.integers(0, 99), st.integers(0, 99)),
    st.builds(model.At, st.integers(0, 99), st.integers(0, 99), st.none(), st.integers(0, 99)),
    st.builds(model.At, *[st.integers(0, 99)] * 4),
)
OPS = st.builds(model.Op, OPNAMES, OPERANDS, st.sampled_from(list(model.View)), PLACES)
SINGLES = OPS | st.just(model.ANY)
RANGES = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3)).filter(
    lambda pair: pair[1] is None or pair[0] <= pair[1]
)
CONDITIONS = st.lists(
    st.sampled_from([">=3.12", "3.9-3.11", "!3.13", "3.12", "opt2", "!pypy", "cpython"]),
    min_size=1,
    max_size=2,
).map(tuple)
BLOCKS = st.sampled_from(
    [
        (model.BlockKind.PATH, "f.<locals>.g"),
        (model.BlockKind.DEF, "g"),
        (model.BlockKind.CLASS, "K"),
        (model.BlockKind.LAMBDA, ""),
        (model.BlockKind.RAW, ""),
        (model.BlockKind.SPECIALIZED, ""),
    ]
)
LEAVES = st.one_of(
    SINGLES,
    st.just(...),
    OPS.map(model.Not),
    OPS.map(model.Never),
    st.builds(lambda op, pair: model.Repeat(op, *pair), SINGLES, RANGES),
    st.builds(lambda op, pair: model.Total(op, *pair), OPS, RANGES),
    st.builds(
        model.AnyOrder,
        st.lists(st.lists(SINGLES, min_size=1, max_size=2).map(tuple), min_size=1, max_size=4).map(
            tuple
        ),
        st.booleans(),
    ),
    IDENTIFIERS.map(model.Label),
    st.sampled_from(list(model.Anchor)),
)
ITEMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            lambda block, items: model.Block(*block, tuple(items)),
            BLOCKS,
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            lambda when, items, other: model.Guard(when, tuple(items), tuple(other)),
            CONDITIONS,
            st.lists(inner, min_size=1, max_size=3),
            st.lists(inner, max_size=2),
        ),
    ),
    max_leaves=8,
)
PATTERNS = st.lists(ITEMS, min_size=1, max_size=6).map(lambda items: model.Pattern(tuple(items)))
