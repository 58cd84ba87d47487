"""The kinds of expressions, as a table: adding one is a line in ``kinds.tsv`` and a rule.

A word that is not in the table fails where it is used first: a kind of a rule when its module is
imported or its first value is made, a trait or a template when the table is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from pycinspect.dialects.tables import lines_of

__all__ = ["KINDS", "TIGHTNESS", "WRITTEN_BY_CODE", "Kind", "Trait", "kind_named", "kinds_with"]


class Trait(StrEnum):
    """What is true of all expressions of a kind."""

    #: Its parts are the items.
    DISPLAY = "display"
    #: A display whose items have an order.
    SEQUENCE = "sequence"
    #: Its parts are held, not it, where paths are joined: versions build displays in chunks of
    #: their own, and format parts of a string sooner or later.
    OPEN = "open"
    #: It is put together when something takes it, of what its variables hold then. All others
    #: were computed by an event, and stand for its result.
    LAZY = "lazy"
    #: An object that is made when something takes it: twice that is two.
    NEW = "new"
    #: A variable, or the builtin, by its name.
    VARIABLE = "variable"
    #: A variable, or what stands for one: read when something takes the value that it is in.
    LEAF = "leaf"
    #: It means something to the machine, which must find it on the stack as it is.
    STRUCTURE = "structure"
    #: A tuple that a pattern takes apart, of a length that is known.
    MATCHED = "matched"
    #: A bool already, so that asking for its truth does nothing.
    TRUTH = "truth"
    #: Asking for its truth cannot raise anything.
    SAFE = "safe"
    #: What a loop asks for the next item.
    ITERATOR = "iterator"
    #: What a handler finds of an exception beside its value, up to 3.10; made of that.
    PART_OF_EXC = "part_of_exc"


#: How tightly the outermost operator of a template binds (reference, Expressions, 6.17).
TIGHTNESS: Mapping[str, int] = MappingProxyType(
    {"loosest": 0, "not": 4, "comparison": 5, "unary": 12, "power": 13, "await": 14, "atom": 15}
)
#: The template of kinds that a function of :mod:`.text` writes.
WRITTEN_BY_CODE = "*"


class Kind(NamedTuple):
    """One kind of expression.

    Args:
        name: of the kind.
        traits: what is true of its expressions.
        tightness: of its template.
        template: how it is written, ``*`` where that takes a function, None for its name and
            its parts.
        words: what is special about one that is written like another one; None for nothing.
    """

    name: str
    traits: frozenset[Trait]
    tightness: int
    template: str | None
    words: str | None


def _read() -> Iterator[Kind]:
    for name, traits, tightness, template, words in lines_of("kinds.tsv", __package__):
        tight = TIGHTNESS[tightness or "atom"]
        yield Kind(
            name, frozenset(map(Trait, traits.split())), tight, template or None, words or None
        )


#: By name.
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _read()})


def kinds_with(trait: Trait) -> frozenset[str]:
    """Return the names of the kinds that have a trait."""
    return frozenset(kind.name for kind in KINDS.values() if trait in kind.traits)


def kind_named(name: str) -> str:
    """Return the name of a kind, for a rule that is made for it.

    Raises:
        KeyError: there is none of that name.
    """
    return KINDS[name].name
