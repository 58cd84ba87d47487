"""The built-in rules, one a file."""

from pycinspect.audit.rule import Rule
from pycinspect.audit.rules.pyc001_short_header import ShortHeader
from pycinspect.audit.rules.pyc002_unknown_magic import UnknownMagic
from pycinspect.audit.rules.pyc003_reserved_flags import ReservedFlags
from pycinspect.audit.rules.pyc004_unreadable_payload import UnreadablePayload
from pycinspect.audit.rules.pyc009_all_zero import AllZero
from pycinspect.audit.rules.pyc101_mtime_differs import MtimeDiffers
from pycinspect.audit.rules.pyc102_size_differs import SizeDiffers
from pycinspect.audit.rules.pyc103_hash_differs import HashDiffers
from pycinspect.audit.rules.pyc104_unchecked_differs import UncheckedDiffers
from pycinspect.audit.rules.pyc106_risk_window import RiskWindow
from pycinspect.audit.rules.pyc107_tree_stale import TreeStale
from pycinspect.audit.rules.pyc109_not_rewritable import NotRewritable
from pycinspect.audit.rules.pyc110_mixed_modes import MixedModes
from pycinspect.audit.rules.pyc111_mtime_wraps import MtimeWraps
from pycinspect.audit.rules.pyc201_orphan import Orphan
from pycinspect.audit.rules.pyc202_sourceless import Sourceless
from pycinspect.audit.rules.pyc203_shadowed import Shadowed
from pycinspect.audit.rules.pyc204_only_pycache import OnlyPycache
from pycinspect.audit.rules.pyc205_missing import Missing
from pycinspect.audit.rules.pyc207_bad_name import BadName
from pycinspect.audit.rules.pyc208_nested import Nested
from pycinspect.audit.rules.pyc209_prefix_orphan import PrefixOrphan
from pycinspect.audit.rules.pyc210_empty_pycache import EmptyPycache
from pycinspect.audit.rules.pyc211_interrupted_write import InterruptedWrite
from pycinspect.audit.rules.pyc301_tag_and_magic import TagAndMagic
from pycinspect.audit.rules.pyc302_other_interpreter import OtherInterpreter
from pycinspect.audit.rules.pyc303_several_pythons import SeveralPythons
from pycinspect.audit.rules.pyc304_wrong_library import WrongLibrary
from pycinspect.audit.rules.pyc305_prerelease import Prerelease
from pycinspect.audit.rules.pyc308_transformed import Transformed
from pycinspect.audit.rules.pyc310_other_implementation import OtherImplementation
from pycinspect.audit.rules.pyc601_world_writable import WorldWritable
from pycinspect.audit.rules.pyc602_more_writers import MoreWriters
from pycinspect.audit.rules.pyc603_symlink import Symlink
from pycinspect.audit.rules.pyc604_hard_link import HardLink
from pycinspect.audit.rules.pyc605_not_a_file import NotAFile
from pycinspect.audit.rules.pyc606_unreadable import Unreadable
from pycinspect.audit.rules.pyc607_odd_mode import OddMode
from pycinspect.audit.rules.pyc801_disk_use import DiskUse
from pycinspect.audit.rules.pyc901_incomplete import Incomplete
from pycinspect.audit.rules.pyc902_rule_failed import RuleFailed
from pycinspect.audit.rules.pyc903_unused_suppression import UnusedSuppression

__all__ = ["BUILT_IN"]

#: Every rule that pycinspect ships, by id.
BUILT_IN: tuple[type[Rule], ...] = (
    ShortHeader,
    UnknownMagic,
    ReservedFlags,
    UnreadablePayload,
    AllZero,
    MtimeDiffers,
    SizeDiffers,
    HashDiffers,
    UncheckedDiffers,
    RiskWindow,
    TreeStale,
    NotRewritable,
    MixedModes,
    MtimeWraps,
    Orphan,
    Sourceless,
    Shadowed,
    OnlyPycache,
    Missing,
    BadName,
    Nested,
    PrefixOrphan,
    EmptyPycache,
    InterruptedWrite,
    TagAndMagic,
    OtherInterpreter,
    SeveralPythons,
    WrongLibrary,
    Prerelease,
    Transformed,
    OtherImplementation,
    WorldWritable,
    MoreWriters,
    Symlink,
    HardLink,
    NotAFile,
    Unreadable,
    OddMode,
    DiskUse,
    Incomplete,
    RuleFailed,
    UnusedSuppression,
)
