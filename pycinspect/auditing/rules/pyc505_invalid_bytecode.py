"""What it finds
=============
Instructions that no compiler writes: a jump to where no instruction starts, an index
of a constant, name or variable that there is not, more values taken from the stack
than are on it, an operation that does not exist, a damaged table of exception handlers
or lines.

Why it matters
==============
The interpreter checks nothing of this: it crashes, reads memory that is not its own,
or does what no source says. The way out of the interpreter begins so. Stale and
orphaned caches are reported, too: they were changed as much, and a header is made to
fit in no time. Over the standard libraries of twelve Pythons there is no false alarm.

What to do
==========
Where the finding says that the code decodes without defects as another Python's, its magic
number was changed, or an interpreter with changed opcodes wrote it: compile again. Otherwise
do not import the module. Delete the file, and find out who could write it.
``pycinspect show`` disassembles it without running it.
"""

from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import CodeDefect, Payload
from pycinspect.auditing.readings import OtherReadings
from pycinspect.auditing.rule import Context, Rule
from pycinspect.auditing.rules.pyc901_incomplete import NotLookedAt

__all__ = ["InvalidBytecode"]

_SHOWN = 5

_UNCHECKED = (
    "the opcodes of {name}, or of this pre-release of it, are not known for sure: the"
    " instructions of {caches} were not checked"
)


class InvalidBytecode(Rule):
    """PYC505."""

    id = "PYC505"
    name = "invalid-bytecode"
    title = "Invalid bytecode"
    severity = Severity.SECURITY
    message = "in {qualname} at offset {offset}, {problem}{more}{how}"
    facts = ("defects",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._unchecked = NotLookedAt(context, _UNCHECKED)
        self._readings = OtherReadings(context.policy.dialects)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first defects."""
        if payload.has_code and not payload.is_verifiable:
            self._unchecked.add(cache, payload.dialect.name)
        if not payload.defects:
            return None
        first = payload.defects[0]
        count = len(payload.defects)
        return self.of_cache(
            cache,
            qualname=first.qualname,
            offset=first.defect.offset,
            problem=first.defect.message,
            more=_more(count - 1),
            how=self._readings.told(cache, payload),
            count=count,
            defects=list(map(_described, payload.defects[:_SHOWN])),
        )

    def finish(self) -> Iterator[Finding]:
        """Say, as PYC901, of which Pythons the instructions could not be checked."""
        return self._unchecked.findings()


def _more(count: int) -> str:
    return f", and {count} more defect{'s' if count > 1 else ''}" if count else ""


def _described(found: CodeDefect) -> dict[str, object]:
    defect = found.defect
    return {
        "qualname": found.qualname,
        "slug": defect.slug,
        "message": defect.message,
        "offset": defect.offset,
    }
