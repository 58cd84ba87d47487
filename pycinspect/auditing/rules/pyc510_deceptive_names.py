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

import unicodedata
from collections.abc import Iterator

from pycinspect.auditing.cachefile import CacheFile
from pycinspect.auditing.findings import Finding, Severity
from pycinspect.auditing.payload import Payload
from pycinspect.auditing.rule import Rule
from pycinspect.pyc import Code
from pycinspect.values import brief

__all__ = ["DeceptiveNames"]

#: Characters; the longest name of the standard libraries, with those around it, has 200.
_LONGEST = 1000
#: Unicode's general categories to what is said of a character.
_KINDS = {
    "Cc": "a control character",
    "Cf": "an invisible character or one that changes the direction of writing",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


class DeceptiveNames(Rule):
    """PYC510."""

    id = "PYC510"
    name = "deceptive-names"
    title = "Names that deceive people or tools"
    severity = Severity.WARNING
    message = "in {qualname}, the name {deceptive} {problem}"

    def check_payload(self, cache: CacheFile, payload: Payload) -> Finding | None:
        """Report the first one."""
        for code in () if payload.code is None else payload.code.walk():
            for name in _names(code):
                problem = _problem(name)
                if problem is not None:
                    where, shown = brief(code.qualname), brief(ascii(name))
                    return self.of_cache(cache, qualname=where, deceptive=shown, problem=problem)
        return None


def _names(code: Code) -> Iterator[str]:
    yield code.name
    yield from code.names
    yield from code.varnames
    yield from code.cellvars
    yield from code.freevars


def _problem(name: str) -> str | None:
    """Return what is wrong with a name; nearly all are short, ASCII and printable."""
    if len(name) > _LONGEST:
        return f"has {len(name):,} characters"
    if name.isascii() and name.isprintable():
        return None
    for character in name:
        kind = _KINDS.get(unicodedata.category(character))
        if kind is not None:
            return f"has {kind}, U+{ord(character):04X}"
    normal = unicodedata.normalize("NFKC", name)
    return None if normal == name else f"is not what the compiler would write, {normal!a}"
