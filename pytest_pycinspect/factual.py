"""What can be asked of the facts about code, be it one code object or a tree of them?"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pytest_pycinspect.view.facts import Facts, FactsInTurn
from pytest_pycinspect.view.items import Items

if TYPE_CHECKING:
    from pytest_pycinspect.calling.called import Calls
    from pytest_pycinspect.calling.resolving import Call, Resolver
    from pytest_pycinspect.subjects.wrapping import Wrapping

__all__ = ["Factual"]


class Factual:
    """Code that has facts. Those of a tree are those of all code in it, each told once."""

    @cached_property
    @abstractmethod
    def _facts(self) -> Facts | FactsInTurn:
        """What is known of the code; see ``sure_facts``."""

    @property
    @abstractmethod
    def wrapping(self) -> Wrapping | None:
        """The wrapper that it is of, if the function in it may be meant."""

    @abstractmethod
    def resolvers(self) -> tuple[Resolver, ...]:
        """Return what says which objects it calls."""

    @property
    def globals(self) -> Items[str]:
        """Global variables and builtins that it reads, writes or deletes."""
        return self._facts.globals

    @property
    def names(self) -> Items[str]:
        """Variables of any kind, attributes and modules that it names."""
        return self._facts.names

    @property
    def attributes(self) -> Items[str]:
        """Attributes that it reads, writes or deletes."""
        return self._facts.attributes

    @cached_property
    def calls(self) -> Calls:
        """What it calls, once for each call of the source: ``len``, ``self.items.append``.

        In a tree those of the outermost come first. ``time.time in code.calls`` asks for an
        object, whatever it is called there: see :meth:`calls_to`.
        """
        from pytest_pycinspect.calling.called import Calls

        return Calls.of(self._facts.calls, self.wrapping, self.resolvers)

    def calls_to(
        self, wanted: object, *, unresolved: Literal["refuse", "ignore"] = "refuse"
    ) -> Items[Call]:
        """Return the calls of an object, by whatever name.

        Names are looked up in the function's globals, closure, defaults and imports; nothing is
        imported, and no code runs.

        Args:
            wanted: the object, such as ``time.time``.
            unresolved: ``ignore`` leaves out calls of which that does not say what they call.

        Raises:
            UndecidableCallError: there is none, but some calls are unresolved.
        """
        __tracebackhide__ = True
        return self.calls.to(wanted, ignores_unresolved=unresolved == "ignore")

    @property
    def unresolved_calls(self) -> Items[Call]:
        """The calls of which it is not known what object they call."""
        return self.calls.unresolved

    @property
    def consts(self) -> Items[object]:
        """The constants that it uses; ``in`` compares type and sign, too."""
        return self._facts.consts

    @property
    def imports(self) -> Items[str]:
        """Modules that it imports, and names from them: ``os``, ``os.path``, ``.core.run``."""
        return self._facts.imports

    @property
    def handlers(self) -> Items[str]:
        """What its ``except`` clauses catch: ``ValueError``."""
        return self._facts.handlers

    @property
    def freevars(self) -> Items[str]:
        """Variables that it uses and a function around it has, one of the tree or not."""
        return self._facts.freevars
