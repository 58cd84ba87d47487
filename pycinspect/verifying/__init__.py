"""Is a cache what its source says?

The source is compiled again, by the interpreter that wrote the cache where one is installed, and
both are compared, from the bytes down to what the code means: the answer is a rung of a ladder.
Nothing of the source or the cache is run. Who compares is in ``verifier``, which costs more to
import. Uses ``diffing``, ``compiling``, ``canonical``, ``cache``, ``pyc``, ``dialects``, ``errors``
and ``values``.
"""

from pycinspect.verifying.rungs import REASONS, Difference, Rung, Verification, told, transformed
from pycinspect.verifying.statements import OtherStatements, other_statements

__all__ = [
    "REASONS",
    "Difference",
    "OtherStatements",
    "Rung",
    "Verification",
    "other_statements",
    "told",
    "transformed",
]
