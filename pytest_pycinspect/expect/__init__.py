"""Is this code what a test expects?

Expectations as text and as objects (``model``, ``grammar``), compared with code (``program``,
``matcher``, ``matching``), and what to say where they are not met (``verdict``, ``explanation``).
Uses ``view``, and tells ``noted`` what was asked.
"""

from pytest_pycinspect.expect.convert import as_pattern, pattern
from pytest_pycinspect.expect.errors import PatternError
from pytest_pycinspect.expect.explanation import Failure, explain
from pytest_pycinspect.expect.matching import match, search
from pytest_pycinspect.expect.model import (
    ANY,
    Anchor,
    AnyOrder,
    Argument,
    Arguments,
    Block,
    BlockKind,
    Capture,
    CodeName,
    Compare,
    Guard,
    Label,
    Literal,
    Name,
    Never,
    Not,
    OneOf,
    Op,
    Pattern,
    Regex,
    Repeat,
    Target,
    Total,
    View,
    Word,
    op,
)
from pytest_pycinspect.expect.outcome import Match
from pytest_pycinspect.expect.printer import format_instr, listing

__all__ = [
    "ANY",
    "Anchor",
    "AnyOrder",
    "Argument",
    "Arguments",
    "Block",
    "BlockKind",
    "Capture",
    "CodeName",
    "Compare",
    "Failure",
    "Guard",
    "Label",
    "Literal",
    "Match",
    "Name",
    "Never",
    "Not",
    "OneOf",
    "Op",
    "Pattern",
    "PatternError",
    "Regex",
    "Repeat",
    "Target",
    "Total",
    "View",
    "Word",
    "as_pattern",
    "explain",
    "format_instr",
    "listing",
    "match",
    "op",
    "pattern",
    "search",
]
