"""What an importer does with the code behind a header that it accepts.

The header's checks come first and decide whether the payload is looked at; from
here on nothing is swallowed: whatever unmarshalling raises reaches the ``import``
statement (``SourceLoader.get_code``, ``_compile_bytecode``).
"""

from __future__ import annotations

from typing import NamedTuple

from pycinspect.cache.importer import Judgement
from pycinspect.cache.verdict import Outcome
from pycinspect.dialects import Dialect
from pycinspect.errors import PycInspectError
from pycinspect.pyc import FAILURES, Code, read_all, unmarshal

__all__ = ["PAYLOAD_LIMIT", "PayloadJudgement", "judge_payload", "payload_exception"]

#: Largest cache, in bytes, whose payload is decoded.
PAYLOAD_LIMIT = 64 * 1024 * 1024


class PayloadJudgement(NamedTuple):
    """A judgement, and whether the payload was decoded for it."""

    judgement: Judgement
    was_read: bool


def judge_payload(judgement: Judgement, path: str, dialect: Dialect) -> PayloadJudgement:
    """Decode a payload that an importer would load, and say what it would raise.

    Args:
        judgement: that of the header, with the outcome LOAD.
        path: the cache.
        dialect: whose importer reads it.

    Returns:
        The same judgement where the payload is a code object, else one with the
        outcome RAISE. Where it cannot be told (another implementation's format, a
        file larger than :data:`PAYLOAD_LIMIT`, a limit of the decoder) the
        judgement stays, and the payload counts as not read.
    """
    if dialect.marshal is None or dialect.header is None or dialect.importer is None:
        return PayloadJudgement(judgement, was_read=False)
    try:
        data = read_all(path, PAYLOAD_LIMIT)
        value, _ = unmarshal(data, dialect, offset=dialect.header.size)
    except OSError:  # it has gone since its header was read
        return PayloadJudgement(judgement, was_read=False)
    except PycInspectError as error:
        exception = payload_exception(error, dialect)
        if exception is None:
            return PayloadJudgement(judgement, was_read=False)
        return PayloadJudgement(_raises(error.slug, str(error), exception), was_read=True)
    if isinstance(value, Code):
        return PayloadJudgement(judgement, was_read=True)
    kind = type(value).__name__
    return PayloadJudgement(_raises("not-code", kind, "ImportError"), was_read=True)


def payload_exception(error: PycInspectError, dialect: Dialect) -> str | None:
    """Return what an import raises where ``unmarshal`` raised ``error``.

    Args:
        error: with the offset in the file, header included.
        dialect: whose importer reads it.

    Returns:
        The name of the exception, None where it cannot be told.
    """
    exception = FAILURES.get(error.slug)
    if dialect.header is None or dialect.importer is None:
        return exception
    if error.offset == dialect.header.size:  # the whole payload, not a part of it
        return dialect.importer.payload_errors.get(error.slug, exception)
    return exception


def _raises(slug: str, actual: str, exception: str) -> Judgement:
    return Judgement(Outcome.RAISE, f"payload-{slug}", "", actual, exception)
