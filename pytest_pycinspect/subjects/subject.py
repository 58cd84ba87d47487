"""Whatever a test names, as code: functions, classes, modules, sources and files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pycinspect.dialects import DIALECTS
from pycinspect.disasm import code_of
from pycinspect.errors import PycInspectError
from pycinspect.pyc import Code
from pycinspect.pyc.constants import Slice
from pytest_pycinspect.subjects.described import described, is_written_in_c, unread_module
from pytest_pycinspect.subjects.origin import Normalize, Origin, python_text, relative
from pytest_pycinspect.subjects.scopes import Namespace, Scope
from pytest_pycinspect.subjects.wrappers import code_in
from pytest_pycinspect.view.facts import constant_key

if TYPE_CHECKING:
    from pycinspect.compiling import Interpreter

__all__ = ["Python", "Request", "Sources", "Subject", "subject_of"]

_OPTIMIZED = 0x01
#: Names that pytest's assertion rewriting puts in begin so.
_REWRITTEN = "@py"


@runtime_checkable
class _Executable(Protocol):
    @property
    def path(self) -> str: ...


#: A version or path of an interpreter, or what the ``interpreter`` fixture gives.
Python = str | os.PathLike[str] | _Executable


@dataclass(frozen=True)
class Request:
    """How bytecode is wanted.

    Args:
        optimize: how often ``-O`` is given; None: as often as to this process.
        python: the interpreter that compiles; None is the running one.
        pristine: compiled anew from the file, not as it is in memory.
        wrapped: of a wrapper, whether the function in it is meant; None where that is not said.
    """

    optimize: int | None = None
    python: Python | None = None
    pristine: bool = True
    wrapped: bool | None = None

    @property
    def level(self) -> int:
        """How often ``-O`` is given."""
        return sys.flags.optimize if self.optimize is None else self.optimize

    @property
    def is_elsewhere(self) -> bool:
        """Whether the code in memory cannot be what is wanted."""
        return self.python is not None or self.level != sys.flags.optimize


@dataclass(frozen=True)
class Subject:
    """A code object, with all that is around it."""

    code: Code
    origin: Origin


# --- Programs ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Program:
    """A whole compiled source or cache.

    Args:
        root: the code object of the module.
        origin: where it comes from.
    """

    root: Code
    origin: Origin

    @cached_property
    def named(self) -> Mapping[str, list[Code]]:
        """All code objects, by their qualified names."""
        found: dict[str, list[Code]] = {}
        for code in self.root.walk():
            found.setdefault(code.qualname, []).append(code)
        return found


@dataclass(frozen=True, eq=False)
class Sources:
    """What was compiled in a session: each file once, unless it changes.

    Args:
        strict_names: as in ``Origin``.
        normalize: likewise.
    """

    strict_names: bool = True
    normalize: Normalize | None = None
    _programs: dict[tuple[object, ...], Program] = field(default_factory=dict)
    _interpreters: dict[str, Interpreter] = field(default_factory=dict)

    def file(self, path: str, request: Request) -> Program:
        """Return a source or cache file as code.

        Raises:
            PycInspectError: it cannot be read, or does not compile.
        """
        try:
            status = os.stat(path)
        except OSError as error:
            raise PycInspectError("not-found", str(error.strerror), path=path) from error
        key = (path, status.st_mtime_ns, status.st_size, request.level, str(request.python))
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._read(path, request)
        return program

    def _read(self, path: str, request: Request) -> Program:
        from pycinspect.compiling import Compilers, ReadOptions, read_subject
        from pycinspect.pyc import SubjectKind

        interpreter = self._interpreter(request.python)
        # Trusted, here and below: what a test looks at is its own program, which pytest runs
        # in this process; another process would cost more than all the rest.
        with Compilers(trusted=True) as compilers:
            options = ReadOptions(
                interpreter=interpreter, optimize=request.level, compilers=compilers
            )
            subject = read_subject(path, options)
        if subject.kind is SubjectKind.SOURCE:
            version = None if interpreter is None else interpreter.version
            optimize: int | None = request.level
        else:
            version, optimize = None, None
        lines = () if subject.source is None else tuple(subject.source.lines)
        origin = Origin(
            subject.file.dialect,
            python_text(subject.file.dialect, version),
            relative(path),
            lines,
            optimize,
            strict_names=self.strict_names,
            normalize=self.normalize,
            scope=Scope(subject.file.code),
        )
        return Program(subject.file.code, origin)

    def source(self, text: str | bytes, request: Request, name: str = "<string>") -> Program:
        """Return source text as code.

        Raises:
            PycInspectError: it does not compile.
        """
        from pycinspect.compiling import Compilers

        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        interpreter = self._interpreter(request.python)
        with Compilers(trusted=True) as compilers:
            file = compilers.compile(data, name, interpreter=interpreter, optimize=request.level)
        version = None if interpreter is None else interpreter.version
        lines = tuple(data.decode("utf-8", "replace").splitlines())
        origin = Origin(
            file.dialect,
            python_text(file.dialect, version),
            name,
            lines,
            request.level,
            strict_names=self.strict_names,
            normalize=self.normalize,
            scope=Scope(file.code),
        )
        return Program(file.code, origin)

    def _interpreter(self, python: Python | None) -> Interpreter | None:
        if python is None:
            return None
        wanted = os.fspath(python) if isinstance(python, str | os.PathLike) else python.path
        known = self._interpreters.get(wanted)
        if known is None:
            from pycinspect.compiling import find_interpreter

            known = self._interpreters[wanted] = find_interpreter(wanted)
        return known


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
    return replace(found, origin=origin)


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
        code for code in program.named.get(wanted.__qualname__, ()) if not code.flags & _OPTIMIZED
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
