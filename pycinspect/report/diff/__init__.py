"""Comparisons for people and machines, one module a format: ``text``, ``objects`` and ``markdown``.

Text and Markdown say the same: an answer in ``words``, then each code object that differs, its
``details`` and its statements as ``rows``, marked word by word.
"""

from pycinspect.report.diff.markdown import markdown_lines
from pycinspect.report.diff.objects import DIFF_SCHEMA, diff_object
from pycinspect.report.diff.text import chain_lines, diff_lines, stat_lines

__all__ = [
    "DIFF_SCHEMA",
    "chain_lines",
    "diff_lines",
    "diff_object",
    "markdown_lines",
    "stat_lines",
]
