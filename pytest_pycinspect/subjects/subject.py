"""Whatever a test names, as code: functions, classes, modules, sources and files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import CodeType, ModuleType

from pycinspect.dialects import DIALECTS
from pycinspect.dialects.codeflags import CodeFlag
from pycinspect.disasm import code_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.pyc.constants import Slice
from pytest_pycinspect.subjects.described import described, is_written_in_c, unread_module
from pytest_pycinspect.subjects.origin import Origin, python_text, relative
from pytest_pycinspect.subjects.scopes import Namespace, Scope
from pytest_pycinspect.subjects.sources import Program, Request, Sources
from pytest_pycinspect.subjects.wrappers import code_in
from pytest_pycinspect.view.items import constant_key

__all__ = ["Subject", "subject_of"]

#: Names that pytest's assertion rewriting puts in begin so.
_REWRITTEN = "@py"


@dataclass(frozen=True)
class Subject:
    """A code object, with all that is around it."""

    code: Code
    origin: Origin


# --- What is asked for ------------------------------------------------------------------------


def subject_of(wanted: object, request: Request, sources: Sources) -> Subject:
    """Return the code of an object.

    Raises:
        PycInspectError: ``no-bytecode`` for an object that has none; what compiling, reading
            and finding an interpreter raise.
    """
    path = _path(wanted)
    if path is not None:
        return _whole(sources.file(path, request))
    if isinstance(wanted, str | bytes):
        return _whole(sources.source(wanted, request))
    if isinstance(wanted, ModuleType):
        return _in_memory(_whole(sources.file(_module_file(wanted), request)), wanted)
    if isinstance(wanted, type):
        return _class(wanted, request, sources)
    return _function(wanted, request, sources)


def _whole(program: Program) -> Subject:
    return Subject(program.root, program.origin)


def _in_memory(subject: Subject, module: ModuleType) -> Subject:
    """Return code with the variables of its module."""
    scope = subject.origin.scope
    assert scope is not None
    scope = replace(scope, namespace=Namespace(vars(module)))
    return replace(subject, origin=replace(subject.origin, scope=scope))


_FILES = (".py", ".pyc", ".pyo", ".pyw")


def _path(wanted: object) -> str | None:
    """Return the path that an object is, None if it is none."""
    if isinstance(wanted, os.PathLike):
        return str(os.fspath(wanted))
    if isinstance(wanted, str) and wanted.endswith(_FILES) and not set(wanted) & set("\n;= "):
        return wanted
    return wanted if isinstance(wanted, str) and os.path.isfile(wanted) else None


def _module_file(module: ModuleType) -> str:
    unread = unread_module(module, module.__name__)
    if unread is not None:
        raise PycInspectError("no-bytecode", unread)
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not path.endswith(_FILES):
        message = f"module {module.__name__} comes from no Python file"
        raise PycInspectError("no-bytecode", message)
    return path


def _function(wanted: object, request: Request, sources: Sources) -> Subject:
    """Return the code of a function, or of what has one in it.

    That of a function of Cython is made for tracebacks, and is never run
    (``Cython/Utility/ModuleSetupCode.c: __Pyx_PyCode_New``).
    """
    inside = code_in(wanted, wrapped=request.wrapped)
    if inside is None:
        raise PycInspectError("no-bytecode", described(wanted))
    if not any(inside.code.co_code):
        kind = type(wanted).__name__
        message = f"{kind} {wanted!r:.80} is compiled to machine code: its __code__ is all zeros"
        raise PycInspectError("no-bytecode", message)
    found = _live(inside.code, request, sources)
    origin = found.origin
    if inside.namespace is not None:
        origin = replace(origin, scope=Scope(found.code, inside.namespace))
    if inside.wrapping is not None:
        notes = (*origin.notes, inside.wrapping.note)
        origin = replace(origin, notes=notes, wrapping=inside.wrapping)
    return Subject(found.code, origin)


# --- Pristine code ----------------------------------------------------------------------------


def _live(live: CodeType, request: Request, sources: Sources) -> Subject:
    """Return a code object as its file has it, else as it is in memory."""
    found = _Live(live)
    if not request.pristine and not request.is_elsewhere:
        return found.subject(sources, "the live code, as was asked for")
    if not os.path.isfile(live.co_filename):
        return found.instead(request, sources, f"{live.co_filename} is not a file")
    program = sources.file(live.co_filename, request)
    codes = [
        code
        for code in program.named.get(live.co_qualname, ())
        if code.firstlineno == live.co_firstlineno
    ]
    if len(codes) > 1:
        codes = [code for code in codes if code.linetable == live.co_linetable]
    where = f"{program.origin.path}:{live.co_firstlineno}"
    if len(codes) != 1:
        why = f"{where} has no {live.co_qualname}, or several; was it changed after the import?"
        return found.instead(request, sources, why)
    (code,) = codes
    if not found.may_be(code, request):
        why = f"{where} was changed after the import, or the code is not what it compiles to"
        return found.instead(request, sources, why)
    return Subject(code, replace(program.origin, live=live))


class _Live:
    """A code object of the running interpreter."""

    def __init__(self, live: CodeType) -> None:
        self._live = live

    def subject(self, sources: Sources, note: str) -> Subject:
        """Return it as it is, with a note."""
        live, dialect = self._live, DIALECTS.running()
        path = live.co_filename
        lines = _lines(path) if os.path.isfile(path) else ()
        origin = Origin(
            dialect,
            python_text(dialect),
            relative(path),
            lines,
            sys.flags.optimize,
            (note,),
            sources.strict_names,
            sources.normalize,
            live=live,
        )
        return Subject(code_of(live), origin)

    def instead(self, request: Request, sources: Sources, why: str) -> Subject:
        """Return it as it is if that can be what is wanted.

        Raises:
            PycInspectError: ``no-source``, if another interpreter or level is wanted.
        """
        if request.is_elsewhere:
            message = f"{self._live.co_qualname} cannot be compiled anew: {why}"
            raise PycInspectError("no-source", message)
        return self.subject(sources, f"the live code, since {why}")

    def may_be(self, code: Code, request: Request) -> bool:
        """Return whether it was compiled from the same source as ``code``."""
        live = self._live
        is_rewritten = any(name.startswith(_REWRITTEN) for name in _names(live))
        if is_rewritten or request.is_elsewhere:
            # Rewriting and other levels change what assertions do, and add variables.
            return (
                code.argcount == live.co_argcount
                and code.freevars == live.co_freevars
                and (not is_rewritten or {*code.varnames} <= {*live.co_varnames})
            )
        return _is_same_code(code, live)


def _is_same_code(code: Code, live: CodeType) -> bool:
    """Return whether code does the same as live code, byte by byte, wherever it stands."""
    return (
        code.code == live.co_code
        and code.names == live.co_names
        and code.varnames == live.co_varnames
        and _is_same_constant(code.consts, live.co_consts)
    )


_PLAIN = frozenset({str, bytes, int, bool, type(None)})


def _is_same_constant(read: object, live: object) -> bool:
    """Return whether a constant that was read is one of the running interpreter's."""
    if isinstance(read, Code):
        return isinstance(live, CodeType) and _is_same_code(read, live)
    if isinstance(read, Slice):
        bounds = read.start, read.stop, read.step
        return isinstance(live, slice) and _is_same_constant(
            bounds, (live.start, live.stop, live.step)
        )
    if isinstance(read, tuple):
        return (
            isinstance(live, tuple)
            and len(read) == len(live)
            and all(map(_is_same_constant, read, live))
        )
    if type(read) in _PLAIN:
        return type(read) is type(live) and read == live
    return constant_key(read) == constant_key(live)


def _names(live: CodeType) -> Iterator[str]:
    yield from live.co_varnames
    yield from live.co_names


def _lines(path: str) -> tuple[str, ...]:
    import linecache

    return tuple(linecache.getlines(path))


# --- Classes ----------------------------------------------------------------------------------


def _class(wanted: type, request: Request, sources: Sources) -> Subject:
    """Return the body of a class, whose nested code are its methods."""
    module = sys.modules.get(wanted.__module__)
    name = f"class {wanted.__qualname__}"
    if is_written_in_c(wanted):
        raise PycInspectError("no-bytecode", f"{name} is written in C: it has no bytecode")
    unread = unread_module(module, wanted.__module__)
    if unread is not None:
        message = f"the body of {name} cannot be read: {unread}"
        raise PycInspectError("no-source", message)
    assert module is not None
    program = sources.file(_module_file(module), request)
    codes = [
        code
        for code in program.named.get(wanted.__qualname__, ())
        if not code.flags & CodeFlag.OPTIMIZED
    ]
    if len(codes) > 1:
        codes = [code for code in codes if _has_methods(code, wanted)]
    if len(codes) != 1:
        message = f"{name} is not found in its file, or several times"
        raise PycInspectError("no-source", message, path=program.origin.path)
    return _in_memory(Subject(codes[0], program.origin), module)


def _has_methods(code: Code, wanted: type) -> bool:
    """Return whether a method of the class stands where the body has one."""
    places = {(part.name, part.firstlineno) for part in code.consts if isinstance(part, Code)}
    lives = (getattr(value, "__code__", None) for value in vars(wanted).values())
    return any(
        (live.co_name, live.co_firstlineno) in places
        for live in lives
        if isinstance(live, CodeType)
    )
