"""What becomes of what a command raises: one line on stderr, and an exit code.

An exception that is not :class:`PycInspectError` is a bug of ours, or of a plugin. It must never
look like an answer, so it has an exit code of its own.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any, TextIO, TypeVar, cast

import click

from pycinspect.errors import PycInspectError, described
from pycinspect.values import visible

__all__ = [
    "Exit",
    "OutputLost",
    "attempted",
    "debug_option",
    "guarded",
    "report_error",
    "report_fault",
    "show_traceback",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_DEBUG = "pycinspect.debug"
_DEBUG_VARIABLE = "PYCINSPECT_DEBUG"


class Exit(IntEnum):
    """The exit codes of every sub-command; of several files the highest counts."""

    CLEAN = 0
    FINDINGS = 1
    TROUBLE = 2
    #: A bug of pycinspect's own, or of a plugin.
    FAULT = 3
    #: What a shell says of a program that SIGINT ended, 128 + 2.
    INTERRUPTED = 130
    #: Likewise SIGPIPE, 128 + 13: nobody reads what is written.
    NO_READER = 141


def debug_option(function: _Command) -> _Command:
    """Add ``--debug``."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_remember_debug,
        help="Show the traceback of an internal error; so does PYCINSPECT_DEBUG=1.",
    )(function)


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001, FBT001 - click's signature
    ctx.meta[_DEBUG] = value or ctx.meta.get(_DEBUG, False)


def _is_debugged() -> bool:
    context = click.get_current_context(silent=True)
    asked = context is not None and context.meta.get(_DEBUG, False)
    return asked or os.environ.get(_DEBUG_VARIABLE, "0") not in {"", "0"}


def report_error(error: PycInspectError) -> None:
    """Print an error as one line on stderr."""
    click.echo(f"pycinspect: {error}", err=True)


def report_fault(error: Exception, subject: str | None = None) -> None:
    """Print a bug as one line on stderr; where that is wanted, after its traceback.

    Args:
        error: what was raised.
        subject: the file that was being read, where it is known.
    """
    show_traceback(error)
    report = "please report it"
    if subject is not None:
        report += f" with this file: {visible(subject)}"
    click.echo(f"pycinspect: internal error: {described(error)}; {report}", err=True)


def show_traceback(error: Exception) -> None:
    """Print where a bug is, if that is wanted."""
    if _is_debugged():
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)


def attempted(
    subject: str,
    do: Callable[[], Exit | None],
    tell: Callable[[PycInspectError], None] | None = None,
) -> Exit:
    """Do something about one of several files, so that the others' turn comes in any case.

    Args:
        subject: the file.
        do: what is done; it may return an exit code.
        tell: writes into an output for machines why it could not be done; without it, an error
            is told on stderr. A bug is always told there.

    Returns:
        The exit code that this file asks for.
    """
    try:
        return do() or Exit.CLEAN
    except PycInspectError as error:
        (tell or report_error)(error if error.path is not None else error.at(subject))
        return Exit.TROUBLE
    except OutputLost:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary between bugs and answers
        report_fault(error, subject)
        if tell is not None:
            tell(PycInspectError("internal-error", described(error), path=subject))
        return Exit.FAULT


@contextmanager
def guarded() -> Iterator[None]:
    """End the process with one line and the right exit code, whatever the block raises."""
    try:
        with _watched_output() as output:
            try:
                yield
            finally:  # what cannot be written must be known before the exit code is
                output.flush()
    except (click.ClickException, click.exceptions.Exit):
        raise
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except PycInspectError as error:
        report_error(error)
        sys.exit(Exit.TROUBLE)
    except OutputLost as lost:
        sys.exit(_output_lost(lost.reason))
    except Exception as error:  # noqa: BLE001 - the boundary between bugs and answers
        report_fault(error)
        sys.exit(Exit.FAULT)


# --- Standard output ---------------------------------------------------------------------------


class OutputLost(Exception):  # noqa: N818 - it is about all of them
    """Standard output takes no more: its reader has gone, or a disk is full.

    Args:
        reason: what it raised. An ``OSError`` itself does not tell whose it is.
    """

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason


class _Output:
    """A stream whose errors are told from all others."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise OutputLost(error) from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputLost(error) from error


@contextmanager
def _watched_output() -> Iterator[TextIO]:
    before = sys.stdout
    # None: it was closed when we were started, and nobody wants what we write.
    stream = open(os.devnull, "w", encoding="utf-8") if before is None else before  # noqa: SIM115
    watched = cast("TextIO", _Output(stream))
    sys.stdout = watched
    try:
        yield watched
    finally:
        sys.stdout = before
        if before is None:
            stream.close()


def _output_lost(error: OSError) -> Exit:
    """Say why nothing more can be written, unless it is that nobody reads it."""
    # The interpreter would try again at its end, and complain (library/signal.html).
    with suppress(OSError, ValueError):  # ValueError: a stream without a descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return Exit.NO_READER
    reason = error.strerror or str(error)
    report_error(PycInspectError("unwritable", reason, path="standard output"))
    return Exit.TROUBLE
