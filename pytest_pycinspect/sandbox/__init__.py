"""What does the importer do with its caches?

The ``pycache`` fixture and its values. Uses ``pycinspect``'s rooms; nothing else of the plugin.
"""

from pytest_pycinspect.sandbox.audit import PycacheAudit
from pytest_pycinspect.sandbox.cachefile import CacheFile
from pytest_pycinspect.sandbox.event import CacheEvent, Run, SandboxDisagreement, Why
from pytest_pycinspect.sandbox.pycache import Pycache
from pytest_pycinspect.sandbox.snapshot import Changes

__all__ = [
    "CacheEvent",
    "CacheFile",
    "Changes",
    "Pycache",
    "PycacheAudit",
    "Run",
    "SandboxDisagreement",
    "Why",
]
