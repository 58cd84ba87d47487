"""Would the importer use it?

Where caches live, which file wins, what the importer decides, and what it
writes: for every dialect, by the rules in its row. Uses ``pyc``, ``dialects``,
``errors`` and ``values``; nothing here imports or runs a subject.
"""

from pycinspect.cache.compilable import (
    Compilable,
    Refusal,
    SourceCompiler,
    compilable,
    undecodable,
)
from pycinspect.cache.finder import find_module
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
)
from pycinspect.cache.judge import SOURCE_LIMIT, judge, judge_module
from pycinspect.cache.location import cache_from_source, source_from_cache
from pycinspect.cache.options import ImportOptions, options_from_environment
from pycinspect.cache.payload import PAYLOAD_LIMIT, payload_exception
from pycinspect.cache.platform import LINUX, MACOS, WINDOWS, Platform, running_platform
from pycinspect.cache.sourcehash import source_hash
from pycinspect.cache.target import judge_target
from pycinspect.cache.verdict import REASONS, FinderKind, Found, Outcome, Verdict, Write
from pycinspect.cache.writer import can_write, plan_write

__all__ = [
    "LINUX",
    "MACOS",
    "PAYLOAD_LIMIT",
    "REASONS",
    "SOURCE_LIMIT",
    "WINDOWS",
    "CacheBytes",
    "Compilable",
    "FinderKind",
    "Found",
    "ImportOptions",
    "Judgement",
    "Outcome",
    "Platform",
    "Refusal",
    "SourceCompiler",
    "Subject",
    "Verdict",
    "Write",
    "cache_from_source",
    "can_write",
    "compilable",
    "expected_header",
    "find_module",
    "header_maker",
    "judge",
    "judge_cache",
    "judge_module",
    "judge_sourceless",
    "judge_target",
    "mtime_overflows",
    "options_from_environment",
    "payload_exception",
    "plan_write",
    "running_platform",
    "source_from_cache",
    "source_hash",
    "source_mtime",
    "undecodable",
]
