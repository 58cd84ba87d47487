"""What does the file say?

Bytes to header (and, later, to objects and code). Uses ``dialects``, ``errors``
and ``values``.
"""

from pycinspect.pyc.file import FileStart, file_kind, read_all, read_header, read_listed, read_start
from pycinspect.pyc.header import LONGEST_HEADER, Header, parse_header
from pycinspect.pyc.name import PYCACHE, CacheName, NameEnd, parse_cache_name, parse_name_end

__all__ = [
    "LONGEST_HEADER",
    "PYCACHE",
    "CacheName",
    "FileStart",
    "Header",
    "NameEnd",
    "file_kind",
    "parse_cache_name",
    "parse_header",
    "parse_name_end",
    "read_all",
    "read_header",
    "read_listed",
    "read_start",
]
