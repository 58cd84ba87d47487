"""The facts of a code object and of all inside it, together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from pytest_pycinspect.subjects.wrappers import sure_facts
from pytest_pycinspect.view.facts import Constants, Facts, Items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pycinspect.dialects import Dialect
    from pycinspect.pyc import Code
    from pytest_pycinspect.calling.called import Calls
    from pytest_pycinspect.calling.resolving import Call, Resolver
    from pytest_pycinspect.subjects.wrapping import Wrapping

__all__ = ["TreeFacts"]


class _Asked(Protocol):
    """What a tree asks of the code objects in it."""

    @property
    def code(self) -> Code: ...

    @property
    def dialect(self) -> Dialect: ...

    @property
    def wrapping(self) -> Wrapping | None: ...

    def resolvers(self) -> tuple[Resolver, ...]: ...


class _Root(_Asked, Protocol):
    """What it asks of the outermost."""

    @property
    def tree(self) -> Iterable[_Asked]: ...


class TreeFacts:
    """What a tree of code objects does; of each of them alone, its ``Bytecode`` says it."""

    root: _Root

    @cached_property
    def _facts(self) -> Facts:
        facts = Facts.of_tree(self.root.code, self.root.dialect)
        return sure_facts(facts, self.root.wrapping)

    @property
    def globals(self) -> Items[str]:
        """Global variables and builtins that any of them reads, writes or deletes."""
        return self._facts.globals

    @property
    def names(self) -> Items[str]:
        """Variables of any kind, attributes and modules that any of them names."""
        return self._facts.names

    @property
    def attributes(self) -> Items[str]:
        """Attributes that any of them reads, writes or deletes."""
        return self._facts.attributes

    @cached_property
    def calls(self) -> Calls:
        """What they call, once for each call of the source; those of the outermost come first.

        ``in`` takes objects, too: see :meth:`calls_to`.
        """
        from pytest_pycinspect.calling.called import Calls

        return Calls.of(tuple(self._facts.calls), self.root.wrapping, self.resolvers)

    def resolvers(self) -> tuple[Resolver, ...]:
        """Return what says which objects each of them calls."""
        return tuple(resolver for part in self.root.tree for resolver in part.resolvers())

    def calls_to(
        self, wanted: object, *, unresolved: Literal["refuse", "ignore"] = "refuse"
    ) -> Items[Call]:
        """Return the calls of an object in all of them; see ``Bytecode.calls_to``."""
        __tracebackhide__ = True
        return self.calls.to(wanted, ignores_unresolved=unresolved == "ignore")

    @property
    def unresolved_calls(self) -> Items[Call]:
        """The calls of which it is not known what object they call."""
        return self.calls.unresolved

    @property
    def consts(self) -> Constants:
        """The constants that any of them uses; ``in`` compares type and sign, too."""
        return self._facts.consts

    @property
    def imports(self) -> Items[str]:
        """Modules that any of them imports, and names from them."""
        return self._facts.imports

    @property
    def handlers(self) -> Items[str]:
        """What their ``except`` clauses catch."""
        return self._facts.handlers

    @property
    def freevars(self) -> Items[str]:
        """Variables that any of them uses and a function around it has, one of the tree or not."""
        return self._facts.freevars
