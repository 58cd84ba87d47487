"""The built-in rules, one a file."""

from pycinspect.auditing.rule import Rule
from pycinspect.auditing.rules.pyc001_short_header import ShortHeader
from pycinspect.auditing.rules.pyc002_unknown_magic import UnknownMagic
from pycinspect.auditing.rules.pyc003_reserved_flags import ReservedFlags
from pycinspect.auditing.rules.pyc004_unreadable_payload import UnreadablePayload
from pycinspect.auditing.rules.pyc005_not_code import NotCode
from pycinspect.auditing.rules.pyc006_trailing_bytes import TrailingBytes
from pycinspect.auditing.rules.pyc007_odd_encoding import OddEncoding
from pycinspect.auditing.rules.pyc008_limit import LimitReached
from pycinspect.auditing.rules.pyc009_all_zero import AllZero
from pycinspect.auditing.rules.pyc101_mtime_differs import MtimeDiffers
from pycinspect.auditing.rules.pyc102_size_differs import SizeDiffers
from pycinspect.auditing.rules.pyc103_hash_differs import HashDiffers
from pycinspect.auditing.rules.pyc104_unchecked_differs import UncheckedDiffers
from pycinspect.auditing.rules.pyc106_risk_window import RiskWindow
from pycinspect.auditing.rules.pyc107_tree_stale import TreeStale
from pycinspect.auditing.rules.pyc108_cost import Cost
from pycinspect.auditing.rules.pyc109_not_rewritable import NotRewritable
from pycinspect.auditing.rules.pyc110_mixed_modes import MixedModes
from pycinspect.auditing.rules.pyc111_mtime_wraps import MtimeWraps
from pycinspect.auditing.rules.pyc201_orphan import Orphan
from pycinspect.auditing.rules.pyc202_sourceless import Sourceless
from pycinspect.auditing.rules.pyc203_shadowed import Shadowed
from pycinspect.auditing.rules.pyc204_only_pycache import OnlyPycache
from pycinspect.auditing.rules.pyc205_missing import Missing
from pycinspect.auditing.rules.pyc206_not_compilable import NotCompilable
from pycinspect.auditing.rules.pyc207_bad_name import BadName
from pycinspect.auditing.rules.pyc208_nested import Nested
from pycinspect.auditing.rules.pyc209_prefix_orphan import PrefixOrphan
from pycinspect.auditing.rules.pyc210_empty_pycache import EmptyPycache
from pycinspect.auditing.rules.pyc211_interrupted_write import InterruptedWrite
from pycinspect.auditing.rules.pyc301_tag_and_magic import TagAndMagic
from pycinspect.auditing.rules.pyc302_other_interpreter import OtherInterpreter
from pycinspect.auditing.rules.pyc303_several_pythons import SeveralPythons
from pycinspect.auditing.rules.pyc304_wrong_library import WrongLibrary
from pycinspect.auditing.rules.pyc305_prerelease import Prerelease
from pycinspect.auditing.rules.pyc308_transformed import Transformed
from pycinspect.auditing.rules.pyc310_other_implementation import OtherImplementation
from pycinspect.auditing.rules.pyc505_invalid_bytecode import InvalidBytecode
from pycinspect.auditing.rules.pyc601_world_writable import WorldWritable
from pycinspect.auditing.rules.pyc602_more_writers import MoreWriters
from pycinspect.auditing.rules.pyc603_symlink import Symlink
from pycinspect.auditing.rules.pyc604_hard_link import HardLink
from pycinspect.auditing.rules.pyc605_not_a_file import NotAFile
from pycinspect.auditing.rules.pyc606_unreadable import Unreadable
from pycinspect.auditing.rules.pyc607_odd_mode import OddMode
from pycinspect.auditing.rules.pyc801_disk_use import DiskUse
from pycinspect.auditing.rules.pyc901_incomplete import Incomplete
from pycinspect.auditing.rules.pyc902_internal_error import InternalError
from pycinspect.auditing.rules.pyc903_unused_suppression import UnusedSuppression

__all__ = ["BUILT_IN"]

#: Every rule that pycinspect ships, by id.
BUILT_IN: tuple[type[Rule], ...] = (
    ShortHeader,
    UnknownMagic,
    ReservedFlags,
    UnreadablePayload,
    NotCode,
    TrailingBytes,
    OddEncoding,
    LimitReached,
    AllZero,
    MtimeDiffers,
    SizeDiffers,
    HashDiffers,
    UncheckedDiffers,
    RiskWindow,
    TreeStale,
    Cost,
    NotRewritable,
    MixedModes,
    MtimeWraps,
    Orphan,
    Sourceless,
    Shadowed,
    OnlyPycache,
    Missing,
    NotCompilable,
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
    InvalidBytecode,
    WorldWritable,
    MoreWriters,
    Symlink,
    HardLink,
    NotAFile,
    Unreadable,
    OddMode,
    DiskUse,
    Incomplete,
    InternalError,
    UnusedSuppression,
)
