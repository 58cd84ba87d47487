r"""What it finds
=============
Names in the code, of functions, variables, attributes or modules, that no source gives, or that
are not what they look like: with control characters, invisible characters or such as change the
direction of writing, lone surrogates, not in the form to which the compiler brings every name
(NFKC), or with more than a thousand characters.

Why it matters
==============
Tools for people print names. A name with ``\x1b`` moves the cursor of a terminal, one with U+202E
turns round what follows, one without its normal form looks like another that it is not, and one of
a megabyte fills the screen; lone surrogates make other tools fail as they print. Reports of
pycinspect escape all of them. The compiler makes none (PEP 3131): code was changed, or generated.

What to do
==========
Look at the code object that the finding names (``pycinspect show``) and at what wrote the file.
Names in a path (``co_filename``) are not meant: directories may have any.
"""

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule

__all__ = ["DeceptiveNames"]


class DeceptiveNames(Rule):
    """PYC510."""

    id = "PYC510"
    name = "deceptive-names"
    title = "Names that deceive people or tools"
    severity = Severity.WARNING
    message = "in {qualname}, the name {deceptive} {problem}"
    facts = ("deceptive",)

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first one."""
        found = payload.deceptive
        if found is None:
            return None
        return self.of_cache(
            cache, qualname=found.qualname, deceptive=found.name, problem=found.problem
        )
