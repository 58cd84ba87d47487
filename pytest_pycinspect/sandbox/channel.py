"""The way from a child to the sandbox, while it runs: a moment is told, and answered."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, NamedTuple

from pytest_pycinspect.sandbox.moments import Elsewhere, Moment, parse_moment

__all__ = ["Ends", "Hear", "Hearing", "listening"]

#: Takes a moment; returns the path of the source that is to be compiled, see ``record.Record.hear``.
Hear = Callable[[Moment], str | None]

#: What the sandbox writes to its own ear when the child has ended: somebody whom that has started may
#: still hold the other end.
_END = b"end\n"


class Ends(NamedTuple):
    """The two descriptors that a child gets: one that it tells to, and one for answers."""

    out: int
    back: int

    def names(self) -> tuple[int, int]:
        """Return what the child knows them by."""
        if sys.platform == "win32":
            import msvcrt

            return msvcrt.get_osfhandle(self.out), msvcrt.get_osfhandle(self.back)
        return self.out, self.back

    def options(self) -> dict[str, Any]:
        """Return what ``subprocess`` is told, so that the child gets them."""
        if sys.platform == "win32":
            for handle in self.names():
                os.set_handle_inheritable(handle, True)  # noqa: FBT003
            return {"close_fds": False}
        return {"pass_fds": self.names()}


@dataclass(slots=True)
class Hearing:
    """Keeps from a program that is watched what goes wrong where it is heard.

    Args:
        hear: who is told.
        failed: what that raised first; the program then goes on unheard.
    """

    hear: Hear
    failed: BaseException | None = None

    def __call__(self, moment: Moment) -> str | None:
        """Tell a moment; return the answer, None where hearing has failed."""
        if self.failed is not None:
            return None
        try:
            return self.hear(moment)
        except BaseException as error:  # noqa: BLE001 - raised by :meth:`check`
            self.failed = error
            return None

    def check(self) -> None:
        """Raise what went wrong."""
        if self.failed is not None:
            raise self.failed


@dataclass(slots=True)
class _Listener:
    """Answers a child, in a thread of its own.

    Args:
        hearing: who is told.
        ear: the descriptor that moments come from.
        mouth: the one for answers.
        is_spoiled: the program itself has written there: what it says further is not to be trusted.
    """

    hearing: Hearing
    ear: int
    mouth: int
    is_spoiled: bool = False
    _rest: bytes = field(default=b"")

    def run(self) -> None:
        for line in self._lines():
            moment = None if self.is_spoiled else _parsed(line)
            self.is_spoiled |= moment is None
            answer = None if moment is None else self.hearing(moment)
            if not isinstance(moment, Elsewhere):  # who told that does not wait
                self._say(answer)

    def _say(self, answer: str | None) -> None:
        text = "None" if answer is None else f"u{answer!r}"  # 2.7 reads text of any language so
        try:
            os.write(self.mouth, f"{text}\n".encode("ascii", "backslashreplace"))
        except BrokenPipeError:  # it has ended meanwhile
            return

    def _lines(self) -> Iterator[bytes]:
        while True:
            line, is_whole, rest = self._rest.partition(b"\n")
            if is_whole:
                self._rest = rest
                if line + is_whole == _END:
                    return
                yield line
            else:
                part = os.read(self.ear, 65536)
                if not part:
                    return
                self._rest += part


def _parsed(line: bytes) -> Moment | None:
    try:
        return parse_moment(line)
    except (ValueError, SyntaxError, TypeError, KeyError):  # no witness says that
        return None


@contextmanager
def listening(hear: Hear | None) -> Iterator[Ends | None]:
    """Listen to a child while the block runs.

    Args:
        hear: who is told of each moment; None where nobody listens.

    Yields:
        What the child is given.

    Raises:
        Exception: what ``hear`` raised.
    """
    if hear is None:
        yield None
        return
    ear, out = os.pipe()
    back, mouth = os.pipe()
    hearing = Hearing(hear)
    thread = Thread(
        target=_Listener(hearing, ear, mouth).run, name="pycinspect-sandbox", daemon=True
    )
    thread.start()
    try:
        yield Ends(out, back)
    finally:
        os.write(out, _END)
        thread.join()
        for descriptor in (ear, out, back, mouth):
            os.close(descriptor)
    hearing.check()
