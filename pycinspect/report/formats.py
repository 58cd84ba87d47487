"""The formats of an audit's report, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.report.base import Factory
from pycinspect.report.github import GithubReporter
from pycinspect.report.gitlab import GitlabReporter
from pycinspect.report.json_document import JsonReporter
from pycinspect.report.json_lines import JsonLinesReporter
from pycinspect.report.junit import JunitReporter
from pycinspect.report.markdown import MarkdownReporter
from pycinspect.report.sarif import SarifReporter
from pycinspect.report.text import TextReporter

__all__ = ["REPORTERS"]

#: What makes the reporters of an audit, by the name of the format.
REPORTERS: Mapping[str, Factory] = MappingProxyType(
    {
        "text": TextReporter,
        "json": JsonReporter,
        "jsonl": JsonLinesReporter,
        "sarif": SarifReporter,
        "github": GithubReporter,
        "gitlab": GitlabReporter,
        "junit": JunitReporter,
        "markdown": MarkdownReporter,
    }
)
