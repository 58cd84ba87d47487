"""Runs inside a process of a pool: takes pieces of work from standard input, answers them.

Both ways, a frame is its length in four bytes and then so many bytes. The first one that comes is
what the function is made with that does the work; an empty one goes back when it is ready. The end
of the input ends the process.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import IO

__all__ = ["main", "read_frame", "write_frame"]

_LENGTH = 4


def main(factory: str) -> None:
    """Serve until there is nothing more to do.

    Args:
        factory: ``module:function``, which makes the function that does the work.
    """
    # Ctrl-C goes to all processes of a terminal; who started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else gets between the answers
    module, _, function = factory.partition(":")
    first = read_frame(sys.stdin.buffer)
    if first is None:
        return
    work = getattr(import_module(module), function)(first)
    write_frame(answers, b"")
    while (item := read_frame(sys.stdin.buffer)) is not None:
        write_frame(answers, work(item))


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame, None where the stream ends before or in it."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    size = int.from_bytes(head, "big")
    content = stream.read(size)
    return content if len(content) == size else None


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """Write a frame.

    Raises:
        OSError: nobody reads them any more.
    """
    stream.write(len(content).to_bytes(_LENGTH, "big") + content)
    stream.flush()
