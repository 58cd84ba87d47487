"""Functions that processes of a pool are made with."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Event

__all__ = ["echo", "fails", "reader_that_dies"]


def echo(argument: bytes) -> Callable[[bytes], bytes]:
    """Return what answers with the argument and the item; ``die`` ends it, ``hang`` never ends."""

    def work(item: bytes) -> bytes:
        if item == b"die":
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        if item == b"leave":
            os._exit(3)
        if item == b"hang":
            Event().wait()
        print("a print is no answer", item)
        sys.stdout.flush()
        return argument + item

    return work


def fails(argument: bytes) -> Callable[[bytes], bytes]:
    """Fail before there is any work."""
    raise ValueError(argument)


def reader_that_dies(plan: bytes) -> Callable[[bytes], bytes]:
    """Return the audit's reader, which some caches kill."""
    from pycinspect.auditing.ahead import reader

    read = reader(plan)

    def work(item: bytes) -> bytes:
        if b"victim" in item:
            os._exit(9)
        return read(item)

    return work
