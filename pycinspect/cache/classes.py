"""Would Jython use this class file? The rule of ``org/python/core/imp.java``.

``loadFromSource`` compares the times of the two files, ``createFromPyClass`` reads the annotations and
compares API version and MTime, and what Java then does not load is compiled again, if there is a source.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.cache.importer import Judgement
from pycinspect.cache.verdict import Outcome
from pycinspect.dialects import ClassRules
from pycinspect.errors import PycInspectError
from pycinspect.jvm import parse_class, read_annotations

__all__ = ["judge_class", "milliseconds"]

_NANOSECONDS = 10**6
_UNKNOWN = -1
_RAISED_ALONE: Mapping[str, str] = MappingProxyType(
    {"class-api-version": "ImportError", "class-cut-short": "ImportError"}
)
_FORMAT_ERROR = "java.lang.ClassFormatError"
_FINAL_FIELDS = "java.lang.IllegalAccessError"
_TOO_OLD = "java.lang.VerifyError"
_TOO_NEW = "java.lang.UnsupportedClassVersionError"


def milliseconds(status: os.stat_result) -> int:
    """Return a file's time as ``java.io.File.lastModified``: whole milliseconds, rounded down."""
    return status.st_mtime_ns // _NANOSECONDS


def judge_class(
    data: bytes, rules: ClassRules, class_time: int, source_time: int | None
) -> Judgement:
    """Decide what Jython does with a class file.

    Args:
        data: the file.
        rules: its importer's numbers.
        class_time: the file's own time in milliseconds.
        source_time: that of its source; None where there is none.

    Returns:
        LOAD, RECOMPILE or RAISE. That Java's verifier accepts the instructions is not looked at.
    """
    if source_time is not None and class_time < source_time:
        return Judgement(Outcome.RECOMPILE, "class-is-older", str(source_time), str(class_time))
    found = read_annotations(data, rules.newest_read)
    if found.failure not in (None, "IOException"):
        exception = f"java.lang.{found.failure}"
        return Judgement(Outcome.RAISE, "class-not-readable", exception=exception)
    if found.failure is not None:
        return _refused("class-cut-short", source_time)
    if found.api_version != rules.api_version:
        wanted, actual = str(rules.api_version), str(found.api_version)
        return _refused("class-api-version", source_time, wanted, actual)
    if source_time is not None and _is_later(found.mtime, source_time, rules):
        wanted, actual = str(source_time), str(found.mtime)
        return Judgement(Outcome.RECOMPILE, "class-records-later", wanted, actual)
    return _judge_linkage(data, rules, source_time)


def _is_later(recorded: int, source_time: int, rules: ClassRules) -> bool:
    """Compare as Java's long: a difference of more than 63 bits wraps around."""
    if source_time == _UNKNOWN:
        return False
    difference = (recorded - source_time + 2**63) % 2**64 - 2**63
    return difference > rules.tolerance


def _refused(
    reason: str, source_time: int | None, expected: str = "", actual: str = ""
) -> Judgement:
    if source_time is not None:
        return Judgement(Outcome.RECOMPILE, reason, expected, actual)
    return Judgement(Outcome.RAISE, reason, expected, actual, _RAISED_ALONE[reason])


def _judge_linkage(data: bytes, rules: ClassRules, source_time: int | None) -> Judgement:
    """Say what Java does with a class whose annotations are right, as far as its format tells."""
    exception, why = _linkage_error(data, rules)
    if exception is None:
        return Judgement(Outcome.LOAD, "sourceless" if source_time is None else "class-is-fresh")
    if source_time is not None:
        return Judgement(Outcome.RECOMPILE, "class-does-not-load", "", why)
    return Judgement(Outcome.RAISE, "class-does-not-load", "", why, exception)


def _linkage_error(data: bytes, rules: ClassRules) -> tuple[str | None, str]:
    try:
        java = parse_class(data)
    except PycInspectError as error:
        return _FORMAT_ERROR, error.message
    major, _ = java.version
    if major in rules.loaded:
        return None, ""
    return _of_version(major, rules), f"it is of the format's version {major}"


def _of_version(major: int, rules: ClassRules) -> str:
    if major < min(rules.loaded):
        return _TOO_OLD
    return _TOO_NEW if major > rules.newest_java else _FINAL_FIELDS
