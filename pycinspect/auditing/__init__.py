"""Is this tree healthy?

Walks trees of caches, asks for each what its importer would do, and lets rules
say what is wrong. Uses ``cache``, ``pyc``, ``dialects``, ``writing``, ``errors``,
``values``.
"""

from pycinspect.auditing.baseline import Accepted, Baseline
from pycinspect.auditing.cachefile import Alike, CacheFile
from pycinspect.auditing.engine import Audit
from pycinspect.auditing.findings import Assumed, Finding, Reason, Severity, Summary
from pycinspect.auditing.policy import (
    PROFILES,
    PathIgnore,
    Policy,
    Profile,
    Selection,
    require_rules,
)
from pycinspect.auditing.rule import HEADINGS, Context, Rule
from pycinspect.auditing.selecting import ALL, strength
from pycinspect.auditing.settings import Settings, SettingsFile
from pycinspect.auditing.walk import CacheDirectory, Directory

__all__ = [
    "ALL",
    "HEADINGS",
    "PROFILES",
    "Accepted",
    "Alike",
    "Assumed",
    "Audit",
    "Baseline",
    "CacheDirectory",
    "CacheFile",
    "Context",
    "Directory",
    "Finding",
    "PathIgnore",
    "Policy",
    "Profile",
    "Reason",
    "Rule",
    "Selection",
    "Settings",
    "SettingsFile",
    "Severity",
    "Summary",
    "require_rules",
    "strength",
]
