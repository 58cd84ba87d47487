"""Goldens in the source of a test: ``assert bytecode_of(f) == snapshot()``."""

from __future__ import annotations

import os
from inspect import currentframe
from itertools import islice
from types import FrameType

from pycinspect.errors import PycInspectError
from pytest_pycinspect.bytecode import Bytecode
from pytest_pycinspect.expect import Failure
from pytest_pycinspect.golden.file import shown
from pytest_pycinspect.golden.goldens import Goldens, Recorded
from pytest_pycinspect.golden.inline import CallEnd, golden_of, read_source
from pytest_pycinspect.golden.places import GoldenPlace
from pytest_pycinspect.golden.session import begin
from pytest_pycinspect.session import ITEM

__all__ = ["BytecodeSnapshot", "snapshot"]


class BytecodeSnapshot(Recorded):
    """What ``snapshot`` returns: equal to the bytecode that its text records.

    Args:
        text: what was recorded.
        call: where ``snapshot`` was called: path, line, and where the call ends, if that is known.
    """

    def __init__(self, text: str, call: tuple[str, int, CallEnd | None]) -> None:
        super().__init__()
        self._text = text
        self._path, self._line, self._end = call

    def __repr__(self) -> str:
        return f"<snapshot of {shown(self._path)}:{self._line}>"

    def compare(self, code: Bytecode) -> Failure | None:
        """Return what is wrong with code, None where it is as recorded or will be recorded."""
        item = ITEM.get(None)
        goldens = Goldens() if item is None else begin(item.config).goldens
        file = golden_of(shown(self._path), self._line, self._text, code.view)
        return goldens.compare_inline(self._place() if goldens.update else None, file, code)

    def _place(self) -> GoldenPlace:
        """Return where it is, which is needed to write it.

        Raises:
            PycInspectError: ``snapshot-not-placed``.
        """
        source = read_source(self._path)
        end = self._end
        if end is None:
            end = source.call_in(self._line)
        if source.argument(end).value != self._text:
            message = f"the snapshot in line {self._line} is not what ran: was the file changed?"
            raise PycInspectError("snapshot-not-placed", message, path=shown(self._path))
        return GoldenPlace(self._path, str(end), end.line)


def snapshot(text: str = "", /) -> BytecodeSnapshot:
    """Return what bytecode was when it was last looked at, from the call's own argument.

    ``pytest --pycinspect-update`` writes the argument: it is empty at first. A golden for several
    tests, or for several values of one, is ``bytecode_golden``.

    Args:
        text: what a section of a ``*.bytecode`` file says.

    Returns:
        What is equal to the bytecode that is recorded. Comparing raises ``PycInspectError``,
        if the argument is to be written and cannot: it is not a literal, the code is in no file.

    Example::

        from pytest_pycinspect import snapshot

        def test_it(bytecode_of):
            assert bytecode_of(total) == snapshot()
    """
    here = currentframe()
    assert here is not None  # in CPython and PyPy there always is one
    assert here.f_back is not None
    return BytecodeSnapshot(text, _call_of(here.f_back))


def _call_of(frame: FrameType) -> tuple[str, int, CallEnd | None]:
    """Return the file, line and end of the call that a frame is in."""
    positions = frame.f_code.co_positions()
    _, line, _, column = next(islice(positions, frame.f_lasti // 2, None), (None,) * 4)
    end = None if line is None or column is None else CallEnd(line, column)
    return os.path.abspath(frame.f_code.co_filename), frame.f_lineno, end
