"""How do tests get the bytecode of an object, and of source text?"""

from __future__ import annotations

from typing import Self

import pytest

from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.subjects.origin import View
from pytest_pycinspect.subjects.sources import Python, Request, Sources, sources_here, sources_of
from pytest_pycinspect.subjects.subject import subject_of

__all__ = ["BytecodeOf", "Compiled", "bytecode_of"]

#: A mistake in a question is shown where the test has it.
__tracebackhide__ = True


class _Asking:
    """What gives bytecode; it remembers what it compiled.

    Args:
        sources: what was compiled before.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @classmethod
    def for_item(cls, item: pytest.Item) -> Self:
        """Return the fixture's value for a test."""
        return cls(sources_of(item.config))


class BytecodeOf(_Asking):
    """What the fixture ``bytecode_of`` is."""

    def __repr__(self) -> str:
        return "bytecode_of"  # as in the test: pytest shows it with every failure

    def __call__(
        self,
        obj: object,
        *,
        view: View = "ops",
        optimize: int | None = None,
        python: Python | None = None,
        pristine: bool = True,
        wrapped: bool | None = None,
    ) -> Bytecode:
        """Return the bytecode of an object; see :func:`bytecode_of`."""
        request = Request(optimize, python, pristine, wrapped)
        subject = subject_of(obj, request, self._sources)
        if view == "adaptive":
            return Bytecode(subject.code, subject.origin).adaptive
        return Bytecode(subject.code, subject.origin, view)


class Compiled(_Asking):
    """What the fixture ``compiled`` is."""

    def __call__(
        self,
        source: str,
        *,
        name: str = "m",
        optimize: int | None = None,
        python: Python | None = None,
    ) -> Bytecode:
        """Return the bytecode of a module; ``[qualname]`` selects code inside it.

        Args:
            source: its text; indentation that all lines have is removed.
            name: what it is called in messages.
            optimize: how often ``-O`` is given; None: as often as to this process.
            python: the version or path of the interpreter that compiles; None: this one.

        Raises:
            PycInspectError: it does not compile, or there is no such interpreter.
        """
        import textwrap

        request = Request(optimize, python)
        program = self._sources.source(textwrap.dedent(source), request, f"{name}.py")
        return Bytecode(program.root, program.origin)


def bytecode_of(
    obj: object,
    *,
    view: View = "ops",
    optimize: int | None = None,
    python: Python | None = None,
    pristine: bool = True,
    wrapped: bool | None = None,
) -> Bytecode:
    """Return the bytecode of an object.

    Code in a file is compiled anew from it, so that what pytest makes of assertions does not
    show; where that cannot be done, ``notes`` says that it is the live code, and why. In a test
    that pytest runs, a file is compiled once a session, as by the fixture.

    Args:
        obj: a function, method, property, partial or generator object; a class (its body;
            methods are its ``tree``); a module; a code object; the path of a source or a
            cache; or source text, which does not end in ``.py`` or ``.pyc``. What wraps a
            function is taken for it if it has no code of its own, as ``functools.lru_cache``'s.
        view: ``ops``, ``raw`` or ``adaptive``.
        optimize: how often ``-O`` is given; None: as often as to this process.
        python: the version (``3.9``, ``pypy3.9``) or path of the interpreter that compiles;
            None: this one.
        pristine: compile anew from the file; False for the live code.
        wrapped: of what ``functools.wraps`` made, or another wrapper with code of its own: True
            for the innermost function in it, False for its own code. None for its own code,
            too, but then a check that something is not in it is refused.

    Raises:
        PycInspectError: ``no-bytecode``, ``no-source``, ``no-interpreter``,
            ``does-not-compile`` and what reading files raises.
    """
    return BytecodeOf(sources_here())(
        obj,
        view=view,
        optimize=optimize,
        python=python,
        pristine=pristine,
        wrapped=wrapped,
    )
