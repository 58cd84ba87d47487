"""Runs in a child process: warms functions up, and tells how they were specialised then.

Its text is handed over with ``-c``; nothing else of ours is imported there. Requests and
answers are pickles, each after its length, on the standard streams that the process began
with. The functions that run find others in their place.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import os
import pickle
import struct
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CellType, CodeType, FunctionType, ModuleType
from typing import IO, NamedTuple

__all__ = [
    "FRAME",
    "SELF",
    "SETTER",
    "RefusedError",
    "read_frame",
    "set_attributes",
    "write_frame",
]

#: The length of a pickle, before it.
FRAME = struct.Struct("<Q")
#: Persistent ids: of the function itself, which its closure may refer to, and of what sets
#: the attributes of objects.
SELF, SETTER = "self", "setter"

_TOOLS = range(6)  # identifiers of sys.monitoring (PEP 669)
_CALIBRATION = 100  # calls; a few would do


class RefusedError(Exception):
    """Why there is no answer, in words that follow "f: "."""


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    modules = _Modules()
    sys.meta_path.insert(0, modules)
    unfit = _unfit()
    while (request := read_frame(requests)) is not None:
        try:
            if unfit:
                raise RefusedError(unfit)
            answer: object = _specialized(modules, _Request(*pickle.loads(request)))  # noqa: S301
        except RefusedError as error:
            answer = str(error)
        write_frame(answers, pickle.dumps(answer))


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next pickle, None where there is none or it ends too early."""
    start = stream.read(FRAME.size)
    if len(start) < FRAME.size:
        return None
    (size,) = FRAME.unpack(start)
    data = stream.read(size)
    return data if len(data) == size else None


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Write a pickle after its length."""
    stream.write(FRAME.pack(len(data)) + data)
    stream.flush()


def _unfit() -> str | None:
    """Return why this process tells nothing about other runs, None if it is fit."""
    monitoring = getattr(sys, "monitoring", None)
    tools = [monitoring.get_tool(tool) for tool in _TOOLS] if monitoring else []
    if sys.gettrace() or sys.getprofile() or any(tools):
        return "tracing is active in the child process, where it was started by the environment"

    def add(a: int, b: int) -> int:
        return a + b

    for _ in range(_CALIBRATION):
        add(1, 2)
    is_same = _adaptive(add.__code__) == add.__code__.co_code
    return "this Python does not specialise" if is_same else None


def _adaptive(code: CodeType) -> bytes:
    """Return the code as it is in memory, where ``Lib/dis.py`` finds it, too."""
    return bytes(getattr(code, "_co_code_adaptive", code.co_code))


class _Request(NamedTuple):
    path: list[str]
    files: dict[str, str]
    module: str
    file: str
    qualname: str
    line: int
    times: tuple[int, ...]
    values: bytes


def _specialized(modules: _Modules, request: _Request) -> list[list[tuple[bytes, bytes]]]:
    """Return the code of a function and of those inside it, as compiled and as specialised.

    There is one answer after each of several runs of calls, which have their own arguments.
    """
    sys.path[:] = request.path
    modules.files.update(request.files)
    module = modules.loaded(request.module)
    code = _compiled(request.file, request.qualname, request.line)
    cells = tuple(CellType() for _ in code.co_freevars)
    function = FunctionType(code, vars(module), code.co_name, None, cells or None)
    calls = _restored(function, modules, request.values)
    answers, number = [], 0
    for times, (arguments, keywords) in zip(request.times, calls, strict=True):
        for _ in range(times):
            number += 1
            try:
                _drive(function(*arguments, **keywords))
            except BaseException as error:  # whatever it is, it is the answer
                raise RefusedError(f"call {number} raised {_said(error)}") from error
        answers.append([(part.co_code, _adaptive(part)) for part in _tree(code)])
    return answers


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


# --- Its code ----------------------------------------------------------------------------


class _Modules:
    """Finds the modules under test in the files that pytest loaded them from."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        file = self.files.get(name)
        return None if file is None else importlib.util.spec_from_file_location(name, file)

    def loaded(self, name: str) -> ModuleType:
        """Return a module, imported if it is not yet."""
        try:
            return self._imported(name)
        except BaseException as error:  # whatever it is, it is the answer
            where = self.files[name]
            raise RefusedError(
                f"{where} cannot be imported in a new process: {_said(error)}"
            ) from error

    def _imported(self, name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            # Under pytest's import mode "importlib" the packages of a test module need not
            # be found on sys.path.
            if error.name is None or not name.startswith(f"{error.name}."):
                raise
        spec = self.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


# A new code object for each request, and not the module's own: that ran for other tests, too.
def _compiled(file: str, qualname: str, line: int) -> CodeType:
    """Compile a file, whatever a cache has; return the one code object of a name and line."""
    loader = SourceFileLoader("", file)
    try:
        everything = loader.source_to_code(loader.get_data(file), file)
    except (OSError, SyntaxError, ValueError) as error:
        raise RefusedError(f"{file} does not compile: {_said(error)}") from error
    found = [
        code
        for code in _tree(everything)
        if (code.co_qualname, code.co_firstlineno) == (qualname, line)
    ]
    if len(found) == 1:
        return found[0]
    where = f"line {line} of {file}"
    if not found:
        raise RefusedError(f"{where} has no {qualname}; did the file change, or was it generated?")
    raise RefusedError(
        f"{len(found)} functions of {where} are called {qualname}; use several lines"
    )


def _tree(code: CodeType) -> list[CodeType]:
    """Return a code object and those in it, depth first."""
    found = [code]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found += _tree(constant)
    return found


# --- What it is called with --------------------------------------------------------------


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, function: FunctionType, modules: _Modules) -> None:
        super().__init__(io.BytesIO(data))
        self._function = function
        self._modules = modules

    def persistent_load(self, pid: object) -> object:
        return {SELF: self._function, SETTER: set_attributes}[str(pid)]

    def find_class(self, module: str, name: str) -> object:
        if module in self._modules.files:
            self._modules.loaded(module)
        return super().find_class(module, name)


def set_attributes(value: object, attributes: dict[str, object]) -> None:
    """Set attributes as ``__init__`` does.

    ``pickle`` fills in ``__dict__``, and attributes of objects that have one are specialised
    otherwise on CPython 3.11 and 3.12 (``LOAD_ATTR_WITH_HINT``, ``Python/specialize.c``).
    """
    for name, attribute in attributes.items():
        object.__setattr__(value, name, attribute)


def _restored(
    function: FunctionType, modules: _Modules, values: bytes
) -> list[tuple[tuple[object, ...], dict[str, object]]]:
    """Fill in a function's defaults and closure; return the arguments of its runs of calls."""
    try:
        calls, defaults, kwdefaults, contents = _Unpickler(values, function, modules).load()
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError(
            f"its arguments cannot be rebuilt in a new process: {_said(error)}"
        ) from error
    function.__defaults__ = defaults
    function.__kwdefaults__ = kwdefaults
    for cell, content in zip(function.__closure__ or (), contents, strict=True):
        cell.cell_contents = content
    known: list[tuple[tuple[object, ...], dict[str, object]]] = calls
    return known


def _await(coroutine: Coroutine[object, object, object]) -> None:
    import asyncio

    asyncio.run(coroutine)


async def _all_of(generator: AsyncIterator[object]) -> None:
    async for _ in generator:
        pass


#: What calling the function only makes, to what runs its body.
_DRIVERS: tuple[tuple[Callable[[object], bool], Callable[..., object]], ...] = (
    (inspect.isgenerator, deque),
    (inspect.iscoroutine, _await),
    (inspect.isasyncgen, lambda generator: _await(_all_of(generator))),
)


def _drive(result: object) -> None:
    for made, driver in _DRIVERS:
        if made(result):
            driver(result)


if __name__ == "__main__":
    main()
