"""How a function is specialised after it ran, in a process that nobody watches.

Tracers change adaptive bytecode: under coverage's C tracer 3.11 leaves instructions
unspecialised, and from 3.12 on the first one of each line is ``INSTRUMENTED_LINE``. So the
function runs in a child process, from its file compiled anew; one child serves a test module.
"""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from types import FunctionType
from typing import Any

import pytest

from pycinspect.errors import PycInspectError
from pytest_pycinspect.asking import BytecodeOf
from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.specialized.bytecode import TIMES, SpecializedBytecode, Warmup
from pytest_pycinspect.specialized.child import (
    SELF,
    SETTER,
    RefusedError,
    read_frame,
    set_attributes,
    write_frame,
)
from pytest_pycinspect.subjects.wrappers import Given, code_in

__all__ = ["Specialized"]

#: What coverage and pytest-cov tell their subprocesses; they would trace our child.
_TRACERS = ("COVERAGE_", "COV_CORE_")


class Specialized:
    """Runs functions in a clean child process and returns their adaptive bytecode.

    Args:
        child: the process, which is started when it is needed.
        bytecode_of: the fixture.
        files: names of modules that pytest imported to their files: its arguments' types
            may come from them.
    """

    def __init__(self, child: _Child, bytecode_of: BytecodeOf, files: Mapping[str, str]) -> None:
        self._child = child
        self._bytecode_of = bytecode_of
        self._files = files

    @classmethod
    def for_item(cls, item: pytest.Function) -> Specialized:
        """Return the fixture's value for a test; tests of a module share the child."""
        module = item.getparent(pytest.Module)
        assert module is not None  # where else would a function be
        child = module.stash.get(_CHILD, None)
        if child is None:
            seconds = float(item.config.getini("pycinspect_subprocess_timeout"))
            child = module.stash[_CHILD] = _Child(seconds)
            module.addfinalizer(child.close)
        return cls(child, BytecodeOf.for_item(item), {module.obj.__name__: os.fspath(module.path)})

    def __call__(
        self,
        f: object,
        /,
        *args: object,
        times: int = TIMES,
        wrapped: bool | None = None,
        **kwargs: object,
    ) -> SpecializedBytecode:
        """Return the bytecode of a function after it was called so many times.

        It is compiled anew from its file, and runs in a process without tracers, coverage and
        rewritten assertions, which imports its module. Generators are exhausted and
        coroutines awaited. What the function does to its arguments or to its module is
        seen by later calls.

        Args:
            f: a function or a method; or what has one in it, as for ``bytecode_of``.
            args: its arguments, which must be picklable.
            times: the number of calls.
            wrapped: of a wrapper with code of its own, whether the function in it is called and
                meant; None for the wrapper, but then a check that something is not in its code
                is refused.
            kwargs: its keyword arguments, likewise.

        Raises:
            PycInspectError: ``cannot-specialize``, with the reason; ``no-bytecode``, if the
                wrapper is meant, and has no code of its own.
        """
        meant = code_in(f, wrapped=wrapped)
        if meant is None or not isinstance(meant.function, FunctionType):
            message = f"{f!r} is not a function written in Python"
            raise PycInspectError("cannot-specialize", message)
        code = self._bytecode_of(f, wrapped=wrapped)
        return self._after(
            _Function(meant.function, meant.given, code), (Warmup(times, args, kwargs),)
        )

    def _after(self, function: _Function, calls: tuple[Warmup, ...]) -> SpecializedBytecode:
        """Return the bytecode of a function after some runs of calls."""
        times = tuple(run.times for run in calls)
        answers = self._answers(function, [function.completed(run) for run in calls])

        def then(run: Warmup) -> SpecializedBytecode:
            return self._after(function, (*calls, run))

        found: SpecializedBytecode | None = None
        for number, codes in enumerate(answers, 1):
            total = sum(times[:number])
            note = f"after {total} calls in a process of its own, without tracers"
            memory = function.code.as_in_memory([adaptive for _, adaptive in codes], note)
            found = SpecializedBytecode(memory, then, found)
        assert found is not None
        return found

    def _answers(self, function: _Function, calls: Sequence[Warmup]) -> list[_Codes]:
        """Return the code after each run of calls.

        Raises:
            PycInspectError: ``cannot-specialize``, with the reason.
        """
        try:
            values = _pickled(function.function, calls)
            times = tuple(run.times for run in calls)
            answers = self._child.ask(_request(function.function, self._files, times, values))
            compiled = [part.code for part in function.code.code.walk()]
            if any([found for found, _ in codes] != compiled for codes in answers):
                raise RefusedError("its file was changed while the tests ran")
        except RefusedError as error:
            message = f"{function.code.name} cannot be specialised: {error}{function.hint}"
            raise PycInspectError("cannot-specialize", message) from None
        return answers


class _Function:
    """A function that is run.

    Args:
        function: the function.
        given: the arguments that it always gets.
        code: its code as its file has it.
    """

    def __init__(self, function: FunctionType, given: Given, code: Bytecode) -> None:
        self.function = function
        self.code = code
        self._given = given

    def completed(self, run: Warmup) -> Warmup:
        """Return calls with all arguments."""
        args, keywords = self._given
        return Warmup(run.times, (*args, *run.args), {**keywords, **run.kwargs})

    @property
    def hint(self) -> str:
        """What a reader should know where it cannot be run."""
        wrapping = self.code.wrapping
        return "" if wrapping is None else f" ({wrapping.note})"


def _request(
    function: FunctionType, files: Mapping[str, str], times: tuple[int, ...], values: bytes
) -> bytes:
    """Return a ``_Request`` of the child."""
    code = function.__code__
    file = os.path.abspath(code.co_filename)
    if not os.path.isfile(file):
        raise RefusedError(f"its source {code.co_filename} is not a file")
    module = str(function.__globals__.get("__name__"))
    known = {**files, module: function.__globals__.get("__file__", file)}
    line = code.co_firstlineno
    return pickle.dumps((sys.path, known, module, file, code.co_qualname, line, times, values))


# --- What travels ------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, function: FunctionType) -> None:
        super().__init__(file)
        self._function = function

    def persistent_id(self, value: object) -> str | None:
        if value is self._function:
            return SELF
        return SETTER if value is set_attributes else None

    def reducer_override(self, value: Any) -> Any:
        """Let an object that pickle would copy attribute by attribute set them one by one."""
        if not _is_plain(value):
            return NotImplemented
        reduced: tuple[Any, ...] = value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        make, arguments, state, *items = reduced
        if not isinstance(state, dict):
            return NotImplemented
        return (make, arguments, state, *items, set_attributes)


def _is_plain(value: object) -> bool:
    """Return whether a value is an object with attributes, of a class without own pickling."""
    kind = type(value)
    if isinstance(value, type) or kind.__module__ == "builtins" or not hasattr(value, "__dict__"):
        return False
    is_own = hasattr(kind, "__setstate__") or kind.__reduce__ is not object.__reduce__
    return not is_own and kind.__reduce_ex__ is object.__reduce_ex__


def _pickled(function: FunctionType, calls: Sequence[Warmup]) -> bytes:
    """Return arguments, defaults and closure as one pickle: what they share stays shared."""
    closure = _closure(function)
    defaults = (function.__defaults__, function.__kwdefaults__)
    named = {
        **{f"argument {name}": value for run in calls for name, value in run.named()},
        "its defaults": defaults,
        **{f"variable {name} of its closure": value for name, value in closure.items()},
    }
    try:
        runs = [(run.args, run.kwargs) for run in calls]
        return _dumped(function, (runs, *defaults, [*closure.values()]))
    except Exception as error:  # what the __reduce__ of anything may raise
        culprits = (name for name, value in named.items() if _refused(function, value))
        name = next(culprits, "its arguments")
        message = f"{name} cannot be sent to another process: {type(error).__name__}: {error}"
        raise RefusedError(message) from error


def _dumped(function: FunctionType, value: object) -> bytes:
    file = io.BytesIO()
    _Pickler(file, function).dump(value)
    return file.getvalue()


def _refused(function: FunctionType, value: object) -> bool:
    try:
        _dumped(function, value)
    except Exception:  # noqa: BLE001 - as in _pickled, which tells it
        return True
    return False


def _closure(function: FunctionType) -> dict[str, object]:
    names = function.__code__.co_freevars
    closure: dict[str, object] = {}
    for name, cell in zip(names, function.__closure__ or (), strict=True):
        try:
            closure[name] = cell.cell_contents
        except ValueError:
            raise RefusedError(f"variable {name} of its closure has no value yet") from None
    return closure


# --- The child process -------------------------------------------------------------------

#: The code as it is compiled and as it is in memory, of each code object.
_Codes = list[tuple[bytes, bytes]]


class _Child:
    """A process of the running interpreter that answers requests; started when it is asked.

    Args:
        seconds: how long one answer may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: bytes) -> list[_Codes]:
        """Return what ``_specialized`` of the child does: the code after each run of calls.

        Raises:
            RefusedError: the child says why it cannot, or takes too long, or dies.
        """
        if self._process is None:
            self._process = _start()
        answer = self._answer(self._process, request)
        if isinstance(answer, str):
            raise RefusedError(answer)
        return answer

    def _answer(self, process: subprocess.Popen[bytes], request: bytes) -> str | list[_Codes]:
        assert process.stdin is not None
        assert process.stdout is not None
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(self._seconds, expire)
        timer.start()
        try:
            write_frame(process.stdin, request)
            answer = read_frame(process.stdout)
        except BrokenPipeError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            raise RefusedError(self._how_it_ended(process, expired=expired.is_set()))
        known: str | list[_Codes] = pickle.loads(answer)  # noqa: S301 - our own
        return known

    def _how_it_ended(self, process: subprocess.Popen[bytes], *, expired: bool) -> str:
        if expired:
            return (
                f"it ran for more than {self._seconds:g} seconds"
                " (see the setting pycinspect_subprocess_timeout)"
            )
        return f"the child process ended with {process.returncode}"

    def close(self) -> None:
        """End the process; the next request starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError), process:  # which closes the pipes, and waits
                pass


_CHILD = pytest.StashKey[_Child]()


def _start() -> subprocess.Popen[bytes]:
    script = files("pytest_pycinspect").joinpath("specialized", "child.py").read_text("utf-8")
    options = ["-O"] * sys.flags.optimize + ["-B"] * sys.dont_write_bytecode
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_TRACERS)
    }
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, *options, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
