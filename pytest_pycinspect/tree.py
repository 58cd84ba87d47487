"""The facts of a code object and of all inside it, together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_pycinspect.facts import Constants, Facts, Items

if TYPE_CHECKING:
    from pytest_pycinspect.bytecode import Bytecode

__all__ = ["TreeFacts"]


class TreeFacts:
    """What a tree of code objects does; of each of them alone, its ``Bytecode`` says it."""

    root: Bytecode

    @cached_property
    def _facts(self) -> Facts:
        return Facts.of_tree(self.root.code, self.root.dialect)

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

    @property
    def calls(self) -> Items[str]:
        """What they call, once for each call of the source; those of the outermost come first."""
        return self._facts.calls

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
