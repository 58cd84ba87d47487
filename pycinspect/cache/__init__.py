"""Would the importer use it?

Where caches live, which file wins, what the importer decides, and what it
writes: for every dialect, by the rules in its row. Uses ``pyc``, ``dialects``,
``errors`` and ``values``; nothing here imports or runs a subject.
"""

from pycinspect.cache.assemblies import dialect_of_assembly, judge_assembly
from pycinspect.cache.classes import judge_class, milliseconds
from pycinspect.cache.compilable import (
    Compilable,
    Refusal,
    SourceCompiler,
    compilable,
    undecodable,
)
from pycinspect.cache.environment import parse_environment, read_environment
from pycinspect.cache.finder import (
    Listing,
    SearchOrder,
    find_in_listing,
    find_init,
    find_module,
    package_of,
    residence,
    search_order,
)
from pycinspect.cache.image import IMAGE_PATH, python_of_image
from pycinspect.cache.importer import (
    CacheBytes,
    Judgement,
    Subject,
    expected_header,
    header_maker,
    judge_cache,
    judge_sourceless,
    mtime_overflows,
    source_mtime,
    unreadable_source,
    why_never,
)
from pycinspect.cache.judge import SOURCE_LIMIT, judge, judge_module
from pycinspect.cache.location import cache_from_source, source_from_cache
from pycinspect.cache.mounting import ARCHIVES, containers_in, mounted, view_of
from pycinspect.cache.mpymodules import MPY_SUFFIX, dialect_of_mpy, judge_mpy
from pycinspect.cache.naming import level_of, module_objection, reader_objection, split_dotted
from pycinspect.cache.options import ImportOptions, options_from_environment
from pycinspect.cache.payload import PAYLOAD_LIMIT, judge_failure, payload_exception
from pycinspect.cache.platform import LINUX, MACOS, WINDOWS, Platform, running_platform
from pycinspect.cache.sourcehash import NOT_COMPARED, hash_differs, source_hash
from pycinspect.cache.sourcetext import SourceText, source_lines, source_text
from pycinspect.cache.target import judge_target
from pycinspect.cache.transformers import Transformer, transformer_of
from pycinspect.cache.verdict import REASONS, Comparison, FinderKind, Found, Outcome, Verdict, Write
from pycinspect.cache.view import HERE, ArchivePlace, Entry, User, View, find_user, named_view
from pycinspect.cache.writer import Hindrance, plan_write, why_not_written
from pycinspect.cache.zipped import ZipTarget, judge_in_zip, zip_target

__all__ = [
    "ARCHIVES",
    "HERE",
    "IMAGE_PATH",
    "LINUX",
    "MACOS",
    "MPY_SUFFIX",
    "NOT_COMPARED",
    "PAYLOAD_LIMIT",
    "REASONS",
    "SOURCE_LIMIT",
    "WINDOWS",
    "ArchivePlace",
    "CacheBytes",
    "Comparison",
    "Compilable",
    "Entry",
    "FinderKind",
    "Found",
    "Hindrance",
    "ImportOptions",
    "Judgement",
    "Listing",
    "Outcome",
    "Platform",
    "Refusal",
    "SearchOrder",
    "SourceCompiler",
    "SourceText",
    "Subject",
    "Transformer",
    "User",
    "Verdict",
    "View",
    "Write",
    "ZipTarget",
    "cache_from_source",
    "compilable",
    "containers_in",
    "dialect_of_assembly",
    "dialect_of_mpy",
    "expected_header",
    "find_in_listing",
    "find_init",
    "find_module",
    "find_user",
    "hash_differs",
    "header_maker",
    "judge",
    "judge_assembly",
    "judge_cache",
    "judge_class",
    "judge_failure",
    "judge_in_zip",
    "judge_module",
    "judge_mpy",
    "judge_sourceless",
    "judge_target",
    "level_of",
    "milliseconds",
    "module_objection",
    "mounted",
    "mtime_overflows",
    "named_view",
    "options_from_environment",
    "package_of",
    "parse_environment",
    "payload_exception",
    "plan_write",
    "python_of_image",
    "read_environment",
    "reader_objection",
    "residence",
    "running_platform",
    "search_order",
    "source_from_cache",
    "source_hash",
    "source_lines",
    "source_mtime",
    "source_text",
    "split_dotted",
    "transformer_of",
    "undecodable",
    "unreadable_source",
    "view_of",
    "why_never",
    "why_not_written",
    "zip_target",
]
