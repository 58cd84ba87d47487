"""What was found out before about the same bytes: a cache of results, in the user's directory.

A key is the digest of all that decided a result, and a result is text. Uses ``errors``.
"""

from pycinspect.results.place import Figures, clear, figures, results_directory
from pycinspect.results.store import Results, result_key

__all__ = ["Figures", "Results", "clear", "figures", "result_key", "results_directory"]
