"""Findings that wait on disk until they may be shown: a tree can have millions."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from types import NoneType

from pycinspect.auditing import Finding, Rule
from pycinspect.errors import PycInspectError
from pycinspect.report.groups import is_cause
from pycinspect.report.objects import plain

__all__ = ["Spool", "causes_first", "spooling"]

#: Bytes that are held in memory before a file is made.
_IN_MEMORY = 128 * 1024
_SCALARS = (str, int, float, bool, bytes, NoneType)


class Spool:
    """Findings in the order in which they came.

    It is in a file without a name that nobody else can write, so that it can be unpickled.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the spool
        # An audit that fails leaves a report without an end.
        weakref.finalize(self, self._file.close)
        self._count = 0

    def add(self, finding: Finding) -> None:
        """Keep one more."""
        with spooling():
            pickle.dump(finding._replace(data=_portable(finding.data)), self._file)
        self._count += 1

    def __iter__(self) -> Iterator[Finding]:
        """Yield all of them, once."""
        with spooling():
            self._file.seek(0)
        for _ in range(self._count):
            yield pickle.load(self._file)  # noqa: S301 - what add() wrote


@contextmanager
def spooling() -> Iterator[None]:
    """Say what could not be written where the temporary files are.

    Raises:
        PycInspectError: ``unwritable``.
    """
    try:
        yield
    except OSError as error:
        message = f"a temporary file for findings: {error.strerror or error}"
        raise PycInspectError("unwritable", message) from error


def causes_first(findings: Iterable[Finding], rules: Mapping[str, type[Rule]]) -> Iterator[Finding]:
    """Yield findings in their order, but first those that explain a whole tree.

    Args:
        findings: in the order of the audit, in which these come last.
        rules: the classes of the rules, by id.
    """
    others = Spool()
    causes: list[Finding] = []
    for finding in findings:
        if is_cause(finding, rules.get(finding.rule)):
            causes.append(finding)
        else:
            others.add(finding)
    yield from causes
    yield from others


def _portable(data: Mapping[str, object]) -> dict[str, object]:
    """Return a finding's data as values that can be pickled, whatever a plugin put in."""
    return {
        str(key): value if type(value) in _SCALARS else plain(value) for key, value in data.items()
    }
