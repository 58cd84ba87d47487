"""Compiling a source without running it."""

from __future__ import annotations

import marshal
import re
import subprocess
import warnings
from binascii import hexlify, unhexlify
from importlib.resources import files

from pycinspect.compiling.child import COMPILED, REFUSED
from pycinspect.compiling.interpreter import SAFE_PATH, Interpreter
from pycinspect.dialects import DIALECTS
from pycinspect.errors import PycInspectError
from pycinspect.pyc import CodeFile, read_marshalled

__all__ = ["COMPILE_SECONDS", "compile_source"]

#: How long another interpreter may take; the largest sources need a few seconds.
COMPILE_SECONDS = 60.0

#: What compile() raises on bad source.
_REFUSALS = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
_HIGHEST_LEVEL = 2

#: What the child writes; a shell script in the interpreter's place may write anything.
_ANSWER = re.compile(rb"(?:[0-9a-f]{2})+")
_REFUSAL = re.compile(rb"([0-9]{1,10}) (.*)", re.DOTALL)


def compile_source(
    source: bytes,
    filename: str,
    *,
    interpreter: Interpreter | None = None,
    optimize: int = 0,
    seconds: float = COMPILE_SECONDS,
) -> CodeFile:
    """Compile a source, and read what the compiler made of it.

    Args:
        source: the bytes of the file; the compiler decodes them.
        filename: what code objects say that they come from.
        interpreter: who compiles; None is the running one.
        optimize: how often ``-O`` is given.
        seconds: how long another interpreter may take.

    Returns:
        The code behind a header without time and size. Nothing of the source is run.

    Raises:
        PycInspectError: ``does-not-compile`` with the line, ``compile-timeout``,
            ``no-interpreter`` where the other one cannot be started, ``interpreter-failed``
            where it dies, or what ``read_marshalled`` raises where its bytecode cannot be read.
    """
    level = min(optimize, _HIGHEST_LEVEL)
    if interpreter is None:
        return read_marshalled(_compiled_here(source, filename, level), DIALECTS.running())
    payload = _compiled_there(source, filename, level, interpreter, seconds)
    return read_marshalled(payload, interpreter.dialect)


def _compiled_here(source: bytes, filename: str, level: int) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(source, filename, "exec", dont_inherit=True, optimize=level)
            return marshal.dumps(code)
    except _REFUSALS as error:
        line = getattr(error, "lineno", None)
        message = getattr(error, "msg", None) or str(error)
        raise _refused(line, f"{type(error).__name__}: {message}", filename) from error


def _refused(line: int | None, message: str, filename: str) -> PycInspectError:
    return PycInspectError("does-not-compile", message, path=filename, line=line or None)


def _compiled_there(
    source: bytes, filename: str, level: int, interpreter: Interpreter, seconds: float
) -> bytes:
    # Optimization by option and not by argument: compile() has had one only since 3.2.
    options = [*interpreter.isolation, "-W", "ignore", *["-O"] * level]
    request = _request(source, filename)
    try:
        child = subprocess.run(  # noqa: S603 - the interpreter that the user asked for
            [interpreter.path, *options, "-c", _child_script()],
            input=request,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"{interpreter.path} took more than {seconds:g} seconds"
        raise PycInspectError("compile-timeout", message, path=filename) from None
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{interpreter.path} cannot be started: {reason}"
        raise PycInspectError("no-interpreter", message, path=filename) from error
    return _answer(child, filename, interpreter)


def _request(source: bytes, filename: str) -> bytes:
    try:
        name = filename.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:  # compile() refuses it, too
        raise _refused(None, f"UnicodeEncodeError: {error}", filename) from error
    return hexlify(name) + b"\n" + hexlify(source) + b"\n"


def _child_script() -> str:
    return SAFE_PATH + files("pycinspect.compiling").joinpath("child.py").read_text("utf-8")


def _answer(
    child: subprocess.CompletedProcess[bytes], filename: str, interpreter: Interpreter
) -> bytes:
    """Return what the child made, or raise what it said."""
    answer = _ANSWER.fullmatch(child.stdout.strip())
    if answer is not None and child.returncode == COMPILED:
        return unhexlify(answer[0])
    refusal = None if answer is None else _REFUSAL.fullmatch(unhexlify(answer[0]))
    if refusal is not None and child.returncode == REFUSED:
        raise _refused(int(refusal[1]), refusal[2].decode("utf-8", "replace"), filename)
    said = child.stderr.decode("utf-8", "replace").strip().splitlines()
    why = f"it ended with {child.returncode}{': ' + said[-1] if said else ''}"
    message = f"{interpreter.path} failed on this source: {why}"
    raise PycInspectError("interpreter-failed", message, path=filename)
