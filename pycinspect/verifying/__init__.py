"""Is a cache what its source says?

The source is compiled again, by the interpreter that wrote the cache where one is installed, and
both are compared, from the bytes down to what the code means: the answer is a rung of a ladder.
Nothing of the source or the cache is run. Uses ``diffing``, ``compiling``, ``canonical``,
``cache``, ``pyc``, ``dialects``, ``errors`` and ``values``.
"""

from pycinspect.verifying.comparing import Comparison, compared
from pycinspect.verifying.rungs import REASONS, Difference, Rung, Verification, told
from pycinspect.verifying.verifier import Verifier, verify_source

__all__ = [
    "REASONS",
    "Comparison",
    "Difference",
    "Rung",
    "Verification",
    "Verifier",
    "compared",
    "told",
    "verify_source",
]
