"""What an importer does with the code after a header that it accepts.

The header's checks come first and decide whether the payload is looked at; from
here on nothing is swallowed: whatever unmarshalling raises reaches the ``import``
statement (``SourceLoader.get_code``, ``_compile_bytecode``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pycinspect.cache.importer import Judgement
from pycinspect.cache.verdict import Outcome
from pycinspect.cache.view import View
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import FAILURES, Code, unmarshal

__all__ = [
    "PAYLOAD_LIMIT",
    "PayloadJudgement",
    "judge_bytes",
    "judge_failure",
    "judge_payload",
    "payload_exception",
]

#: Largest cache, in bytes, whose payload is decoded.
PAYLOAD_LIMIT = 64 * 1024 * 1024
#: importlib/_bootstrap_external.py: _compile_bytecode, "Non-code object in ...".
_NOT_CODE = "ImportError"


class PayloadJudgement(NamedTuple):
    """A judgement, and whether the payload was decoded for it."""

    judgement: Judgement
    was_read: bool


def judge_payload(
    judgement: Judgement, path: str, dialect: Dialect, view: View
) -> PayloadJudgement:
    """Decode a payload that an importer would load, and say what it would raise.

    Args:
        judgement: that of the header, with the outcome LOAD.
        path: the cache.
        dialect: whose importer reads it.
        view: the file system that it sees.

    Returns:
        The same judgement where the payload is a code object, else one with the
        outcome RAISE. Where it cannot be told (another implementation's format, a
        file larger than :data:`PAYLOAD_LIMIT`, a limit of the decoder) the
        judgement stays, and the payload counts as not read.
    """
    try:
        data = view.read_all(path, PAYLOAD_LIMIT)
    except (OSError, PycInspectError):  # it has gone since its header was read, or is too large
        return PayloadJudgement(judgement, was_read=False)
    return judge_bytes(judgement, data, dialect)


def judge_bytes(
    judgement: Judgement,
    data: bytes,
    dialect: Dialect,
    errors: Mapping[str, str] | None = None,
) -> PayloadJudgement:
    """Do the same with the bytes of a cache, header included.

    Args:
        judgement: that of the header, with the outcome LOAD.
        data: the whole cache.
        dialect: whose importer reads it.
        errors: what it raises for a payload as a whole, by slug, where that is not what
            the importer of directories raises.
    """
    if dialect.marshal is None or dialect.header is None or dialect.importer is None:
        return PayloadJudgement(judgement, was_read=False)
    try:
        value, _ = unmarshal(data, dialect, offset=dialect.header.size)
    except PycInspectError as error:
        raised = judge_failure(error, dialect, errors)
        return PayloadJudgement(raised or judgement, was_read=raised is not None)
    if isinstance(value, Code):
        return PayloadJudgement(judgement, was_read=True)
    kind = type(value).__name__
    exception = (errors or {}).get("not-code", _NOT_CODE)
    return PayloadJudgement(_raises("not-code", kind, exception), was_read=True)


def judge_failure(
    error: PycInspectError, dialect: Dialect, errors: Mapping[str, str] | None = None
) -> Judgement | None:
    """Return what an importer makes of a payload that cannot be decoded.

    Args:
        error: why, with the offset in the file, header included.
        dialect: whose importer reads it.
        errors: as for :func:`judge_bytes`.

    Returns:
        A judgement with the outcome RAISE; None where it cannot be told.
    """
    exception = payload_exception(error, dialect, errors)
    return None if exception is None else _raises(error.slug, str(error), exception)


def payload_exception(
    error: PycInspectError, dialect: Dialect, errors: Mapping[str, str] | None = None
) -> str | None:
    """Return what an import raises where ``unmarshal`` raised ``error``.

    Args:
        error: with the offset in the file, header included.
        dialect: whose importer reads it.
        errors: as for :func:`judge_bytes`.

    Returns:
        The name of the exception, None where it cannot be told.
    """
    exception = FAILURES.get(error.slug)
    if dialect.header is None or dialect.importer is None:
        return exception
    if error.offset == dialect.header.size:  # the whole payload, not a part of it
        of_whole = dialect.importer.payload_errors if errors is None else errors
        return of_whole.get(error.slug, exception)
    return exception


def _raises(slug: str, actual: str, exception: str) -> Judgement:
    return Judgement(Outcome.RAISE, f"payload-{slug}", "", actual, exception)
