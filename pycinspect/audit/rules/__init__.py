"""The built-in rules, one a file."""

from pycinspect.audit.rule import Rule
from pycinspect.audit.rules.pyc101_mtime_differs import MtimeDiffers
from pycinspect.audit.rules.pyc107_tree_stale import TreeStale
from pycinspect.audit.rules.pyc204_only_pycache import OnlyPycache

__all__ = ["BUILT_IN"]

#: Every rule that pycinspect ships, by id.
BUILT_IN: tuple[type[Rule], ...] = (
    MtimeDiffers,
    TreeStale,
    OnlyPycache,
)
