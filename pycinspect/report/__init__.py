"""How does a person, or a machine, read it?

One module a format. Reporters of an audit take findings as they come and keep
none; verdicts, headers and differences are rendered by plain functions. Uses ``auditing``,
``diffing``, ``canonical``, ``disasm``, ``cache``, ``pyc``, ``dialects``, ``errors`` and ``values``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pycinspect.report.base import AuditReporter, Factory, ListsAccepted, ReportContext
from pycinspect.report.github import GithubReporter
from pycinspect.report.gitlab import GitlabReporter
from pycinspect.report.header import SHOW_SCHEMA, header_object, header_text, show_object
from pycinspect.report.json_document import JsonReporter
from pycinspect.report.json_lines import JsonLinesReporter
from pycinspect.report.junit import JunitReporter
from pycinspect.report.markdown import MarkdownReporter
from pycinspect.report.objects import AUDIT_SCHEMA, STATES
from pycinspect.report.sarif import SarifReporter
from pycinspect.report.spool import causes_first
from pycinspect.report.text import TextReporter
from pycinspect.report.verdict import CHECK_SCHEMA, verdict_object, verdict_text
from pycinspect.report.words import NOT_WRAPPED

__all__ = [
    "AUDIT_SCHEMA",
    "CHECK_SCHEMA",
    "NOT_WRAPPED",
    "REPORTERS",
    "SHOW_SCHEMA",
    "STATES",
    "AuditReporter",
    "Factory",
    "ListsAccepted",
    "ReportContext",
    "causes_first",
    "header_object",
    "header_text",
    "show_object",
    "verdict_object",
    "verdict_text",
]

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
