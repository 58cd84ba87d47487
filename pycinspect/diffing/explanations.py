"""Why a version's bytecode differs from another's although nobody changed the program.

What a rule of ``canonical`` erases although a program could see it leaves a note, a slug: equal
forms with other notes are explained by those. A difference that no rule erases, because it is
one, can be explained by a function that looks at both forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from pycinspect.canonical import Form, Plane
from pycinspect.canonical.minimise import Merged
from pycinspect.canonical.notes import Note
from pycinspect.canonical.planes import outer_planes
from pycinspect.canonical.statements import payload_digest
from pycinspect.canonical.values import Value
from pycinspect.dialects import lowering_of
from pycinspect.diffing.annotation_order import annotates_in_another_order
from pycinspect.diffing.annotations import evaluates_annotations
from pycinspect.diffing.async_for import guards_target
from pycinspect.diffing.rewriting import Rewriting, same_again
from pycinspect.values import shown

__all__ = ["EXPLANATIONS", "Explanation", "Stripped"]


class Stripped(StrEnum):
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
    return _pairs_in_any_order(old.graph) == _pairs_in_any_order(new.graph)


#: What happens on a path, in any order: events and, of branches, which way it goes.
_Path = tuple[tuple[bytes, int], ...]
#: Events on all paths from a node to a pair, beyond which nothing is explained.
_MOST_EVENTS = 200


class _Pair(NamedTuple):
    """What happens from a node on until a dict comprehension has another pair.

    Args:
        paths: all that lead there.
        successors: where control goes on.
        handler: where it goes if anything of that raises.
    """

    paths: frozenset[_Path]
    successors: tuple[int, ...]
    handler: int


def _pairs_in_any_order(graph: Sequence[Merged]) -> list[tuple[object, ...]]:
    """Return the graph, numbered anew, with one node for all that computes a key and its value."""
    rewriting = Rewriting(same_again)
    digests = [payload_digest(rewriting.payload(node.payload)) for node in graph]
    pairs = _pairs(graph, digests)
    numbers: dict[int, int] = {}
    waiting = [0]
    while waiting:
        place = waiting.pop()
        if place not in numbers:
            numbers[place] = len(numbers)
            node = pairs.get(place) or graph[place]
            waiting += [*reversed(node.successors), *([node.handler] if node.handler >= 0 else [])]
    return [
        (
            pairs[place].paths if place in pairs else digests[place],
            [numbers[successor] for successor in node.successors],
            numbers.get(node.handler),
        )
        for place in numbers
        for node in [pairs.get(place) or graph[place]]
    ]


def _pairs(graph: Sequence[Merged], digests: Sequence[bytes]) -> dict[int, _Pair]:
    """Return the nodes from which all paths lead to a pair, with nothing but what computes it."""
    found: dict[int, _Pair] = {}
    before = _before(graph)
    waiting = [place for place, node in enumerate(graph) if node.payload[0] == "map_add"]
    while waiting:
        place = waiting.pop()
        pair = _pair(graph[place], digests[place], found)
        if pair is not None and place not in found:
            found[place] = pair
            waiting += before.get(place, ())
    return found


def _pair(node: Merged, digest: bytes, known: Mapping[int, _Pair]) -> _Pair | None:
    """Return what leads from a node to a pair, None if something else may happen on the way."""
    if node.payload[0] == "map_add":
        return _Pair(frozenset({((digest, 0),)}), node.successors, node.handler)
    after = [known.get(successor) for successor in node.successors]
    if node.payload[0] not in _COMPUTING or len({one and one[1:] for one in after}) != 1:
        return None
    paths = frozenset(
        tuple(sorted([(digest, way), *path]))
        for way, one in enumerate(after)
        if one is not None
        for path in one.paths
    )
    first = after[0]
    if first is None or first.handler != node.handler or sum(map(len, paths)) > _MOST_EVENTS:
        return None
    return _Pair(paths, first.successors, first.handler)


#: Events that do nothing but to compute a value, or to choose one.
_COMPUTING = frozenset({"ev", "load", "keep", "branch"})


def _before(graph: Sequence[Merged]) -> Mapping[int, Sequence[int]]:
    """Return the nodes that lead to each."""
    before: dict[int, list[int]] = {}
    for place, node in enumerate(graph):
        for successor in node.successors:
            before.setdefault(successor, []).append(place)
    return before


def _hides_free_variable(old: Form, new: Form) -> bool:
    """Return whether only a variable differs that an inlined comprehension takes for its own.

    The functions inside then share the comprehension's, which is not bound, and not that of the
    function around (Python/symtable.c: inline_comprehension, 3.12).
    """
    is_called = [Note.INLINED_COMPREHENSION in form.notes for form in (old, new)]
    if old.differing(new) != [Plane.SIGNATURE] or sum(is_called) != 1:
        return False
    called, inlined = (old, new) if is_called[0] else (new, old)
    hidden = set(called.code.freevars) - set(inlined.code.freevars)
    own = {name for name in _own_variables(inlined.graph) if name in inlined.code.cellvars}
    shared = tuple(name for name in called.code.freevars if name not in hidden)
    less = outer_planes(replace(called.code, freevars=shared), called.dialect, called.level)
    return hidden <= own and less[Plane.SIGNATURE] == inlined.planes[Plane.SIGNATURE]


def _own_variables(graph: Sequence[Merged]) -> Iterator[str]:
    """Yield the names of the variables that comprehensions store."""
    for node in graph:
        target = node.payload[1] if node.payload[0] == "store" else None
        if isinstance(target, Value) and target.kind == "local" and len(target.parts) > 1:
            yield target.word(0)


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
        "comprehension-hides-variable",
        "variable of a comprehension hides that of the function around",
        "Where a comprehension's variable has the name of one of the function around, functions"
        " beside the comprehension share the comprehension's since 3.12, which is not bound.",
        _CPYTHON.format(121377),
        _hides_free_variable,
    ),
    Explanation(
        Note.LAZY_ANNOTATIONS,
        "annotations evaluated lazily",
        "Annotations are evaluated when they are first asked for since 3.14, and not where they"
        " stand.",
        _PEP.format(649),
    ),
    Explanation(
        "annotation-not-evaluated",
        "annotations of attributes and items not evaluated",
        "In 'a.x: f() = 1' outside functions, f() is called up to 3.13, and not since 3.14.",
        _PEP.format(649),
        evaluates_annotations,
    ),
    Explanation(
        Note.GENEXPR_ITER,
        "iterator of a generator expression",
        "The outermost iterable of a generator expression is asked for its iterator when the"
        " generator starts since 3.15, and not when it is made.",
        _CPYTHON.format(135171),
    ),
    Explanation(
        Note.ITER_ASKED_AGAIN,
        "iterator asked for its iterator",
        "3.13.1 to 3.13.4 ask some iterators of comprehensions and generator expressions for their"
        " iterator once more: most return themselves.",
        _CPYTHON.format(127682),
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
        Note.NEGATION_ASKED_AGAIN,
        "truth of a negated value asked for twice",
        "In a condition such as 'not (a and b)', a that is false is asked for its truth by 'and' and"
        " by 'not' up to 3.6, and once since.",
        _ISSUE.format(30501),
    ),
    Explanation(
        Note.STORE_ORDER,
        "several variables stored from the right to the left",
        "PyPy stores the last variable of 'a, b = c, d' first, which the order of names in a module or"
        " class shows.",
        "https://github.com/pypy/pypy/blob/main/pypy/interpreter/astcompiler/codegen.py",
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
        Note.ANNOTATION_ORDER,
        "annotations of positional-only parameters first",
        "In __annotations__ those of positional-only parameters stand after those of the parameters"
        " that follow up to 3.14, and before them since 3.15.",
        _CPYTHON.format(143886),
        annotates_in_another_order,
    ),
    Explanation(
        Note.FOLDED_ANNOTATIONS,
        "constants in the text of an annotation",
        "With 'from __future__ import annotations' the text of X['a', ...] is \"X[('a', Ellipsis)]\" up"
        " to 3.8, as the compiler makes a constant of the tuple before.",
        _ISSUE.format(39220),
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
        "async-for-target",
        "target of async for assigned outside of its guard",
        "A StopAsyncIteration that is raised where the target of 'async for' is assigned or"
        " unpacked ends the loop up to 3.7, and is propagated since 3.8.",
        _ISSUE.format(33041),
        guards_target,
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
