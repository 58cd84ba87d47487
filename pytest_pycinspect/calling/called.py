"""What code calls, by name and by object."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib.util import find_spec

from pytest_pycinspect.calling.resolving import Call, Resolved, Resolver
from pytest_pycinspect.subjects.wrappers import SureItems
from pytest_pycinspect.subjects.wrapping import Wrapping
from pytest_pycinspect.view.items import CALLED, FactKind, Items, Known
from pytest_pycinspect.view.names import VacuousCheckError

__all__ = ["AliasedCallError", "Calls", "UndecidableCallError", "UnknownNameWarning"]

#: What is refused is shown where the test has it.
__tracebackhide__ = True


_CALLABLE = FactKind(
    "an object that can be called, such as time.time, or in .calls its name", callable
)

_CALLS = FactKind(
    "a call; its name is call.text for each call of them", lambda one: isinstance(one, Call)
)


class UndecidableCallError(VacuousCheckError):
    """Whether an object is called is not known: it is not said what some calls call."""


class AliasedCallError(VacuousCheckError):
    """A name is not among the calls, but what it stands for is called by another name."""


class UnknownNameWarning(UserWarning):
    """A name is not among the calls, and stands for nothing that is known here."""


class Calls(SureItems[str]):
    """What is called, once for each call, as the code says it; ``in`` takes objects, too."""

    make: Callable[[], tuple[Resolver, ...]]

    @classmethod
    def of(
        cls,
        texts: Items[str],
        wrapping: Wrapping | None,
        make: Callable[[], tuple[Resolver, ...]],
    ) -> Calls:
        """Return the calls of a code object.

        Args:
            texts: what is called, as the code says it.
            wrapping: whose code may be meant.
            make: makes what says which objects they are, for each code object.
        """
        made = cls(lambda: texts)
        made.wrapping, made.what, made.items = wrapping, ".calls", texts
        made.make = make
        return made

    @cached_property
    def resolvers(self) -> tuple[Resolver, ...]:
        """What says which objects are called, for each code object."""
        return self.make()

    @property
    def resolved(self) -> list[Resolved]:
        """Each call, and what it may call."""
        return [part for resolver in self.resolvers for part in resolver.calls]

    def __contains__(self, wanted: object) -> bool:
        __tracebackhide__ = True
        if not isinstance(wanted, str):
            return len(self.to(wanted)) > 0
        found = super().__contains__(wanted)
        if not found:
            self._check_name(wanted)
        return found

    def __eq__(self, other: object) -> bool:
        """Return whether they are those of a list or tuple, in its order.

        Raises:
            VacuousCheckError: no code has one of the others.
        """
        __tracebackhide__ = True
        is_equal = super().__eq__(other)
        if not is_equal:
            CALLED.check_all(other)
        return is_equal

    __hash__ = SureItems.__hash__

    def count(self, value: object) -> int:
        """Return how many calls there are of a name or an object; see :meth:`to`."""
        __tracebackhide__ = True
        if not isinstance(value, str):
            return len(self.to(value))
        found = super().count(value)
        if not found:
            self._check_name(value)
        return found

    def to(self, wanted: object, *, ignores_unresolved: bool = False) -> Items[Call]:
        """Return the calls of an object.

        Args:
            wanted: the object.
            ignores_unresolved: nothing is said of calls of which it is not known what they call.

        Raises:
            UndecidableCallError: there is none, but it is not known what some calls call.
            AmbiguousWrapperError: there is none in the code of a wrapper.
            VacuousCheckError: it is an object that cannot be called.
        """
        __tracebackhide__ = True
        _CALLABLE.check(wanted)
        calls = self.resolved
        found = Known.of((part.call for part in calls if part.may_call(wanted)), _CALLS)
        if not found and not ignores_unresolved:
            _check_unresolved(wanted, calls)
        return self.sure(found, f"It does not call {_text(wanted)}.")

    @property
    def unresolved(self) -> Items[Call]:
        """The calls of which it is not known what they call."""
        found = Known.of((part.call for part in self.resolved if not part.is_all), _CALLS)
        return self.sure(found, "There is no call of which it is not known what it calls.")

    def _check_name(self, text: str) -> None:
        """Refuse a name for something that is called by another, and warn of an unknown one."""
        __tracebackhide__ = True
        objects = [one for resolver in self.resolvers for one in resolver.named(text)]
        for part in self.resolved:
            if any(part.may_call(one) for one in objects):
                raise AliasedCallError(
                    f"{text} is called, as {part.call}; ask for the object: {text} in .calls"
                )
        root = text.partition(".")[0]
        is_known = objects or any(resolver.has_name(root) for resolver in self.resolvers)
        is_wrong = not objects and any(resolver.lacks(text) for resolver in self.resolvers)
        if is_wrong or (not is_known and not _is_module(root)):
            message = f"{text!r} is not among the calls, and nothing here is called {text}"
            warnings.warn(message, UnknownNameWarning, stacklevel=3)


def _is_module(name: str) -> bool:
    """Return whether something is a module that can be imported, but as yet is not."""
    return name.isidentifier() and name not in sys.modules and find_spec(name) is not None


def _check_unresolved(wanted: object, calls: Iterable[Resolved]) -> None:
    __tracebackhide__ = True
    unknown = [str(part.call) for part in calls if not part.is_all]
    passed = [f"{part.call}, whose argument it is" for part in calls if part.passes(wanted)]
    open_calls = dict.fromkeys([*unknown, *passed])
    if open_calls:
        listed = "".join(f"\n  {text}" for text in open_calls)
        raise UndecidableCallError(
            f"whether it calls {_text(wanted)} is not known, as these calls may do so:{listed}\n"
            'Say unresolved="ignore" to leave them out:'
            f' .calls_to({_text(wanted)}, unresolved="ignore") == []'
        )


def _text(wanted: object) -> str:
    module, name = getattr(wanted, "__module__", None), getattr(wanted, "__qualname__", None)
    if not isinstance(name, str):
        return f"{wanted!r:.80}"
    return name if module in (None, "builtins") else f"{module}.{name}"
