"""What does the file say?

Bytes to header, to objects, to code. Uses ``dialects``, ``errors``
and ``values``.
"""

from pycinspect.pyc.code import Code
from pycinspect.pyc.codefile import (
    CodeFile,
    bare_header,
    parse_pyc,
    read_code,
    read_marshalled,
    read_pyc,
)
from pycinspect.pyc.constants import parts_of
from pycinspect.pyc.container import container_kind, container_kind_of
from pycinspect.pyc.contents import SubjectKind, subject_kind, subject_kind_of
from pycinspect.pyc.digest import marshal_digest
from pycinspect.pyc.encoding import Anomaly, anomalies, is_known
from pycinspect.pyc.file import (
    FileStart,
    errors_named,
    file_kind,
    open_regular,
    read_all,
    read_header,
    read_listed,
    read_start,
    system_errors_named,
    tag_of,
)
from pycinspect.pyc.header import LONGEST_HEADER, Header, parse_header
from pycinspect.pyc.name import PYCACHE, CacheName, NameEnd, parse_cache_name, parse_name_end
from pycinspect.pyc.ranges import ByteRange, RangeKind, byte_ranges
from pycinspect.pyc.unmarshal import DEFAULT_LIMITS, FAILURES, Limits, Unmarshalled, unmarshal

__all__ = [
    "DEFAULT_LIMITS",
    "FAILURES",
    "LONGEST_HEADER",
    "PYCACHE",
    "Anomaly",
    "ByteRange",
    "CacheName",
    "Code",
    "CodeFile",
    "FileStart",
    "Header",
    "Limits",
    "NameEnd",
    "RangeKind",
    "SubjectKind",
    "Unmarshalled",
    "anomalies",
    "bare_header",
    "byte_ranges",
    "container_kind",
    "container_kind_of",
    "errors_named",
    "file_kind",
    "is_known",
    "marshal_digest",
    "open_regular",
    "parse_cache_name",
    "parse_header",
    "parse_name_end",
    "parse_pyc",
    "parts_of",
    "read_all",
    "read_code",
    "read_header",
    "read_listed",
    "read_marshalled",
    "read_pyc",
    "read_start",
    "subject_kind",
    "subject_kind_of",
    "system_errors_named",
    "tag_of",
    "unmarshal",
]
