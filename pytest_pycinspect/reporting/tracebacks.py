"""Tracebacks that end where a test called us: what happened inside is no concern of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType

import _pytest
import pluggy
import pytest

from pycinspect.errors import PycInspectError

__all__ = ["shorten"]


def _room(file: str) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(file)), "")


_PLUGIN = _room(os.path.dirname(__file__))
#: The library's frames are hidden where the plugin called it: others test the library itself.
_ROOMS = (_PLUGIN, os.path.join(os.path.dirname(os.path.dirname(_PLUGIN)), "pycinspect", ""))
#: Where nobody looks for a mistake of a test: pytest, and the standard library.
_ELSEWHERE = (_room(_pytest.__file__), _room(pluggy.__file__), _room(os.__file__), "<frozen ")
_PACKAGES = os.path.join("", "site-packages", "")
#: What is raised on purpose, for a test to see. Anything else is a mistake of ours, and shown.
_MEANT = (PycInspectError, AssertionError, ValueError, LookupError, TypeError, OSError)


def shorten(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Leave out our own frames from the traceback of what a test raised.

    Args:
        excinfo: what was raised.

    Returns:
        Whether frames are left that say something: a fixture is called by pytest alone.
    """
    frames = [*_walk(excinfo.tb)]
    first = next((n for n, one in enumerate(frames) if _is_in(one, (_PLUGIN,))), None)
    if first is None or (_is_in(frames[-1], _ROOMS) and not _is_meant(excinfo.value)):
        return True
    kept = frames[:first] + [one for one in frames[first:] if not _is_elsewhere(one)]
    if kept:  # anew: pytest's ``cut`` goes by the links of the interpreter's objects
        excinfo.traceback = type(excinfo.traceback)(_joined(kept))
    _cut_causes(excinfo.value)
    return not all(map(_is_elsewhere, frames))


def _is_meant(error: BaseException) -> bool:
    return isinstance(error, (*_MEANT, pytest.fail.Exception))


def _is_in(one: TracebackType, rooms: tuple[str, ...]) -> bool:
    return one.tb_frame.f_code.co_filename.startswith(rooms)


def _is_elsewhere(one: TracebackType) -> bool:
    """Return whether a frame is not that of a test, and of nothing that it may have written."""
    is_package = _PACKAGES in one.tb_frame.f_code.co_filename and not _is_in(one, _ELSEWHERE[:2])
    return _is_in(one, _ROOMS) or (_is_in(one, _ELSEWHERE) and not is_package)


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _cut_causes(error: BaseException) -> None:
    """Leave out our frames of what an error came from, and what came from nothing else."""
    while (cause := error.__cause__ or error.__context__) is not None:
        kept = [one for one in _walk(cause.__traceback__) if not _is_elsewhere(one)]
        if not kept:
            error.__cause__, error.__suppress_context__ = None, True
            return
        cause.__traceback__ = _joined(kept)
        error = cause


def _joined(frames: list[TracebackType]) -> TracebackType:
    joined: TracebackType | None = None
    for one in reversed(frames):
        joined = TracebackType(joined, one.tb_frame, one.tb_lasti, one.tb_lineno)
    assert joined is not None
    return joined
