"""Whether it is as other code, as a part of a source, as a constant."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_pycinspect.bytecode.expecting import Expecting

if TYPE_CHECKING:
    from pycinspect.values import Level
    from pytest_pycinspect.relations.comparing import RelationOutcome
    from pytest_pycinspect.relations.relation import Relation
    from pytest_pycinspect.relations.snippets import Snippets

__all__ = ["Related"]

#: A mistake in an expectation is shown where the test has it.
__tracebackhide__ = True

_MODULE = "<module>"


class Related(Expecting):
    """Code that is compared with other code."""

    @property
    @abstractmethod
    def children(self) -> Sequence[Related]:
        """The code objects inside it, in the order of their lines."""

    @property
    @abstractmethod
    def _ops(self) -> Related:
        """All canonical ops: what relations are about, whatever the view."""

    @staticmethod
    @abstractmethod
    def _compiled(wanted: object) -> Related:
        """Return what code is compared with, compiled as the session's other sources are."""

    def same_as(self, other: object) -> Relation:
        """Return whether other code means the same, whatever Python compiled either.

        Args:
            other: what ``bytecode_of`` takes; source text may be that of one function.
        """
        from pycinspect.values import Level

        return self._compared(other, Level.SEMANTIC)

    def same_shape(self, other: object) -> Relation:
        """Return whether other code means the same but for the names of local variables.

        Args:
            other: as in :meth:`same_as`.
        """
        from pycinspect.values import Level

        return self._compared(other, Level.STRUCTURAL)

    def _compared(self, other: object, level: Level) -> Relation:
        from pycinspect.values import Level
        from pytest_pycinspect.relations.comparing import compared
        from pytest_pycinspect.relations.relation import Relation, peers

        peer, named = self._peer(other), level is Level.SEMANTIC
        outcome = self._sure_outcome(compared(self, peer, level), peer)
        ours, theirs = self._ops, peer._ops  # noqa: SLF001 - our own
        return Relation.of(outcome, lambda: peers(ours, theirs, named=named))

    def contains_code(self, snippet: str) -> Relation:
        """Return whether an expression or statements are somewhere in it.

        Args:
            snippet: source, compiled by the running interpreter; its local variables are
                those of the function.
        """
        from pytest_pycinspect.relations.relation import Relation, contained

        outcome = self._sure_outcome(self._snippets.search(snippet))
        return Relation.of(outcome, lambda: contained(self._ops, snippet, self._compiled))

    @cached_property
    def _snippets(self) -> Snippets:
        from pytest_pycinspect.relations.snippets import Snippets

        return Snippets(self._code, self.dialect, self.optimize or 0)

    def folds_to(self, value: object) -> Relation:
        """Return whether all that it does is to return a constant, compared with its type."""
        from pytest_pycinspect.relations.comparing import folded
        from pytest_pycinspect.relations.relation import Relation, constant

        outcome = self._sure_outcome(folded(self, value))
        return Relation.of(outcome, lambda: constant(self._ops, value))

    def _sure_outcome(self, outcome: RelationOutcome, *peers: Related) -> RelationOutcome:
        """Return what came of a relation, if it is one whosever code is meant."""
        __tracebackhide__ = True
        for code in (self, *peers):
            code.sure(outcome, outcome.explanation)
        return outcome

    def _peer(self, other: object) -> Related:
        """Return other code; of source text with one function, that, if this is not a module."""
        peer = other if isinstance(other, Related) else self._compiled(_dedented(other))
        is_text = isinstance(other, str) and peer.name == _MODULE != self.name
        return peer.children[0] if is_text and len(peer.children) == 1 else peer


def _dedented(source: object) -> object:
    import textwrap

    return textwrap.dedent(source) if isinstance(source, str) else source
