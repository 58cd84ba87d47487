"""Why a version's bytecode differs from another's although nobody changed the program.

What a rule of ``canonical`` erases although a program could see it leaves a note, a slug: equal
forms with other notes are explained by those. A difference that no rule erases, because it is
one, can be explained by a function that looks at both forms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.notes import Note
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.values import Value, Values
from pycinspect.dialects import lowering_of
from pycinspect.diffing.rewriting import Rewriting, unchanged
from pycinspect.values import Word, shown

__all__ = ["EXPLANATIONS", "Explanation", "Stripped"]


class Stripped(Word):
    """The slug of what a level of optimization leaves out."""

    DOCSTRING = "stripped-docstring"
    ASSERT = "stripped-assert"
    DEBUG = "debug-constant"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One known difference between versions.

    Args:
        slug: its stable name, in reports; also the note that a canonical rule leaves.
        title: a few words.
        reason: one sentence: what a program can see of it.
        link: the PEP, or the issue in which it was decided.
        explains: whether it is the only difference between two forms that are not equal;
            None where forms are equal and only their notes differ.
    """

    slug: str
    title: str
    reason: str
    link: str
    explains: Callable[[Form, Form], bool] | None = None

    def __repr__(self) -> str:
        return shown(self)


_OPTIONS = "https://docs.python.org/3/using/cmdline.html#cmdoption-{}"
_PEP = "https://peps.python.org/pep-{:04}/"
_ISSUE = "https://bugs.python.org/issue{}"
_CPYTHON = "https://github.com/python/cpython/issues/{}"


# --- Differences that forms have -----------------------------------------------------------------


def _evaluates_key_first(old: Form, new: Form) -> bool:
    """Return whether only the order in which dict comprehensions evaluate their pairs differs."""
    tables = (lowering_of(form.dialect).rows.get("MAP_ADD") for form in (old, new))
    before, after = ([row.ops for row in rows or ()] for rows in tables)
    if before == after or old.differing(new) != [Plane.INSTRUCTIONS]:
        return False
    ours, theirs = (list(_pairs_in_any_order(form.graph)) for form in (old, new))
    return ours == theirs


#: Events of one pair of a dict comprehension, beyond which nothing is explained.
_MOST_EVENTS = 200
#: Parts of pairs, and pairs of events, that are looked at in all; beyond them, likewise.
_MOST_LOOKS = 500_000


def _pairs_in_any_order(graph: Sequence[Merged]) -> Iterator[tuple[object, ...]]:
    """Yield the nodes; what computes a key and its value begins with the one or the other."""
    entries = _entries(graph)
    rewriting = Rewriting(_same_again)
    digests = [payload_digest(rewriting.payload(node.payload)) for node in graph]
    left = _MOST_LOOKS
    for place, node in enumerate(graph):
        if node.payload[0] == "map_add" and left > 0:
            parts = _parts(node.payload[1:])
            start = place
            while place - start < _MOST_EVENTS and _only_computes(graph, entries, start, parts):
                start -= 1
            run = digests[start:place]
            digests[start:place] = min((run[i:] + run[:i] for i in range(len(run))), default=[])
            left -= len(parts) + len(run) * len(run)
    for digest, node in zip(digests, graph, strict=True):
        yield digest, node.successors, node.handler


def _same_again(values: Values, value: Value, parts: list[object]) -> Value:
    """Return an expression; the second of two equal ones is another in another order."""
    inner = parts[0] if value.kind == "again" else None
    return inner if isinstance(inner, Value) else unchanged(values, value, parts)


def _only_computes(
    graph: Sequence[Merged], entries: Sequence[int], place: int, parts: Collection[object]
) -> bool:
    """Return whether the node before one only computes one of some values."""
    before = graph[place - 1]
    return (
        place > 0
        and before.payload[0] in ("ev", "load", "keep")
        and before.payload[1] in parts
        and before.successors == (place,)
        and entries[place] == 1
        and before.handler == graph[place].handler
    )


def _entries(graph: Sequence[Merged]) -> list[int]:
    """Return how many edges lead to each node."""
    entries = [0] * len(graph)
    for node in graph:
        for successor in (*node.successors, *([node.handler] if node.handler >= 0 else [])):
            entries[successor] += 1
    return entries


def _parts(roots: Iterable[object]) -> set[object]:
    found: set[object] = set()
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Value) and value not in found:
            found.add(value)
            waiting.extend(value.operands)
    return found


# --- The table -----------------------------------------------------------------------------------

#: Every one that pycinspect knows.
EXPLANATIONS: Sequence[Explanation] = (
    Explanation(
        Note.INLINED_COMPREHENSION,
        "comprehension inlined",
        "List, set and dict comprehensions have no function and no frame of their own since"
        " 3.12, which locals(), tracebacks and profilers show.",
        _PEP.format(709),
    ),
    Explanation(
        Note.LAZY_ANNOTATIONS,
        "annotations evaluated lazily",
        "Annotations are evaluated when they are first asked for since 3.14, and not where they"
        " stand.",
        _PEP.format(649),
    ),
    Explanation(
        Note.GENEXPR_ITER,
        "iterator of a generator expression",
        "The outermost iterable of a generator expression is asked for its iterator when the"
        " generator starts since 3.15, and not when it is made.",
        _CPYTHON.format(135171),
    ),
    Explanation(
        Note.INLINED_ANY_ALL,
        "any, all, tuple … of a generator expression inlined",
        "any(), all(), tuple() and others of a generator expression are a loop without a"
        " generator since 3.14, as long as the name is the builtin.",
        _CPYTHON.format(131738),
    ),
    Explanation(
        Note.PERCENT_FORMAT,
        "% formatting turned into an f-string",
        "'%s' % (x,) is compiled as an f-string since 3.11; of x it calls __format__, and not"
        " __str__.",
        _ISSUE.format(28307),
    ),
    Explanation(
        Note.DOCSTRING_DEDENT,
        "docstring without its indentation",
        "The compiler takes the indentation off docstrings since 3.13.",
        _CPYTHON.format(81283),
    ),
    Explanation(
        "dict-comprehension-order",
        "key of a dict comprehension evaluated first",
        "A dict comprehension evaluates the key before the value since 3.8, and the other way"
        " round before.",
        _ISSUE.format(35224),
        _evaluates_key_first,
    ),
    Explanation(
        Note.AWAITED_AITER,
        "__aiter__ no longer awaited",
        "What __aiter__ returns could be an awaitable up to 3.6, and must be the asynchronous"
        " iterator since 3.7.",
        _ISSUE.format(31709),
    ),
    Explanation(
        Note.UNPACKING_ORDER,
        "iterables in displays unpacked one by one",
        "Each iterable with a star in a display is unpacked before what is after it is evaluated"
        " since 3.9, and when all has been evaluated before.",
        _ISSUE.format(39320),
    ),
    Explanation(
        Note.TRUTH_ASKED_AGAIN,
        "truth of a value asked for twice",
        "In a value such as 'a and b or c', a that is false is asked for its truth by 'and' and by"
        " 'or' since 3.12, and once before.",
        _CPYTHON.format(102859),
    ),
    Explanation(
        Note.CLASS_BOOKKEEPING,
        "names that the compiler adds to classes",
        "The compiler stores __firstlineno__ and __static_attributes__ in classes since 3.13.",
        _CPYTHON.format(118465),
    ),
    Explanation(
        Note.DEAD_CODE,
        "functions that nothing can reach left out",
        "A function or class that no path makes is not compiled into the file since 3.10.",
        _ISSUE.format(42246),
    ),
    Explanation(
        Note.DEAD_STORES,
        "stores that another follows left out",
        "Of several stores to one local variable, one after the other, the last one counts; 3.13"
        " leaves the others out, which a debugger shows.",
        _CPYTHON.format(104635),
    ),
    Explanation(
        Note.FOLDED_CONSTANTS,
        "constants computed by the compiler",
        "One compiler computes an expression of constants, the other leaves it to run time.",
        _ISSUE.format(29469),
    ),
    Explanation(
        Note.SUPER_ATTRIBUTE,
        "attribute of super() in one step",
        "super().name looks up the attribute without an object of the type super since 3.12.",
        _CPYTHON.format(103497),
    ),
    Explanation(
        Note.ASSERT_BUILTIN,
        "assert raises the builtin AssertionError",
        "A failing assert raises the builtin AssertionError since 3.9, and not what the global"
        " name stands for.",
        _ISSUE.format(34880),
    ),
    Explanation(
        Note.ASYNC_FOR_BUILTIN,
        "async for ends with the builtin StopAsyncIteration",
        "async for ends with the builtin StopAsyncIteration since 3.8, and not with what the"
        " global name stands for.",
        _ISSUE.format(33041),
    ),
    Explanation(
        Stripped.DOCSTRING,
        "docstring left out by -OO",
        "Docstrings are not compiled with -OO: __doc__ is None.",
        _OPTIONS.format("OO"),
    ),
    Explanation(
        Stripped.ASSERT,
        "assert left out by -O",
        "Assertions are not compiled with -O: neither is what they test computed.",
        _OPTIONS.format("O"),
    ),
    Explanation(
        Stripped.DEBUG,
        "__debug__ is false with -O",
        "The constant __debug__ is false with -O, so that the other part of 'if __debug__' is"
        " compiled.",
        "https://docs.python.org/3/library/constants.html#debug__",
    ),
)
